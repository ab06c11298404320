"""`memagent story write`: streams the prose, tells what it costs, and stops when it is asked to."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import replace
from types import FrameType
from typing import Any, cast

import click

from memagent.budget import Budget
from memagent.cli.console import (
    Terminated,
    dim,
    hush,
    plural,
    say,
    wrapped,
)
from memagent.cli.story_menu import chosen
from memagent.cli.story_spending import stopped
from memagent.cli.story_tell import guessed
from memagent.cli.telling import Options, Teller
from memagent.controller import Controller
from memagent.errors import HeldBack, Interrupted, Stopped
from memagent.methods.recurrent import Select
from memagent.story import holding, spending
from memagent.story.book import Story, quote
from memagent.story.estimate import for_run
from memagent.story.writing import Progress, Target, goal, met, reached, running, short_of, write, write_one


def write_story(story: Story, options: Options) -> int:
    """Write as the options say; return the exit code. A run that was stopped says how to go on."""
    select = cast(Select, options.select or story.config.select)
    hush(options.quiet)
    teller = Teller(story, options, streaming=options.stream and select != "simulator")
    options = _with_limits(story, options)
    budget = Budget(options.max_calls, options.max_tokens, options.max_cost, options.max_seconds)
    progress = teller.progress
    progress.given = options.held
    with story.editing():
        if options.held is not None and story.record.held is None:
            raise holding.nothing_waits(story)
        controller = spending.controller(story, options.model, story.memory, budget=budget, on_event=teller.hear)
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
            again = f"memagent story write {quote(story.folder)}{_higher(options, getattr(stop, 'need', {}))}"
            return stopped(stop, f"Go on with a higher limit: {again}")
        except HeldBack:
            if (held := holding.waiting(story)) is not None:
                teller.held_back(held)
            raise
        finally:
            teller.close()
        if done:
            reached(story)
    if not done:
        return _interrupted(story, signals)
    teller.done()
    return 0


_LIMITS = ("max_cost", "max_tokens", "max_calls", "max_seconds")


def _limits(options: Options) -> dict[str, float]:
    return {name: limit for name in _LIMITS if (limit := getattr(options, name)) is not None}


def _with_limits(story: Story, options: Options) -> Options:
    """Return the options; where nothing is asked for but to go on with a run, its limits hold again."""
    plain = not (options.asking or options.count or options.until)
    known = running(story, None, None) if plain else None
    if _limits(options) or known is None or not known.limits:
        return options
    again = {name: limit for name, limit in known.limits.items() if name in _LIMITS}
    told = f"The run that this goes on with had{_given(again)}; that holds again, unless you give another limit."
    say(wrapped(told), quiet=options.quiet)
    return replace(options, **cast("dict[str, Any]", again))


def _higher(options: Options, need: Mapping[str, float]) -> str:
    """The limits that were given, doubled; more where the next call alone needs more."""
    higher = {name: 2 * limit for name, limit in _limits(options).items()}
    for name, amount in need.items():
        if f"max_{name}" in higher:
            higher[f"max_{name}"] = max(higher[f"max_{name}"], float(f"{2 * amount:.2g}"))
    return _given({name: limit for name, limit in higher.items() if limit})


def _given(limits: Mapping[str, float]) -> str:
    return "".join(f" --{name.replace('_', '-')} {limit:.12g}" for name, limit in limits.items())


def _automatic(story: Story, controller: Controller, select: Select, signals: Signals, options: Options) -> bool:
    until = goal(story, options.count, options.until, _limits(options))
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
        plan_wanted = story.record.held is None and story.state is not None and not story.state.plan
        if plan_wanted and not chosen(story, controller):
            count = plural(len(story.record.paragraphs), "paragraph")
            say(f"{count} kept. Go on with: memagent story write {quote(story.folder)}", quiet=options.quiet)
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
