"""What a language-model backend must offer: four ways to make one call, a name, and what it can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Literal, Protocol, runtime_checkable

from memagent.types import Completion, Request, Token

Ability = Literal["logprobs", "stop", "prefill", "logit_bias", "schema", "seed", "tools"]


@runtime_checkable
class Priced(Protocol):
    """What the tokens of a model cost."""

    def cost(self, input_tokens: int, output_tokens: int = 0) -> float:
        """Return US dollars for so many tokens."""
        ...


@runtime_checkable
class LLM(Protocol):
    """A language model. `name` is how users write it (`openai:gpt-5-mini`); `can` is what it can honour of a `Request`.

    A backend may have an attribute `price`: a `Priced`, or `None` where it knows that it does not know. A limit on
    money is kept with it before each call; without the attribute, only what calls report afterwards counts.

    All four calls raise `BackendError` when the backend fails and `CapabilityError` for a request that needs an ability
    that is not in `can` (`seed` and `schema` excepted: those are left out where they are not offered). An error of
    the caller's own code is never turned into one of these.
    """

    name: str
    can: frozenset[Ability]

    def complete(self, request: Request) -> Completion:
        """Answer in one piece."""
        ...

    async def acomplete(self, request: Request) -> Completion:
        """Answer in one piece, without blocking the event loop."""
        ...

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield tokens as they come and, last, the completion that they add up to."""
        ...

    def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield tokens as they come and, last, the completion; without blocking the event loop."""
        ...
