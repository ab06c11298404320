"""A paragraph that contradicts what was told is held back until somebody decides: it is kept, or written again.

`continuity_check` of `story.toml` says when: `ask` (where nobody can be asked, as `stop`), `stop`; `auto` and `retry`
where a run asks for its plans too. What is held back is in the log, paid for and whole, with all that its step made, so
keeping it asks no model. It is judged anew when the story is opened again: a hand edit of the older text may have
mended the contradiction. A step that leads elsewhere (another plan, `undo`) lets it go; its text stays in `alt`, and
what takes that step back lets it wait again, see `aside`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memagent.errors import HeldBack, UsageProblem
from memagent.methods.recurrent import State
from memagent.story.aside import since
from memagent.story.canon import Reading
from memagent.story.canon_store import next_places
from memagent.story.finding import Finding, digest_of, named
from memagent.story.log import Event, event
from memagent.story.manuscript import Place
from memagent.story.paths import quote
from memagent.story.record import StoryRecord, usage_from, usage_to
from memagent.types import Usage

if TYPE_CHECKING:
    from memagent.story.book import Story


@dataclass(frozen=True, slots=True)
class Held:
    """A paragraph that waits: its number and place, its text, what it contradicts as of now, and what it has cost."""

    number: int
    place: Place
    text: str
    findings: tuple[Finding, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a held paragraph: `keep`, with another text if one is given, `again`, or `stop`."""

    what: str
    text: str = ""


_CALLS = ("usage", "lost", "llm", "trace")
"""What a step of the log keeps of its calls, see `spending.of_trace`."""

Decide = Callable[[Held], Decision]
"""Decides what is to become of a paragraph."""


def wanted(how: str, *, asking: bool, somebody: bool) -> str:
    """Return what is to be done with a paragraph that contradicts something: `tell` of it, `ask`, or `stop`.

    Args:
        how: `continuity_check` of `story.toml`.
        asking: whether the run asks for its plans, too.
        somebody: whether there is somebody to ask.
    """
    if how in ("auto", "retry"):
        return "ask" if asking and somebody else "tell"
    if how == "ask":
        return "ask" if somebody else "stop"
    return "stop" if how == "stop" else "tell"


def hold(story: Story, step: Event) -> None:
    """Put a step of writing aside, as `record.written_event` makes it. It counts what it has cost."""
    kept = {name: value for name, value in step.items() if name not in ("type", "at", *_CALLS)}
    calls = {name: step[name] for name in _CALLS if name in step}
    story.commit(event("held", number=step["number"], text=step["written"][-1], step=kept, **calls))


def waiting(story: Story) -> Held | None:
    """Return the paragraph that waits, or `None`."""
    held = story.record.held
    if held is None:
        return None
    (place,) = next_places(story.record, 1, begins="chapter" in held["step"])
    found = judged(story, held["text"], place)
    return Held(held["number"], place, held["text"], found, usage_from(held["usage"]))


def judged(story: Story, text: str, place: Place) -> tuple[Finding, ...]:
    """Return what a text contradicts as the next paragraph, by what is known now. No model is asked."""
    held = story.record.held
    read = held["step"].get("readings", {}).get(digest_of(text)) if held else None
    readings = {digest_of(text): Reading.from_json(read)} if read else {}
    return tuple(story.known.judge([(place, text)], readings))


def keep(story: Story, text: str = "") -> State:
    """Take the paragraph that waits into the story, or another text in its place, of which the memory learns next.

    What a person has written into the short memory meanwhile goes before what the model has. Of other edits the memory
    that came with the paragraph knows nothing: the next prompt carries them.
    """
    held, edits = _held(story), since(story.record.done)
    edited = next((str(step["text"]) for step in edits if step["type"] == "memory"), "")
    step = {name: value for name, value in held["step"].items() if name != "findings"}
    step |= {"usage": usage_to(Usage()), "llm": held["llm"]}
    if any(step["type"] in ("manuscript", "revised") for step in edits):
        before = StoryRecord.fold(story.log.events[: story.log.events.index(held)]).paragraphs
        step["remembered"] = [*before, held["text"]]
    if (now := waiting(story)) is not None and now.findings:
        step["findings"] = [one.to_dict() for one in now.findings]
    story.accept(event("written", **step))
    if edited:
        story.commit(event("memory", text=edited))
    if text and text != held["text"]:
        story.commit(event("revised", number=held["number"], text=text, by="edited"))
        story.remember()
        return replace(story.begun(), written=(text,))
    return story.begun()


def again(story: Story) -> None:
    """Let the paragraph that waits go: the next run writes it again, and the model is told what it contradicted."""
    _held(story)
    held = waiting(story)
    assert held is not None
    wrong = {"wrong": named(held.findings)} if held.findings else {}
    story.commit(event("left", number=held.number, **wrong))


def told(findings: Sequence[Finding]) -> str:
    """Return what a text contradicts for an error's message: behind it, a line each."""
    return "".join(f"\n  {one.text}" for one in findings)


def refused(story: Story, held: Held) -> HeldBack:
    """Return what is to be said of a paragraph that is put aside, and how it goes on."""
    folder = quote(story.folder)
    return HeldBack(
        f"{held.place} contradicts what was told and is put aside:{told(held.findings)}",
        hint=f"Nothing is lost. Read it: memagent story alt '{held.place}' {folder}\n"
        f"Take it as it is: memagent story write {folder} --keep\nor have it written again: "
        f"memagent story write {folder} --again\nor mend the older text, sync, and give the same command again.",
        findings=held.findings,
    )


def nothing_waits(story: Story) -> UsageProblem:
    """Return what is to be said where something is decided of a paragraph, and none waits."""
    hint = f"Go on: memagent story write {quote(story.folder)}"
    return UsageProblem("no paragraph waits to be kept or written again", hint=hint)


def _held(story: Story) -> Event:
    if story.record.held is None:
        raise nothing_waits(story)
    return story.record.held
