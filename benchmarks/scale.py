"""A memory of 100,000 passages: opening, searching and adding, beside a plain numpy scan and a bare FAISS index.

    python benchmarks/scale.py [--passages 100000] [--data DIR] [--json]

Through the public interface, with the default embedder, on one file. Without --data the texts are made of invented
words in the frequencies of natural ones (Zipf); with it, of the sentences of `passages.jsonl` mixed anew, and the
queries are those of `questions.jsonl`. A query is embedded outside the clock for the two scans, and within it for the
memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from memagent import Memory

QUERIES = 100
BATCH = 2000


def invented(count: int, chance: random.Random) -> tuple[list[str], list[str]]:
    parts = [f"{a}{b}" for a in "b d f g k l m n p r s t v z".split() for b in "a e i o u".split()]
    words = ["".join(chance.choices(parts, k=chance.randint(1, 4))) for _ in range(30_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    texts = [" ".join(chance.choices(words, weights, k=90)) for _ in range(count)]
    return texts, [" ".join(chance.choices(words, weights, k=10)) for _ in range(QUERIES)]


def mixed(folder: Path, count: int, chance: random.Random) -> tuple[list[str], list[str]]:
    passages = [json.loads(line) for line in (folder / "passages.jsonl").read_text("utf-8").splitlines()]
    sentences = [part for one in passages for part in re.split(r"(?<=[.!?])\s+", one["text"]) if len(part) > 20]
    questions = [json.loads(line)["question"] for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    return [" ".join(chance.sample(sentences, 4)) for _ in range(count)], (questions * QUERIES)[:QUERIES]


def timed(act: Callable[[Any], Any], values: Sequence[Any]) -> dict[str, float]:
    spent = []
    for value in values:
        start = time.perf_counter()
        act(value)
        spent.append((time.perf_counter() - start) * 1000)
    return {"median": statistics.median(spent), "p95": float(np.percentile(spent, 95))}


def measured(path: Path, texts: list[str], queries: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    start = time.perf_counter()
    with Memory(path) as memory:
        alice = memory.bind(user="alice")
        for first in range(0, len(texts), BATCH):
            alice.add(texts[first : first + BATCH])
    result["load_s"] = time.perf_counter() - start
    start = time.perf_counter()
    memory = Memory(path)
    alice = memory.bind(user="alice")
    result["open_ms"] = (time.perf_counter() - start) * 1000
    start = time.perf_counter()
    alice.search(queries[0])
    result["first_search_s"] = time.perf_counter() - start
    result["embed"] = timed(lambda query: alice.embedder.embed([query], "query"), queries)
    for using in ("hybrid", "keyword", "dense"):
        result[using] = timed(lambda query, using=using: alice.search(query, using=using), queries)
    result["add"] = timed(alice.add, [f"A note of its own, number {number}." for number in range(50)])
    result["search_after_add"] = timed(
        lambda query: alice.search(query), [query for query in queries[:20] if alice.add(f"{query} Noted.")]
    )
    result["resident_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 if sys.platform == "darwin" else 1024
    )
    result["file_mb"] = path.stat().st_size / 1e6
    result.update(scans(alice, queries))
    memory.close()
    return result


def scans(alice: Memory, queries: list[str]) -> dict[str, Any]:
    """The same search without a memory round it: numpy, and FAISS on one thread; and how much of theirs ours finds."""
    import faiss

    rows = alice.core.file().read("SELECT items.id, vector FROM vectors JOIN items USING (rid) ORDER BY rid")
    vectors = np.frombuffer(b"".join(row["vector"] for row in rows), dtype="<f4").reshape(len(rows), -1)
    asked = alice.embedder.embed(queries, "query")
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    bare = timed(lambda query: flat.search(query[None], 50), asked)
    faiss.omp_set_num_threads(before)
    plain = timed(lambda query: np.argpartition(-(vectors @ query), 50)[:50], asked)
    found = [np.mean(recalled(alice, vectors @ query, text)) for text, query in zip(queries, asked, strict=True)]
    return {"faiss_flat": bare, "numpy_scan": plain, "recall_at_10": float(np.mean(found)), "dim": vectors.shape[1]}


def recalled(alice: Memory, scores: np.ndarray, query: str) -> list[bool]:
    """Which of our ten best are as good as the tenth of all: ties count as found."""
    tenth = np.partition(scores, -10)[-10] - 1e-5
    return [hit.score >= tenth for hit in alice.search(query, 10, using="dense")]


def show(result: dict[str, Any]) -> None:
    print(f"{result['passages']:,} passages, {result['dim']} dimensions, {result['file_mb']:.0f} MB on disk")
    print(f"loading             {result['passages'] / result['load_s']:8,.0f} a second")
    print(f"open                {result['open_ms']:8.1f} ms")
    print(f"first search        {result['first_search_s']:8.1f} s   (reads all there is into memory)")
    for name, title in (
        ("hybrid", "hybrid search"),
        ("keyword", "keyword search"),
        ("dense", "dense search"),
        ("embed", "of these, embedding"),
        ("add", "one durable add"),
        ("search_after_add", "search after an add"),
        ("numpy_scan", "plain numpy scan"),
        ("faiss_flat", "bare FAISS, flat"),
    ):
        print(f"{title:19} {result[name]['median']:8.2f} ms  (p95 {result[name]['p95']:.2f})")
    print(f"dense recall@10     {result['recall_at_10']:8.4f}     against the exact scan")
    print(f"resident            {result['resident_mb']:8.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--data", type=Path, help="a folder with passages.jsonl and questions.jsonl")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chance = random.Random(1)
    texts, queries = (
        mixed(options.data, options.passages, chance) if options.data else invented(options.passages, chance)
    )
    with tempfile.TemporaryDirectory() as folder:
        result = {"passages": len(texts), **measured(Path(folder, "memory.db"), texts, queries)}
    if options.json:
        print(json.dumps(result))
    else:
        print(f"$ python {' '.join([os.path.relpath(sys.argv[0]), *sys.argv[1:]])}")
        show(result)


if __name__ == "__main__":
    main()
