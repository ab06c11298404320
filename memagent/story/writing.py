"""Writing a story: one transition of the method after another, each traced, taken up, and then shown.

A run can be killed anywhere. What was written stays; the step it was in goes on from its trace, so that no reply that
was paid for is asked for again, and the story comes out as if nothing had happened.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from memagent.controller import Controller
from memagent.errors import StorageFull, UsageProblem
from memagent.flow import Flow
from memagent.methods.recurrent import Select, State, advance
from memagent.methods.recurrent_around import Around
from memagent.methods.recurrent_recall import Recalled
from memagent.sentences import count_words
from memagent.story import holding
from memagent.story.around import around
from memagent.story.book import Story
from memagent.story.canon_shown import facts_for_next
from memagent.story.continuity import checked, once
from memagent.story.finding import Finding
from memagent.story.holding import Decide, Decision, Held
from memagent.story.lore import Firing
from memagent.story.lore_scan import for_next
from memagent.story.recalling import recalling
from memagent.story.record import Goal, written_event
from memagent.story.running import recorded
from memagent.story.spending import used
from memagent.types import Usage

Target = int | str
"""How far a run goes: so many paragraphs in all, `ch:3` (it is full), `words:20000`, `end` (of outline.md)."""

_TARGET = re.compile(r"(?i)(ch|chapter|words)\s*[:.]?\s*(\d+)(k?)")

ROOM = 1_000_000  # bytes that must be free before a step is paid for


@dataclass
class Progress:
    """What a caller hears and says while a story is written.

    `on_written` gets the state and the cost of each transition once it is safe on disk; `recalled` is then what came
    to mind for it, and why, and `lore` what of the lorebook it was shown. `on_findings` then gets what it contradicts,
    and what could not be looked at, where there is any. `decide` is who is asked about a paragraph that contradicts
    something, `None` where nobody is there, and `asking` whether plans are asked for too (see `holding.wanted`);
    `given` is what was decided before of one that waits. `stop` asks the run to end after the paragraph in hand.
    """

    on_written: Callable[[State, Usage], None] = lambda state, usage: None
    on_findings: Callable[[Sequence[Finding], Sequence[str]], None] = lambda findings, problems: None
    decide: Decide | None = None
    asking: bool = False
    given: Decision | None = None
    recalled: Sequence[Recalled] = field(default=(), init=False)
    lore: Firing = field(default_factory=Firing, init=False)
    stopping: bool = field(default=False, init=False)

    def stop(self) -> None:
        """End after the paragraph in hand."""
        self.stopping = True


def write(
    story: Story, controller: Controller, until: Target, *, select: Select = "model", progress: Progress | None = None
) -> bool:
    """Write until the story has come so far; return whether it has. Call it inside `story.editing()`.

    Raises what the controller raises; the story is then as it was after its last whole paragraph. When no reply could
    be read (`ReplyError`), the last one is kept under `.memagent/rejected`, and the error's hint names the file.
    """
    progress = progress or Progress()
    while not met(story, until):
        if progress.stopping:
            return False
        write_one(story, controller, select=select, progress=progress)
    return True


def write_one(story: Story, controller: Controller, *, select: Select, progress: Progress) -> State:
    """Write the next paragraph, or the opening; take it up; tell. One that waits is decided on first.

    Raises `HeldBack` where it contradicts what was told and is put aside, see `holding`.
    """
    while True:
        if (held := holding.waiting(story)) is not None and (state := _decided(story, held, progress)) is not None:
            return state
        if (state := _go_on(story, controller, select, progress)) is not None:
            return state


def _go_on(story: Story, controller: Controller, select: Select, progress: Progress) -> State | None:
    """Write the next paragraph, or the opening; return `None` where it is held back."""
    _check_room(story)
    path = story.run_trace()
    where = story.standing
    lore, recalled = for_next(story, where), recalling(story)
    beside = replace(around(story, where, lore, facts_for_next(story)), wrong=story.record.aside.wrong)
    look_up = once(recalled)

    def go(state: State | str, shown: Around) -> Flow[State]:
        return advance(state, select=select, settings=story.settings, look_up=look_up, around=shown)

    flow, again = checked(story, go, beside, select), "Try again, or use another model."
    result = recorded(story, controller, flow, path, of="written", kept="The story is as it was.", try_again=again)
    begins = where.begins and (where.chapter > 1 or where.title)
    progress.recalled, progress.lore = recalled.found, lore.last
    found, title = result.value, where.title if begins else None
    step = written_event(found.state, used(result, controller), title, recalled.found, lore.last.stems, found.kept)
    if found.findings and story.state is not None and _wanted(story, progress) != "tell":
        holding.hold(story, step)
        return None
    story.accept(step)
    progress.on_written(found.state, result.usage)
    if found.findings or found.problems:
        progress.on_findings(found.findings, found.problems)
    return found.state


def _decided(story: Story, held: Held, progress: Progress) -> State | None:
    """Do with a paragraph that waits as is decided; return `None` where it is to be written again."""
    decision, progress.given = progress.given or _decision(story, held, progress), None
    if decision.what == "stop":
        raise holding.refused(story, held)
    if decision.what == "again":
        holding.again(story)
        return None
    state = holding.keep(story, decision.text)
    progress.on_written(state, held.usage)
    if held.findings and not decision.text:
        progress.on_findings(held.findings, ())
    return state


def _decision(story: Story, held: Held, progress: Progress) -> Decision:
    if not held.findings:
        return Decision("keep")
    what = _wanted(story, progress)
    if what == "ask" and progress.decide is not None:
        return progress.decide(held)
    return Decision("keep" if what == "tell" else "stop")


def _wanted(story: Story, progress: Progress) -> str:
    how = story.config.continuity_check
    return holding.wanted(how, asking=progress.asking, somebody=progress.decide is not None)


def target(text: str) -> Target:
    """Read how far a run is to go: `40`, `ch:3`, `words:20k`, `end`. Raises `UsageProblem` for anything else."""
    plain = text.strip().lower()
    if plain == "end":
        return "end"
    if plain.isdecimal() and int(plain):
        return int(plain)
    found = _TARGET.fullmatch(plain)
    if not found or not int(found[2]):
        raise UsageProblem(
            f"{text!r} is no place to write to", hint="Give a number of paragraphs, ch:3, words:20k, or end."
        )
    return f"{'words' if found[1] == 'words' else 'ch'}:{int(found[2]) * (1000 if found[3] else 1)}"


def met(story: Story, until: Target) -> bool:
    """Whether the story has come so far. Raises `UsageProblem` where nothing says how long a chapter is."""
    if isinstance(until, int):
        return len(story.record.paragraphs) >= until
    kind, _, number = until.partition(":")
    if kind == "words":
        return words(story.record.paragraphs) >= int(number)
    where = story.standing
    if not where.asked or (kind == "end" and not where.total):
        raise UsageProblem(
            f"nothing says where {'the end' if kind == 'end' else 'a chapter'} is",
            hint="Plan chapters with: memagent story plan --chapters 1-12, or set chapter_words in story.toml.",
        )
    return where.over or where.chapter > (where.total if kind == "end" else int(number))


def goal(
    story: Story, paragraphs: int | None, until: Target | None, limits: Mapping[str, float] | None = None
) -> Target:
    """Return how far the story is to go in this run, and remember it for the case of an interruption.

    `paragraphs` more than there are, or up to `until`. Until `reached` is called, the same request means the same
    goal: a run asked for 40 paragraphs and killed at 17 goes on to 40 when it is asked for 40 again, or for nothing in
    particular. `limits`, by name, are kept with the goal, see `running`.
    """
    have, asked = len(story.record.paragraphs), _asked(paragraphs, until)
    if (known := running(story, paragraphs, until)) is not None:
        if limits and limits != known.limits:
            story.aim(known.until, known.asked, limits)
        return known.until
    wished = until if until is not None else have + (1 if paragraphs is None else paragraphs)
    if not met(story, wished):
        story.aim(wished, asked or "-n 1", limits)
    return wished


def running(story: Story, paragraphs: int | None, until: Target | None) -> Goal | None:
    """Return the goal of the run that this request goes on with; `None` where it begins one."""
    known = story.record.goal
    if known is None or known.reached or _asked(paragraphs, until) not in ("", known.asked):
        return None
    return known


def _asked(paragraphs: int | None, until: Target | None) -> str:
    return f"--until {until}" if until is not None else "" if paragraphs is None else f"-n {paragraphs}"


def reached(story: Story) -> None:
    """Note that the run has come to its goal, so that the same request means a new one."""
    goal = story.record.goal
    if goal is not None and not goal.reached and met(story, goal.until):
        story.reached()


def words(paragraphs: Sequence[str]) -> int:
    """Return how many words some paragraphs have. Each paragraph is counted once, however often it is asked for."""
    return sum(map(_words_of, paragraphs))


@lru_cache(maxsize=1 << 16)
def _words_of(paragraph: str) -> int:
    return count_words(paragraph)


def short_of(story: Story, until: Target) -> str:
    """Return why a run to a chapter ends before it, in a sentence; empty where it does not.

    The story is to have fewer chapters than that, and its end is the end of the run.
    """
    kind, _, number = str(until).partition(":")
    planned, outline = story.standing.total, story.outline
    if kind != "ch" or not planned or int(number) <= planned:
        return ""
    ends = f"The outline ends with chapter {planned}" if outline else f"{planned} chapters were asked for (story.toml)"
    return f"{ends}; the story goes no further than that, not to chapter {number}."


def _check_room(story: Story) -> None:
    if shutil.disk_usage(story.folder).free < ROOM:
        raise StorageFull(
            f"the disk of {str(story.folder)!r} is full",
            hint="Nothing is lost and nothing was spent. Make room, then give the same command again.",
        )
