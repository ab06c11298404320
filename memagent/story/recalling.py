"""Which earlier paragraphs the next one is shown, by `recall_by` of story.toml, and why each of them came to mind."""

from __future__ import annotations

from memagent.methods.recurrent import by_meaning
from memagent.methods.recurrent_recall import Recalling, look_up_by
from memagent.story.book import Story


def recalling(story: Story) -> Recalling:
    """Return the look-up for the next paragraph; once it was used, its `found` says what it found and why."""
    return Recalling(by_meaning if story.state is None else look_up_by(story.config.recall_by, story.state))
