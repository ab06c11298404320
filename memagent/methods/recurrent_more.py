"""Other plans for the next paragraph of a story, where none of those that there are is liked.

The paper's human chooses one of three plans or writes one. Here a model may be asked for three more, by one call that
writes nothing else; it is shown those that it is not to make again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memagent.flow import Flow
from memagent.methods.recurrent import Settings, State, ask_for
from memagent.methods.recurrent_around import NOTHING, Around
from memagent.methods.recurrent_reply import read_plans
from memagent.prompts import fill

_NEXT = 7_919


def more_plans(
    state: State,
    seen: Sequence[str] = (),
    *,
    settings: Settings = Settings(),  # noqa: B008
    around: Around = NOTHING,
) -> Flow[tuple[str, ...]]:
    """Return three other plans for the paragraph after the newest one. One call.

    Args:
        state: where the story stands, with the plans that it has.
        seen: plans that were there before those, and are not wanted either.
        settings: how the story is told; with more that was seen, another seed is used.
        around: what is shown beside the memory; of it, the outline.

    Raises:
        ReplyError: no reply could be read.
    """
    known = list(dict.fromkeys([*seen, *state.plans]))
    messages = fill(
        "recurrent/more",
        language=settings.language,
        planned=around.planned,
        memory=state.memory,
        previous=state.previous,
        paragraph=state.paragraph,
        plans="\n".join(f"{number}. {plan}" for number, plan in enumerate(known, 1)) or "(none)",
    )
    other = replace(settings, seed=settings.seed + _NEXT * len(known))
    return (yield from ask_for(messages, read_plans, "more", other, state.paragraphs))
