"""The gate of RAT: how sure the model is of a step, so that only doubtful ones are looked up.

`logprobs` takes it from the log-probabilities of the draft, which cost no call: it is the probability of the step's
least likely token, as `flare` has it of a sentence. `agreement` and `doubt` ask, as `confidence.gate` says. A function
or a flow may say it instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from memagent.errors import UsageProblem
from memagent.flow import Flow
from memagent.methods.attempts import given, in_words
from memagent.methods.confidence import gate as by_asking
from memagent.methods.confidence import probabilities
from memagent.methods.thinking import after_thoughts, thoughts_in
from memagent.types import Completion, Token

Gate = Callable[[str, str, str], float | Flow[float]]
"""Says how sure the model is of a step, in [0, 1], from the task, the text before the step, and the step."""

Measured = Literal["logprobs", "agreement", "doubt"]


def checked_gate(gate: Gate | Measured | None, timeout: float | None) -> Gate | Measured | None:
    """Return the gate that a name or a function means; `logprobs`, which needs the draft, stays a name.

    Raises:
        UsageProblem: it is none, or no function of three arguments.
    """
    if gate is None or gate == "logprobs":
        return gate
    if gate == "agreement" or gate == "doubt":
        return by_asking(gate, timeout=timeout)
    if not callable(gate):
        raise UsageProblem(
            f"gate={gate!r} is no gate",
            hint=f"Use {', '.join(map(repr, get_args(Measured)))} or a function; theta= is the number.",
        )
    try:
        inspect.signature(gate).bind("", "", "")
    except TypeError as error:
        hint = "A gate is called with the task, the text before the step, and the step."
        raise UsageProblem(f"gate={gate!r} cannot be called: {error}", hint=hint) from None
    except ValueError:  # a builtin that does not tell its arguments
        return gate
    return gate


def how_sure(gate: Gate | Measured, task: str, before: str, step: str, tokens: Sequence[Token]) -> Flow[Any]:
    """Return how sure the model is of a step, in [0, 1], or in words why that cannot be told.

    A gate that fails is no reason to leave a step alone.

    Raises:
        UsageProblem: the gate says something that is no number in [0, 1].
    """
    if isinstance(gate, str):
        return least_likely(tokens)
    said, error = yield from given(gate, task, before, step)
    if error is not None:
        return f"the gate failed: {in_words(error)}"
    number = _number(said)
    if number is None or not 0 <= number <= 1:
        raise UsageProblem(f"the gate said {said!r}", hint="It must return a number in [0, 1], True or False.")
    return number


def _number(said: Any) -> float | None:
    """What is said as a number: of Python, of NumPy, a `Decimal`; nothing where it is none, such as a coroutine."""
    if isinstance(said, str | bytes):
        return None
    try:
        return float(said)
    except (TypeError, ValueError, OverflowError):
        return None


def least_likely(tokens: Sequence[Token]) -> float | str:
    """Return the probability of the least likely of some tokens, or in words why there is none."""
    telling = [token for token in tokens if token.text.strip()]
    if not telling:
        return "the step has no tokens of the draft by which its confidence could be told"
    if any(token.logprob is None for token in telling):
        return "the model gave no log-probabilities for some tokens of the step"
    return min(probabilities(telling))


def draft_tokens(reply: Completion) -> tuple[Token, ...]:
    """Return the tokens of a draft, without those that the model thought aloud."""
    begin, end = after_thoughts(reply.text), 0
    thoughts = [(0, begin), *((begin + first, begin + last) for first, last in thoughts_in(reply.text[begin:]))]
    found: list[Token] = []
    for token in reply.tokens:
        start, end = end, end + len(token.text)
        if not any(first <= start and end <= last for first, last in thoughts):
            found.append(token)
    return tuple(found)


def tokens_of(steps: Sequence[str], draft: Sequence[Token]) -> list[tuple[Token, ...]]:
    """Return which tokens of a draft each of its steps was made of, blanks aside; none where a step is not in it."""
    owner = [number for number, token in enumerate(draft) for character in token.text if not character.isspace()]
    written = "".join("".join(token.text.split()) for token in draft)
    found: list[tuple[Token, ...]] = []
    at = 0
    for step in steps:
        bare = "".join(step.split())
        place = written.find(bare, at) if bare else -1
        if place < 0:
            found.append(())
            continue
        at = place + len(bare)
        found.append(tuple(draft[number] for number in dict.fromkeys(owner[place:at])))
    return found
