"""A long story on the offline backend: does a step cost the same at the end as at the beginning?

    python benchmarks/long_story.py [-n 200] [--rounds 3] [--json]

Compares the last 20 steps with steps 60 to 80, by the median processor time of a step (wall time on a shared machine
mostly measures the others), and takes the median of several stories; before that, the forty paragraphs that a step
looks through are not all there. Where others use the machine too, even a processor's time is not always the same: so
the same piece of work is done after each step, and the ratio is also told against the time that it took. Beside it:
embeddings made, the largest short memory, how many paragraphs repeat, the process's peak memory, and the wall time.
Every step writes to disk as it does for a user.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import tempfile
import time
from pathlib import Path

from memagent import Controller, Story, Usage, registry
from memagent.embedders.base import Kind, Vectors
from memagent.methods.recurrent import State
from memagent.sentences import count_words
from memagent.story.config import StoryConfig
from memagent.story.writing import Progress, write

PREMISE = Path(__file__).parents[1] / "examples" / "lighthouse.md"
TEXT = __doc__ or ""


class Counting:
    """An embedder that counts what it is given."""

    def __init__(self) -> None:
        self._inner = registry.embedder("hashing")
        self.name, self.dim = self._inner.name, self._inner.dim
        self.documents = self.queries = 0

    def embed(self, texts: list[str], kind: Kind = "document") -> Vectors:
        """Embed, and count."""
        if kind == "document":
            self.documents += len(texts)
        else:
            self.queries += len(texts)
        return self._inner.embed(texts, kind)


def yardstick() -> float:
    """Return the processor time, in seconds, of a piece of work that is always the same."""
    began = time.process_time()
    counts: dict[str, int] = {}
    for _ in range(12):
        for word in re.findall(r"\w+", TEXT):
            counts[word.lower()] = counts.get(word.lower(), 0) + 1
    return time.process_time() - began


def measure(folder: Path, paragraphs: int) -> dict[str, float]:
    """Write a story of so many paragraphs and return what it took."""
    story = Story.create(folder, PREMISE.read_text(encoding="utf-8"), StoryConfig(llm="offline"))
    counting = Counting()
    began, fixed, memories, peaks = [(time.process_time(), time.perf_counter())], [], [], []
    ended: list[tuple[float, float]] = []

    def written(state: State, usage: Usage) -> None:
        ended.append((time.process_time(), time.perf_counter()))
        memories.append(count_words(state.memory))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        fixed.append(yardstick())
        began.append((time.process_time(), time.perf_counter()))

    with story.editing():
        story.memory._core.use(counting)
        write(story, Controller("offline", story.memory), paragraphs, progress=Progress(on_written=written))
    busy = [after[0] - before[0] for before, after in zip(began, ended, strict=False)]
    wall = [after[1] - before[1] for before, after in zip(began, ended, strict=False)]
    texts = story.record.paragraphs
    early, late = statistics.median(busy[60:80]), statistics.median(busy[-20:])
    machine = statistics.median(fixed[-20:]) / statistics.median(fixed[60:80])
    return {
        "paragraphs": len(texts),
        "words": sum(map(count_words, texts)),
        "early_step_s": early,
        "late_step_s": late,
        "ratio": late / early,
        "machine": machine,
        "wall_step_s": sum(wall) / len(wall),
        "steps": len(texts) - 3,
        "step_embeddings": counting.documents - 2,
        "plan_embeddings": counting.queries,
        "largest_memory_words": max(memories),
        "early_peak_mb": peaks[min(40, len(peaks) - 1)],
        "late_peak_mb": peaks[-1],
        "repeated_paragraphs": len(texts) - len(set(texts)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=200, help="paragraphs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.n < 100:
        parser.error("at least 100 paragraphs, for there to be steps to compare")
    with tempfile.TemporaryDirectory() as place:
        runs = [measure(Path(place) / str(number), options.n) for number in range(options.rounds)]
    middle = sorted(runs, key=lambda run: run["ratio"])[len(runs) // 2]
    if options.json:
        print(json.dumps(middle | {"ratios": [run["ratio"] for run in runs]}))
        return
    print(f"{middle['paragraphs']} paragraphs, {middle['words']:,} words, {middle['repeated_paragraphs']} repeated")
    print(f"step 60 to 80  {middle['early_step_s'] * 1000:6.1f} ms of processor time")
    others = ", ".join(f"{run['ratio']:.2f}" for run in runs)
    print(f"last 20 steps  {middle['late_step_s'] * 1000:6.1f} ms, ratio {middle['ratio']:.2f} (of {others})")
    against = ", ".join(f"{run['ratio'] / run['machine']:.2f}" for run in runs)
    print(f"the same work took {middle['machine']:.2f} times as long by then; the ratio against it {against}")
    print(f"a step in all  {middle['wall_step_s'] * 1000:6.1f} ms by the clock, on disk")
    embedded = f"{middle['step_embeddings']} embeddings of paragraphs and facts, {middle['plan_embeddings']} of plans"
    print(f"{embedded} in {middle['steps']} steps; largest short memory {middle['largest_memory_words']} words")
    early, late = middle["early_peak_mb"], middle["late_peak_mb"]
    print(f"most memory of the process: {early:.0f} MB by step 40, {late:.0f} MB at the end")


if __name__ == "__main__":
    main()
