"""`memory.turns`: what was said in a conversation, word for word, in the order in which it was said.

me = memory.bind(user="alice", session="web-42")
me.turns.add("I moved to Lisbon last week.", role="user")
me.turns.recent(20)

A turn is a passage: it is searched, edited, forgotten, purged and exported as every other. What makes it a turn is the
`role` in its metadata: who says it, as models know them. `speaker` is the name of who says it, where there is one.
Two turns with the same words are two turns, so each has an id of its own. The order is that of the times at which the
turns were said; of one moment, that in which they were written. So an edited turn stays in its place.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from memagent.errors import NotFound, UsageProblem
from memagent.memory import arguments
from memagent.memory.awaiting import awaitable
from memagent.stores import summaries
from memagent.stores.turn_rows import ROLES, in_order, sessions
from memagent.types import Note, Passage, Summary, Talk

if TYPE_CHECKING:
    from memagent.memory.memory import Memory


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody says, on its way into a conversation.

    Attributes:
        text: word for word, without a name before it.
        role: `user`, `assistant`, `system` or `tool`.
        speaker: the name of who says it, where there is one.
        at: when (aware); now if not given, and in a list the time of the one before.
        id: one of its own is made if it is empty. The same id twice is one turn.
        source: where it was taken from, such as the name of an export; empty for what is said here.
        metadata: what else is known of it.
    """

    text: str
    role: str = "user"
    speaker: str = ""
    at: datetime | None = None
    id: str = ""
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def note(self) -> Note:
        """The turn as a passage to be.

        Raises:
            UsageProblem: nothing is said, or there is no such role.
        """
        arguments.check_says_something(self.text, "the text of a turn")
        if self.role not in ROLES:
            raise UsageProblem(f"{self.role!r} is no role", hint=f"Roles are {', '.join(ROLES)}.")
        own = {"role": self.role, **({"speaker": self.speaker} if self.speaker else {})}
        return Note(
            self.text,
            source=self.source,
            id=self.id or new_id(),
            at=self.at or datetime.now(UTC),
            metadata={**self.metadata, **own},
        )


