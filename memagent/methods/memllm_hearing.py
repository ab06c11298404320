"""The triples of a reply, where a model was asked what a sentence states."""

from __future__ import annotations

from memagent.methods.memllm_calls import write_calls
from memagent.methods.memllm_decoding import BEGUN, CUT_OFF, Decoded
from memagent.methods.memllm_grammar import OPEN, WriteCall, parse_write, whole_triples
from memagent.methods.memllm_probabilities import confidences
from memagent.tokens import slice_tokens
from memagent.types import Completion, Token


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
