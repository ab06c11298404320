"""An answer on its way to the page as server-sent events, with what was recalled for it and why at its end.

Each turn runs in a task of its own, and what streams it only listens. When the connection closes, the task is told to
stop once and then has the time it needs: the conversation keeps what was said, and what had come of the answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from login import Refusal

from memagent.chat.conversation import Conversation
from memagent.chat.events import Done, Told
from memagent.chat.reply import Reply
from memagent.errors import MemagentError

AT_ONCE = 2
"""So many answers at a time for one user."""

PING = 10.0
"""Seconds after which a line is sent that says nothing: a server may notice only then that nobody listens."""

_log = logging.getLogger("memagent.example")


class Answers:
    """The turns that are being answered."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], str] = {}

    def start(self, user: str, talk: Conversation, text: str, id: str) -> AsyncIterator[str]:
        """Begin a turn of a user and return what to send of it.

        Raises:
            Refusal: so many turns of this user are being answered that there is to be no other.
        """
        if Counter(self._running.values())[user] >= AT_ONCE:
            raise Refusal(429, f"{AT_ONCE} answers are on their way already", "Wait for one of them, or stop it.")
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        turn = asyncio.create_task(_answered(talk, text, id, queue))
        self._running[turn] = user
        turn.add_done_callback(self._ended)
        return _listening(turn, queue)

    async def close(self) -> None:
        """Stop all turns, and wait until each has kept what it has."""
        running = list(self._running)
        for turn in running:
            turn.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, turn: asyncio.Task[None]) -> None:
        del self._running[turn]
        if not turn.cancelled() and (error := turn.exception()) is not None:
            _log.error("a turn failed", exc_info=error)


async def _listening(turn: asyncio.Task[None], queue: asyncio.Queue[str | None]) -> AsyncIterator[str]:
    try:
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), PING)
            except TimeoutError:
                yield ": still at it\n\n"
                continue
            if event is None:
                return
            yield event
    finally:
        turn.cancel()


async def _answered(talk: Conversation, text: str, id: str, queue: asyncio.Queue[str | None]) -> None:
    try:
        async with aclosing(talk.astream(text, id=id)) as events:  # type: ignore[type-var]
            async for event in events:
                queue.put_nowait(_line(event.type, await _shown(event, talk)))
    except MemagentError as error:
        queue.put_nowait(_line("error", {"error": error.message, "hint": error.hint}))
    finally:
        queue.put_nowait(None)


async def _shown(event: Told, talk: Conversation) -> Mapping[str, Any]:
    if not isinstance(event, Done):
        return event.as_json()
    return {**event.as_json(), "why": await asyncio.to_thread(evidence, event.reply, talk)}


def evidence(reply: Reply, talk: Conversation) -> Mapping[str, Any]:
    """Return what was recalled for an answer: of what kind, from when and where, with what score, and why."""
    why = reply.why()
    passages = {one.id: one for one in talk.memory.turns.passages(one.hit.id for one in why.evidence)}
    told = []
    for one in why.evidence:
        passage = passages.get(one.hit.id)
        at = (passage.at or passage.recorded_at).isoformat() if passage is not None else ""
        told.append(
            {
                "id": one.hit.id,
                "kind": one.kind,
                "label": one.label,
                "text": one.hit.text,
                "at": at,
                "score": one.hit.score,
                "parts": dict(one.hit.parts),
                "why": one.hit.why,
                "source": one.hit.source,
                "session": one.session,
            }
        )
    missed = Counter(f"{one.what}: {one.why}" for one in why.left_out)
    return {
        "query": why.query,
        "evidence": told,
        "turns": len(why.turns),
        "summarised": why.summarised,
        "tokens": why.tokens,
        "limit": why.limit,
        "left_out": dict(missed),
    }


def _line(type: str, data: Mapping[str, Any]) -> str:
    return f"event: {type}\ndata: {json.dumps(data)}\n\n"
