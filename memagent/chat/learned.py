"""What a job beside the conversations came to: what was learnt, what it cost, and what went wrong or is left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memagent.triples import Refusal
from memagent.types import Usage

_AGAIN = "flush(failed=True) tries again"
_GOES_ON = "the next flush() goes on from there"


@dataclass(frozen=True, slots=True)
class Learned:
    """What a job came to.

    Attributes:
        turns: how many turns of users were gone through.
        facts: the ids of the facts that they say.
        refused: what was not learnt, with why.
        failed: why nothing could be found, by the ids of the turns; `Chat.flush(failed=True)` tries these again.
        summaries: how many summaries were brought up to date.
        failed_before: the same of turns that failed in an earlier job and were not tried again in this one.
        unsummarised: why the summary of a conversation could not be written, by user and session (`ana/web-42`); what
            was written of it before is kept, and the next job goes on.
        usage: calls, tokens and cost of the job.
        stopped: why it ended before all was done, such as a limit of its budget; empty if all was gone through.
    """

    turns: int = 0
    facts: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    summaries: int = 0
    failed_before: dict[str, str] = field(default_factory=dict)
    unsummarised: dict[str, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    stopped: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong, in words, and what to do about it; nothing where all was gone through."""
        told = []
        for failed, when in ((self.failed, ""), (self.failed_before, " before")):
            if failed:
                told.append(
                    f"no facts were taken from {_counted(failed, 'turn')}, for which the model failed{when}: "
                    f"{_first(failed)}; {_AGAIN}"
                )
        if self.unsummarised:
            several = _counted(self.unsummarised, "conversation")
            told.append(f"the summary of {several} could not be written: {_first(self.unsummarised)}; {_GOES_ON}")
        if self.stopped:
            told.append(f"{self.stopped}; {_GOES_ON}")
        return tuple(told)

    def plus(self, other: Learned) -> Learned:
        """Return this with what another job came to."""
        return Learned(
            self.turns + other.turns,
            tuple(dict.fromkeys([*self.facts, *other.facts])),
            (*self.refused, *other.refused),
            {**self.failed, **other.failed},
            self.summaries + other.summaries,
            {**self.failed_before, **other.failed_before},
            {**self.unsummarised, **other.unsummarised},
            self.usage + other.usage,
            self.stopped or other.stopped,
        )


def _counted(several: Mapping[str, Any], what: str) -> str:
    return f"1 {what}" if len(several) == 1 else f"{len(several)} {what}s"


def _first(why: Mapping[str, str]) -> str:
    return next(iter(why.values()))
