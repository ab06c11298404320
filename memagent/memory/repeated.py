"""What an assistant said that repeats something which is to go: `What is my sister called?`, `Quuxzorb.`

Whoever forgets a turn means what it tells, and that an answer may have told since. No record says what an answer was
made from, nor could it for answers that were imported; so it is told by the words. An answer that was given later
repeats a text if it has a word that nobody but that text has told the memory, and this word is a name, a number or a
good part of the answer; likewise if it was asked in words of the text, and has others of them. It does too if half of
the answer's words, and two at least, are those of the text. Words are compared
as a search compares them, in any script; of scripts without spaces, pairs of characters. Questions tell nothing.

So an answer in other words (`the city by the Tagus`) is not found, and neither is a text of the user that says the same
again: that is his own, and named rather than taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from memagent.memory.idle_turns import asks_only
from memagent.stores.base import Database, Row, Writer
from memagent.stores.items import HAPPENED, LIVE, pages
from memagent.stores.removal import ANSWERS, RETIRED, answers_to
from memagent.stores.scoping import marks, visible
from memagent.terms import UNSPACED, fold, pieces, terms
from memagent.types import Scope

ANSWER = "it answers a turn that goes"
REPEATS = "an answer that repeats what goes"
SAYS_TOO = "it has words of what goes"

_MOST = 2000  # words of a text that are looked at
_FEW = 3  # texts that have a name, beyond which it tells of none of them
_UNSPACED = re.compile(f"[{UNSPACED}]")
_BEGINS = re.compile(r"(?:^|[.!?。！？\n])\W*(\w+)")


@dataclass(frozen=True, slots=True)
class Repeated:
    """What goes along with something, as rows of `items`, and what has words of it and stays, by id; each with why."""

    rows: list[Row] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


class _Text(NamedTuple):
    row: Row
    words: frozenset[str]
    names: frozenset[str]


def repeated(reader: Database | Writer, scope: Scope, rows: Sequence[Row], which: str = "1 = 1") -> Repeated:
    """Return what an assistant said that answers or repeats passages which are to go.

    Args:
        reader: where to look.
        scope: whose; what is said in sessions that it does not see is not looked at.
        rows: what is to go, as rows of `items`; only its passages count, and of these not what an assistant said.
        which: what is looked at, as a condition on `items`: all that is live, or all.
    """
    going = {row["rid"] for row in rows}
    said = _texts(reader, scope, "1 = 1", sorted(going))
    gone = [_text(row) for row in said if row["role"] != "assistant"]
    if not gone:
        return Repeated()
    with_them = [row for row in answers_to(reader, scope, rows) if which == "1 = 1" or row["retired_at"] is None]
    found = Repeated(list(with_them), {row["id"]: ANSWER for row in with_them})
    going |= {row["rid"] for row in with_them}
    wanted = {word for text in gone for word in text.words}
    near = [row for row in _texts(reader, scope, which) if row["rid"] not in going and _has_any(row["text"], wanted)]
    others = [_text(row) for row in near if row["role"] != "assistant"]
    told = Counter(word for one in others if not asks_only(one.row["text"]) for word in one.words & wanted)
    answers = [_text(row) for row in near if row["role"] == "assistant"]
    questions = {one.row["id"]: one.words for one in others}
    for answer in answers:
        asked = questions.get(answer.row["asked"], frozenset())
        if any(_repeats(answer, text, told.keys(), asked) for text in gone):
            found.rows.append(answer.row)
            found.why[answer.row["id"]] = REPEATS
    has = Counter(word for one in (*others, *answers) for word in one.words & wanted)
    rare = {word for word, count in has.items() if count <= _FEW}
    for one in (*others, *answers):
        if one.row["id"] not in found.why and any(_says_too(one, text, rare) for text in gone):
            found.left[one.row["id"]] = SAYS_TOO
    return found


def hidden_along(reader: Database | Writer, scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """Return what an assistant said that was hidden in the same moment as any of these, and is none of these."""
    known, times = {row["rid"] for row in rows}, sorted({row["retired_at"] for row in rows if row["kind"] == "passage"})
    found = _texts(reader, scope, RETIRED) if times else []
    return [
        row for row in found if row["role"] == "assistant" and row["retired_at"] in times and row["rid"] not in known
    ]


def _repeats(answer: _Text, text: _Text, told: Collection[str], asked: frozenset[str]) -> bool:
    """Whether an answer repeats a text, given the words that others have told as well, and those it was asked in."""
    both = answer.words & text.words
    if not both or answer.row["said"] < text.row["said"]:
        return False
    alone = both.difference(asked if asked & text.words else told)
    if alone & (text.names | answer.names) or (alone and 3 * len(both) >= len(answer.words)):
        return True
    return len(both) > 1 and 2 * len(both) >= len(answer.words)


def _says_too(one: _Text, text: _Text, rare: Collection[str]) -> bool:
    """Whether what stays has a rare name of a text, or half of its words."""
    both = one.words & text.words
    return bool(both & text.names & set(rare)) or (len(both) > 1 and 2 * len(both) >= len(text.words))


def _texts(reader: Database | Writer, scope: Scope, which: str, rids: Sequence[int] | None = None) -> list[Row]:
    """The passages that a scope sees, with their texts, roles and times; those of `rids`, or all."""
    condition, params = visible(scope)
    sql = f"""SELECT items.*, passages.text, json_extract(passages.metadata, '$.role') AS role, {HAPPENED} AS said,
                     json_extract(passages.metadata, '$.{ANSWERS}') AS asked
              FROM items JOIN passages ON passages.rid = items.rid
              WHERE items.kind = 'passage' AND {condition} AND {which.replace(LIVE, "items.retired_at IS NULL")}"""
    if rids is None:
        return reader.read(sql, params)
    return [
        row for some in pages(rids) for row in reader.read(f"{sql} AND items.rid IN ({marks(some)})", [*params, *some])
    ]


def _text(row: Row) -> _Text:
    words = frozenset("".join(term) for term in terms(row["text"], limit=_MOST))
    return _Text(row, words, _names(row["text"], words))


def _names(text: str, words: Iterable[str]) -> frozenset[str]:
    """The words of a text that are written like names or numbers, and pairs of scripts that mark no names."""
    begins = set(_BEGINS.findall(text))
    marked = {
        fold(piece)
        for piece in pieces(text)
        if any(map(str.isdigit, piece)) or (piece[:1].isupper() and (piece not in begins or text.count(piece) > 1))
    }
    return frozenset(word for word in words if word in marked or _UNSPACED.search(word))


def _has_any(text: str, words: Collection[str]) -> bool:
    folded = fold(text)
    return any(word in folded for word in words)


__all__ = ["ANSWER", "REPEATS", "SAYS_TOO", "Repeated", "hidden_along", "repeated"]
