"""One conversation of one user: `send`, `asend`, `stream`, `astream`.

All of it is in the memory and none in the process: another process, or this one after a restart, goes on where the last
turn left it, and two may talk in one conversation at once. What the user says is kept before the model is asked. An
answer is kept when it is complete; of one that breaks off, because the stream was closed or the model failed, what had
come is kept with `partial` in its metadata, if anything had. The same text sent again after a failure is the same turn
on the same handle; from another one it is a turn of its own, and the prompt shows it once in either case.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from memagent.budget import Budget
from memagent.chat import upkeep
from memagent.chat.answering import Answered, Said, answer, answer_id
from memagent.chat.context import Context
from memagent.chat.desk import Desk
from memagent.chat.events import Done, Hearing, Text, Told, Used
from memagent.chat.history import ANSWERS, PARTIAL
from memagent.chat.learned import Learned
from memagent.chat.reply import Reply
from memagent.controller import Controller, Result
from memagent.errors import MemagentError, MemoryProblem, TraceError, UsageProblem
from memagent.flow import Event, Remember, RunDone
from memagent.memory import Memory
from memagent.memory.conversation import Turns, new_id
from memagent.memory.secret_guard import without_secrets
from memagent.methods.thinking import spoken, whole
from memagent.trace import Trace
from memagent.types import Usage

if TYPE_CHECKING:
    from memagent.chat.chat import Chat
    from memagent.integrations.runnable import ChatRunnable

_log = logging.getLogger("memagent")


class Conversation:
    """A conversation that is bound to a user and a session; made by `Chat.bind`.

    Attributes:
        memory: all that the user's memory holds, of this session and the others: to look at, edit and forget.
    """

    def __init__(self, chat: Chat, memory: Memory, session: str | None, speaker: str) -> None:
        self.memory = memory
        self.speaker = speaker
        self._chat = chat
        self._desk = Desk.over(memory, session)
        self._failed: tuple[str, str] | None = None  # the text and the id of a turn that was never answered

    @property
    def turns(self) -> Turns:
        """What was said in this conversation, oldest first."""
        return self._desk.turns

    def send(self, text: str, *, id: str = "") -> Reply:
        """Say something and return the answer. May be called inside a running event loop.

        Args:
            text: what is said.
            id: of the turn, for callers whose messages have one: sent twice, it is one turn with one answer, which is
                given back without asking the model again. Made if it is empty.

        Raises:
            UsageProblem: nothing is said, or the limit of tokens does not hold the system prompt and the message.
            BackendError: the model failed. What was said is kept.
            Stopped: a limit of the budget was reached. What was said is kept.
        """
        said = self._said(text, id)
        if (kept := self._answered(said, id)) is not None:
            return kept
        controller = self._controller()
        try:
            result = controller.run(answer(said, self._chat.manner), trace=self._trace())
        except BaseException as error:
            self._broken_off(said, _said_of(error))
            raise
        return self._finished(result, controller)

    async def asend(self, text: str, *, id: str = "") -> Reply:
        """Like `send`, without blocking the event loop."""
        said = self._said(text, id)
        if (kept := await asyncio.to_thread(self._answered, said, id)) is not None:
            return kept
        controller = self._controller()
        try:
            result = await controller.arun(answer(said, self._chat.manner), trace=self._trace())
        except BaseException as error:
            await asyncio.shield(asyncio.to_thread(self._broken_off, said, _said_of(error)))
            raise
        return await asyncio.to_thread(self._finished, result, controller)

    def stream(self, text: str, *, id: str = "") -> Iterator[Told]:
        """Say something and yield what happens, as it happens; the last event is `done`, with the reply.

        Closing the iterator stops the turn. Arguments and errors as for `send`.
        """
        said = self._said(text, id)
        if (kept := self._answered(said, id)) is not None:
            yield from self._again(kept)
            return
        controller, hearing = self._controller(), Hearing()
        done = False
        flow = answer(said, self._chat.manner)
        events = cast(Generator[Event, None, None], controller.stream(flow, trace=self._trace()))
        try:
            for event in events:
                if isinstance(event, RunDone):
                    done = True
                    yield from self._ending(self._finished(event.result, controller))
                else:
                    yield from hearing.heard(event)
        finally:
            events.close()
            if not done:
                self._broken_off(said, hearing.text)

    async def astream(self, text: str, *, id: str = "") -> AsyncIterator[Told]:
        """Like `stream`, on an event loop."""
        said = self._said(text, id)
        if (kept := await asyncio.to_thread(self._answered, said, id)) is not None:
            for one in self._again(kept):
                yield one
            return
        controller, hearing = self._controller(), Hearing()
        done = False
        flow = answer(said, self._chat.manner)
        events = cast(AsyncGenerator[Event, None], controller.astream(flow, trace=self._trace()))
        try:
            async for event in events:
                if isinstance(event, RunDone):
                    done = True
                    for one in self._ending(await asyncio.to_thread(self._finished, event.result, controller)):
                        yield one
                else:
                    for one in hearing.heard(event):
                        yield one
        finally:
            await events.aclose()
            if not done:
                await asyncio.shield(asyncio.to_thread(self._broken_off, said, hearing.text))

    def flush(self, *, failed: bool = False, budget: Budget | None = None) -> Learned:
        """Do what `Chat.flush` does, for this user alone."""
        return upkeep.flush(self._chat, self.memory, failed=failed, budget=budget)

    async def aflush(self, *, failed: bool = False, budget: Budget | None = None) -> Learned:
        """Like `flush`, in a thread."""
        return await asyncio.to_thread(self.flush, failed=failed, budget=budget)

    def replay(self, trace: Trace) -> Reply:
        """Return the reply that a recorded turn came to, from its trace alone: nothing is asked, found or written.

        Raises:
            TraceError: the trace is of something else, or of another manner of answering.
        """
        said = said_in(trace, self._user, self._desk.scope.session or "")
        return Reply.of(trace.replay(answer(said, self._chat.manner)), trace)

    def as_runnable(self) -> ChatRunnable:
        """Return the conversation as a LangChain runnable. It is bound already: a config cannot name another."""
        from memagent.integrations.runnable import ChatRunnable
        from memagent.integrations.whose import Keys

        return ChatRunnable(lambda config: self, Keys())

    def __repr__(self) -> str:
        return f"Conversation(user={self.memory.scope.user!r}, session={self._desk.scope.session!r})"

    @property
    def _user(self) -> str:
        return self.memory.scope.user or ""

    def _controller(self) -> Controller:
        chat = self._chat
        return Controller(chat.llm, self._desk, retriever=chat.retriever, budget=chat.budget, retries=chat.retries)

    def _trace(self) -> Trace:
        """The trace of a turn, which is saved without secrets where the memory keeps none."""
        trace = Trace()
        trace.mask = without_secrets if self.memory.core.guard.mode == "mask" else None
        return trace

    def _said(self, text: str, id: str) -> Said:
        if not isinstance(text, str) or not text.strip():
            raise UsageProblem(f"there is nothing to send in {text!r}", hint="Give a text that says something.")
        if not isinstance(id, str):
            raise UsageProblem(f"the id of a turn must be a str, got {id!r}", hint="Give str(id), or none.")
        if not id and self._failed is not None and self._failed[0] == text:
            id = self._failed[1]
        self._failed = None
        return Said(text, id or new_id(), self.speaker, self._user, self._desk.scope.session or "")

    def _finished(self, result: Result[Answered], controller: Controller) -> Reply:
        """What is done once the answer is there: nothing of it may take the answer away."""
        problems: list[str] = []
        after = Usage()
        try:
            learned = upkeep.after_turn(self._chat, self._desk, result.value, controller)
            after = learned.usage
            for problem in learned.problems:
                _log.warning("the answer is kept: %s", problem)
                problems.append(f"after the answer: {problem}")
        except MemagentError as error:
            _log.warning("the answer is kept, and what comes after it failed: %s", error)
            problems.append(f"after the answer: {error.message}")
        return Reply.of(self._as_kept(result.value), result.trace, tuple(problems), after)

    def _answered(self, said: Said, id: str) -> Reply | None:
        """The answer that a turn has already that is sent again by an id of the caller's; it cost nothing now."""
        if not id:
            return None
        kept = self._desk.turns.answer_to(id, self._desk.core.guard.text(said.text, field="text"))
        if kept is None:
            return None
        nothing = Context((), 0, self._chat.manner.tokens)
        return Reply.of(Answered(kept.text, kept.id, id, nothing, ""), Trace())

    def _as_kept(self, answered: Answered) -> Answered:
        """An answer as it is kept: where the same turn was answered elsewhere meanwhile, that one is."""
        if answered.id == answer_id(answered.turn, answered.text):
            return answered
        kept = self._desk.turns.passages([answered.id])
        return replace(answered, text=kept[0].text) if kept else answered

    def _again(self, reply: Reply) -> Iterator[Told]:
        yield Text(str(reply))
        yield from self._ending(reply)

    def _ending(self, reply: Reply) -> Iterator[Told]:
        yield Used(reply.usage)
        yield Done(reply)

    def _broken_off(self, said: Said, text: str) -> None:
        """Keep what had come of an answer, and remember that the turn was never answered.

        The run may have been quicker than the one who stopped it: then the whole answer is there.
        """
        try:
            kept = [turn for turn in self._desk.turns.recent(20) if turn.metadata.get(ANSWERS) == said.id]
            if not all(turn.metadata.get(PARTIAL) for turn in kept):
                return
            self._failed = (said.text, said.id)
            if text.strip() and not kept:
                self._desk.turns.add(text.strip(), role="assistant", metadata={ANSWERS: said.id, PARTIAL: True})
        except MemoryProblem as error:  # what ended the turn is raised, and may be the same
            self._failed = (said.text, said.id)
            _log.warning("what had come of an answer is not kept: %s", error)


def _said_of(error: BaseException) -> str:
    """What a model had said when an error ended its call, without what it thought aloud."""
    return whole(spoken(error.said)) if isinstance(error, MemagentError) else ""


def said_in(trace: Trace, user: str, session: str) -> Said:
    """Return what the user said in a recorded turn.

    Raises:
        TraceError: the trace is of no turn of a conversation.
    """
    for record in trace:
        if isinstance(record.step, Remember) and record.step.notes[0].metadata.get("role") == "user":
            note = record.step.notes[0]
            return Said(note.text, note.id or "", str(note.metadata.get("speaker", "")), user, session)
    raise TraceError("this is the trace of no turn of a conversation", hint="Give the trace of a reply.")
