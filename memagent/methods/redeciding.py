"""Deciding again, over the probabilities that a run recorded: what FLARE would have looked up at another threshold.

No call is made. The drafts are those of the run: from the first sentence on that is decided otherwise, another run
would have gone on from another text, so that what is said of later sentences holds for the recorded ones alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from memagent.errors import UsageProblem
from memagent.methods import flare_queries
from memagent.methods.confidence import probabilities
from memagent.shown import Shown
from memagent.types import Answer, Part


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided of one sentence.

    Attributes:
        draft: the sentence as it was first written.
        lowest: the probability of its least likely token, in [0, 1]; `None` where none was measured, or where it is the
            first sentence, which is always written with what the question finds. Its decision then stays.
        before: whether the run looked it up.
        looked_up: whether it is looked up now.
        query: what is looked up: the sentence without tokens less likely than `beta`, or all of it; '' for nothing.
        doubtful: the spans of tokens less likely than `beta`, each of which explicit queries ask a question for.
    """

    draft: str
    lowest: float | None
    before: bool
    looked_up: bool
    query: str = ""
    doubtful: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether it is decided otherwise than in the run."""
        return self.looked_up != self.before


@dataclass(frozen=True, slots=True)
class Redecided(Shown):
    """The decisions on all sentences of an answer at other thresholds; see `redecided`."""

    theta: float
    beta: float
    decisions: tuple[Decision, ...]

    @property
    def looked_up(self) -> int:
        """How many sentences are looked up."""
        return sum(decision.looked_up for decision in self.decisions)


def redecided(value: Answer | object, *, theta: float = 0.8, beta: float = 0.4) -> Redecided:
    """Decide again which sentences of an answer to look up, over its recorded probabilities and without a call.

    Args:
        value: an answer whose parts have tokens with probabilities, or the `Result` of the run that gave it.
        theta: a sentence is looked up if one of its tokens is less likely than this, in [0, 1].
        beta: tokens less likely than this are left out of its query, in [0, 1].

    Raises:
        UsageProblem: the value is no answer, no part of it was measured, or a threshold is no probability.
    """
    answer = getattr(value, "value", value)
    if not isinstance(answer, Answer):
        raise UsageProblem(f"a {type(answer).__name__} has no decisions", hint="Give an Answer, or the Result of one.")
    for name, limit in (("theta", theta), ("beta", beta)):
        if not isinstance(limit, int | float) or not 0 <= limit <= 1:
            raise UsageProblem(f"{name}={limit!r} is no probability", hint="Give a number from 0 to 1.")
    if not any(map(is_measured, answer.parts)):
        raise UsageProblem(
            "the answer has no recorded probabilities",
            hint="Run flare with a model that gives log-probabilities, or with confidence='agreement' or 'doubt'.",
        )
    return Redecided(theta, beta, tuple(_decided(part, theta, beta) for part in answer.parts))


def is_measured(part: Part) -> bool:
    """Whether a part has probabilities by which it can be decided on."""
    return any(token.logprob is not None for token in part.tokens)


def _decided(part: Part, theta: float, beta: float) -> Decision:
    before = part.decision != "first" and bool(part.queries)
    if part.decision == "first" or not is_measured(part):
        return Decision(part.draft, None, before, before)
    likely = probabilities(part.tokens)
    lowest = min(likely)
    if not flare_queries.unlikely(lowest, theta):
        return Decision(part.draft, lowest, before, False)
    query = flare_queries.implicit(part.tokens, likely, beta) or flare_queries.whole(part.tokens)
    texts = [token.text for token in part.tokens]
    spans = ("".join(texts[start:end]).strip() for start, end in flare_queries.spans(likely, beta))
    return Decision(part.draft, lowest, before, True, query, tuple(filter(None, spans)))
