"""The record of a run: kept while it goes, resumed from, replayed, and never trusted where it no longer holds."""

from __future__ import annotations

import json
import random
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Completion, Controller, Flow, Hit, Message, Note, Trace, Usage, gather, generate, retrieve
from memagent.errors import BackendError, LLMError, TraceError
from memagent.flow import Forget, Generate, Remember, Retrieve
from memagent.testing import OutOfReplies, ScriptedLLM
from memagent.trace import Record
from memagent.types import Request, Token


def ask(text: str) -> Flow[Completion]:
    return generate([Message("user", text)])


def chain(count: int, start: str = "go") -> Flow[str]:
    """Each question holds the last answer, so that a wrong answer anywhere shows at the end."""
    text = start
    for _ in range(count):
        text = (yield from ask(text)).text
    return text


def numbers(count: int) -> ScriptedLLM:
    return ScriptedLLM([str(number) for number in range(count)])


def test_a_run_cut_off_anywhere_resumes_and_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    Controller(numbers(6)).run(chain(6), trace=whole)
    data = whole.read_bytes()
    for size in random.Random(1).sample(range(len(data)), 40):
        torn = tmp_path / f"torn{size}.jsonl"
        torn.write_bytes(data[:size])
        kept = sum(b'"kind"' in line for line in data[:size].split(b"\n")[:-1])
        llm = ScriptedLLM([str(number) for number in range(kept, 6)])
        assert Controller(llm).run(chain(6), trace=torn).value == "5"
        assert len(llm.requests) == 6 - kept
        assert Trace.load(torn) == Trace.load(whole)


