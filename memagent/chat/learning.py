"""Facts out of what users said: a job beside the conversation, that can be stopped and goes on where it was.

Only a user's own turns teach, sentence by sentence and through the gate of the memory. What the assistant, a system or
a tool said is marked as gone through without being looked at; notes are left to `indexing.facts`. Each turn is on
record by itself as soon as it is done; gone through twice, it teaches the same. The assistant's turn before it is
taken for text that was shown: who repeats it word for word teaches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from memagent.chat.history import role_of
from memagent.controller import Controller
from memagent.errors import NotFound
from memagent.flow import Flow
from memagent.memory import Memory
from memagent.memory.conversation import is_turn, said_at
from memagent.methods.memllm_write import Written, memllm_write
from memagent.sentences import split_sentences
from memagent.triples import Refusal
from memagent.types import Extraction, Message, Passage

_NOBODY = "chat"  # went through what a model need not see
_AGAIN = "flush(failed=True) tries again"


@dataclass(frozen=True, slots=True)
class Learned:
    """What a job came to.

    Attributes:
        turns: how many turns of users were gone through.
        facts: the ids of the facts that they say.
        refused: what was not learnt, with why.
        failed: why nothing could be found, by the ids of the turns; `Chat.flush(failed=True)` tries these again.
        summaries: how many summaries were brought up to date.
        failed_before: the same of turns that failed in an earlier job and were not tried again in this one.
    """

    turns: int = 0
    facts: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    summaries: int = 0
    failed_before: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong, in words, and what to do about it; nothing where all was gone through."""
        told = []
        for failed, when in ((self.failed, ""), (self.failed_before, " before")):
            if failed:
                turns = "1 turn" if len(failed) == 1 else f"{len(failed)} turns"
                why = next(iter(failed.values()))
                told.append(f"no facts were taken from {turns}, for which the model failed{when}: {why}; {_AGAIN}")
        return tuple(told)

    def plus(self, other: Learned) -> Learned:
        """Return this with what another job came to."""
        return Learned(
            self.turns + other.turns,
            tuple(dict.fromkeys([*self.facts, *other.facts])),
            (*self.refused, *other.refused),
            {**self.failed, **other.failed},
            self.summaries + other.summaries,
            {**self.failed_before, **other.failed_before},
        )


def learn(
    memory: Memory, controller: Callable[[Memory], Controller], *, only: Iterable[str] = (), judge: bool = False
) -> Learned:
    """Go through the turns of one session that were not gone through yet.

    Args:
        memory: bound to just the scope of the session.
        controller: gives a controller over that memory.
        only: the ids of turns that were said just now, where not all are meant.
        judge: the model is asked once more of what would be kept; see `memllm_write`.

    Raises:
        BudgetExceeded: what was learnt until then is kept, and the next call goes on.
        BackendError: as the controller says.
    """
    wanted = list(only)
    among = memory.turns.passages(wanted) if wanted else memory.extractions.pending()
    pending = [one for one in among if is_turn(one) and one.scope == memory.scope]
    if not pending:
        return Learned()
    turns = memory.turns.recent(20) if wanted else list(memory.turns)
    before = _before(turns, {one.id for one in pending})
    job = controller(memory)
    learned = Learned()
    for turn in pending:
        try:
            learned = learned.plus(_gone_through(memory, job, turn, before.get(turn.id, []), judge=judge))
        except NotFound:
            continue  # it was forgotten or edited meanwhile
    return learned


def failures(memory: Memory) -> dict[str, str]:
    """Return why the model failed, by the ids of the turns of one session for which it did."""
    why = memory.extractions.failed()
    turns = memory.turns.passages(why) if why else []
    return {one.id: why[one.id] for one in turns if is_turn(one) and one.scope == memory.scope}


def _gone_through(
    memory: Memory, controller: Controller, turn: Passage, before: list[Passage], *, judge: bool
) -> Learned:
    if role_of(turn) != "user":
        memory.extractions.keep(turn, Extraction(), by=_NOBODY)
        return Learned()
    written = controller.run(_reading(turn, before, memory.scope.user or "", judge=judge)).value
    name = controller.llm.name
    if written.problems and not written.ids:
        problem = "; ".join(written.problems)
        memory.extractions.fail(turn, problem, by=name)
        return Learned(failed={turn.id: problem})
    memory.extractions.keep(turn, Extraction(), by=name)
    return Learned(1, written.ids, written.refused)


def _reading(turn: Passage, before: list[Passage], user: str, *, judge: bool) -> Flow[Written]:
    said = [one.text for one in before if role_of(one) == "user"]
    return memllm_write(
        [Message("user", turn.text)],
        passage=turn.id,
        at=said_at(turn),
        speaker=str(turn.metadata.get("speaker") or user),
        shown=[one.text for one in before if role_of(one) == "assistant"],
        before=[sentence for text in said for sentence in split_sentences(text[:2000], "en")],
        judge=judge,
    )


def _before(turns: list[Passage], wanted: set[str], count: int = 3) -> dict[str, list[Passage]]:
    """The few turns before each wanted turn."""
    places = ((number, turn) for number, turn in enumerate(turns) if turn.id in wanted)
    return {turn.id: turns[max(0, number - count) : number] for number, turn in places}
