"""Two formulas of MemLLM (arXiv:2404.11672 and its published code) over probabilities that a backend may give.

Neither is used by the flows here: both need the model's logits at every step, for text that it is not writing. They are
for evaluations and for decoding loops of your own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from memagent.errors import UsageProblem


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
