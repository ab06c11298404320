"""The indexes of words and of vectors by themselves, beside a plain numpy scan and a bare FAISS flat index.

    python benchmarks/index_scale.py [--passages 100000] [--data DIR] [--json]

Each index is built and searched with k = 50, one query at a time. With --data the texts are sentences of
`passages.jsonl` mixed anew and the queries those of `questions.jsonl`; without, both are of invented words in the
frequencies of natural ones (Zipf). Vectors of 1024 components are those of the embedder `hashing`. Vectors of 384 are
those of `minilm_vectors_f16.npy` where DIR has them, then mixtures of pairs of them up to the number asked for; else
`hashing` at that length. Recall@10 counts a hit whose score is no worse than that of the exact tenth.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.embedders.hashing import Hashing
from memagent.stores.bags import bag
from memagent.stores.vector_index import VectorIndex
from memagent.stores.word_index import WordIndex

K = 50
QUERIES = 100
Vectors = NDArray[np.float32]
Row = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--data", type=Path, help="folder with passages.jsonl and questions.jsonl")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    rows = measure(options.passages, options.data)
    command = " ".join(["python", *sys.argv])
    print(json.dumps({"command": command, "rows": rows}, indent=2) if options.json else _report(command, rows))


def measure(count: int, folder: Path | None) -> list[Row]:
    """Return one row of figures for each index."""
    chance = random.Random(0)
    texts, queries = natural(folder, count, chance) if folder else invented(count, chance)
    rows = [of_words(texts, queries)]
    rows += of_vectors("hashing 1024", *hashed(texts, queries, 1024))
    if folder and (folder / "minilm_vectors_f16.npy").exists():
        return rows + of_vectors("MiniLM 384", *minilm(folder, count))
    return rows + of_vectors("hashing 384", *hashed(texts, queries, 384))


def natural(folder: Path, count: int, chance: random.Random) -> tuple[list[str], list[str]]:
    texts = [one["text"] for one in _lines(folder / "passages.jsonl")]
    sentences = [part for text in texts for part in re.split(r"(?<=[.!?])\s+", text) if len(part) > 20]
    mixed = [" ".join(chance.choices(sentences, k=chance.randint(2, 5))) for _ in range(count)]
    return mixed, [one["question"] for one in _lines(folder / "questions.jsonl")][:QUERIES]


def invented(count: int, chance: random.Random) -> tuple[list[str], list[str]]:
    parts = [f"{a}{b}" for a in "b d f g k l m n p r s t v z".split() for b in "a e i o u".split()]
    words = ["".join(chance.choices(parts, k=chance.randint(1, 4))) for _ in range(30_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    texts = [" ".join(chance.choices(words, weights, k=80)) for _ in range(count)]
    return texts, [" ".join(chance.choices(words, weights, k=12)) for _ in range(QUERIES)]


def hashed(texts: Sequence[str], queries: Sequence[str], dim: int) -> tuple[Vectors, Vectors]:
    embedder = Hashing(dim)
    return embedder.embed(texts), embedder.embed(queries, kind="query")


def minilm(folder: Path, count: int) -> tuple[Vectors, Vectors]:
    """Real vectors, the rest mixtures of pairs; the queries are the vectors of the questions, which are taken out."""
    place = {text: row for row, text in enumerate(_lines(folder / "minilm_texts.jsonl"))}
    asked = [place[one["question"]] for one in _lines(folder / "questions.jsonl")][:QUERIES]
    every = np.load(folder / "minilm_vectors_f16.npy").astype(np.float32)
    real = np.delete(every, asked, axis=0)[:count]
    chance = np.random.default_rng(0)
    first, second = chance.integers(0, len(real), (2, count - len(real)))
    part = chance.uniform(0.5, 0.9, (len(first), 1)).astype(np.float32)
    return _unit(np.concatenate([real, part * real[first] + (1 - part) * real[second]])), _unit(every[asked])


def of_words(texts: Sequence[str], queries: Sequence[str]) -> Row:
    started = time.perf_counter()
    bags = [bag("", text) for text in texts]
    bagging = time.perf_counter() - started
    index = WordIndex()
    build = _seconds(lambda: (index.add(np.arange(len(bags)), bags), index.search(queries[0], 1)))
    size = sum(segment.rows.nbytes + segment.counts.nbytes + segment.keys.nbytes for segment in index._segments)
    times = [_seconds(lambda query=query: index.search(query, K)) for query in queries]
    extra = [_seconds(lambda at=at: _one_more(index, len(bags) + at, bags[at])) for at in range(50)]
    note = (
        f"{1e6 * bagging / len(bags):.0f} us to make a bag, {1000 * statistics.median(extra):.2f} ms to add and search"
    )
    return _row("words", "WordIndex", build, times, size, None, note)


def _one_more(index: WordIndex, rid: int, one: bytes) -> None:
    index.add(np.array([rid]), [one])
    index.search("harbour", K)


def of_vectors(what: str, vectors: Vectors, queries: Vectors) -> list[Row]:
    import faiss

    flat, index = faiss.IndexFlatIP(vectors.shape[1]), VectorIndex(vectors.shape[1], waits=0)
    rids = np.arange(len(vectors))
    flat_build = _seconds(lambda: flat.add(vectors))
    build = _seconds(lambda: (index.add(rids, vectors), index.search(queries[0], K)))
    tenths = flat.search(queries, 10)[0][:, -1]
    recall = np.mean([_hits(index.search(one, 10), tenth) for one, tenth in zip(queries, tenths, strict=True)]) / 10
    threads = faiss.omp_get_max_threads()
    ours = [_seconds(lambda one=one: index.search(one, K)) for one in queries]
    faiss.omp_set_num_threads(1)
    bare = [_seconds(lambda one=one: flat.search(one[None], K)) for one in queries]
    faiss.omp_set_num_threads(threads)
    plain = [_seconds(lambda one=one: np.argpartition(vectors @ one, -K)[-K:]) for one in queries]
    codes = index._codes
    size = vectors.nbytes + (faiss.serialize_index(codes._scan).nbytes if codes else 0)
    return [
        _row(what, "VectorIndex", build, ours, size, float(recall)),
        _row(what, "FAISS flat, one thread", flat_build, bare, vectors.nbytes, 1.0),
        _row(what, "numpy, its own threads", 0.0, plain, vectors.nbytes, 1.0),
    ]


def _hits(found: list[tuple[int, float]], tenth: float) -> int:
    return sum(score >= tenth - 2e-6 for _, score in found)


def _row(
    what: str, how: str, build: float, times: Sequence[float], size: int, recall: float | None, note: str = ""
) -> Row:
    median, p95 = 1000 * statistics.median(times), 1000 * float(np.percentile(times, 95))
    figures = {"build_s": build, "median_ms": median, "p95_ms": p95, "MB": size / 1e6, "recall@10": recall}
    return {"of": what, "by": how, **figures, "note": note}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _report(command: str, rows: list[Row]) -> str:
    lines = [command, f"{'':13} {'':23} {'build s':>8} {'median ms':>10} {'p95 ms':>8} {'MB':>6} {'recall@10':>10}"]
    for row in rows:
        recall = "" if row["recall@10"] is None else f"{row['recall@10']:.4f}"
        times = f"{row['build_s']:8.2f} {row['median_ms']:10.2f} {row['p95_ms']:8.2f} {row['MB']:6.0f}"
        lines.append(f"{row['of']:13} {row['by']:23} {times} {recall:>10}  {row['note']}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    main()
