"""A trace is the record of a run: what was asked, what was answered, how long it took and what it cost.

Written as JSON lines while the run goes, one line a step, so that a killed run loses at most the step it was in. The
same file answers those steps again: to resume a run (`Controller.run(flow, trace=path)`), or to replay it with no
backend at all (`Trace.load(path).replay(flow)`).

When a run is resumed and the flow asks something else than was recorded (a person edited the memory in between), the
recorded answers from there on no longer hold: a `cut` line says so, and the run goes on live. A `lost` line says what a
call cost that came to nothing, and an `asked` line what one costs at least that is made now: where no line behind it
says what came of it, the process was killed in the call.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, TypeVar

from memagent import errors, files
from memagent.errors import MemagentError, TraceError
from memagent.flow import (
    AskTime,
    CountOutcome,
    Execute,
    FindRationales,
    Flow,
    Forget,
    Generate,
    Inquire,
    KeepRationales,
    Path,
    ReadPassages,
    ReadTriples,
    ReadTurns,
    Rejudge,
    Remember,
    Retrieve,
    Say,
    Step,
    Tell,
    TriedBefore,
    WriteTriples,
    arun,
    run,
)
from memagent.shown import Shown
from memagent.triples import Learnt, Reading
from memagent.types import Completion, Execution, Hit, Passage, Rationale, Talk, Usage

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
VERSION = 1
_HEADER = json.dumps({"memagent_trace": VERSION}).encode() + b"\n"
_KINDS: dict[str, tuple[type, Any]] = {  # the steps, and what answers them
    "generate": (Generate, Completion),
    "retrieve": (Retrieve, list[Hit]),
    "remember": (Remember, list[str]),
    "read_turns": (ReadTurns, Talk),
    "read_passages": (ReadPassages, list[Passage]),
    "forget": (Forget, int),
    "execute": (Execute, Execution),
    "find_rationales": (FindRationales, list[Rationale]),
    "keep_rationales": (KeepRationales, list[str]),
    "tried_before": (TriedBefore, list[Rationale]),
    "rejudge": (Rejudge, list[str]),
    "count_outcome": (CountOutcome, int),
    "read_triples": (ReadTriples, Reading),
    "write_triples": (WriteTriples, Learnt),
    "inquire": (Inquire, list[str]),
    "ask_time": (AskTime, datetime),
    "say": (Say, None),
    "tell": (Tell, None),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One answered step: its path, the step, the answer or the error, and the seconds it took."""

    path: Path
    step: Step
    answer: Any = None
    error: Exception | None = None
    seconds: float = 0.0

    @property
    def usage(self) -> Usage:
        """What the step cost; nothing for steps that call no model."""
        return self.answer.usage if isinstance(self.answer, Completion) else Usage()


