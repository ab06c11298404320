"""Recall and speed of keyword, dense and hybrid retrieval on MuSiQue passages, on one machine in one run.

    python benchmarks/hybrid.py --data DIR [--json]

DIR holds `passages.jsonl` (id, title, text) and `questions.jsonl` (question, supporting). With `minilm_texts.jsonl` and
`minilm_vectors_f16.npy` beside them, row for row, the same is measured with a real embedding model. The fusion rules
are compared on held-out halves of the questions: each rule's settings are chosen on one half and scored on the other.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.embedders.base import Embedder, Kind, Vectors
from memagent.embedders.hashing import Hashing
from memagent.memory import Memory
from memagent.types import Note, Scope

CUTS = (2, 5, 10)
SPLITS = 200
Scores = NDArray[np.float64]


class Lookup:
    """Vectors that were made beforehand, by text."""

    def __init__(self, folder: Path) -> None:
        rows = _lines(folder / "minilm_texts.jsonl")
        self._vectors = np.load(folder / "minilm_vectors_f16.npy").astype(np.float32)
        self._rows = {text: row for row, text in enumerate(rows)}
        self.name, self.dim = "all-MiniLM-L6-v2", self._vectors.shape[1]

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return the stored vectors (len(texts), dim) at unit length."""
        vectors = self._vectors[[self._rows[text] for text in texts]]
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with passages.jsonl and questions.jsonl")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = measure(options.data)
    print(json.dumps(result, indent=2) if options.json else _report(result))


def measure(folder: Path) -> dict[str, Any]:
    """Return recall, rates and the comparison of fusion rules."""
    passages, questions = _lines(folder / "passages.jsonl"), _lines(folder / "questions.jsonl")
    embedders: list[Embedder] = [Hashing()]
    if (folder / "minilm_vectors_f16.npy").exists():
        embedders.append(Lookup(folder))
    runs = [_run(embedder, passages, questions) for embedder in embedders]
    rules = _held_out([run.pop("matrices") for run in runs], questions)
    return {"passages": len(passages), "questions": len(questions), "runs": runs, "fusion": rules}


def _run(embedder: Embedder, passages: list[Any], questions: list[Any]) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Memory(Path(folder, "notes.db"), embedder=embedder, single_user=True) as memory,
    ):
        started = time.perf_counter()
        memory.add([Note(one["text"], one["title"], id=str(one["id"])) for one in passages])
        indexing = len(passages) / (time.perf_counter() - started)
        by_name = {using: _ask(memory, using, questions) for using in ("keyword", "dense", "hybrid")}
        size = Path(folder, "notes.db").stat().st_size
        matrices = _matrices(memory, passages, questions)
    started = time.perf_counter()
    embedder.embed([one["title"] + "\n" + one["text"] for one in passages])
    embedding = len(passages) / (time.perf_counter() - started)
    figures = {"added_per_s": indexing, "embedded_per_s": embedding, "bytes_per_passage": size / len(passages)}
    return {"embedder": embedder.name, **figures, "retrievers": by_name, "matrices": matrices}


def _ask(memory: Memory, using: str, questions: list[Any]) -> dict[str, float]:
    memory.search(questions[0]["question"], using=using)  # builds what is built on first use
    recalls, times = [], []
    for one in questions:
        started = time.perf_counter()
        hits = memory.search(one["question"], max(CUTS), using=using)
        times.append(time.perf_counter() - started)
        recalls.append(_recalls([int(hit.id) for hit in hits], one["supporting"]))
    means = np.mean(recalls, axis=0)
    return {
        **{f"recall@{cut}": float(mean) for cut, mean in zip(CUTS, means, strict=True)},
        "median_ms": 1000 * statistics.median(times),
    }


def _recalls(found: Sequence[int], wanted: Sequence[int]) -> list[float]:
    return [len(set(found[:cut]) & set(wanted)) / len(wanted) for cut in CUTS]


def _matrices(memory: Memory, passages: list[Any], questions: list[Any]) -> tuple[Scores, Scores]:
    """Dense and keyword scores (questions, passages); 0 where there is none."""
    place = {str(one["id"]): column for column, one in enumerate(passages)}
    dense, keyword = np.zeros((2, len(questions), len(passages)))
    for row, one in enumerate(questions):
        vector = memory.embedder.embed([one["question"]], kind="query")[0]
        for match in memory.store.nearest(Scope(), vector, len(passages)):
            dense[row, place[match.passage.id]] = max(0.0, match.score)
        for match in memory.store.match(Scope(), one["question"], len(passages)):
            keyword[row, place[match.passage.id]] = match.score
    return dense, keyword


