"""memagent beside mem0: writes, losses, searches, deletes, opening and memory, on one machine in one run.

    python benchmarks/against_mem0.py [--mem0-python PATH] [--rows 100000] [--json FILE]

Both sides get the same texts, the same stub embedder (384 numbers from the words of a text, nothing downloaded) and
k = 5; nothing may reach the network. mem0 keeps its defaults: embedded Qdrant and SQLite history on disk; telemetry
off, `infer=False` so that no model is needed. Every step is a process of its own in a fresh folder. Without mem0 in the
interpreter that `--mem0-python` names, this side is measured alone.

A plain `pip install mem0ai` searches by vector only: its keyword scores need fastembed and its entity scores need spaCy
(`pip install "mem0ai[extras,nlp]"`), and both come on top of what is timed here. The default search of memagent is by
words and vectors; `dense` is the one that does the same work as mem0's.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import os
import random
import resource
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

DIM = 384
K = 5
WORDS = 5000
LENGTH = 20
USER = "ada"
SOURCE = "benchmark"
SMALL = 2000
SINGLE = 200
QUERIES = 200
INSTALL = 'pip install "mem0ai==2.2.1"'


def vector(text: str) -> list[float]:
    """Return a unit vector: every word adds 1 or takes 1 away at two places that its checksum chooses."""
    sums = [0.0] * DIM
    for word in text.lower().split():
        code = zlib.crc32(word.encode())
        sums[code % DIM] += 1.0 if code & 1 << 20 else -1.0
        sums[(code >> 9) % DIM] += 1.0 if code & 1 << 21 else -1.0
    length = math.sqrt(sum(x * x for x in sums)) or 1.0
    return [x / length for x in sums]


def texts(count: int, *, seed: int = 0) -> list[str]:
    """Return so many different texts of 20 words, common words more often than rare ones."""
    source = random.Random(seed)
    words = [f"w{number:04x}" for number in range(WORDS)]
    weights = [1 / (rank + 10) for rank in range(WORDS)]
    return [f"n{seed}x{n} " + " ".join(source.choices(words, weights, k=LENGTH - 1)) for n in range(count)]


def queries(count: int) -> list[str]:
    """Return questions of six words each, all from one of the texts that were loaded."""
    source = random.Random(1)
    return [" ".join(source.sample(text.split()[1:], 6)) for text in texts(count)]


class Side(Protocol):
    """What is done with each library, in its own words."""

    packages: tuple[str, ...]
    kinds: tuple[str, ...]

    def open(self, folder: Path) -> None: ...  # noqa: D102
    def add(self, text: str) -> str: ...  # noqa: D102
    async def add_at_once(self, folder: Path, many: Sequence[str]) -> list[str | BaseException]: ...  # noqa: D102
    def load(self, many: Sequence[str]) -> None: ...  # noqa: D102
    def search(self, query: str, kind: str) -> list[str]: ...  # noqa: D102
    def missing(self, ids: Sequence[str]) -> int: ...  # noqa: D102
    def count(self) -> int: ...  # noqa: D102
    def delete_all(self) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Stub:
    """The embedder that memagent gets."""

    name, dim = "stub", DIM

    def embed(self, many: Sequence[str], kind: str = "document") -> Any:
        """Return the vectors (len(many), dim)."""
        import numpy as np

        return np.array([vector(text) for text in many], dtype=np.float32).reshape(len(many), DIM)


class Memagent:
    """memagent, one file."""

    packages: tuple[str, ...] = ("memagent", "faiss-cpu")
    kinds: tuple[str, ...] = ("default", "dense")

    def __init__(self) -> None:
        from memagent import Memory, Note
        from memagent.errors import NotFound

        self._memory, self._note, self._not_found = Memory, Note, NotFound

    def open(self, folder: Path) -> None:
        """Open the file; a handle for the user."""
        self._owner = self._memory(folder / "notes.db", embedder=Stub())
        self._user = self._owner.bind(user=USER)

    def add(self, text: str) -> str:
        """One `add` of one text."""
        return str(self._user.add(self._note(text, source=SOURCE))[0])

    async def add_at_once(self, folder: Path, many: Sequence[str]) -> list[str | BaseException]:
        """All `aadd` calls at once; by `asyncio.to_thread` where the memory has none."""
        self.open(folder)
        add = getattr(self._user, "aadd", None) or (lambda text: asyncio.to_thread(self._user.add, text))
        found = await asyncio.gather(*[add(text) for text in many], return_exceptions=True)
        return [one if isinstance(one, BaseException) else str(one[0]) for one in found]

    def load(self, many: Sequence[str]) -> None:
        """One `add` of the list."""
        self._user.add([self._note(text, source=SOURCE) for text in many])

    def search(self, query: str, kind: str) -> list[str]:
        """Words and vectors by default."""
        hits = self._user.search(query, K) if kind == "default" else self._user.search(query, K, using=kind)
        return [hit.text for hit in hits]

    def missing(self, ids: Sequence[str]) -> int:
        """How many of the ids are not there."""
        return sum(not self._there(id) for id in ids)

    def _there(self, id: str) -> bool:
        try:
            return bool(self._user.get(id).text)
        except self._not_found:
            return False

    def count(self) -> int:
        """All rows of the user."""
        return int(self._user.count())

    def delete_all(self) -> None:
        """All that came from the one source."""
        self._user.delete(source=SOURCE)

    def close(self) -> None:
        """Close the file."""
        self._owner.close()


class Mem0:
    """mem0 with its defaults, in a folder."""

    packages: tuple[str, ...] = ("mem0ai", "qdrant-client")
    kinds: tuple[str, ...] = ("default",)

    def __init__(self) -> None:
        import mem0
        from mem0.embeddings.base import EmbeddingBase
        from mem0.utils.factory import EmbedderFactory

        class Embedding(EmbeddingBase):
            def embed(self, text: str, memory_action: str | None = None) -> list[float]:
                return vector(text)

        self.stub = Embedding
        globals()["Mem0Embedding"] = Embedding
        EmbedderFactory.provider_to_class["langchain"] = f"{__name__}.Mem0Embedding"
        self._sync, self._async = mem0.Memory, mem0.AsyncMemory

    def _config(self, folder: Path) -> dict[str, Any]:
        place = {"path": str(folder / "qdrant"), "embedding_model_dims": DIM}
        return {
            "vector_store": {"provider": "qdrant", "config": place},
            "embedder": {"provider": "langchain", "config": {"embedding_dims": DIM}},
            "history_db_path": str(folder / "history.db"),
        }

    def open(self, folder: Path) -> None:
        """The synchronous memory."""
        self._memory = self._sync.from_config(self._config(folder))

    def add(self, text: str) -> str:
        """One `add` of one text, kept as it is."""
        return str(self._memory.add(text, user_id=USER, infer=False)["results"][0]["id"])

    async def add_at_once(self, folder: Path, many: Sequence[str]) -> list[str | BaseException]:
        """All `AsyncMemory.add` calls at once."""
        self._memory = made = self._async.from_config(self._config(folder))
        memory = await made if asyncio.iscoroutine(made) else made
        adding = [memory.add(text, user_id=USER, infer=False) for text in many]
        found = await asyncio.gather(*adding, return_exceptions=True)
        return [one if isinstance(one, BaseException) else str(one["results"][0]["id"]) for one in found]

    def load(self, many: Sequence[str]) -> None:
        """`vector_store.insert`, a thousand at a time, with the payload that `add` writes; leaves the history out."""
        from mem0.utils.lemmatization import lemmatize_for_bm25

        at = "2026-01-01T00:00:00+00:00"
        common = {"user_id": USER, "role": "user", "created_at": at, "updated_at": at}
        for start in range(0, len(many), 1000):
            some = many[start : start + 1000]
            payloads = [
                {**common, "data": text, "hash": str(zlib.crc32(text.encode())), "text_lemmatized": lemma}
                for text, lemma in zip(some, map(lemmatize_for_bm25, some), strict=True)
            ]
            ids = [str(uuid.uuid4()) for _ in some]
            self._memory.vector_store.insert([vector(text) for text in some], payloads, ids)

    def search(self, query: str, kind: str) -> list[str]:
        """Default threshold, no reranker."""
        found = self._memory.search(query, top_k=K, filters={"user_id": USER})["results"]
        return [one["memory"] for one in found]

    def missing(self, ids: Sequence[str]) -> int:
        """How many of the ids are not there."""
        return sum(self._memory.get(id) is None for id in ids)

    def count(self) -> int:
        """All rows of the user."""
        return len(self._memory.get_all(filters={"user_id": USER}, top_k=1_000_000)["results"])

    def delete_all(self) -> None:
        """Everything of the user."""
        self._memory.delete_all(user_id=USER)

    def close(self) -> None:
        """Close the store and the history."""
        self._memory.vector_store.client.close()
        self._memory.close()


def storm(side: Side, folder: Path, rows: int) -> dict[str, Any]:
    """So many adds at once; what was acknowledged, and what was raised."""
    many = texts(rows)
    started = time.perf_counter()
    found = asyncio.run(side.add_at_once(folder, many))
    wall = time.perf_counter() - started
    errors = Counter(f"{type(one).__name__}: {str(one)[:60]}" for one in found if isinstance(one, BaseException))
    return {"ids": [one for one in found if isinstance(one, str)], "errors": dict(errors), "wall_s": wall}


def survivors(side: Side, folder: Path, rows: int) -> dict[str, Any]:
    """How many acknowledged adds another process finds."""
    side.open(folder)
    ids = json.loads(sys.stdin.read())
    return {"missing": side.missing(ids), "rows": side.count()}


def single(side: Side, folder: Path, rows: int) -> dict[str, Any]:
    """Adds one after the other."""
    side.open(folder)
    times = _times(side.add, texts(rows + 5), skip=5)
    return {"median_ms": statistics.median(times), "p95_ms": _p95(times)}


def load(side: Side, folder: Path, rows: int) -> dict[str, Any]:
    """Many rows by the fastest way that the library has."""
    side.open(folder)
    many = texts(rows)
    started = time.perf_counter()
    side.load(many)
    wall = time.perf_counter() - started
    return {"wall_s": wall, "ms_a_row": 1000 * wall / rows, "peak_mb": _peak_mb()}


def search(side: Side, folder: Path, rows: int) -> dict[str, Any]:
    """A fresh process opens the store and searches it: constructor, first search, the others, resident memory."""
    before = _resident_mb()
    started = time.perf_counter()
    side.open(folder)
    opened = time.perf_counter()
    side.search(queries(1)[0], "default")
    first = time.perf_counter()
    result: dict[str, Any] = {"open_s": opened - started, "first_search_s": first - opened, "imported_mb": before}
    for kind in side.kinds:
        found = [side.search(query, kind) for query in queries(3)]
        times = _times(lambda query, kind=kind: side.search(query, kind), queries(QUERIES))
        result[kind] = {"median_ms": statistics.median(times), "p95_ms": _p95(times), "hits": sum(map(len, found)) / 3}
    gc.collect()
    return result | {"steady_mb": _resident_mb(), "peak_mb": _peak_mb(), "rows": rows}


def delete(side: Side, folder: Path, rows: int) -> dict[str, Any]:
    """Delete all there is."""
    side.open(folder)
    side.load(texts(rows))
    started = time.perf_counter()
    side.delete_all()
    wall = time.perf_counter() - started
    return {"wall_s": wall, "left": side.count()}


TASKS: dict[str, Callable[[Side, Path, int], dict[str, Any]]] = {
    "storm": storm,
    "survivors": survivors,
    "single": single,
    "load": load,
    "search": search,
    "delete": delete,
}


def measure(python: str, name: str, place: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return all figures of one side; each step is a process."""

    def step(task: str, folder: str, rows: int, given: object = None) -> dict[str, Any]:
        return _process(python, name, task, place / name / folder, rows, given)

    storms = []
    for number in range(options.storms):
        one = step("storm", f"storm{number}", options.adds)
        ids = one.pop("ids")
        storms.append({**one, "acknowledged": len(ids), **step("survivors", f"storm{number}", options.adds, ids)})
    result: dict[str, Any] = {"storms": storms, "single": step("single", "single", SINGLE)}
    for rows in sorted({min(SMALL, options.rows), options.rows}):
        loading = step("load", str(rows), rows)
        result[str(rows)] = {"load": loading, **step("search", str(rows), rows)}
    return result | {"delete": step("delete", "delete", min(SMALL, options.rows))}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mem0-python", default=sys.executable, help=f"an interpreter with mem0 ({INSTALL})")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the large store")
    parser.add_argument("--adds", type=int, default=500, help="concurrent adds")
    parser.add_argument("--storms", type=int, default=3, help="how often the concurrent adds are repeated")
    parser.add_argument("--folder", type=Path, help="where the stores are made; default: the temporary folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all figures in this file")
    parser.add_argument("--step", nargs=4, metavar=("SIDE", "TASK", "FOLDER", "ROWS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(_step(*options.step)))
        return
    sides = {"memagent": sys.executable}
    if subprocess.run([options.mem0_python, "-c", "import mem0"], capture_output=True, env=_environment()).returncode:
        print(f"no mem0 in {options.mem0_python}; this side alone. To compare: {INSTALL}", file=sys.stderr)
    else:
        sides["mem0"] = options.mem0_python
    result: dict[str, Any] = {"command": shlex.join(["python", *sys.argv]), "rows": options.rows, "adds": options.adds}
    result["stub_ms"] = statistics.median(_times(vector, texts(500)))
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        for name, python in sides.items():
            versions = _process(python, name, "versions", Path(place, name, "versions"), 0)
            result[name] = {"versions": versions, **measure(python, name, Path(place), options)}
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(_report(result))


def _process(python: str, side: str, task: str, folder: Path, rows: int, given: object = None) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{side}: {task}, {rows:,} rows ...", file=sys.stderr)
    command = [python, __file__, "--step", side, task, str(folder), str(rows)]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, env=_environment(folder), check=False
    )
    if done.returncode:
        sys.exit(f"{shlex.join(command)} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _environment(folder: Path | None = None) -> dict[str, str]:
    """No telemetry, no key that anybody would take, and a home of its own."""
    home = str(folder or tempfile.gettempdir())
    alone = {"MEM0_TELEMETRY": "False", "MEM0_DIR": f"{home}/.mem0", "OPENAI_API_KEY": "none", "HOME": home}
    return {**os.environ, **alone}


def _step(name: str, task: str, folder: str, rows: str) -> dict[str, Any]:
    refused: list[str] = []

    def refuse(_: socket.socket, address: object) -> None:
        refused.append(str(address))
        raise OSError(f"no network here: {address}")

    socket.socket.connect = refuse  # type: ignore[method-assign, assignment]
    side: Side = Memagent() if name == "memagent" else Mem0()
    if task == "versions":
        return {"python": sys.version.split()[0], **{package: version(package) for package in side.packages}}
    result = TASKS[task](side, Path(folder), int(rows))
    side.close()
    if refused:
        raise SystemExit(f"{name} tried to reach {refused[0]}")
    return result


def _times(call: Callable[[str], object], given: Sequence[str], skip: int = 0) -> list[float]:
    times = []
    for text in given:
        started = time.perf_counter()
        call(text)
        times.append(1000 * (time.perf_counter() - started))
    return times[skip:]


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * len(times))]


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _resident_mb() -> float:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return math.nan
    return int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6


