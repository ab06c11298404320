"""Models with a price that keep their own bill, for tests of what a story spends."""

from __future__ import annotations

import json
from collections.abc import Callable

from memagent.llms.prices import Price
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Request, Usage, estimate_tokens

PRICE = Price(input=10.0, output=50.0)
WORDS = "word " * 200
PLANS = [f"Plan {letter} of some words." for letter in "abc"]


def step(text: str) -> str:
    """A reply that is a paragraph of about 200 words."""
    return json.dumps({"paragraph": f"{text} {WORDS}", "rationale": "", "memory": "Mara waits.", "plans": PLANS})


def opening() -> str:
    fields = {"title": "The Lamp", "outline": "It goes out.", "memory": "Mara waits.", "plans": PLANS}
    return json.dumps({**fields, "paragraphs": [f"{text} {WORDS}" for text in ("One.", "Two.", "Three.")]})


def usual(request: Request) -> str:
    """What a model of use answers to each call of a story."""
    asked = " ".join(message.content for message in request.messages)
    replies: dict[str, Callable[[], str]] = {
        "begin": opening,
        "step": lambda: step(f"Number {sum(map(ord, asked)) % 1000}."),
        "choose": lambda: '{"reason": "", "choice": 1}',
        "more": lambda: json.dumps({"plans": [f"Other {letter}." for letter in "abc"]}),
        "rewrite": lambda: json.dumps({"paragraph": "Anew."}),
        "refresh": lambda: json.dumps({"memory": "Mara waits still."}),
        "plan": lambda: json.dumps({"chapters": [{"title": f"T{at}", "beats": ["A beat."]} for at in range(3)]}),
        "follow": lambda: json.dumps({"memory": "Mara waited.", "plans": PLANS}),
        "facts": lambda: json.dumps({"contradictions": [], "facts": []}),
        "continuity": lambda: '{"contradictions": []}',
    }
    return replies[request.label.partition("/")[2]]()


class Priced(ScriptedLLM):
    """Answers as `says` says, up to `max_tokens`, a token a word; `billed` is what it is owed."""

    price = PRICE

    def __init__(self, says: Callable[[Request], str] = usual, name: str = "openai:fake") -> None:
        super().__init__([], name=name)
        self.says, self.billed = says, Usage()

    @property
    def longest(self) -> int:
        """The most tokens that any request allowed; that none was without an end is checked here."""
        assert all(request.max_tokens for request in self.requests)
        return max(request.max_tokens or 0 for request in self.requests)

    def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        words = self.says(request).split(" ")
        said = words[: request.max_tokens]
        read = sum(estimate_tokens(message.content) for message in request.messages)
        usage = Usage(1, read, len(said), PRICE.cost(read, len(said)))
        self.billed += usage
        reason = "stop" if said == words else "length"
        return Completion(" ".join(said), finish_reason=reason, usage=usage, model=self.name.partition(":")[2])


def endless(request: Request) -> str:
    """A reply that goes on and on."""
    return '{"paragraph": "' + "la " * 60_000
