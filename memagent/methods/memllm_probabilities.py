"""What MemLLM computes of probabilities (arXiv:2404.11672 and its published code), as formulas of their own.

`late_stop` and `confidences` are used where triples are written: `memllm_decoding`, `memllm_write`. `branched` is for
measuring perplexity, where the texts are given and nothing is written: `examples/memllm_finetune/perplexity.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from memagent.errors import UsageProblem
from memagent.methods.memllm_grammar import Span, Words, written_places
from memagent.types import Token

LEAST = 1e-6
"""The confidence of what a model took for all but impossible; 0 is none that a triple can have."""


class Closing(NamedTuple):
    """Where a list is closed: at which opportunity generation stops, counted from 1, and which point the cut is at."""

    stopped: int
    cut: int


def branched(memory: float, with_memory: float, without: float) -> float:
    """Return the probability of a token where the model may or may not read before it.

    Args:
        memory: probability of beginning a read, in [0, 1].
        with_memory: probability of the token after the read, in [0, 1].
        without: probability of the token with no read, in [0, 1].

    Raises:
        UsageProblem: one of them is no probability.
    """
    for name, value in (("memory", memory), ("with_memory", with_memory), ("without", without)):
        if not 0 <= value <= 1:
            raise UsageProblem(f"{name} must be a probability, got {value!r}")
    return memory * with_memory + (1 - memory) * without


def negative_log_likelihood(probability: float) -> float:
    """Return -ln of a probability in (0, 1]; infinity for 0."""
    return -math.log(probability) if probability > 0 else math.inf


def late_stop(closings: Sequence[float], patience: int = 5) -> Closing | None:
    """Return where to close a list of triples by late stopping, or `None` while it is to go on.

    Each time that closing is the likeliest token, its score is recorded and closing is forbidden. Generation stops once
    the best score is `patience` points old, and is cut there: at the first of equal ones.

    Args:
        closings: the scores so far, oldest first: (cumulative log-probability + that of closing) / length.
        patience: how many points the best one must be old; at least 1.

    Raises:
        UsageProblem: patience is less than 1.
    """
    if patience < 1:
        raise UsageProblem(f"patience must be at least 1, got {patience!r}")
    best = 0
    for number, score in enumerate(closings):
        if score > closings[best]:
            best = number
        if number - best >= patience:
            return Closing(number + 1, best)
    return None


def confidences(tokens: Sequence[Token]) -> Mapping[Words, float]:
    """Return how sure a model was of the triples of a call that it wrote, in (0, 1].

    That is the geometric mean of the probabilities of the three places, each with the `>>` that ends it: a triple is
    as sure whether its names are long or short, and whatever the tokenizer makes of them. What parts one triple from
    the next does not count. Of a triple that stands there twice, the surer counts; one with a token whose probability
    is not known has none.

    Args:
        tokens: those of the call, with natural-log probabilities.
    """
    text = "".join(token.text for token in tokens)
    ends = list(accumulate(len(token.text) for token in tokens))
    spans = [(end - len(token.text), end, token.logprob) for end, token in zip(ends, tokens, strict=True)]
    found: dict[Words, float] = {}
    for words, places in written_places(text):
        known = [_logprob(spans, place) for place in places]
        logprobs = [one for one in known if one is not None]
        if len(logprobs) == len(known):
            sure = min(1.0, round(math.exp(sum(logprobs) / len(places)), 6))
            found[words] = max(sure, found.get(words, LEAST))
    return found


def _logprob(spans: Sequence[tuple[int, int, float | None]], place: Span) -> float | None:
    """The sum over the tokens of a place; one that reaches into the next counts in both."""
    inside = [logprob for start, end, logprob in spans if start < place[1] and end > place[0]]
    return None if None in inside else sum(one for one in inside if one is not None)
