"""Learning from real attempts, and whether the rationales that are found for new problems are worked in the same way.

    python benchmarks/rationales.py --attempts F --questions F [--k 5] [--json]

The files are those of a GSM8K sample: `attempts.jsonl` (question, gold, attempts with their answers in a box) and
`questions.jsonl` (question, solution). Calculations stand in both as `<<48/2=24>>`.

First, what is learnt: how many attempts are right by value, and by the published code's comparison of strings, which
takes commas out of the attempt and not out of the known answer. Then, for each way of searching, over the questions:
`problems`, how many different problems are among k examples (the published code: 2.18 of 5); `operations`, how far the
operations of an example's calculation agree with those of the question's solution: the share of them that both have, as
multisets (intersection over union), averaged; `first`, the same for the likest example alone; `same`, the share of
examples with exactly the same operations. `chance` draws examples at random, ten times over.

Nouns are listed by rule (`offline`), the same list for both kinds of obfuscation.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memagent.controller import Controller
from memagent.memory import Memory
from memagent.methods.arm_rag import learn
from memagent.methods.obfuscating import listed, obfuscated, structure
from memagent.methods.verifying import boxed, numeric
from memagent.types import Rationale

_CALCULATION = re.compile(r"<<([^=<>]*)=")
_OPERATION = re.compile(r"(?<=[\d.)%\s])[-+*/x\u00d7\u00f7]")


def main() -> None:
    """Learn, search, and print the table."""
    args = _arguments()
    attempts, questions = _lines(args.attempts), _lines(args.questions)
    with tempfile.TemporaryDirectory() as folder:
        rows: list[dict[str, Any]] = []
        learnt, seconds, plain = _learnt(Path(folder) / "plain.db", attempts, "plain")
        told = {
            "problems": len(attempts),
            "attempts": sum(len(one["attempts"]) for one in attempts),
            "right by value": learnt["right"],
            "right as strings": sum(_as_strings(text, one["gold"]) for one in attempts for text in one["attempts"]),
            "refused": learnt["wrong"] + learnt["unclear"],
            "ms a problem": round(1000 * seconds / len(attempts), 2),
        }
        nouns = {one["question"]: _nouns(one["question"]) for one in questions}
        ways: dict[str, tuple[Memory, Callable[[str], str]]] = {
            "plain": (plain, lambda question: question),
            "obfuscated": (plain, lambda question: obfuscated(question, nouns[question])),
            "structure": (
                _learnt(Path(folder) / "structure.db", attempts, "structure")[2],
                lambda question: structure(question, nouns[question]),
            ),
        }
        for name, (memory, asked) in ways.items():
            found = [memory.rationales.like(asked(one["question"]), args.k) for one in questions]
            rows.append({"search": name, **_scored(questions, found)})
        every = list(plain.rationales.all())
        rng = random.Random(0)
        drawn = [[rng.choice(every) for _ in range(args.k)] for _ in range(10) for _ in questions]
        rows.append({"search": "chance", **_scored(list(questions) * 10, drawn)})
        for memory in {id(memory): memory for memory, _ in ways.values()}.values():
            memory.close()
    if args.json:
        print(json.dumps({"command": sys.argv, "learnt": told, "rows": rows}))
        return
    for name, value in told.items():
        print(f"{name:18} {value}")
    print(f"{'search':12}{'problems':>10}{'operations':>12}{'first':>8}{'same':>8}")
    for row in rows:
        print(
            f"{row['search']:12}{row['problems']:10.2f}{row['operations']:12.3f}{row['first']:8.3f}{row['same']:8.3f}"
        )


def _learnt(path: Path, attempts: Sequence[dict[str, Any]], key: Any) -> tuple[Counter[str], float, Memory]:
    memory = Memory(path, single_user=True)
    controller = Controller("offline", memory)
    totals: Counter[str] = Counter()
    started = time.perf_counter()
    for one in attempts:
        found = controller.run(learn(one["question"], one["attempts"], numeric(one["gold"]), key=key)).value
        totals.update(right=found.right, wrong=found.wrong, unclear=found.unclear)
    return totals, time.perf_counter() - started, memory


def _scored(questions: Sequence[dict[str, Any]], found: Sequence[Sequence[Rationale]]) -> dict[str, float]:
    problems, agreeing, first, same = [], [], [], []
    for question, examples in zip(questions, found, strict=True):
        wanted = operations(question["solution"])
        shares = [_agreement(wanted, operations(one.reasoning)) for one in examples]
        problems.append(len({one.problem for one in examples}))
        agreeing += shares
        first += shares[:1]
        same += [share == 1.0 for share in shares]
    return {
        "problems": statistics.mean(problems),
        "operations": statistics.mean(agreeing),
        "first": statistics.mean(first),
        "same": statistics.mean(same),
    }


def operations(text: str) -> Counter[str]:
    """Return how often each operation stands in the calculations of a text."""
    signs = {"x": "*", "\u00d7": "*", "\u00f7": "/"}
    found = (sign for calculation in _CALCULATION.findall(text) for sign in _OPERATION.findall(calculation))
    return Counter(signs.get(sign, sign) for sign in found)


def _agreement(one: Counter[str], other: Counter[str]) -> float:
    either = (one | other).total()
    return (one & other).total() / either if either else 1.0


def _as_strings(attempt: str, gold: str) -> bool:
    """The published code's check: the box without commas is the known answer, sign for sign."""
    return (boxed(attempt) or "").replace(",", "") == gold


def _nouns(question: str) -> list[str]:
    return Controller("offline").run(listed(question)).value


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=Path, required=True, help="problems with attempts, one JSON object a line")
    parser.add_argument("--questions", type=Path, required=True, help="questions with solutions, likewise")
    parser.add_argument("--k", type=int, default=5, help="how many examples a question gets")
    parser.add_argument("--json", action="store_true", help="everything as JSON on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
