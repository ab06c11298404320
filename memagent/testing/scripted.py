"""A language model that says what it was told to say, and remembers what it was asked."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

from memagent.llms.abilities import require
from memagent.llms.base import Ability
from memagent.llms.stopping import cut
from memagent.types import Completion, Request, Token, Usage, estimate_prompt, estimate_tokens

Reply = str | Completion | Exception | Callable[[Request], "str | Completion | Exception"]
_WORDS = re.compile(r"\s*\S+|\s+$")


class OutOfReplies(AssertionError):
    """The script has ended and the model was asked once more."""


class ScriptedLLM:
    """Answers each request with the next of `replies`; thread-safe, no waiting, no network.

    A reply is a `str`, a `Completion` (given back as it is), an exception (raised), or a callable that takes the
    `Request` and returns one of these. A `str` is cut at the request's stop strings; if the request asks for
    log-probabilities (declare `logprobs` in `can` for that), each of its words gets logprob 0.0: give a `Completion`
    for other values. Streams come word by word, or token by token where the `Completion` has tokens.

    Attributes:
        requests: every request so far, in the order of asking.

    Raises:
        OutOfReplies: it was asked more often than there are replies.
    """

    def __init__(
        self,
        replies: Iterable[Reply] = (),
        *,
        can: Iterable[Ability] = ("stop", "prefill", "logit_bias", "schema", "seed"),
        name: str = "scripted",
    ) -> None:
        self.name = name
        self.can: frozenset[Ability] = frozenset(can)
        self.requests: list[Request] = []
        self._replies = list(replies)
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """How many replies have not been used."""
        return max(0, len(self._replies) - len(self.requests))

    def complete(self, request: Request) -> Completion:
        """Answer with the next reply."""
        require(self.name, self.can, request)
        reply = self._next(request)
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Completion) else self._completion(request, reply)

    async def acomplete(self, request: Request) -> Completion:
        """Answer with the next reply."""
        return self.complete(request)

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield the next reply word by word, then the completion."""
        completion = self.complete(request)
        text = completion.text if isinstance(completion.text, str) else ""  # a test may give what is no text
        yield from completion.tokens or [Token(word) for word in words(text)]
        yield completion

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield the next reply word by word, then the completion."""
        for item in self.stream(request):
            yield item

    def _next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            made = len(self.requests)
            if made > len(self._replies):
                asked = request.label or (request.messages[-1].content[:80] if request.messages else "nothing")
                raise OutOfReplies(
                    f"{self.name} has {len(self._replies)} replies and was asked for the {made}th time: {asked!r}"
                )
            return self._replies[made - 1]

    def _completion(self, request: Request, reply: str) -> Completion:
        text = cut(reply, request.stop)
        tokens = tuple(Token(word, 0.0) for word in words(text)) if request.logprobs else ()
        prompt = estimate_prompt(request)
        usage = Usage(calls=1, input_tokens=prompt, output_tokens=estimate_tokens(text), estimated=True)
        return Completion(text, tokens, usage=usage, model=self.name)


def words(text: str) -> list[str]:
    """Split a text into words with the space before them; joined, they are the text again."""
    return _WORDS.findall(text)