def test_a_finished_run_costs_nothing_the_second_time(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    first = Controller(numbers(3)).run(chain(3), trace=path)
    again = Controller(ScriptedLLM([])).run(chain(3), trace=path)
    assert again.value == first.value
    assert again.usage == first.usage


def test_an_error_that_ended_the_run_is_tried_again_and_one_that_was_caught_is_not(tmp_path: Path) -> None:
    def tolerant() -> Flow[str]:
        try:
            yield from ask("may fail")
        except BackendError as error:
            note = error.message
        return note + " then " + (yield from ask("after")).text

    path = tmp_path / "run.jsonl"
    with pytest.raises(LLMError, match="second"):
        Controller(ScriptedLLM([BackendError("first"), BackendError("second")])).run(tolerant(), trace=path)
    llm = ScriptedLLM(["fine"])
    assert Controller(llm).run(tolerant(), trace=path).value == "first then fine"
    assert len(llm.requests) == 1
    assert Trace.load(path).replay(tolerant()) == "first then fine"


def test_when_the_flow_asks_something_else_the_rest_of_the_trace_no_longer_holds(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    Controller(numbers(4)).run(chain(4), trace=path)

    def edited() -> Flow[str]:
        first = (yield from ask("go")).text
        return (yield from chain(3, start=f"{first}, but edited"))

    llm = ScriptedLLM(["x", "y", "z"])
    assert Controller(llm).run(edited(), trace=path).value == "z"
    assert len(llm.requests) == 3
    assert Trace.load(path).replay(edited()) == "z"


def test_branches_of_a_gather_do_not_invalidate_each_other(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"

    def both(second: str) -> Flow[list[str]]:
        return (yield from gather(chain(2, "a"), chain(2, second)))

    echo = ScriptedLLM([lambda request: request.messages[-1].content + "."] * 4)
    Controller(echo).run(both("b"), trace=path)
    llm = ScriptedLLM([lambda request: request.messages[-1].content + "!"] * 2)
    assert Controller(llm).run(both("c"), trace=path).value == ["a..", "c!!"]


def test_replay_says_where_it_differs() -> None:
    trace = Controller(numbers(2)).run(chain(2)).trace
    with pytest.raises(TraceError, match=r"step 0 asks something else .*go.*other"):
        trace.replay(chain(2, "other"))
    with pytest.raises(TraceError, match="has no step 2"):
        trace.replay(chain(3))


@pytest.mark.parametrize(
    "content",
    [b"dear diary\n", b"dear diary, no line end", b"line one\nmy precious last line", b"\xff\x00\xfe", b'{"a": 1}'],
)
def test_what_is_not_a_trace_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    for open_it in (Trace, Trace.load):
        with pytest.raises(TraceError, match="not a trace"):
            open_it(path)
    assert path.read_bytes() == content


def test_other_versions_and_damaged_records_are_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(TraceError, match="cannot be read"):
        Trace(tmp_path)
    path.write_text('{"memagent_trace": 99}\n')
    with pytest.raises(TraceError, match="format 99"):
        Trace.load(path)
    path.write_text('{"memagent_trace": 1}\n{"kind": "generate"}\n')
    with pytest.raises(TraceError, match="line 2"):
        Trace.load(path)
    with pytest.raises(TraceError, match="no trace"):
        Trace.load(tmp_path / "nowhere.jsonl")


def test_the_file_is_whole_lines_while_the_run_goes(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    seen: list[int] = []

    def look(request: Request) -> str:
        seen.append(path.read_text().count("\n") if path.exists() else 0)
        return "ok"

    Controller(ScriptedLLM([look] * 3)).run(chain(3), trace=path)
    assert seen == [2, 4, 6]  # the head, and a line that says what is asked; then what was answered
    assert all(json.loads(line) for line in path.read_text().splitlines())


texts = st.text(max_size=40)
usages = st.builds(
    Usage,
    calls=st.integers(0, 9),
    input_tokens=st.integers(0, 999),
    output_tokens=st.integers(0, 999),
    cost=st.none() | st.floats(0, 10),
    estimated=st.booleans(),
)
tokens = st.builds(Token, texts, st.none() | st.floats(-50, 0))
completions = st.builds(Completion, texts, st.lists(tokens, max_size=3).map(tuple), usage=usages, model=texts)
requests = st.builds(
    Request,
    st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts), max_size=3).map(tuple),
    max_tokens=st.none() | st.integers(1, 99),
    stop=st.lists(texts, max_size=2).map(tuple),
    logit_bias=st.dictionaries(texts, st.floats(-100, 100), max_size=2),
    schema=st.none() | st.dictionaries(texts, st.integers() | texts | st.none(), max_size=2),
    label=texts,
)
hits = st.builds(
    Hit,
    texts,
    texts,
    st.floats(0, 1),
    st.dictionaries(texts, st.floats(0, 1), max_size=2),
    why=texts,
    triple=st.just(()) | st.tuples(texts, texts, texts),
)
notes = st.builds(Note, texts, texts, texts, at=st.none() | st.datetimes(timezones=st.just(UTC)))
records = st.one_of(
    st.builds(lambda request, answer: Record((0,), Generate(request), answer), requests, completions),
    st.builds(
        lambda step, answer: Record((0,), step, answer),
        st.builds(Retrieve, texts, st.integers(1, 9), texts, st.none() | st.lists(texts, max_size=2).map(tuple)),
        st.lists(hits, max_size=3),
    ),
    st.builds(
        lambda given, answer: Record((0,), Remember(tuple(given)), answer),
        st.lists(notes, max_size=2),
        st.lists(texts, max_size=2),
    ),
    st.builds(
        lambda ids, answer: Record((0,), Forget(tuple(ids)), answer), st.lists(texts, max_size=2), st.integers(0, 9)
    ),
)


@given(record=records)
def test_every_record_survives_the_file(record: Record, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("trace") / "run.jsonl"
    trace = Trace(path)
    trace.add(record)
    [read] = Trace.load(path)
    assert (read.step, read.answer) == (record.step, record.answer)
    assert Trace.load(path) == trace


def test_a_trace_from_before_searches_began_with_facts_still_replays(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    step = {"query": "lamp", "k": 5, "using": ""}
    hit = {"id": "p1", "text": "Mara keeps the lamp.", "score": 0.5}
    record = {"path": [0], "kind": "retrieve", "step": step, "answer": [hit], "seconds": 0.1}
    path.write_text(f'{{"memagent_trace": 1}}\n{json.dumps(record)}\n')
    trace = Trace.load(path)
    assert trace.replay(retrieve("lamp")) == [Hit("p1", "Mara keeps the lamp.", 0.5)]
    for facts in ((), ("fact:1",)):
        with pytest.raises(TraceError, match="asks something else"):
            trace.replay(retrieve("lamp", facts=facts))


def test_usage_adds_up_and_an_unknown_price_stays_unknown() -> None:
    known, unknown = Usage(1, 10, 5, 0.5), Usage(1, 1, 1, None)
    assert known + known == Usage(2, 20, 10, 1.0)
    assert (known + unknown).cost is None
    assert (known + unknown).tokens == 17


def test_a_recorded_error_of_somebody_elses_code_says_its_name(tmp_path: Path) -> None:
    class Odd(Exception):
        pass

    path = tmp_path / "run.jsonl"
    with pytest.raises(Odd):
        Controller(ScriptedLLM([Odd("strange")])).run(chain(1), trace=path)
    with pytest.raises(TraceError, match=r"recorded .*Odd: strange"):
        Trace.load(path).replay(chain(1))
    with pytest.raises(OutOfReplies):
        Controller(ScriptedLLM([])).run(chain(1), trace=path)


class Mine(Exception):
    """An error of the user's own code, made from its message."""


def tolerant() -> Flow[str]:
    try:
        yield from ask("may fail")
    except Mine as error:
        first = f"caught {error}"
    return first + ", then " + (yield from ask("after")).text


def test_a_caught_error_of_the_users_own_class_is_caught_again_on_resume(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(BackendError):
        Controller(ScriptedLLM([Mine("my own"), BackendError("down")])).run(tolerant(), trace=path)
    assert Controller(ScriptedLLM(["done"])).run(tolerant(), trace=path).value == "caught my own, then done"


@pytest.mark.parametrize(
    "error",
    [
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        OSError(5, "broken"),
        KeyError("k"),
        ExceptionGroup("g", [ValueError()]),
    ],
)
def test_any_error_leaves_a_trace_that_can_be_read(error: Exception, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(type(error)):
        Controller(ScriptedLLM([error])).run(chain(1), trace=path)
    assert Controller(ScriptedLLM(["fine"])).run(chain(1), trace=path).value == "fine"
