"""What the next call of a story sends, word for word, without sending it; and which part of it takes how much."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

from memagent.controller import Controller
from memagent.llms.base import LLM, Ability
from memagent.methods.recurrent import LookUp, Select, advance
from memagent.story.around import around
from memagent.story.book import Story
from memagent.story.canon_shown import Sheet, facts_for_next
from memagent.story.lore_scan import Watch, for_next
from memagent.story.recalling import recalling
from memagent.story.spending import replies
from memagent.story.tokens import about
from memagent.types import Completion, Request, Token

_PART = re.compile(r"<([a-z_]+)>[ \t]*\n(.*?)\n[ \t]*</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a prompt: its tag (`instructions` for what stands outside of tags), its text, about how many tokens."""

    name: str
    text: str
    tokens: int


def next_request(
    story: Story,
    llm: LLM,
    select: Select,
    look_up: LookUp | None = None,
    lore: Watch | None = None,
    facts: Sheet | None = None,
) -> Request:
    """Return the next request that writing would send. Nothing is sent, and nothing changes.

    Call it inside `editing`: it looks paragraphs up as writing does, by `look_up` if one is given (see `recalling`).
    `lore` may be a watch of the caller's, which then knows what of the lorebook the request shows, and why; `facts`
    likewise for the canon.
    """
    where = story.standing
    beside = around(story, where, lore or for_next(story, where), facts or facts_for_next(story))
    flow = advance(
        story.start,
        select=select,
        settings=story.settings,
        look_up=look_up or recalling(story),
        around=replace(beside, wrong=story.record.aside.wrong),
    )
    try:
        Controller(_Unsent(llm), story.memory, replies=replies(story, llm.name)).run(flow)
    except _Seen as seen:
        return seen.request
    raise AssertionError("a step of a story always asks the model")


def parts(request: Request) -> list[Part]:
    """Return what a request is made of: instructions, each tagged text in them, the schema of the reply if it has one.

    A server may be sent the schema beside the messages, and count it; one that takes none is not.
    """
    whole = "\n".join(message.content for message in request.messages)
    found = [Part(name, text, about(text)) for name, text in _PART.findall(whole)]
    rest = _PART.sub("", whole)
    form = json.dumps(request.schema, ensure_ascii=False) if request.schema else ""
    return [Part("instructions", rest, about(rest)), *found, *[Part("schema", form, about(form))] * bool(form)]


class _Seen(Exception):
    def __init__(self, request: Request) -> None:
        super().__init__("the request was seen")
        self.request = request


class _Unsent:
    """A model in whose name requests are made and which is never asked."""

    def __init__(self, llm: LLM) -> None:
        self.name = llm.name
        self.can: frozenset[Ability] = llm.can

    def complete(self, request: Request) -> Completion:
        raise _Seen(request)

    async def acomplete(self, request: Request) -> Completion:
        raise _Seen(request)

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        raise _Seen(request)

    def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        raise _Seen(request)
