"""`memagent story write`: streams the prose, tells what it costs, and stops when it is asked to."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any, cast

import click

from memagent.budget import Budget
from memagent.cli.console import (
    COLUMNS,
    ProseOut,
    Terminated,
    complain,
    dim,
    emit,
    exit_code,
    hush,
    money,
    numbered,
    pieced,
    plural,
    say,
    shortened,
    spent,
    wrapped,
)
from memagent.cli.story_facts import tell_findings
from memagent.cli.story_tell import guessed, reasons
from memagent.controller import Controller
from memagent.errors import Interrupted, Stopped
from memagent.flow import Event, Generate, StepStarted, TokenReceived
from memagent.methods.recurrent import Select, State
from memagent.sentences import count_words
from memagent.story.book import Story, quote
from memagent.story.estimate import for_run
from memagent.story.finding import Finding
from memagent.story.prose import ProseStream
from memagent.story.writing import Progress, Target, goal, met, reached, short_of, words, write, write_one
from memagent.types import Usage

_PROSE = {"recurrent/begin", "recurrent/step"}


@dataclass(frozen=True)
class Options:
    """The options of the command, as click gives them."""

    asking: bool
    count: int | None
    until: Target | None
    select: str | None
    model: str | None
    max_cost: float | None
    max_tokens: int | None
    max_calls: int | None
    max_seconds: float | None
    stream: bool
    as_json: bool
    quiet: bool


def write_story(story: Story, options: Options) -> int:
    """Write as the options say; return the exit code. A run that was stopped says how to go on."""
    select = cast(Select, options.select or story.config.select)
    hush(options.quiet)
    teller = Teller(story, options, streaming=options.stream and select != "simulator")
    budget = Budget(options.max_calls, options.max_tokens, options.max_cost, options.max_seconds)
    controller = Controller(options.model or story.config.llm or None, budget=budget, on_event=teller.hear)
    progress = teller.progress
    with story.editing():
        controller.memory = story.memory
        teller.begin(controller)
        signals = Signals(progress)
        try:
            done = (_asking if options.asking else _automatic)(story, controller, select, signals, options)
        except (Interrupted, click.Abort, KeyboardInterrupt):
            done = False
        except Terminated:
            done, signals.first = False, signal.SIGTERM
        except Stopped as stop:
            teller.stopped()
            again = f"memagent story write {quote(story.folder)}{_higher(options)}"
            complain(stop.message, f"Nothing is lost. Go on with a higher limit: {again}")
            return exit_code(stop)
        finally:
            teller.close()
        if done:
            reached(story)
    if not done:
        return _interrupted(story, signals)
    teller.done()
    return 0


def _higher(options: Options) -> str:
    """The limits that were given, doubled: without any, the same command would go on without a limit."""
    names = ("max_cost", "max_tokens", "max_calls", "max_seconds")
    given = ((name, getattr(options, name)) for name in names)
    return "".join(f" --{name.replace('_', '-')} {2 * limit:g}" for name, limit in given if limit)


def _automatic(story: Story, controller: Controller, select: Select, signals: Signals, options: Options) -> bool:
    until = goal(story, options.count, options.until)
    tell_short(story, until, quiet=options.quiet)
    have = len(story.record.paragraphs)
    if met(story, until):
        say(f"The story has {plural(have, 'paragraph')} already; nothing to do.", quiet=options.quiet)
    elif have:
        say(dim(f"going on after paragraph {have}, to {until}"), quiet=options.quiet)
    where = story.standing
    if where.over and isinstance(until, int) and not met(story, until):
        behind = f"all {where.total} chapters are written; this goes on behind them, in chapter {where.chapter}"
        say(dim(behind), quiet=options.quiet)
    tell_price(story, until, controller.llm.name, quiet=options.quiet)
    with signals:
        return write(story, controller, until, select=select, progress=signals.progress)


def _asking(story: Story, controller: Controller, select: Select, signals: Signals, options: Options) -> bool:
    """Ask for the plan before each paragraph, until the wished number is written or the person stops."""
    until = goal(story, options.count, options.until) if options.count or options.until else None
    if until is not None:
        tell_short(story, until, quiet=options.quiet)
    while until is None or not met(story, until):
        if signals.progress.stopping:
            return False
        if story.state is not None and not story.state.plan and not _chosen(story):
            return True
        with signals:
            write_one(story, controller, select=select, progress=signals.progress)
    return True


def tell_price(story: Story, until: Target, model: str, *, quiet: bool) -> None:
    """Say before anything is paid for what a run is likely to cost; of a model that costs nothing, nothing."""
    guess = None if model == "offline" else for_run(story, until, model)
    if guess is not None:
        say(dim(wrapped(f"{plural(guess.paragraphs, 'paragraph')}: {guessed(guess)}")), quiet=quiet)


def tell_short(story: Story, until: Target, *, quiet: bool) -> None:
    """Say before anything is paid for that a run cannot go as far as was asked, and how it could."""
    if why := short_of(story, until):
        first, last = story.standing.total + 1, str(until).partition(":")[2]
        say(wrapped(why), quiet=quiet)
        say(f"Plan on: memagent story plan {quote(story.folder)} --chapters {first}-{last}", quiet=quiet)


def _chosen(story: Story) -> bool:
    """Show the plans and ask; return whether the story is to go on."""
    assert story.state is not None
    say("\nWhat happens next?")
    say(numbered(story.state.plans))
    while True:
        answer = click.prompt(
            f"[1-{len(story.state.plans)}] choose   w write my own   e edit one   M edit memory   q quit",
            default="1",
            err=True,
            show_default=False,
        ).strip()
        if answer == "q":
            return False
        if answer == "M":
            _edit_memory(story)
        elif choice := _choice(story, answer):
            story.pick(choice)
            return True


def _choice(story: Story, answer: str) -> int | str | None:
    plans = story.state.plans if story.state else ()
    if answer.isdecimal() and 1 <= int(answer) <= len(plans):
        return int(answer)
    if answer == "w":
        return click.prompt("What happens next", err=True).strip() or None
    if answer == "e":
        number = click.prompt("Which one", type=click.IntRange(1, len(plans)), default=1, err=True)
        return (_in_editor(plans[number - 1]) or plans[number - 1]).strip() or None
    say(f"{answer!r} is not one of the choices")
    return None


def _edit_memory(story: Story) -> None:
    text = _in_editor(story.state.memory if story.state else "")
    if text and text.strip():
        story.edit_memory(text)
        say("taken up")


def _in_editor(text: str) -> str | None:
    try:
        return click.edit(text, extension=".md")
    except click.ClickException as error:
        say(f"{error.format_message()} Set EDITOR to an editor that is installed.")
        return None


class Signals:
    """The first Ctrl-C or SIGTERM ends the run after the paragraph in hand, the second ends it at once.

    In force inside its `with` block only: at a question, Ctrl-C is Python's own.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.first: int | None = None
        self._count = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, self._heard) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self.first = self.first or number
        if self._count == 1:
            self.progress.stop()
            say("\n[stopping after this paragraph; once more to stop now]")
        else:
            raise KeyboardInterrupt  # at once, even where a server has not begun to answer


