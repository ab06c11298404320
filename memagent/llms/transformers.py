"""A model of the Hugging Face hub, run on this machine: real log-probabilities, prefill, stop strings, logit bias."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from memagent.devices import find_device
from memagent.errors import BackendError, Refused
from memagent.llms.abilities import require
from memagent.llms.base import Ability
from memagent.llms.prices import FREE
from memagent.llms.running import in_thread
from memagent.llms.stopping import Cutter
from memagent.llms.transformers_loading import library, load
from memagent.llms.transformers_prompt import prompt_ids
from memagent.llms.transformers_sampling import Sampler
from memagent.llms.transformers_tokens import TextReader, Vocabulary
from memagent.types import Completion, FinishReason, Request, Token, Usage


class Transformers:
    """A causal language model of transformers, loaded when this is made. What it costs is nothing.

    Args:
        model: a name on the hub, or the folder of a model. A folder and what was downloaded before need no network.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; the best that is there if not given. The model must fit on it.
        dtype: `float32`, `bfloat16`, `float16`, or `auto` for what the weights were saved in; `float32` on a processor
            and `auto` elsewhere if not given.
        max_tokens: what a request may generate that does not say it.
        window: tokens of prompt and answer together; the model's own limit if not given.
        name: how the model is called in traces and messages.

    The prompt follows the tokenizer's chat template. A model without one (a base model) continues the contents of the
    messages, joined by empty lines; see `transformers_prompt`. The text is exactly what follows the prompt: it may
    begin with a blank, and what a model thinks aloud is part of it.

    Promised:
        `logprobs`: the model's own, at temperature 1 and before any bias. A character made of several tokens is one
        `Token` with their sum; the end mark and other control tokens are none.
        `prefill`: the assistant's turn is begun with it.
        `stop`: generation ends with the token that completes a stop string; the text ends before the string.
        `logit_bias`: for each token with that text, and with that text behind one blank; a text that is no token is
        refused. Added to the logits before the temperature.
        `seed`: one request with one seed gives one text on one machine. Without a seed, sampling differs each time.
    Wishes: `max_tokens`, as far as the window has room; `temperature`, where `None` is 0, the likeliest token each
    time, and nothing else (no top-p, top-k) shapes the choice; `timeout`, looked at between tokens: reading the prompt
    is one piece of work that it cannot end. `schema` is left to the prompt.

    `Usage` counts the prompt with its template and prefill, and every generated token, the end mark among them. A
    stream computes only when it is asked for its next token; who leaves it stops it, and a cancelled task ends at the
    token that is being computed. Calls from several threads take turns, token by token, each with a cache of its own.

    Raises:
        ExtraMissing: torch or transformers is not installed.
        ConfigError: the device is not there, or the model cannot be loaded.
        Refused: the prompt does not fit into the window, or the chat template does not take it.
        BackendError: it took too long (`retryable` if it waited for other calls), the memory of the device is full, or
            the model gives no numbers.
        CapabilityError: a text of `logit_bias` is no token of this model.
    """

    can: frozenset[Ability] = frozenset({"logprobs", "stop", "prefill", "logit_bias", "seed"})
    price = FREE

    def __init__(
        self,
        model: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        max_tokens: int = 1024,
        window: int | None = None,
        name: str | None = None,
    ) -> None:
        library()
        self.name = name or f"transformers:{model}"
        self.device = find_device(device)
        self._model, self._tokenizer = load(model, self.device, dtype)
        self.window = window or getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        self._max_tokens = max_tokens
        self._ends = _ends(self._model, self._tokenizer)
        self._vocabulary = Vocabulary(self._tokenizer, self.name)
        self._lock = threading.Lock()  # held for a token, not for a call: a stream that nobody reads blocks no one

    def __repr__(self) -> str:
        return f"Transformers(name={self.name!r}, device={self.device!r})"

    def complete(self, request: Request) -> Completion:
        """Answer in one piece."""
        return self._whole(request, threading.Event())

    async def acomplete(self, request: Request) -> Completion:
        """Answer in one piece, in a thread that ends soon after this is cancelled."""
        left = threading.Event()
        try:
            return await asyncio.to_thread(self._whole, request, left)
        finally:
            left.set()

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield each token once it is certain that it belongs to the text, then the completion."""
        return self._generate(request, threading.Event())

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield as `stream` does, without blocking the event loop."""
        left = threading.Event()
        try:
            async for item in in_thread(self._generate(request, left)):
                yield item
        finally:
            left.set()

    def _whole(self, request: Request, left: threading.Event) -> Completion:
        *_, last = self._generate(request, left)
        assert isinstance(last, Completion)
        return last

    def _generate(self, request: Request, left: threading.Event) -> Iterator[Token | Completion]:
        """Yield tokens and the completion; end early once `left` is set, when nobody reads them any more."""
        require(self.name, self.can, request)
        ends = None if request.timeout is None else time.monotonic() + request.timeout
        with self._turn(request, ends):
            prompt = prompt_ids(request, self._tokenizer, self.name)
            answer = _Answer(request, TextReader(self._tokenizer, prompt), len(prompt), self.name)
            limit = self._room(request, len(prompt))
            sampler = self._sampler(request, prompt)
        while answer.written < limit and not answer.finished and not left.is_set():
            if ends is not None and time.monotonic() > ends:
                raise self._too_late(request)
            with self._turn(request, ends):
                ready = self._next(sampler, answer)
            yield from ready
        yield from answer.rest()
        yield answer.completion()

    def _next(self, sampler: Sampler, answer: _Answer) -> list[Token]:
        number, logprob = sampler.step()
        if logprob != logprob:
            raise BackendError(
                f"{self.name} computed no numbers (NaN)", hint='Load it with dtype="float32", or check its weights.'
            )
        if number in self._ends:
            answer.end()
            return []
        return answer.add(number, logprob, control=number in self._vocabulary.controls)

    def _sampler(self, request: Request, prompt: list[int]) -> Sampler:
        return Sampler(
            self._model,
            prompt,
            self._vocabulary.size,
            bias=self._vocabulary.biases(request.logit_bias),
            temperature=request.temperature,
            seed=request.seed,
        )

    def _room(self, request: Request, prompt: int) -> int:
        """Return how many tokens may be generated behind a prompt of so many."""
        limit = self._max_tokens if request.max_tokens is None else request.max_tokens
        if self.window is None:
            return limit
        if prompt >= self.window:
            raise Refused(
                f"the prompt has {prompt} tokens, and the window of {self.name} is {self.window}",
                hint="Ask with fewer or shorter passages, or take a model with a larger window.",
            )
        return min(limit, self.window - prompt)

    @contextmanager
    def _turn(self, request: Request, ends: float | None) -> Iterator[None]:
        """Hold the model and its tokenizer for one piece of work."""
        import torch

        if not self._lock.acquire(timeout=-1 if ends is None else max(0.0, ends - time.monotonic())):
            raise self._too_late(request, waiting=True)
        try:
            yield
        except torch.cuda.OutOfMemoryError as error:
            raise BackendError(
                f"the memory of {self.device} is full: {' '.join(str(error).split())[:200]}",
                hint="Ask with a shorter prompt, or take a smaller model, a smaller dtype or device='cpu'.",
            ) from error
        finally:
            self._lock.release()

    def _too_late(self, request: Request, *, waiting: bool = False) -> BackendError:
        return BackendError(
            f"{self.name} did not finish within {request.timeout:g} s",
            hint="Give it more time with timeout=, or ask for fewer tokens.",
            retryable=waiting,
        )


class _Answer:
    """An answer as it is put together. `written` counts generated tokens; `finished` says that the model has ended."""

    def __init__(self, request: Request, reader: TextReader, shown: int, name: str) -> None:
        self.written = 0
        self.finished = False
        self._request, self._reader, self._shown, self._name = request, reader, shown, name
        self._cutter = Cutter(request.stop)
        self._tokens: list[Token] = []

    def end(self) -> None:
        """Take note of the end mark."""
        self.written += 1
        self.finished = True

    def add(self, number: int, logprob: float, *, control: bool) -> list[Token]:
        """Take a generated id and return the tokens that certainly belong to the text."""
        self.written += 1
        return [] if control else self._keep(self._reader.push(number, logprob))

    def rest(self) -> list[Token]:
        """Return the tokens that were held back to the end."""
        if self._cutter.done:
            return []
        kept = self._keep(self._reader.finish())
        return kept if self._cutter.done else kept + self._taken(self._cutter.flush())

    def completion(self) -> Completion:
        """Return the whole answer; call it after `rest`."""
        text = "".join(token.text for token in self._tokens)
        tokens = tuple(self._tokens) if self._request.logprobs else ()
        reason: FinishReason = "stop" if self.finished else "length"
        return Completion(text, tokens, reason, Usage(1, self._shown, self.written, 0.0), self._name)

    def _keep(self, tokens: list[Token]) -> list[Token]:
        ready = [piece for token in tokens for piece in self._cutter.push(token)]
        self.finished |= self._cutter.done
        return self._taken(ready)

    def _taken(self, tokens: list[Token]) -> list[Token]:
        shown = tokens if self._request.logprobs else [Token(token.text) for token in tokens]
        self._tokens += shown
        return shown


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return the ids of the tokens with which the model ends its turn."""
    own = getattr(model.generation_config, "eos_token_id", None)
    listed = own if isinstance(own, list | tuple) else [own]
    return frozenset(number for number in (*listed, tokenizer.eos_token_id) if number is not None)
