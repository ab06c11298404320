"""A story in a folder: open it, look at it, and change it under its lock.

story.toml        how it is written
premise.md        what it is about
outline.md        its chapters and their beats; style.md, note.md: how it is told, and the author's note for now
lore/             what holds in its world, an entry a file
chapters/01.md    the manuscript and nothing else, a file a chapter
memory/short.md   the short memory; edit it freely
memory/long.md    the long memory; edit it freely
.memagent/        the log (the truth), the memory file, traces of every step, rejected replies, the lock
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from memagent import files
from memagent.errors import StoryError, UsageProblem
from memagent.memory import Memory
from memagent.methods.recurrent import Settings, State, note
from memagent.methods.recurrent_reply import OPENING_PARAGRAPHS
from memagent.shown import Shown
from memagent.story import finished, founding, hand_edits, long_memory, refounding
from memagent.story import outline as outlines
from memagent.story.canon import Known
from memagent.story.canon_store import CanonStore, fold
from memagent.story.config import StoryConfig
from memagent.story.lock import locked
from memagent.story.log import Event as LogEvent
from memagent.story.log import Log, event
from memagent.story.manuscript import Chapter, Manuscript
from memagent.story.outline import Planned, Standing
from memagent.story.pages import Pages
from memagent.story.paths import HIDDEN as HIDDEN
from memagent.story.paths import quote as quote
from memagent.story.read_before import FILE, ByRule
from memagent.story.record import StoryRecord, written_event
from memagent.types import Usage

if TYPE_CHECKING:
    from memagent.budget import Budget
    from memagent.flow import Event
    from memagent.llms.base import LLM
    from memagent.methods.recurrent import Select
    from memagent.methods.recurrent_recall import Recalled

_NEXT_SEED = 1_000_003
_ASIDE = ("goal", "reached", "failed", "plans", "draft", "held", "left", "planned", "checked")  # no page shows them


class Story(Shown):
    """One story. Reading needs no lock, see `reading`; writing happens inside `editing`, one process at a time."""

    def __init__(self, folder: str | Path) -> None:
        """Open the story in `folder`. Raises `StoryError` when there is none."""
        self.folder = Path(folder)
        self.log = Log(self.folder / HIDDEN / "events.jsonl")
        self.pages = Pages(self.folder)
        if not self.log.path.is_file():
            raise refounding.no_story(self.folder)
        self.config = StoryConfig.load(self.folder / "story.toml")
        self.record = StoryRecord.fold(self.log.read())
        self.adopted: list[str] = []
        self._memory: Memory | None = None
        self._canon: CanonStore | None = None

    @classmethod
    def create(cls, folder: str | Path, premise: str, config: StoryConfig = StoryConfig()) -> Story:  # noqa: B008
        """Make the folder of a new story. No model is asked.

        Raises `UsageProblem` for an empty premise or an embedder that does not exist, `StoryError` when the folder
        holds something else, `StorageError` when it cannot be written.
        """
        founding.found(Path(folder), premise, config)
        return cls(folder)

    @property
    def premise(self) -> str:
        """The premise as it stands on disk."""
        path = self.folder / "premise.md"
        try:
            return path.read_text(encoding="utf-8").strip()
        except FileNotFoundError as error:
            raise StoryError(f"{str(path)!r} is missing", hint="Write the premise into it again.") from error
        except UnicodeDecodeError as error:
            raise StoryError(f"{str(path)!r} is not UTF-8 text", hint="Save it as UTF-8.") from error

    @property
    def state(self) -> State | None:
        """Where the story stands; `None` before its first paragraph."""
        return self.record.state

    @property
    def start(self) -> State | str:
        """What the next paragraph is written from: where the story stands, or its premise.

        Raises `StoryError` for a story whose short memory and plans are not made yet: one that was imported.
        """
        state = self.record.state
        if state is None:
            return self.premise
        if not (state.plans or state.plan):
            raise StoryError(
                "the story has no plans yet: its last part has not been read to its end",
                hint=f"Let the model read it: memagent story memory read {quote(self.folder)}\n"
                f"or say what happens next: memagent story pick {quote(self.folder)} --text ...\n"
                f"or let it make plans: memagent story pick {quote(self.folder)} --more",
            )
        return state

    @property
    def manuscript(self) -> Manuscript:
        """The story as its readers have it."""
        chapters = tuple(Chapter(title, tuple(texts)) for title, texts in self.record.chapter_texts())
        return Manuscript(self.record.title, chapters, self.config.language)

    def write(
        self,
        paragraphs: int = 1,
        *,
        llm: LLM | str | Any | None = None,
        select: Select | None = None,
        budget: Budget | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> list[str]:
        """Write so many paragraphs more and return them. A new story begins with three.

        Interrupted by anything (an error, a limit, a kill), the same call goes on where it stopped.

        Args:
            paragraphs: how many.
            llm: who writes; by default the model of `story.toml`, else what the environment decides.
            select: who chooses the plans; by default as in `story.toml`. See `memagent.methods.recurrent.choose`.
            budget: limits on what this call may spend.
            on_event: hears tokens and steps while they come.

        Raises:
            Locked: another process is writing the story.
            Unsynced: the manuscript was edited by hand; see `sync`.
            ReplyError, BackendError: the model failed; the story is as after its last whole paragraph.
            BudgetExceeded: a limit was reached; likewise.
        """
        from memagent.story import spending, writing

        if paragraphs < 1:
            if paragraphs == 0:
                return []
            raise UsageProblem(f"{paragraphs} paragraphs are to be written", hint="Ask for at least one.")

        with self.editing():
            controller = spending.controller(self, llm, self.memory, budget=budget, on_event=on_event)
            before = len(self.record.paragraphs)
            until = writing.goal(self, paragraphs, None)
            writing.write(self, controller, until, select=select or cast("Select", self.config.select))
            writing.reached(self)
            return self.record.paragraphs[before:]

    @property
    def memory(self) -> Memory:
        """The long memory. Open inside `editing` and `reading` only."""
        if self._memory is None:
            raise StoryError("the long memory is open only while the story is being edited")
        return self._memory

    @property
    def canon(self) -> CanonStore:
        """What the manuscript says, as facts of the memory file. Open inside `editing` and `reading` only."""
        if self._canon is None:
            raise StoryError("the canon is open only while the story is being edited")
        return self._canon

    @property
    def known(self) -> Known:
        """What the manuscript says, folded out of it; within `editing`, what is folded already is gone on with."""
        return self._canon.known(self.record) if self._canon else fold(self.record, None, self.rules)

    @property
    def rules(self) -> ByRule:
        """What reads the paragraphs by rule, and knows what it has read of them before."""
        return self._canon.rules if self._canon else ByRule(self.folder / HIDDEN / FILE)

    @contextmanager
    def editing(self, *, adopt: bool = True) -> Iterator[Story]:
        """Hold the story's lock, with its log mended, its pages and its memory in step with the log.

        Edits that a person made to the memory files become part of the story; `adopted` says which. Raises `Locked`
        when another process holds the lock and `Unsynced` when the manuscript was edited by hand (unless `adopt` is
        false, for the command that takes such edits up).
        """
        with locked(self.folder):
            self.record = StoryRecord.fold(self.log.read())
            self.pages.heed_torn(self.log)
            self.log.repair()
            self.pages.begin()
            self.adopted = []
            with long_memory.opened(self) as self._memory:
                self._canon = CanonStore(self._memory, self._canon_mark)
                try:
                    if adopt:
                        hand_edits.take_up(self)
                    yield self
                    self._canon.close(self.record)
                    if finished.unfinished(self):
                        finished.end(self)
                finally:
                    self._memory = self._canon = None

    @contextmanager
    def reading(self) -> Iterator[Story]:
        """See the story as it stands, with its memory and its canon, while another process may be writing it.

        No lock is taken and nothing on disk changes: what is done to the memory in here is done to a copy. Edits of
        the memory pages are seen as the next paragraph will see them. Raises as `looking.copied` does.
        """
        from memagent.story import looking

        with looking.copied(self, self._canon_mark) as (self._memory, self._canon):
            try:
                self.remember()
                yield self
            finally:
                self._memory = self._canon = None
                self.record = StoryRecord.fold(self.log.events)

    def rebuild(self, on_progress: long_memory.OnProgress = lambda done, of: None) -> None:
        """Make all anew that is made from the log: the memory file, and pages that are missing or were deleted.

        Killed anywhere, the same call goes on, and no vector is made twice. Chapters that were edited by hand are left
        as they are. Raises `Locked`, and `Unsynced` for such chapters, when all else is done.
        """
        with locked(self.folder):
            self.record = StoryRecord.fold(self.log.read())
            self.pages.heed_torn(self.log)
            self.log.repair()
            self.pages.begin()
            self.adopted = []
            self.pages.restore(self.record, self.log)
            with long_memory.half_built(self) as self._memory:
                try:
                    long_memory.remember(self, on_progress)
                finally:
                    self._memory = None
            long_memory.put_in_place(self)
            with long_memory.opened(self) as self._memory:
                self._canon = CanonStore(self._memory, self._canon_mark)
                try:
                    hand_edits.take_up(self)
                    self._canon.close(self.record)
                finally:
                    self._memory = self._canon = None

    def commit(self, step: LogEvent) -> None:
        """Add an event to the log, then bring the pages up to it. When this returns, all of it is on disk."""
        step = self.log.append(step)
        self.record.apply(step)
        if step["type"] == "written":
            self.pages.extend(self.record, self.log, len(step["written"]))
        elif step["type"] in ("picked", "memory", "long", "waived", "read", "extracted"):
            self.pages.write_memory(self.record, self.log)
        elif step["type"] not in _ASIDE:
            self.pages.write(self.record, self.log)

    def written(
        self,
        state: State,
        used: Mapping[str, Any],
        chapter: str | None = None,
        recall: Sequence[Recalled] = (),
        lore: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Take up what one transition of the method wrote; see `record.written_event` for the arguments."""
        self.accept(written_event(state, used, chapter, recall, lore, more))

    def accept(self, step: LogEvent) -> None:
        """Take up a step of writing, as `record.written_event` makes it."""
        edited = self.pages.short_edit_meanwhile(self.record)
        self.commit(step)
        if edited is not None:  # a person's words go before the model's
            self.commit(event("memory", text=edited))
            self.adopted.append("short memory")
        last = len(self.record.paragraphs)
        joined = range(max(1, last - len(step["written"])), last)
        # The method has remembered these; again costs nothing, and mends a memory file deleted under a traced step.
        self.memory.add([note(number, self.record.paragraphs[number - 1]) for number in joined])
        self.canon.extend(self.record)

    def failed(self, used: Mapping[str, Any], of: str) -> None:
        """Take up what a step used that came to nothing; `of` is the kind of event that it would have been."""
        self.commit(event("failed", of=of, number=len(self.record.paragraphs) + (of == "written"), **used))

    def aim(self, until: int | str, asked: str, limits: Mapping[str, float] | None = None) -> None:
        """Set how far the run is to go, so that an interrupted run goes on to its own end, with its limits."""
        self.commit(event("goal", until=until, asked=asked, **({"limits": dict(limits)} if limits else {})))

    def reached(self) -> None:
        """Note that the run has come to its goal."""
        self.commit(event("reached"))

    def pick(self, choice: int | str) -> str:
        """Choose the plan for the next paragraph by its number, from 1, or in words; return it."""
        state = self.begun()
        if isinstance(choice, int):
            if not 1 <= choice <= len(state.plans):
                raise UsageProblem(f"there is no plan {choice}", hint=f"Choose 1 to {len(state.plans)}, or use --text.")
            choice = state.plans[choice - 1]
        plan = " ".join(choice.split())
        if not plan:
            raise UsageProblem("the plan is empty", hint="Say what happens next.")
        self.commit(event("picked", plan=plan))
        return plan

    def edit_memory(self, text: str) -> None:
        """Replace the short memory; the next paragraph is written from it."""
        self.begun()
        if not text.strip():
            raise UsageProblem("the short memory is empty", hint="Write what the next paragraph has to know.")
        self.commit(event("memory", text=text.strip()))

    def edit_long(self, number: int, text: str) -> None:
        """Replace what long memory holds of a paragraph, or let it go with an empty text."""
        if number not in range(1, len(self.record.paragraphs)):
            raise UsageProblem(
                f"long memory holds no paragraph {number}",
                hint=f"It holds 1 to {len(self.record.paragraphs) - 1}."
                if len(self.record.paragraphs) > 1
                else "It is empty.",
            )
        self.commit(event("long", number=number, text=text.strip()))
        self.remember()

    def sync(self) -> int:
        """Take up the manuscript as a person left it; return how many paragraphs were edited.

        Needs `editing(adopt=False)`. See `memagent.story.hand_edits.sync`.
        """
        return hand_edits.sync(self).count

    def remember(self) -> None:
        """Bring the memory file up to the log."""
        long_memory.remember(self)
        self.canon.follow(self.record)

    @property
    def attempt(self) -> int:
        """How often the next paragraph has been written already, and was taken back."""
        return self.record.drafts[len(self.record.paragraphs) + (1 if self.record.paragraphs else OPENING_PARAGRAPHS)]

    @property
    def settings(self) -> Settings:
        """How the next paragraph is told: as `story.toml` says, with another seed for each time it is written."""
        settings = self.config.settings
        return replace(settings, seed=settings.seed + _NEXT_SEED * self.attempt) if self.attempt else settings

    @property
    def outline(self) -> list[Planned]:
        """The chapters that `outline.md` plans, as it stands on disk."""
        return outlines.read(self.folder / "outline.md")

    @property
    def standing(self) -> Standing:
        """Where the next paragraph stands in the outline."""
        return outlines.standing(self.record, self.outline, self.config.chapter_words, self.config.chapters)

    def run_trace(self) -> Path:
        """Where the trace of the next transition is written; its folder is there when this returns."""
        path = self.trace_path
        with files.writing(path):
            path.parent.mkdir(exist_ok=True)
        return path

    @property
    def trace_path(self) -> Path:
        """The trace of the next transition; it is there if one was killed in it."""
        again = f"-{self.attempt}" if self.attempt else ""
        return self.folder / HIDDEN / "runs" / f"{len(self.record.paragraphs):06d}{again}.jsonl"

    def unfinished(self) -> Usage:
        """Return what steps that were stopped in their midst have cost so far; each is in the log when it is done."""
        from memagent.story import spending

        return spending.unfinished(self)

    def reject(self, trace: Path, reply: str) -> Path:
        """Put a failed transition's trace and last raw reply aside; return where the reply is."""
        folder = self.folder / HIDDEN / "rejected"
        with files.writing(folder):
            folder.mkdir(exist_ok=True)
            number = len(list(folder.glob("*.txt"))) + 1
            if trace.exists():
                trace.replace(folder / f"{trace.stem}-{number}.jsonl")
        path = folder / f"{trace.stem}-{number}.txt"
        files.replace(path, reply)
        return path

    def begun(self) -> State:
        """Where the story stands. Raises `StoryError` before its first paragraph."""
        if self.record.state is None:
            raise StoryError(
                "the story has not begun", hint=f"Write its opening with: memagent story write {quote(self.folder)}"
            )
        return self.record.state

    @property
    def _canon_mark(self) -> Path:
        return self.folder / HIDDEN / long_memory.CANON
