"""Drivers: one body, every way of running it."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

import pytest

from memagent import (
    Completion,
    Controller,
    Flow,
    Hit,
    Memory,
    Message,
    Note,
    Trace,
    Triple,
    gather,
    generate,
    registry,
    remember,
    retrieve,
)
from memagent.errors import BudgetExceeded, UsageProblem
from memagent.flow import Generate, Path, Retrieve, RunDone, Step, StepDone, StepStarted, TokenReceived, arun, run
from memagent.testing import ScriptedLLM
from memagent.types import Request, Token


def ask(text: str) -> Flow[Completion]:
    return generate([Message("user", text)], label=text)


def everything(question: str) -> Flow[str]:
    """Uses every kind of step, branches inside branches, and an error that it catches."""
    yield from remember(Note("Mara keeps the lamp."), Note("The harbour freezes in March."))
    hits = yield from retrieve(question, k=1)

    def branch(name: str) -> Flow[str]:
        first = yield from ask(f"{name} of {hits[0].text}")
        both = yield from gather(ask(first.text + "!"), ask(first.text + "?"))
        return " ".join(reply.text for reply in both)

    parts = yield from gather(branch("a"), branch("b"))
    try:
        yield from ask("fail")
    except ValueError as error:
        parts.append(str(error))
    last = yield from ask(" + ".join(parts))
    return last.text


def echoing() -> ScriptedLLM:
    def reply(request: Any) -> str | Exception:
        text = request.messages[-1].content
        return ValueError("as told") if text == "fail" else f"<{text}>"

    return ScriptedLLM([reply] * 50)


WANT = "<<<a of Mara keeps the lamp.>!> <<a of Mara keeps the lamp.>?> + <<b of Mara keeps the lamp.>!> " \
    "<<b of Mara keeps the lamp.>?> + as told>"  # fmt: skip


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


def test_one_body_serves_sync_async_stream_and_replay_with_equal_traces(memory: Memory) -> None:
    def controller() -> Controller:
        return Controller(echoing(), memory)

    sync = controller().run(everything("Who keeps the lamp?"))
    in_loop = asyncio.run(controller().arun(everything("Who keeps the lamp?")))
    streamed = list(controller().stream(everything("Who keeps the lamp?")))[-1]

    async def astream() -> Any:
        return [event async for event in controller().astream(everything("Who keeps the lamp?"))][-1]

    astreamed = asyncio.run(astream())
    assert isinstance(streamed, RunDone)
    replayed = sync.trace.replay(everything("Who keeps the lamp?"))
    areplayed = asyncio.run(sync.trace.areplay(everything("Who keeps the lamp?")))

    values = [sync.value, in_loop.value, streamed.result.value, astreamed.result.value, replayed, areplayed]
    assert values == [WANT] * 6
    assert sync.trace == in_loop.trace == streamed.result.trace == astreamed.result.trace
    assert len(sync.trace) == 10  # 2 memory steps, 2 x 3 in branches, the error, the last


def test_a_real_model_gives_equal_traces_in_all_four_ways(tiny_models: FilePath, memory: Memory) -> None:
    model = registry.llm(f"transformers:{tiny_models / 'chat'}")

    def flow() -> Flow[str]:
        yield from remember("Mara keeps the lamp.")
        [hit] = yield from retrieve("Who keeps the lamp?", k=1)

        def part(seed: int) -> Flow[Completion]:
            wanted: dict[str, Any] = {"seed": seed, "logit_bias": {"[": -100.0}, "logprobs": True, "stop": (".",)}
            return generate(hit.text, prefill="Yes", temperature=1.5, max_tokens=12, **wanted)

        first, second = yield from gather(part(1), part(2))
        last = yield from generate(f"{first.text} {second.text}", temperature=0.0, max_tokens=8)
        return last.text

    def controller() -> Controller:
        return Controller(model, memory)

    async def astream() -> Any:
        return [event async for event in controller().astream(flow())][-1].result

    sync, in_loop = controller().run(flow()), asyncio.run(controller().arun(flow()))
    done = [*controller().stream(flow())][-1]
    assert isinstance(done, RunDone)
    streamed, astreamed = done.result, asyncio.run(astream())
    assert sync.value == in_loop.value == streamed.value == astreamed.value == sync.trace.replay(flow())
    assert sync.trace == in_loop.trace == streamed.trace == astreamed.trace
    assert sync.usage.calls == 3
    assert sync.usage.cost == 0.0


def test_sync_and_async_both_run_inside_a_running_loop(memory: Memory) -> None:
    async def cell() -> tuple[str, str]:
        controller = Controller(echoing(), memory)
        return controller.run(everything("lamp")).value, (await controller.arun(everything("lamp"))).value

    assert asyncio.run(cell()) == (WANT, WANT)


def test_a_flow_can_be_stepped_by_hand() -> None:
    flow = everything("lamp")
    step = flow.send(None)
    assert [note.text for note in step.notes] == ["Mara keeps the lamp.", "The harbour freezes in March."]
    assert flow.send(["1", "2"]) == Retrieve("lamp", 1)
    flow.close()


def test_gather_runs_branches_at_once() -> None:
    meeting = threading.Barrier(3, timeout=10)

    def answer(step: Step, path: Path) -> str:
        meeting.wait()  # only passes when all three branches are here
        return str(path)

    def three() -> Flow[list[Any]]:
        return (yield from gather(ask("a"), ask("b"), ask("c")))

    assert run(three(), answer) == ["(0, 0, 0)", "(0, 1, 0)", "(0, 2, 0)"]


def test_gather_runs_branches_at_once_on_a_loop() -> None:
    async def drive() -> list[Any]:
        arrived, all_here = [], asyncio.Event()

        async def answer(step: Step, path: Path) -> str:
            arrived.append(path)
            if len(arrived) == 2:
                all_here.set()
            await asyncio.wait_for(all_here.wait(), 10)
            return "here"

        def two() -> Flow[list[Any]]:
            return (yield from gather(ask("a"), ask("b")))

        return await arun(two(), answer)

    assert asyncio.run(drive()) == ["here", "here"]


def test_an_error_in_a_branch_lets_the_others_end_and_is_thrown_at_the_asking_line() -> None:
    ended = []

    def slow() -> Flow[str]:
        yield from ask("slow")
        ended.append("slow")
        return "done"

    def both() -> Flow[str]:
        try:
            yield from gather(ask("bad"), slow())
        except ValueError as error:
            return f"caught {error}"
        return "not reached"

    def answer(step: Step, path: Path) -> str:
        assert isinstance(step, Generate)
        if step.request.label == "bad":
            raise ValueError("bad branch")
        return "ok"

    assert run(both(), answer) == "caught bad branch"
    assert ended == ["slow"]


def test_a_flow_that_goes_on_after_a_stop_is_closed() -> None:
    seen = []

    def stubborn() -> Flow[str]:
        try:
            yield from ask("x")
        except Exception:  # noqa: BLE001 - what a careless method does
            seen.append("swallowed")
            yield from ask("y")
        finally:
            seen.append("closed")
        return "went on"

    def stop(step: Step, path: Path) -> None:
        raise BudgetExceeded("enough")

    with pytest.raises(BudgetExceeded) as raised:
        run(stubborn(), stop)
    assert seen == ["swallowed", "closed"]
    assert raised.value.partial is None


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_stopped_flow_may_return_the_best_it_has(asynchronous: bool) -> None:
    def inner() -> Flow[str]:
        reply = yield from ask("second")
        return reply.text

    def patient() -> Flow[str]:
        first = yield from ask("first")
        try:
            return first.text + (yield from inner())
        except BudgetExceeded:
            return first.text

    def answer(step: Step, path: Path) -> Completion:
        if path == (1,):
            raise BudgetExceeded("enough")
        return Completion("so far")

    async def aanswer(step: Step, path: Path) -> Completion:
        return answer(step, path)

    with pytest.raises(BudgetExceeded, match="enough") as raised:
        asyncio.run(arun(patient(), aanswer)) if asynchronous else run(patient(), answer)
    assert raised.value.partial == "so far"


def test_an_uncaught_error_of_the_backend_comes_out_as_it_is() -> None:
    def answer(step: Step, path: Path) -> None:
        raise ZeroDivisionError("from the caller's own code")

    with pytest.raises(ZeroDivisionError, match="own code"):
        run(ask("x"), answer)


def test_gather_of_nothing_is_an_empty_list() -> None:
    def nothing() -> Flow[list[Any]]:
        return (yield from gather())

    assert run(nothing(), lambda step, path: 1 / 0) == []


def test_events_tell_of_each_step_and_token_in_order(memory: Memory) -> None:
    events = list(Controller(ScriptedLLM(["one two three"])).stream(ask("count")))
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["StepStarted", *["TokenReceived"] * 3, "StepDone", "RunDone"]
    assert "".join(event.text for event in events if isinstance(event, TokenReceived)) == "one two three"
    assert isinstance(events[0], StepStarted)
    assert isinstance(events[-2], StepDone)
    assert events[-2].answer.text == "one two three"


def test_closing_a_stream_stops_the_run() -> None:
    class Slow(ScriptedLLM):
        def stream(self, request: Request) -> Iterator[Token | Completion]:
            for piece in super().stream(request):
                time.sleep(0.001)
                yield piece

    llm = Slow(["word " * 20_000, "never asked"])

    def two() -> Flow[None]:
        yield from ask("first")
        yield from ask("second")

    stream = Controller(llm).stream(two())
    while not isinstance(next(stream), TokenReceived):
        pass
    stream.close()
    assert len(llm.requests) == 1


def test_a_cancelled_async_stream_stops_the_run() -> None:
    llm = ScriptedLLM(["word " * 50, "second"])

    def two() -> Flow[None]:
        yield from ask("first")
        yield from ask("second")

    async def read_a_little() -> None:
        stream = Controller(llm).astream(two())
        await stream.__anext__()
        await stream.aclose()

    asyncio.run(read_a_little())
    assert len(llm.requests) <= 1


def test_replay_needs_no_backend_at_all(memory: Memory, tmp_path: Any) -> None:
    path = tmp_path / "run.jsonl"
    value = Controller(echoing(), memory).run(everything("lamp"), trace=path).value
    assert Trace.load(path).replay(everything("lamp")) == value


def test_what_is_no_fresh_flow_is_refused() -> None:
    controller = Controller(ScriptedLLM(["a"]))
    flow = ask("x")
    controller.run(flow)
    with pytest.raises(UsageProblem, match="has been run already"):
        controller.run(flow)
    with pytest.raises(UsageProblem, match="not a flow"):
        controller.run("What is it?")
    with pytest.raises(UsageProblem, match="not a flow"):
        asyncio.run(controller.arun(ask))


def test_an_exception_that_is_a_branchs_value_is_a_value() -> None:
    def careful() -> Flow[Any]:
        try:
            return (yield from ask("x"))
        except ValueError as error:
            return error

    def both() -> Flow[list[Any]]:
        return (yield from gather(careful(), careful()))

    def fail(step: Step, path: Path) -> None:
        raise ValueError("as a value")

    async def afail(step: Step, path: Path) -> None:
        raise ValueError("as a value")

    assert [str(value) for value in run(both(), fail)] == ["as a value"] * 2
    assert [str(value) for value in asyncio.run(arun(both(), afail))] == ["as a value"] * 2


def test_the_facts_that_a_graph_search_begins_with_reach_the_memory(memory: Memory) -> None:
    told, other = memory.add(["Mara keeps the lamp.", "Ida keeps the harbour."])
    [fact, _] = memory.facts.add(
        [Triple("Mara", "keeps", "the lamp", passage=told), Triple("Ida", "keeps", "the harbour", passage=other)]
    )
    controller = Controller(ScriptedLLM([]), memory)

    def found(facts: Sequence[str] | None) -> list[Hit]:
        return controller.run(retrieve("Who keeps it?", 2, using="graph", facts=facts)).value

    assert found([fact])[0].id == told
    assert found([fact])[0].path[0] in ("Mara", "the lamp")
    assert all("no fact survived the filter" in hit.why for hit in found(()))
    assert all("fallback" not in hit.why for hit in found(None))
    with pytest.raises(UsageProblem, match="graph search alone"):
        controller.run(retrieve("lamp", using="dense", facts=[fact]))
    with pytest.raises(UsageProblem, match="ids of facts"):
        controller.run(retrieve("lamp", using="graph", facts=fact))


def test_a_memory_that_knows_no_facts_is_asked_for_none() -> None:
    class Plain:
        def search(self, query: str, k: int, *, using: str) -> list[Hit]:
            return [Hit("p", query, 1.0)]

    assert Controller(ScriptedLLM([]), Plain()).run(retrieve("lamp")).value == [Hit("p", "lamp", 1.0)]


def test_remember_takes_texts_as_the_memory_does(memory: Memory, tmp_path: Any) -> None:
    path = tmp_path / "run.jsonl"
    ids = Controller(ScriptedLLM([]), memory).run(remember("The anchor is rusty."), trace=path).value
    assert memory.get(ids[0]).text == "The anchor is rusty."
    assert Trace.load(path).replay(remember("The anchor is rusty.")) == ids


def test_what_interrupts_a_gather_comes_out_at_once_and_no_further_branch_begins() -> None:
    begun: list[str] = []
    release = threading.Event()

    def answer(step: Any, path: Any) -> Any:
        begun.append(step.request.label)
        if len(begun) == 8:  # as many as run at once
            time.sleep(0.3)  # by then the main thread waits for them
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        release.wait(10)

    def flow() -> Flow[Any]:
        return (yield from gather(*(ask(f"branch {number}") for number in range(12))))

    with pytest.raises(KeyboardInterrupt):
        run(flow(), answer)
    release.set()
    time.sleep(0.1)
    assert len(begun) == 8
