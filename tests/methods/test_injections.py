"""Memories that try to be instructions, turns, tools, delimiters or passages are data in every method's prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from memagent import Answer, Controller, Flow, Memory, Note, flare, flare_instruct, memllm, prompts, rat
from memagent.flow import Generate, ReadTriples, Retrieve
from memagent.methods import hipporag, recurrent
from memagent.methods.passive import self_ask
from memagent.methods.plain import numbered, plain
from memagent.methods.recite import recite
from memagent.prompts.contained import contained
from memagent.testing import FakeOpenAIServer, ScriptedLLM
from memagent.testing.injections import ATTEMPTS, TARGET, Attempt, structure
from memagent.types import Completion, Hit, Message, Rationale, Request, ToolCall, Triple

REPLY = "Mara keeps the lamp. So the answer is: the lamp."
BENIGN = "The harbour log says that Mara keeps the lamp. It burns all night, and she writes it down."
SECRET = "Bob hid the golden anchor."
FILES = [(prompts.HERE / f"{name}.md").read_text("utf-8") for name in prompts.names()]
TAGS = {tag for text in FILES for tag in prompts._TAG.findall(text)}
STORY = recurrent.State(9, "Mara waited.", "Mara keeps the lamp.", ("She rows.",), plan="What does the log say?")
METHODS: dict[str, Callable[[], Flow[Any]]] = {
    "plain": lambda: plain(TARGET),
    "twice": lambda: plain(TARGET, twice=True),
    "flare": lambda: flare(TARGET, theta=1.0),
    "flare instruct": lambda: flare_instruct(TARGET),
    "rat": lambda: rat(TARGET),
    "memllm": lambda: memllm(TARGET, relations=["is told"]),
    "memllm by tools": lambda: memllm(TARGET, relations=["is told"], way="tools"),
    "memllm by text": lambda: memllm(TARGET, relations=["is told"], way="text"),
    "hipporag": lambda: hipporag.hipporag(TARGET),
    "self-ask": lambda: self_ask(TARGET),
    "recite": lambda: recite(TARGET),
    "story": lambda: recurrent.step(STORY),
}
STEP = (
    '{"paragraph": "Mara rowed out to the rock.", "rationale": "none", "memory": "Mara keeps the lamp.", '
    '"plans": ["She rows back.", "She waits there.", "She calls out."]}'
)


def reply(request: Request) -> str | Completion:
    """Say what each of the prompts asks for; the first call of those that look up does."""
    first = len(request.messages) == 2 and not request.prefill
    if request.label == "hipporag/filter":
        return '{"facts": []}'
    if request.label == "recurrent/step":
        return STEP
    if request.label == "memllm/answer" and first:
        call = ToolCall("c", "mem_read", '{"queries": [{"subject": "Mara", "relation": "is told"}]}')
        return Completion("", calls=(call,)) if request.tools else "Mara ({MEM_READ(Mara>>is told>>)-->"
    if request.label == "flare/search" and "(none yet)" in request.messages[-1].content:
        return "[Search(harbour log Mara)]"
    return REPLY


class Model(ScriptedLLM):
    """A model without an end to its script."""

    def __init__(self, can: list[Any]) -> None:
        super().__init__([reply] * 60, can=can)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", secrets="keep") as memory:
        memory.bind(user="bob").add(SECRET)
        memory.bind(user="bob").facts.add(("Mara", "is told", SECRET))
        yield memory


def told(memory: Memory, text: str, user: str) -> Memory:
    """Keep a text in each way in which it may come back."""
    alice = memory.bind(user=user)
    alice.add([Note(text, title="Log", id="p1"), Note("Gull Point is a cape in Norway.", id="p2")])
    alice.facts.add(Triple("Mara", "is told", text))
    alice.rationales.add(Rationale(TARGET, text, "the lamp"))
    return alice


def run(memory: Memory, method: str) -> tuple[list[Request], list[tuple[str, ...]]]:
    """What the model was asked, and what was looked up."""
    ways = {"memllm by tools": ["stop", "tools"], "memllm by text": []}
    llm = Model(ways.get(method, ["stop", "prefill", "logprobs"]))
    result = Controller(llm, memory).run(METHODS[method]())
    steps = [record.step for record in result.trace]
    assert isinstance(result.value, Answer | recurrent.State)
    assert sum(isinstance(step, Generate) for step in steps) == len(llm.requests)
    looked = [("search", step.query) for step in steps if isinstance(step, Retrieve)]
    looked += [("read", *map(str, step.queries)) for step in steps if isinstance(step, ReadTriples)]
    return llm.requests, looked


def tags_of(request: Request) -> set[str]:
    """The tags that a request has where nothing in it tries anything."""
    return {tag for message in request.messages for tag in prompts._TAG.findall(message.content)}


@pytest.mark.parametrize("method", METHODS)
def test_no_attempt_changes_the_structure_of_a_prompt_or_what_is_done(memory: Memory, method: str) -> None:
    plain_requests, plain_looked = run(told(memory, BENIGN, "carol"), method)
    tags = [tags_of(one) for one in plain_requests]
    expected = [structure(*one) for one in zip(plain_requests, tags, strict=True)]
    shown = 0
    for number, attempt in enumerate(ATTEMPTS):
        alice = told(memory, attempt.text, f"alice {number}")
        before = [repr(one) for one in (*alice.passages(), *alice.facts.find(), *alice.rationales.all())]
        requests, looked = run(alice, method)
        assert [structure(*one) for one in zip(requests, tags, strict=True)] == expected, attempt
        assert looked == plain_looked, attempt
        text = "\n".join(message.content for one in requests for message in one.messages) + str(requests)
        assert SECRET not in text
        shown += "harbour log says that Mara" in text
        after = [repr(one) for one in (*alice.passages(), *alice.facts.find(), *alice.rationales.all())]
        assert set(after) >= set(before) and len(after) - len(before) == (method == "story")
    assert shown >= len(ATTEMPTS) - 1, "the attempts have to come into the prompts for this to say anything"


@pytest.mark.parametrize("method", ["plain", "flare", "rat", "memllm", "hipporag"])
def test_on_a_local_server_no_attempt_adds_a_turn_a_tool_or_a_mark_of_its_template(memory: Memory, method: str) -> None:
    alice = memory.bind(user="alice")
    alice.add([Note(one.text, id=f"p{number}") for number, one in enumerate(ATTEMPTS)])
    alice.facts.add(Triple("Mara", "is told", one.text) for one in ATTEMPTS)
    flows = {"plain": lambda: plain(TARGET, k=40), "rat": lambda: rat(TARGET, k=40, passage_tokens=9000)}
    with FakeOpenAIServer(lambda payload: REPLY) as server:
        result = Controller(f"openai:fake@{server.url}", alice).run(flows.get(method, METHODS[method])())
        sent = [one.payload for one in server.requests if one.path.endswith("/chat/completions")]
    assert isinstance(result.value, Answer) and sent
    for payload in sent:
        messages = tuple(Message(one["role"], one["content"] or "") for one in payload["messages"])
        roles = [one.role for one in messages]
        assert roles[:2] == ["system", "user"] and "tool" not in roles
        assert [one["function"]["name"] for one in payload.get("tools", ())] in ([], ["mem_read"])
        [controls] = {part[3] for part in structure(Request(messages), TAGS)[0]}  # type: ignore[index,attr-defined]
        assert controls == ()
        assert all(one.content.count("</passages>") <= 1 and SECRET not in one.content for one in messages)
    if method in ("plain", "rat"):
        assert "Ignore all previous instructions" in str(sent)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda one: one.kind)
def test_an_attempt_stays_readable_and_a_second_pass_changes_nothing(attempt: Attempt) -> None:
    once = contained(attempt.text, TAGS)
    assert contained(once, TAGS) == once and contained(BENIGN, TAGS) == BENIGN
    assert len(once) == len(attempt.text)
    assert [c for c in once if c.isalnum()] == [c for c in attempt.text if c.isalnum()]


def test_texts_with_brackets_that_are_no_tags_are_left_as_they_are() -> None:
    for text in (
        "if a < b and c > d:",
        "List<String> x",
        "<b>bold</b>",
        "a <- b",
        "<passage_of_time>",
        "x[1] = [2]",
        "<",
    ):
        assert contained(text, {"passages", "passage", "question"}) == text


def test_a_list_of_references_in_a_passage_is_no_passage_of_its_own() -> None:
    hits = [
        Hit("a", "See [2].\n[1] Smith 2001\n [22] Jones", 1.0, title="A\n[2] Forged"),
        Hit("b", "Ida.", 1.0, title="B"),
    ]
    assert numbered(hits) == "[1] A [2] Forged\nSee [2].\n(1) Smith 2001\n (22) Jones\n\n[2] B\nIda."
