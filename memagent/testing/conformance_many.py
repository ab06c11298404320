"""Checks of size, scope and threads that every kind of store has to pass, on a `Shelf` of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from memagent.testing.report import ALICE, BOB, Check, T, expect
from memagent.testing.shelves import COMMON, Shelf, word
from memagent.types import Scope

MANY = 120
"""How many things are kept: more than any page, buffer or batch of a few dozen holds."""
THREADS = 8


def shelf_checks(kind: str, shelf: Callable[[T], Shelf]) -> list[tuple[str, Check[T]]]:
    """Return the named checks of one kind of store; `shelf` makes a shelf of what is checked."""
    checks = {
        "limits": _limits,
        "one_by_one": _one_by_one,
        "in_one_batch": _in_one_batch,
        "names_alike": _names_alike,
        "parts_alike": _parts_alike,
        "threads": _threads,
    }
    return [(f"_{kind}_{name}", partial(_on_a_shelf, check, shelf)) for name, check in checks.items()]


def _on_a_shelf(check: Callable[[Shelf], None], shelf: Callable[[T], Shelf], make: Callable[[], T]) -> None:
    check(shelf(make()))


def shows(shelf: Shelf, scope: Scope, ids: Sequence[str], of: Sequence[str]) -> None:
    """Check that every verb that reads shows a scope just these ids; it is asked for all of `of`."""
    for verb, found in shelf.reads(scope, of).items():
        missing, strange = sorted(set(ids) - set(found)), sorted(set(found) - set(ids))
        told = f"{verb} shows {scope} {len(found)} of {len(ids)}; missing {missing[:3]}, too many {strange[:3]}"
        expect(sorted(found) == sorted(ids), told)


def _one_by_one(shelf: Shelf) -> None:
    _all_there(shelf, [shelf.add(ALICE, [number])[0] for number in range(MANY)])


def _in_one_batch(shelf: Shelf) -> None:
    _all_there(shelf, shelf.add(ALICE, range(MANY)))


def _all_there(shelf: Shelf, ids: list[str]) -> None:
    expect(len(set(ids)) == MANY, f"{MANY} things got {len(set(ids))} ids")
    shows(shelf, ALICE, ids, ids)
    expect(shelf.numbers(ALICE, ids) == list(range(MANY)), "the ids are not in the order of what was added")
    for number, id in enumerate(ids):
        expect(shelf.near(ALICE, number, 1) == [id], f"nearest() with the vector of number {number} does not find it")
        found = shelf.named(ALICE, word(number), 2)
        expect(found == [id], f"match() with the word of number {number} found {found} and not {id!r} alone")


def _limits(shelf: Shelf) -> None:
    shelf.add(ALICE, range(12))
    shelf.add(BOB, range(12, 24))
    for k, wanted in ((1, 1), (2, 2), (5, 5), (11, 11), (12, 12), (40, 12)):
        near, words = shelf.near(ALICE, 3, k), shelf.named(ALICE, COMMON, k)
        for verb, found in (("nearest()", near), ("match()", words)):
            expect(len(found) == len(set(found)), f"{verb} found one twice for k={k}")
            expect(len(found) == wanted, f"{verb} found {len(found)} of 12 for k={k}")


def alike(name: str) -> list[str]:
    """Return names that a careless comparison takes for this one, or it for them."""
    other_case = name.upper() if name != name.upper() else name.lower()
    accent = unicodedata.normalize("NFD", "é")[1]
    cut = [name[:1], name[:2], name[:-1], name + "x", name + " ", " " + name, name + "'", name + ":", name + "\\"]
    marks = [name[0] + "%", name[0] + "_" + name[2:], name[:-1] + "_", "%", "_" * len(name), "*", name[0] + "*"]
    return [*cut, *marks, other_case, name.title(), name[0] + accent + name[1:]]


def _names_alike(shelf: Shelf) -> None:
    _apart(shelf, ALICE, [*(Scope(user=name) for name in alike("alice")), Scope()])
    for own, other in (("BORIS", "boris"), ("c%", "clara"), ("____", "anna"), ("erik ", "erik")):
        _apart(shelf, Scope(user=own), [Scope(user=other)])


def _parts_alike(shelf: Shelf) -> None:
    own, others = Scope(user="dora", session="one"), [Scope(user="dora", session=name) for name in alike("one")]
    _apart(shelf, own, [*others, Scope(user="dora", agent="one"), Scope(user="one", session="dora")])
    own, others = Scope(user="dora", agent="two"), [Scope(user="dora", agent=name) for name in alike("two")]
    _apart(shelf, own, [*others, Scope(user="dora", session="two"), Scope(user="two", agent="dora")])


def _apart(shelf: Shelf, own: Scope, others: Sequence[Scope]) -> None:
    """Check that other scopes neither see nor change what one has, before and after they have the same of their own.

    One of three things is retired, so that `restore` has something to bring back.
    """
    ids = shelf.add(own, range(3))
    shelf.changes(own, ids[2:])["retire()"]()
    for other in others:
        shows(shelf, other, [], ids)
        expect(not shelf.knows(other, range(3)), f"{other} knows what only {own} has added")
        for verb, change in shelf.changes(other, ids).items():
            expect(change() == 0, f"{verb} of {other} reached what belongs to {own}")
    for other in others:
        theirs = shelf.add(other, range(3))
        shows(shelf, other, theirs, list(dict.fromkeys([*ids, *theirs])))
        shelf.alter(other, theirs[0])
        expect(shelf.changes(other, theirs)["delete()"]() == 3, f"delete() of {other} did not reach its own three")
    shows(shelf, own, ids[:2], ids)
    expect(shelf.changes(own, ids[2:])["restore()"]() == 1, f"another scope took what {own} had retired")
    expect(not any(shelf.altered(own, id) for id in ids), f"another scope changed what belongs to {own}")
    shelf.changes(own, ids)["delete()"]()


def _threads(shelf: Shelf) -> None:
    """Eight threads begin together; each adds, searches and retires, and at the end all is as each was told."""
    gate = Barrier(THREADS)

    def work(place: int) -> tuple[list[str], list[str]]:
        gate.wait(timeout=60)
        numbers = range(place * 10, place * 10 + 6)
        ids: list[str] = []
        for number in numbers[:4]:
            ids += shelf.add(ALICE, [number])
            expect(shelf.near(ALICE, number, 1) == ids[-1:], "nearest() does not find what its thread has just added")
            expect(ids[-1] in shelf.named(ALICE, word(number), 3), "match() does not find what was just added")
        ids += shelf.add(ALICE, numbers[4:])
        expect(shelf.changes(ALICE, ids[:1])["retire()"]() == 1, "retire() did not hide one thing")
        expect(shelf.numbers(ALICE, ids[1:]) == list(numbers[1:]), "the ids are not in the order of what was added")
        return ids[:1], ids[1:]

    with ThreadPoolExecutor(THREADS) as pool:
        waiting = [pool.submit(work, place) for place in range(THREADS)]
    done = []
    for one in waiting:
        problem = one.exception()
        expect(problem is None, f"a call failed while other threads used the store: {problem!r}")
        done.append(one.result())
    left = [id for _, ids in done for id in ids]
    gone = [id for ids, _ in done for id in ids]
    shows(shelf, ALICE, left, [*left, *gone])
