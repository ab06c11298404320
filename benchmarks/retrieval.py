"""Recall and speed of every way to search, on passages with extracted triples and questions with gold passages.

    python benchmarks/retrieval.py --passages F --questions F --texts F --vectors F [--mode MODE] [--json]
    python benchmarks/retrieval.py --passages F --questions F --offline [--mode MODE] [--json]

MODE is dense, keyword, hybrid, reference, paper or default; without it all of them, in one run. The files are those of
a MuSiQue sample: `passages.jsonl` (id, title, text, triples), `questions.jsonl` (question, supporting;
`reference_hipporag2` where the published code's top 20 is known), and vectors made beforehand: a float16 array and its
texts, one JSON string a line, row for row. Among the texts are the passages (title, newline, text), the questions, and
phrases and facts as the published code of HippoRAG 2 names them.
Every mode has the same vectors. A relation has none among them and gets one from its hash: no mode looks at those.

With --offline no model has had a hand in it: vectors are by hashing, and facts are found by rule.

A query's time is that of the whole search for 5 hits, with their texts and explanations, without the embedding; recall
and `ms at 20` are those of a search for 20.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from memagent.controller import Controller
from memagent.embedders.base import Embedder, Kind, Vectors
from memagent.embedders.hashing import Hashing
from memagent.indexing.facts import find_facts
from memagent.memory import Memory
from memagent.retrievers.graph import Graph
from memagent.retrievers.graph_published import plain
from memagent.retrievers.graph_seeds import Settings
from memagent.stores.derived import of_fact
from memagent.stores.keys import key
from memagent.types import Extraction, Note, Triple

CUTS = (1, 2, 5, 10, 20)
MODES = {
    "dense": "dense",
    "keyword": "keyword",
    "hybrid": "hybrid",
    "reference": "graph:reference",
    "paper": "graph:paper",
    "default": "graph",
}


class Lookup:
    """Vectors that were made beforehand, by text, and by the names that phrases and facts have here."""

    name = "vectors from a file"

    def __init__(self, texts: Path, vectors: Path, passages: Sequence[dict[str, Any]]) -> None:
        rows = _lines(texts)
        self._vectors = np.load(vectors).astype(np.float32)
        self._vectors /= np.maximum(np.linalg.norm(self._vectors, axis=1, keepdims=True), 1e-12)
        self._rows = {text: row for row, text in enumerate(rows)}
        self._relations = set()
        self.dim = self._vectors.shape[1]
        for parts in (parts for one in passages for parts in triples(one)):
            subject, relation, object = map(key, parts)
            names = tuple(map(plain, parts))
            self._relations.add(relation)
            self._name(subject, names[0])
            self._name(object, names[2])
            self._name(of_fact(subject, relation, object).embedded, str(names))

    def _name(self, ours: str, theirs: str) -> None:
        if theirs in self._rows:
            self._rows.setdefault(ours, self._rows[theirs])

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return the stored vectors (len(texts), dim)."""
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self.dim)

    def _vector(self, text: str) -> NDArray[np.float32]:
        if text in self._rows:
            return np.asarray(self._vectors[self._rows[text]])
        if text in self._relations:
            row = np.random.default_rng(crc32(text.encode())).normal(size=self.dim)
            return np.asarray(row / np.linalg.norm(row), dtype=np.float32)
        raise SystemExit(f"no vector for {text[:200]!r}: --texts and --vectors must have all passages, phrases, facts")


