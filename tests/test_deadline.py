"""Waiting no longer than one has to: the threads that are left behind, and what is said about it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from memagent import Controller, Flow, Hit, Memory, Trace, generate, retrieve
from memagent.budget import Budget
from memagent.deadline import Overdue, awithin, to_its_end, within
from memagent.errors import BackendError, BudgetExceeded, Late
from memagent.flow import StepDone, Tell, inquire, tell
from memagent.testing import ScriptedLLM
from memagent.types import Scope


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


WAYS = pytest.mark.parametrize("asynchronous", [False, True])


def waited(seconds: float | None, work: Callable[[], Any], asynchronous: bool) -> Any:
    return asyncio.run(awithin(seconds, work)) if asynchronous else within(seconds, work)


def driven(controller: Controller, flow: Flow[Any], asynchronous: bool) -> Any:
    return asyncio.run(controller.arun(flow)) if asynchronous else controller.run(flow)


@WAYS
def test_work_returns_raises_and_sees_its_context(asynchronous: bool) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    name.set("ida")
    assert waited(5, name.get, asynchronous) == "ida"
    assert waited(None, name.get, asynchronous) == "ida"
    with pytest.raises(ZeroDivisionError):
        waited(5, lambda: 1 / 0, asynchronous)

    def times_out() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        waited(5, times_out, asynchronous)


@WAYS
def test_work_that_hangs_is_left_behind(asynchronous: bool) -> None:
    hang = threading.Event()
    with pytest.raises(Overdue):
        waited(0.05, hang.wait, asynchronous)
    hang.set()


@WAYS
def test_the_interpreter_does_not_wait_for_what_was_left_behind(asynchronous: bool) -> None:
    wait = "asyncio.run(awithin(0.05, hang.wait))" if asynchronous else "within(0.05, hang.wait)"
    code = f"""
import asyncio, threading
from memagent.deadline import Overdue, awithin, within
hang = threading.Event()
try:
    {wait}
except Overdue:
    print("left")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")


class Hanging:
    """A retriever that never answers."""

    name = "hanging"

    def __init__(self) -> None:
        self.release = threading.Event()

    def retrieve(self, query: str, k: int, scope: Scope, *, facts: Sequence[str] | None = None) -> list[Hit]:
        self.release.wait()
        return []


@WAYS
def test_a_search_that_hangs_is_cut_at_its_deadline_and_the_flow_goes_on(memory: Memory, asynchronous: bool) -> None:
    retriever = Hanging()

    def careful() -> Flow[str]:
        try:
            yield from retrieve("who?", timeout=0.05)
        except Late as error:
            return error.message
        return "not reached"

    result = driven(Controller(ScriptedLLM(), memory, retriever=retriever), careful(), asynchronous)
    assert result.value == "the search for 'who?' did not end within 0.05 s"
    assert [type(record.error) for record in result.trace] == [Late]
    retriever.release.set()


@WAYS
def test_a_search_that_hangs_is_cut_when_the_run_is_out_of_time(memory: Memory, asynchronous: bool) -> None:
    retriever = Hanging()
    controller = Controller(ScriptedLLM(), memory, retriever=retriever, budget=Budget(seconds=0.3))
    with pytest.raises(BudgetExceeded, match="time limit"):
        driven(controller, retrieve("who?"), asynchronous)
    retriever.release.set()


@WAYS
@pytest.mark.parametrize("listening", [False, True])
def test_a_model_that_keeps_no_time_is_left_behind(asynchronous: bool, listening: bool) -> None:
    release = threading.Event()

    def model(messages: Any) -> str:
        release.wait()
        return "late"

    controller = Controller(model, on_event=(lambda event: None) if listening else None)
    started = time.monotonic()
    with pytest.raises(BackendError, match=r"did not finish within 0\.1 s"):
        driven(controller, generate("x", timeout=0.1), asynchronous)
    assert time.monotonic() - started < 30
    release.set()


def test_what_a_model_can_do_is_asked_and_recorded() -> None:
    result = Controller(ScriptedLLM(can=["stop", "logprobs"])).run(inquire())
    assert result.value == {"logprobs", "stop"}
    assert result.usage.calls == 0
    assert result.trace.replay(inquire()) == {"logprobs", "stop"}


def test_what_is_told_is_logged_an_event_and_in_the_file(caplog: pytest.LogCaptureFixture, tmp_path: Any) -> None:
    events: list[Any] = []
    path = tmp_path / "run.jsonl"
    with caplog.at_level(logging.WARNING, "memagent"):
        Controller(ScriptedLLM(), on_event=events.append).run(tell("this model gives no log-probabilities"), trace=path)
    assert caplog.messages == ["this model gives no log-probabilities"]
    assert [event.step for event in events if isinstance(event, StepDone)] == [
        Tell("this model gives no log-probabilities")
    ]
    assert [record.step for record in Trace.load(path)] == [Tell("this model gives no log-probabilities")]


def test_who_is_told_that_a_task_was_cancelled_finds_what_its_thread_has_written() -> None:
    begun, go_on, written = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        written.append("all")
        raise ValueError("nobody hears this")

    async def cancelled() -> None:
        task = asyncio.ensure_future(to_its_end(work))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert written == ["all"]

    asyncio.run(cancelled())
