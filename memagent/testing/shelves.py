"""The stores of every kind as shelves of numbered things, so that one check of size, scope or loss fits all kinds.

Thing number n is the same in every scope, has a word of its own and a vector of its own; all of them have one word in
common. Every read and every change of a store is asked through its shelf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np

from memagent.errors import NotFound
from memagent.stores.base import RationaleStore, TripleStore, VectorStore
from memagent.testing.kept import Kept, unit
from memagent.types import Note, Rationale, Scope, Triple

T = TypeVar("T")

COMMON = "harbour"
"""The word that all things have."""
SOURCE = "log.md"
"""Where all things come from."""
_ALL = 1000
_NIGHT = "The harbour at night"


class Shelf(Protocol):
    """One store with numbered things in it."""

    def add(self, scope: Scope, numbers: Sequence[int]) -> list[str]:
        """Keep things in one call; return their ids."""
        ...

    def numbers(self, scope: Scope, ids: Sequence[str]) -> list[int]:
        """Return which things have these ids."""
        ...

    def reads(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, list[str]]:
        """Return by verb the ids that it shows this scope; the verbs that take ids are asked for these."""
        ...

    def knows(self, scope: Scope, numbers: Sequence[int]) -> bool:
        """Tell whether any of these things is taken for known before it is added."""
        ...

    def near(self, scope: Scope, number: int, k: int) -> list[str]:
        """Return the ids that the vector of a thing finds."""
        ...

    def named(self, scope: Scope, word: str, k: int) -> list[str]:
        """Return the ids that a word finds."""
        ...

    def changes(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, Callable[[], int]]:
        """Return by verb a call of each way to change these things, which returns how many it reached."""
        ...

    def alter(self, scope: Scope, id: str) -> None:
        """Change one thing in the way that is its kind's own."""
        ...

    def altered(self, scope: Scope, id: str) -> bool:
        """Tell whether that was done."""
        ...


def word(number: int) -> str:
    """Return the word that thing `number` alone has."""
    return str(_ALL + number)


class _PassageShelf:
    """Passages; the kind's own change is `replace`."""

    def __init__(self, store: VectorStore, dim: int) -> None:
        self.store, self.dim = store, dim

    def add(self, scope: Scope, numbers: Sequence[int]) -> list[str]:
        notes = [_note(number) for number in numbers]
        return self.store.add(scope, notes, np.stack([unit(note.text, self.dim) for note in notes]))

    def numbers(self, scope: Scope, ids: Sequence[str]) -> list[int]:
        return [_number(one.text) for one in self.store.get(scope, ids)]

    def reads(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, list[str]]:
        store, shown = self.store, [one.id for one in self.store.passages(scope)]
        return {
            "get()": _each(ids, lambda id: store.get(scope, [id])[0].id),
            "passages()": shown,
            "passages(source=)": [one.id for one in store.passages(scope, source=SOURCE)],
            "sources()": shown if store.sources(scope) == ([SOURCE] if shown else []) else ["another source"],
            "count()": _counted(store.count(scope), shown),
            "nearest()": self.near(scope, 0, _ALL),
            "match()": self.named(scope, COMMON, _ALL),
        }

    def knows(self, scope: Scope, numbers: Sequence[int]) -> bool:
        return bool(self.store.known(scope, [_note(number) for number in numbers]))

    def near(self, scope: Scope, number: int, k: int) -> list[str]:
        vector = unit(_note(number).text, self.dim)
        return [match.passage.id for match in self.store.nearest(scope, vector, k)]

    def named(self, scope: Scope, word: str, k: int) -> list[str]:
        return [match.passage.id for match in self.store.match(scope, word, k)]

    def changes(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, Callable[[], int]]:
        return {
            "replace()": lambda: _reached(ids, lambda id: self.alter(scope, id)),
            "retire()": lambda: self.store.retire(scope, ids),
            "restore()": lambda: self.store.restore(scope, ids),
            "delete()": lambda: self.store.delete(scope, ids),
            "delete(source=)": lambda: self.store.delete(scope, source=SOURCE),
        }

    def alter(self, scope: Scope, id: str) -> None:
        self.store.replace(scope, id, _NIGHT, unit(_NIGHT, self.dim))

    def altered(self, scope: Scope, id: str) -> bool:
        return self.store.get(scope, [id])[0].text == _NIGHT


