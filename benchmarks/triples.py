"""Reading and writing triples beside a plain SQL scan of the same file: milliseconds, medians and ratios.

    python benchmarks/triples.py                  # 100,000 triples
    python benchmarks/triples.py --triples 20000

A read is `facts.read` of one query with the default limits: both terms compared with all there are, pairs, what holds.
The scan is one SQL statement over the same tables that joins facts with their terms and compares texts: it knows no
vectors, no time and no scope, and finds only what is spelt alike. The same by the indexes shows what a read costs over
the least that it could. A write is `facts.add` of one new triple, on disk when it returns; beside it, one INSERT into a
table of three texts with the same synchronous setting. The first read after opening builds the indexes of entities and
relations; it is told by itself. Of a relation with one value at a time, what holds is read after a thousand, two
thousand and four thousand values that were superseded: now and in the middle, by the subject and by the object, by
`facts.find`, and by `facts.search`, which ranks all that ever was and so takes longer the more there is.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from memagent import Memory
from memagent.stores.keys import key
from memagent.triples import Limits
from memagent.types import Triple

RELATIONS = ["lives in", "works for", "knows", "born in", "studied at", "owns", "married to", "member of"]
SCAN = """
    SELECT objects.id FROM facts JOIN items AS subjects ON +subjects.rid = facts.subject
    JOIN items AS relations ON +relations.rid = facts.relation JOIN items AS objects ON objects.rid = facts.object
    WHERE subjects.id || '' = ? AND relations.id || '' = ?"""


INDEXED = """
    SELECT objects.id FROM items AS subjects CROSS JOIN items AS relations CROSS JOIN facts CROSS JOIN items AS objects
    WHERE subjects.kind = 'phrase' AND subjects.user = '' AND subjects.id = ? AND relations.kind = 'relation'
    AND relations.user = '' AND relations.id = ? AND facts.subject = subjects.rid AND facts.relation = relations.rid
    AND objects.rid = facts.object"""


def main() -> None:
    """Fill a memory, measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=100_000)
    parser.add_argument("--embedder", default="hashing")
    parser.add_argument("--reads", type=int, default=300)
    parser.add_argument("--writes", type=int, default=200)
    given = parser.parse_args()
    print("$ python benchmarks/triples.py", *sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given)


