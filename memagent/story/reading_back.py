"""The short memory and the plans of a story that is there already: a model reads its last part, piece by piece.

Each piece that was read is a step of the log. A piece that was paid for is not paid for again, wherever a run is
killed: it is in the log, or in the trace of its call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from memagent.controller import Controller
from memagent.errors import StoryError
from memagent.methods.recurrent_follow import follow
from memagent.story.book import Story
from memagent.story.config import StoryConfig
from memagent.story.log import event
from memagent.story.record import StoryRecord
from memagent.story.running import recorded, trace_named
from memagent.story.spending import used
from memagent.story.tokens import about
from memagent.story.writing import words
from memagent.types import Usage

WORDS = 8_000
"""How many words from the end are read where nothing else is asked; of scripts without blanks, characters."""

_PIECE = 1_500  # words of a piece, about
_PROMPT = 330  # tokens of the instructions
_PLANS = 200  # tokens of three plans


@dataclass(frozen=True, slots=True)
class Piece:
    """Some paragraphs in a row, by their numbers."""

    first: int
    last: int


def pieces(paragraphs: Sequence[str], asked: int = WORDS) -> list[Piece]:
    """Return the pieces of the last `asked` words of a story, in order; at least its newest paragraph."""
    found: list[Piece] = []
    last = len(paragraphs)
    left = asked
    while last and (left > 0 or not found):
        first, have = last, words(paragraphs[last - 1 : last])
        while first > 1 and have < min(_PIECE, left) and have + words(paragraphs[first - 2 : first - 1]) <= 2 * _PIECE:
            first -= 1
            have += words(paragraphs[first - 1 : first])
        found.append(Piece(first, last))
        left, last = left - have, first - 1
    return found[::-1]


def known(record: StoryRecord) -> int:
    """How many of the first paragraphs the short memory knows already, where all others have come behind them; else 0.

    So it is in a branch that ends where a model had read a part only.
    """
    before, state = record.remembered, record.state
    if not before or state is None or not state.memory or len(before) >= len(record.paragraphs):
        return 0
    return len(before) if record.paragraphs[: len(before)] == before else 0


def estimated(config: StoryConfig, paragraphs: Sequence[str], asked: int = WORDS) -> Usage:
    """Return what reading these is likely to use: calls and tokens; the cost is left open."""
    memory = round(1.35 * config.memory_words)
    found = pieces(paragraphs, asked)
    shown = sum(about(text) for text in paragraphs[found[0].first - 1 :]) if found else 0
    return Usage(len(found), shown + len(found) * (_PROMPT + memory), len(found) * (memory + _PLANS), None, True)


def read_back(
    story: Story,
    controller: Controller,
    asked: int = WORDS,
    *,
    on_read: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Let the model read the last `asked` words; the story then has a short memory and plans. One call a piece.

    Call it inside `editing`. A run that was killed or stopped goes on: what is read already is not read again. Where
    the short memory holds something, the reader begins from it, and what it knows is not read again (see `known`).
    Return how many pieces were read now.

    Args:
        story: the story.
        controller: who reads.
        asked: how many words from the end.
        on_read: hears after each piece how many are read, and how many there are.

    Raises:
        StoryError: the story has not begun.
        ReplyError, BackendError, BudgetExceeded: as the controller raises them; what was read so far stays.
    """
    texts = story.record.paragraphs
    if not texts:
        raise StoryError("the story has not begun", hint="There is nothing to read yet.")
    at = known(story.record)
    found = [Piece(at + one.first, at + one.last) for one in pieces(texts[at:], asked)]
    done = _done(story, found)
    for number, piece in enumerate(found[done:], done + 1):
        assert story.state is not None
        passage = "\n\n".join(texts[piece.first - 1 : piece.last])
        flow = follow(story.state.memory, passage, number=piece.last, settings=story.config.settings)
        begun = sum(one["type"] == "read" for one in story.log.events)
        path = trace_named(story, f"read-{begun:04d}-{piece.last:06d}")
        stays, again = "What was read so far stays.", "Try again, or use another model."
        result = recorded(story, controller, flow, path, of="read", kept=stays, try_again=again)
        memory, plans = result.value.memory, list(result.value.plans)
        fields = {"memory": memory, "plans": plans, "done": number == len(found), **used(result, controller)}
        story.commit(event("read", first=piece.first, last=piece.last, of=len(texts), **fields))
        on_read(number, len(found))
    return len(found) - done


def _done(story: Story, found: Sequence[Piece]) -> int:
    """How many pieces a run that did not come to its end has read already: the newest steps of the log."""
    steps = story.record.done
    read = []
    for step in reversed(steps):
        if step["type"] in ("memory", "long"):
            continue  # a person's edits in between
        if step["type"] != "read" or step["done"] or step["of"] != len(story.record.paragraphs):
            break
        read.append(Piece(step["first"], step["last"]))
    read = read[::-1]
    return len(read) if read == list(found[: len(read)]) else 0
