"""A long story on the offline backend: does a step cost the same at the end as at the beginning?

    python benchmarks/long_story.py [-n 200] [--json]

Prints the median seconds of the last 20 steps against those of steps 20 to 40, the embeddings made, the largest short
memory, and how many paragraphs repeat. Every step writes to disk as it does for a user.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from memagent import Controller, Story, Usage, registry
from memagent.embedders.base import Kind, Vectors
from memagent.methods.recurrent import State
from memagent.sentences import count_words
from memagent.story.config import StoryConfig
from memagent.story.writing import Progress, write

PREMISE = Path(__file__).parents[1] / "examples" / "lighthouse.md"


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


def measure(folder: Path, paragraphs: int) -> dict[str, float]:
    """Write a story of so many paragraphs and return what it took."""
    story = Story.create(folder, PREMISE.read_text(encoding="utf-8"), StoryConfig(llm="offline"))
    counting = Counting()
    moments, memories = [time.perf_counter()], []

    def written(state: State, usage: Usage) -> None:
        moments.append(time.perf_counter())
        memories.append(count_words(state.memory))

    with story.editing():
        story.memory._embedder = counting
        write(story, Controller("offline", story.memory), paragraphs, progress=Progress(on_written=written))
    seconds = [after - before for before, after in pairwise(moments)]
    texts = story.record.paragraphs
    early, late = statistics.median(seconds[20:40]), statistics.median(seconds[-20:])
    return {
        "paragraphs": len(texts),
        "words": sum(map(count_words, texts)),
        "early_step_s": early,
        "late_step_s": late,
        "ratio": late / early,
        "paragraph_embeddings": counting.documents,
        "plan_embeddings": counting.queries,
        "steps": len(texts) - 3,
        "largest_memory_words": max(memories),
        "repeated_paragraphs": len(texts) - len(set(texts)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=200, help="paragraphs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        result = measure(Path(place) / "story", options.n)
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['paragraphs']} paragraphs, {result['words']:,} words, {result['repeated_paragraphs']} repeated")
    print(f"step 20 to 40  {result['early_step_s'] * 1000:6.1f} ms")
    print(f"last 20 steps  {result['late_step_s'] * 1000:6.1f} ms   ratio {result['ratio']:.2f}")
    embedded = f"{result['paragraph_embeddings']} paragraph and {result['plan_embeddings']} plan embeddings"
    print(f"{embedded} in {result['steps']} steps (the opening adds 2)")
    print(f"largest short memory: {result['largest_memory_words']} words")


if __name__ == "__main__":
    main()
