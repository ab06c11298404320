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
from memagent.story.manuscript import Chapter, Manuscript
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
        self.chapters = folder / "chapters"
        self.short = folder / "memory" / "short.md"
        self.long = folder / "memory" / "long.md"
        self._position = folder / ".memagent" / "pages.json"

    def write(self, record: StoryRecord, log: Log) -> None:
        """Write all files as the log has them."""
        texts = chapter_files(record)
        for name, text in texts.items():
            files.replace(self.chapters / name, text)
        for path in self._on_disk():
            if path.name not in texts:
                path.unlink()
        files.replace(self.long, long_text(record))
        self._finish(record, log)

    def extend(self, record: StoryRecord, log: Log, count: int) -> None:
        """Append the newest `count` paragraphs; what stands before them is not read or written again."""
        first = len(record.paragraphs) - count
        newest = self.chapters / _name(len(record.chapters))
        if record.chapters[-1].first > first or not (newest.exists() and self.long.exists()):
            self.write(record, log)
            return
        files.append(newest, "".join(f"\n{text}\n" for text in record.paragraphs[first:]))
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

    def edited_chapters(self, record: StoryRecord, before: StoryRecord) -> list[Path]:
        """Return the chapters on disk that are neither what we wrote, nor what we were writing when killed."""
        then, now = chapter_files(before), chapter_files(record)
        return [
            path
            for path in self._on_disk()
            if _edited(path, then.get(path.name, ""), now.get(path.name, then.get(path.name, "")))
        ]

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

    def manuscript_on_disk(self, record: StoryRecord) -> Manuscript:
        """Return the manuscript as it stands on disk; a chapter whose file was deleted is as the log has it."""
        texts = chapter_files(record) | {path.name: _read(path) for path in self._on_disk()}
        title, chapters = "", []
        for number, (_, text) in enumerate(sorted(texts.items())):
            body = text.lstrip("\ufeff\n")
            if number == 0 and (found := re.match(r"# (.*)(?:\n|$)", body)):
                title, body = found[1].strip(), body[found.end() :].lstrip("\n")
            heading = re.match(r"## (.*)(?:\n|$)", body)
            body = body[heading.end() :] if heading else body
            parts = tuple(part.strip() for part in re.split(r"\n[ \t]*\n", body) if part.strip())
            if parts:
                chapters.append(Chapter(heading[1].strip() if heading else "", parts))
        return Manuscript(title, tuple(chapters))

    def _on_disk(self) -> list[Path]:
        return sorted(path for path in self.chapters.glob("*.md") if path.stem.isdecimal())


def chapter_files(record: StoryRecord) -> dict[str, str]:
    """Return the files of the manuscript, by name: paragraphs with a blank line between them under their headings."""
    texts = {}
    for number, (heading, paragraphs) in enumerate(record.chapter_texts(), 1):
        title = f"# {record.title}" if number == 1 and record.title else ""
        parts = [title, f"## {heading}" if heading else "", *paragraphs]
        texts[_name(number)] = "\n\n".join(filter(None, parts)) + "\n"
    return texts


def manuscript_text(record: StoryRecord) -> str:
    """Return the whole manuscript, one chapter after another."""
    return "\n".join(chapter_files(record).values())


def _name(chapter: int) -> str:
    return f"{chapter:02d}.md"


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
