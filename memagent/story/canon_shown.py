"""Which facts of the canon a prompt shows: of whom and what its plan and its newest paragraphs name, within a budget.

Subjects are found by the first word of their name, in any script that separates words, and in those that do not by
each character; see `canon.Known.about`. What day or year it is in the story is always among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from memagent.methods.recurrent_revise import Passage
from memagent.story.book import Story
from memagent.story.canon import Entry, Known
from memagent.story.noting import STORY
from memagent.types import estimate_tokens


@dataclass(slots=True)
class Sheet:
    """The canon at one moment of a story. Called with the plan, it returns what the prompt shows of it.

    Attributes:
        known: returns what is told so far; asked for only where something is to be shown.
        texts: beside the plan, in which names are looked for; those of the plan come first.
        budget: about how many tokens the facts may take; 0 for none at all.
        last: what came of the last call, in its order.
        left_out: how many facts more there would have been.
    """

    known: Callable[[], Known]
    texts: tuple[str, ...]
    budget: int
    last: tuple[Entry, ...] = ()
    left_out: int = field(default=0, init=False)

    def __call__(self, plan: str) -> str:
        """Look, and return the text for the prompt; empty where nothing is known of what is named."""
        found = self.known().about("\n".join((plan, *self.texts, STORY))) if self.budget else []
        kept, room = [], self.budget
        for entry in found:
            if (tokens := tokens_of(entry)) <= room:
                kept.append(entry)
                room -= tokens
        self.last, self.left_out = tuple(kept), len(found) - len(kept)
        return "\n".join(entry.line for entry in kept)


def tokens_of(entry: Entry) -> int:
    """About how many tokens a fact takes in a prompt."""
    return estimate_tokens(entry.line + "\n")


def facts_for_next(story: Story) -> Sheet:
    """Return what the prompt of the next paragraph shows of the canon; nothing before the opening."""
    newest = story.record.paragraphs[-1:]
    return Sheet(lambda: story.known, tuple(newest), story.config.canon_budget)


def facts_for_passage(story: Story, passage: Passage, wish: str) -> Sheet:
    """Return what the prompt of a revision shows: what was told before that paragraph."""
    texts = (wish, passage.text, passage.previous)
    return Sheet(lambda: story.canon.fold(story.record, passage.number - 1), texts, story.config.canon_budget)
