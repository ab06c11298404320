"""The memory as one conversation sees it: it writes into its session, and finds what the user said in any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from memagent.chat.history import ANSWERS, PARTIAL, answers_to, is_whole
from memagent.chat.recalled import day, speaker_of
from memagent.memory import Memory
from memagent.memory.conversation import Turns, is_turn
from memagent.memory.facts import Facts
from memagent.memory.rationales import Rationales
from memagent.retrievers.base import Retriever
from memagent.types import Fact, Hit, Note, Passage, Talk

_BEHIND = 100  # turns behind one, among which its answer is
_NEAR = 400  # turns that are looked at for what was said elsewhere


class Desk(Memory):
    """A memory bound to a session, whose searches go over all sessions of its user.

    What is added, and the turns that are read, are of the session; so are facts that are learnt.
    """

    whole: Memory

    @classmethod
    def over(cls, whole: Memory, session: str | None) -> Desk:
        """Return the desk of a session of a user, whose memory is `whole`."""
        desk = object.__new__(cls)
        desk.__dict__.update(whole.bind(session=session).__dict__, whole=whole)
        return desk

    def add(self, notes: str | Note | Iterable[str | Note], *, replace_sources: bool = False) -> list[str]:
        """Keep texts and notes as `Memory.add` does; of answers, one to each turn.

        Where a turn was answered in full meanwhile, by another process that was sent the same, that answer stays and
        its id is returned. What had come of an answer that broke off goes when the whole one is there.
        """
        several: list[str | Note] = [notes] if isinstance(notes, str | Note) else list(notes)
        match several:
            case [Note() as note] if is_answer(note):
                return [self._answer(note)]
        return super().add(several, replace_sources=replace_sources)

    def _answer(self, note: Note) -> str:
        before = answers_to(self.turns.since(turn := str(note.metadata[ANSWERS]), _BEHIND), turn)
        if whole := [one.id for one in before if is_whole(one)]:
            return whole[0]
        [id] = super().add([note])
        if left := [one.id for one in before]:
            self.delete(left, answers=False)
        return id

    @property
    def turns(self) -> SessionTurns:
        """The turns of the session."""
        return SessionTurns(self)

    @property
    def rationales(self) -> Rationales:
        """The solved problems of the user."""
        return self.whole.rationales

    @property
    def facts(self) -> Facts:
        """The facts of the session: for learning. A search for facts goes by `search`."""
        return super().facts

    def search(
        self,
        query: str,
        k: int = 5,
        *,
        using: str | Retriever = "hybrid",
        as_of: datetime | None = None,
        facts: Sequence[str] | None = None,
    ) -> list[Hit]:
        """Search all that the user has. A fact that is found has in its title since when it holds, and who says so."""
        hits = self.whole.search(query, k, using=using, as_of=as_of, facts=facts)
        return _dated(self.whole, hits) if using == "facts" else hits


def _dated(memory: Memory, hits: Sequence[Hit]) -> list[Hit]:
    """Facts with what is known of them; one that has gone since it was found is left out."""
    found = memory.core.triples.facts(memory.scope, ids=[hit.id for hit in hits])
    facts = {fact.id: fact for fact in found}
    said = {one.id: one for one in memory.turns.passages(id for fact in found for id in fact.passages[:1])}
    return [replace(hit, title=_of_fact(facts[hit.id], said, memory)) for hit in hits if hit.id in facts]


def _of_fact(fact: Fact, said: Mapping[str, Passage], memory: Memory) -> str:
    passage = said.get(fact.passages[0]) if fact.passages else None
    by = [f"said by {speaker_of(passage, memory.scope.user or '')}"] if passage and is_turn(passage) else []
    return "; ".join([f"since {day(fact.at)}", *by])


def is_answer(note: Note) -> bool:
    """Whether a note is a whole answer to a turn."""
    return note.metadata.get("role") == "assistant" and ANSWERS in note.metadata and not note.metadata.get(PARTIAL)


class SessionTurns(Turns):
    """The turns of a session; passages, and what was said elsewhere, are those that its user has anywhere."""

    def talk(self, count: int, *, elsewhere: bool = False) -> Talk:
        """Return the last turns of the session, or what its user said last in others, as far as that is near."""
        if not elsewhere or not isinstance(self._memory, Desk):
            return super().talk(count)
        latest = islice(self._memory.whole.turns.latest(), _NEAR)
        theirs = (turn for turn in latest if turn.scope != self._scope and turn.metadata.get("role") == "user")
        return Talk(tuple(islice(theirs, count))[::-1])

    def answer_to(self, id: str, text: str) -> Passage | None:
        """Return the whole answer to a turn that was said in this session in these words, if there is one."""
        said = [one for one in self.passages([id]) if one.scope == self._scope and one.text.strip() == text.strip()]
        given = answers_to(self.since(id, _BEHIND), id) if said else []
        return next(filter(is_whole, given), None)

    def passages(self, ids: Iterable[str]) -> list[Passage]:
        """Return the passages of these ids that the user has."""
        whole = self._memory.whole if isinstance(self._memory, Desk) else self._memory
        return whole.turns.passages(ids)
