"""What a message calls to mind: turns and notes, facts, and solved problems, each with who said it and when.

Turns and notes are episodic memory, facts are semantic and rationales procedural. Each is shown as one entry with its
kind in front, so that a model can tell what somebody said from what somebody noted and from how something was solved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log1p
from typing import Literal

from memagent.chat.own_life import is_question, tells, told_by
from memagent.flow import Flow, find_rationales, read_passages, read_turns, retrieve
from memagent.memory.idle_turns import without_idle
from memagent.terms import terms
from memagent.types import Hit, Passage, Rationale, estimate_tokens

Kind = Literal["episodic", "semantic", "procedural"]
KINDS: tuple[Kind, ...] = ("episodic", "semantic", "procedural")

RECALL = "conversation"
"""How turns and notes are searched where nobody says otherwise."""

_SHORT = 6  # tokens; a shorter message is searched together with the one before
_LONGEST_NAME = 60
_LONGEST_QUERY = 4000  # characters
_LOOKED_AT = 32  # hits for the words by which people tell of their own life, of which the newest count
_TOLD_MOST = 4
_ASKED_TOO = 12  # turns that are looked at for the last one that is no question
_TOLD = "found by no word of the question; by those by which people tell what it asks"
_FLOOR, _PART = 0.1, 0.2  # a hit of `conversation` has at least this score, and this part of what the best one counts


@dataclass(frozen=True, slots=True)
class Recalled:
    """One thing that was called to mind.

    Attributes:
        hit: what was found, with its score and why.
        kind: `episodic`, `semantic` or `procedural`.
        label: in words, what it is, who said it, when and where.
        query: what was looked for.
        session: of which conversation it is; empty where that is not known.
        at: when it was said or noted, where that is known.
    """

    hit: Hit
    kind: Kind
    label: str
    query: str
    session: str = ""
    at: datetime | None = None

    @property
    def entry(self) -> str:
        """The memory as a prompt shows it, on lines that no other entry can be mistaken for."""
        return f"({self.label}) " + "\n    ".join(self.hit.text.splitlines())


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of what is called to mind: how many of each kind, and how turns and notes are searched."""

    passages: int = 8
    facts: int = 6
    rationales: int = 2
    using: str = RECALL
    timeout: float | None = 30.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Where something is called to mind: what is said, by which user, in which session, and what is shown already."""

    message: str
    user: str
    session: str
    shown: tuple[str, ...] = ()


def recalled(query: str, wanted: Wanted, here: Setting) -> Flow[list[Recalled]]:
    """Find what a query calls to mind, without what is in the prompt already."""
    found: list[Recalled] = []
    if wanted.passages:
        found += yield from _passages(query, wanted, here)
    if wanted.facts:
        hits = yield from retrieve(query, wanted.facts, using="facts", timeout=wanted.timeout)
        found += [Recalled(hit, "semantic", "; ".join(filter(None, ["fact", hit.title])), query) for hit in hits]
    if wanted.rationales:
        solved = yield from find_rationales(here.message, wanted.rationales, timeout=wanted.timeout)
        found += [_solved(one, here.message) for one in solved if _alike(one.problem, here.message)]
    return found


def in_time(memories: Sequence[Recalled]) -> list[tuple[int, Recalled]]:
    """Return memories with their ranks as a prompt shows them: turns and notes first, the oldest of them first.

    Of several that say different things the newest then stands last.
    """
    numbered = list(enumerate(memories, 1))
    said = [one for one in numbered if one[1].kind == "episodic" and one[1].at is not None]
    said.sort(key=lambda one: one[1].at.timestamp() if one[1].at else 0.0)
    return [*said, *(one for one in numbered if one not in said)]


def in_turn(memories: Sequence[Recalled]) -> list[Recalled]:
    """Return the best of each kind, then the second of each, and so on."""
    rank: dict[str, int] = {}
    ranked: list[tuple[int, int, Recalled]] = []
    for place, memory in enumerate(memories):
        rank[memory.kind] = rank.get(memory.kind, 0) + 1
        ranked.append((rank[memory.kind], place, memory))
    return [memory for _, _, memory in sorted(ranked, key=lambda one: one[:2])]


def query_of(message: str, before: Sequence[Passage]) -> str:
    """Return what to look for: the message; a short one, such as `And there?`, with what the user said before it."""
    message = asked_in(message)
    if estimate_tokens(message) >= _SHORT:
        return message
    earlier = [turn.text for turn in before if turn.metadata.get("role") == "user" and turn.text != message]
    return f"{earlier[-1][:400]} {message}" if earlier else message


def asked_in(message: str) -> str:
    """Return a message, or of one that is as long as a document its beginning and end: a question stands in them."""
    half = _LONGEST_QUERY // 2
    return message if len(message) <= _LONGEST_QUERY else f"{message[:half]} {message[-half:]}"


def speaker_of(passage: Passage, user: str) -> str:
    """Return who says a turn: the speaker's name, else the user's, else the role; nobody's where it is no turn."""
    role = passage.metadata.get("role", "")
    name = passage.metadata.get("speaker") or (user if role == "user" else f"the {role}" if role else "")
    return plain_name(str(name)) or "the user"


def plain_name(name: str) -> str:
    """Return a name without signs by which a prompt is put together, on one line and not too long."""
    return re.sub(r"[\s()\[\];<>$]+", " ", name).strip()[:_LONGEST_NAME]


def day(at: datetime) -> str:
    """Return a day as a prompt shows it, with its name, so that `last Friday` can be told."""
    return f"{at:%Y-%m-%d} ({at:%A})"


