"""Making the folder of a new story. No model is asked."""

from __future__ import annotations

from pathlib import Path

from memagent import files, registry
from memagent.errors import StoryError, UsageProblem
from memagent.story.config import StoryConfig
from memagent.story.log import Log, event
from memagent.story.paths import HIDDEN, quote
from memagent.story.record import VERSION

_OURS = {"story.toml", "premise.md", "outline.md", "style.md", "note.md", "lore", HIDDEN}


def found(folder: Path, premise: str, config: StoryConfig, *, importing: str = "") -> None:
    """Make the folder of a new story: settings, premise, and a log that says it was made, last of all.

    `importing` is the mark of the text that the story is to be made from, if any. Raises as `Story.create` does.
    """
    if not premise.strip():
        raise UsageProblem("the premise is empty", hint="Say in a sentence or two what the story is about.")
    if not premise.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in premise):
        raise UsageProblem("the premise is not UTF-8 text", hint="Save it as UTF-8.")
    registry.embedder(config.embedder)
    check_free(folder)
    with files.writing(folder):
        (folder / HIDDEN).mkdir(parents=True, exist_ok=True)
    config.save(folder / "story.toml")
    files.replace(folder / "premise.md", premise.strip() + "\n")
    with files.writing(folder / "lore"):
        (folder / "lore").mkdir(exist_ok=True)
    log = Log(folder / HIDDEN / "events.jsonl")
    log.read()
    log.repair()
    log.append(event("created", version=VERSION, **({"importing": importing} if importing else {})))


def is_founded(folder: Path) -> bool:
    """Whether a folder holds a story: a log with an event. One that was killed before its first is none."""
    return bool(Log(folder / HIDDEN / "events.jsonl").read())


def check_free(folder: Path) -> None:
    """Raise `StoryError` where no story can be made: for a file, a story, and a folder that holds something else."""
    with files.writing(folder):
        _check_free(folder)


def _check_free(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise StoryError(f"{str(folder)!r} is a file", hint="Choose another name for the story's folder.")
    if is_founded(folder):
        raise StoryError(
            f"there is a story in {str(folder)!r} already", hint=f"Go on with it: memagent story write {quote(folder)}"
        )
    left = {f".{name}.new" for name in _OURS}  # half a file, of a run that was killed
    if others := sorted(path.name for path in folder.iterdir() if path.name not in _OURS | left):
        raise StoryError(
            f"{str(folder)!r} holds other files ({', '.join(others[:3])})", hint="Choose an empty or a new folder."
        )
