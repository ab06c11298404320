"""How long it takes to find which entries of a large lorebook a prompt shows, beside trying each key by itself.

    python benchmarks/lore.py [-n 1000] [--rounds 20] [--seed 0] [--json]

Makes `n` entries with three keys each (words, two words, beginnings, Chinese names) and the texts of a step: a plan,
two paragraphs of 300 words, a short memory of 400. The peer tries one expression a key, made ready beforehand, on each
text; both have to find the same. Says as well what reading the folder takes, the first time and with nothing changed.
Medians, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from memagent.story.lore import Lorebook, Moment
from memagent.story.lore_entry import Entry, Progression
from memagent.story.lore_files import lorebook, save
from memagent.story.lore_match import Text, fold
from memagent.story.manuscript import Place

HAN = "山水火风云雨雪海江河天地日月星辰春夏秋冬东西南北金木石玉花草林松竹梅兰菊龙虎马牛"
SOUNDS = (
    "ba be bi bo da de di do fa fe ga go ka ke la le li lo ma me mi mo na ne no ra re ri ro sa se ta te to va".split()
)
COMMON = (
    "the a of and in to she he it was on that her his with for as they had from at by not but what all were".split()
)


def made(count: int, seed: int) -> tuple[list[Entry], list[Text]]:
    """Return entries and the texts of a step, in which about one entry in thirty comes up."""
    chance = random.Random(seed)

    def word(parts: int = 3) -> str:
        return "".join(chance.choice(SOUNDS) for _ in range(parts))

    entries, spoken = [], []
    for number in range(count):
        if number % 4 == 3:
            keys = ["".join(chance.sample(HAN, 3)) for _ in range(3)]
        else:
            keys = [word(4), f"{word()} {word()}", f"{word(4)}*"]
        spoken += [chance.choice(keys).removesuffix("*")] if chance.random() < 1 / 30 else []
        text = f"{word(3).capitalize()} is known for {word()} and {word()}."
        entries.append(Entry(f"e{number:05d}", text, (Progression(Place(0), text),), keys=tuple(keys)))

    def told(words: int) -> str:
        return " ".join(chance.choice(COMMON) if chance.random() < 0.6 else word() for _ in range(words))

    texts = [Text("the plan", told(60)), Text("¶9", told(300)), Text("¶8", told(300)), Text("memory", told(400))]
    said = [Text(one.source, f"{one.text} {' '.join(spoken[at::4])}.") for at, one in enumerate(texts)]
    return entries, said


class Peer:
    """One expression a key, tried on each text."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = [(one, [self._ready(key) for key in one.primary]) for one in entries]

    def _ready(self, key: str) -> re.Pattern[str]:
        plain = fold(key.removesuffix("*"))
        if any(letter in HAN for letter in plain):
            return re.compile(re.escape(plain))
        return re.compile(rf"(?<!\w){re.escape(plain)}" + ("" if key.endswith("*") else r"(?!\w)"))

    def find(self, texts: list[Text]) -> set[str]:
        """Return the entries of which a key is in a text."""
        folded = [fold(one.text) for one in texts]
        return {
            one.stem for one, keys in self.entries if any(key.search(text) for key in keys for text in folded)
        }  # fmt: skip


def timed(work: Callable[[], object], rounds: int) -> float:
    """Return the median of what a call takes, in milliseconds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def measure(count: int, rounds: int, seed: int) -> dict[str, float | int]:
    """Return the medians, and how many entries fired."""
    entries, texts = made(count, seed)
    book, peer = Lorebook(entries), Peer(entries)
    fired = set(book.fire(texts, Moment(), depth=0).stems)
    assert fired == peer.find(texts), "the two do not agree"
    with tempfile.TemporaryDirectory() as name:
        for one in entries:
            save(Path(name), one)
        start = time.perf_counter()
        lorebook(Path(name))
        first = 1000 * (time.perf_counter() - start)
        again = timed(lambda: lorebook(Path(name)), rounds)
    ours, theirs = timed(lambda: book.fire(texts, Moment(), depth=0), rounds), timed(lambda: peer.find(texts), 3)
    return {
        "entries": count,
        "keys": sum(len(one.primary) for one in entries),
        "fired": len(fired),
        "look_ms": round(ours, 3),
        "look_depth_2_ms": round(timed(lambda: book.fire(texts, Moment(), depth=2, budget=1000), rounds), 3),
        "each_key_ms": round(theirs, 3),
        "ratio": round(theirs / ours, 1),
        "read_first_ms": round(first, 1),
        "read_again_ms": round(again, 3),
        "step_ms": round(ours + again, 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, action="append", help="entries; repeatable")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure(count, options.rounds, options.seed) for count in options.n or [100, 1000, 5000]]
    if options.json:
        print(json.dumps(rows))
        return
    print("entries  keys  fired  look ms  depth 2  each key ms  ratio  read first  again  a step ms")
    for row in rows:
        print(
            f"{row['entries']:7d}{row['keys']:6d}{row['fired']:7d}{row['look_ms']:9.2f}{row['look_depth_2_ms']:9.2f}"
            f"{row['each_key_ms']:13.1f}{row['ratio']:6.0f}x{row['read_first_ms']:12.0f}{row['read_again_ms']:7.2f}"
            f"{row['step_ms']:11.2f}"
        )


if __name__ == "__main__":
    main()
