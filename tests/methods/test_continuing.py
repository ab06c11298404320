"""Going on with an answer: nothing repeated, no blank lost, text and probabilities from one list of tokens."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Answer, Completion, Controller, Flow, Memory, flare, rat
from memagent.flow import run
from memagent.methods import confidence, flare_instruct, flare_queries
from memagent.methods.continuing import Piece, continued, first_sentence, joined
from memagent.methods.drafting import OVER_LONG, UNJOINED
from memagent.methods.passive import alone, every, previous_sentence
from memagent.methods.thinking import READ
from memagent.methods.writer import Writer
from memagent.testing import ScriptedLLM
from memagent.types import Request, Token, estimate_tokens

SO_FAR = "Mara keeps the lighthouse. It stands at Gull Point."


def tokens(text: str, size: int = 3) -> tuple[Token, ...]:
    return tuple(Token(text[at : at + size], -0.1) for at in range(0, len(text), size))


def piece(so_far: str, reply: str, finish: str = "stop", *, prefilled: bool = False) -> Piece:
    return continued(so_far, Completion(reply, tokens(reply), finish), prefilled=prefilled)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reply", "added"),
    [
        ("Gull Point is in Norway.", " Gull Point is in Norway."),
        (" Gull Point is in Norway.", " Gull Point is in Norway."),
        ("\nGull Point is in Norway.", "\nGull Point is in Norway."),
        (f"{SO_FAR} Gull Point is in Norway.", " Gull Point is in Norway."),
        (f"{SO_FAR}\n\nGull Point is in Norway.", "\n\nGull Point is in Norway."),
        (f"  {SO_FAR.replace(' ', '  ')} It is in Norway.", " It is in Norway."),
        ("It stands at Gull Point. It is in Norway.", " It is in Norway."),
        (", which is in Norway.", ", which is in Norway."),
        (SO_FAR, ""),
        ("END", ""),
        ("[END].", ""),
        ("`END`\n", ""),
        ("", ""),
        (" \n ", ""),
        ("It is in Norway. END", " It is in Norway."),
        ("It is in Norway.\n\nQuestion: what else?", " It is in Norway."),
        ("The END of the road is in Norway.", " The END of the road is in Norway."),
        ("It stands firm.", " It stands firm."),
    ],
)
def test_a_reply_is_joined_without_repetition_and_with_its_blank(reply: str, added: str) -> None:
    found = piece(SO_FAR, reply)
    assert found.text == added
    assert found.ended
    assert joined(SO_FAR, found.text) == SO_FAR + added


@pytest.mark.parametrize(
    ("so_far", "reply", "whole"),
    [
        ("", "\n\nMara keeps it.", "Mara keeps it."),
        ("灯塔在岬角上。", "它在挪威。", "灯塔在岬角上。它在挪威。"),
        ("Маяк стоит на мысе.", "Он в Норвегии.", "Маяк стоит на мысе. Он в Норвегии."),
        ("Yes.", "Yes. It was built in 1990.", "Yes. It was built in 1990."),
        ("Red is for", "the blood.", "Red is for the blood."),
        ("It costs", "5 crowns.", "It costs 5 crowns."),
        ("She said (softly", ") that he left.", "She said (softly) that he left."),
    ],
)
def test_blanks_by_script_and_sign(so_far: str, reply: str, whole: str) -> None:
    assert joined(so_far, piece(so_far, reply).text) == whole


@pytest.mark.parametrize(
    ("so_far", "reply", "whole"),
    [
        ("She said “", "Hello.”", "She said “Hello.”"),
        ('She said "', 'Hello."', 'She said "Hello."'),
        ('She said "Hello."', "He left.", 'She said "Hello." He left.'),
        ("It costs $", "5.", "It costs $5."),
        ("a well-", "known cape.", "a well-known cape."),
        ("and/", "or", "and/or"),
        ("It is Anglo", "-Saxon.", "It is Anglo-Saxon."),
        ("It is Anglo", "- or so.", "It is Anglo - or so."),
        ("ประภาคารอยู่ที่แหลม", "ในนอร์เวย์", "ประภาคารอยู่ที่แหลมในนอร์เวย์"),
    ],
)
def test_no_blank_is_put_where_none_belongs(so_far: str, reply: str, whole: str) -> None:
    assert joined(so_far, piece(so_far, reply).text) == whole


LAMP = (
    "Steps to light the lamp.\n\n- Fill the oil of the lamp.\n- Trim the wick with care.\n\n"
    "```python\nprint('light the lamp')\n```\n\n| step | tool |\n|---|---|\n| 1 | match |\n\nSo the answer is: a match."
)


def rest_of(request: Request, prefill: bool) -> str:
    """What a model goes on with that means to write `LAMP`: a message of its own begins without white space."""
    asked = request.messages[-1].content
    so_far = request.prefill if prefill else asked.partition("<so_far>\n")[2].partition("\n</so_far>")[0]
    return LAMP.removeprefix(so_far) if prefill else LAMP.removeprefix(so_far).lstrip()


def test_a_reply_without_end_is_not_worked_through_and_that_is_told() -> None:
    text = "".join(f"Mara keeps lighthouse number {number}.\n" for number in range(40_000))
    llm = ScriptedLLM([Completion(text)])
    answer = Controller(llm, Memory(":memory:", single_user=True)).run(alone("Where?")).value
    assert len(text) > READ >= len(answer.text) > READ - 100
    assert answer.problems == (OVER_LONG,) and text.startswith(answer.text)
    told = Controller(ScriptedLLM([text, *["None."] * 9]), Memory(":memory:", single_user=True)).run(rat("Tell."))
    assert any("200,000 characters" in problem for problem in told.value.problems)


FLARE = partial(flare, trigger="never")


@pytest.mark.parametrize(
    ("method", "prefill"),
    [(FLARE, True), (FLARE, False), (previous_sentence, True), (previous_sentence, False), (every, True)],
)
def test_lists_tables_and_code_keep_their_lines(method: Callable[[str], Flow[Answer]], prefill: bool) -> None:
    def reply(request: Request) -> Completion:
        words = re.findall(r"\s*\S+", rest_of(request, prefill))
        most = request.max_tokens or 0
        parts = tuple(Token(word, -0.01) for word in words[:most])
        return Completion("".join(part.text for part in parts), parts, "length" if most < len(words) else "stop")

    llm = ScriptedLLM([reply] * 80, can=["logprobs", "stop", *["prefill"] * prefill])
    with Memory(":memory:", single_user=True) as memory:
        memory.add("The lamp burns oil.")
        answer = Controller(llm, memory).run(method("How is the lamp lit?")).value
    assert answer.text == LAMP
    assert "".join(part.text for part in answer.parts) == LAMP


@pytest.mark.parametrize(
    ("gap", "reply", "added"),
    [
        ("\n\n", "It is cold.", "\n\nIt is cold."),
        ("\n\n", ", which is cold.", ", which is cold."),
        ("\n", "- It is cold.", "\n- It is cold."),
        (" ", "\nIt is cold.", " It is cold."),
        (" ", "\n- It is cold.", "\n- It is cold."),
        (None, "\n\nIt is cold.", "\n\nIt is cold."),
        (None, "It is cold.", " It is cold."),
    ],
)
def test_the_draft_tells_what_parts_two_sentences(gap: str | None, reply: str, added: str) -> None:
    assert continued(SO_FAR, Completion(reply), gap=gap).text == added
    assert first_sentence(piece(SO_FAR, "\nIt is old.\n\nIt is cold.", prefilled=True)).gap == "\n\n"
    assert continued(SO_FAR, Completion(" It is cold."), prefilled=True, gap="\n").text == " It is cold."


def test_tokens_that_do_not_join_to_the_text_give_way_to_it() -> None:
    said = "Mara keeps the lighthouse. So the answer is: Norway."
    parts = tuple(Token(word, -0.01) for word in said.split())
    llm = ScriptedLLM([Completion(said, parts)] * 9, can=["logprobs", "prefill"])
    for flow in (alone("Where?"), flare("Where?", trigger="never")):
        answer = Controller(llm, Memory(":memory:", single_user=True)).run(flow).value
        assert answer.text.startswith("Mara keeps the lighthouse.") and UNJOINED in answer.notes
        assert not any(token.logprob for part in answer.parts for token in part.tokens)


@pytest.mark.parametrize(("share", "cut"), [(1.25, "length"), (1.5, "")])
def test_a_reply_of_estimated_length_is_full_somewhat_before_its_limit(share: float, cut: str) -> None:
    text = "It is old, and " * 20 + "that is all."
    most = round(estimate_tokens(text) * share)
    assert continued("", Completion(text, finish_reason="unknown"), most=most).cut == cut


@pytest.mark.parametrize(
    "reply",
    [
        f"**{SO_FAR}** It is in Norway.",
        f'"{SO_FAR}" It is in Norway.',
        f"<so_far>\n{SO_FAR}\n</so_far>\nIt is in Norway.",
        f"{SO_FAR.lower()} It is in Norway.",
        f"... {SO_FAR} It is in Norway.",
        f"<think>Hm.</think>{SO_FAR} It is in Norway.",
    ],
)
def test_a_repetition_in_marks_is_one(reply: str) -> None:
    assert joined(SO_FAR, piece(SO_FAR, reply).text) == f"{SO_FAR} It is in Norway."


def test_blank_lines_do_not_end_an_answer_and_thoughts_are_no_part_of_it() -> None:
    found = piece("", "<think>Mara?</think>**Answer:**\n\nMara keeps it.\n\nSo the answer is: Mara.")
    assert found.text == "**Answer:**\n\nMara keeps it.\n\nSo the answer is: Mara."
    assert piece("", "<think>Mara", "length") == Piece((), ended=True, cut="length")


def test_a_word_that_the_limit_cut_in_two_is_left_out_unless_the_backend_goes_on_from_there() -> None:
    assert piece(SO_FAR, " The old boathous", "length").text == " The old"
    assert piece(SO_FAR, " The old boathous", "length", prefilled=True).text == " The old boathous"
    assert piece(SO_FAR, " Boathous", "length").text == " Boathous"
    assert piece(SO_FAR, " The old boathouse.", "length").text == " The old boathouse."


def test_why_a_reply_did_not_end_is_known() -> None:
    assert piece(SO_FAR, " It is in", "length").cut == "length"
    assert piece(SO_FAR, " It is in", "filter").cut == "filter"
    assert piece(SO_FAR, " It is in").cut == ""


def test_a_prefilled_answer_is_never_taken_for_repeated() -> None:
    assert piece(SO_FAR, " It stands at Gull Point.", prefilled=True).text == " It stands at Gull Point."


def test_what_was_cut_off_has_not_ended() -> None:
    assert not piece(SO_FAR, " It is in", "length").ended
    assert piece(SO_FAR, " It is in.\n\nQuestion: And", "length").ended
    assert not piece(SO_FAR, " It is in.\n\nAnd so", "length").ended
    assert not piece(SO_FAR, " It is in Norway. And", "length").ended


def test_only_the_last_sentence_ends_an_answer() -> None:
    whole = piece(SO_FAR, " It is in Norway. It is cold.")
    first = first_sentence(whole)
    assert (first.text, first.ended) == (" It is in Norway.", False)
    assert 0 < first.size < whole.size
    assert first_sentence(piece(SO_FAR, " It is in Norway.")) == piece(SO_FAR, " It is in Norway.")


def test_a_token_that_a_sentence_ends_within_is_cut_and_keeps_its_probability() -> None:
    reply = Completion(" Yes it is.\nThen.", (Token(" Yes", -1), Token(" it is.\nTh", -2), Token("en.", -3)))
    assert first_sentence(continued("", reply)).tokens == (Token(" Yes", -1), Token(" it is.", -2))


@given(st.text(max_size=60), st.text(max_size=120), st.integers(1, 9), st.booleans())
def test_tokens_always_join_to_the_text(so_far: str, reply: str, size: int, prefilled: bool) -> None:
    so_far = so_far.rstrip()
    found = continued(so_far, Completion(reply, tokens(reply, size), "length"), prefilled=prefilled)
    sentence = first_sentence(found)
    assert found.text.startswith(sentence.text)
    assert "".join(token.text for token in sentence.tokens) == sentence.text
    assert sentence.text.strip() or found.ended
    assert not found.text[-1:].isspace()
    assert found.size >= bool(found.text)


def test_ten_thousand_mangled_replies_go_through_every_parser() -> None:
    rng = random.Random(7)
    parts = [
        "[Search(", ")]", "[", "END", "\n\n", "Question:", "?", "？", '"', "{", "}", '"doubtful": [', '"confidence":',
        "80", "%", "null", "word", " ", ".", "。", "\x00", "🙂", "е", "So the answer is:", SO_FAR, "\ud83d",
    ]  # fmt: skip
    for _ in range(10_000):
        reply = "".join(rng.choice(parts) for _ in range(rng.randrange(12)))
        found = piece(SO_FAR, reply, rng.choice(["stop", "length"]))
        assert first_sentence(found).text in found.text
        kept, query = flare_instruct.parted(reply)
        assert "[Search(" not in kept
        assert query == query.strip()
        question = flare_queries.question_in(reply)
        assert not question or question[-1] in "?？؟"
        try:
            doubtful, sure = confidence._doubt_in(reply)
        except ValueError:
            continue
        assert 0 <= sure <= 1
        assert all(isinstance(one, str) and one.strip() for one in doubtful)


@pytest.mark.parametrize("prefill", [True, False])
def test_a_backend_continues_by_prefill_or_is_shown_what_there_is(prefill: bool) -> None:
    llm = ScriptedLLM(["It is in Norway."], can=["prefill", "stop"] if prefill else [])
    found = run(
        Writer("Where?", llm.can).go_on(SO_FAR, (), max_tokens=9), lambda step, path: llm.complete(step.request)
    )
    [request] = llm.requests
    assert found.text == " It is in Norway."
    assert request.prefill == (SO_FAR if prefill else "")
    assert (SO_FAR in request.messages[-1].content) != prefill
