"""Ending a text at the first stop string, in one piece or while it streams."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.tokens import slice_tokens
from memagent.types import Token


def cut(text: str, stop: Sequence[str]) -> str:
    """Return `text` up to the stop string that is complete first, as a model would end there; all of it without one."""
    found = [(text.find(mark) + len(mark), -len(mark)) for mark in stop if mark and mark in text]
    return text[: sum(min(found))] if found else text


class Cutter:
    """Cuts a stream of tokens at the first stop string, holding back those that may be the beginning of one."""

    def __init__(self, stop: Sequence[str]) -> None:
        self.done = False
        self._stop = tuple(stop)
        self._held: list[Token] = []

    def push(self, token: Token) -> list[Token]:
        """Take the next token and return those that certainly belong to the text. Nothing more comes once `done`."""
        self._held.append(token)
        text = "".join(held.text for held in self._held)
        kept = cut(text, self._stop)
        if len(kept) < len(text):
            self.done = True
            return list(slice_tokens(self.flush(), 0, len(kept)))
        return self._release(len(text) - self._undecided(text))

    def flush(self) -> list[Token]:
        """Return what was held back: the stream has ended without a stop string."""
        held, self._held = self._held, []
        return held

    def _release(self, size: int) -> list[Token]:
        """Return the whole tokens among the first `size` characters that are held."""
        count, at = 0, 0
        for token in self._held:
            at += len(token.text)
            if at > size:
                break
            count += 1
        ready, self._held = self._held[:count], self._held[count:]
        return ready

    def _undecided(self, text: str) -> int:
        longest = min(max((len(mark) for mark in self._stop), default=1) - 1, len(text))
        for size in range(longest, 0, -1):
            if any(mark.startswith(text[-size:]) for mark in self._stop):
                return size
        return 0
