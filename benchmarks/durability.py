"""A storm on one file: many processes of many threads write and search while another is killed over and over.

    python benchmarks/durability.py [--seconds 60] [--processes 8] [--threads 8] [--kill-every 1] [--json]

Every thread adds, edits, forgets and searches, half of them in a scope of their own and half in scopes that all
processes share. Before and after each operation it writes a line to a log of its own. At the end a fresh process reads
the logs and compares: every acknowledged text must be there until its own thread edited or forgot it, an operation
that a kill interrupted may have happened or not, and nothing else may be in the file. Exit code 0 means that nothing
was lost, wrong, refused or found damaged.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shlex
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from memagent import Memory
from memagent.errors import Busy, NotFound

SHARED = 3
BATCH = 3
VICTIMS = 2
SAMPLE = 200
PATIENCE = 120.0
WORDS = [f"{a}{b}" for a in ("bar", "dor", "fen", "gal", "hol", "kem", "lun", "mir") for b in ("an", "et", "is", "ok")]

CLEAN = ("lost", "wrong", "resurfaced", "unexplained", "torn", "missed", "leaked", "stale", "unfindable")
"""What must be zero, beside errors."""


def text_of(user: str, label: str) -> str:
    """Return the text that goes with a label: whose it is, the label, which no other text has, and some words."""
    words = random.Random(label).choices(WORDS, k=16)
    return f"{user}: passage {label} says {' '.join(words)}."


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


class Thread:
    """What one thread does, and its log: a line before each operation and one after it returned."""

    def __init__(self, memory: Memory, folder: Path, name: str, user: str) -> None:
        self._memory = memory.bind(user=user)
        self._user, self._name = user, name
        self._log = os.open(folder / f"{name}.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._random = random.Random(name)
        self._texts: dict[str, str] = {}
        self._forgotten: set[str] = set()
        self._number = 0

    def run(self, stop: Path) -> None:
        """Go on until the file `stop` is there, or whoever started this process is not."""
        parent = os.getppid()
        acts: list[Callable[[], None]] = [self._add, self._add_many, self._search, self._edit, self._forget]
        while not stop.exists() and os.getppid() == parent:
            few = len(self._texts) < BATCH
            self._random.choices(acts, [40, 10, *([0, 0, 0] if few else [20, 18, 12])])[0]()
        os.close(self._log)

    def _add(self) -> None:
        text, label = self._new_text()
        ids = self._logged("add", [], [label], lambda: self._memory.add(text))
        self._texts.update(dict.fromkeys(ids or [], text))

    def _add_many(self) -> None:
        made = [self._new_text() for _ in range(BATCH)]
        ids = self._logged("add", [], [label for _, label in made], lambda: self._memory.add([t for t, _ in made]))
        self._texts.update(zip(ids or [], (text for text, _ in made), strict=False))

    def _edit(self) -> None:
        id = self._random.choice(list(self._texts))
        text, label = self._new_text()
        del self._texts[id]  # an edit that fails leaves it open which text is there: this thread lets go of it then
        if self._logged("edit", [id], [label], lambda: self._memory.edit(id, text) or [id]):
            self._texts[id] = text

    def _forget(self) -> None:
        id = self._random.choice(list(self._texts))
        del self._texts[id]
        if self._logged("forget", [id], [], lambda: [str(self._memory.forget(id))]):
            self._forgotten.add(id)

    def _search(self) -> None:
        id = self._random.choice(list(self._texts))
        self._logged("search", [id], [], lambda: self._judged(id))

    def _judged(self, id: str) -> list[str]:
        """What is wrong with what a search for a text of this thread finds."""
        hits = self._memory.search(self._texts[id], 3)
        found = [] if (id, self._texts[id]) in {(hit.id, hit.text) for hit in hits} else ["missed"]
        found += ["leaked" for hit in hits if not hit.text.startswith(f"{self._user}: ")]
        return found + ["stale" for hit in hits if hit.id in self._forgotten]

    def _new_text(self) -> tuple[str, str]:
        self._number += 1
        label = f"{self._name}n{self._number}"
        return text_of(self._user, label), label

    def _logged(self, act: str, ids: list[str], labels: list[str], call: Callable[[], list[str]]) -> list[str] | None:
        self._write("begin", act, self._user, ids, labels, [digest(text_of(self._user, one)) for one in labels])
        started = time.perf_counter()
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and shown at the end
            kind = "locked" if isinstance(error, Busy) or "locked" in str(error) else "error"
            self._write(kind, f"{act}: {type(error).__name__}: {error}"[:300])
            return None
        self._write("done", result, round(1000 * (time.perf_counter() - started), 3))
        return result

    def _write(self, *parts: object) -> None:
        os.write(self._log, (json.dumps(parts) + "\n").encode())


def work(folder: Path, name: str, threads: int) -> None:
    """Run the threads of one process until told to stop."""
    with Memory(folder / "storm.db", embedder="hashing") as memory:
        users = [f"{name}t{n}" if n % 2 else f"shared{n // 2 % SHARED}" for n in range(threads)]
        workers = [Thread(memory, folder, f"{name}t{n}", user) for n, user in enumerate(users)]
        running = [threading.Thread(target=worker.run, args=(folder / "stop",)) for worker in workers]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()


def storm(folder: Path, *, processes: int, threads: int, seconds: float, kill_every: float) -> dict[str, Any]:
    """Run a storm in an empty folder, check the file in a fresh process and return what was found."""
    started = [_start(folder, f"main{number}", threads) for number in range(processes)]
    victims = [_start(folder, f"victim{number}", threads) for number in range(VICTIMS)]
    kills = 0
    _wait(lambda: all(_begun(folder, f"main{number}t") for number in range(processes)))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(kill_every * random.uniform(0.8, 1.2), max(0.0, end - time.monotonic())))
        if time.monotonic() < end and (_begun(folder, f"victim{kills}t") or victims[kills].poll() is not None):
            _kill(victims[kills])
            kills += 1
            victims.append(_start(folder, f"victim{kills + VICTIMS - 1}", threads))
    for victim in victims[kills:]:
        _kill(victim)
    (folder / "stop").touch()
    hung = sum(map(_hangs, started))
    given = {"processes": processes, "threads": threads, "seconds": seconds, "kill_every": kill_every, "kills": kills}
    checked = subprocess.run([*_command(folder), "check", "0"], capture_output=True, text=True, check=False)
    if checked.returncode:
        raise SystemExit(f"the check itself failed:\n{checked.stderr[-3000:]}")
    result = given | {"crashed": hung} | json.loads(checked.stdout)
    for path in folder.glob("*.err"):
        if errors := path.read_text(encoding="utf-8").strip():
            result["crashed"] += 1
            result["messages"][f"{path.stem}: {errors.splitlines()[-1]}"] = 1
    return result | {"clean": _is_clean(result)}


def check(folder: Path) -> dict[str, Any]:
    """Replay the logs against the file, as a process that has not had it open before."""
    logs = _Logs(folder)
    with Memory(folder / "storm.db", embedder="hashing") as memory:
        found = _compare(memory, logs)
        _look_for_rows(memory, logs, found)
        _search_again(memory, logs, found)
        examine = getattr(memory, "doctor", None)
        findings = None if examine is None else [str(finding) for finding in examine()]
    raw = sqlite3.connect(folder / "storm.db")
    integrity = [row[0] for row in raw.execute("PRAGMA integrity_check")]
    raw.close()
    counts = {name: found[name] + logs.counts[name] for name in CLEAN}
    acts = {"adds": "add", "edits": "edit", "forgets": "forget", "searches": "search"}
    done = {f"acknowledged_{name}": logs.counts[act] for name, act in acts.items()}
    state = {"integrity": integrity, "doctor": findings, "rows": found["rows"]}
    errors = {"locked": logs.counts["locked"], "errors": sum(logs.errors.values()), "messages": dict(logs.errors)}
    return done | {"in_flight": logs.counts["in flight"]} | counts | errors | state | logs.timing()


class _Logs:
    """What the logs say: for each passage the digests that it may have now, where None is that it is gone."""

    def __init__(self, folder: Path) -> None:
        self.allowed: dict[tuple[str, str], set[str | None]] = {}
        self.labels: dict[tuple[str, str], str] = {}
        self.open: list[tuple[str, list[str]]] = []
        self.users: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self._waits: list[float] = []
        self._writes: Counter[str] = Counter()
        for path in sorted(folder.glob("*.log")):
            self._read(path)

    def _read(self, path: Path) -> None:
        begun: list[Any] | None = None
        for line in _lines(path):
            if line[0] == "begin":
                begun = line
            elif begun is not None:
                self._done(path.stem, begun, line)
                begun = None
        if begun is not None:
            self.counts["in flight"] += begun[1] != "search"
            self._uncertain(begun)

    def _done(self, name: str, begun: list[Any], line: list[Any]) -> None:
        _, act, user, ids, labels, digests = begun
        self.users.add(user)
        if line[0] != "done":
            self.counts["locked"] += line[0] == "locked"
            self.errors[line[1]] += line[0] == "error"
            self._uncertain(begun)
            return
        self.counts[act] += len(line[1]) if act == "add" else 1
        if act == "search":
            self.counts.update(line[1])
            return
        self._waits.append(line[2])
        if name.startswith("main"):
            self._writes[name.split("t")[0]] += 1
        if act == "add" and len(line[1]) != len(digests):
            self.counts["wrong"] += 1
        for id, label, mark in zip(ids or line[1], labels or [""], digests or [None], strict=False):
            self.allowed[user, id] = {mark}
            self.labels[user, id] = label or self.labels[user, id]

    def _uncertain(self, begun: list[Any]) -> None:
        """It may have happened or not."""
        _, act, user, ids, _, digests = begun
        self.users.add(user)
        if act == "add":
            self.open.append((user, digests))
        elif act != "search":
            self.allowed[user, ids[0]] |= set(digests or [None])

    def timing(self) -> dict[str, Any]:
        """How long an acknowledged write took, and how evenly the processes came to write."""
        waits = sorted(self._waits) or [0.0]
        last, shares = len(waits) - 1, list(self._writes.values()) or [0]
        figures = {f"write_p{p}_ms": waits[int(last * p / 100)] for p in (50, 95, 99)}
        return figures | {"write_max_ms": waits[-1], "writes_a_process": [min(shares), max(shares)]}


def _compare(memory: Memory, logs: _Logs) -> Counter[str]:
    found: Counter[str] = Counter()
    for (user, id), allowed in logs.allowed.items():
        try:
            there = digest(memory.bind(user=user).get(id).text)
        except NotFound:
            there = None
        if there not in allowed:
            found["resurfaced" if allowed == {None} else "lost" if there is None else "wrong"] += 1
    return found


def _look_for_rows(memory: Memory, logs: _Logs, found: Counter[str]) -> None:
    """Every row must come from an operation in the logs, and a batch must be there whole or not at all."""
    extra: dict[str, set[str]] = defaultdict(set)
    for user in logs.users:
        for passage in memory.bind(user=user).passages():
            found["rows"] += 1
            if (user, passage.id) not in logs.allowed:
                extra[user].add(digest(passage.text))
    for user, digests in logs.open:
        found["torn"] += 0 < len(extra[user] & set(digests)) < len(digests)
        extra[user] -= set(digests)
    found["unexplained"] += sum(map(len, extra.values()))


def _search_again(memory: Memory, logs: _Logs, found: Counter[str]) -> None:
    """Some of what is there must be found by searching, and some of what was forgotten must not."""
    certain = [(key, next(iter(allowed))) for key, allowed in logs.allowed.items() if len(allowed) == 1]
    gone, kept = [key for key, mark in certain if mark is None], [key for key, mark in certain if mark]
    for keys, name, wanted in ((gone, "resurfaced", False), (kept, "unfindable", True)):
        for user, id in random.Random(0).sample(keys, min(SAMPLE, len(keys))):
            hits = memory.bind(user=user).search(text_of(user, logs.labels[user, id]), 3)
            found[name] += (id in {hit.id for hit in hits}) != wanted


def _lines(path: Path) -> Iterator[list[Any]]:
    """The lines of a log; a kill may have cut the last one."""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def _command(folder: Path) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve()), "--step", str(folder)]


def _start(folder: Path, name: str, threads: int) -> subprocess.Popen[str]:
    command = [*_command(folder), name, str(threads)]
    with open(folder / f"{name}.err", "w") as errors:
        return subprocess.Popen(command, stdout=errors, stderr=errors, text=True)


def _begun(folder: Path, name: str) -> bool:
    return any('"done"' in path.read_text() for path in folder.glob(f"{name}*.log"))


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def _hangs(process: subprocess.Popen[str]) -> bool:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        _kill(process)
        return True
    return False


def _wait(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not ready() and time.monotonic() < end:
        time.sleep(0.05)


def _is_clean(result: dict[str, Any]) -> bool:
    none_wrong = not any(result[name] for name in (*CLEAN, "locked", "errors", "crashed", "doctor"))
    return none_wrong and result["integrity"] == ["ok"] and result["acknowledged_adds"] > 0


REPORT = """\
{processes} processes of {threads} threads on one file for {seconds:g} s, one more killed {kills} times
acknowledged    {acknowledged_adds:,} adds, {acknowledged_edits:,} edits, {acknowledged_forgets:,} forgets, \
{acknowledged_searches:,} searches; {in_flight} writes cut by a kill
in the file     {rows:,} rows: {lost} lost, {wrong} wrong, {resurfaced} forgotten and still found, \
{unexplained} of nobody, {torn} torn batches, {unfindable} not findable
while it ran    {missed} searches missed, {leaked} saw another user's, {stale} saw what was forgotten
errors          {locked} locked, {errors} others, {crashed} processes crashed
checks          integrity {integrity}, doctor {doctor}
a write         median {write_p50_ms:.1f} ms, p95 {write_p95_ms:.1f}, p99 {write_p99_ms:.1f}, most {write_max_ms:.0f}
fairness        {writes_a_process[0]:,} to {writes_a_process[1]:,} writes a process"""


def _report(result: dict[str, Any]) -> str:
    doctor = "not there" if result["doctor"] is None else "; ".join(result["doctor"][:5]) or "clean"
    shown = result | {"doctor": doctor, "integrity": "; ".join(result["integrity"][:5])}
    errors = [f"  {count} x {message}" for message, count in result["messages"].items()]
    return "\n".join([REPORT.format(**shown), *errors])


def main() -> int:
    """Run, check and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=8, help="threads of a process")
    parser.add_argument("--kill-every", type=float, default=1, metavar="SECONDS")
    parser.add_argument("--folder", type=Path, help="where the file is made and left; default: a temporary one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--step", nargs=3, metavar=("FOLDER", "NAME", "THREADS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        folder, name, threads = options.step
        print(json.dumps(check(Path(folder)))) if name == "check" else work(Path(folder), name, int(threads))
        return 0
    with tempfile.TemporaryDirectory() as place:
        folder = options.folder or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        counts = {"processes": options.processes, "threads": options.threads}
        result = storm(folder, seconds=options.seconds, kill_every=options.kill_every, **counts)
    command = shlex.join(["python", *sys.argv])
    print(json.dumps({"command": command} | result) if options.json else f"$ {command}\n{_report(result)}")
    return 0 if result["clean"] else 1


if __name__ == "__main__":
    sys.exit(main())
