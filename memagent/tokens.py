"""Tokens of a reply, cut so that their texts still join to what they stand for."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.types import Token


def slice_tokens(tokens: Sequence[Token], start: int, end: int) -> tuple[Token, ...]:
    """Return the tokens that cover the characters [start, end) of their joined text, shortening those at the edges."""
    kept, at = [], 0
    for token in tokens:
        after = at + len(token.text)
        if piece := token.text[max(0, start - at) : max(0, end - at)]:
            kept.append(Token(piece, token.logprob))
        at = after
    return tuple(kept)