class Turns:
    """The turns that a scope sees: of one conversation where a session is bound, else of all of a user's.

    Args:
        memory: a memory that is bound, or open for a single user.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._core = memory.core
        self._scope = memory.scope

    def add(
        self,
        text: str,
        *,
        role: str = "user",
        speaker: str = "",
        at: datetime | None = None,
        id: str = "",
        source: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Keep one turn and return its id. When this returns, it is on disk. The arguments are those of `Turn`.

        Raises:
            UsageProblem: nothing is said, there is no such role, or the time has no zone.
            Conflict: the id is taken by another text.
        """
        return self.add_many([Turn(text, role, speaker, at, id, source, metadata or {})])[0]

    def add_many(self, turns: Iterable[Turn]) -> list[str]:
        """Keep turns in this order and return their ids; each thousand of them is one transaction.

        One without a time gets that of the one before it, the first one the present moment.
        """
        notes: list[Note] = []
        for turn in turns:
            before = notes[-1].at if notes else None
            notes.append(replace(turn, at=turn.at or before).note)
        return self._memory.add(notes)

    def recent(self, count: int) -> list[Passage]:
        """Return the last `count` turns, oldest first."""
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise UsageProblem(f"count must be a whole number of at least 1, got {count!r}")
        return list(islice(self._in_order(latest_first=True, page=min(count, 200) + 8), count))[::-1]

    def since(self, id: str, count: int) -> list[Passage]:
        """Return up to `count` turns from behind the one with this id, oldest first; from the first, if it is gone."""
        return list(islice(self._in_order(after=id, page=min(count, 200)), count))

    def latest(self) -> Iterator[Passage]:
        """Yield the turns backwards, what was said last first."""
        return self._in_order(latest_first=True, page=100)

    def talk(self, count: int, *, elsewhere: bool = False) -> Talk:
        """Return the last `count` turns with the summary of what was said before; see `summary`.

        With `elsewhere`, what the user said last in other conversations: a handle that is bound to one sees none.
        """
        if elsewhere:
            return Talk()
        found = self.recent(count + 1)
        return Talk(tuple(found[-count:]), len(found) > count, self.summary())

    def sessions(self) -> list[str]:
        """Return the sessions in which something was said, that in which something was said last first."""
        if self._core.database is not None:
            return sessions(self._core.database, self._scope)
        said = [one.scope.session for one in self.latest()]
        return list(dict.fromkeys(session for session in said if session is not None))

    def summary(self) -> Summary | None:
        """Return the summary of the older turns of this conversation, if there is one; see `keep_summary`."""
        database = self._core.database
        return None if database is None else summaries.get(database, self._scope)

    def keep_summary(self, summary: Summary, seen: int) -> bool:
        """Keep a summary of older turns in place of the one there is; return whether it could be kept.

        It is dropped as soon as a turn of this conversation is edited, forgotten, restored or deleted. `seen` is what
        `last_change` said before the turns were read: where something has gone since then, it is not kept.

        Raises:
            UsageProblem: the memory is a passage store that was given and has no file.
        """
        clean = replace(summary, text=self._core.guard.text(summary.text, field="summary"))
        return summaries.put(self._core.file(), self._scope, clean, seen)

    def last_change(self) -> int:
        """Return the number of the last change of the file: for `keep_summary`."""
        return summaries.last_change(self._core.file())

    def passages(self, ids: Iterable[str]) -> list[Passage]:
        """Return the passages of these ids that are there, in this order, whether they are turns or not."""
        store, wanted = self._memory.store, list(dict.fromkeys(ids))
        try:
            return store.get(self._scope, wanted)
        except NotFound:
            return [passage for id in wanted for passage in self._if_there(id)]

    def count(self) -> int:
        """Return how many turns there are."""
        return sum(1 for _ in self._in_order())

    def __iter__(self) -> Iterator[Passage]:
        return self._in_order()

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        return True  # a conversation in which nothing was said yet is still one

    def __repr__(self) -> str:
        return f"Turns({self._scope})"

    aadd = awaitable(add)
    aadd_many = awaitable(add_many)
    arecent = awaitable(recent)
    asince = awaitable(since)
    asessions = awaitable(sessions)
    acount = awaitable(count)

    def _if_there(self, id: str) -> list[Passage]:
        try:
            return self._memory.store.get(self._scope, [id])
        except NotFound:
            return []

    def _in_order(self, *, latest_first: bool = False, after: str = "", page: int = 500) -> Iterator[Passage]:
        """The turns as they were said, or backwards; from behind the one whose id is `after`."""
        if self._core.database is not None:
            found = in_order(self._core.database, self._scope, latest_first=latest_first, after=after, page=page)
        else:
            found = self._of_store(latest_first, after)
        return (one for one in found if is_turn(one))

    def _of_store(self, latest_first: bool, after: str) -> Iterator[Passage]:
        """The same of a store that was given: it is read as a whole."""
        kept = list(enumerate(self._core.passages.passages(self._scope)))
        passages = [one for _, one in sorted(kept, key=lambda pair: (said_at(pair[1]), pair[0]))]
        place = next((place for place, one in enumerate(passages, 1) if one.id == after), 0)
        return iter(passages[::-1] if latest_first else passages[place:])


def new_id() -> str:
    """Return an id that no other turn has, in any process."""
    return uuid.uuid4().hex


def is_turn(passage: Passage) -> bool:
    """Whether a passage is a turn of a conversation: its metadata say in which role it was said."""
    return passage.metadata.get("role") in ROLES


def said_at(passage: Passage) -> datetime:
    """Return when a passage was said: its own time, else that of writing."""
    return passage.at or passage.recorded_at


def after(passage: Passage | None, now: datetime) -> datetime:
    """Return a moment for what is said next: now, or just behind a turn whose time is later by another clock."""
    return now if passage is None else max(now, said_at(passage) + timedelta(microseconds=1))
