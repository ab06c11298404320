"""The look at a new paragraph before it is accepted: what it contradicts, what a model reads in it, a second try.

It is one flow with the writing of the paragraph, so one trace: a run killed in between asks for nothing twice, and goes
on as if nothing had happened. By `story.toml`: `continuity_check = "off" | "tell" | "retry"`, and `continuity =
"rules" | "model"`. With `retry` a paragraph that contradicts what was told is written once more with that named, and
the better of the two is accepted. An opening is told of and not tried again: nothing was told before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from memagent import files
from memagent.controller import Controller
from memagent.errors import ReplyError
from memagent.flow import Flow
from memagent.methods.recurrent import LookUp, Select, State, choose
from memagent.methods.recurrent_around import Around
from memagent.methods.recurrent_facts import read_paragraph_facts
from memagent.story.book import HIDDEN, Story
from memagent.story.canon import Doubt, Known, Reading
from memagent.story.canon_store import next_places
from memagent.story.finding import Finding, digest_of
from memagent.story.log import event
from memagent.story.manuscript import Place
from memagent.story.record import usage_to
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
    if how == "tell" or not first.findings or isinstance(state, str):
        return first
    try:
        second = yield from _looked_at(
            story, known, (yield from go(state, replace(around, wrong=_named(first.findings))))
        )
    except ReplyError as error:
        return replace(first, problems=(*first.problems, f"it could not be written once more: {error.message}"))
    better, other = (second, first) if len(second.findings) <= len(first.findings) else (first, second)
    rejected = other.state.paragraph if other.state.paragraph != better.state.paragraph else ""
    return replace(better, rejected=rejected)


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


def read_all(story: Story, controller: Controller, *, on_read: Callable[[Place, Reading], None]) -> list[str]:
    """Let the model read every paragraph that it has not read, one call each; return what went wrong, a line each.

    Each is safe on disk before the next one is asked for, so the same call goes on where it was stopped. Call it
    inside `editing`. Raises what the controller raises.
    """
    known, problems, wanted = Known(story.record.waived, story.canon.rules), [], set(unread(story))
    for number, (place, text) in enumerate(story.manuscript.paragraphs, 1):
        digest = digest_of(text)
        if number in wanted and digest not in story.record.readings:
            path = story.folder / HIDDEN / "runs" / f"extract-{digest}.jsonl"
            with files.writing(path):
                path.parent.mkdir(exist_ok=True)
            result = controller.run(look(story, known, text, place, number), trace=path)
            reading, problem = result.value
            spent = {"usage": usage_to(result.usage), "llm": controller.llm.name}
            if reading is None:
                problems.append(problem)
                story.reject(path, problem)
            kept = {digest: reading.to_json()} if reading else {}
            story.commit(event("extracted", number=number, readings=kept, **spent))
            if reading:
                on_read(place, reading)
        data = story.record.readings.get(digest)
        known.take(text, place, Reading.from_json(data) if data else None)
    story.remember()
    return problems


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


def _named(findings: tuple[Finding, ...]) -> str:
    return "\n".join(f"“{finding.quote}”: {finding.text}" for finding in findings)