class _FactShelf:
    """Facts without passages; the kind's own change is to declare their relation functional."""

    def __init__(self, kept: Kept) -> None:
        self.kept, self.store = kept, kept.store

    def add(self, scope: Scope, numbers: Sequence[int]) -> list[str]:
        return self.kept.add(scope, *(_triple(number) for number in numbers))

    def numbers(self, scope: Scope, ids: Sequence[str]) -> list[int]:
        found = {fact.id: _number(fact.subject) for fact in self.store.facts(scope, ids=ids)}
        return [found[id] for id in ids]

    def reads(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, list[str]]:
        shown = [fact.id for fact in self.store.facts(scope)]
        relations = sum(relation.facts for relation in self.store.relations(scope))
        return {
            "facts()": shown,
            "facts(ids=)": [fact.id for fact in self.store.facts(scope, ids=ids)],
            "facts(relation=)": [fact.id for fact in self.store.facts(scope, relation="lies by")],
            "facts(object=)": [fact.id for fact in self.store.facts(scope, object="the harbour")],
            "facts(history=)": [fact.id for fact in self.store.facts(scope, history=True)],
            "relations()": _counted(relations, shown),
            "nearest()": self.near(scope, 0, _ALL),
            "match()": self.named(scope, COMMON, _ALL),
        }

    def knows(self, scope: Scope, numbers: Sequence[int]) -> bool:
        wanted = len(numbers) * 2 + 2  # of each thing the fact and its subject, and of all one relation and one object
        return len(self.store.unknown(scope, [_triple(number) for number in numbers])) < wanted

    def near(self, scope: Scope, number: int, k: int) -> list[str]:
        vector = self.kept.vector(f"boat {word(number)} lies by the harbour")
        return [match.fact.id for match in self.store.nearest(scope, vector, k)]

    def named(self, scope: Scope, word: str, k: int) -> list[str]:
        return [match.fact.id for match in self.store.match(scope, word, k)]

    def changes(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, Callable[[], int]]:
        return {
            "retire()": lambda: self.store.retire(scope, ids),
            "restore()": lambda: self.store.restore(scope, ids),
            "delete()": lambda: self.store.delete(scope, ids),
            "delete(source=)": lambda: self.store.delete(scope, source=SOURCE),
        }

    def alter(self, scope: Scope, id: str) -> None:
        self.store.declare(scope, "lies by", True)

    def altered(self, scope: Scope, id: str) -> bool:
        return [relation.functional for relation in self.store.relations(scope)] == [True]


class _RationaleShelf:
    """Rationales; the kind's own change is to record a success."""

    def __init__(self, store: RationaleStore, dim: int) -> None:
        self.store, self.dim = store, dim

    def add(self, scope: Scope, numbers: Sequence[int]) -> list[str]:
        made = [_rationale(number) for number in numbers]
        return self.store.add(scope, made, np.stack([unit(one.problem, self.dim) for one in made]))

    def numbers(self, scope: Scope, ids: Sequence[str]) -> list[int]:
        return [_number(one.problem) for one in self.store.get(scope, ids)]

    def reads(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, list[str]]:
        shown = [one.id for one in self.store.rationales(scope)]
        return {
            "get()": _each(ids, lambda id: self.store.get(scope, [id])[0].id),
            "rationales()": shown,
            "count()": _counted(self.store.count(scope), shown),
            "nearest()": self.near(scope, 0, _ALL),
            "match()": self.named(scope, COMMON, _ALL),
        }

    def knows(self, scope: Scope, numbers: Sequence[int]) -> bool:
        return False  # a store of rationales is never asked

    def near(self, scope: Scope, number: int, k: int) -> list[str]:
        vector = unit(_rationale(number).problem, self.dim)
        return [match.rationale.id for match in self.store.nearest(scope, vector, k)]

    def named(self, scope: Scope, word: str, k: int) -> list[str]:
        return [match.rationale.id for match in self.store.match(scope, word, k)]

    def changes(self, scope: Scope, ids: Sequence[str]) -> Mapping[str, Callable[[], int]]:
        return {
            "record()": lambda: _reached(ids, lambda id: self.alter(scope, id)),
            "retire()": lambda: self.store.retire(scope, ids),
            "restore()": lambda: self.store.restore(scope, ids),
            "delete()": lambda: self.store.delete(scope, ids),
            "delete(source=)": lambda: self.store.delete(scope, source=SOURCE),
        }

    def alter(self, scope: Scope, id: str) -> None:
        self.store.record(scope, id, success=True)

    def altered(self, scope: Scope, id: str) -> bool:
        return self.store.get(scope, [id])[0].successes == 1


def passages_of(dim: int) -> Callable[[VectorStore], Shelf]:
    """Return what makes a shelf of a store of passages."""
    return lambda store: _PassageShelf(store, dim)


def facts_of(dim: int) -> Callable[[tuple[VectorStore, TripleStore]], Shelf]:
    """Return what makes a shelf of a store of passages and one of facts."""
    return lambda stores: _FactShelf(Kept(*stores, None, dim))


def rationales_of(dim: int) -> Callable[[RationaleStore], Shelf]:
    """Return what makes a shelf of a store of rationales."""
    return lambda store: _RationaleShelf(store, dim)


def _note(number: int) -> Note:
    return Note(f"Berth {word(number)} of the harbour", source=SOURCE)


def _triple(number: int) -> Triple:
    return Triple(f"Boat {word(number)}", "lies by", "the harbour", source=SOURCE)


def _rationale(number: int) -> Rationale:
    problem = f"How deep is berth {word(number)} of the harbour?"
    return Rationale(problem, "The chart says it.", "4 m", source=SOURCE)


def _number(text: str) -> int:
    return next(int(part) - _ALL for part in text.split() if part.isdigit())


def _each(ids: Sequence[str], get: Callable[[str], str]) -> list[str]:
    """What `get` returns for each id that it does not refuse."""
    found: list[str] = []
    for id in ids:
        try:
            found.append(get(id))
        except NotFound:
            continue
    return found


def _reached(ids: Sequence[str], change: Callable[[str], None]) -> int:
    """How many of these ids a change does not refuse."""

    def done(id: str) -> str:
        change(id)
        return id

    return len(_each(ids, done))


def _counted(count: int, shown: Sequence[str]) -> list[str]:
    """The ids that are shown, where they are as many as was counted; else what says so."""
    return list(shown) if count == len(shown) else [f"a count of {count}"]
