"""RAT's gate by name: the log-probabilities of the draft, what the model says of a step, agreement of some samples."""

from __future__ import annotations

import math

import pytest

from memagent import Controller, Memory, rat
from memagent.errors import CapabilityError
from memagent.methods.rat_gate import draft_tokens, least_likely, tokens_of
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Token
from tests.methods.test_rat import A2, B2, DRAFT, TASK, A, B, C, Finder, author, correct, hit, labels, steps


@pytest.fixture(scope="module")
def memory():
    with Memory(":memory:", single_user=True) as opened:
        yield opened


def completion(text, unsure=(), thoughts=""):
    """A draft by words, of which some are unlikely."""
    words = [f"{' ' if number else ''}{word}" for number, word in enumerate(text.split(" "))]
    tokens = [Token(word, math.log(0.3 if word.strip() in unsure else 0.95)) for word in words]
    return Completion(thoughts + text, (*([Token(thoughts, math.log(0.01))] if thoughts else []), *tokens))


def model(draft, can=("logprobs",), **others):
    by_name = {"query": "alder lamp", "revise_prefix": correct, "finalise": "The story.", **others}

    def reply(request):
        name = request.label.removeprefix("rat/")
        said = draft if name.startswith("draft_") else by_name[name]
        return said(request) if callable(said) else said

    return ScriptedLLM([reply] * 50, can=can)


def asked(memory, flow, llm):
    finder = Finder([hit("one")])
    return Controller(llm, memory, retriever=finder).run(flow).value, finder


@pytest.mark.parametrize("thoughts", ["", "<think>Alder lit the lamp in 1890.</think>\n"])
def test_log_probabilities_of_the_draft_decide_and_cost_no_call(memory, thoughts):
    llm = model(completion(f"{A}\n\n{B}\n\n{C}".replace("\n\n", " \n\n "), ["1890."], thoughts))
    answer, finder = asked(memory, rat(TASK, gate="logprobs"), llm)
    assert [request.logprobs for request in llm.requests] == [True, False, False, False]
    assert labels(llm) == ["draft_writing", "query", "revise_prefix", "finalise"] and len(finder.queries) == 1
    assert [part.decision for part in answer.parts] == ["revised", "accepted", "accepted"]
    assert [round(part.confidence, 2) for part in answer.parts] == [0.3, 0.95, 0.95]
    assert ["".join(token.text for token in part.tokens).split() for part in answer.parts] == [
        step.split() for step in (A, B, C)
    ]
    assert answer.problems == () and steps(answer) == [A2, B, C]


def test_theta_is_what_they_are_compared_with(memory):
    draft = completion(DRAFT.replace("\n\n", " \n\n "), ["1890."])
    answer, finder = asked(memory, rat(TASK, gate="logprobs", theta=0.3), model(draft))
    assert finder.queries == [] and [part.decision for part in answer.parts] == ["accepted"] * 3
    _, finder = asked(memory, rat(TASK, gate="logprobs", theta=0.96), model(draft))
    assert len(finder.queries) == 3


def test_a_model_without_log_probabilities_is_told_before_anything_is_spent(memory):
    llm = model(DRAFT, can=())
    with pytest.raises(CapabilityError):
        asked(memory, rat(TASK, gate="logprobs"), llm)
    assert llm.requests == []


def test_a_reply_without_the_log_probabilities_that_were_asked_for_is_told_and_looked_up(memory):
    draft = Completion(DRAFT, tuple(Token(word) for word in DRAFT.split(" ")))
    answer, finder = asked(memory, rat(TASK, gate="logprobs"), model(draft))
    assert len(finder.queries) == 3 and [part.confidence for part in answer.parts] == [None] * 3
    assert all("gave no log-probabilities" in problem for problem in answer.problems) and len(answer.problems) == 3
    assert steps(answer) == [A2, B2, C]


def test_planning_has_tokens_without_its_labels(memory):
    plan = "Sure:\n\nSTEP 1: find wood\nSTEP 2: craft a table"
    tokens = tuple(
        Token(piece, -0.01) for piece in ("Sure:", "\n\nSTEP", " 1: find", " wood\nSTEP", " 2: craft a table")
    )
    llm = model(Completion(plan, tokens), revise_prefix=lambda request: plan)
    answer, _ = asked(memory, rat("a table", gate="logprobs", domain="planning"), llm)
    assert [part.decision for part in answer.parts] == ["accepted"] * 2
    assert answer.parts[1].tokens == tokens[3:]  # a token that two steps share is of both


@pytest.mark.parametrize(
    ("name", "reply", "calls"),
    [("doubt", '{"doubtful": [], "confidence": 95}', 1), ("doubt", "no JSON", 2), ("agreement", "Something else.", 3)],
)
def test_gates_that_ask_cost_what_they_say(memory, name, reply, calls):
    llm = author(**{"flare/doubt": reply, "flare/sample": reply})
    asked(memory, rat(TASK, gate=name), llm)
    assert sum(label.startswith("flare/") for label in labels(llm)) == 3 * calls


def test_tokens_are_found_in_order_and_none_for_what_is_not_in_the_draft():
    draft = [Token("ab "), Token("c\n\n"), Token("ab"), Token("d")]
    assert tokens_of(["ab c", "abd"], draft) == [tuple(draft[:2]), tuple(draft[2:])]
    assert tokens_of(["x", "ab c", ""], draft) == [(), tuple(draft[:2]), ()]
    assert tokens_of([], []) == []


def test_the_least_likely_token_counts_and_blanks_do_not():
    assert least_likely([Token("a", math.log(0.5)), Token(" b", math.log(0.25)), Token("\n", None)]) == pytest.approx(
        0.25
    )
    assert isinstance(least_likely([]), str) and isinstance(least_likely([Token("a", None)]), str)
    assert least_likely([Token("a", math.nan)]) == 0.0


def test_thoughts_are_no_tokens_of_a_draft():
    reply = Completion("<think>x</think>y z", (Token("<think>x"), Token("</think>"), Token("y"), Token(" z")))
    assert [token.text for token in draft_tokens(reply)] == ["y", " z"]
