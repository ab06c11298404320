"""What a read found and what became of a sentence, as the model or the caller is shown it (arXiv:2404.11672)."""

from __future__ import annotations

from dataclasses import dataclass

from memagent.methods.memllm_grammar import ReadCall, print_query
from memagent.prompts.contained import contained
from memagent.triples import EXACT, Reading, Refusal, Value
from memagent.types import Hit, Triple

WITH, WITHOUT = "written with what was read", "written without a read"
"""How the reason of a part of an answer begins."""

STOPS, DROPPED = "it stops to read", "a call at its end was dropped"
"""How it goes on where the part ends in a call."""

ASKED = "; it asked "
"""What stands before the queries of a call that was dropped, behind why it was."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence that was gone through, or a line that was passed over: what was kept of it, and what was refused."""

    text: str
    kept: tuple[Triple, ...] = ()
    refused: tuple[Refusal, ...] = ()


def told(value: Value) -> str:
    """Return a value as the model is shown it: with its fact where that does not say just what was asked.

    It has no marks of a chat template and no tags of the prompt: it may be shown outside one, as the result of a tool.
    """
    return contained(value.text if value.distance < EXACT else value.fact.text, _TAGS)


_TAGS = frozenset({"question", "relations", "so_far", "found"})
"""What the prompts of an answer mark their parts with."""


def shown(call: ReadCall) -> str:
    """Return the queries of a call on one line."""
    return "; ".join(map(print_query, call.queries))


def hits_of(reading: Reading) -> tuple[Hit, ...]:
    """Return the facts that were read, as hits; the score is 1 - distance."""
    return tuple(
        Hit(
            id=value.fact.id,
            text=value.fact.text,
            score=max(0.0, min(1.0, 1 - value.distance)),
            why=f"read at distance {value.distance:g}",
            source=", ".join(value.fact.sources),
            kind="fact",
            triple=(value.fact.subject, value.fact.relation, value.fact.object),
        )
        for value in reading.values
    )
