"""Running one transition of a story: recorded, and put aside as a whole where the model's reply cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from memagent import files
from memagent.controller import Controller, Result
from memagent.errors import ReplyError
from memagent.flow import Flow
from memagent.story.book import Story
from memagent.story.paths import HIDDEN
from memagent.story.spending import of_trace
from memagent.trace import Trace

T = TypeVar("T")

_ROW = 3
"""So many replies in a row that are of no use are enough: the next would be paid for in vain too."""


class InVain:
    """Counts replies in a row that are of no use, in a run of many calls."""

    told = "That is enough: the others are not asked for. The same command goes on with them."

    def __init__(self) -> None:
        self._row = 0

    def over(self) -> None:
        """Say that a reply was of use."""
        self._row = 0

    def enough(self) -> bool:
        """Count one that was not; return whether the run should end."""
        self._row += 1
        return self._row >= _ROW


def trace_named(story: Story, name: str) -> Path:
    """Return where a transition of this name is recorded; its folder is there when this returns."""
    path = story.folder / HIDDEN / "runs" / f"{name}.jsonl"
    with files.writing(path):
        path.parent.mkdir(exist_ok=True)
    return path


def recorded(
    story: Story, controller: Controller, flow: Flow[T], path: Path, *, of: str, kept: str, try_again: str
) -> Result[T]:
    """Run a flow with its trace at `path`; the same call goes on where a killed one was.

    Args:
        story: whose flow it is.
        controller: runs it.
        flow: the transition.
        path: its trace.
        of: the kind of event that comes of it.
        kept: what is as it was if the reply cannot be read, in a sentence.
        try_again: what to do then, in a sentence.

    Raises:
        ReplyError: the reply could not be read, or had no end. Trace and reply are put aside, and what they cost is in
            the log.
    """
    trace = Trace(path)
    try:
        return controller.run(flow, trace=trace)
    except ReplyError as error:
        where = put_aside(story, controller, trace, error, of)
        hint = f"{kept} The last reply is kept in {where}. {try_again}"
        raise ReplyError(error.message, reply=error.reply, hint=hint) from error


def put_aside(story: Story, controller: Controller, trace: Trace, error: ReplyError, of: str) -> Path:
    """Put the trace of a transition that failed aside, with its last reply; return where that is.

    What it cost is in the log.
    """
    assert trace.path is not None
    where = story.reject(trace.path, error.reply)
    story.failed({**of_trace(trace, controller), "trace": ""}, of)
    return where
