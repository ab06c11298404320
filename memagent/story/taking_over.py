"""A new story from a manuscript that exists: its folder, its paragraphs, its long memory. No model is asked here.

The folder says from which text it is being made before anything else is written, so that a run that was killed
anywhere is told from a story of its own, and goes on.
"""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from memagent.errors import StoryError
from memagent.story import founding
from memagent.story.book import Story
from memagent.story.config import StoryConfig
from memagent.story.hand_edits import begun_at, take_up
from memagent.story.log import event
from memagent.story.long_memory import OnProgress
from memagent.story.manuscript import Manuscript
from memagent.story.paths import quote

_PREMISE = 400  # characters of the beginning that stand for a premise


def begun(folder: Path, manuscript: Manuscript) -> Story | None:
    """Return the story that an import of this manuscript has begun in a folder, or `None` where there is none yet.

    Raises `StoryError` where the folder holds another story, or this one, whole.
    """
    if not founding.is_founded(folder):
        return None
    story = Story(folder)
    created = next((one for one in story.log.events if one["type"] == "created"), {})
    if created.get("importing") == fingerprint(manuscript) and not complete(story):
        return story
    if created.get("importing") and not story.record.paragraphs:
        raise StoryError(
            f"another text was being imported into {str(folder)!r}, or this one has changed since",
            hint="Choose another folder, or delete that one.",
        )
    raise StoryError(
        f"there is a story in {str(folder)!r} already",
        hint=f"Go on with it: memagent story write {quote(folder)}\nor import into another folder.",
    )


def opened(folder: Path, manuscript: Manuscript, premise: str, config: StoryConfig) -> Story:
    """Make the folder of a story that is to be made from a manuscript, or open the one that was begun.

    Without a premise, the title and the first paragraph's beginning stand for it. Raises as `begun` and `founding` do.
    """
    if story := begun(folder, manuscript):
        return story
    founding.found(folder, premise or beginning(manuscript), config, importing=fingerprint(manuscript))
    return Story(folder)


def take_over(
    story: Story, manuscript: Manuscript, source: str, on_progress: OnProgress = lambda done, of: None
) -> None:
    """Put the paragraphs into the story, and all but the newest into its long memory. Call it inside `editing`.

    What is there already is not done again. Raises `Unsynced` where a person has edited its chapters meanwhile.
    """
    if not story.record.paragraphs:
        chapters = [[chapter.first, chapter.title] for chapter in begun_at(manuscript)]
        texts = [text for _, text in manuscript.paragraphs]
        story.commit(event("imported", paragraphs=texts, title=manuscript.title, chapters=chapters, source=source))
    take_up(story, on_progress)


def is_read(story: Story) -> bool:
    """Whether a model has read the last part, or a person has said what happens next."""
    return story.state is not None and bool(story.state.plans or story.state.plan)


def complete(story: Story) -> bool:
    """Whether nothing of an import is left to do: the story has its plans, and its files show all of it."""
    last = max((at for at, one in enumerate(story.log.events, 1) if one["type"] in ("imported", "read")), default=0)
    return is_read(story) and story.pages.position >= last


def written_as_read(manuscript: Manuscript) -> Manuscript:
    """Return a manuscript as its chapter files will be read back: one line for a heading, no blank line in a text."""
    chapters = tuple(
        replace(one, title=" ".join(one.title.split()), paragraphs=tuple(map(_whole, one.paragraphs)))
        for one in manuscript.chapters
    )
    return replace(manuscript, title=" ".join(manuscript.title.split()), chapters=chapters)


def beginning(manuscript: Manuscript) -> str:
    """Return the title and the beginning of the text."""
    first = " ".join(manuscript.paragraphs[0][1].split())
    cut = first if len(first) <= _PREMISE else first[:_PREMISE].rsplit(" ", 1)[0] + " …"
    return f"{manuscript.title}\n\n{cut}".strip()


def fingerprint(manuscript: Manuscript) -> str:
    """Return a hash of all that is taken over."""
    told = [manuscript.title, [[one.title, one.paragraphs] for one in manuscript.chapters]]
    return sha256(json.dumps(told).encode()).hexdigest()[:32]


def _whole(paragraph: str) -> str:
    return "\n".join(line for line in paragraph.strip().split("\n") if line.strip())
