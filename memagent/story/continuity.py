"""The look at a new paragraph before it is accepted: what it contradicts, what a model reads in it, a second try.

It is one flow with the writing of the paragraph, so one trace: a run killed in between asks for nothing twice, and goes
on as if nothing had happened. By `story.toml`: `continuity_check`, and `continuity = "rules" | "model"`. With `retry` a
paragraph that contradicts what was told is written once more with that named, and the better of the two goes on. What
becomes of one that contradicts something still is `holding`'s. An opening is told of and neither tried again nor held
back: nothing was told before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from memagent.controller import Controller
from memagent.errors import ReplyError
from memagent.flow import Flow
from memagent.methods.recurrent import LookUp, Select, State, choose
from memagent.methods.recurrent_around import Around
from memagent.methods.recurrent_facts import read_paragraph_facts
from memagent.story.book import Story
from memagent.story.canon import Doubt, Known, Reading
from memagent.story.canon_store import next_places
from memagent.story.finding import Finding, digest_of, named
from memagent.story.log import event
from memagent.story.manuscript import Place
from memagent.story.running import InVain, put_aside, trace_named
from memagent.story.spending import used
from memagent.types import Hit

Go = Callable[[State | str, Around], Flow[State]]
"""Writes on from a state or a premise, with what is shown round the memory."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one transition wrote and what was found of it.

    Attributes:
        state: where the story stands.
        findings: what the accepted paragraphs contradict.
        readings: what a model read in them, by the digest of each.
        rejected: a first draft of the newest paragraph that was not accepted.
        problems: what could not be looked at, and why.
    """

    state: State
    findings: tuple[Finding, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    rejected: str = ""
    problems: tuple[str, ...] = ()

    @property
    def kept(self) -> dict[str, Any]:
        """What the log keeps of it beside the state; empty where there is nothing to say."""
        found = {
            "findings": [finding.to_dict() for finding in self.findings],
            "readings": {digest: reading.to_json() for digest, reading in self.readings.items()},
            "rejected": self.rejected,
        }
        return {name: value for name, value in found.items() if value}


def checked(story: Story, go: Go, around: Around, select: Select) -> Flow[Checked]:
    """Write on by `go` and look at what was written, as the story's settings say. Call it inside `editing`.

    Without a check and a model, nothing is asked but what `go` asks.
    """
    how, state = story.config.continuity_check, story.start
    known = story.canon.known(story.record) if how != "off" or story.config.continuity == "model" else None
    if known is None:
        return Checked((yield from go(state, around)))
    if how == "retry" and isinstance(state, State) and not state.plan:  # once for both tries
        state = yield from choose(state, select=select, settings=story.settings, around=around)
    first = yield from _looked_at(story, known, (yield from go(state, around)))
    if how == "off":
        return replace(first, findings=())
    if how != "retry" or not first.findings or isinstance(state, str):
        return first
    try:
        second = yield from _looked_at(
            story, known, (yield from go(state, replace(around, wrong=named(first.findings))))
        )
    except ReplyError as error:
        return replace(first, problems=(*first.problems, f"it could not be written once more: {error.message}"))
    better, other = (second, first) if len(second.findings) <= len(first.findings) else (first, second)
    rejected = other.state.paragraph if other.state.paragraph != better.state.paragraph else ""
    still = ("it was written once more, and contradicts what was told still",) * bool(better.findings)
    return replace(better, rejected=rejected, problems=(*better.problems, *still))


def _looked_at(story: Story, known: Known, state: State) -> Flow[Checked]:
    """Read and judge what one transition wrote."""
    begins = story.standing.begins
    places = next_places(story.record, len(state.written), begins=begins)
    paragraphs = list(zip(places, state.written, strict=True))
    readings: dict[str, Reading] = {}
    problems = []
    if story.config.continuity == "model":
        for number, (place, text) in enumerate(paragraphs, state.paragraphs - len(state.written) + 1):
            reading, problem = yield from look(story, known, text, place, number)
            if reading is not None:
                readings[digest_of(text)] = reading
            problems += [problem] * bool(problem)
    return Checked(state, tuple(known.judge(paragraphs, readings)), readings, problems=tuple(problems))


def look(story: Story, known: Known, text: str, place: Place, number: int) -> Flow[tuple[Reading | None, str]]:
    """Let a model read a paragraph after what is known before it; return what it read, and what went wrong. One call.

    A reply that cannot be read is told and no error: it must not lose a paragraph that was paid for.
    """
    entries = known.about(text)
    try:
        lines = [entry.line for entry in entries]
        found = yield from read_paragraph_facts(text, lines, number=number, settings=story.settings)
    except ReplyError as error:
        return None, f"{place} could not be read for its facts: {error.message}"
    doubts = []
    for clash in found.clashes:
        entry = entries[clash.fact]
        fact = (entry.triple.subject, entry.triple.relation, entry.triple.object)
        doubts.append(Doubt(fact, entry.digest, clash.quote, clash.why))
    return Reading(found.told, tuple(doubts)), ""


def unread(story: Story) -> list[int]:
    """Return the numbers of the paragraphs that no model has read yet."""
    return [
        number for number, text in enumerate(story.record.paragraphs, 1) if digest_of(text) not in story.record.readings
    ]


def read_all(
    story: Story,
    controller: Controller,
    *,
    on_read: Callable[[Place, Reading], None],
    on_problem: Callable[[str], None] = lambda problem: None,
) -> list[str]:
    """Let the model read every paragraph that it has not read, one call each; return what went wrong, a line each.

    Call it inside `editing`. The canon has all of it then. A run that was stopped or killed goes on where it was; each
    reading is kept when it is there. `on_problem` hears what goes wrong at once; after the third in a row no other
    paragraph is asked for.
    """
    known, problems = Known(story.record.waived, story.canon.rules), list[str]()
    wanted, in_vain = set(unread(story)), InVain()
    for number, (place, text) in enumerate(story.manuscript.paragraphs, 1):
        digest = digest_of(text)
        if number in wanted and digest not in story.record.readings:
            reading, problem = _read_one(story, controller, known, text, place, number)
            if reading is None:
                problems.append(problem)
                on_problem(problem)
                if in_vain.enough():
                    problems.append(in_vain.told)
                    on_problem(in_vain.told)
                    break
            else:
                in_vain.over()
                on_read(place, reading)
        data = story.record.readings.get(digest)
        known.take(text, place, Reading.from_json(data) if data else None)
    story.remember()
    return problems


def _read_one(
    story: Story, controller: Controller, known: Known, text: str, place: Place, number: int
) -> tuple[Reading | None, str]:
    """Let the model read one paragraph; keep what it read, or what went wrong, in the log; return both."""
    digest = digest_of(text)
    path = trace_named(story, f"extract-{digest}")
    result = controller.run(look(story, known, text, place, number), trace=path)
    reading, problem = result.value
    if reading is None:
        put_aside(story, controller, result.trace, ReplyError(problem, reply=problem), "extracted")
    else:
        kept = {digest: reading.to_json()}
        story.commit(event("extracted", number=number, readings=kept, **used(result, controller)))
    return reading, problem


def once(look_up: LookUp) -> LookUp:
    """Return a look-up that finds for a second try what it found for the first.

    Between the two the newest paragraph has gone into long memory, and would come to mind beside itself.
    """
    found: dict[tuple[str, int], list[Hit]] = {}

    def again(query: str, k: int) -> Flow[list[Hit]]:
        if (query, k) not in found:
            found[query, k] = yield from look_up(query, k)
        return found[query, k]

    return again
