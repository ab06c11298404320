"""Planning the chapters of a story: near ones beat by beat, far ones in a line. One call.

The paper plans one paragraph ahead; people who write books want to see further, and to change what they see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memagent.errors import UsageProblem
from memagent.flow import Flow
from memagent.methods.recurrent import Settings, ask_for
from memagent.methods.recurrent_around import NOTHING, Around
from memagent.prompts import fill
from memagent.structured import Unreadable, json_object

NEAR = 3
"""Chapters from the first one planned on that get several beats."""


@dataclass(frozen=True, slots=True)
class ChapterPlan:
    """A planned chapter: its title, and what happens in it, beat by beat."""

    title: str
    beats: tuple[str, ...]


def plan(
    premise: str,
    *,
    first: int,
    last: int,
    total: int,
    planned: str = "",
    memory: str = "",
    attempt: int = 0,
    settings: Settings = Settings(),  # noqa: B008
    around: Around = NOTHING,
) -> Flow[list[ChapterPlan]]:
    """Return plans for the chapters `first` to `last` of `total`. One call.

    Args:
        premise: what the story is about.
        first: the first of them, from 1.
        last: the last of them.
        total: how many the whole story is to have.
        planned: the chapters before and behind, as text.
        memory: the short memory, once there is one.
        attempt: another number gives other plans where the backend has a seed.
        settings: how the story is told.
        around: what the writer adds to prompts; its style is shown.

    Raises:
        UsageProblem: the premise is empty, or the numbers are no chapters.
        ReplyError: no reply could be read.
    """
    if not premise.strip():
        raise UsageProblem("the premise is empty", hint="Say in a sentence or two what the story is about.")
    if not 1 <= first <= last <= total:
        raise UsageProblem(f"there are no chapters {first} to {last} of {total}", hint="Count from 1.")
    count = last - first + 1
    messages = fill(
        "recurrent/plan",
        before=around.before,
        premise=premise.strip(),
        genre=settings.genre,
        language=settings.language,
        first=str(first),
        last=str(last),
        total=str(total),
        count=str(count),
        detailed=str(min(last, first + NEAR - 1)),
        planned=planned.strip() or "(none)",
        memory=memory or "(nothing yet)",
    )
    like = "begin" if not memory and not attempt else ""
    number = 0 if like else 1000 * attempt + first
    return (yield from ask_for(messages, lambda text: read_plan(text, count), "plan", settings, number, like))


def read_plan(text: str, count: int) -> list[ChapterPlan]:
    """Read the chapters of a reply; more than were asked for are cut off. Raises `Unreadable` for fewer."""
    fields = json_object(text)
    chapters = fields.get("chapters")
    if not isinstance(chapters, Sequence) or isinstance(chapters, str):
        raise Unreadable('"chapters" must be a list of chapters')
    found = [plan for one in chapters if (plan := _chapter(one)) is not None]
    if len(found) < count:
        raise Unreadable(f'"chapters" must hold {count} chapters with a title and beats, it holds {len(found)}')
    return found[:count]


def _chapter(one: object) -> ChapterPlan | None:
    if not isinstance(one, Mapping):
        return None
    title, beats = one.get("title"), one.get("beats")
    if isinstance(beats, str):
        beats = [beats]
    if not isinstance(title, str) or not title.strip() or not isinstance(beats, Sequence):
        return None
    lines = tuple(" ".join(beat.split()) for beat in beats if isinstance(beat, str) and beat.strip())
    return ChapterPlan(" ".join(title.split()), lines) if lines else None