def _passages(query: str, wanted: Wanted, here: Setting) -> Flow[list[Recalled]]:
    """The turns and notes; more are looked for than wanted, because the last turns are often the likest."""
    beyond = 2 * wanted.passages + min(len(here.shown), 4 * wanted.passages)
    hits = yield from retrieve(query, beyond, using=wanted.using, timeout=wanted.timeout)
    own = yield from _of_own_life(wanted, here)
    fresh = [hit for hit in hits if hit.id not in here.shown]
    passages = {one.id: one for one in (yield from read_passages(hit.id for hit in fresh if hit.kind == "passage"))}
    fresh = _above_floor(fresh) if wanted.using == RECALL else fresh
    new = _each_once(fresh, passages, here.message)[: wanted.passages]
    first = {hit.id for hit in new[: wanted.passages - len(own)]}
    more = [passage for passage in own if passage.id not in {hit.id for hit in new}]
    new = [hit for hit in new if hit.id in first or hit.id in {one.id for one in own}]
    new = new[: wanted.passages - len(more)] + [Hit(one.id, one.text, 0.0, why=_TOLD, kind="passage") for one in more]
    passages |= {one.id: one for one in more}
    found = [_recalled(hit, passages.get(hit.id), query, here) for hit in new]
    return found or (yield from _lately(query, here))


def _recalled(hit: Hit, passage: Passage | None, query: str, here: Setting) -> Recalled:
    if passage is None:
        return Recalled(hit, "episodic" if hit.kind == "passage" else "semantic", hit.kind, query)
    kind: Kind = "episodic" if hit.kind == "passage" else "semantic"
    at = passage.at or passage.recorded_at
    return Recalled(hit, kind, _label(passage, here), query, passage.scope.session or "", at)


def _of_own_life(wanted: Wanted, here: Setting) -> Flow[list[Passage]]:
    """What the user said last that may answer a question of their own life in other words, the newest first."""
    words = told_by(here.message)
    if not words:
        return []
    hits = yield from retrieve(words, _LOOKED_AT, using=wanted.using, timeout=wanted.timeout)
    ids = [hit.id for hit in hits if hit.kind == "passage" and hit.id not in here.shown]
    named = frozenset(words.split())
    found = [
        one
        for one in (yield from read_passages(ids))
        if one.metadata.get("role") == "user" and tells(one.text, named) and _plain(one.text) != _plain(here.message)
    ]
    return sorted(found, key=lambda one: one.at or one.recorded_at, reverse=True)[
        : min(_TOLD_MOST, wanted.passages // 2)
    ]


def _lately(query: str, here: Setting) -> Flow[list[Recalled]]:
    """What the user said last elsewhere, and did not ask, where a search has found nothing at all.

    `Which city am I in?` and `I moved to Lisbon` share no word, and an embedder may not bring them together; in a
    young memory that is no reason to know nothing. More than the one turn would have nothing to do with any question.
    """
    talk = yield from read_turns(_ASKED_TOO, elsewhere=True)
    said = [
        turn
        for turn in talk.turns
        if turn.id not in here.shown and _plain(turn.text) != _plain(here.message) and not is_question(turn.text)
    ]
    why = "found by no word; it was said last in another conversation"
    return [_recalled(Hit(turn.id, turn.text, 0.0, why=why), turn, query, here) for turn in said[-1:]]


def _above_floor(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that have something of the query: what they count in all is no small part of what the best one does.

    On the conversations of `benchmarks/talk_recall.py` the floor takes out a tenth of the first eight hits, and of the
    turns that answer none in a hundred.
    """
    best = max((_counts(hit) for hit in hits), default=0.0)
    return [hit for hit in hits if hit.score >= _FLOOR and _counts(hit) >= _PART * best]


def _counts(hit: Hit) -> float:
    """What `conversation` has added up for a hit, whose score is 1 - exp(-that)."""
    return -log1p(-min(hit.score, 1 - 1e-9))


def _each_once(hits: Sequence[Hit], passages: Mapping[str, Passage], message: str) -> list[Hit]:
    """The hits without those that say just what a better one says, or what is being said now.

    What the assistant said in the words of somebody else is left out for these; so are turns that answer nothing.
    """
    seen: dict[str, Hit] = {}
    for hit in without_idle(hits, passages, message):
        text = _plain(hit.text)
        if text not in seen or _by_assistant(seen[text], passages) > _by_assistant(hit, passages):
            seen[text] = hit
    seen.pop(_plain(message), None)
    return list(seen.values())


def _by_assistant(hit: Hit, passages: Mapping[str, Passage]) -> bool:
    passage = passages.get(hit.id)
    return passage is not None and passage.metadata.get("role") == "assistant"


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _label(passage: Passage, here: Setting) -> str:
    at = day(passage.at or passage.recorded_at)
    if "role" not in passage.metadata:
        title, source = plain_name(passage.title), plain_name(passage.source)
        return "; ".join([f"note, {title}" if title else "note", at, *([f"from {source}"] if source else [])])
    where = [] if passage.scope.session == here.session else ["in another conversation"]
    return "; ".join(["turn", f"said by {speaker_of(passage, here.user)}", at, *where])


def _alike(problem: str, message: str) -> bool:
    """Whether a problem has a third of the telling words of a message: the likest of all may have nothing of it."""
    there, asked = _telling(problem), _telling(message)
    return bool(asked) and 3 * len(there & asked) >= len(asked)


def _telling(text: str) -> frozenset[str]:
    return frozenset("".join(term)[:5] for term in terms(text))  # alike but for their endings


def _solved(one: Rationale, query: str) -> Recalled:
    how = f"solved problem; checked by {one.verified}" if one.verified else "solved problem; not checked"
    hit = Hit(one.id, one.text, 1.0, why="a problem like this one", source=one.source, kind="rationale")
    return Recalled(hit, "procedural", how, query)
