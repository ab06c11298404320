"""What a story is, folded from its log: chapters, paragraphs, memory, plans, what it cost, how far it is to go.

Steps can be taken back: `undo` folds the log again without them. They stay in the log, and so does every draft.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from memagent.errors import StoryError
from memagent.methods.recurrent import State
from memagent.methods.recurrent_recall import Recalled
from memagent.shown import Shown
from memagent.story.aside import Aside
from memagent.story.log import Event, event
from memagent.story.renumbering import was
from memagent.types import Usage

VERSION = 1


@dataclass(frozen=True, slots=True)
class Goal:
    """Up to where a run goes (see `writing.Target`), what was asked for, and the limits that it was given, by name.

    A run keeps its goal until it has said that it reached it; one killed before that is still the same run.
    """

    until: int | str
    asked: str
    reached: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begun:
    """A chapter: the number of its first paragraph, from 1, and its title, empty if it has none."""

    first: int
    title: str = ""


@dataclass(slots=True)
class StoryRecord(Shown):
    """The folded log. `apply` is the only thing that changes it.

    Attributes:
        paragraphs: all of them, in order.
        chapters: where each chapter begins.
        long_edits: edits of long memory, by paragraph; "" for what was let go.
        lore: who of the lorebook was shown to the writer of each paragraph.
        remembered: the paragraphs as they were when the short memory was made, if they were edited by hand since, or if
            it knows of the first ones only, behind the end of a branch.
        taken_up: the digests of the chapters' files as a person had left them when their edits were taken up last.
        waived: contradictions that are meant.
        readings: what a model read in paragraphs, by the digest of each text; kept whatever is taken back, since it is
            true of the text. See `canon.Reading`.
        deep: what a model found to contradict, by the digest of each paragraph, kept as `readings`; see `check_deep`.
        looked: the parts that a model has looked at, with how many of its findings could not be pointed at.
        usage: what all that was written has cost, what was taken back included.
        done: the steps that hold; `undone`: those taken back, the last first.
        drafts: how often each paragraph has been written.
        aside: what is held back, and what a draft contradicted that is to be written again.
    """

    paragraphs: list[str] = field(default_factory=list)
    state: State | None = None
    chapters: list[Begun] = field(default_factory=list)
    long_edits: dict[int, str] = field(default_factory=dict)
    lore: dict[int, tuple[str, ...]] = field(default_factory=dict)
    remembered: list[str] | None = None
    taken_up: dict[str, str] = field(default_factory=dict)
    waived: set[tuple[str, ...]] = field(default_factory=set)
    readings: dict[str, Any] = field(default_factory=dict)
    deep: dict[str, list[list[str]]] = field(default_factory=dict)
    looked: dict[str, int] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    goal: Goal | None = None
    done: list[Event] = field(default_factory=list)
    undone: list[Event] = field(default_factory=list)
    drafts: Counter[int] = field(default_factory=Counter)
    aside: Aside = field(default_factory=Aside)

    @classmethod
    def fold(cls, events: Iterable[Event]) -> StoryRecord:
        """Replay events, oldest first."""
        record = cls()
        for one in events:
            record.apply(one)
        return record

    def apply(self, event: Event) -> None:
        """Take one event up. Raises `StoryError` for a kind that this version does not know."""
        kind = event.get("type", "")
        handler = _STEPS.get(kind) or _OTHERS.get(kind)
        if handler is None:
            raise StoryError(f"the story's log has an event {kind!r}", hint="Update memagent to read it.")
        try:
            handler(self, event)
            if "usage" in event:
                self.usage += usage_from(event["usage"])
            self.readings.update(event.get("readings", {}))
        except (KeyError, TypeError, IndexError) as error:
            raise StoryError(
                f"a {kind!r} event in the story's log is damaged: {error!r}", hint="Restore it from a backup."
            ) from error
        if kind in _STEPS:
            self.done.append(event)
            self.undone.clear()
        if kind in ("written", "held"):
            self.drafts[event["number"]] += 1
        self.aside.take(event, self.done, len(self.paragraphs))

    @property
    def held(self) -> Event | None:
        """The event of the paragraph that waits to be kept or written again; see `holding`."""
        return self.aside.held

    @property
    def long_memory(self) -> dict[int, str]:
        """What long memory holds, by paragraph number.

        Every paragraph but the newest, as a person may have edited it.
        """
        texts = {number: self.long_edits.get(number, text) for number, text in enumerate(self.paragraphs[:-1], 1)}
        return {number: text for number, text in texts.items() if text}

    def chapter_of(self, number: int) -> int:
        """Return the number of the chapter, from 1, that a paragraph belongs to; 0 before the story has begun."""
        return sum(chapter.first <= number for chapter in self.chapters)

    def chapter_texts(self) -> list[tuple[str, list[str]]]:
        """Return the title and the paragraphs of each chapter."""
        ends = [chapter.first - 1 for chapter in self.chapters[1:]] + [len(self.paragraphs)] * bool(self.chapters)
        return [
            (chapter.title, self.paragraphs[chapter.first - 1 : end])
            for chapter, end in zip(self.chapters, ends, strict=True)
        ]

    @property
    def title(self) -> str:
        """The title, once the story has begun."""
        return self.state.title if self.state else ""

    def _created(self, event: Event) -> None:
        if event["version"] > VERSION:
            raise StoryError(f"the story has format {event['version']}, this is {VERSION}", hint="Update memagent.")

    def _written(self, event: Event) -> None:
        if (title := event.get("chapter")) is not None or not self.chapters:
            self.chapters.append(Begun(len(self.paragraphs) + 1, title or ""))
        self.paragraphs.extend(event["written"])
        if stems := event.get("lore"):
            self.lore[len(self.paragraphs)] = tuple(stems)
        before, self.remembered = self.state, event.get("remembered")  # of a paragraph that was held back
        self.state = State(
            paragraphs=len(self.paragraphs),
            paragraph=self.paragraphs[-1],
            previous=self.paragraphs[-2] if len(self.paragraphs) > 1 else "",
            memory=event["memory"],
            plans=tuple(event["plans"]),
            plan=event["plan"],
            written=tuple(event["written"]),
            recalled=tuple(event["recalled"]),
            rationale=event["rationale"],
            followed=event.get("followed", ""),
            title=event.get("title", before.title if before else ""),
            outline=event.get("outline", before.outline if before else ""),
        )

    def _failed(self, event: Event) -> None:
        """It changed nothing; what it cost is counted with every event."""

    def _picked(self, event: Event) -> None:
        self.state = replace(self._begun(), plan=event["plan"])

    def _plans(self, event: Event) -> None:
        self.state = replace(self._begun(), plans=tuple(event["plans"]), plan="")

    def _memory(self, event: Event) -> None:
        self.state, self.remembered = replace(self._begun(), memory=event["text"]), None

    def _long(self, event: Event) -> None:
        self.long_edits[event["number"]] = event["text"]

    def _manuscript(self, event: Event) -> None:
        before, self.paragraphs = self.paragraphs, list(event["paragraphs"])
        self.remembered = before if self.remembered is None else self.remembered
        self.chapters = [Begun(first, title) for first, title in event.get("chapters", ())] or self.chapters[:1]
        there = range(1, min(len(before), len(self.paragraphs)) + 1)
        numbers = was(event["same"]) if "same" in event else dict(zip(there, there, strict=True))
        same = {new: old for new, old in numbers.items() if before[old - 1] == self.paragraphs[new - 1]}
        self.long_edits = {new: self.long_edits[old] for new, old in same.items() if old in self.long_edits}
        self.lore = {new: self.lore[old] for new, old in numbers.items() if old in self.lore}
        self.taken_up = event.get("files", {})
        self.state = replace(
            self._begun(),
            title=event["title"],
            paragraphs=len(self.paragraphs),
            paragraph=self.paragraphs[-1],
            previous=self.paragraphs[-2] if len(self.paragraphs) > 1 else "",
        )

    def _imported(self, event: Event) -> None:
        """The beginning of a story that somebody has written already; its short memory and plans are to be made."""
        self.paragraphs = list(event["paragraphs"])
        self.chapters = [Begun(first, title) for first, title in event["chapters"]]
        self.state = State(
            paragraphs=len(self.paragraphs),
            paragraph=self.paragraphs[-1],
            previous=self.paragraphs[-2] if len(self.paragraphs) > 1 else "",
            memory="",
            plans=(),
            title=event["title"],
        )

    def _read(self, event: Event) -> None:
        """The model has read a part of the story: a short memory, and plans that hold once all of it is read."""
        plans = tuple(event["plans"]) if event["done"] else ()
        self.state = replace(self._begun(), memory=event["memory"], plans=plans, plan="")
        if event["done"]:
            self.remembered = None

    def _ended(self, event: Event) -> None:
        """The end of a branch, at a paragraph of its past: the text as it is now, the memory as it was then."""
        number = event["number"]
        self.paragraphs = self.paragraphs[:number]
        self.chapters = [chapter for chapter in self.chapters if chapter.first <= number]
        self.long_edits = {at: text for at, text in self.long_edits.items() if at <= number}
        self.lore = {at: stems for at, stems in self.lore.items() if at <= number}
        before = self._begun()
        self.state = State(
            paragraphs=number,
            paragraph=self.paragraphs[-1],
            previous=self.paragraphs[-2] if number > 1 else "",
            memory=event["memory"],
            plans=tuple(event["plans"]),
            title=before.title,
            outline=before.outline,
        )
        self.remembered = event["remembered"]

    def _revised(self, event: Event) -> None:
        number, text = event["number"], event["text"]
        if "memory" not in event and self.remembered is None:
            self.remembered = list(self.paragraphs)
        self.paragraphs[number - 1] = text
        self.long_edits.pop(number, None)
        state = self._begun()
        newest = number == len(self.paragraphs)
        self.state = replace(
            state,
            paragraph=text if newest else state.paragraph,
            previous=text if number == len(self.paragraphs) - 1 else state.previous,
            memory=event.get("memory", state.memory),
        )

    def _waived(self, event: Event) -> None:
        (self.waived.add if event.get("meant", True) else self.waived.discard)(waiver_of(event))

    def _checked(self, event: Event) -> None:
        self.looked[event["key"]] = event["dropped"]
        self.deep.update(event["found"])

    def _undo(self, event: Event) -> None:
        taken = self.done[len(self.done) - event["steps"] :]
        undone = [*self.undone, *reversed(taken)]
        self._again(self.done[: len(self.done) - event["steps"]])
        self.undone = undone

    def _redo(self, event: Event) -> None:
        undone, self.undone = self.undone, []
        for _ in range(event["steps"]):
            step = undone.pop()
            _STEPS[step["type"]](self, step)
            self.done.append(step)
        self.undone = undone

    def _again(self, steps: Sequence[Event]) -> None:
        """Fold only these steps; what was spent, the goal and the count of drafts stay."""
        fresh = StoryRecord()
        for step in steps:
            _STEPS[step["type"]](fresh, step)
        self.paragraphs, self.state, self.chapters = fresh.paragraphs, fresh.state, fresh.chapters
        self.long_edits, self.lore, self.waived = fresh.long_edits, fresh.lore, fresh.waived
        self.taken_up, self.remembered = fresh.taken_up, fresh.remembered
        self.done = list(steps)

    def _goal(self, event: Event) -> None:
        self.goal = Goal(event["until"], event["asked"], limits=event.get("limits", {}))

    def _reached(self, event: Event) -> None:
        if self.goal is not None:
            self.goal = replace(self.goal, reached=True)

    def _begun(self) -> State:
        if self.state is None:
            raise StoryError("the story has not begun", hint="Write its first paragraphs with: memagent story write")
        return self.state


def waiver_of(event: Event) -> tuple[str, ...]:
    """Return the waiver that an event gives or takes back: of older logs without a place, see `Finding.waiver`."""
    where = (event["where"],) if event.get("where") else ()
    return (event["kind"], event["key"], *where, *(("canon",) if event.get("canon") else ()))


_STEPS = {  # what can be taken back
    "imported": StoryRecord._imported,
    "read": StoryRecord._read,
    "written": StoryRecord._written,
    "revised": StoryRecord._revised,
    "picked": StoryRecord._picked,
    "plans": StoryRecord._plans,
    "memory": StoryRecord._memory,
    "long": StoryRecord._long,
    "manuscript": StoryRecord._manuscript,
    "ended": StoryRecord._ended,
    "waived": StoryRecord._waived,
}
_OTHERS = {
    "created": StoryRecord._created,
    "failed": StoryRecord._failed,
    "goal": StoryRecord._goal,
    "reached": StoryRecord._reached,
    "undo": StoryRecord._undo,
    "redo": StoryRecord._redo,
    "draft": StoryRecord._failed,
    "held": StoryRecord._failed,
    "left": StoryRecord._failed,
    "planned": StoryRecord._failed,
    "extracted": StoryRecord._failed,
    "checked": StoryRecord._checked,
}

STEPS = frozenset(_STEPS)
"""The kinds of events that can be taken back."""


def written_event(
    state: State,
    used: Mapping[str, Any],
    chapter: str | None = None,
    recall: Sequence[Recalled] = (),
    lore: Sequence[str] = (),
    more: Mapping[str, Any] | None = None,
) -> Event:
    """Return the event that says what one transition wrote. Title and outline are kept once, with the opening.

    `used` is what its calls were, see `spending.used`; `chapter` is the title of the chapter that it begins, `None`
    where it goes on with one; `recall` is what came to mind, and why; `lore` names the entries of the lorebook that it
    was shown; `more` is what else is kept with it, see `continuity.Checked.kept`.
    """
    begun: dict[str, Any] = dict(more or {})
    if state.paragraphs == len(state.written):
        begun |= {"title": state.title, "outline": state.outline}
    if chapter is not None:
        begun["chapter"] = chapter
    if state.followed:
        begun["followed"] = state.followed
    if lore:
        begun["lore"] = list(lore)
    return event(
        "written",
        number=state.paragraphs,
        written=list(state.written),
        memory=state.memory,
        plans=list(state.plans),
        plan=state.plan,
        recalled=list(state.recalled),
        recall=[asdict(one) for one in recall],
        rationale=state.rationale,
        **used,
        **begun,
    )


def usage_to(usage: Usage) -> dict[str, Any]:
    """Return a usage as the log keeps it."""
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost": usage.cost,
        "estimated": usage.estimated,
    }


def usage_from(data: Mapping[str, Any]) -> Usage:
    """Read a usage back."""
    return Usage(**data)
