"""What each method finds, answers and costs on the same questions with the same memory and the same model.

    python benchmarks/methods.py --passages F --questions F [--count 20] [--k 3] [--llm offline] [--method M ...]

The files are those of a MuSiQue sample: `passages.jsonl` (id, title, text) and `questions.jsonl` (question, answer,
answer_aliases, supporting: the ids of the gold passages). Each method answers the first `--count` questions.

A row says: `gold`, the share of the gold passages that were shown to the model, averaged over questions; `shown`, how
many passages these are among, so that a method which finds more by showing more is seen to; `answered`, in how many
replies an accepted answer stands, as words, behind the last "So the answer is:" where there is one; `calls`, `tokens`
and `searches`; `looked up`, of the sentences or steps after the first, the share that was; `missed`, how many guesses
were not (`offline` says of each that it is one); and the seconds it all took. What is built once, the graph, is built
before. A method that fails is told on stderr and has no row; the others have theirs, and the exit code is 1. `once k`
shows once as many passages as FLARE shows in all, rounded up: the baseline that a method with several searches has to
be compared with.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from memagent import Answer, Controller, Flow, Memory, Note, flare, flare_instruct, hipporag, ircot, plain, rat
from memagent.errors import MemagentError
from memagent.flow import Retrieve
from memagent.indexing.facts import find_facts
from memagent.methods.confidence import gate
from memagent.methods.passive import alone, every, once, previous_sentence, self_ask

LOW = 0.0005  # what `offline` has read in its prompt is at least as likely, and what it has not is less
_GUESS = "is something unknown"  # how `offline` writes what it has not read
Method = Callable[..., Flow[Answer]]
METHODS: dict[str, Method] = {
    "alone": lambda question, k: alone(question),
    "once": once,
    "plain": plain,
    "every 16": every,
    "previous": previous_sentence,
    "self-ask": self_ask,
    "flare": flare,
    "flare theta=0": partial(flare, theta=0.0),
    "flare agreement": partial(flare, confidence="agreement"),
    "flare doubt": partial(flare, confidence="doubt"),
    "flare low beta": partial(flare, beta=LOW),
    "flare both low": partial(flare, theta=LOW, beta=LOW),
    "flare explicit": partial(flare, queries="explicit"),
    "flare kept": partial(flare, documents="all"),
    "flare instruct": flare_instruct,
    "rat": rat,
    "rat step": partial(rat, scope="step"),
    "rat logprobs": partial(rat, gate="logprobs", theta=LOW),
    "rat gated": lambda question, k: rat(question, k=k, gate=gate("doubt")),
    "hipporag": hipporag,
    "ircot": ircot,
}


COLUMNS = {
    "method": 16,
    "k": 4,
    "gold": 7,
    "shown": 7,
    "answered": 9,
    "calls": 7,
    "tokens": 8,
    "searches": 9,
    "looked up": 10,
    "missed": 7,
    "s": 6,
}


@dataclass(frozen=True)
class Row:
    """What one method did."""

    method: str
    k: int
    gold: float
    shown: float
    answered: int
    calls: float
    tokens: float
    searches: float
    looked_up: float | None
    missed: int | None
    seconds: float


def main() -> None:
    """Run the methods and print the table."""
    args = _arguments()
    logging.getLogger("memagent").setLevel(logging.ERROR)
    passages = _lines(args.passages)
    questions = _lines(args.questions)[: args.count]
    with tempfile.TemporaryDirectory() as folder, Memory(Path(folder) / "memory.db", single_user=True) as memory:
        memory.add([Note(one["text"], one["title"], id=str(one["id"])) for one in passages])
        controller = Controller(args.llm, memory)
        if {"hipporag", "ircot"} & set(args.method):
            find_facts(memory.extractions, controller)
            memory.search(questions[0]["question"], args.k, using="graph")  # builds the graph, which is no search
        rows: list[Row] = []
        failed: dict[str, str] = {}
        for name in args.method:
            _try(name, METHODS[name], args.k, controller, questions, rows, failed, args.json)
        flares = [row for row in rows if row.method == "flare"]
        if flares:
            k = math.ceil(flares[0].shown)
            _try(f"once k={k}", once, k, controller, questions, rows, failed, args.json)
    if args.json:
        table = {"command": sys.argv, "llm": args.llm, "questions": len(questions), "rows": [asdict(r) for r in rows]}
        print(json.dumps({**table, "failed": failed}))
    if failed:
        sys.exit(1)


def _try(
    name: str,
    method: Method,
    k: int,
    controller: Controller,
    questions: Sequence[dict[str, Any]],
    rows: list[Row],
    failed: dict[str, str],
    as_json: bool,
) -> None:
    """Add the row of a method to `rows` and show it, or say why it has none."""
    try:
        rows.append(_row(name, method, k, controller, questions))
    except MemagentError as error:
        failed[name] = error.message
        print(f"{name}: {error.message}", file=sys.stderr, flush=True)
        return
    _tell(rows, as_json)


def _row(name: str, method: Method, k: int, controller: Controller, questions: Sequence[dict[str, Any]]) -> Row:
    gold, shown, answered, calls, tokens, searches = [], [], 0, 0, 0, 0
    asked = later = missed = 0
    started = time.perf_counter()
    for one in questions:
        result = controller.run(method(one["question"], k=k))
        answer: Answer = result.value
        seen = {hit.id for hit in answer.hits}
        wanted = {str(id) for id in one["supporting"]}
        gold.append(len(seen & wanted) / len(wanted))
        shown.append(len(seen))
        answered += is_answered(answer.text, [one["answer"], *one.get("answer_aliases", [])])
        calls, tokens = calls + result.usage.calls, tokens + result.usage.tokens
        searches += sum(isinstance(record.step, Retrieve) for record in result.trace)
        after = answer.parts[1:] if answer.parts and answer.parts[0].decision == "first" else answer.parts
        later += len(after)
        asked += sum(bool(part.queries) for part in after)
        missed += sum(_GUESS in part.draft and not part.queries for part in after)
    count = len(questions)
    return Row(
        name,
        k,
        sum(gold) / count,
        sum(shown) / count,
        answered,
        calls / count,
        tokens / count,
        searches / count,
        asked / later if later else None,
        missed if later else None,
        time.perf_counter() - started,
    )


def is_answered(text: str, answers: Sequence[str]) -> bool:
    """Whether one of the answers stands in a reply, word for word, behind its last "So the answer is:"."""
    said = f" {_plain(text.rpartition('So the answer is:')[2])} "
    return any(f" {_plain(answer)} " in said for answer in answers if _plain(answer))


def _plain(text: str) -> str:
    words = re.sub(r"[\W_]+", " ", text.casefold()).split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def _tell(rows: Sequence[Row], as_json: bool) -> None:
    row = rows[-1]
    out = sys.stderr if as_json else sys.stdout
    if len(rows) == 1:
        print("".join(f"{name:>{width}}" for name, width in COLUMNS.items()), file=out)
    share = "" if row.looked_up is None else f"{row.looked_up:.2f}"
    cells = [f"{row.method:<16}", row.k, f"{row.gold:.3f}", f"{row.shown:.1f}", row.answered, f"{row.calls:.2f}"]
    cells += [f"{row.tokens:.0f}", f"{row.searches:.2f}", share, "" if row.missed is None else row.missed]
    cells.append(f"{row.seconds:.1f}")
    print(
        "".join(f"{cell:>{width}}" for cell, width in zip(cells, COLUMNS.values(), strict=True)), file=out, flush=True
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=Path, required=True, help="passages, one JSON object a line")
    parser.add_argument("--questions", type=Path, required=True, help="questions, one JSON object a line")
    parser.add_argument("--count", type=int, default=20, help="how many questions")
    parser.add_argument("--k", type=int, default=3, help="how many passages a search gives")
    parser.add_argument("--llm", default="offline", help="the model")
    parser.add_argument("--method", nargs="+", choices=METHODS, default=list(METHODS), help="which methods")
    parser.add_argument("--json", action="store_true", help="the table as JSON on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
