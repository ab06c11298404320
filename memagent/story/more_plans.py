"""Other plans for the next paragraph, in place of those that there are: a step of the log, that can be taken back."""

from __future__ import annotations

from memagent.controller import Controller
from memagent.methods.recurrent_more import more_plans
from memagent.story.around import around
from memagent.story.book import Story
from memagent.story.log import event
from memagent.story.running import recorded, trace_named
from memagent.story.spending import used


def think_again(story: Story, controller: Controller) -> tuple[str, ...]:
    """Let the model make three other plans, and return them. One call; call it inside `editing`.

    It is shown all plans that this paragraph has had. Killed in the call, the same goes on with what was paid for.

    Raises:
        StoryError: the story has not begun.
        ReplyError: no reply could be read; the plans are as they were, and the last reply is kept.
        BackendError, BudgetExceeded: as the controller raises them.
    """
    state, seen = story.begun(), list[str]()
    for step in reversed(story.record.done):
        if step["type"] == "written":
            seen[:0] = step["plans"]
            break
        if step["type"] == "plans":
            seen[:0] = step["plans"]
    flow = more_plans(state, seen, settings=story.settings, around=around(story, story.standing))
    before = sum(one["type"] == "plans" for one in story.log.events)
    path = trace_named(story, f"more-{before:04d}-{state.paragraphs:06d}")
    as_it_was, again = "The plans are as they were.", "Try again, or write a plan of your own."
    result = recorded(story, controller, flow, path, of="plans", kept=as_it_was, try_again=again)
    story.commit(event("plans", number=state.paragraphs, plans=list(result.value), **used(result, controller)))
    return result.value
