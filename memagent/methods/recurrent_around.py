"""What a writer adds to the prompts of RecurrentGPT: how it is to be told, what is planned, what is known, a last word.

What seldom changes stands first, so that a provider's cache of a prompt's beginning holds; a note stands near the end,
where it is strongest. With nothing added, the prompts are as without this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from memagent.prompts import fill, tagged

_SAID = {
    "style": "How it is told:",
    "outline": "Where the story stands in its outline:",
    "lore": "What holds in the world of this story:",
    "edited": "The author has changed this since the memory was written; where that says otherwise, this holds, and "
    "the memory follows it from now on:",
    "note": "A note from the author, for now:",
    "avoid": "Words that have been used too often; find others:",
    "wrong": "A first draft of this text contradicted what has been told. Write it so that it does not say this:",
}
_TAGS = (*_SAID, "canon")
Planned = str | Callable[[str], str]
"""A text, or what makes it of the plan for the paragraph, which is chosen later."""


@dataclass(frozen=True, slots=True)
class Around:
    """Texts that a prompt shows beside the memory; an empty one is left out.

    Attributes:
        style: voice and what to keep from, in plain words.
        outline: what is planned, and where in it the story stands.
        lore: what holds in its world.
        canon: what has been told so far that it must not contradict, a line each; in the words of `recurrent/canon`.
        edited: what a person has changed since the memory was written.
        note: the author's note.
        avoid: phrases that have been used too often, a line each.
        wrong: what a first draft contradicted, a line each.
    """

    style: str = ""
    outline: str = ""
    lore: Planned = ""
    canon: Planned = ""
    edited: str = ""
    note: str = ""
    avoid: str = ""
    wrong: str = ""

    def given(self, plan: str) -> Around:
        """Return it for a plan that is chosen now."""
        lore = self.lore if isinstance(self.lore, str) else self.lore(plan)
        canon = self.canon if isinstance(self.canon, str) else self.canon(plan)
        return replace(self, lore=lore, canon=canon)

    @property
    def before(self) -> str:
        """What comes before the memory: style, outline, lore, canon."""
        known = self.given("")
        return known._tagged("style", "outline", "lore") + known._canon()

    @property
    def after(self) -> str:
        """What comes after the plan: edits, the note, what to avoid, and what was wrong with a first draft."""
        return self._tagged("edited", "note", "avoid", "wrong")

    @property
    def planned(self) -> str:
        """The outline alone, for who chooses a plan."""
        return self._tagged("outline")

    def _tagged(self, *names: str) -> str:
        texts = ((name, getattr(self, name).strip()) for name in names)
        return "".join(f"\n\n{_SAID[name]}\n{tagged(name, text, *_TAGS)}" for name, text in texts if text)

    def _canon(self) -> str:
        text = str(self.canon).strip()
        if not text:
            return ""
        return "\n\n" + fill("recurrent/canon", canon=tagged("canon", text, *_TAGS))[0].content


NOTHING = Around()
