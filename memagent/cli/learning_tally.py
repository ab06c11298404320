"""What `memagent learn` has learnt so far, and how it says it: also where it ends early, by Ctrl-C or a limit."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import complain, emit, plural, say, shortened

if TYPE_CHECKING:
    from memagent.methods.arm_rag import Learnt
    from memagent.types import Usage

_SHOWN = 10  # refused attempts, and failed ones, that are listed
_WIDTH = 79
_LEAST = 24  # columns for a problem beside what is said of it


@dataclass
class Tally:
    """What has been learnt so far.

    Attributes:
        problems: how many there are, and `done` how many of them have been learnt from.
        kept: rationales that are in the memory now, and `new` how many of these were not before.
        changed: rationales that were right and are refuted now, or the reverse.
        counts: right, wrong and unclear attempts.
        refused: attempts that were not right, with their problem and why.
        reused: attempts that the memory had, for which a model was not asked again.
        asked: attempts that a model was asked for, and `unanswered` how many of them did not come about.
        failed: problems with attempts that did not come about, how many, and why.
        untried: problems for which not one attempt came, or was asked for.
        in_vain: how many problems in a row the model has now made no attempt at.
    """

    problems: int
    done: int = 0
    kept: int = 0
    new: int = 0
    changed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, str]] = field(default_factory=list)
    reused: int = 0
    asked: int = 0
    unanswered: int = 0
    failed: list[dict[str, Any]] = field(default_factory=list)
    untried: int = 0
    in_vain: int = 0

    def answered(self, problem: str, came: int, failures: list[str]) -> None:
        """Count the attempts of a model at a problem: how many came, and why the others did not."""
        self.asked += came + len(failures)
        self.unanswered += len(failures)
        self.untried += not came
        self.in_vain = 0 if came else self.in_vain + 1
        if failures:
            self.failed.append({"problem": problem, "attempts": len(failures), "why": failures[0]})

    def not_asked(self, problem: str, count: int, why: str) -> None:
        """Count attempts that the model was not asked for any more."""
        self.untried += 1
        self.failed.append({"problem": problem, "attempts": count, "why": why})

    def learnt(self, problem: str, found: Learnt, new: int) -> None:
        """Count what was learnt of a problem, and how much of it the memory did not have before."""
        self.new += new
        self.kept += len(found.ids)
        self.changed += len(found.changed)
        self.counts.update(right=found.right, wrong=found.wrong, unclear=found.unclear)
        self.refused += [{"problem": problem, "why": one.why} for one in found.verdicts if not one.right]

    def progress(self, quiet: bool) -> None:
        """Say how far it is, on a terminal, over what was said last."""
        if sys.stderr.isatty() and not quiet and (self.done % 20 == 0 or self.done == self.problems):
            click.echo(f"\r\x1b[K{self.done} of {self.problems} problems\r", err=True, nl=False)

    def report(self, usage: Usage, as_json: bool) -> None:
        """Say all of it: what was learnt on standard output, what failed on standard error."""
        if as_json:
            emit(self._data(usage))
            return
        click.echo(self._summary())
        for one in self.refused[:_SHOWN]:
            click.echo(_two(f"not kept: {one['why']}", one["problem"]))
        _more(self.refused)
        if self.changed:
            click.echo(f"{plural(self.changed, 'rationale')} known before {_is(self.changed)} judged otherwise now")
        if self.reused:
            say(f"{plural(self.reused, 'attempt')} known before {_is(self.reused)} reused, and not asked for again")
        self._tell_failed()

    def _known(self) -> int:
        return max(0, self.kept - self.new)

    def _data(self, usage: Usage) -> dict[str, Any]:
        return {
            "problems": self.problems,
            "done": self.done,
            "kept": self.new,
            "known": self._known(),
            **{name: self.counts[name] for name in ("right", "wrong", "unclear")},
            "changed": self.changed,
            "reused": self.reused,
            "asked": self.asked,
            "unanswered": self.unanswered,
            "untried": self.untried,
            "failed": self.failed,
            "refused": self.refused,
            "usage": asdict(usage),
        }

    def _summary(self) -> str:
        known = f" ({self._known():,} known before)" if self._known() else ""
        of = "" if self.done == self.problems else f"{self.done:,} of "
        judged = ", ".join(f"{self.counts[name]:,} {name}" for name in ("right", "wrong", "unclear"))
        return f"{of}{plural(self.problems, 'problem')}: {self.new:,} kept{known}, {judged}"

    def _tell_failed(self) -> None:
        if not self.failed:
            return
        failed, where = plural(self.asked, "attempt"), plural(len(self.failed), "problem")
        complain(f"{self.unanswered:,} of {failed} failed, at {where}")
        said_last = ""
        for one in self.failed[:_SHOWN]:
            say(f"  {one['attempts']} failed: {shortened(one['problem'], 60)}")
            if one["why"] != said_last:
                say(textwrap.fill(one["why"], _WIDTH, initial_indent="    ", subsequent_indent="    "))
            said_last = one["why"]
        _more(self.failed, err=True)


def _two(first: str, problem: str) -> str:
    """A line with a problem beside it in brackets, as much of it as fits; below it where that would be very little."""
    room = _WIDTH - len(first) - 3
    if room >= _LEAST:
        return f"{first} ({shortened(problem, room)})"
    return f"{textwrap.fill(first, _WIDTH, subsequent_indent='  ')}\n  ({shortened(problem, _WIDTH - 4)})"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _more(listed: list[Any], err: bool = False) -> None:
    if len(listed) > _SHOWN:
        click.echo(f"and {len(listed) - _SHOWN:,} more; --json lists all", err=err)
