"""How well a model foretells documents with a memory and without (MemLLM, arXiv:2404.11672).

    python perplexity.py MODEL docs.json --relations names.json [--branching]

Reads happen at the places where the documents call for them, as in the paper, and not where the model would read. Each
token behind a read has two probabilities: one behind the text with the block of that read, one behind the text alone.
With `--branching` it has the mean of the two, weighed by how likely the model was to begin a read there; without it,
that of the read. OVERALL counts every token of the text and what it costs to begin each read; TARGET the tokens of the
names that are looked up; ENTITY those of all names. The script of the published code prints the mean negative
log-likelihood under the name PPL; here each has its own column.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, get_args

from documents import Document, Spacing, load, load_names, read_document
from memories import TripleMemory
from reads import Call, LookUp, calls

from memagent.errors import MemagentError, UsageProblem
from memagent.methods.memllm_grammar import OPEN, print_read
from memagent.methods.memllm_probabilities import branched, negative_log_likelihood

KINDS = ("overall", "target", "entity")


class Seen(NamedTuple):
    """A token of a text: where it stands (characters), and its probability with the memory and without."""

    start: int
    end: int
    with_memory: float
    without: float


@dataclass
class Likelihood:
    """Negative log-likelihoods in nats: their sum and how many tokens they are of, by kind."""

    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def add(self, kind: str, probability: float, tokens: int = 1) -> None:
        """Count a probability, which may be the price of something that is no token of the text."""
        self.sums[kind] += negative_log_likelihood(probability)
        self.counts[kind] += tokens

    def mean(self, kind: str) -> float:
        """Return the mean of a kind, 0 where it has no tokens."""
        return self.sums[kind] / self.counts[kind] if self.counts[kind] else 0.0


class Scorer:
    """Tells the probability of texts behind others.

    Args:
        model: a causal model of transformers, and `tokenizer` its fast tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        if not getattr(tokenizer, "is_fast", False):
            hint = "Take a model with a fast tokenizer."
            raise UsageProblem(f"{type(tokenizer).__name__} does not tell where its tokens stand", hint=hint)
        self._model = model
        self._tokenizer = tokenizer
        self._window = int(getattr(model.config, "max_position_embeddings", 0) or 1024)

    def pieces(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the token ids of a text and where each stands in it."""
        read = self._tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        return list(read["input_ids"]), [(start, end) for start, end in read["offset_mapping"]]

    def probabilities(self, before: Sequence[int], ids: Sequence[int]) -> list[float]:
        """Return the probability of each token behind others; what does not fit the window loses its beginning.

        With nothing before, the first token has probability 1: nothing foretells it, and it costs nothing.
        """
        import torch

        if len(ids) >= self._window:
            hint = f"The model reads {self._window} tokens at once; take shorter documents."
            raise UsageProblem(f"{len(ids)} tokens stand between two reads", hint=hint)
        whole = [*before, *ids][-self._window :]
        if len(whole) < 2:
            return [1.0] * len(ids)
        with torch.no_grad():
            logits = self._model(torch.tensor([whole], device=self._model.device)).logits[0, :-1].float()
        chosen = logits.softmax(-1).gather(1, torch.tensor(whole[1:], device=logits.device)[:, None])[:, 0].tolist()
        return ([] if before else [1.0]) + [float(one) for one in chosen[-len(ids) + (not before) :]]

    def probability(self, before: Sequence[int], text: str) -> float:
        """Return the probability of a text, all of it, behind some tokens."""
        product = 1.0
        for one in self.probabilities(before, self.pieces(text)[0]):
            product *= one
        return product


def measured(
    document: Document, look_up: LookUp, scorer: Scorer, *, branching: bool, memory: bool = True
) -> Likelihood:
    """Return how likely a document is.

    Args:
        document: the document.
        look_up: the memory; see `reads.read_samples`.
        scorer: the model.
        branching: weigh what it says behind a read with what it says without, by how likely it is to begin the read.
        memory: read at all.
    """
    found = Likelihood()
    made = list(calls(document, look_up))
    targets = [(call.target.start, call.target.end) for call in made]
    names = [(mention.start, mention.end) for mention in document.mentions]
    for call, begins, tokens in _segments(document, made, scorer):
        if memory and call is not None:
            found.add("overall", begins, tokens=0)
        for number, one in enumerate(tokens):
            likely = one.with_memory if memory else one.without
            if branching and memory and call is not None:
                likely = branched(begins, one.with_memory, one.without)
            if number or call is not None or one.start:  # nothing foretells the first token of all
                for kind, places in (("overall", [(one.start, one.end)]), ("target", targets), ("entity", names)):
                    if any(one.start < end and start < one.end for start, end in places):
                        found.add(kind, likely)
    return found


def _segments(
    document: Document, made: Sequence[Call], scorer: Scorer
) -> Iterator[tuple[Call | None, float, list[Seen]]]:
    """Yield the text up to the first read, then behind each: with how likely the read was to begin, and its tokens."""
    cuts = [len(document.text[: call.target.start].rstrip()) for call in made]
    before: list[int] = []  # the tokens of the text so far, without any block
    context: list[int] = []  # the same with the one block that stands in it
    for call, start, end in zip([None, *made], [0, *cuts], [*cuts, len(document.text)], strict=True):
        begins = scorer.probability(context, OPEN) if call is not None and context else 1.0
        block = scorer.pieces(print_read(call.queries, call.results))[0] if call is not None else []
        ids, places = scorer.pieces(document.text[start:end])
        without = scorer.probabilities(before, ids)
        with_memory = scorer.probabilities([*before, *block], ids) if block else without
        yield (
            call,
            begins,
            [
                Seen(start + first, start + last, likely, alone)
                for (first, last), likely, alone in zip(places, with_memory, without, strict=True)
            ],
        )
        context = [*before, *block, *ids]
        before += ids


def table(documents: Sequence[Document], look_up: LookUp, scorer: Scorer, *, branching: bool) -> str:
    """Return a table of the means over all documents, with and without the memory."""
    rows = ["              tokens   NLL with   NLL without   perplexity with   without"]
    sums = {
        memory: _together(measured(one, look_up, scorer, branching=branching, memory=memory) for one in documents)
        for memory in (True, False)
    }
    for kind in KINDS:
        means = [sums[memory].mean(kind) for memory in (True, False)]
        both = [math.exp(mean) for mean in means]
        tokens = sums[True].counts[kind]
        rows.append(f"{kind.upper():<10}{tokens:>10}{means[0]:>11.4f}{means[1]:>14.4f}{both[0]:>18.2f}{both[1]:>10.2f}")
    return "\n".join(rows)


def _together(several: Iterable[Likelihood]) -> Likelihood:
    whole = Likelihood()
    for one in several:
        for kind in KINDS:
            whole.sums[kind] += one.sums[kind]
            whole.counts[kind] += one.counts[kind]
    return whole


def options() -> argparse.ArgumentParser:
    """Return what can be asked for."""
    parser = argparse.ArgumentParser(
        description="Measure how likely documents are to a model that reads a memory, and to the same model without."
    )
    add = parser.add_argument
    add("model", help="a folder or a name on the hub")
    add("documents", type=Path, help="annotated documents, a JSON list")
    add("--relations", type=Path, required=True, help="JSON object, relation id -> name")
    add("--branching", action="store_true", help="weigh with and without by how likely the model was to read")
    add("--spacing", choices=get_args(Spacing), default="blanks", help="how tokens become text")
    add("--embedder", default="hashing", help="compares names and relations when results are looked up")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return the exit code."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    asked = options().parse_args(arguments)
    try:
        names = load_names(asked.relations)
        documents = [read_document(raw, names, asked.spacing) for raw in load(asked.documents)]
        model = AutoModelForCausalLM.from_pretrained(asked.model).eval()
        scorer = Scorer(model, AutoTokenizer.from_pretrained(asked.model))
        with TripleMemory(documents, embedder=asked.embedder, preset="perplexity") as memory:
            print(table(documents, memory, scorer, branching=asked.branching))
    except MemagentError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