class Trace(Shown):
    """The records of one run, in the order in which they were answered; kept in a file when it is given a path.

    Two traces are equal when the same steps had the same answers; seconds do not count. The records hold what was said,
    secrets too. `mask`, where it is set, takes them out of what `save` writes; it is given JSON data and returns it. A
    file that is written while the run goes is not masked: a run that goes on from it must ask the same again.
    """

    def __init__(self, path: str | FilePath | None = None) -> None:
        """Start a trace, or go on with the one in the file `path`. A torn last line, left by a kill, is cut off."""
        self.path = FilePath(path) if path is not None else None
        self.mask: Callable[[Any], Any] | None = None
        self._records: dict[Path, Record] = {}
        self._replayed: set[Path] = set()
        self._lost = Usage()
        self._asked: dict[Path, Usage] = {}
        self._lock = threading.Lock()
        if self.path is not None and self.path.exists():
            self._read(self.path, repair=True)

    @classmethod
    def load(cls, path: str | FilePath) -> Trace:
        """Read a trace without keeping it open for writing. Raises `TraceError` when the file is not a trace."""
        source = FilePath(path)
        if not source.is_file():
            raise TraceError(f"there is no trace {str(source)!r}")
        trace = cls()
        trace._read(source, repair=False)
        return trace

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trace) and self._comparable() == other._comparable()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        usage = self.usage
        return f"<Trace: {len(self)} steps, {usage.calls} calls, {usage.tokens} tokens>"

    @property
    def usage(self) -> Usage:
        """What the whole run cost: replayed steps, and calls that came to nothing, included."""
        return sum((record.usage for record in self), self.wasted)

    @property
    def wasted(self) -> Usage:
        """What calls cost that came to nothing: they broke off, a limit cut them, or nobody wants their answers now."""
        return self._lost

    def asked(self, path: Path, usage: Usage) -> None:
        """Note that a call is made now that costs this at least; what comes of it is told by `add` or `lost`."""
        with self._lock:
            self._open(path, usage)
            self._append(json.dumps({"asked": list(path), "usage": asdict(usage)}), sync=False)

    def lost(self, usage: Usage, path: Path = ()) -> None:
        """Count a call that was paid for and came to nothing: it broke off, or a limit cut its reply."""
        with self._lock:
            self._lost += usage
            self._asked.pop(path, None)
            self._append(json.dumps({"lost": asdict(usage), "path": list(path)}), sync=True)

    def add(self, record: Record) -> None:
        """Append a record; when this returns and the trace has a file, a model's reply is on disk."""
        with self._lock:
            self._records[record.path] = record
            self._asked.pop(record.path, None)
            self._replayed.discard(record.path)
            self._append(_line(record), sync=isinstance(record.step, Generate))

    def recall(self, path: Path, step: Step) -> Record | None:
        """Return the record that answers this step, if there is one that still holds.

        An error is recalled only if the run went on after it; an error that ended the run is tried again.
        """
        with self._lock:
            record = self._records.get(path)
            if record is None:
                return None
            if _plain(record.step) != _plain(step):
                self._cut(path)
                return None
            if record.error is not None and not any(_after(later, path) for later in self._records):
                return None
            self._replayed.add(path)
            return record

    def was_replayed(self, path: Path) -> bool:
        """Whether the step at `path` was answered from this trace, and cost nothing, since it was opened."""
        return path in self._replayed

    def as_json(self) -> list[dict[str, Any]]:
        """Return the records as JSON data: path, kind, step, answer or error, and seconds, each."""
        return [json.loads(_line(record)) for record in self]

    def save(self, path: str | FilePath) -> None:
        """Write all records to a file of their own, without secrets where `mask` takes them out."""
        lines = [self._masked(_line(record)) for record in self]
        if self._lost.calls:
            lines.append(json.dumps({"lost": asdict(self._lost)}))
        files.replace(FilePath(path), _HEADER.decode() + "".join(f"{line}\n" for line in lines))

    def _masked(self, line: str) -> str:
        return line if self.mask is None else json.dumps(self.mask(json.loads(line)), ensure_ascii=False)

    def replay(self, flow: Flow[T]) -> T:
        """Drive a flow with the recorded answers alone. Raises `TraceError` where it asks anything else."""
        return run(flow, self._recorded)

    async def areplay(self, flow: Flow[T]) -> T:
        """Like `replay`, on an event loop."""

        async def answer(step: Step, path: Path) -> Any:
            return self._recorded(step, path)

        return await arun(flow, answer)

    def _recorded(self, step: Step, path: Path) -> Any:
        record = self._records.get(path)
        if record is None:
            raise TraceError(f"the recorded run has no step {_dotted(path)}, where {_kind(step)} is asked for")
        if _plain(record.step) != _plain(step):
            raise TraceError(
                f"step {_dotted(path)} asks something else than was recorded: {_difference(record.step, step)}",
                hint="Replay with the arguments, the prompts and the version of the recorded run.",
            )
        if record.error is not None:
            raise record.error
        return record.answer

    def _comparable(self) -> list[tuple[Path, Any, Any]]:
        rows = [(r.path, _plain(r.step), str(r.error) if r.error else _encode(_kind(r.step), r.answer)) for r in self]
        return sorted(rows, key=lambda row: row[0])

    def _cut(self, path: Path) -> None:
        self._drop(path)
        self._append(json.dumps({"cut": list(path)}), sync=False)

    def _open(self, path: Path, usage: Usage) -> None:
        self._lost += self._asked.pop(path, Usage())
        self._asked[path] = usage

    def _drop(self, path: Path) -> None:
        """Let a record go, with those that hang on it; what they cost was paid all the same."""
        gone = [record.usage for at, record in self._records.items() if at == path or _after(at, path)]
        self._lost = sum(gone, self._lost)
        self._records = {p: r for p, r in self._records.items() if p != path and not _after(p, path)}

    def _append(self, line: str, *, sync: bool) -> None:
        if self.path is None:
            return
        new = not self.path.exists() or not self.path.stat().st_size
        files.append(self.path, f"{_HEADER.decode() if new else ''}{line}\n", sync=sync)

    def _read(self, path: FilePath, *, repair: bool) -> None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TraceError(f"the trace {str(path)!r} cannot be read: {error.strerror}") from error
        whole = data.rfind(b"\n") + 1
        lines = data[:whole].split(b"\n")[:-1]
        if lines:
            self._check_version(path, lines[0])
        elif not _HEADER.startswith(data):
            raise TraceError(f"{str(path)!r} is not a trace of memagent; it was not touched")
        for number, line in enumerate(lines[1:], 2):
            try:
                self._take(json.loads(line.decode("utf-8", errors="surrogatepass")))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise TraceError(f"line {number} of {str(path)!r} is not a trace record: {error}") from error
        self._lost, self._asked = sum(self._asked.values(), self._lost), {}  # a kill has ended these calls
        if repair and whole < len(data):
            os.truncate(path, whole)

    def _check_version(self, path: FilePath, line: bytes) -> None:
        try:
            version = json.loads(line)["memagent_trace"]
        except (ValueError, KeyError, TypeError) as error:
            raise TraceError(f"{str(path)!r} is not a trace of memagent; it was not touched") from error
        if version != VERSION:
            raise TraceError(f"{str(path)!r} has trace format {version}, this is {VERSION}", hint="Update memagent.")

    def _take(self, data: dict[str, Any]) -> None:
        if "cut" in data:
            self._drop(tuple(data["cut"]))
            return
        if "asked" in data:
            self._open(tuple(data["asked"]), Usage(**data["usage"]))
            return
        if "lost" in data:
            self._lost += Usage(**data["lost"])
            self._asked.pop(tuple(data.get("path", ())), None)
            return
        kind = data["kind"]
        record = Record(
            path=tuple(data["path"]),
            step=_adapter(kind, "step").validate_python(data["step"]),
            answer=None if "error" in data else _adapter(kind, "answer").validate_python(data["answer"]),
            error=_error(data["error"]) if "error" in data else None,
            seconds=data["seconds"],
        )
        self._records[record.path] = record
        self._asked.pop(record.path, None)