def _report(result: dict[str, Any]) -> str:
    both = [name for name in ("memagent", "mem0") if name in result]
    lines = [f"$ {result['command']}"]
    for name in both:
        lines.append(f"{name:<9} " + ", ".join(f"{key} {value}" for key, value in result[name]["versions"].items()))
    lines.append(f"{os.cpu_count()} cores; stub embedder {DIM} numbers, {result['stub_ms']:.2f} ms a text; k = {K}\n")
    lines.append(" " * 44 + "".join(f"{name:>12}" for name in both) + ("   mem0 / memagent" if "mem0" in both else ""))
    for label, form, read, ratio in _rows(result):
        values = [read(result[name]) for name in both]
        cells = "".join(f"{'-' if value is None else format(value, form):>12}" for value in values)
        known = ratio and len(values) == 2 and all(values)
        lines.append(f"{label:<44}{cells}" + (f"{values[1] / values[0]:>18.1f}" if known else ""))
    for name in both:
        errors = sum((Counter(one["errors"]) for one in result[name]["storms"]), Counter())
        lines += [f"  {name}, {count} x {error}" for error, count in errors.most_common(8)]
    if "mem0" in both:
        lines.append("\nmem0 loads by vector_store.insert, 1,000 a call, without history rows; its add() is above.")
        lines.append("mem0 searches by vector only unless fastembed and spaCy are there; `dense` does the same work.")
    return "\n".join(lines)


