"""One turn of a conversation as a flow: keep what is said, call to mind, put the prompt together, ask, keep the answer.

What the user says is on disk before the model is asked, word for word and by no model's leave. Everything that the
turn needs is asked for, the time too; so it runs blocking, on an event loop, streamed or from a trace, as every method.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from memagent.chat.context import Asked, Context, Limits, assembled, turns_shown
from memagent.chat.counting import Counter, cautious
from memagent.chat.history import ANSWERS, superseded
from memagent.chat.recalled import Setting, Wanted, asked_in, query_of, recalled
from memagent.errors import ReplyError
from memagent.flow import Flow, ask_time, generate, read_turns, remember
from memagent.memory.conversation import Turn, after
from memagent.methods.plain import unfinished
from memagent.methods.thinking import spoken, whole

REPLY = "chat/reply"
"""The label of the request that asks for the answer."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a chatbot answers: its prompt, how much it shows of what, and how long an answer may be.

    Attributes:
        system: its prompt.
        pinned: what is always shown, as long as it has room.
        tokens: how many tokens a prompt has at most.
        count: how tokens are counted.
        max_tokens: how many tokens an answer has at most.
        temperature: `None` leaves it to the backend.
        timeout: seconds for the call.
        wanted: how much is called to mind.
        turns: how many of the last turns are looked at.
    """

    system: str = ""
    pinned: tuple[str, ...] = ()
    tokens: int = 8000
    count: Counter = cautious
    max_tokens: int | None = 1024
    temperature: float | None = None
    timeout: float | None = 120.0
    wanted: Wanted = field(default_factory=Wanted)
    turns: int = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What a user says, on its way: the text, the id of its turn, who says it, of which user, in which conversation."""

    text: str
    id: str
    speaker: str = ""
    user: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one turn: the answer, the ids of both turns, the prompt, what was looked for, and problems."""

    text: str
    id: str
    turn: str
    context: Context
    query: str
    problems: tuple[str, ...] = ()


def answer(said: Said, manner: Manner) -> Flow[Answered]:
    """Answer what a user says, with what the memory has on it.

    Raises:
        UsageProblem: the tokens do not hold the system prompt and the message.
        ReplyError: the model wrote nothing.
        BackendError: the model failed. What the user said is kept.
    """
    talk = yield from read_turns(manner.turns)
    now = yield from ask_time()
    mine = next((turn for turn in talk.turns if turn.id == said.id), None)
    at = (mine.at if mine is not None else None) or after(talk.turns[-1] if talk.turns else None, now)
    yield from remember(Turn(said.text, "user", said.speaker, at, said.id).note)
    query = query_of(said.text, talk.turns)
    asked = Asked(said.text, at, said.id, said.user, manner.system, manner.pinned, talk, speaker=said.speaker)
    limits = Limits(manner.tokens, manner.count)
    shown = turns_shown(asked, limits)
    left = superseded(talk.turns, said.id, said.text)
    here = Setting(asked_in(said.text), said.user, said.session, (said.id, *shown, *left))
    found = yield from recalled(query, manner.wanted, here)
    context = assembled(replace(asked, recalled=tuple(found)), limits)
    reply = yield from generate(
        context.messages,
        max_tokens=manner.max_tokens,
        temperature=manner.temperature,
        timeout=manner.timeout,
        label=REPLY,
    )
    text = whole(spoken(reply.text)).strip()
    if not text:
        raise ReplyError("the model wrote nothing", reply=reply.text, hint="Ask again, or another model.")
    now = yield from ask_time()
    told = Turn(text, "assistant", at=max(now, at), id=answer_id(said.id, text), metadata={ANSWERS: said.id})
    [kept] = yield from remember(told.note)
    return Answered(text, kept, said.id, context, query, unfinished(reply))


def answer_id(turn: str, text: str) -> str:
    """Return the id of an answer: the same for the same answer to the same turn, so that it is kept once."""
    return hashlib.blake2b(f"{turn}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
