"""FLARE: the thirteen checks of its specification, by number, and what happens when things go wrong."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from memagent import Answer, Completion, Controller, Flow, Hit, Memory, flare, flare_instruct, rat, registry
from memagent.budget import Budget
from memagent.errors import BackendError, BudgetExceeded, CapabilityError, UsageProblem
from memagent.flow import Retrieve, Say, StepDone, retrieve
from memagent.methods import flare_queries
from memagent.methods.confidence import gate
from memagent.methods.flare import PRESETS
from memagent.testing import FakeOpenAIServer, ScriptedLLM
from memagent.types import Request, Scope, Token, Usage

CAN = ("logprobs", "prefill", "stop", "logit_bias", "seed")
TEXTS = (
    " Joe", " Biden", " attended", " the", " University", " of", " Pennsylvania", ",", " where", " he", " earned", " a",
    " law", " degree", ".",
)  # fmt: skip
CHANCES = (0.98, 0.99, 0.70, 0.95, 0.60, 0.97, 0.25, 0.90, 0.85, 0.99, 0.80, 0.90, 0.30, 0.75, 0.95)
FIXTURE = tuple(Token(text, math.log(chance)) for text, chance in zip(TEXTS, CHANCES, strict=True))
QUESTION = "Which university did Joe Biden attend?"


def said(text: str, chance: float | Sequence[float] = 0.99, *, more: bool = True) -> Completion:
    """A reply token by token, each a word with the blank before it; cut off, as there is more to come, or ended."""
    words = [f" {word}" for word in text.split(" ")]
    chances = [chance] * len(words) if isinstance(chance, float) else chance
    tokens = tuple(Token(word, math.log(p)) for word, p in zip(words, chances, strict=True))
    return Completion("".join(words), tokens, "length" if more else "stop", Usage(calls=1, output_tokens=len(words)))


def fixture(more: bool = True) -> Completion:
    return Completion("".join(TEXTS), FIXTURE, "length" if more else "stop")


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        memory.add(
            [
                "Joe Biden attended the University of Delaware.",
                "He earned a law degree at Syracuse University.",
                "The University of Pennsylvania is in Philadelphia.",
                "Red is for the blood of those who died, in the flag of Ghana.",
            ]
        )
        yield memory


def asked(llm: ScriptedLLM, memory: Memory, flow: Flow[Answer]) -> tuple[Answer, list[Retrieve]]:
    result = Controller(llm, memory, retries=0).run(flow)
    return result.value, [record.step for record in result.trace if isinstance(record.step, Retrieve)]


def prompt(request: Request) -> str:
    return "\n".join(message.content for message in request.messages)


# --- the checks


@pytest.mark.parametrize(
    ("chances", "theta", "compat", "triggers"),
    [
        (CHANCES, 0.8, "", True),
        (CHANCES, 0.2, "", False),
        ((0.8, 0.9), 0.8, "", False),
        ((0.8, 0.9), 0.8, "reference", True),
    ],
)
def test_1_a_token_below_theta_triggers(
    memory: Memory, chances: tuple[float, ...], theta: float, compat: Any, triggers: bool
) -> None:
    ahead = Completion(
        "".join(TEXTS[-len(chances) :]),
        tuple(Token(text, math.log(p)) for text, p in zip(TEXTS[-len(chances) :], chances, strict=True)),
        "stop",
    )
    llm = ScriptedLLM([said("He is old."), ahead, said("He studied in Delaware.", more=False)], can=CAN)
    answer, searches = asked(llm, memory, flare(QUESTION, theta=theta, compat=compat))
    assert len(searches) == 1 + triggers
    assert [part.decision for part in answer.parts] == ["first", "retrieved" if triggers else "accepted"]
    assert answer.parts[1].confidence == pytest.approx(min(chances))


@pytest.mark.parametrize(
    ("beta", "inclusive", "query"),
    [
        (0.0, False, "Joe Biden attended the University of Pennsylvania, where he earned a law degree."),
        (0.4, False, "Joe Biden attended the University of , where he earned a  degree."),
        (0.7, False, "Joe Biden attended the  of , where he earned a  degree."),
        (0.7, True, "Joe Biden  the  of , where he earned a  degree."),
    ],
)
def test_2_an_implicit_query_is_the_sentence_without_its_unlikely_tokens(
    beta: float, inclusive: bool, query: str
) -> None:
    assert flare_queries.implicit(FIXTURE, CHANCES, beta, inclusive=inclusive) == query


def test_2_the_query_is_what_is_looked_up(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), fixture(), said("He studied in Delaware.", more=False)], can=CAN)
    answer, searches = asked(llm, memory, flare(QUESTION))
    assert searches[1].query == "Joe Biden attended the University of , where he earned a  degree."
    assert answer.parts[1].queries == (searches[1].query,)


@pytest.mark.parametrize(
    ("compat", "query", "pieces"),
    [
        ("", "Joe Biden attended the  of , where he earned a  degree.", ["University of Pennsylvania", "law"]),
        (
            "reference",
            "Joe Biden  the  of , where he earned a  degree.",
            ["attended the University of Pennsylvania", "law"],
        ),
    ],
)
def test_2_and_3_a_token_just_at_beta_is_unlikely_only_as_the_published_code_has_it(
    memory: Memory, compat: Any, query: str, pieces: list[str]
) -> None:
    at = math.exp(FIXTURE[2].logprob)
    replies = [said("He is old."), fixture(), said("He studied in Delaware.", more=False)]
    _, searches = asked(ScriptedLLM(replies, can=CAN), memory, flare(QUESTION, beta=at, compat=compat))
    assert searches[1].query == query
    llm = ScriptedLLM([*replies[:2], "Where?", "What?", replies[2]], can=CAN)
    asked(llm, memory, flare(QUESTION, beta=at, queries="explicit", compat=compat))
    prompts = [prompt(request) for request in llm.requests if request.label == "flare/question"]
    assert [any(f"<piece>\n{piece}\n</piece>" in one for one in prompts) for piece in pieces] == [True, True]


@pytest.mark.parametrize(
    ("beta", "inclusive", "found"),
    [
        (0.4, False, [(6, 7), (12, 13)]),
        (0.7, False, [(4, 7), (12, 13)]),
        (0.7, True, [(2, 7), (12, 13)]),
        (0.8, False, [(2, 7), (12, 14)]),
        (0.8, True, [(2, 14)]),
    ],
)
def test_3_explicit_spans(beta: float, inclusive: bool, found: list[tuple[int, int]]) -> None:
    assert flare_queries.spans(CHANCES, beta, inclusive=inclusive) == found


def test_3_a_token_exactly_five_on_begins_a_new_span() -> None:
    assert flare_queries.spans([0.1, 1, 1, 1, 1, 0.1], 0.4) == [(0, 1), (5, 6)]
    assert flare_queries.spans([0.1, 1, 1, 1, 0.1], 0.4) == [(0, 5)]


def test_3_each_span_gets_a_question_and_each_question_a_search(memory: Memory) -> None:
    questions = {"Pennsylvania": 'Question: "Where did he study?"', "law": "Which degree did Joe Biden earn?\nIt is"}

    def reply(request: Request) -> Completion | str:
        if request.label != "flare/question":
            return said("He studied in Delaware.", more=False)
        [piece] = [piece for piece in questions if f"<piece>\n{piece}\n</piece>" in prompt(request)]
        return questions[piece]

    llm = ScriptedLLM([said("He is old."), fixture(), *[reply] * 3], can=CAN)
    answer, searches = asked(llm, memory, flare(QUESTION, queries="explicit"))
    assert sorted(step.query for step in searches[1:]) == ["Where did he study?", "Which degree did Joe Biden earn?"]
    assert answer.parts[1].queries == ("Where did he study?", "Which degree did Joe Biden earn?")
    assert "attended the University of Pennsylvania" in prompt(llm.requests[2])


def test_3_one_question_to_two_spans_is_searched_once(memory: Memory) -> None:
    def reply(request: Request) -> Completion | str:
        return "Where did he study?" if request.label == "flare/question" else said("In Delaware.", more=False)

    llm = ScriptedLLM([said("He is old."), fixture(), *[reply] * 3], can=CAN)
    answer, searches = asked(llm, memory, flare(QUESTION, queries="explicit"))
    assert sum(request.label == "flare/question" for request in llm.requests) == 2
    assert [step.query for step in searches[1:]] == ["Where did he study?"] == [*answer.parts[1].queries]


@pytest.mark.parametrize("reply", ["No idea.", "", "?"])
def test_3_without_a_question_the_sentence_is_the_query(memory: Memory, reply: str) -> None:
    llm = ScriptedLLM([said("He is old."), fixture(), reply, reply, said("In Delaware.", more=False)], can=CAN)
    _, searches = asked(llm, memory, flare(QUESTION, queries="explicit"))
    assert [step.query for step in searches[1:]] == ["".join(TEXTS).strip()]


@pytest.mark.parametrize(
    ("rankings", "k", "ids"),
    [
        (["123", "245"], 3, "124"),
        (["12", "12"], 2, "12"),
        (["", "9"], 2, "9"),
        ([], 2, ""),
        (["1", "23456"], 4, "1234"),
    ],
)
def test_4_rankings_are_interleaved(rankings: list[str], k: int, ids: str) -> None:
    found = flare_queries.interleaved([[Hit(id, id, 0.5) for id in ranking] for ranking in rankings], k)
    assert "".join(hit.id for hit in found) == ids


def test_5_a_confident_sentence_costs_one_call_and_an_unsure_one_two_and_a_search(memory: Memory) -> None:
    llm = ScriptedLLM(
        [
            said("He is old."),
            said("He was a senator."),
            said("He studied law.", (0.9, 0.9, 0.1)),
            said("It was in Syracuse.", more=False),
        ],
        can=CAN,
    )
    answer, searches = asked(llm, memory, flare(QUESTION))
    assert [request.label for request in llm.requests] == ["flare/answer"] * 4
    assert [step.query for step in searches] == [QUESTION, "He studied"]
    assert answer.text == "He is old. He was a senator. It was in Syracuse."
    assert [part.decision for part in answer.parts] == ["first", "accepted", "retrieved"]
    assert answer.parts[1].text == answer.parts[1].draft == " He was a senator."
    assert answer.parts[2].draft == " He studied law."


def test_5_the_published_code_writes_a_confident_sentence_twice(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), said("He was a senator."), said("He was one.", more=False)], can=CAN)
    answer, searches = asked(llm, memory, flare(QUESTION, compat="reference"))
    assert (len(searches), answer.text) == (1, "He is old. He was one.")


def test_6_a_step_is_shown_its_own_passages_numbered_from_one(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), fixture(), said("In Delaware.", more=False)], can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION, k=1))
    shown = prompt(llm.requests[2])
    assert shown.count("[1]") == 1
    assert "[2]" not in shown
    assert [hit.text in shown for hit in answer.parts[1].hits] == [True]


@pytest.mark.parametrize("documents", ["initial", "all"])
def test_6_kept_passages_come_first_and_none_twice(memory: Memory, documents: Any) -> None:
    llm = ScriptedLLM([said("He is old."), fixture(), said("In Delaware.", more=False)], can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION, k=2, documents=documents))
    first, then = answer.parts[0].hits, answer.parts[1].hits
    assert then[:2] == first
    assert len({hit.id for hit in then}) == len(then) == 3
    shown = prompt(llm.requests[2])
    places = [shown.index(hit.text) for hit in then]
    assert places == sorted(places)


def test_7_the_look_ahead_has_no_passages(memory: Memory) -> None:
    replies = [said("He is old."), fixture(), said("In Delaware."), said("He left.", more=False)]
    llm = ScriptedLLM(replies, can=CAN)
    asked(llm, memory, flare(QUESTION))
    assert [("<passages>" in prompt(request)) for request in llm.requests] == [True, False, True, False]
    reference = ScriptedLLM([*replies, said("He went.", more=False)], can=CAN)
    asked(reference, memory, flare(QUESTION, compat="reference"))
    assert [("<passages>" in prompt(request)) for request in reference.requests] == [True] * 5


def test_8_the_question_is_looked_up_in_full_and_a_later_query_by_its_last_64_tokens(memory: Memory) -> None:
    question = " ".join(f"w{n}" for n in range(100))
    long = " ".join(f"v{n}" for n in range(100)) + "."
    llm = ScriptedLLM([said("He is old."), said(long, 0.5), said("In Delaware.", more=False)], can=CAN)
    _, searches = asked(llm, memory, flare(question, lookahead=200))
    assert searches[0].query == question
    assert searches[1].query == " ".join(f"v{n}" for n in range(36, 100)) + "."


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (" Yes. It was built in 1990.", " Yes."),
        (" Ok. It was built in 1990. Then more.", " Ok. It was built in 1990."),
        (" He met Mr. Smith in Nov. 1990. Then he left.", " He met Mr. Smith in Nov. 1990."),
    ],
)
def test_9_a_sentence_has_at_least_five_characters(memory: Memory, reply: str, sentence: str) -> None:
    llm = ScriptedLLM([said("He is old."), said(reply[1:]), said("", more=False)], can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION, theta=0))
    assert answer.parts[1].text == sentence
    assert "".join(token.text for token in answer.parts[1].tokens) == sentence


@pytest.mark.parametrize(
    ("last", "text"),
    [
        (Completion(""), "He is old."),
        (Completion(" \n", (Token(" \n", -0.1),), "length"), "He is old."),
        (said("He was one.", more=False), "He is old. He was one."),
        (said("He is done.\n\nQuestion: what?"), "He is old. He is done."),
    ],
)
def test_10_what_ends_an_answer(memory: Memory, last: Completion, text: str) -> None:
    answer, _ = asked(ScriptedLLM([said("He is old."), last], can=CAN), memory, flare(QUESTION))
    assert (answer.text, answer.problems) == (text, ())


def test_10_the_budget_ends_an_answer(memory: Memory) -> None:
    def reply(request: Request) -> Completion:
        return said(f"Sentence {len(llm.requests)} it is.")

    llm = ScriptedLLM([reply] * 50, can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION, max_tokens=20))
    assert len(answer.parts) == len(llm.requests) == 5
    assert answer.problems == ("the answer was cut off at max_tokens=20",)


def test_10_the_sentence_that_gives_the_answer_is_the_last(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), said("So the answer is: Delaware. And more")], can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION))
    assert (answer.text, answer.problems) == ("He is old. So the answer is: Delaware.", ())


def test_10_a_filtered_reply_is_said_to_be_one(memory: Memory) -> None:
    filtered = Completion(" He was", (Token(" He", -0.1), Token(" was", -0.1)), "filter")
    answer, _ = asked(ScriptedLLM([said("He is old."), filtered], can=CAN), memory, flare(QUESTION))
    assert answer.text == "He is old. He was"
    assert answer.problems == ("a reply was cut off by the backend's filter",)


def test_10_blank_lines_and_thoughts_do_not_cut_the_answer_of_a_chat_model(memory: Memory) -> None:
    full = "<think>\nMara?\n</think>\n**Answer:**\n\nMara keeps it.\n\nSo the answer is: Norway."
    rest = ["Mara keeps it.\n\nSo the answer is: Norway.", "So the answer is: Norway."]
    llm = ScriptedLLM([full, *rest], can=())
    answer, _ = asked(llm, memory, flare(QUESTION, trigger="never"))
    assert answer.text == "**Answer:**\n\nMara keeps it.\n\nSo the answer is: Norway."


def test_what_stands_is_said_while_the_answer_is_made(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), fixture(), said("He did law.", more=False)], can=CAN)
    events = list(Controller(llm, memory).stream(flare(QUESTION)))
    pieces = [event.step.text for event in events if isinstance(event, StepDone) and isinstance(event.step, Say)]
    assert "".join(pieces).strip() == events[-1].result.value.text == "He is old. He did law."


def test_signs_of_scripts_without_blanks_are_words(memory: Memory) -> None:
    memory.add("灯塔在挪威的海边，它在那里很久了。")
    replies = ["灯塔在挪威。还", "它在丹麦。还", *["它在丹麦。"] * 2, "在丹麦，它。", *["它很老。"] * 4]
    _, searches = asked(ScriptedLLM(replies, can=["prefill"]), memory, flare("灯塔在哪个国家？"))
    assert len(searches) == 1  # the samples say the same
    replies = ["灯塔在挪威。还", "它在丹麦。还", '{"doubtful": ["丹麦"], "confidence": 50}', "它在挪威。"]
    _, searches = asked(ScriptedLLM(replies, can=["prefill"]), memory, flare("灯塔在哪个国家？", confidence="doubt"))
    assert [step.query for step in searches[1:]] == ["它在  。"]


def test_10_a_model_that_only_returns_nothing_is_asked_once(memory: Memory) -> None:
    llm = ScriptedLLM([Completion("")], can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION))
    assert (answer.text, answer.problems) == ("", ("the model wrote nothing",))
    assert [hit.text for hit in answer.hits]


@pytest.mark.parametrize(("beta", "theta"), [(0.4, 0.8), (1.0, 1.0)])
def test_11_a_query_of_unlikely_tokens_alone_is_the_sentence(memory: Memory, beta: float, theta: float) -> None:
    llm = ScriptedLLM([said("He is old."), said("He studied law.", 0.1), said("Yes.", more=False)], can=CAN)
    _, searches = asked(llm, memory, flare(QUESTION, beta=beta, theta=theta))
    assert searches[1].query == "He studied law."


def test_11_the_published_code_looks_nothing_up_then(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), said("He studied law.", 0.1), said("Yes, he did.", more=False)], can=CAN)
    _, searches = asked(llm, memory, flare(QUESTION, compat="reference"))
    assert len(searches) == 1


def test_12_a_call_in_the_text_is_looked_up_and_taken_out(memory: Memory) -> None:
    replies = [
        "Red is for [Search(Ghana flag red meaning)]",
        " the blood of those who died. And",
        " Green is for the forests.",
    ]
    llm = ScriptedLLM(replies, can=CAN)
    answer, searches = asked(llm, memory, flare_instruct("What do the colours of the flag of Ghana mean?"))
    assert [step.query for step in searches] == ["Ghana flag red meaning"]
    assert [request.logit_bias for request in llm.requests] == [{"[": 2.0}, {"[": -100.0}, {"[": 2.0}]
    assert [request.prefill for request in llm.requests[:2]] == ["", "Red is for"]
    assert llm.requests[0].stop == (")]",)
    assert "Red is for the blood of those who died, in" in prompt(llm.requests[1])
    assert answer.text == "Red is for the blood of those who died. Green is for the forests."
    assert [part.decision for part in answer.parts] == ["first", "retrieved", "retrieved"]


def test_12_searches_are_bounded_whatever_the_model_writes(memory: Memory) -> None:
    def reply(request: Request) -> str:
        return f"Word {len(llm.requests)} [Search(flag {len(llm.requests)})] and"

    llm = ScriptedLLM([reply] * 30, can=CAN)
    answer, searches = asked(llm, memory, flare_instruct("Why?", searches=3))
    assert (len(searches), len(llm.requests)) == (3, 7)
    assert "[Search(" not in answer.text
    assert answer.problems == ("the model asked for more than 3 searches; the answer ends here",)


def test_12_without_a_bias_the_prompt_alone_asks_and_that_is_told(memory: Memory) -> None:
    llm = ScriptedLLM(["Red is for [Search(flag)]", "END"], can=())
    result = Controller(llm, memory).run(flare_instruct("Why?"))
    steps = [type(record.step).__name__ for record in result.trace]
    assert steps[:3] == ["Inquire", "Tell", "Generate"]
    assert result.value.notes == ("searches are asked for by the prompt alone: the model takes no logit bias",)
    assert llm.requests[0].logit_bias == {}


@pytest.mark.parametrize(("theta", "after"), [(0.0, 0), (1.0, 2)])
def test_13_theta_zero_never_looks_up_and_one_always(memory: Memory, theta: float, after: int) -> None:
    def reply(request: Request) -> Completion:
        return said(f"Sentence {len(llm.requests)} it is.", 0.5, more=len(llm.requests) < 3 + after)

    llm = ScriptedLLM([reply] * 10, can=CAN)
    answer, searches = asked(llm, memory, flare(QUESTION, theta=theta, beta=0.0))
    assert len(searches) == 1 + after
    assert len(answer.parts) == 3


def test_13_a_certain_sentence_is_not_looked_up_even_then(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), said("He was one.", 1.0, more=False)], can=CAN)
    assert len(asked(llm, memory, flare(QUESTION, theta=1))[1]) == 1


def test_13_zero_is_always_in_the_published_code(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), said("He was.", 1.0), said("He was one.", more=False)], can=CAN)
    assert len(asked(llm, memory, flare(QUESTION, theta=0, compat="reference"))[1]) == 2


# --- confidence without log-probabilities, and other choices


def test_without_log_probabilities_the_fallback_is_told_before_the_first_call(memory: Memory) -> None:
    replies = ["He is old. Then", "He studied in Syracuse. Then", *["He studied in Delaware."] * 3, "He did law."]
    llm = ScriptedLLM(replies, can=["prefill", "seed"])
    result = Controller(llm, memory).run(flare(QUESTION))
    steps = [type(record.step).__name__ for record in result.trace]
    assert steps.index("Tell") < steps.index("Generate")
    assert "confidence by agreement" in result.value.notes[0]
    part = result.value.parts[1]
    assert part.queries == ("He studied in",)
    assert part.confidence == pytest.approx(1e-6)
    assert sorted(request.seed or 0 for request in llm.requests[2:5]) == [1, 2, 3]


def test_samples_that_agree_need_no_search(memory: Memory) -> None:
    replies = ["He is old. Then", "He studied in Syracuse.", *["In Syracuse he studied."] * 3]
    answer, searches = asked(ScriptedLLM(replies, can=["prefill"]), memory, flare(QUESTION))
    assert (len(searches), answer.parts[1].confidence) == (1, 1.0)


@pytest.mark.parametrize(
    ("reply", "query"),
    [
        ('{"doubtful": ["Syracuse"], "confidence": 60}', "He studied in"),
        ('{"doubtful": [], "confidence": "30 %"}', "He studied in Syracuse."),
        ("I am sure.", "He studied in Syracuse."),
        ('{"doubtful": "syracuse", "confidence": 90}', "He studied in"),
    ],
)
def test_stated_doubt(memory: Memory, reply: str, query: str) -> None:
    replies = ["He is old. Then", "He studied in Syracuse. Then", reply]
    replies += [reply] * (reply == "I am sure.") + ["He did."]
    _, searches = asked(ScriptedLLM(replies, can=["prefill"]), memory, flare(QUESTION, confidence="doubt"))
    assert [step.query for step in searches[1:]] == [query]


def test_a_measure_of_ones_own(memory: Memory) -> None:
    seen: list[tuple[str, str, str]] = []

    def judge(question: str, so_far: str, sentence: str) -> float:
        seen.append((question, so_far, sentence))
        return 0.3

    replies = ["He is old. Then", "He studied. Then", "He did."]
    _, searches = asked(ScriptedLLM(replies, can=["prefill"]), memory, flare(QUESTION, confidence=judge))
    assert seen == [(QUESTION, "He is old.", "He studied.")]
    assert [step.query for step in searches[1:]] == ["He studied."]


def test_log_probabilities_that_were_asked_for_are_never_done_without(memory: Memory) -> None:
    with pytest.raises(CapabilityError, match="no log-probabilities"):
        asked(ScriptedLLM(can=["prefill"]), memory, flare(QUESTION, confidence="logprobs"))
    silent = Completion(" He studied.", (Token(" He"), Token(" studied.")))
    with pytest.raises(CapabilityError, match="gave none"):
        asked(ScriptedLLM([said("He is old."), silent], can=CAN), memory, flare(QUESTION, confidence="logprobs"))


@pytest.mark.parametrize("tokens", [(Token(" He"), Token(" studied.")), (Token(" He", -0.1), Token(" studied."))])
def test_log_probabilities_that_turn_out_missing_are_replaced_by_agreement(memory: Memory, tokens: Any) -> None:
    silent = Completion(" He studied.", tokens)
    llm = ScriptedLLM([said("He is old."), silent, *["He studied.", "He studied. Then", "He studied."]], can=CAN)
    answer, searches = asked(llm, memory, flare(QUESTION))
    assert (answer.text, len(searches)) == ("He is old. He studied.", 1)
    assert "no log-probabilities" in answer.notes[-1]


@pytest.mark.parametrize(("logprob", "searches"), [(math.nan, 2), (800.0, 1), (-math.inf, 2)])
def test_a_log_probability_that_is_none_counts_as_unlikely(memory: Memory, logprob: float, searches: int) -> None:
    odd = Completion(" He studied.", (Token(" He", -0.01), Token(" studied.", logprob)))
    llm = ScriptedLLM([said("He is old."), odd, said("He left.", more=False)], can=CAN)
    assert len(asked(llm, memory, flare(QUESTION))[1]) == searches


def test_a_server_that_turns_out_to_give_none_is_asked_again_without(memory: Memory) -> None:
    replies = ["He is old. Then", "He is old. Then", *["He studied in Syracuse. Then", "He studied in Syracuse."] * 2]
    with FakeOpenAIServer([*replies, *["He left."] * 4], logprob=None) as server:
        llm = registry.llm(f"openai:fake@{server.url}")
        result = Controller(llm, memory).run(flare(QUESTION))
    steps = [type(record.step).__name__ for record in result.trace]
    assert steps.count("Tell") == 1
    assert "no log-probabilities" in result.value.notes[-1]
    assert "logprobs" not in llm.can  # another question is not asked for them at first
    assert result.value.parts[1].decision == "accepted"
    assert result.value.text == "He is old. He studied in Syracuse. He left."


@pytest.mark.parametrize(
    "wrong",
    [
        {"queries": "both"},
        {"trigger": "now"},
        {"documents": "none"},
        {"compat": "code"},
        {"theta": 80},
        {"beta": -0.1},
        {"k": 0},
        {"confidence": "guess"},
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_spent(memory: Memory, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        asked(ScriptedLLM(can=CAN), memory, flare(QUESTION, **wrong))


def test_the_papers_settings_are_there() -> None:
    assert {name: (p["theta"], p["beta"], p["queries"], p["documents"], p["k"]) for name, p in PRESETS.items()} == {
        "2wiki": (0.8, 0.4, "implicit", "current", 2),
        "strategyqa": (0.4, 0.4, "implicit", "current", 3),
        "asqa": (0.8, 0.4, "explicit", "initial", 3),
        "wikiasp": (0.8, 0.4, "explicit", "initial", 5),
    }
    assert {name: preset.get("max_tokens") for name, preset in PRESETS.items()} == {
        "2wiki": None,
        "strategyqa": None,
        "asqa": None,
        "wikiasp": 512,
    }


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_runs(memory: Memory, name: str) -> None:
    llm = ScriptedLLM([said("He is old."), said("He was one.", more=False)], can=CAN)
    assert asked(llm, memory, flare(QUESTION, **PRESETS[name]))[0].text == "He is old. He was one."


def test_a_measure_of_ones_own_that_raises_counts_as_no_confidence_and_is_told(memory: Memory) -> None:
    def broken(question: str, so_far: str, sentence: str) -> float:
        return len(None)  # type: ignore[arg-type]

    llm = ScriptedLLM([said("He is old."), said("He was one."), said("He was two.", more=False)], can=["prefill"])
    answer, searches = asked(llm, memory, flare(QUESTION, confidence=broken))
    assert len(searches) == 2
    assert answer.problems[0].startswith("confidence could not be measured, and counts as none: TypeError")


def test_another_method_may_look_up(memory: Memory) -> None:
    queries: list[str] = []

    def look_up(query: str, k: int) -> Flow[list[Hit]]:
        queries.append(query)
        return (yield from retrieve(f"about {query}", k))

    llm = ScriptedLLM([said("He is old."), fixture(), said("He did.", more=False)], can=CAN)
    _, searches = asked(llm, memory, flare(QUESTION, look_up=look_up))
    assert [step.query for step in searches] == [f"about {query}" for query in queries]
    assert len(queries) == 2


# --- going wrong


class Unwell:
    """A retriever that fails from the second time on: it hangs, or raises."""

    name = "unwell"

    def __init__(self, memory: Memory, hang: threading.Event | None) -> None:
        self.memory, self.hang, self.times = memory, hang, 0

    def retrieve(self, query: str, k: int, scope: Scope, *, facts: Sequence[str] | None = None) -> list[Hit]:
        self.times += 1
        if self.times == 1:
            return self.memory.search(query, k)
        if self.hang is None:
            raise OSError("the index is away")
        self.hang.wait()
        return []


@pytest.mark.parametrize("hangs", [True, False])
def test_a_failing_search_is_given_up_and_the_answer_goes_on(memory: Memory, hangs: bool) -> None:
    hang = threading.Event() if hangs else None
    retriever = Unwell(memory, hang)
    llm = ScriptedLLM([said("He is old."), fixture(), said("He did law.", 0.1, more=False)], can=CAN)
    controller = Controller(llm, memory, retriever=retriever)
    answer = controller.run(flare(QUESTION, search_timeout=0.1)).value
    assert retriever.times == (2 if hangs else 3)  # one that fails may do so in passing, and is asked once more
    assert answer.text == f"He is old.{''.join(TEXTS)} He did law."
    reason = "did not end within 0.1 s" if hangs else "OSError: the index is away"
    assert reason in answer.problems[0]
    assert answer.problems[-1].endswith("the rest was written without looking up")
    assert [part.decision for part in answer.parts] == ["first", "kept", "kept"]
    if hang:
        hang.set()


def test_a_failing_call_ends_the_answer_with_what_there_is(memory: Memory) -> None:
    llm = ScriptedLLM([said("He is old."), BackendError("the server is gone")], can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION))
    assert (answer.text, answer.problems) == ("He is old.", ("the server is gone; the answer ends here",))


def test_a_model_that_never_stops_is_left_behind_with_what_there_is(memory: Memory) -> None:
    release = threading.Event()

    def reply(request: Request) -> Completion:
        if len(llm.requests) > 1:
            release.wait()
        return said("He is old.")

    llm = ScriptedLLM([reply] * 3, can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION, timeout=0.1))
    assert answer.text == "He is old."
    assert answer.problems == ("scripted did not finish within 0.1 s; the answer ends here",)
    release.set()


def test_a_model_that_repeats_itself_is_stopped(memory: Memory) -> None:
    answer, _ = asked(ScriptedLLM([said("He is old.")] * 9, can=CAN), memory, flare(QUESTION, max_tokens=5000))
    assert answer.text == "He is old."
    assert answer.problems == ("the model began to repeat itself; the answer ends here",)


def test_a_stopped_run_hands_out_what_there_is_and_goes_on_later(memory: Memory) -> None:
    replies = [said("He is old."), said("He was one."), said("He left.", more=False)]
    with pytest.raises(BudgetExceeded) as stopped:
        Controller(ScriptedLLM(replies, can=CAN), memory, budget=Budget(calls=2)).run(flare(QUESTION))
    partial: Answer = stopped.value.partial
    assert partial.text == "He is old. He was one."
    assert partial.problems[0].startswith("stopped: the limit of 2 calls")
    llm = ScriptedLLM(replies[2:], can=CAN)
    result = Controller(llm, memory).run(flare(QUESTION), trace=stopped.value.trace)
    assert result.value.text == "He is old. He was one. He left."
    assert len(llm.requests) == 1


def test_a_passage_of_200_kilobytes_passes_through(memory: Memory) -> None:
    memory.add("Joe Biden attended many schools. " * 6000)
    llm = ScriptedLLM([said("He is old."), fixture(), said("He did.", more=False)], can=CAN)
    answer, _ = asked(llm, memory, flare(QUESTION))
    assert max(len(prompt(request)) for request in llm.requests) < 16_000
    assert any("attended many schools" in prompt(request) for request in llm.requests)
    assert answer.text == "He is old. He did."


@pytest.mark.parametrize(
    ("measure", "replies", "sure"),
    [
        ("doubt", ['{"doubtful": ["Denmark"], "confidence": 60}'], 1e-6),
        ("doubt", ['{"doubtful": [], "confidence": 95}'], 0.95),
        ("agreement", ["It is in Norway.", "In Norway it is.", "In Denmark it is."], 1 / 3),
    ],
)
def test_confidence_is_a_gate_for_thoughts(memory: Memory, measure: Any, replies: list[str], sure: float) -> None:
    found = Controller(ScriptedLLM(replies), memory).run(gate(measure)("Where is it?", "", "It is in Denmark.")).value
    assert found == pytest.approx(sure)


def test_a_gate_leaves_sure_steps_alone(memory: Memory) -> None:
    sure, unsure = '{"doubtful": [], "confidence": 99}', '{"doubtful": ["Oslo"], "confidence": 50}'
    replies = [
        "Joe Biden went to school.\n\nHe studied law in Oslo.",
        sure,
        unsure,
        "He studied law in Syracuse.",
        "Done.",
    ]
    llm = ScriptedLLM(replies)
    answer, searches = asked(llm, memory, rat("Where did he study?", gate=gate("doubt"), query="step", scope="step"))
    assert [part.decision for part in answer.parts] == ["accepted", "revised"]
    assert len(searches) == 1
