"""The files of a story that people read and edit: the manuscript, the short memory and the long memory.

They are written from the log, and each knows whether it was written by us or edited by hand since: what we wrote last
is the record as of the log position kept beside them, so that a kill between the log and the pages is not mistaken
for an edit.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from memagent import files
from memagent.errors import StoryError
from memagent.story.log import Log
from memagent.story.record import StoryRecord

_SECTION = re.compile(r"^## Paragraph (\d+)[ \t]*$", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(## Paragraph \d+[ \t]*)$", re.MULTILINE)
_LONG_HEAD = (
    "# Long memory\n\nEvery paragraph but the newest. A plan calls the ones to mind that resemble it. What you change\n"
    "or delete below changes what is called to mind, not the manuscript.\n"
)


class Pages:
    """The readable files of the story in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.manuscript = folder / "chapters" / "01.md"
        self.short = folder / "memory" / "short.md"
        self.long = folder / "memory" / "long.md"
        self._position = folder / ".memagent" / "pages.json"

    def write(self, record: StoryRecord, log: Log) -> None:
        """Write all files as the log has them."""
        files.replace(self.manuscript, manuscript_text(record))
        files.replace(self.long, long_text(record))
        self._finish(record, log)

    def extend(self, record: StoryRecord, log: Log, count: int) -> None:
        """Append the newest `count` paragraphs; what stands before them is not read or written again."""
        first = len(record.paragraphs) - count
        if first == 0 or not (self.manuscript.exists() and self.long.exists()):
            self.write(record, log)
            return
        files.append(self.manuscript, "".join(f"\n{text}\n" for text in record.paragraphs[first:]))
        joined = ((number, record.paragraphs[number - 1]) for number in range(first, len(record.paragraphs)))
        files.append(self.long, "".join(_section(number, text) for number, text in joined))
        self._finish(record, log)

    def _finish(self, record: StoryRecord, log: Log) -> None:
        files.replace(self.short, short_text(record))
        files.replace(self._position, json.dumps({"events": len(log.events)}))

    def last_written(self, log: Log) -> StoryRecord:
        """Return the record as it was when the files were last written as a whole."""
        try:
            position = json.loads(self._position.read_text(encoding="utf-8"))["events"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            position = 0
        return StoryRecord.fold(log.events[:position])

    def manuscript_edited(self, record: StoryRecord, before: StoryRecord) -> bool:
        """Whether the manuscript on disk is neither what we wrote, nor something that we were writing when killed."""
        return _edited(self.manuscript, manuscript_text(before), manuscript_text(record))

    def short_edit(self, record: StoryRecord, before: StoryRecord) -> str | None:
        """Return the short memory as a person left it, or `None` when it was not edited."""
        if record.state is None or not _edited(self.short, short_text(before), short_text(record)):
            return None
        text = _read(self.short).strip()
        if not text:
            raise StoryError(
                f"{str(self.short)!r} is empty", hint="Write into it what the next paragraph has to know, or delete it."
            )
        return text

    def short_edit_meanwhile(self, record: StoryRecord) -> str | None:
        """Return the short memory if a person has edited it since `record` was written, while a run was going on."""
        if record.state is None or not self.short.exists():
            return None
        text = _read(self.short)
        return text.strip() or None if text != short_text(record) else None

    def long_edits(self, record: StoryRecord, before: StoryRecord) -> dict[int, str]:
        """Return what a person changed in long memory: paragraph number -> new text, empty for one that was deleted."""
        if not _edited(self.long, long_text(before), long_text(record)):
            return {}
        found = self._sections()
        last = max(found)  # what is missing behind it was written after the person had opened the file
        kept = {number: text for number, text in record.long_memory.items() if number <= last}
        return {number: found.get(number, "") for number, text in kept.items() if found.get(number, "") != text.strip()}

    def _sections(self) -> dict[int, str]:
        """Return the sections of the long memory on disk. What cannot be told apart is refused, never thrown away."""
        parts = _SECTION.split(_read(self.long))
        numbers = [int(number) for number in parts[1::2]]
        texts = [_ESCAPED.sub(r"\1", text.strip()) for text in parts[2::2]]
        double = next((number for number in numbers if numbers.count(number) > 1), None)
        if not numbers or double is not None:
            what = "has no section" if double is None else f"has paragraph {double} twice"
            hint = "Keep one line `## Paragraph N` above each text, or delete the file to have it written again."
            raise StoryError(f"{str(self.long)!r} {what}", hint=hint)
        return dict(zip(numbers, texts, strict=True))

    def manuscript_on_disk(self) -> tuple[str, list[str]]:
        """Return the title and the paragraphs of the manuscript as they stand on disk."""
        text = _read(self.manuscript).lstrip("\ufeff\n")
        title = re.match(r"# (.*)\n", text)
        body = text[title.end() :] if title else text
        return title[1].strip() if title else "", [
            part.strip() for part in re.split(r"\n[ \t]*\n", body) if part.strip()
        ]


def manuscript_text(record: StoryRecord) -> str:
    """Return the manuscript: the title, then paragraphs with a blank line between them."""
    if not record.paragraphs:
        return ""
    title = f"# {record.title}\n\n" if record.title else ""
    return title + "\n\n".join(record.paragraphs) + "\n"


def short_text(record: StoryRecord) -> str:
    """Return the short memory as its file holds it."""
    return record.state.memory.strip() + "\n" if record.state else ""


def long_text(record: StoryRecord) -> str:
    """Return the long memory as its file holds it: one section a paragraph."""
    if not record.paragraphs:
        return ""
    return _LONG_HEAD + "".join(_section(number, text) for number, text in record.long_memory.items())


def _section(number: int, text: str) -> str:
    return f"\n## Paragraph {number}\n\n{_SECTION.sub(_escape, text)}\n"


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[0]  # a line of the story that looks like a heading of ours


def _edited(path: Path, before: str, now: str) -> bool:
    if not path.exists():
        return False  # a deleted page is written again from the log
    disk = _read(path)
    if disk in (before, now):
        return False
    torn = disk.startswith(before) and now.startswith(disk)
    return not torn


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise StoryError(f"{str(path)!r} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error
