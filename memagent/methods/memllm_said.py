"""What a reply adds to an answer that reads while it is written (MemLLM, arXiv:2404.11672): text, and then calls."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from memagent.methods.continuing import continued
from memagent.methods.memllm_calls import read_calls
from memagent.methods.memllm_grammar import OPEN, ReadCall, find_read, parse_read, without_calls
from memagent.types import Completion, ToolCall


class Said(NamedTuple):
    """What a reply adds: its text up to the first call, the calls, and the tool call that each was made of."""

    text: str
    calls: tuple[ReadCall, ...] = ()
    tools: tuple[ToolCall, ...] = ()
    raw: str = ""


def said_by(reply: Completion, so_far: str, *, prefilled: bool, bare: bool) -> Said:
    """Return what a reply adds to the answer so far.

    Tool calls come behind its text, which is therefore whole, also where the limit ended the reply within one of them.

    Args:
        reply: of the model.
        so_far: the answer that it goes on with.
        prefilled: the model continued the answer itself.
        bare: `({` is a token of the model's own, and opens a call whatever comes behind it; see `find_read`.
    """
    if reply.calls:
        before = replace(reply, calls=(), finish_reason="stop")
        piece = continued(so_far, before).text if reply.text.strip() else ""
        calls = tuple(read_calls([call]) for call in reply.calls)
        return Said(without_calls(piece, bare=bare).rstrip(), calls, reply.calls, reply.text)
    text = continued(so_far, reply, prefilled=prefilled).text
    opened = find_read(text, bare=bare)
    if opened is None:
        return Said(_whole(text), raw=reply.text)
    return Said(text[: opened.start].rstrip(), (parse_read(text[opened.start : opened.end]),), raw=reply.text)


def _whole(text: str) -> str:
    """A text without half of an opening at its end, where it was cut off."""
    return text[:-1] if text.endswith(OPEN[0]) else text
