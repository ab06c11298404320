"""Revising a paragraph with a model: drafts are offered, one is taken, and the short memory is brought up to it.

A draft that was paid for is in the log before anybody sees it; after a kill in a call it goes on from its trace.
"""

from __future__ import annotations

from typing import TypeVar

from memagent import files
from memagent.controller import Controller, Result
from memagent.flow import Flow
from memagent.methods.recurrent_revise import Passage, refresh, rewrite
from memagent.story.around import around
from memagent.story.book import HIDDEN, Story
from memagent.story.drafts import number_of
from memagent.story.log import event
from memagent.story.lore_scan import for_passage
from memagent.story.manuscript import Place
from memagent.story.record import usage_to

T = TypeVar("T")


def offer(story: Story, controller: Controller, place: Place, wish: str, *, fresh: bool = False) -> str:
    """Let the model revise a paragraph as wished and return the draft; the story is as it was. One call.

    Call it inside `editing`. Raises `UsageProblem` for a place that is not there and an empty wish, and what the
    controller raises.
    """
    number = number_of(story.record, place)
    attempt = sum(one["type"] == "draft" and one["number"] == number for one in story.log.events)
    assert story.state is not None
    texts = story.record.paragraphs
    passage = Passage(
        number,
        texts[number - 1],
        previous=texts[number - 2] if number > 1 else "",
        following=texts[number] if number < len(texts) else "",
    )
    flow = rewrite(
        passage,
        wish,
        story.state.memory,
        fresh=fresh,
        attempt=attempt,
        settings=story.config.settings,
        around=around(story, story.standing, for_passage(story, passage, wish)),
    )
    result = _run(story, controller, flow, f"revise-{number:06d}-{attempt}")
    spent = {"usage": usage_to(result.usage), "llm": controller.llm.name}
    story.commit(event("draft", number=number, text=result.value, wish=wish, **spent))
    return result.value


def take(story: Story, controller: Controller, place: Place, text: str) -> None:
    """Put a text into a paragraph's place and bring the short memory up to it. One call, two if the memory grew.

    Call it inside `editing`. The long memory follows by itself. Raises what the controller raises; the story is then
    as it was.
    """
    number = number_of(story.record, place)
    before = story.record.paragraphs[number - 1]
    if text == before:
        return
    assert story.state is not None
    flow = refresh(story.state.memory, before, text, number=number, settings=story.config.settings)
    result = _run(story, controller, flow, f"refresh-{number:06d}-{len(story.log.events)}")
    fields = {"memory": result.value, "usage": usage_to(result.usage), "llm": controller.llm.name}
    story.commit(event("revised", number=number, text=text, by="revised", **fields))
    story.remember()


def _run(story: Story, controller: Controller, flow: Flow[T], name: str) -> Result[T]:
    path = story.folder / HIDDEN / "runs" / f"{name}.jsonl"
    with files.writing(path):
        path.parent.mkdir(exist_ok=True)
    return controller.run(flow, trace=path)
