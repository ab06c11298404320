"""What the rules have read in the paragraphs of a story, kept in a file: a long book is not read anew to be opened.

The rules take a few thousandths of a second a paragraph, and the canon of a story is folded out of all of them whenever
it is opened: of a thousand paragraphs that was felt. What is kept belongs to the text, and to who is a she and who a he
in it, wherever it stands; so it holds after an undo, in another order of the chapters, and after edits. It holds for
the rules that have read it alone: with others of them, the file counts for nothing and is written anew. Nothing but
time is lost with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from memagent import files, terms
from memagent.story.manuscript import Place
from memagent.story.noting import noted
from memagent.story.noting_people import Noted
from memagent.story.pronouns import Known
from memagent.story.reading import Attribute, read

FILE = "read.jsonl"
"""The name of the file, beside the log."""

_Row = Sequence[Any]
_Shape = tuple[type, ...]
_ATTRIBUTE: _Shape = (str, str, str, str, bool)
_NOTED: _Shape = (str, str, str)


class ByRule:
    """Reads paragraphs by rule, each once as long as what is read is kept.

    Args:
        path: the file that it is kept in, which need not exist; `None` keeps it for this process alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._rows: dict[str, Sequence[_Row]] | None = None
        self._new: dict[str, Sequence[_Row]] = {}
        self._goes_on = False  # whether the file is of these rules, so that it is added to

    def attributes(self, text: str, place: Place, known: Known) -> list[Attribute]:
        """Return what `reading.read` reads in a paragraph."""
        return [
            Attribute(subject, name, value, place, quote, change)
            for subject, name, value, quote, change in self._kept(
                f"attributes\0{text}\0{known}",
                lambda: [(one.subject, one.name, one.value, one.quote, one.change) for one in _read(text, known)],
                _ATTRIBUTE,
            )
        ]

    def noted(self, text: str, known: Known) -> tuple[Noted, ...]:
        """Return what `noting.noted` reads in a paragraph."""
        rows = self._kept(f"noted\0{text}\0{known}", lambda: _noted(text, known), _NOTED)
        return tuple((subject, relation, object) for subject, relation, object in rows)

    def save(self) -> None:
        """Add to the file what was read since it was opened. Raises `StorageFull` or `StorageError`.

        Only who holds the story's lock may do this.
        """
        if self._path is None or not self._new:
            return
        lines = [json.dumps({"of": key, "read": rows}) + "\n" for key, rows in self._new.items()]
        if self._goes_on:
            files.append(self._path, "".join(lines), sync=False)
        else:
            files.replace(self._path, "".join([json.dumps({"rules": _rules()}) + "\n", *lines]))
        self._goes_on, self._new = True, {}

    def _kept(self, what: str, read_now: Callable[[], Sequence[_Row]], shape: _Shape) -> Sequence[_Row]:
        """Return what was read before, in rows of this shape; what is kept in another shape is read anew."""
        if self._path is None:
            return read_now()
        if self._rows is None:
            self._rows = self._loaded(self._path)
        key = sha256(what.encode("utf-8", errors="surrogatepass")).hexdigest()[:24]
        if key not in self._rows or not _are_rows(self._rows[key], shape):
            self._rows[key] = self._new[key] = read_now()
        return self._rows[key]

    def _loaded(self, path: Path) -> dict[str, Sequence[_Row]]:
        """Read the file; one of other rules, a line that a kill has torn, and what else is no JSON, count for nothing.

        So does what cannot be read, such as a folder of that name. A file whose last line is torn is not added to.
        """
        try:
            data = path.read_bytes()
            first, *lines, torn = data.split(b"\n")
            if json.loads(first) != {"rules": _rules()} or torn:
                return {}
            rows = {str(one["of"]): one["read"] for one in map(json.loads, lines)}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        self._goes_on = True
        return rows


def _are_rows(rows: object, shape: _Shape) -> bool:
    return isinstance(rows, list | tuple) and all(
        isinstance(row, list | tuple) and [type(value) for value in row] == list(shape) for row in rows
    )


@cache
def _rules() -> str:
    """What tells these rules from others: all the code of a story, of which they are made."""
    digest = sha256()
    for path in [*sorted(Path(__file__).parent.glob("*.py")), Path(terms.__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _read(text: str, known: Known) -> tuple[Attribute, ...]:
    return tuple(read(text, Place(1), known))


@lru_cache(maxsize=4096)
def _noted(text: str, known: Known) -> tuple[Noted, ...]:
    return tuple(noted(text, known))
