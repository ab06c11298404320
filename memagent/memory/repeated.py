"""What an assistant said that repeats something which is to go: `What is my sister called?`, `Quuxzorb.`

Whoever forgets a turn means what it tells, and that an answer may have told since. No record says what an answer was
made from, nor could it for answers that were imported; so it is told by the words, and of two mistakes the smaller is
chosen: an answer that only might be one is named, and stays. One is taken that was given later, and

- was asked in words of the turn, or in the first person (`Which city am I in?`), and has others of the turn's words: a
  name, a number, or a third of the answer;
- or most of whose words, and two at least, are those of the turn, with a name among them that nobody else has told; of
  one that was imported without its question, all.

Words are compared as a search compares them, in any script; of scripts without spaces, pairs of characters, of which it
takes two. A number of one or two figures is no name, for lists are full of them. Questions tell nothing.

What has a rare word of the turn is named: a text of the user that says the same again is his own, and so is what an
answer says in passing. An answer in other words (`the city by the Tagus`) is not found. Only what was said takes
answers along: of a note or document that goes, nobody can say who has read it since.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from memagent.gate.languages import first_person
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
_MANY = 20  # texts that have a word, or are alike, beyond which neither tells of one
_QUESTION = 300  # characters of a question that are looked at
_LONG = 6  # letters of a word that may be as telling as a name
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
        rows: what is to go, as rows of `items`. Of its passages, what users said counts; to what an assistant said,
            what has words of it is named.
        which: what is looked at, as a condition on `items`: all that is live, or all.
    """
    going = {row["rid"] for row in rows}
    gone = [_text(row) for row in _texts(reader, scope, "1 = 1", sorted(going)) if row["role"]]
    with_them = [row for row in answers_to(reader, scope, rows) if which == "1 = 1" or row["retired_at"] is None]
    found = Repeated(list(with_them), {row["id"]: ANSWER for row in with_them})
    if not gone:
        return found
    going |= {row["rid"] for row in with_them}
    words = _Words(gone)
    rest = [row for row in _texts(reader, scope, which) if row["rid"] not in going]
    near = [row for row in rest if _has_any(row["text"], words.all)]
    others = [_text(row) for row in near if row["role"] != "assistant"]
    told = {word for one in others if not asks_only(one.row["text"]) for word in one.words & words.all}
    answers = [_text(row) for row in near if row["role"] == "assistant"]
    wanted = {answer.row["asked"] for answer in answers}
    questions = {row["id"]: _text(row) for row in rest if row["id"] in wanted}
    for answer in answers:
        asked, some = questions.get(answer.row["asked"]), words.texts_with(answer.words, by="user")
        if any(_repeats(answer, text, told, asked) for text in some):
            found.rows.append(answer.row)
            found.why[answer.row["id"]] = REPEATS
    has = Counter(word for one in (*others, *answers) for word in one.words & words.all)
    rare = {word for word, count in has.items() if count <= _FEW}
    stays = [one for one in (*answers, *others) if one.row["id"] not in found.why and not asks_only(one.row["text"])]
    telling = [one for one in stays if any(_tells_rare(one, text, rare) for text in words.texts_with(one.words))]
    alike = [one for one in stays if any(_is_alike(one, text) for text in words.texts_with(one.words))]
    found.left.update((one.row["id"], SAYS_TOO) for one in (*telling, *(alike if len(alike) <= _MANY else ())))
    return found


class _Words:
    """The texts that go, by their words; a word that very many of them have tells of none."""

    def __init__(self, texts: Iterable[_Text]) -> None:
        self._texts: defaultdict[str, list[_Text]] = defaultdict(list)
        for text in texts:
            for word in text.words:
                self._texts[word].append(text)
        self.all = frozenset(self._texts)

    def texts_with(self, words: frozenset[str], by: str = "") -> list[_Text]:
        """Return the texts that have any of these words, those of one role if one is given."""
        found = [self._texts[word] for word in words & self.all]
        some = {text.row["rid"]: text for texts in found if len(texts) <= _MANY for text in texts}
        return [text for text in some.values() if by in ("", text.row["role"])]


def hidden_along(reader: Database | Writer, scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """Return what an assistant said that was hidden in the same moment as any of these, and is none of these."""
    known, times = {row["rid"] for row in rows}, sorted({row["retired_at"] for row in rows if row["kind"] == "passage"})
    found = _texts(reader, scope, RETIRED) if times else []
    still = _Words(_text(row) for row in found if row["role"] == "user" and row["rid"] not in known)
    back = [
        row for row in found if row["role"] == "assistant" and row["retired_at"] in times and row["rid"] not in known
    ]
    return [row for row in back if not _tells_of(_text(row), still)]


def _tells_of(answer: _Text, hidden: _Words) -> bool:
    """Whether an answer has a name of a turn that stays hidden, so that it would tell of that one too."""
    return any(answer.words & text.names for text in hidden.texts_with(answer.words))


def _repeats(answer: _Text, text: _Text, told: Collection[str], asked: _Text | None) -> bool:
    """Whether an answer repeats a text, given the words that others have told as well, and what it was asked."""
    both = answer.words & text.words
    if not both or answer.row["said"] < text.row["said"]:
        return False
    if asked is not None and (asked.words & text.words or _of_oneself(asked.row["text"])):
        alone = both - asked.words
        return _names_something(alone, text, answer) or 0 < len(answer.words) <= 3 * len(alone)
    alone = both.difference(told)
    whole = answer.row["asked"] is None and answer.words <= text.words  # nobody knows what it was asked
    return _names_something(alone, text, answer) and (whole or (len(both) > 1 and 2 * len(both) > len(answer.words)))


def _of_oneself(question: str) -> bool:
    return first_person([piece.lower() for piece in pieces(question[:_QUESTION])])


def _names_something(words: frozenset[str], text: _Text, answer: _Text) -> bool:
    """Whether words that two texts have in common are a name or a number; of pairs of characters it takes two."""
    pairs = {word for word in words if _UNSPACED.search(word)}
    return len(pairs) > 1 or bool((words - pairs) & (text.names | answer.names))


def _tells_rare(one: _Text, text: _Text, rare: Collection[str]) -> bool:
    """Whether what stays has a rare name of a text, or a rare word of it that is not short."""
    return any(word in text.names or len(word) >= _LONG for word in one.words & text.words & set(rare))


def _is_alike(one: _Text, text: _Text) -> bool:
    """Whether what stays has half of the words of a text; where very many have, that is how somebody talks."""
    both = one.words & text.words
    return len(both) > 1 and 2 * len(both) >= len(text.words)


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
    marked = {fold(piece) for piece in pieces(text) if _is_name(piece, begins, text)}
    return frozenset(word for word in words if word in marked or _UNSPACED.search(word))


def _is_name(piece: str, begins: Collection[str], text: str) -> bool:
    if any(map(str.isdigit, piece)):
        return len(piece) > 2
    return piece[:1].isupper() and (piece not in begins or text.count(piece) > 1)


def _has_any(text: str, words: Collection[str]) -> bool:
    folded = fold(text)
    return any(word in folded for word in words)


__all__ = ["ANSWER", "REPEATS", "SAYS_TOO", "Repeated", "hidden_along", "repeated"]
