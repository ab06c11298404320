"""Finds the prose in a structured reply while it is still coming in, so that a story can be read as it is written."""

from __future__ import annotations

from typing import Any

from memagent.methods.recurrent_reply import tidy_prose


class ProseStream:
    """Feed it the tokens of one reply; it returns the new piece of prose, or nothing.

    Only JSON replies are followed; any other reply stays silent and is shown when it has been read as a whole.
    """

    def __init__(self) -> None:
        self._reply = ""
        self.shown = ""

    def feed(self, token: str) -> str:
        """Take a token; return the prose that it adds."""
        self._reply += token
        prose = _prose(self._reply)
        if len(prose) <= len(self.shown) or not prose.startswith(self.shown):
            return ""
        new, self.shown = prose[len(self.shown) :], prose
        return new


def _prose(reply: str) -> str:
    start = reply.find("{")
    if start < 0:
        return ""
    from pydantic_core import from_json

    try:
        found: Any = from_json(reply[start:], allow_partial="trailing-strings")
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    if isinstance(paragraphs := found.get("paragraphs"), list):
        return "\n\n".join(tidy_prose(text) for text in paragraphs if isinstance(text, str))
    paragraph = found.get("paragraph")
    return tidy_prose(paragraph) if isinstance(paragraph, str) else ""
