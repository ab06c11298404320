"""What a model had streamed when its call was broken off is the best text so far, and is kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from memagent import Answer, Completion, Controller, Flow, Memory, flare, flare_instruct, plain, recite
from memagent.budget import Budget
from memagent.errors import BackendError, BudgetExceeded, Interrupted
from memagent.flow import StepDone
from memagent.methods.passive import alone, every, once, previous_sentence, self_ask
from memagent.testing import ScriptedLLM
from memagent.trace import Trace
from memagent.types import Request, Token

QUESTION = "In which country is the lighthouse that Mara keeps?"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        memory.add(["Mara keeps the lighthouse at Gull Point.", "Gull Point is a cape in Norway."])
        yield memory


class Breaks(ScriptedLLM):
    """Streams its last reply, and then hangs, or fails."""

    def __init__(self, replies: list[str], fails: bool) -> None:
        super().__init__(replies, can=["stop", "prefill"])
        self.fails, self.released = fails, threading.Event()

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        for piece in super().stream(request):
            if isinstance(piece, Completion) and not self.left:
                if self.fails:
                    raise BackendError("the line broke")
                self.released.wait(30)
            yield piece

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        for piece in super().stream(request):
            if isinstance(piece, Completion) and not self.left:
                await asyncio.sleep(30)
            yield piece


METHODS: dict[str, Callable[[str], Flow[Answer]]] = {
    "plain": lambda question: plain(question, timeout=0.1),
    "recite": lambda question: recite(question, timeout=0.1),
    "flare": lambda question: flare(question, timeout=0.1, trigger="never"),
    "once": lambda question: once(question, timeout=0.1),
    "alone": lambda question: alone(question, timeout=0.1),
    "every": lambda question: every(question, timeout=0.1),
    "previous": lambda question: previous_sentence(question, timeout=0.1),
    "instruct": lambda question: flare_instruct(question, timeout=0.1),
    "self_ask": lambda question: self_ask(question, timeout=0.1),
}


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("name", METHODS)
def test_what_was_streamed_of_a_broken_call_is_kept(memory: Memory, name: str, fails: bool) -> None:
    said = "Mara keeps it at Gull Point. That is in the north of"
    llm = Breaks(["NONE", said] if name == "recite" else [said], fails)
    try:
        events = list(Controller(llm, memory, retries=0).stream(METHODS[name](QUESTION)))
    finally:
        llm.released.set()
    answer: Answer = events[-1].result.value
    assert answer.text == said or answer.text == said.removesuffix(" of")
    assert ("the line broke" if fails else "did not finish within 0.1 s") in answer.problems[-1]
    assert "had come" in answer.problems[-1]
    assert "".join(part.text for part in answer.parts).strip() in (answer.text, "")
    assert events[-1].result.trace.replay(METHODS[name](QUESTION)) == answer


@pytest.mark.parametrize("waiting", ["run", "arun"])
@pytest.mark.parametrize("name", METHODS)
def test_it_is_kept_where_nobody_listens(memory: Memory, name: str, waiting: str) -> None:
    said = "Mara keeps it at Gull Point. That is in the north of"
    llm = Breaks(["NONE", said] if name == "recite" else [said], fails=False)
    controller = Controller(llm, memory, retries=0)
    try:
        if waiting == "run":
            answer = controller.run(METHODS[name](QUESTION)).value
        else:
            answer = asyncio.run(controller.arun(METHODS[name](QUESTION))).value
    finally:
        llm.released.set()
    assert answer.text == said or answer.text == said.removesuffix(" of")
    assert "did not finish within 0.1 s" in answer.problems[-1]


def test_a_trace_on_disk_has_it_as_well(memory: Memory, tmp_path: Any) -> None:
    llm = Breaks(["Mara keeps it at Gull Point. That is"], fails=True)
    controller = Controller(llm, memory, retries=0, on_event=lambda event: None)
    answer = controller.run(once(QUESTION), trace=tmp_path / "run.jsonl").value
    assert Trace(tmp_path / "run.jsonl").replay(once(QUESTION)) == answer
    assert "That is" in answer.text


def test_a_sentence_stands_before_what_was_broken_off(memory: Memory) -> None:
    llm = Breaks(["Mara keeps it. More", "Gull Point is in the north. It is"], fails=True)
    events = list(Controller(llm, memory, retries=0).stream(flare(QUESTION, trigger="never")))
    answer: Answer = events[-1].result.value
    assert answer.text == "Mara keeps it. Gull Point is in the north. It is"
    assert [part.decision for part in answer.parts] == ["first", "kept"]


def test_a_call_that_is_made_again_begins_anew(memory: Memory) -> None:
    class Twice(Breaks):
        def stream(self, request: Request) -> Iterator[Token | Completion]:
            yield Token("Half a")
            raise BackendError("busy", retryable=not self.requests.append(request) and len(self.requests) < 2)

    llm = Twice([], fails=True)
    events = list(Controller(llm, memory, retries=1).stream(once(QUESTION)))
    assert events[-1].result.value.text == "Half a"


def test_without_a_listener_nothing_is_streamed_and_plain_raises(memory: Memory) -> None:
    with pytest.raises(BackendError, match="the line broke"):
        Controller(ScriptedLLM([BackendError("the line broke")]), memory, retries=0).run(plain(QUESTION))


@pytest.mark.parametrize("name", METHODS)
def test_a_run_that_is_stopped_within_a_call_has_what_was_streamed(memory: Memory, name: str) -> None:
    llm = Breaks(["NONE", "Mara keeps it. More"] if name == "recite" else ["Mara keeps it. More"], fails=False)
    controller = Controller(llm, memory)

    def hear(event: Any) -> None:
        if getattr(event, "text", "") == " More" and not isinstance(event, StepDone):
            controller.stop()
            llm.released.set()

    class Goes(Exception):
        pass

    original = llm.stream

    def more(request: Request) -> Iterator[Token | Completion]:
        for piece in original(request):
            yield piece
            if isinstance(piece, Token) and piece.text == " More":
                yield Token(" and")
                raise Goes

    llm.stream = more  # type: ignore[method-assign]
    controller.on_event = hear
    with pytest.raises(Interrupted) as stopped:
        controller.run(METHODS[name](QUESTION))
    assert stopped.value.partial.text.startswith("Mara keeps it.")
    assert "stop" in stopped.value.partial.problems[-1]


def test_on_an_event_loop_too(memory: Memory) -> None:
    class Slow(ScriptedLLM):
        async def astream(self, request: Request) -> Any:
            yield Token("Mara keeps it.")
            await asyncio.sleep(30)

    async def ran() -> Answer:
        async for event in Controller(Slow([]), memory).astream(plain(QUESTION, timeout=0.05)):
            last = event
        return last.result.value  # type: ignore[no-any-return,union-attr]

    assert asyncio.run(ran()).text == "Mara keeps it."


def test_a_limit_on_time_keeps_it(memory: Memory) -> None:
    llm = Breaks(["Mara keeps it. It is"], fails=False)
    try:
        with pytest.raises(BudgetExceeded) as stopped:
            Controller(llm, memory, budget=Budget(seconds=0.3), on_event=lambda event: None).run(flare(QUESTION))
    finally:
        llm.released.set()
    assert stopped.value.partial.text.startswith("Mara keeps it.")
