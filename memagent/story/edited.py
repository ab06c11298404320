"""What a person has edited since the short memory was made, for the next prompt to carry: the memory follows there.

The short memory is a model's, and only a model or a person can bring it up to an edit. The step that writes the next
paragraph writes the memory anew anyway, so it is shown the edits, at no call more; those first that touch words which
the memory holds, then the newest. Words are compared as `wording` cuts them, in scripts without blanks as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memagent.story.record import StoryRecord
from memagent.story.renumbering import Edits, compared, was
from memagent.story.tokens import about
from memagent.story.wording import words

ROOM = 800
"""About how many tokens of a prompt the edits take."""
_LONGEST = 700  # characters of a text that is shown


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit: the number of the paragraph, its text before and now; empty where there was or is none."""

    number: int
    before: str
    now: str

    @property
    def line(self) -> str:
        """How a prompt shows it."""
        if not self.now:
            return f"taken out: {_cut(self.before)}"
        if not self.before:
            return f"¶{self.number}, new: {_cut(self.now)}"
        before, now = _different(self.before, self.now)
        return f"¶{self.number} was: {_cut(before)}\n¶{self.number} is: {_cut(now)}"


def edits(record: StoryRecord) -> list[Edit]:
    """Return the edits that the short memory does not know of, those first that touch it, then the newest."""
    if record.remembered is None or record.state is None:
        return []
    held = {word.text for word in words(record.state.memory)}
    found = list(_all(compared(record.remembered, record.paragraphs), record.remembered, record.paragraphs))
    return sorted(found, key=lambda one: (not _touches(one, held), -one.number))


def shown(record: StoryRecord) -> str:
    """Return what the next prompt shows of the edits; empty where the short memory knows of all."""
    room, lines, left = ROOM, [], 0
    for one in edits(record):
        if (tokens := about(one.line)) <= room:
            room -= tokens
            lines.append(one.line)
        else:
            left += 1
    return "\n".join(lines + [f"({left} more)"] * bool(left and lines))


def _all(found: Edits, before: Sequence[str], now: Sequence[str]) -> Iterator[Edit]:
    old = was(found.runs)
    yield from (Edit(number, before[old[number] - 1], now[number - 1]) for number in found.changed)
    yield from (Edit(number, "", now[number - 1]) for number in found.added)
    yield from (Edit(number, before[number - 1], "") for number in found.removed)


def _touches(edit: Edit, held: set[str]) -> bool:
    """Whether the memory holds a word that the edit has taken out."""
    return bool(({word.text for word in words(edit.before)} - {word.text for word in words(edit.now)}) & held)


def _different(before: str, now: str) -> tuple[str, str]:
    """Cut off what two texts begin and end with alike, up to whole words."""
    old, new = before.split(), now.split()
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    start, end = max(0, start - 8), max(0, end - 8)  # some words round it, to know what it is about
    return _part(old, start, len(old) - end), _part(new, start, len(new) - end)


def _part(text: list[str], start: int, end: int) -> str:
    return " ".join(["…"] * bool(start) + text[start:end] + ["…"] * (end < len(text)))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST].rstrip() + " …"
