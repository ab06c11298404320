"""Revising one paragraph of a story by RecurrentGPT, and bringing its short memory up to the change.

The paper has no revision; a person who steers needs one. One call rewrites, one more corrects the notes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from memagent.errors import UsageProblem
from memagent.flow import Flow
from memagent.methods.recurrent import Settings, ask_for, within_limits
from memagent.methods.recurrent_around import NOTHING, Around
from memagent.methods.recurrent_reply import read_memory, read_rewrite
from memagent.prompts import fill, tagged


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph to revise: its number, its text, those before and behind it (empty where there are none)."""

    number: int
    text: str
    previous: str = ""
    following: str = ""


def rewrite(
    passage: Passage,
    wish: str,
    memory: str,
    *,
    fresh: bool = False,
    attempt: int = 0,
    settings: Settings = Settings(),  # noqa: B008
    around: Around = NOTHING,
) -> Flow[str]:
    """Return a paragraph revised as wished. One call.

    Args:
        passage: the paragraph and its neighbours.
        wish: what is to be different, in plain words.
        memory: the short memory.
        fresh: write it anew, without showing how it was.
        attempt: another number gives another text where the backend has a seed.
        settings: how the story is told.
        around: what the writer adds to prompts.

    Raises:
        UsageProblem: the wish is empty.
        ReplyError: no reply could be read.
    """
    if not wish.strip():
        raise UsageProblem("nothing is said about how to revise it", hint="Say in a few words what is to be different.")
    draft = "" if fresh else f"\nThe paragraph as it is:\n{tagged('paragraph', passage.text, 'wish')}\n"
    messages = fill(
        "recurrent/rewrite",
        before=around.before,
        after=around.after,
        memory=memory,
        previous=passage.previous or "(it is the first)",
        draft=draft,
        following=passage.following or "(it is the newest)",
        wish=wish.strip(),
        language=settings.language,
    )
    seed = random.Random(f"{settings.seed}:{attempt}").randrange(2**31)
    text: str = yield from ask_for(messages, read_rewrite, "rewrite", replace(settings, seed=seed), passage.number)
    return text


def refresh(memory: str, before: str, now: str, *, number: int, settings: Settings = Settings()) -> Flow[str]:  # noqa: B008
    """Return the short memory, within its limits, after a paragraph was changed. One call, two if it grew too long.

    Raises `ReplyError` when no reply could be read.
    """
    messages = fill(
        "recurrent/refresh",
        memory=memory,
        draft=before,
        paragraph=now,
        language=settings.language,
        sentences=str(settings.memory_sentences),
        memory_words=str(settings.memory_words),
    )
    fresh: str = yield from ask_for(messages, read_memory, "refresh", settings, number)
    return (yield from within_limits(fresh, settings=settings, number=number))
