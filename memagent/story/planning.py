"""Making and extending `outline.md` with a model; what a person wrote there is kept, but for chapters planned anew."""

from __future__ import annotations

from dataclasses import replace

from memagent import files
from memagent.controller import Controller
from memagent.errors import UsageProblem
from memagent.methods.recurrent_plan import plan
from memagent.story import outline as outlines
from memagent.story.around import around
from memagent.story.book import Story
from memagent.story.log import event
from memagent.story.lore_scan import for_outline
from memagent.story.outline import Planned
from memagent.story.running import recorded, trace_named
from memagent.story.spending import used


def propose(story: Story, controller: Controller, first: int, last: int, total: int) -> list[Planned]:
    """Return plans for the chapters `first` to `last` of `total`; `outline.md` is as it was. One call.

    Call it inside `editing`. What was asked and paid for is in the log; a kill in the call goes on from its trace.
    """
    outline = story.outline
    attempt = sum(one["type"] == "planned" for one in story.log.events)
    flow = plan(
        story.premise,
        first=first,
        last=last,
        total=total,
        planned=outlines.text_of(outline),
        memory=story.state.memory if story.state else "",
        attempt=attempt,
        settings=story.config.settings,
        around=replace(around(story, story.standing, for_outline(story, first)), outline="", note="", avoid=""),
    )
    path, as_it_was = trace_named(story, f"plan-{attempt}"), "The outline is as it was."
    again = "Try again, plan fewer chapters at once, or use another model."
    result = recorded(story, controller, flow, path, of="planned", kept=as_it_was, try_again=again)
    chapters = [Planned(one.title, one.beats) for one in result.value]
    text = outlines.text_of(chapters)
    story.commit(event("planned", first=first, text=text, **used(result, controller)))
    return chapters


def put(story: Story, first: int, chapters: list[Planned]) -> list[Planned]:
    """Put chapters into `outline.md`, in place of those with their numbers; return all of it.

    The words asked of a chapter that is replaced stay. The file as it was is kept beside it, as `outline.md.bak`.
    Raises `UsageProblem` where there would be a gap.
    """
    before = story.outline
    if first > len(before) + 1:
        raise UsageProblem(
            f"the outline ends with chapter {len(before)}", hint=f"Plan chapter {len(before) + 1} first."
        )
    path = story.folder / "outline.md"
    if before:
        files.replace(path.with_name("outline.md.bak"), path.read_text(encoding="utf-8"))
    kept = [
        replace(new, words=before[at].words if at < len(before) else 0) for at, new in enumerate(chapters, first - 1)
    ]
    after = [*before[: first - 1], *kept, *before[first - 1 + len(chapters) :]]
    files.replace(path, outlines.text_of(after))
    return after
