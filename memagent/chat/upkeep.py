"""What a chatbot does beside its conversations: facts out of what was said, and summaries of what is long ago.

No model is called for it while somebody waits, unless `extract="each"` asks for that. After an answer, the summary by
rules takes in a piece of what has gone out of sight, which takes milliseconds, and with `extract="each"` the turn is
gone through for facts. The rest is done by `Chat.flush`, which may be called from anywhere, as often as you like, and
stopped at any time. Several at once share the work: one conversation is gone through by one of them, and the others
wait for it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from memagent.budget import Budget
from memagent.chat import learning, summarising
from memagent.chat.alone import alone
from memagent.chat.answering import Answered
from memagent.chat.desk import Desk
from memagent.chat.learned import Learned
from memagent.controller import Controller
from memagent.errors import BudgetExceeded, UsageProblem
from memagent.memory import Memory
from memagent.methods.attempts import attempted
from memagent.stores.extractions import SQLExtractionStore
from memagent.stores.turn_rows import scopes
from memagent.types import Passage, Scope, Summary

if TYPE_CHECKING:
    from memagent.chat.chat import Chat

EVERY = 12
"""So many turns go out of sight before a summary takes them in, unless it is asked for."""

AT_ONCE = 60
"""So many turns at most are taken in after one answer; of a long conversation that was imported, the rest later."""

_ALL = 1_000_000
_PIECE = 200  # turns that are read for one call of a model
_log = logging.getLogger("memagent")


def after_turn(chat: Chat, desk: Desk, answered: Answered, controller: Controller) -> Learned:
    """Do what follows an answer when the user has it; return what it came to, and what of it failed."""
    learned = Learned()
    if desk.core.database is None:
        return learned
    if found := [one.hit.id for one in answered.context.memories if one.hit.score > 0]:
        desk.whole.used(found)
    if chat.extract == "each":
        ids = [answered.turn, answered.id]
        learned = learning.learn(_exact(desk), lambda memory: _with(controller, memory), only=ids, judge=chat.judge)
    if chat.summary == "rules" and answered.context.unseen >= EVERY:
        shown = answered.context.turns
        _by_rules(chat, desk, shown[0] if shown else answered.turn, AT_ONCE)
    return learned


def flush(chat: Chat, memory: Memory, *, failed: bool = False, budget: Budget | None = None) -> Learned:
    """Go through all that a memory sees: of one user, or of all where it is bound to nobody; see `Chat.flush`."""
    if not isinstance(budget, Budget | None):
        raise UsageProblem(f"a budget is a Budget, got {budget!r}"[:200], hint="Give Budget(calls=100), say.")
    database = memory.core.file()
    job = Controller(chat.llm, retries=chat.retries, budget=budget)
    done = Learned()
    for scope in scopes(database, memory.scope):
        session = memory.bind(user=scope.user, session=scope.session, agent=scope.agent)
        if failed:
            session.extractions.again(failed=True)
        before = learning.failures(session) if chat.extract != "never" else {}
        if _has_work(chat, session):
            with alone(database, scope):
                done = done.plus(_gone_through(chat, session, job))
        done = done.plus(Learned(failed_before=before))
        if done.stopped:
            break
    done = replace(done, usage=job.usage)
    for problem in done.problems:
        _log.warning("%s", problem)
    return done


def waiting(memory: Memory) -> int:
    """Return how many turns of users are yet to be gone through for facts, of all that a memory sees."""
    return SQLExtractionStore(memory.core.file()).waiting(memory.scope)


def _has_work(chat: Chat, session: Memory) -> bool:
    if chat.extract != "never" and learning.pending(session):
        return True
    first = _first_shown(chat, session)
    return bool(first and summarising.due(session, session.turns.summary(), first, 1))


def _gone_through(chat: Chat, session: Memory, job: Controller) -> Learned:
    """Take facts from the turns of one session, and bring its summary up to date."""
    done = Learned()
    if chat.extract != "never":
        done = learning.learn(session, lambda memory: _with(job, memory), judge=chat.judge)
    first = "" if done.stopped else _first_shown(chat, session)
    if not first:
        return done
    if chat.summary == "rules":
        return done.plus(Learned(summaries=int(_by_rules(chat, session, first, _ALL))))
    return done.plus(_by_model(chat, session, first, job))


def _first_shown(chat: Chat, session: Memory) -> str:
    """The first of the turns that a prompt may still show, where there are more before it that need a summary."""
    talk = session.turns.talk(chat.manner.turns) if chat.summary != "never" else None
    return talk.turns[0].id if talk is not None and talk.more else ""


def _by_rules(chat: Chat, memory: Memory, first_shown: str, most: int) -> bool:
    """Take into the summary what went out of sight, the oldest first; return whether there is a new one.

    What a model wrote is not taken word for word from anything: then it begins again with the first turn.
    """
    seen, before = memory.turns.last_change(), memory.turns.summary()
    if before is not None and before.by != summarising.RULES:
        before, most = None, _ALL
    turns = summarising.due(memory, before, first_shown, most)
    if not turns:
        return False
    written = summarising.by_rules(before, turns, memory.scope.user or "", chat.manner.count)
    return memory.turns.keep_summary(written, seen)


def _by_model(chat: Chat, memory: Memory, first_shown: str, job: Controller) -> Learned:
    """Have the model take into the summary what went out of sight, a piece at a time; each is kept when it is there."""
    room, user = max(200, chat.manner.tokens - 3 * summarising.TOKENS), memory.scope.user or ""
    written = 0
    while True:
        seen, before = memory.turns.last_change(), memory.turns.summary()
        turns: list[Passage] = summarising.due(memory, before, first_shown, _PIECE)
        if not turns:
            return Learned(summaries=int(bool(written)))
        flow = attempted(summarising.by_model(before, turns, user, chat.manner.count, room))
        try:
            summary, why = job.run(flow).value
        except BudgetExceeded as error:
            return Learned(summaries=int(bool(written)), stopped=error.message)
        if summary is None:
            return Learned(summaries=int(bool(written)), unsummarised={_named(memory.scope): why})
        if not memory.turns.keep_summary(_signed(summary, chat), seen):
            return Learned(summaries=int(bool(written)))  # something of it has gone meanwhile: the next job makes it
        written += 1


def _signed(summary: Summary, chat: Chat) -> Summary:
    return replace(summary, by=chat.llm.name)


def _named(scope: Scope) -> str:
    return "/".join(filter(None, (scope.user, scope.agent, scope.session)))


def _exact(desk: Desk) -> Memory:
    return desk.whole.bind(session=desk.scope.session)


def _with(controller: Controller, memory: Memory) -> Controller:
    """A controller, whose budget holds for this too, over the memory of another session."""
    controller.memory = memory
    return controller