def triples(passage: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what can be kept of a passage's triples: three parts, none of them empty; numbers become text."""
    for parts in passage.get("triples") or []:
        if isinstance(parts, list) and len(parts) == 3 and all(key(str(part)) for part in parts):
            yield str(parts[0]), str(parts[1]), str(parts[2])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name in ("passages", "questions", "texts", "vectors"):
        parser.add_argument(f"--{name}", type=Path, required=name in ("passages", "questions"))
    parser.add_argument("--offline", action="store_true", help="no model: hashed vectors, facts by rule")
    parser.add_argument("--mode", choices=MODES, help="one way to search; all of them if not given")
    parser.add_argument("--splits", type=int, default=200, help="halvings of the questions for the held-out estimate")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    for path in filter(None, (options.passages, options.questions, options.texts, options.vectors)):
        if not path.is_file():
            parser.error(f"there is no file {path}")
    passages, questions = _lines(options.passages), _lines(options.questions)
    if not passages or not questions or not all(one.get("supporting") for one in questions):
        parser.error("there must be passages, and questions that each name what is supporting")
    if not options.offline and not (options.texts and options.vectors):
        parser.error("--texts and --vectors are needed, or --offline")
    embedder = Hashing() if options.offline else Lookup(options.texts, options.vectors, passages)
    modes = [options.mode] if options.mode else list(MODES)
    result = measure(passages, questions, embedder, modes, options.splits)
    print(json.dumps(result, indent=2) if options.json else report(result))


def measure(
    passages: list[Any], questions: list[Any], embedder: Embedder, modes: Sequence[str], splits: int
) -> dict[str, Any]:
    """Return the figures of indexing, and of each mode."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Memory(Path(folder, "graph.db"), embedder=embedder, single_user=True) as memory,
    ):
        indexing = index(memory, passages)
        runs = {mode: ask(memory, mode, questions) for mode in modes}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if "default" in runs:
            runs["default"]["held_out"] = held_out(memory, questions, splits)
        addition = add_one(memory, passages) if modes[-1] == "default" else {}
    return {
        "passages": len(passages),
        "questions": len(questions),
        **indexing,
        **addition,
        "modes": runs,
        "peak_mb": peak,
    }


def index(memory: Memory, passages: list[Any]) -> dict[str, Any]:
    """Keep passages and facts, find the synonyms, and make the graph; return how long it took and how large it is."""
    started = time.perf_counter()
    memory.add([Note(one["text"], one["title"], id=str(one["id"])) for one in passages])
    if isinstance(memory.embedder, Hashing):
        find_facts(memory.extractions, Controller("offline"), concurrency=1)
    else:
        memory.facts.add([Triple(*parts, passage=str(one["id"])) for one in passages for parts in triples(one)])
    memory.core.graph.find_synonyms(memory.scope)
    graph = memory.core.graph.arrays(memory.scope)
    return {
        "indexing_s": time.perf_counter() - started,
        "nodes": len(graph.names),
        "facts": len(graph.facts),
        "edges": {kind: len(ends) for kind, (ends, _) in graph.edges.items()},
    }


def ask(memory: Memory, mode: str, questions: list[Any]) -> dict[str, Any]:
    """Return recall with a bootstrap interval, times, and agreement with the published code's rankings."""
    using, wide = MODES[mode], max(CUTS)
    vectors = {one["question"]: memory.embedder.embed([one["question"]], kind="query") for one in questions}
    memory.embedder.embed, embed = (lambda texts, kind="document": vectors[texts[0]]), memory.embedder.embed  # type: ignore
    memory.search(questions[0]["question"], using=using)  # builds what is built on first use
    found, times = [], {5: list[float](), wide: list[float]()}
    for one in questions:
        for k, taken in times.items():
            started = time.perf_counter()
            hits = memory.search(one["question"], k, using=using)
            taken.append(1000 * (time.perf_counter() - started))
        found.append([hit.id for hit in hits])
    memory.embedder.embed = embed  # type: ignore
    recalls = np.array(
        [[_recall(ids[:cut], one["supporting"]) for cut in CUTS] for ids, one in zip(found, questions, strict=True)]
    )
    low, high = _bootstrap(recalls)
    known = [
        (ids, one["reference_hipporag2"])
        for ids, one in zip(found, questions, strict=True)
        if "reference_hipporag2" in one
    ]
    return {
        "recall": dict(zip(map(str, CUTS), recalls.mean(axis=0).tolist(), strict=True)),
        "low": dict(zip(map(str, CUTS), low, strict=True)),
        "high": dict(zip(map(str, CUTS), high, strict=True)),
        "median_ms": statistics.median(times[5]),
        "p95_ms": float(np.percentile(times[5], 95)),
        "median_ms_at_20": statistics.median(times[wide]),
        **(
            {"same_top_20_as_published": sum(ids == [str(one) for one in theirs] for ids, theirs in known)}
            if mode == "reference" and known and isinstance(memory.embedder, Lookup)
            else {}
        ),
    }


def held_out(memory: Memory, questions: list[Any], splits: int) -> dict[str, float]:
    """Return recall when the settings are chosen on one half of the questions and scored on the other; mean of splits.

    The family goes from half to twice the default of what matters most, so that the choice is free to go wrong.
    """
    family = [
        Settings(phrases=phrases, mention=mention, title=title, spread=spread, prior=prior)
        for phrases in (3, 4, 5)
        for mention in (0.25, 0.5, 1.0)
        for title in (1.0, 2.0, 4.0)
        for spread in (0.0, 0.5, 1.0)
        for prior in (0.025, 0.05, 0.1)
    ]
    core = memory.core
    recalls = np.zeros((len(family), len(questions), len(CUTS)))
    for row, settings in enumerate(family):
        core.graph.arrays(memory.scope).memo.clear()
        search = Graph(core.graph, core.triples, memory.store, memory.embedder, settings)
        for column, one in enumerate(questions):
            ids = [hit.id for hit in search.retrieve(one["question"], max(CUTS), memory.scope)]
            recalls[row, column] = [_recall(ids[:cut], one["supporting"]) for cut in CUTS]
    rng, scored = np.random.default_rng(0), []
    for _ in range(splits):
        order = rng.permutation(len(questions))
        chosen_on, other = order[: len(order) // 2], order[len(order) // 2 :]
        best = recalls[:, chosen_on][:, :, [1, 2]].mean(axis=1).sum(axis=1).argmax()
        scored.append(recalls[best, other].mean(axis=0))
    return dict(zip(map(str, CUTS), np.mean(scored, axis=0).tolist(), strict=True))


def add_one(memory: Memory, passages: list[Any]) -> dict[str, float]:
    """Return the milliseconds that one more passage takes, and the first search after it.

    The last twenty passages with triples are taken out and added again one by one, as users add them: passage, then
    extraction, each on disk when it returns, synonyms of what is new, and the graph.
    """
    news = [one for one in passages if list(triples(one))][-20:]
    memory.delete([str(one["id"]) for one in news])
    memory.core.graph.find_synonyms(memory.scope)  # what the deletions cost is not what adding costs
    memory.search(passages[0]["title"] + "\n" + passages[0]["text"], using="graph")
    adding, searching = [], []
    for one in news:
        found = Extraction((), tuple(triples(one)))
        started = time.perf_counter()
        [id] = memory.add(Note(one["text"], one["title"], id=str(one["id"])))
        memory.extractions.keep(memory.get(id), found, by="given")
        memory.core.graph.find_synonyms(memory.scope)
        memory.core.graph.arrays(memory.scope)
        adding.append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        memory.search(one["title"] + "\n" + one["text"], using="graph")
        searching.append(1000 * (time.perf_counter() - started))
    if not adding:
        return {}
    return {
        "add_one_ms": statistics.median(adding),
        "add_one_most_ms": max(adding),
        "search_after_ms": statistics.median(searching),
    }


def _recall(found: Sequence[str], wanted: Sequence[Any]) -> float:
    return len(set(found) & set(map(str, wanted))) / len(wanted)


def _bootstrap(recalls: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """The 95 % interval of the mean (cuts,) over the questions (questions, cuts), by 10,000 resamples."""
    rng = np.random.default_rng(0)
    means = np.array([recalls[rng.integers(0, len(recalls), len(recalls))].mean(axis=0) for _ in range(10_000)])
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return low.tolist(), high.tolist()


def report(result: dict[str, Any]) -> str:
    """Return the figures as a table."""
    edges = ", ".join(f"{count:,} {kind}" for kind, count in result["edges"].items())
    lines = [
        f"{result['passages']:,} passages, {result['questions']} questions; {result['nodes']:,} nodes, {edges} edges",
        f"indexing {result['indexing_s']:.1f} s; at most {result['peak_mb']:.0f} MB resident",
    ]
    if "add_one_ms" in result:
        after = f"the first search after it {result['search_after_ms']:.1f} ms"
        most = f"at most {result['add_one_most_ms']:.1f}"
        lines.append(f"one more passage {result['add_one_ms']:.1f} ms in the median of twenty, {most}; {after}")
    lines.append(
        f"{'recall@':<10}" + "".join(f"{cut:>8}" for cut in CUTS) + "   95 % at 5      median ms  p95 ms  ms at 20"
    )
    for mode, run in result["modes"].items():
        recalls = "".join(f"{run['recall'][str(cut)]:>8.4f}" for cut in CUTS)
        interval = f"{run['low']['5']:.3f} to {run['high']['5']:.3f}"
        times = f"{run['median_ms']:>9.2f}  {run['p95_ms']:>6.2f}  {run['median_ms_at_20']:>8.2f}"
        lines.append(f"{mode:<10}{recalls}   {interval}  {times}")
        if "held_out" in run:
            chosen = "".join(f"{run['held_out'][str(cut)]:>8.4f}" for cut in CUTS)
            lines.append(f"held out  {chosen}   settings chosen on one half of the questions, scored on the other")
        if "same_top_20_as_published" in run:
            lines.append(f"{'':<10}top 20 as the published code has them: {run['same_top_20_as_published']} questions")
    return "\n".join(lines)


def _lines(path: Path) -> list[Any]:
    with path.open(encoding="utf-8") as file:  # not splitlines(), which also ends lines at what JSON may hold
        return [json.loads(line) for line in file if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
