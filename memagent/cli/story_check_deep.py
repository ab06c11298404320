"""`memagent story check --deep`: a model looks for contradictions, part by part, for a price that is said before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memagent.cli.console import Terminated, complain, dim, exit_code, plural, say, spent, wrapped
from memagent.cli.progress import ProgressLine
from memagent.cli.story_spending import limited, may_spend, stopped

if TYPE_CHECKING:
    from memagent.story.book import Story


@dataclass(slots=True)
class Looked:
    """What came of it: an exit code, calls now, findings that could not be pointed at, problems.

    The code is 0, that of a stop, or that of replies that are of no use: of these parts nothing is known. `left` is
    how many parts were to be looked at and were not.
    """

    code: int = 0
    calls: int = 0
    dropped: int = 0
    left: int = 0
    problems: list[str] = field(default_factory=list)


def look(story: Story, model: str | None, max_cost: float | None, *, yes: bool) -> Looked:
    """Let a model look at what it has not looked at; what it finds is in the story then."""
    from memagent.errors import Interrupted, LLMError, Stopped
    from memagent.story import check_deep

    looked = Looked()
    with story.editing():
        controller = limited(story, model, max_cost)
        some = check_deep.unlooked(story, controller.llm)
        if not some:
            say(dim(f"{controller.llm.name} has looked at all of it as it is now: no call"))
            return looked
        before = sum(story.record.looked.values())
        what = f"To look for contradictions in {plural(len(some), 'part')} of it"
        may_spend(what, check_deep.estimated(some), controller.llm.name, yes=yes or max_cost is not None, quiet=False)
        have = len(story.record.looked)
        try:
            with ProgressLine("looked at", quiet=False) as progress:
                check_deep.look_deep(story, controller, some, on_looked=progress, on_problem=looked.problems.append)
        except (Interrupted, KeyboardInterrupt, Terminated) as end:
            looked.code = 143 if isinstance(end, Terminated) else 130
            kept = f"{len(story.record.looked) - have} of {plural(len(some), 'part')} looked at, and kept"
            complain(f"stopped: {kept}", "The same command goes on with the others.")
        except Stopped as stop:
            looked.code = stopped(stop, "The same command goes on with a higher limit.")
        looked.left = len(some) - (len(story.record.looked) - have)
        looked.calls = controller.usage.calls
        looked.dropped = sum(story.record.looked.values()) - before
    for problem in looked.problems:
        complain(wrapped(problem, indent="  "))
    if looked.problems and not looked.code:
        complain(left := "not all of it was looked at", "The same command tries again with the rest.")
        looked.code = exit_code(LLMError(left))
    if looked.dropped:
        say(dim(f"{plural(looked.dropped, 'finding')} left out: not to be found in the text"))
    say(dim(spent(controller.usage)))
    return looked
