"""Facts out of what users said: a job beside the conversation, that can be stopped and goes on where it was.

Only a user's own turns teach, sentence by sentence and through the gate of the memory. What the assistant, a system or
a tool said is marked as gone through without being looked at; notes are left to `indexing.facts`. Each turn is on
record by itself as soon as it is done; gone through twice, it teaches the same. The assistant's turn before it is
taken for text that was shown: who repeats it word for word teaches nothing. Of a very long turn the beginning is gone
through, and no turn is given more than `SECONDS`, so that one of them does not hold up all that come behind it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from memagent.chat.history import role_of
from memagent.chat.learned import Learned
from memagent.controller import Controller
from memagent.errors import BudgetExceeded, NotFound, Stopped, quoted
from memagent.flow import Flow
from memagent.memory import Memory
from memagent.memory.conversation import is_turn, said_at
from memagent.methods.memllm_write import Written, memllm_write
from memagent.sentences import split_sentences
from memagent.triples import Refusal
from memagent.types import Extraction, Message, Passage, Usage

_NOBODY = "chat"  # went through what a model need not see
LONGEST = 20_000
"""Characters of a turn that are gone through; what is longer is a document rather than something said."""

SECONDS = 600.0
"""How long one turn may take, with all its calls."""

_TOO_MUCH = "it takes more than a whole budget; flush(failed=True) with a larger one goes through it"
_LATE = f"it took more than {SECONDS:g} seconds"
_TOO_LONG = f"a turn is gone through for facts up to {LONGEST:,} characters, and this is behind them"

__all__ = ["LONGEST", "SECONDS", "Learned", "failures", "learn", "pending"]


def learn(
    memory: Memory, controller: Callable[[Memory], Controller], *, only: Iterable[str] = (), judge: bool = False
) -> Learned:
    """Go through the turns of one session that were not gone through yet.

    Args:
        memory: bound to just the scope of the session.
        controller: gives a controller over that memory.
        only: the ids of turns that were said just now, where not all are meant.
        judge: the model is asked once more of what would be kept; see `memllm_write`.

    Returns:
        What was learnt, which is kept. Where a limit of the budget was reached, `stopped` says so, and the turn that
        was under way is gone through again by the next call; one that had the whole budget to itself has failed.
    """
    wanted = list(only)
    due = pending(memory) if not wanted else _turns_of(memory, memory.turns.passages(wanted))
    if not due:
        return Learned()
    turns = memory.turns.recent(20) if wanted else list(memory.turns)
    before = _before(turns, {one.id for one in due})
    job = controller(memory)
    learned = Learned()
    for turn in due:
        try:
            learned = learned.plus(_gone_through(memory, job, turn, before.get(turn.id, []), judge=judge))
        except NotFound:
            continue  # it was forgotten or edited meanwhile
        if learned.stopped:
            break
    return learned


def pending(memory: Memory) -> list[Passage]:
    """Return the turns of one session that are yet to be gone through, in the order they were written."""
    return _turns_of(memory, memory.extractions.pending())


def failures(memory: Memory) -> dict[str, str]:
    """Return why the model failed, by the ids of the turns of one session for which it did."""
    why = memory.extractions.failed()
    turns = _turns_of(memory, memory.turns.passages(why)) if why else []
    return {one.id: why[one.id] for one in turns}


def _turns_of(memory: Memory, passages: Iterable[Passage]) -> list[Passage]:
    """The turns among passages that are of just the scope of a memory."""
    return [one for one in passages if is_turn(one) and one.scope == memory.scope]


def _gone_through(
    memory: Memory, controller: Controller, turn: Passage, before: list[Passage], *, judge: bool
) -> Learned:
    if role_of(turn) != "user":
        memory.extractions.keep(turn, Extraction(), by=_NOBODY)
        return Learned()
    name, alone = controller.llm.name, controller.usage.calls == 0  # with all of the budget for itself
    with _in_time(controller) as overdue:
        try:
            result = controller.run(_reading(turn, before, memory.scope.user or "", judge=judge))
        except Stopped as error:
            return _stopped(memory, turn, error, name, overdue=overdue.is_set(), alone=alone)
    written = result.value
    if written.problems and not written.ids:
        problem = "; ".join(written.problems)
        memory.extractions.fail(turn, problem, by=name)
        return Learned(failed={turn.id: problem}, usage=result.usage)
    memory.extractions.keep(turn, Extraction(), by=name)
    rest = (Refusal(quoted(turn.text[LONGEST:], 60), _TOO_LONG),) if len(turn.text) > LONGEST else ()
    return Learned(1, written.ids, (*written.refused, *rest), usage=result.usage)


def _stopped(memory: Memory, turn: Passage, error: Stopped, name: str, *, overdue: bool, alone: bool) -> Learned:
    """What came of a turn that was not gone through to its end; raise the error where that is for others to know.

    One that takes more than a whole budget, which it had `alone`, is put down as failed, so that the next job does not
    stop at it and pay for it again.
    """
    usage = error.trace.usage if error.trace is not None else Usage()
    facts = error.partial.ids if isinstance(error.partial, Written) else ()
    if isinstance(error, BudgetExceeded):
        if not (alone and usage.calls):
            return Learned(facts=facts, stopped=error.message, usage=usage)
        memory.extractions.fail(turn, _TOO_MUCH, by=name)
        return Learned(facts=facts, failed={turn.id: _TOO_MUCH}, stopped=error.message, usage=usage)
    if not overdue:
        raise error
    memory.extractions.fail(turn, _LATE, by=name)
    return Learned(facts=facts, failed={turn.id: _LATE}, usage=usage)


@contextmanager
def _in_time(controller: Controller) -> Iterator[threading.Event]:
    """Stop a controller that takes longer than a turn may; the event is set then."""
    overdue = threading.Event()

    def stop() -> None:
        overdue.set()
        controller.stop()

    timer = threading.Timer(SECONDS, stop)
    timer.daemon = True
    timer.start()
    try:
        yield overdue
    finally:
        timer.cancel()


def _reading(turn: Passage, before: list[Passage], user: str, *, judge: bool) -> Flow[Written]:
    said = [one.text for one in before if role_of(one) == "user"]
    return memllm_write(
        [Message("user", turn.text[:LONGEST])],
        passage=turn.id,
        at=said_at(turn),
        speaker=str(turn.metadata.get("speaker") or user),
        shown=[one.text[:LONGEST] for one in before if role_of(one) == "assistant"],
        before=[sentence for text in said for sentence in split_sentences(text[:2000], "en")],
        judge=judge,
    )


def _before(turns: list[Passage], wanted: set[str], count: int = 3) -> dict[str, list[Passage]]:
    """The few turns before each wanted turn."""
    places = ((number, turn) for number, turn in enumerate(turns) if turn.id in wanted)
    return {turn.id: turns[max(0, number - count) : number] for number, turn in places}
