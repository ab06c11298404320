"""What a reply repeats of the answer, and what only looks like it: the subject of a new sentence is never cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from memagent import Answer, Completion, Controller, Flow, Memory, flare
from memagent.methods.continuing import continued, joined
from memagent.methods.passive import every, previous_sentence
from memagent.testing import FakeOpenAIServer, ScriptedLLM
from memagent.types import Request, Token

QUESTION = "In which country is the lighthouse that Mara keeps?"


def added(so_far: str, reply: str, finish: Any = "stop") -> str:
    return joined(so_far, continued(so_far, Completion(reply, finish_reason=finish)).text)


@pytest.mark.parametrize(
    ("so_far", "reply"),
    [
        ("Gustave Eiffel designed the Eiffel Tower.", "The Eiffel Tower stands in Paris."),
        ("He was born in the United States.", "The United States joined in 1917."),
        ("Mara keeps the lighthouse at Gull Point.", "The lighthouse at Gull Point is in Norway."),
        ("She sang with the Royal Philharmonic Orchestra.", "Royal Philharmonic Orchestra concerts sell out."),
        ("It was made by Mara Venn-Halvorsen.", "Mara Venn-Halvorsen lives in Oslo."),
        ("It was made by Mara Venn-Halvorsen.", "Mara Venn-Halvorsen's house is in Oslo."),
        ("It was made by Mara Venn-Halvorsen.", "Mara Venn-Halvorsen, a keeper, lives in Oslo."),
        ("The Eiffel Tower.", "The Eiffel Tower stands in Paris."),
        ("Paris.", "Paris is in France."),
        ("It belongs to Mara.", "Mara’s lamp is lit. It burns."),
        ("Yes.", "Yesterday it was built."),
        ("Он основал Пенсильванский университет.", "Пенсильванский университет находится в Филадельфии."),
        ("Der Fluss ist die Neue Maas bei Rotterdam.", "Die Neue Maas bei Rotterdam mündet in die Nordsee."),
    ],
)
def test_a_new_sentence_may_begin_as_the_last_one_ends(so_far: str, reply: str) -> None:
    assert added(so_far, reply) == f"{so_far} {reply}"


def test_in_a_script_without_blanks_it_may_as_well() -> None:
    so_far, reply = "他创立了北京清华大学美术学院艺术史论系。", "北京清华大学美术学院艺术史论系在北京。"
    assert added(so_far, reply) == so_far + reply
    assert added(so_far, so_far + reply) == so_far + reply


@pytest.mark.parametrize(
    ("so_far", "reply", "whole"),
    [
        ("Mara keeps it. It is at Gull Point.", "It is at Gull Point. It is old.", "It is old."),
        ("Mara keeps it. It is at Gull Point.", "It is at Gull Point!\nIt is old.", "\nIt is old."),
        ("Mara keeps it. It is at Gull Point.", "It is at Gull Point\n\nIt is old.", "\n\nIt is old."),
        ("Mara keeps it. It is at Gull Point.", "Ｍara keeps it. It is at Gull Point. It is old.", "It is old."),
        ("Yes.", "Yes. It is old.", "It is old."),
    ],
)
def test_whole_sentences_are_repeated(so_far: str, reply: str, whole: str) -> None:
    assert added(so_far, reply) == (so_far + whole if whole[0] == "\n" else f"{so_far} {whole}")


@pytest.mark.parametrize(
    ("so_far", "reply", "whole"),
    [
        ("Red is for", "Red is for the blood.", "Red is for the blood."),
        ("It is old. Red is for", "Red is for the blood.", "It is old. Red is for the blood."),
        ("Mara keeps the lighthouse at Gull Point", "lighthouse at Gull Point, a cape.",
         "Mara keeps the lighthouse at Gull Point, a cape."),
        ("Mara keeps the lighthouse at Gull Point", "The lighthouse at Gull Point is old.",
         "Mara keeps the lighthouse at Gull Point The lighthouse at Gull Point is old."),
        ("Mara keeps the lighthouse at Gull Point", "lighthouse at Gull Point’s end.",
         "Mara keeps the lighthouse at Gull Point lighthouse at Gull Point’s end."),
        ("Mara keeps the lighthouse at Gull Point", "lighthouse at Gull Pointing north.",
         "Mara keeps the lighthouse at Gull Point lighthouse at Gull Pointing north."),
    ],
)  # fmt: skip
def test_the_end_of_a_broken_sentence_may_be_repeated(so_far: str, reply: str, whole: str) -> None:
    assert added(so_far, reply) == whole


@pytest.mark.parametrize(
    "lead",
    [
        "Sure! Here is the continuation: ",
        "Sure! ",
        "Here's the rest of the answer:\n\n",
        "Continuation:\n",
        "**Next sentence:** ",
        "...",
        "… ",
        "Answer: Mara keeps it at Gull Point. ",
        "The full answer so far: Mara keeps it at Gull Point. ",
    ],
)
def test_what_a_model_says_of_going_on_is_left_out(lead: str) -> None:
    so_far = "Mara keeps it at Gull Point."
    assert added(so_far, f"{lead}It is in Norway.") == f"{so_far} It is in Norway."


@pytest.mark.parametrize(
    "reply",
    [
        "Sure of himself, he left.",
        "Answer: Norway.",
        "Here are three rivers: the Alta, the Tana, the Neiden.",
        "The continuation of the line is in Norway.",
        "Certainly it is in Norway.",
        "Here is the next capital city: Oslo.",
        "Here is the rest of the crew: Mara, Ole and Tom.",
        "Here rest the keepers: Ole and Tom.",
        "Here the Continuation War began: Finland lost it.",
        "Here the sentence was carried out: he was hanged.",
        "Okay, so the answer is: Norway.",
        "Sure, the next answer was wrong: it was Oslo.",
    ],
)
def test_what_only_looks_like_it_stays(reply: str) -> None:
    assert added("Mara keeps it at Gull Point.", reply) == f"Mara keeps it at Gull Point. {reply}"


def test_an_answer_may_begin_as_if_it_went_on() -> None:
    told = "Here is the next sentence: the keeper hangs."
    assert added("", told) == told
    assert added("", f"Here is the rest of the answer:\n\n{told}") == told


def test_what_a_model_says_of_going_on_is_no_repetition() -> None:
    said = continued(
        "Mara keeps it.", Completion("Sure! Here is the continuation: It is in Norway.", finish_reason="length")
    )
    assert (said.text.strip(), said.repeated) == ("It is in Norway.", 0)
    again = continued("Mara keeps it.", Completion("Sure! Mara keeps it. It is in Norway.", finish_reason="length"))
    assert (again.text.strip(), again.repeated > 0) == ("It is in Norway.", True)


@pytest.mark.parametrize(
    "reply", ["Norway", "It is Norway", "So the answer is: Norway", "Gull Point. So the answer is: Norway"]
)
def test_a_short_answer_without_a_full_stop_is_whole_where_nobody_says_why_it_ended(reply: str) -> None:
    piece = continued("", Completion(reply, finish_reason="unknown"), most=64)
    assert (piece.text, piece.cut, piece.ended) == (reply, "", True)


def test_a_sign_of_a_list_has_its_blank() -> None:
    assert added("Mara keeps it.", "- It is in Norway.") == "Mara keeps it. - It is in Norway."
    assert added("Mara keeps it", "– it is in Norway.") == "Mara keeps it – it is in Norway."


# A model that always begins at the top.

SENTENCES = [
    "Mara keeps the old white lighthouse at Gull Point, which stands above the harbour of the town.",
    "Gull Point is a long and rocky cape in the far north, where three rivers come to the sea.",
    "The cape has belonged to Norway since the treaty of 1814, as the almanac of the harbour says.",
    "Fishermen of the town still call it the cape of the nine gulls in their own old songs.",
    "So the answer is: Norway.",
]
TEXT = " ".join(SENTENCES)


def from_the_top(request: Request) -> Completion:
    words = re.findall(r"\s*\S+", TEXT)
    kept = words[: int((request.max_tokens or 1000) / 1.3)]
    finish: Any = "length" if len(kept) < len(words) else "stop"
    return Completion("".join(kept), tuple(Token(word, -0.01) for word in kept), finish)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        memory.add(["Mara keeps the lighthouse at Gull Point.", "Gull Point is a cape in Norway."])
        yield memory


@pytest.mark.parametrize("method", [flare, previous_sentence, every])
def test_a_model_that_begins_at_the_top_is_given_room_for_it(
    memory: Memory, method: Callable[[str], Flow[Answer]]
) -> None:
    llm = ScriptedLLM([from_the_top] * 60, can=["stop", "logprobs"])
    answer = Controller(llm, memory).run(method(QUESTION)).value
    assert (answer.text, answer.problems) == (TEXT, ())
    assert "repeats the answer" in answer.notes[-1]
    if method is every:  # a window keeps its size, about, however much room there was
        assert max(len(part.text.split()) for part in answer.parts) <= 18
    else:
        assert [part.text.strip() for part in answer.parts] == SENTENCES
        assert len(llm.requests) <= len(SENTENCES) + 1  # asked again the first time, given the room from then on


def test_a_model_that_only_repeats_ends_with_that_reason(memory: Memory) -> None:
    def stuck(request: Request) -> Completion:
        said = " ".join(SENTENCES[:2] if request.messages[-1].content.count("<so_far>") else SENTENCES[:1])
        words = re.findall(r"\s*\S+", said)
        return Completion("".join(words[:9]), finish_reason="length") if len(llm.requests) > 1 else Completion(said)

    llm = ScriptedLLM([stuck] * 9, can=["stop"])
    answer = Controller(llm, memory).run(previous_sentence(QUESTION)).value
    assert answer.text == SENTENCES[0]
    llm = ScriptedLLM([f"{SENTENCES[0]} And", *[Completion(SENTENCES[0][:50], finish_reason="length")] * 2], can=())
    answer = Controller(llm, memory).run(previous_sentence(QUESTION)).value
    assert answer.text == SENTENCES[0]
    [problem] = answer.problems
    assert re.fullmatch(
        r"the model repeated \d+ tokens of the answer in place of going on; the answer ends here", problem
    )


def test_over_a_server_a_chain_of_facts_keeps_its_subjects(memory: Memory) -> None:
    chain = [
        "Gustave Eiffel designed the Eiffel Tower.",
        "The Eiffel Tower stands in Paris.",
        "So the answer is: Paris.",
    ]

    def reply(payload: dict[str, Any]) -> str:
        last = str(payload["messages"][-1]["content"])
        told = sum(one in last for one in chain) if "<so_far>" in last else 0
        return " ".join(chain[told:]) or "END"

    with FakeOpenAIServer(reply) as server:
        for flow in (flare("Where?"), flare("Where?", theta=1.0), previous_sentence("Where?")):
            answer = Controller(f"openai:fake@{server.url}", memory).run(flow).value
            assert [part.text.strip() for part in answer.parts] == chain


# Replies that do not say why they ended.


def test_a_reply_that_does_not_say_why_it_ended_may_have_been_cut_off() -> None:
    def found(reply: str, most: int | None = None) -> Any:
        return continued("", Completion(reply, finish_reason="unknown"), most=most)

    assert (found("It is in Norway.").ended, found("It is in Norway.").cut) == (True, "")
    assert (found("It is in the north of").ended, found("It is in the north of").cut) == (False, "length")
    assert found("It is in the north of").text == "It is in the north of"
    long = "It is in the north. " * 12 + "The old boathous"
    assert found(long, 64).text.endswith("The old") and found(long, 64).cut == "length"
    assert found(long.removesuffix(" The old boathous"), 64).cut == "length"
    assert found("", 64).ended and found("END").ended
    assert all(found(text).ended for text in ("它在挪威。", "Он в Норвегии!", 'He said "no."', "वह नॉर्वे में है।"))


def test_counted_tokens_say_that_a_reply_is_as_long_as_it_may_be() -> None:
    tokens = tuple(Token(f" w{n}.", -0.1) for n in range(6))
    reply = Completion("".join(token.text for token in tokens), tokens, "unknown")
    assert continued("", reply, most=6).cut == "length"
    assert continued("", reply, most=7).cut == ""


@pytest.mark.parametrize("prefill", [True, False])
def test_an_answer_goes_on_behind_it_and_that_is_told(memory: Memory, prefill: bool) -> None:
    whole = " ".join(
        [
            SENTENCES[0],
            "It is a cape and " + " ".join(f"part {n}" for n in range(60)) + ".",
            "So the answer is: Norway.",
        ]
    )

    def reply(request: Request) -> Completion:
        last = request.messages[-1].content
        shown = last.split("<so_far>\n")[1].split("\n</so_far>")[0] if "<so_far>" in last else ""
        words = re.findall(r"\s*\S+", whole[len(request.prefill or shown) :])[: request.max_tokens]
        return Completion("".join(words), finish_reason="unknown")

    llm = ScriptedLLM([reply] * 20, can=["prefill"] if prefill else [])
    answer = Controller(llm, memory).run(flare(QUESTION, confidence=lambda *_: 1.0)).value
    assert (answer.text, answer.problems) == (whole, ())
    assert sum("does not say why its replies end" in note for note in answer.notes) == 1
