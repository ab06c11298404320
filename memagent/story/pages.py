"""The files of a story that people read and edit: the manuscript, the short memory and the long memory.

They are written from the log, and each knows whether it was written by us or edited by hand since: what we wrote last
is the record as of the log position kept beside them, so that a kill between the log and the pages is not mistaken
for an edit.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from os import SEEK_END
from pathlib import Path
from typing import Any

from memagent import files
from memagent.errors import StoryError
from memagent.story.chapter_files import chapter_files, escaped, name, read
from memagent.story.log import Log
from memagent.story.manuscript import Manuscript
from memagent.story.record import StoryRecord

_SECTION = re.compile(r"^## Paragraph (\d+)[ \t]*$", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(## Paragraph \d+[ \t]*)$", re.MULTILINE)
_ENOUGH = 24  # letters and digits by which a paragraph is known
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
        self._ours: dict[Path, Any] = {}  # the hash of each chapter that this process has written
        self.ahead = False
        """Whether they show more than the log has: it has lost its last lines. Found out by `last_written`."""

    def begin(self) -> None:
        """Begin a session: from here on, a chapter that we have written is looked at before it is written over."""
        self._ours.clear()

    def write(self, record: StoryRecord, log: Log) -> None:
        """Write all files as the log has them, but for chapters that a person has edited since we wrote them."""
        texts = chapter_files(record)
        for file, text in texts.items():
            self._put(self.chapters / file, text)
        for path in self.on_disk():
            if path.name not in texts and not self._edited_meanwhile(path):
                path.unlink()
                self._ours.pop(path, None)
        self.write_memory(record, log)

    def write_memory(self, record: StoryRecord, log: Log) -> None:
        """Write the files of the memory alone."""
        files.replace(self.long, long_text(record))
        self._finish(record, log)

    def extend(self, record: StoryRecord, log: Log, count: int) -> None:
        """Append the newest `count` paragraphs; what stands before them is not read or written again."""
        first = len(record.paragraphs) - count
        newest = self.chapters / name(len(record.chapters))
        if record.chapters[-1].first > first or not (newest.exists() and self.long.exists()):
            self.write(record, log)
            return
        text = "".join(f"\n{escaped(text)}\n" for text in record.paragraphs[first:])
        files.append(newest, text if _ends_a_line(newest) else f"\n{text}")
        if newest in self._ours:
            self._ours[newest].update(text.encode("utf-8"))
        joined = ((number, record.paragraphs[number - 1]) for number in range(first, len(record.paragraphs)))
        files.append(self.long, "".join(_section(number, text) for number, text in joined))
        self._finish(record, log)

    def restore(self, record: StoryRecord, log: Log) -> None:
        """Write chapters that are missing, as the log has them; every file that is there stays as it is."""
        before = self.last_written(log)
        missing = {path.name for path in self.deleted_chapters(record, before)}
        for file, text in chapter_files(record).items():
            if file in missing:
                files.replace(self.chapters / file, text)

    def _put(self, path: Path, text: str) -> None:
        data = text.encode("utf-8", errors="surrogatepass")
        there = path.read_bytes() if path.exists() else None
        if there is not None and there != data and self._edited_meanwhile(path):
            return  # it is told when the story is opened again
        if there != data:
            files.replace(path, data)
        self._ours[path] = sha256(data)

    def _edited_meanwhile(self, path: Path) -> bool:
        """Whether a person has edited a chapter since this process wrote it."""
        ours = self._ours.get(path)
        return ours is not None and path.exists() and sha256(path.read_bytes()).digest() != ours.digest()

    def _finish(self, record: StoryRecord, log: Log) -> None:
        files.replace(self.short, short_text(record))
        files.replace(self._position, json.dumps({"events": len(log.events)}))

    @property
    def position(self) -> int:
        """How many events the log had when the files were last written as a whole; 0 where that is not known."""
        try:
            return int(json.loads(self._position.read_text(encoding="utf-8"))["events"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0

    def heed_torn(self, log: Log) -> None:
        """Note it if the pages show what the torn last line of a log says, before that is cut off: it is no edit."""
        if self.position <= len(log.events) and self._show(log.torn):
            files.replace(self._position, json.dumps({"events": len(log.events) + 1}))

    def _show(self, torn: str) -> bool:
        """Whether the newest chapter ends with the paragraph that a torn line of the log has, or has the start of."""
        if not torn or not (chapters := self.on_disk()):
            return False
        said, shown = _letters(torn), _letters(_bare(_read(chapters[-1])).split("\n\n")[-1])
        at = said.find(shown[:_ENOUGH])
        rest = said[at : at + len(shown)] if at >= 0 and len(shown) >= _ENOUGH else ""
        return bool(rest) and shown.startswith(rest)

    def last_written(self, log: Log) -> StoryRecord:
        """Return the record as it was when the files were last written as a whole."""
        self.ahead = self.position > len(log.events) or self._show(log.torn)
        return StoryRecord.fold(log.events[: self.position])

    def put_aside(self) -> list[Path]:
        """Copy what is ahead of the log, and is about to be written over, into `.memagent/ahead`; return the copies."""
        found = [path for path in (*self.on_disk()[-1:], self.short, self.long) if path.exists()]
        aside = self._position.with_name("ahead")
        for path in found:
            files.replace(aside / path.name, path.read_bytes())
        return [aside / path.name for path in found]

    def edited_chapters(self, record: StoryRecord, before: StoryRecord) -> list[Path]:
        """Return the chapters on disk that are neither what we wrote, nor what we were writing when killed.

        `before` is the record as it was when the files were last written. Line ends, a byte order mark, blanks at the
        ends of lines and of the file are no edits.
        """
        then, now, taken = chapter_files(before), chapter_files(record), _taken_up(record, before)
        return [
            path
            for path in self.on_disk()
            if _edited(path, then.get(path.name, ""), now.get(path.name, then.get(path.name, "")))
            and (path.name not in taken or taken[path.name] != _digest(path))
            and not (self.ahead and _bare(_read(path)).startswith(_bare(now.get(path.name, ""))))
        ]

    def deleted_chapters(self, record: StoryRecord, before: StoryRecord) -> list[Path]:
        """Return the chapters that we had written and that are gone; none where all are, which is no edit."""
        there = {path.name for path in self.on_disk()}
        gone = [file for file in chapter_files(before) if file not in there]
        known, taken = chapter_files(record), _taken_up(record, before)
        return [self.chapters / file for file in gone if there and file in known and (not taken or file in taken)]

    def digests(self) -> dict[str, str]:
        """Return what tells each chapter's file as it is now from any other, by its name."""
        return {path.name: _digest(path) for path in self.on_disk()}

    def strangers(self) -> list[Path]:
        """Return files beside the chapters that are none, for their names are no numbers."""
        return sorted(path for path in self.chapters.glob("*.md") if not _is_chapter(path))

    def short_edit(self, record: StoryRecord, before: StoryRecord) -> str | None:
        """Return the short memory as a person left it, or `None` when it was not edited."""
        if record.state is None or self.ahead or not _edited(self.short, short_text(before), short_text(record)):
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
        if self.ahead or not _edited(self.long, long_text(before), long_text(record)):
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

    def manuscript_on_disk(self, record: StoryRecord, before: StoryRecord) -> Manuscript:
        """Return the manuscript as a person left it.

        Chapters that were not edited are as the log has them, whatever of it a kill has kept from disk; what the log
        has behind an edited chapter, and no page has shown yet, is put behind it. Raises `StoryError` where two files
        are the same chapter.
        """
        then, now = chapter_files(before), chapter_files(record)
        edited = {path.name: path for path in self.edited_chapters(record, before)}
        deleted = {path.name for path in self.deleted_chapters(record, before)}
        texts: dict[int, str] = {}
        for file in sorted({*now, *edited} - deleted, key=_number):
            if (number := _number(file)) in texts:
                raise StoryError(
                    f"two files in {str(self.chapters)!r} are chapter {number}", hint="Rename one of them."
                )
            texts[number] = now[file] if file not in edited else _read(edited[file]) + _unseen(then, now, file)
        return read(list(texts.values()))

    def manuscript_as_it_stands(self) -> Manuscript:
        """Return the manuscript as its files are, whoever wrote them. Raises `StoryError` for one that is not UTF-8."""
        return read([_read(path) for path in self.on_disk()])

    def on_disk(self) -> list[Path]:
        """Return the files of chapters, in order."""
        return sorted((path for path in self.chapters.glob("*.md") if _is_chapter(path)), key=lambda one: int(one.stem))


def _is_chapter(path: Path) -> bool:
    return path.stem.isdecimal() and path.stem.isascii()


def _number(file: str) -> int:
    return int(file.removesuffix(".md"))


def _taken_up(record: StoryRecord, before: StoryRecord) -> dict[str, str]:
    """The files that were taken up as a person left them, by a run that was killed before it wrote them itself."""
    return record.taken_up if record.taken_up != before.taken_up else {}


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:16]


def _unseen(then: dict[str, str], now: dict[str, str], file: str) -> str:
    """What the log has put behind a chapter since its file was written."""
    shown, all_of_it = then.get(file, ""), now.get(file, "")
    return f"\n\n{all_of_it[len(shown) :]}" if shown and all_of_it.startswith(shown) else ""


def _letters(text: str) -> str:
    """Return the letters and digits of a text alone, which no file escapes."""
    return "".join(filter(str.isalnum, text))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, SEEK_END):
            return True
        file.seek(-1, SEEK_END)
        return file.read() == b"\n"


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
    if disk in (before, now) or _bare(disk) in (_bare(before), _bare(now)):
        return False
    torn = disk.startswith(before) and now.startswith(disk)
    return not torn


def _bare(text: str) -> str:
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise StoryError(f"{str(path)!r} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error