def measure(folder: Path, given: argparse.Namespace) -> None:
    """Measure one memory in a folder."""
    chance = random.Random(1)
    people = [f"{a}{n} {b}" for n in range(given.triples // 20) for a, b in [("Ada", "Holm"), ("Bo", "Lind")]]
    places = [f"Place {n}" for n in range(given.triples // 10)]
    kept = [(chance.choice(people), chance.choice(RELATIONS), chance.choice(places)) for _ in range(given.triples)]
    with Memory(folder / "triples.db", embedder=given.embedder, single_user=True) as memory:
        start = time.perf_counter()
        for at in range(0, len(kept), 5000):
            memory.facts.add(kept[at : at + 5000])
        print(f"filled with {len(kept):,} triples in {time.perf_counter() - start:.0f} s ({given.embedder})")
    with Memory(folder / "triples.db", embedder=given.embedder, single_user=True) as memory:
        print(row("first read after opening", [timed(lambda: memory.facts.read((people[0], "knows", None)))]))
        warm = [timed(lambda t=t: memory.facts.read((t[0], t[1], None))) for t in kept[:20]]
        print(f"the slowest of the next {len(warm)} takes {max(warm):.1f} ms: codes of a large index are made then")
        some = [chance.choice(kept) for _ in range(given.reads)]
        near = Limits(0.15, 0.8, 0.5)
        print(row("read <s, r, *>", [timed(lambda t=t: memory.facts.read((t[0], t[1], None))) for t in some]))
        print(row("read <*, r, o>", [timed(lambda t=t: memory.facts.read((None, t[1], t[2]))) for t in some]))
        spelt = [timed(lambda t=t: memory.facts.read(("the " + t[0], t[1], None), limits=near)) for t in some]
        print(row("read, another spelling, editing limits", spelt))
        reads = [timed(lambda t=t: memory.facts.read((t[0], t[1], None))) for t in some[:100]]
        database = sqlite3.connect(folder / "triples.db")
        scans = [timed(lambda t=t: database.execute(SCAN, [key(t[0]), key(t[1])]).fetchall()) for t in some[:5]]
        print(row("plain SQL scan", scans))
        looked = [timed(lambda t=t: database.execute(INDEXED, [key(t[0]), key(t[1])]).fetchall()) for t in some[:100]]
        print(row("plain SQL by the indexes", looked))
        print(f"a read takes {median(reads) / median(looked):.0f} times as long as plain SQL by the indexes")
        print(f"a scan takes {median(scans) / median(reads):.0f} times as long as a read")
        new = [(chance.choice(people), "met in", f"Place {chance.randrange(10**9)}") for _ in range(given.writes)]
        writes = [timed(lambda t=t: memory.facts.add(t)) for t in new]
        print(row("write one triple, durable", writes))
        plain = bare(folder / "bare.db", new)
        print(row("plain SQL INSERT, durable", plain))
        print(f"a write takes {median(writes) / median(plain):.1f} times as long as an INSERT")
        after = []
        for number, (subject, relation, _) in enumerate(some):  # each read follows a write to the very relation
            memory.facts.add((subject, relation, f"Thing {number}"))
            after.append(timed(lambda s=subject, r=relation: memory.facts.read((s, r, None))))
        print(row("read after each write to its relation", after))
        database.close()
    histories(folder / "histories.db", given.embedder)


def histories(path: Path, embedder: str) -> None:
    """Measure a read of a relation with one value at a time that has had many."""
    began = datetime(2000, 1, 1, tzinfo=UTC)
    with Memory(path, embedder=embedder, single_user=True) as memory:
        memory.facts.declare("lives in")
        before: dict[str, float] = {}
        for count in (1000, 2000, 4000):
            name = f"Ida {count}"
            moved = [(f"Place {count}-{n}", began + timedelta(hours=n)) for n in range(count)]
            memory.facts.add([Triple(name, "lives in", place, at=at) for place, at in moved])
            (last, _), (middle, then) = moved[-1], moved[count // 2]
            ways: dict[str, tuple[Callable[[], Any], str]] = {
                "read of one value": (partial(_texts, memory, (name, "lives in", None)), last),
                "the same as of then": (partial(_texts, memory, (name, "lives in", None), then), middle),
                "read of who has it": (partial(_texts, memory, (None, "lives in", last)), name),
                "find": (lambda name=name: memory.facts.find(name, "lives in")[0].object, last),
                "search": (lambda name=name: memory.facts.search(f"{name} lives in", 1)[0].triple[2], last),
            }
            for what, (way, wanted) in ways.items():
                assert way() == wanted, f"{what} finds {way()}"
                times = [timed(way) for _ in range(10)]
                now = median(times)
                grown = f", {now / before[what]:.1f} times as long as after half" if what in before else ""
                print(f"{row(f'{what} after {count:,}', times)}{grown}")
                before[what] = now


def _texts(memory: Memory, query: tuple[str | None, str, str | None], as_of: datetime | None = None) -> str:
    return ", ".join(memory.facts.read(query, as_of=as_of).texts)


def bare(path: Path, new: list[tuple[str, str, str]]) -> list[float]:
    """Write triples to a table of three texts, each in a transaction that is on disk when it returns."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE triples (s TEXT, r TEXT, o TEXT)")
    return [timed(lambda t=t: database.execute("INSERT INTO triples VALUES (?, ?, ?)", t)) for t in new]


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of a call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def row(name: str, times: list[float]) -> str:
    """Return a line with the median and the 95th percentile."""
    last = sorted(times)[int(len(times) * 0.95)]
    return f"{name:<40} median {median(times):8.2f} ms   p95 {last:8.2f} ms   ({len(times)} times)"


if __name__ == "__main__":
    main()
