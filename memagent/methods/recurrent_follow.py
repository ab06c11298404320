"""Reading a story that is there already into the state that RecurrentGPT writes on from: short memory and three plans.

The paper begins every story itself. Here the recurrence runs over text that somebody else has written: what the step
would have written is given, and the model does the rest of the step, the memory and the plans.
"""

from __future__ import annotations

from dataclasses import dataclass

from memagent.errors import UsageProblem
from memagent.flow import Flow
from memagent.methods.recurrent import Settings, ask_for, within_limits
from memagent.methods.recurrent_reply import Followed, read_followed
from memagent.prompts import fill


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader knows behind a part: the short memory, and plans for what could come next."""

    memory: str
    plans: tuple[str, ...]


def follow(memory: str, passage: str, *, number: int, settings: Settings = Settings()) -> Flow[Reading]:  # noqa: B008
    """Read the next part of a story. One call, two if the memory has to be shortened.

    Args:
        memory: the short memory so far; empty at the beginning.
        passage: one paragraph or several, as they stand in the story.
        number: that of the last of them.
        settings: how the story is told.

    Raises:
        UsageProblem: the passage is empty.
        ReplyError: no reply could be read.
    """
    if not passage.strip():
        raise UsageProblem("there is nothing to read", hint="Give a paragraph or more.")
    messages = fill(
        "recurrent/follow",
        memory=memory.strip() or "(nothing yet)",
        passage=passage,
        language=settings.language,
        memory_words=str(settings.memory_words),
    )
    found: Followed = yield from ask_for(messages, read_followed, "follow", settings, number)
    fitting = yield from within_limits(found.memory, settings=settings, number=number)
    return Reading(fitting, found.plans)