def _rows(result: dict[str, Any]) -> list[tuple[str, str, Callable[[dict[str, Any]], Any], bool]]:
    def storms(key: str) -> Callable[[dict[str, Any]], Any]:
        return lambda side: sum(one[key] for one in side["storms"])

    def errors(side: dict[str, Any]) -> int:
        return sum(sum(one["errors"].values()) for one in side["storms"])

    def path(*keys: str, scale: float = 1.0) -> Callable[[dict[str, Any]], Any]:
        def read(side: dict[str, Any]) -> Any:
            for key in keys:
                side = side.get(key)  # type: ignore[assignment]
                if side is None:
                    return None
            return side * scale  # type: ignore[operator]

        return read

    times = len(result["memagent"]["storms"])
    small, large = min(SMALL, result["rows"]), result["rows"]
    rows: list[tuple[str, str, Callable[[dict[str, Any]], Any], bool]] = [
        (f"{result['adds']} adds at once, {times} times: acknowledged", ",d", storms("acknowledged"), False),
        ("  errors raised", ",d", errors, False),
        ("  acknowledged, then missing", ",d", storms("missing"), False),
        ("  seconds a time", ".2f", lambda side: statistics.median(one["wall_s"] for one in side["storms"]), True),
        ("one add, median ms", ".2f", path("single", "median_ms"), True),
        ("one add, p95 ms", ".2f", path("single", "p95_ms"), True),
        (f"delete all of {small:,}, seconds", ".3f", path("delete", "wall_s"), True),
        ("  left over", ",.0f", path("delete", "left"), False),
    ]
    for size in sorted({small, large}):
        key = str(size)
        rows += [
            (f"{size:,} rows: loading, ms a row", ",.2f", path(key, "load", "ms_a_row"), True),
            ("  constructor, ms", ",.1f", path(key, "open_s", scale=1000), True),
            ("  first search, ms", ",.1f", path(key, "first_search_s", scale=1000), True),
            ("  both: open to first answer, ms", ",.1f", lambda side, key=key: _opened_ms(side.get(key)), True),
            ("  search, median ms", ",.2f", path(key, "default", "median_ms"), True),
            ("  search, p95 ms", ",.2f", path(key, "default", "p95_ms"), True),
            ("  dense, median ms", ",.2f", lambda side, key=key: _dense(side[key], "median_ms"), True),
            ("  dense, p95 ms", ",.2f", lambda side, key=key: _dense(side[key], "p95_ms"), True),
            ("  resident after imports, MB", ",.0f", path(key, "imported_mb"), True),
            ("  resident when searching, MB", ",.0f", path(key, "steady_mb"), True),
            ("  resident at most, MB", ",.0f", path(key, "peak_mb"), True),
        ]
    return rows


def _opened_ms(figures: dict[str, Any] | None) -> float | None:
    """From nothing to the first answer, in milliseconds."""
    return None if figures is None else (figures["open_s"] + figures["first_search_s"]) * 1000


def _dense(figures: dict[str, Any], key: str) -> float:
    return float(figures.get("dense", figures["default"])[key])


if __name__ == "__main__":
    main()