def _after(path: Path, other: Path) -> bool:
    """Whether the step at `path` was asked after, and therefore may depend on, the one at `other`.

    Even positions of a path count steps, odd ones branches, and branches do not depend on each other.
    """
    for position, (mine, theirs) in enumerate(zip(path, other, strict=False)):
        if mine != theirs:
            return position % 2 == 0 and mine > theirs
    return len(path) > len(other)


@cache
def _adapter(kind: str, part: str) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    step, answer = _KINDS[kind]
    return TypeAdapter(step if part == "step" else answer)


def _kind(step: Step) -> str:
    for name, (cls, _) in _KINDS.items():
        if isinstance(step, cls):
            return name
    raise TypeError(f"a trace has no place for {type(step).__name__}")


def _plain(step: Step) -> Any:
    return _adapter(_kind(step), "step").dump_python(step, mode="json")


def _encode(kind: str, answer: Any) -> Any:
    return _adapter(kind, "answer").dump_python(answer, mode="json")


def _line(record: Record) -> str:
    kind = _kind(record.step)
    data: dict[str, Any] = {"path": record.path, "kind": kind, "step": _plain(record.step)}
    if record.error is not None:
        data["error"] = _plain_error(record.error)
    else:
        data["answer"] = _encode(kind, record.answer)
    data["seconds"] = round(record.seconds, 6)
    return json.dumps(data, ensure_ascii=False)


def _plain_error(error: Exception) -> dict[str, Any]:
    kind = type(error)
    if isinstance(error, MemagentError) and hasattr(errors, kind.__name__):
        extra = {name: getattr(error, name) for name in ("reply", "retryable") if hasattr(error, name)}
        said = {"said": error.said} if error.said else {}
        return {"type": kind.__name__, "message": error.message, "hint": error.hint, **extra, **said}
    return {"type": kind.__qualname__, "module": kind.__module__, "message": str(error)}


def _error(data: dict[str, Any]) -> Exception:
    """Rebuild a recorded error: one of ours, or of a class that is loaded and made from its message alone.

    Any other comes back as a `TraceError` that names it.
    """
    fields = dict(data)
    name, message, said = fields.pop("type"), fields.pop("message"), fields.pop("said", "")
    if "module" not in fields:
        ours: Callable[..., MemagentError] = getattr(errors, name)
        error = ours(message, **fields)
        error.said = said
        return error
    found: Any = sys.modules.get(fields["module"])
    for part in name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, Exception):
        try:
            return found(message)
        except TypeError:
            pass  # it is made from more than a message
    return TraceError(f"recorded {name}: {message}")


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _difference(recorded: Step, asked: Step) -> str:
    if _kind(recorded) != _kind(asked):
        return f"{_kind(recorded)} was recorded, {_kind(asked)} is asked for"
    before, now = json.dumps(_plain(recorded), ensure_ascii=False), json.dumps(_plain(asked), ensure_ascii=False)
    same = next((i for i, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), min(len(before), len(now)))
    start = max(0, same - 30)
    return f"recorded «{before[start : same + 50]}», asked «{now[start : same + 50]}»"
