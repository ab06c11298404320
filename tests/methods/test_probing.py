"""What a model can do, tried by tiny calls of a scripted one; and what each method makes of that."""

from __future__ import annotations

import json
from typing import get_args

import pytest

import memagent
from memagent import Completion, Controller
from memagent.errors import BackendError, CapabilityError, Refused
from memagent.llms.base import Ability
from memagent.methods.names import METHODS
from memagent.methods.needs import INSTRUCTIONS, NEEDS, Need, outlook
from memagent.methods.probing import ABILITIES, CALLS, MAX_TOKENS, PROMISED, estimate, probed
from memagent.testing import ScriptedLLM
from memagent.types import Token, ToolCall, estimate_tokens

COUNT = "1 2 3 4 5 6 7 8 9"
OBJECT = json.dumps({"answer": "Seven.", "sources": [1]})


def called(arguments):
    return Completion("", calls=(ToolCall("1", "weather", arguments),))


def tried(*replies, can):
    llm = ScriptedLLM([COUNT, *replies], can=can)
    result = Controller(llm, retries=0).run(probed())
    assert llm.left == 0
    assert [one.ability for one in result.value] == list(ABILITIES)
    return {one.ability: one for one in result.value}, llm.requests


def one(ability, *replies):
    found, requests = tried(*replies, can=[ability])
    assert {one.held for name, one in found.items() if name != ability} == {"not declared"}
    assert 2 <= len(requests) <= 4
    return found[ability].held, found[ability].why


def test_a_model_that_can_do_everything():
    replies = [COUNT, COUNT, "5 6 7 8 9", "no", OBJECT, "13131313", "13131313", "42424242", called('{"city": "Oslo"}')]
    found, requests = tried(*replies, can=get_args(Ability))
    assert {one.held for one in found.values()} == {"yes"}
    assert len(requests) == CALLS and {request.max_tokens for request in requests} == {MAX_TOKENS}
    assert all(request.timeout == 20.0 and request.label.startswith("probe/") for request in requests)
    spent = sum(estimate_tokens("".join(message.content for message in request.messages)) for request in requests)
    assert spent + CALLS * MAX_TOKENS <= estimate()


def test_what_is_not_declared_is_not_tried():
    found, requests = tried(can=[])
    assert {one.held for one in found.values()} == {"not declared"} and len(requests) == 1


@pytest.mark.parametrize(
    ("reply", "held", "why"),
    [
        (COUNT, "yes", "all 9 tokens"),
        (Completion(COUNT), "no", "0 of 0"),
        (Completion("1 2", (Token("1", -0.1), Token(" 2"))), "no", "1 of 2"),
        (Completion("1 2", (Token("1", -0.1), Token("2", -0.1))), "no", "do not join"),
        (Completion("1", (Token("1", 0.5),)), "no", "0.5 is no"),
        (Completion("1", (Token("1", float("nan")),)), "no", "nan is no"),
        (Completion(""), "unclear", "empty"),
        (CapabilityError("the server sent none"), "no", "sent none"),
    ],
)
def test_logprobs(reply, held, why):
    found = one("logprobs", reply)
    assert found[0] == held and why in found[1]


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        (COUNT, "yes"),  # the scripted model cuts it
        (Completion(COUNT), "no"),
        (Completion("1 2 3 4"), "yes"),
        (Completion(""), "unclear"),
        (Completion("One, two"), "unclear"),
        (Refused("stop is not supported"), "no"),
    ],
)
def test_stop(reply, held):
    assert one("stop", reply)[0] == held


def test_stop_with_nothing_to_stop_at():
    llm = ScriptedLLM(["ready"], can=["stop"])
    [stop] = [one for one in Controller(llm).run(probed()).value if one.ability == "stop"]
    assert stop.held == "unclear" and len(llm.requests) == 1


@pytest.mark.parametrize(
    ("reply", "held"), [(" 5 6 7", "yes"), (COUNT, "no"), ("Sure! 5 6", "unclear"), ("", "unclear")]
)
def test_prefill(reply, held):
    assert one("prefill", reply)[0] == held


@pytest.mark.parametrize(("reply", "held"), [("no", "yes"), ("Yes.", "no"), ("", "unclear")])
def test_logit_bias(reply, held):
    assert one("logit_bias", reply)[0] == held


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        (OBJECT, "yes"),
        ("A week has seven days.", "no"),
        ('{"days": 7}', "no"),
        ('{"answer": 7, "sources": []}', "no"),
        ("7", "no"),
        ("[" * 100_000, "no"),
        (Completion('{"answer": "Sev', finish_reason="length"), "unclear"),
        (CapabilityError("it cannot"), "no"),
    ],
)
def test_schema(reply, held):
    assert one("schema", reply)[0] == held


@pytest.mark.parametrize(
    ("replies", "held"),
    [(["1", "1", "2"], "yes"), (["1", "2"], "no"), (["", ""], "unclear"), (["1", "1", "1"], "unclear")],
)
def test_seed(replies, held):
    assert one("seed", *replies)[0] == held


def test_a_model_that_never_samples_is_told_apart_from_one_that_heeds_its_seed():
    found, requests = tried("1", "1", "1", can=["seed"])
    assert "may not sample" in found["seed"].why
    assert [request.seed for request in requests[1:]] == [7, 7, 8]


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        ('{"city": "Oslo"}', "yes"),
        ("{city}", "no"),
        ("[]", "no"),
        ("", "unclear"),
    ],
)
def test_tools(reply, held):
    assert one("tools", called(reply) if reply else "It is cold.")[0] == held


def test_a_backend_that_fails_is_no_finding():
    with pytest.raises(BackendError):
        Controller(ScriptedLLM([BackendError("down")])).run(probed())


# What methods need.


def test_the_table_names_abilities_that_there_are_and_methods_that_there_are():
    named = {need.ability for wanted in NEEDS.values() for need in wanted}
    assert named - {INSTRUCTIONS} <= set(get_args(Ability)) == set(ABILITIES) and INSTRUCTIONS in named
    assert set(ABILITIES) >= PROMISED
    assert {name.replace("-", "_") for name in METHODS} <= set(NEEDS)
    assert {"plain", "recite", "verified", "hipporag", "ircot", "flare", "flare_instruct"} <= set(memagent.__all__)


def test_with_every_ability_every_method_works_fully():
    assert {one.works for one in outlook([*ABILITIES, INSTRUCTIONS])} == {"fully"}
    assert {one.method for one in outlook([])} == set(NEEDS)


def test_without_any_each_says_what_it_falls_back_to():
    found = {one.method: one for one in outlook([])}
    assert found["plain"].works == "fully" == found["rat"].works
    assert found["flare"].works == "with a fallback"
    assert "agreement of a few samples" in found["flare"].instead[0]
    assert any("prompt alone" in text for text in found["flare_instruct"].instead)
    assert all(one.instead for one in found.values() if one.works != "fully")


def test_a_stand_in_that_follows_no_instructions_judges_and_solves_nothing():
    found = {one.method: one for one in outlook(ABILITIES)}
    assert found["verified"].instead == ("without instructions: claims are checked by their words alone",)
    assert found["learn"].works == found["solve"].works == "no" and found["rat"].works == "fully"


def test_what_cannot_be_replaced_is_said():
    [found] = outlook([], {"mine": (Need("logprobs", ""), Need("stop", "something"))})
    assert found.works == "no" and found.instead[0] == "without logprobs: it cannot run"
    assert outlook(["logprobs"], {"mine": (Need("logprobs", ""),)})[0].works == "fully"
