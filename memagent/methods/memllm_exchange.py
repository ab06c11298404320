"""The tool calls of an answer with their results, as the model that goes on with it is shown them.

What was found last stays shown until something else is found. Calls that came to nothing since stand behind it, those
of one reply alone, so that the model knows that it need not repeat them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from memagent.types import Message, ToolCall

Calls = tuple[tuple[ToolCall, str], ...]
"""The tool calls of one reply, each with its result."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What of the tool calls is shown.

    Attributes:
        found: those of the reply whose calls found what is shown now.
        at: how many characters of the answer stood before them.
        dropped: those of the last reply since, if they came to nothing.
    """

    found: Calls = ()
    at: int = 0
    dropped: Calls = ()

    def __bool__(self) -> bool:
        return bool(self.found or self.dropped)

    def messages(self, text: str, note: str) -> list[Message]:
        """Return the answer so far with the calls in it, each with its result, and a note behind the last of these."""
        at = self.at if self.found and self.dropped else len(text)
        turns = [(text[:at], self.found), (text[at:], self.dropped)] if self.found else [(text, self.dropped)]
        told: list[Message] = []
        for said, calls in turns:
            if calls:
                told.append(Message("assistant", said, tuple(call for call, _ in calls)))
                told += [Message("tool", result, answers=call.id) for call, result in calls]
        last = told[-1]
        return [*told[:-1], replace(last, content=f"{last.content}\n{note}".strip())]
