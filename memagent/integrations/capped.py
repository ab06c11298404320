"""What a memory shows to a model, under a limit of tokens: as many entries as have room, long ones in pieces.

Nothing is left out without a word: a text in pieces has marks in it and says how long it is, and how many entries had
no room is told beside the others. Tokens are counted as JSON is written, cautiously; see `chat.counting.cautious`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memagent.chat.counting import cautious
from memagent.errors import UsageProblem
from memagent.integrations.excerpts import excerpt, shares

TOKENS = 4000
"""Tokens of what a tool returns at most, where it is not said."""

LEAST_CAP = 400
"""Tokens: a smaller limit has no room for anything."""

_FIELD = 60  # tokens of a title, a source, a name or a reason
_LEAST = 40  # tokens of a text: an entry that could show no more is left out
_NOTE = 30  # tokens for saying that a text is in pieces


@dataclass(frozen=True, slots=True)
class Capped:
    """Entries that fit.

    Attributes:
        entries: as they are shown, in their order.
        missing: how many had no room.
        cut: how many are shown in pieces.
    """

    entries: list[dict[str, Any]]
    missing: int = 0
    cut: int = 0

    @property
    def left_out(self) -> str:
        """In words, what is not shown; empty where all is."""
        words = [f"{self.missing} more had no room"] if self.missing else []
        words += [f"{self.cut} {'is' if self.cut == 1 else 'are'} shown in pieces"] if self.cut else []
        hint = "Ask for fewer, or in words of the part you look for."
        return f"{', and '.join(words)}. {hint}" if words else ""

    @property
    def told(self) -> dict[str, str]:
        """`left_out` as it stands beside the entries; nothing where all is shown."""
        return {"left_out": self.left_out} if self.left_out else {}


def written(value: Any) -> int:
    """About how many tokens a value has when it is written as JSON."""
    return cautious(json.dumps(value, ensure_ascii=False))


def check_tokens(tokens: object) -> int:
    """Return a limit of tokens.

    Raises:
        UsageProblem: it is no whole number, or has no room for anything.
    """
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < LEAST_CAP:
        raise UsageProblem(
            f"tokens must be a whole number of {LEAST_CAP} or more, got {tokens!r}",
            hint="It limits what a model is shown at once.",
        )
    return tokens


def capped(entries: Sequence[Mapping[str, Any]], query: str, tokens: int, *, every: bool = False) -> Capped:
    """Return entries with their texts in at most so many tokens, written as a list of JSON objects.

    Args:
        entries: best first, each with a `text`; their other values are shortened where they are long.
        query: what is looked for: of long texts, the pieces around its words are shown.
        tokens: for all of them together.
        every: none may be missing, however little of its text is shown.

    Raises:
        UsageProblem: with `every`, if they have no room even without their texts.
    """
    short = [_shortened(entry, query) for entry in entries]
    costs = [written(entry["text"]) for entry in entries]
    bare = [written({**entry, "text": ""}) + 2 for entry in short]
    notes = [_NOTE if cost > _LEAST else 0 for cost in costs]
    least = 0 if every else _LEAST
    room = tokens - _NOTE * 2
    kept, needed = 0, 0
    for cost, around, note in zip(costs, bare, notes, strict=True):
        needed += around + note + min(cost, least)
        if needed > room:
            break
        kept += 1
    if every and kept < len(short):
        raise UsageProblem(
            f"there is no room for {len(short)} entries in {tokens} tokens", hint="Give fewer of them at once."
        )
    left = room - sum(bare[:kept]) - sum(notes[:kept])
    shown = [
        _with_text(entry, query, cost, given)
        for entry, cost, given in zip(short[:kept], costs, shares(costs[:kept], left), strict=False)
    ]
    return Capped(shown, len(short) - kept, sum("left_out" in one for one in shown))


def few(values: Sequence[str], most: int = 5) -> list[str]:
    """Return the first of some values, and in place of the rest how many they are."""
    rest = len(values) - most
    return [*values[:most], f"and {rest:,} more"] if rest > 0 else list(values)


def short(value: str, query: str = "") -> str:
    """Return a value that is no text of its own, such as a title, in pieces where it is long."""
    return excerpt(value, query, _FIELD, written)


def _shortened(entry: Mapping[str, Any], query: str) -> dict[str, Any]:
    return {
        name: short(value, query) if isinstance(value, str) and name not in ("text", "id") else value
        for name, value in entry.items()
    }


def _with_text(entry: dict[str, Any], query: str, cost: int, given: int) -> dict[str, Any]:
    if cost <= given:
        return entry
    text = excerpt(entry["text"], query, given, written)
    return {**entry, "text": text, "left_out": f"shown are about {written(text):,} of {cost:,} tokens"}
