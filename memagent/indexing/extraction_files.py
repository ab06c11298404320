"""Extractions in files: one passage a line with what was found in it, as HippoRAG's published samples have them.

    {"id": 7, "title": "Ida", "text": "...", "entities": ["Ida"], "triples": [["Ida", "keeps", "the lamp"]]}

Reading takes what models really wrote: numbers for texts, empty and doubled triples, lines without triples.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from memagent.errors import Conflict, UsageProblem
from memagent.indexing.openie import names_of, triples_of
from memagent.types import Extraction, Fact, Note, Passage

_BATCH = 500


class Extracted(Protocol):
    """The part of `Memory.extractions` that is needed here."""

    def keep(self, passage: Passage, found: Extraction, *, by: str) -> int:
        """Keep what was found in a passage."""
        ...

    def entities(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the id of each passage that is done with its entities."""
        ...


class Facts(Protocol):
    """The part of `Memory.facts` that is needed here."""

    def find(self, *, history: bool = False) -> list[Fact]:
        """Return facts; with `history`, those of all times."""
        ...


class Keeps(Protocol):
    """The part of a `Memory` that is needed here."""

    @property
    def extractions(self) -> Extracted:
        """What was found in its passages."""
        ...

    @property
    def facts(self) -> Facts:
        """Its facts."""
        ...

    def add(self, notes: Sequence[Note]) -> list[str]:
        """Keep notes and return their ids."""
        ...

    def get(self, id: str) -> Passage:
        """Return a passage."""
        ...

    def passages(self) -> Iterator[Passage]:
        """Iterate over the passages."""
        ...


def load(
    memory: Keeps,
    path: str | os.PathLike[str],
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, int]:
    """Take up passages with what was found in them; return how many passages and facts.

    Ids become those of the passages. What is there already is kept once, so that loading again, or going on after a
    kill, does no harm. Of two lines with one id and one text, what both found is kept.

    Args:
        memory: a bound memory.
        path: the file.
        on_progress: called with how many passages are done, and how many there are.

    Raises:
        UsageProblem: a line is not of that form; the message names it, and nothing was written.
        Conflict: an id is taken by another text of the memory; the message names the line. Some lines before it may
            have been written.
    """
    lines = _merged((number, *_read(number, line)) for number, line in _lines(path))
    name, facts = f"file:{os.path.basename(os.fspath(path))}", 0
    for start in range(0, len(lines), _BATCH):
        some = lines[start : start + _BATCH]
        ids = _added(memory, some)
        for done, (id, (_, _, found)) in enumerate(zip(ids, some, strict=True), start + 1):
            if found is not None:
                facts += memory.extractions.keep(memory.get(id), found, by=name)
            on_progress(done, len(lines))
    return len(lines), facts


_Line = tuple[int, Note, Extraction | None]


def _merged(lines: Iterable[_Line]) -> list[_Line]:
    """The lines, those of one id as one; raises `UsageProblem` where their texts differ."""
    known: dict[str, int] = {}
    kept: list[_Line] = []
    for number, note, found in lines:
        place = known.setdefault(note.id, len(kept)) if note.id is not None else len(kept)
        if place == len(kept):
            kept.append((number, note, found))
            continue
        first, other, before = kept[place]
        if (note.title, note.text) != (other.title, other.text):
            raise _wrong(number, f"has the id of line {first}, and another text")
        kept[place] = first, other, _both(before, found)
    return kept


def _both(one: Extraction | None, other: Extraction | None) -> Extraction | None:
    if one is None or other is None:
        return one or other
    triples = dict.fromkeys([*one.triples, *other.triples])
    return Extraction(tuple(dict.fromkeys([*one.entities, *other.entities])), tuple(triples))


def _added(memory: Keeps, lines: Sequence[_Line]) -> list[str]:
    try:
        return memory.add([note for _, note, _ in lines])
    except Conflict as error:
        number = next((number for number, note, _ in lines if repr(note.id) in error.message), lines[0][0])
        raise Conflict(
            f"line {number}: {error.message}", hint="Give it another id, or load into a new memory."
        ) from error


def lines_of(memory: Keeps) -> Iterator[str]:
    """Yield a line for each passage of a memory, with its entities and with the triples that it says.

    Raises:
        UsageProblem: two sessions or agents of the user use an id for different passages, which a file cannot tell.
    """
    entities = dict(memory.extractions.entities())
    said: dict[str, list[list[str]]] = {}
    for fact in memory.facts.find(history=True):
        for id in fact.passages:
            triple = [fact.subject, fact.relation, fact.object]
            if triple not in said.setdefault(id, []):
                said[id].append(triple)
    seen: set[str] = set()
    for passage in memory.passages():
        if passage.id in seen:
            raise UsageProblem(
                f"the id {passage.id!r} is used in several sessions or agents", hint="Bind one of them at a time."
            )
        seen.add(passage.id)
        line: dict[str, Any] = {"id": passage.id, "title": passage.title, "text": passage.text}
        if passage.id in entities or passage.id in said:
            line |= {"entities": list(entities.get(passage.id, ())), "triples": said.get(passage.id, [])}
        yield json.dumps(line, ensure_ascii=False)


def _lines(path: str | os.PathLike[str]) -> Iterable[tuple[int, Mapping[str, Any]]]:
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _object(number, line)
    except OSError as error:
        raise UsageProblem(f"{os.fspath(path)} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{os.fspath(path)} is not UTF-8 text", hint="Convert it first.") from error


def _object(number: int, line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _wrong(number, "is no JSON object")
    return found


def _read(number: int, line: Mapping[str, Any]) -> tuple[Note, Extraction | None]:
    text, title, id = (line.get(name) for name in ("text", "title", "id"))
    if not isinstance(text, str) or not text.strip():
        raise _wrong(number, 'has no text in "text"')
    if not isinstance(title or "", str) or isinstance(id, bool) or not isinstance(id, str | int | None):
        raise _wrong(number, 'needs a text for "title", and a text or whole number for "id", where it has them')
    if id == "" or not all(map(_is_text, (text, title or "", str(id)))):
        raise _wrong(number, "has an empty id, or half a character in its id, title or text")
    note = Note(text, title or "", id=None if id is None else str(id))
    if "triples" not in line:
        return note, None
    return note, Extraction(names_of(line.get("entities")), triples_of(line["triples"]))


def _is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8: JSON may name halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _wrong(number: int, what: str) -> UsageProblem:
    return UsageProblem(f"line {number} {what}", hint="Nothing was written. Mend the line, or take it out.")
