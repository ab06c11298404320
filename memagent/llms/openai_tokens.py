"""From a server's log-probability entries to tokens whose joined texts are exactly the reply."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from typing import Any

from memagent.tokens import slice_tokens
from memagent.types import Token

_MISSING = -9999.0  # vLLM's sign for a value that it cut off


class Aligner:
    """Takes text and entries as they arrive and gives out tokens once both cover the same characters.

    They may not at first: a token can end inside a character, and some servers list tokens that are no part of the text
    (an end-of-turn mark, the stop string).
    """

    def __init__(self) -> None:
        self._text = ""
        self._entries: list[Mapping[str, Any]] = []
        self._ahead = 0  # bytes of entries minus bytes of text

    def push(self, text: str, entries: Sequence[Mapping[str, Any]]) -> list[Token]:
        """Take what one piece of the reply brought and return the tokens that are settled."""
        self._text += text
        self._entries.extend(entries)
        self._ahead += sum(len(_bytes(entry)) for entry in entries) - len(text.encode())
        if self._ahead or not self._entries:
            return []
        tokens = decode(self._entries)
        if "".join(token.text for token in tokens) != self._text:
            return []
        self._text, self._entries = "", []
        return tokens

    def finish(self) -> list[Token] | None:
        """Return the last tokens, cut down to the text; `None` if the entries do not contain the text."""
        tokens = decode(self._entries)
        joined = "".join(token.text for token in tokens)
        at = joined.find(self._text)
        return None if at < 0 else list(slice_tokens(tokens, at, at + len(self._text)))


def decode(entries: Sequence[Mapping[str, Any]]) -> list[Token]:
    """Return one token for each entry. A character spread over several tokens belongs to the last of them."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    last = len(entries) - 1
    return [
        Token(decoder.decode(_bytes(entry), final=number == last), logprob(entry.get("logprob")))
        for number, entry in enumerate(entries)
    ]


def logprob(value: Any) -> float | None:
    """Return a log-probability of at most 0, or `None` for the values that servers send in place of one."""
    if not isinstance(value, int | float) or value != value or value <= _MISSING:
        return None
    return min(float(value), 0.0)


def _bytes(entry: Mapping[str, Any]) -> bytes:
    raw = entry.get("bytes")
    return bytes(raw) if raw else str(entry.get("token", "")).encode("utf-8", errors="replace")
