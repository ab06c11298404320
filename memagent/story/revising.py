"""Revising a paragraph with a model: drafts are offered, one is taken, and the short memory is brought up to it.

A draft that was paid for is in the log before anybody sees it; after a kill in a call it goes on from its trace.
"""

from __future__ import annotations

from typing import Any, TypeVar

from memagent.controller import Controller, Result
from memagent.errors import HeldBack
from memagent.flow import Flow
from memagent.methods.recurrent_revise import Passage, refresh, rewrite
from memagent.story import finished
from memagent.story.around import around
from memagent.story.book import Story
from memagent.story.canon import Reading
from memagent.story.canon_shown import facts_for_passage
from memagent.story.continuity import look
from memagent.story.drafts import number_of
from memagent.story.finding import Finding, digest_of
from memagent.story.holding import told
from memagent.story.log import event
from memagent.story.lore_scan import for_passage
from memagent.story.manuscript import Place
from memagent.story.paths import quote
from memagent.story.running import recorded, trace_named
from memagent.story.spending import used

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
        around=around(
            story, story.standing, for_passage(story, passage, wish), facts_for_passage(story, passage, wish)
        ),
    )
    result = _run(story, controller, flow, f"revise-{number:06d}-{attempt}", "draft")
    story.commit(event("draft", number=number, text=result.value, wish=wish, fresh=fresh, **used(result, controller)))
    return result.value


def waiting(story: Story, controller: Controller, place: Place, wish: str, *, fresh: bool = False) -> list[str]:
    """Return the drafts of this very request that nobody has decided on, in order: those of a run that was stopped.

    They are the last of the log; a draft that was taken or left, and one of another model, is none of them.
    """
    number, found = number_of(story.record, place), []
    for one in reversed(story.log.events):
        asked = one["type"] == "draft" and (one["number"], one["wish"], one.get("fresh", False))
        if asked != (number, wish, fresh) or one["llm"] != controller.llm.name:
            break
        found.append(str(one["text"]))
    return found[::-1]


def done_already(story: Story, place: Place, wish: str, *, fresh: bool = False) -> str | None:
    """Return the text that this very request put in by a run that was killed before it could say so; else `None`."""
    last, number = finished.unfinished(story), number_of(story.record, place)
    if last is None or (last["type"], last.get("number")) != ("revised", number):
        return None
    draft = story.log.events[-2]
    if draft["type"] != "draft" or (draft["number"], draft["wish"], draft.get("fresh", False)) != (number, wish, fresh):
        return None
    finished.end(story)
    return str(last["text"])


def leave(story: Story, place: Place) -> None:
    """Say that the drafts for a paragraph are not taken, so that the same request asks for others."""
    story.commit(event("left", number=number_of(story.record, place)))


def take(
    story: Story, controller: Controller, place: Place, text: str, *, unless_it_contradicts: bool = False
) -> list[Finding]:
    """Put a text into a paragraph's place and bring the short memory up to it; return what it contradicts.

    One call, two if the memory grew, and one more where a model reads the facts. Call it inside `editing`. The long
    memory and the canon follow by themselves. Raises what the controller raises; the story is then as it was. So it is
    with `HeldBack`, raised for a text that contradicts what was told before it where that is not wanted.
    """
    number = number_of(story.record, place)
    before = story.record.paragraphs[number - 1]
    if text == before:
        return []
    if unless_it_contradicts and (found := contradictions(story, place, text)):
        leave(story, place)
        raise refused(story, place, found)
    assert story.state is not None
    flow = _taken(story, place, number, text)
    result = _run(story, controller, flow, f"refresh-{number:06d}-{len(story.log.events)}", "revised")
    memory, reading = result.value
    fields: dict[str, Any] = {"memory": memory, **used(result, controller)}
    if reading is not None:
        fields["readings"] = {digest_of(text): reading.to_json()}
    found = contradictions(story, place, text, reading)
    if found and unless_it_contradicts:
        story.failed(used(result, controller), "revised")
        leave(story, place)
        raise refused(story, place, found)
    if found:
        fields["findings"] = [finding.to_dict() for finding in found]
    finished.begin(story)
    story.commit(event("revised", number=number, text=text, by="revised", **fields))
    story.remember()
    return found


def refused(story: Story, place: Place, findings: list[Finding]) -> HeldBack:
    """Return what is to be said of a draft that contradicts something, and is not taken."""
    folder = quote(story.folder)
    return HeldBack(
        f"the draft for {place} contradicts what was told and is not taken:{told(findings)}",
        hint=f"It is kept; look at it: memagent story alt '{place}' {folder}\n"
        f"Take it as it is: memagent story alt '{place}' {folder} --restore N\n"
        "or have another one written: give the same command again.",
        findings=tuple(findings),
    )


def contradictions(story: Story, place: Place, text: str, reading: Reading | None = None) -> list[Finding]:
    """Return what a text would contradict in a paragraph's place of all that is told before it. No model is asked."""
    if story.config.continuity_check == "off":
        return []
    known = story.canon.fold(story.record, number_of(story.record, place) - 1)
    return known.judge([(place, text)], {digest_of(text): reading} if reading else {})


def _taken(story: Story, place: Place, number: int, text: str) -> Flow[tuple[str, Reading | None]]:
    assert story.state is not None
    settings, before = story.config.settings, story.record.paragraphs[number - 1]
    memory = yield from refresh(story.state.memory, before, text, number=number, settings=settings)
    if story.config.continuity != "model":
        return memory, None
    reading, _ = yield from look(story, story.canon.fold(story.record, number - 1), text, place, number)
    return memory, reading


def _run(story: Story, controller: Controller, flow: Flow[T], name: str, of: str) -> Result[T]:
    as_it_was, again = "The paragraph is as it was.", "Try again, or use another model."
    return recorded(story, controller, flow, trace_named(story, name), of=of, kept=as_it_was, try_again=again)
