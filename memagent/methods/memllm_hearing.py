"""What is gone through and what comes back when triples are written: the lines of a text, the triples of a reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from memagent.gate.reasons import MODEL, PROMPT, RECALLED
from memagent.gate.turns import Line, lines
from memagent.methods.memllm_calls import write_calls
from memagent.methods.memllm_decoding import BEGUN, CUT_OFF, Decoded
from memagent.methods.memllm_grammar import OPEN, WriteCall, parse_write, whole_triples
from memagent.methods.memllm_probabilities import confidences
from memagent.tokens import slice_tokens
from memagent.types import Completion, Message, Role, Token

_NOT_SAID_BY_A_PERSON: dict[Role, str] = {"system": PROMPT, "assistant": MODEL, "tool": RECALLED}


def lines_of(text: str | Sequence[Message], speaker: str, shown: Sequence[str]) -> Iterator[Line]:
    """The lines of a text or of messages, each with why nothing is learnt from it, or ''."""
    if isinstance(text, str):
        yield from lines(text, speaker, shown)
        return
    for message in text:
        if why := _NOT_SAID_BY_A_PERSON.get(message.role, ""):
            yield from (Line(line.strip(), why) for line in message.content.splitlines() if line.strip())
        else:
            yield from lines(message.content, speaker, shown)


def read_triples(reply: Completion) -> Decoded:
    """The triples of a reply. A bare list of them, which a small model may write, is taken for a call."""
    begun = BEGUN if OPEN not in reply.text and ">>" in reply.text else ""
    tokens = (Token(begun, 0.0), *(reply.tokens or (Token(reply.text),)))
    text, problem = begun + reply.text, ""
    if reply.finish_reason == "length":
        problem = CUT_OFF.format(reply.usage.output_tokens)
        text = text[: whole_triples(text)]
        tokens = slice_tokens(tokens, 0, len(text))
    if reply.calls:
        return Decoded(write_calls(reply.calls), problem)
    call = parse_write(text)
    return Decoded(WriteCall(call.triples, call.problems, confidences(tokens)), problem)
