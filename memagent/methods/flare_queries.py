"""What FLARE looks up for a sentence that the model is unsure of (arXiv:2305.06983, section 3.2.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memagent.flow import Flow, gather, generate
from memagent.methods.writer import Writer
from memagent.prompts import fill
from memagent.types import Hit, Token

LONGEST = 64
"""A query has at most so many tokens: its last ones. The question itself is never cut."""

GAP = 5
"""A new span begins so many tokens after the last unlikely one; what lies between those of one span belongs to it."""

_SAYS = re.compile(r"\w")


def unlikely(probability: float, limit: float, *, inclusive: bool = False) -> bool:
    """Whether a token is below the limit; with `inclusive`, as the published code has it, at it as well."""
    return probability <= limit if inclusive else probability < limit


def implicit(tokens: Sequence[Token], probabilities: Sequence[float], beta: float, *, inclusive: bool = False) -> str:
    """Return a sentence with a blank in place of each token that is less likely than `beta`; '' if nothing is left."""
    kept = [
        " " if unlikely(probability, beta, inclusive=inclusive) else token.text
        for token, probability in zip(tokens, probabilities, strict=True)
    ]
    query = "".join(kept[-LONGEST:]).strip()
    return query if _SAYS.search(query) else ""


def whole(tokens: Sequence[Token]) -> str:
    """Return a sentence as it is, the last tokens of a long one."""
    return "".join(token.text for token in tokens[-LONGEST:]).strip()


def spans(probabilities: Sequence[float], beta: float, *, inclusive: bool = False) -> list[tuple[int, int]]:
    """Return the spans of tokens, from and up to, that hold those less likely than `beta`."""
    found: list[tuple[int, int]] = []
    for at, probability in enumerate(probabilities):
        if not unlikely(probability, beta, inclusive=inclusive):
            continue
        if found and at - (found[-1][1] - 1) < GAP:
            found[-1] = found[-1][0], at + 1
        else:
            found.append((at, at + 1))
    return found


def explicit(
    writer: Writer,
    so_far: str,
    tokens: Sequence[Token],
    probabilities: Sequence[float],
    beta: float,
    *,
    inclusive: bool = False,
) -> Flow[list[str]]:
    """Ask the model for a question to each unlikely span of a sentence; one call for each, at once.

    Replies that are no question are left out, and so are spans that say nothing. The rest of the code's treatment,
    growing each span to a phrase by a call of its own, is left out: the question is asked for in the same call.
    """
    sentence = "".join(token.text for token in tokens)
    texts = [
        "".join(token.text for token in tokens[start:end])
        for start, end in spans(probabilities, beta, inclusive=inclusive)
    ]
    pieces = list(dict.fromkeys(text.strip() for text in texts if _SAYS.search(text)))

    def asked(piece: str) -> Flow[str]:
        messages = fill("flare/question", question=writer.question, so_far=(so_far + sentence).strip(), piece=piece)
        reply = yield from generate(
            messages, max_tokens=LONGEST, temperature=0.0, timeout=writer.timeout, label="flare/question"
        )
        return question_in(reply.text)

    found = yield from gather(*(asked(piece) for piece in pieces))
    return list(dict.fromkeys(question for question in found if question))


def question_in(reply: str) -> str:
    """Return the first line of a reply that is a question, without quotation marks and labels; '' if there is none."""
    for line in reply.splitlines():
        line = re.sub(r"^[\W_]*(?:question\W*:\W*)?", "", line.strip(), flags=re.IGNORECASE).rstrip("\"'`*_ ”’")
        if line.endswith(("?", "？", "؟")) and _SAYS.search(line):
            return line
    return ""


def interleaved(rankings: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """Return up to `k` hits of several rankings: the first of each, then the second of each, each passage once."""
    found: dict[tuple[str, str], Hit] = {}
    for rank in range(max(map(len, rankings), default=0)):
        for hits in rankings:
            if rank < len(hits):
                found.setdefault((hits[rank].id, hits[rank].text), hits[rank])
    return list(found.values())[:k]