def _interrupted(story: Story, signals: Signals) -> int:
    count = len(story.record.paragraphs)
    say(
        f"\nStopped. {count} paragraph{'s' * (count != 1)} kept. Go on with: memagent story write {quote(story.folder)}"
    )
    return 143 if signals.first == signal.SIGTERM else 130


class Teller:
    """Shows a run: prose as it is written, and after each paragraph what it used and cost."""

    def __init__(self, story: Story, options: Options, *, streaming: bool) -> None:
        self.story, self.options = story, options
        self.out = ProseOut()
        self.streaming = streaming and self.out.terminal and not options.as_json
        self.progress = Progress(on_written=self.written, on_findings=self.found)
        self._prose = ProseStream()

    def begin(self, controller: Controller) -> None:
        """Say who writes, and what was edited by hand since."""
        quiet = self.options.quiet
        say(dim(f"{self.story.folder}: {controller.llm.name} writes"), quiet=quiet)
        self._tell_adopted()
        _ = self.story.start  # before a goal is set: it may have to be read first
        language = self.story.config.language
        if controller.llm.name == "offline" and language.casefold() != "english":
            say(f"offline writes English only; for {language}, choose a model with -m", quiet=quiet)

    def _tell_adopted(self) -> None:
        while self.story.adopted:
            say(f"taken up: {self.story.adopted.pop(0)}", quiet=self.options.quiet)

    def hear(self, event: Event) -> None:
        """Show prose as it comes."""
        if not self.streaming:
            return
        if isinstance(event, StepStarted) and isinstance(event.step, Generate) and event.step.request.label in _PROSE:
            if self._prose.shown:
                self.out.write("\n\n")
                self.out.end()
                say("[that draft could not be used; another one follows]")
            self._prose = ProseStream()
        if isinstance(event, TokenReceived) and event.label in _PROSE:
            self.out.write(self._prose.feed(event.text))

    def written(self, state: State, usage: Usage) -> None:
        """Show what is now safe on disk."""
        self._tell_adopted()
        if self.options.as_json:
            first = state.paragraphs - len(state.written) + 1
            for number, text in enumerate(state.written, first):
                emit({"type": "paragraph", "number": number, "text": text})
            emit({"type": "recall", "found": [asdict(one) for one in self.progress.recalled]})
            emit({"type": "usage", "calls": usage.calls, "tokens": usage.tokens, "cost": usage.cost})
            return
        self._finish_prose("\n\n".join(state.written))
        if not self.options.quiet:
            self._tell(state, usage)

    def found(self, findings: Sequence[Finding], problems: Sequence[str]) -> None:
        """Show what the new paragraph contradicts."""
        tell_findings(findings, problems, quiet=self.options.quiet, as_json=self.options.as_json)

    def stopped(self) -> None:
        """End the line that was being written."""
        self.out.end()

    def close(self) -> None:
        """Let what waits out, whatever happened."""
        self.out.end()

    def done(self) -> None:
        """Say what there is now and how to look at it."""
        record = self.story.record
        if self.options.as_json:
            emit({"type": "done", "paragraphs": len(record.paragraphs), "words": words(record.paragraphs)})
        if self.options.quiet or self.options.asking:
            return
        counts = f"{plural(len(record.paragraphs), 'paragraph')}, {plural(words(record.paragraphs), 'word')}"
        say(
            f"{counts}, {money(record.usage.cost)} in all.\n"
            f"Its memory: memagent story memory show {quote(self.story.folder)}"
        )

    def _finish_prose(self, text: str) -> None:
        shown, self._prose = self._prose.shown, ProseStream()
        if not text.startswith(shown):
            self.out.write("\n\n")
            shown = ""
        self.out.write(text[len(shown) :] + "\n\n")
        self.out.end()

    def _tell(self, state: State, usage: Usage) -> None:
        total = self.story.record.usage
        first = state.paragraphs - len(state.written) + 1
        where = f"¶{first}" if len(state.written) == 1 else f"¶{first}-{state.paragraphs}"
        words = plural(sum(map(count_words, state.written)), "word")
        all_told = f"in all {total.tokens:,} tokens, {money(total.cost)}"
        say(dim(pieced(f"── {where}: {words}", spent(usage), all_told)))
        reasons(self.progress.recalled)
        if shown := self.story.record.lore.get(state.paragraphs):
            say(dim("   " + shortened(f"lore: {', '.join(shown)}", COLUMNS - 5)))
