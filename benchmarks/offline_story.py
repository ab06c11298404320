"""How much a long story of the offline backend repeats itself, and how long one step takes.

Run with `python -m benchmarks.offline_story [STEPS]` from the root of the repository; prints one line per premise.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from statistics import median

from memagent.llms.offline import Offline
from memagent.offline.text import normal, sentences
from memagent.prompts import fill
from memagent.types import Request

PREMISES = (
    "A lighthouse keeper finds her brother missing after a storm.",
    "Ana, a clockmaker in Lisbon, inherits a broken clock. Her neighbour, old Duarte, wants to buy it at any price.",
    "Rain",
)
COMMON = {"language": "English", "sentences": "10", "memory_words": "500"}


def ask(name: str, **values: str) -> dict:
    return json.loads(Offline().complete(Request(fill(f"recurrent/{name}", **values))).text)


def write(premise: str, steps: int) -> tuple[list[str], list[float]]:
    reply = ask("begin", premise=premise, genre="mystery", **COMMON)
    paragraphs, times = list(reply["paragraphs"]), []
    for _ in range(steps):
        plans = "\n".join(f"{number}. {plan}" for number, plan in enumerate(reply["plans"], 1))
        chosen = ask("choose", memory=reply["memory"], previous=paragraphs[-2], paragraph=paragraphs[-1], plans=plans)
        plan = reply["plans"][chosen["choice"] - 1]
        recalled = "\n\n".join(paragraphs[-9:-7])
        before = time.perf_counter()
        shown = {"memory": reply["memory"], "previous": paragraphs[-1], "plan": plan, "recalled": recalled, "hint": ""}
        reply = ask("step", **shown, **COMMON)
        times.append(time.perf_counter() - before)
        paragraphs.append(reply["paragraph"])
    return paragraphs, times


def repeated(items: list) -> float:
    return sum(count - 1 for count in Counter(items).values()) / max(1, len(items))


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for premise in PREMISES:
        paragraphs, times = write(premise, steps)
        said = [normal(sentence) for text in paragraphs for sentence in sentences(text)]
        words = [normal(text).split() for text in paragraphs]
        grams = [tuple(text[at : at + 5]) for text in words for at in range(len(text) - 4)]
        print(
            f"{premise[:30]:30}  paragraphs {len(paragraphs)}  equal paragraphs {repeated(paragraphs):.1%}  "
            f"repeated sentences {repeated(said):.1%} of {len(said)}  repeated 5-grams {repeated(grams):.1%}  "
            f"ms per step {1000 * median(times):.1f}"
        )


if __name__ == "__main__":
    main()
