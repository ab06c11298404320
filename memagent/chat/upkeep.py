"""What a chatbot does beside its conversations: facts out of what was said, and summaries of what is long ago.

No model is called for it while somebody waits, unless `extract="each"` asks for that. After an answer, the summary by
rules takes in a piece of what has gone out of sight, which takes milliseconds, and with `extract="each"` the turn is
gone through for facts. The rest is done by `Chat.flush`, which may be called from anywhere, as often as you like, and
stopped at any time.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from memagent.chat import learning, summarising
from memagent.chat.answering import Answered
from memagent.chat.desk import Desk
from memagent.chat.learning import Learned
from memagent.controller import Controller
from memagent.memory import Memory
from memagent.stores.turn_rows import scopes
from memagent.types import Passage, Scope, Summary

if TYPE_CHECKING:
    from memagent.chat.chat import Chat

EVERY = 12
"""So many turns go out of sight before a summary takes them in, unless it is asked for."""

AT_ONCE = 60
"""So many turns at most are taken in after one answer; of a long conversation that was imported, the rest later."""

_ALL = 1_000_000
_log = logging.getLogger("memagent")


def after_turn(chat: Chat, desk: Desk, answered: Answered, controller: Controller) -> tuple[str, ...]:
    """Do what follows an answer when the user has it; return in words what of it failed."""
    if desk.core.database is None:
        return ()
    learned = Learned()
    if found := [one.hit.id for one in answered.context.memories if one.hit.score > 0]:
        desk.whole.used(found)
    if chat.extract == "each":
        ids = [answered.turn, answered.id]
        learned = learning.learn(_exact(desk), lambda memory: _with(controller, memory), only=ids, judge=chat.judge)
    if chat.summary == "rules" and answered.context.unseen >= EVERY:
        shown = answered.context.turns
        _summarise(chat, desk, shown[0] if shown else answered.turn, AT_ONCE)
    return learned.problems


def flush(chat: Chat, memory: Memory, *, failed: bool = False) -> Learned:
    """Go through all that a memory sees: of one user, or of all where it is bound to nobody; see `Chat.flush`."""
    done = Learned()
    for scope in scopes(memory.core.file(), memory.scope):
        session = _of_scope(memory, scope)
        if failed:
            session.extractions.again(failed=True)
        before = learning.failures(session) if chat.extract != "never" else {}
        if chat.extract != "never":
            learned = learning.learn(
                session, lambda one: Controller(chat.llm, one, retries=chat.retries), judge=chat.judge
            )
            done = done.plus(learned)
        if chat.summary != "never":
            talk = session.turns.talk(chat.manner.turns)
            first = talk.turns[0].id if talk.more else ""
            done = replace(done, summaries=done.summaries + bool(first and _summarise(chat, session, first)))
        done = done.plus(Learned(failed_before=before))
    for problem in done.problems:
        _log.warning("%s", problem)
    return done


def _summarise(chat: Chat, memory: Memory, first_shown: str, most: int = _ALL) -> bool:
    """Take into the summary what went out of sight, the oldest first; return whether there is a new one."""
    seen = memory.turns.last_change()
    turns = summarising.due(memory, first_shown, most)
    if not turns:
        return False
    return memory.turns.keep_summary(_summary(chat, memory, turns), seen)


def _summary(chat: Chat, memory: Memory, turns: list[Passage]) -> Summary:
    before, user, manner = memory.turns.summary(), memory.scope.user or "", chat.manner
    if chat.summary == "rules":
        return summarising.by_rules(before, turns, user, manner.count)
    room = max(200, manner.tokens - 3 * summarising.TOKENS)
    flow = summarising.by_model(before, turns, user, manner.count, room)
    return replace(Controller(chat.llm, retries=chat.retries).run(flow).value, by=chat.llm.name)


def _of_scope(memory: Memory, scope: Scope) -> Memory:
    return memory.bind(user=scope.user, session=scope.session, agent=scope.agent)


def _exact(desk: Desk) -> Memory:
    return desk.whole.bind(session=desk.scope.session)


def _with(controller: Controller, memory: Memory) -> Controller:
    """The controller of the turn, whose budget holds for what follows it too, over the memory of the session."""
    controller.memory = memory
    return controller