def _held_out(matrices: list[tuple[Scores, Scores]], questions: list[Any]) -> dict[str, dict[str, Any]]:
    """Score each fusion rule, its settings chosen on a random half, on the other half; mean recall over the cuts."""
    rules: dict[str, list[tuple[str, Callable[[Scores, int], Scores], float, int]]] = {}
    for weight in (0.3, 0.4, 0.5, 0.6, 0.7):
        for pool in (20, 50, 100):
            for name, rule in RULES.items():
                rules.setdefault(name, []).append((f"dense {weight}, pool {pool}", rule, weight, pool))
    scored = {
        name: {label: _fused_recall(matrices, questions, rule, weight, pool) for label, rule, weight, pool in settings}
        for name, settings in rules.items()
    }
    return {name: _splits(settings) for name, settings in scored.items()}


def _splits(settings: dict[str, Scores]) -> dict[str, Any]:
    random = np.random.default_rng(0)
    chosen, held_out = [], []
    for _ in range(SPLITS):
        order = random.permutation(len(next(iter(settings.values()))))
        fit, test = np.array_split(order, 2)
        best = max(settings, key=lambda label: float(settings[label][fit].mean()))
        chosen.append(best)
        held_out.append(float(settings[best][test].mean()))
    return {"held_out": statistics.mean(held_out), "chosen_most": statistics.mode(chosen)}


def _fused_recall(
    matrices: list[tuple[Scores, Scores]],
    questions: list[Any],
    rule: Callable[[Scores, int], Scores],
    weight: float,
    pool: int,
) -> Scores:
    """Mean recall over cuts and embedders, (questions,)."""
    fused = [weight * rule(dense, pool) + (1 - weight) * rule(keyword, pool) for dense, keyword in matrices]
    orders = [np.argsort(-one, axis=1, kind="stable")[:, : max(CUTS)] for one in fused]
    recalls = [
        [_recalls(row.tolist(), one["supporting"]) for row, one in zip(o, questions, strict=True)] for o in orders
    ]
    return np.asarray(np.mean(recalls, axis=(0, 2)), dtype=np.float64)


def _ranks(scores: Scores, pool: int) -> Scores:
    """Ranks from 1; infinity beyond the pool and where the score is 0."""
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.full(scores.shape, np.inf)
    np.put_along_axis(ranks, order, np.arange(1.0, scores.shape[1] + 1)[None, :], axis=1)
    return np.where((ranks <= pool) & (scores > 0), ranks, np.inf)


def _relative(scores: Scores, pool: int) -> Scores:
    kept = np.where(np.isfinite(_ranks(scores, pool)), scores, 0.0)
    return np.asarray(kept / np.maximum(kept.max(axis=1, keepdims=True), 1e-12))


def _min_max(scores: Scores, pool: int) -> Scores:
    inside = np.isfinite(_ranks(scores, pool))
    low = np.min(np.where(inside, scores, np.inf), axis=1, keepdims=True, initial=np.inf)
    top = np.max(np.where(inside, scores, 0.0), axis=1, keepdims=True)
    return np.where(inside, (scores - low) / np.maximum(top - low, 1e-12), 0.0)


RULES: dict[str, Callable[[Scores, int], Scores]] = {
    "score / best": _relative,
    "min-max": _min_max,
    "RRF 10": lambda scores, pool: 1 / (10 + _ranks(scores, pool)),
    "RRF 60": lambda scores, pool: 1 / (60 + _ranks(scores, pool)),
}


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _report(result: dict[str, Any]) -> str:
    lines = [f"{result['passages']} passages, {result['questions']} questions"]
    for run in result["runs"]:
        speed = f"{run['added_per_s']:.0f} passages/s added, {run['embedded_per_s']:.0f}/s embedded"
        lines.append(f"\n{run['embedder']}: {speed}, {run['bytes_per_passage']:.0f} bytes a passage")
        lines.append(" " * 10 + "".join(f"  recall@{cut:<3}" for cut in CUTS) + "   median ms")
        for name, row in run["retrievers"].items():
            recalls = "".join(f"  {row[f'recall@{cut}']:<10.3f}" for cut in CUTS)
            lines.append(f"{name:<10}{recalls}{row['median_ms']:9.2f}")
    lines.append(f"\nfusion rules, mean recall on held-out halves over {SPLITS} splits")
    lines += [f"{name:<14}{row['held_out']:.3f}  ({row['chosen_most']})" for name, row in result["fusion"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
