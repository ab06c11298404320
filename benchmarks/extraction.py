"""What the rules of `offline` find in passages, beside what a language model found in the same passages.

    python benchmarks/extraction.py passages.jsonl [--json]

The file is that of a MuSiQue sample: a line of JSON for each passage with `title`, `text`, and the model's `entities`
and `triples`. Names are compared whole, as memagent compares phrases.
`phrases` are the subjects and objects of triples, which become the nodes of the graph. The baseline that a rule has to
beat takes every run of capitalised words for a name.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from memagent.indexing.openie import names_of, triples_of
from memagent.offline.openie import entities, triples
from memagent.stores.keys import key

Rows = Sequence[dict[str, Any]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("passages", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.passages.read_text(encoding="utf-8").splitlines() if line.strip()]
    found = measure(rows)
    print(json.dumps(found, indent=2) if options.json else report(found))


def measure(rows: Rows) -> dict[str, Any]:
    """Return recall and precision of names and of phrases, shares, and passages a second on one core."""
    started = time.perf_counter()
    named = [entities(row["text"], row["title"]) for row in rows]
    told = [triples(row["text"], row["title"]) for row in rows]
    seconds = time.perf_counter() - started
    model = [triples_of(row.get("triples")) for row in rows]
    wanted = [names_of(row.get("entities")) for row in rows]
    return {
        "passages": len(rows),
        "entities": agreement(named, wanted),
        "entities_of_baseline": agreement([capitalised(row["text"]) for row in rows], wanted),
        "phrases": agreement(list(map(ends, told)), list(map(ends, model))),
        "with_facts": sum(map(bool, told)) / len(rows),
        "facts_each": sum(map(len, told)) / len(rows),
        "facts_each_of_model": sum(map(len, model)) / len(rows),
        "passages_per_second": len(rows) / seconds,
    }


def agreement(ours: Sequence[Iterable[str]], theirs: Sequence[Iterable[str]]) -> dict[str, float]:
    """Return how many of their names we have (recall), and how many of ours they have (precision), in all passages."""
    both = our_count = their_count = 0
    for mine, other in zip(ours, theirs, strict=True):
        a, b = ({key(name) for name in names} - {""} for names in (mine, other))
        both, our_count, their_count = both + len(a & b), our_count + len(a), their_count + len(b)
    return {"recall": both / max(1, their_count), "precision": both / max(1, our_count)}


def ends(found: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return the subjects and objects."""
    return [end for subject, _, object in found for end in (subject, object)]


def capitalised(text: str) -> list[str]:
    """Return every run of capitalised words."""
    return re.findall(r"\b[A-Z]\w+(?:\s+[A-Z]\w+)*", text)


def report(found: dict[str, Any]) -> str:
    """Return the figures as a table."""
    row: Callable[[str, str], str] = lambda name, key: (  # noqa: E731
        f"{name:34s}  recall {found[key]['recall']:.3f}  precision {found[key]['precision']:.3f}"
    )
    return "\n".join(
        [
            f"{found['passages']:,} passages, {found['passages_per_second']:,.0f} a second",
            row("entities", "entities"),
            row("entities, capitalised runs alone", "entities_of_baseline"),
            row("phrases of facts", "phrases"),
            f"passages with facts {found['with_facts']:.1%}",
            f"facts in each: {found['facts_each']:.1f}; the model's: {found['facts_each_of_model']:.1f}",
        ]
    )


if __name__ == "__main__":
    main()
