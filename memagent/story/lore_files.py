"""The folder `lore/`: an entry a file, read again only where a file has changed."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from memagent import files
from memagent.errors import StoryError, UsageProblem
from memagent.story.lore import Lorebook
from memagent.story.lore_entry import Entry, parse, text_of
from memagent.story.paths import quote

FOLDER = "lore"
_UNFIT = re.compile(r"[^\w]+")
_LONGEST = 60  # characters of a file's name
_Files = tuple[tuple[str, int, int, int], ...]


def lorebook(story: Path) -> Lorebook:
    """Return the lorebook of the story in a folder, as it stands on disk; an empty one where there is no `lore/`.

    Files that begin with a dot or an underscore are not read. Raises `StoryError` that names file and line, and says
    how many others cannot be read.
    """
    try:
        return _book(story / FOLDER, _listed(story / FOLDER))
    except StoryError as error:
        others = len(readable(story)[1]) - 1
        if others < 1:
            raise
        what = "another file" if others == 1 else f"{others} other files"
        more = f"So it is with {what}; for all of them: memagent story lore list {quote(story)}"
        raise StoryError(error.message, hint=f"{error.hint}\n{more}") from error


def readable(story: Path) -> tuple[Lorebook, list[StoryError]]:
    """Return the entries that can be read, and what is wrong with the files of the others.

    For what looks at the folder. What a prompt is made from is `lorebook`: without an entry that its author relies on,
    a paragraph is paid for and wrong, and it is better not to be written.
    """
    folder, entries, problems = story / FOLDER, list[Entry](), list[StoryError]()
    for name, *stat in _listed(folder):
        try:
            entries.append(_entry(folder / name, *stat))
        except StoryError as error:
            problems.append(error)
    return Lorebook(entries), problems


def stem_named(story: Path, name: str) -> str:
    """Return the name of an entry's file, also of one that cannot be read; else as `entry_named`."""
    stem = name.removesuffix(".md")
    return stem if path_of(story, stem).is_file() and "/" not in stem else entry_named(story, name).stem


def entry_named(story: Path, name: str) -> Entry:
    """Return the entry of a name: its file's, with or without `.md`, or what it is called, whatever the capitals.

    Raises `UsageProblem` that names the nearest where there is none, or several.
    """
    from difflib import get_close_matches

    wanted = name.removesuffix(".md").casefold()
    entries = readable(story)[0].entries
    found = [one for one in entries if one.stem.casefold() == wanted] or [
        one for one in entries if one.called.casefold() == wanted
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(one.stem for one in found)
        raise UsageProblem(f"{len(found)} entries are called {name!r}", hint=f"Name a file: {names}.")
    known = {one.casefold(): one for each in entries for one in (each.stem, each.called)}
    near = get_close_matches(wanted, known, n=1)
    hint = f"Did you mean {known[near[0]]!r}?" if near else "List them with: memagent story lore list"
    raise UsageProblem(f"there is no entry {name!r}", hint=hint)


def path_of(story: Path, stem: str) -> Path:
    """Return the file of an entry."""
    return story / FOLDER / f"{stem}.md"


def save(story: Path, entry: Entry) -> Path:
    """Write an entry into its file, whole or not at all; return the file.

    Raises `StoryError` where it could not be read again, and then nothing is written.
    """
    path, text = path_of(story, entry.stem), text_of(entry)
    parse(text, entry.stem, str(path))
    files.replace(path, text)
    return path


def save_text(story: Path, stem: str, text: str) -> Entry:
    """Write an entry as a person wrote it; raises `StoryError` for one that cannot be read, and writes nothing."""
    path = path_of(story, stem)
    entry = parse(text, stem, str(path))
    files.replace(path, text if text.endswith("\n") else text + "\n")
    return entry


def stem_for(name: str, taken: set[str]) -> str:
    """Return a file's name for an entry: its letters, of any script, and a number where it is taken already."""
    plain = unicodedata.normalize("NFC", name).casefold()
    stem = _UNFIT.sub("-", plain).strip("-_")[:_LONGEST].strip("-_") or "entry"
    number, free = 1, stem
    while free in taken:
        number += 1
        free = f"{stem}-{number}"
    return free


def _listed(folder: Path) -> _Files:
    """The entries' files, with what shows that one has changed."""
    try:
        with os.scandir(folder) as found:
            names = [one for one in found if one.name.endswith(".md") and one.name[0] not in "._"]
            stats = [(one.name, stat) for one in names if (stat := _stat(one)) is not None]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoryError(f"{str(folder)!r} cannot be read: {error.strerror}", hint="Check the permissions.") from error
    return tuple(sorted((name, one.st_mtime_ns, one.st_size, one.st_ino) for name, one in stats))


def _stat(file: os.DirEntry[str]) -> os.stat_result | None:
    """Return what tells one state of a file from another; `None` for what is no file. A link to nothing is one."""
    try:
        return file.stat() if file.is_file() or (file.is_symlink() and not Path(file.path).exists()) else None
    except FileNotFoundError:
        return file.stat(follow_symlinks=False)


@lru_cache(maxsize=4)
def _book(folder: Path, listed: _Files) -> Lorebook:
    return Lorebook(_entry(folder / name, *stat) for name, *stat in listed)


@lru_cache(maxsize=4096)
def _entry(path: Path, _changed: int, _size: int, _inode: int) -> Entry:
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoryError(f"{str(path)!r} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise StoryError(f"{str(path)!r} cannot be read: {error.strerror}", hint="Check the permissions.") from error
    return parse(text, unicodedata.normalize("NFC", path.stem), str(path))
