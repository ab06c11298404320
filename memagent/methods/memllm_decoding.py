"""Writing a list of triples by raw decoding, closed by late stopping (MemLLM, arXiv:2404.11672, and its code).

The model continues `({MEM_WRITE-->` itself. Where it would close the list, how likely the list so far is with its end
is recorded, closing is barred for one token, and it goes on with what it holds for second best; once the best such
point is `patience` points old, the list is cut there.

Departures from the published code, which has a private fork of its server for it:

- Two calls for each opportunity, over any backend that takes a prefill and a logit bias and gives log-probabilities;
  each reads the prompt again. Without the latter two, the list is closed at the first opportunity, by one call.
- What closes need not be one token of the vocabulary: the tokens are barred that the model turned out to close with.
- A model that ends without closing, or comes to the limit of tokens, has its list cut at the best point so far.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from memagent.errors import CapabilityError
from memagent.flow import Flow, generate
from memagent.methods.memllm_grammar import CLOSE, OPEN, RESULTS, WRITE, WriteCall, closes, parse_write, whole_triples
from memagent.methods.memllm_probabilities import confidences, late_stop
from memagent.tokens import slice_tokens
from memagent.types import Completion, Message, Token

BEGUN = f"{OPEN}{WRITE}{RESULTS}"
FORBIDDEN = -100.0
"""What is added to the logit of a token that closes the list."""

PATIENCE = 5
"""How many points old the best one must be: the paper's."""

CUT_OFF = "its list was cut off behind {} tokens, and what may be half of a triple was left out"

_SPELLINGS = 8  # tokens that are barred one after the other at one place; a model that closes with more is let close
_NEEDED = frozenset({"logprobs", "logit_bias"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """A call as it was written, and what of the writing did not go as it should, or ''."""

    call: WriteCall
    problem: str = ""


def decoded(
    messages: Sequence[Message], *, can: frozenset[str], patience: int, max_tokens: int, timeout: float | None
) -> Flow[Decoded]:
    """Let a model that takes a prefill write a call, and return its triples, with confidences where it tells them.

    One call of the model; with late stopping two more for each opportunity to close but the last, and one for each
    further spelling of what closes.

    Args:
        messages: what the call answers.
        can: the abilities of the model.
        patience: points by which late stopping waits for a better one; 0 closes at the first.
        max_tokens: how many tokens the list has at most.
        timeout: seconds for each call.
    """
    run = _List(messages, can, patience if can >= _NEEDED else 0, max_tokens, timeout)
    yield from run.write()
    tokens = (Token(BEGUN, 0.0), *run.tokens)
    call = parse_write("".join(token.text for token in tokens))
    sure = confidences(tokens) if "logprobs" in can else {}
    return Decoded(WriteCall(call.triples, call.problems, sure), run.problem)


@dataclass(frozen=True, slots=True)
class _Point:
    """An opportunity to close: at which character, the list there, and its score for `late_stop`."""

    at: int
    tokens: tuple[Token, ...]
    score: float


@dataclass
class _List:
    """A list while it is written."""

    messages: Sequence[Message]
    can: frozenset[str]
    patience: int
    max_tokens: int
    timeout: float | None
    tokens: tuple[Token, ...] = ()
    prompt: int = 0  # tokens, which the published code counts to the length
    points: list[_Point] = field(default_factory=list)
    barred: dict[str, float] = field(default_factory=dict)
    problem: str = ""

    def write(self) -> Flow[None]:
        """Write up to where the list is closed for good; `tokens` are then the list."""
        same = 0  # closings in a row that are where the one before was
        while len(self.tokens) < self.max_tokens:
            reply = yield from self._call(self.max_tokens - len(self.tokens))
            self.prompt = self.prompt or reply.usage.input_tokens
            self.tokens += _tokens(reply)
            text = self._text()
            at = closes(text)
            if at is None:
                if reply.finish_reason == "length":
                    break
                return self._best()
            kept, closing = self._taken(at)
            same = same + 1 if self.points and at <= self.points[-1].at else 0
            if not same:
                self.points.append(_Point(at, kept, self._score(closing)))
            if self._is_late() or same > _SPELLINGS:
                return self._best()
            if not (yield from self._go_on(closing)):
                return self._best()
        self._cut_off()

    def _taken(self, at: int) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
        """Take away the tokens that close the list at a character; return the list up to there, and them."""
        starts = [0, *accumulate(len(token.text) for token in self.tokens)]
        first, after = bisect_right(starts, at) - 1, bisect_left(starts, at + len(CLOSE))
        kept, closing = slice_tokens(self.tokens, 0, at), self.tokens[first:after]
        self.tokens = self.tokens[:first]
        return kept, closing

    def _score(self, closing: Sequence[Token]) -> float:
        """(Cumulative log-probability + that of closing) / length of prompt and list."""
        whole = (*self.tokens, *closing)
        length = self.prompt + len(whole)
        return sum(token.logprob or 0.0 for token in whole) / length if length else 0.0

    def _is_late(self) -> bool:
        return not self.patience or late_stop([point.score for point in self.points], self.patience) is not None

    def _go_on(self, closing: Sequence[Token]) -> Flow[bool]:
        """Write one token that does not close the list; return whether there is one."""
        self.barred[closing[0].text] = FORBIDDEN
        try:
            reply = yield from self._call(1, self.barred)
        except CapabilityError as error:
            self.problem = f"late stopping ended early: {error.message}"
            return False
        self.tokens += _tokens(reply)
        return bool(reply.text)

    def _best(self) -> None:
        """Cut the list at its best point, or leave it as it is if it never closed."""
        if self.points:
            self.tokens = max(self.points, key=lambda point: point.score).tokens

    def _cut_off(self) -> None:
        """Cut a list that came to the limit at its best point, or before what may be half of a triple."""
        if self.points:
            return self._best()
        self.problem = CUT_OFF.format(len(self.tokens))
        self.tokens = slice_tokens(self.tokens, 0, whole_triples(BEGUN + self._text()) - len(BEGUN))

    def _text(self) -> str:
        return "".join(token.text for token in self.tokens)

    def _call(self, max_tokens: int, bias: dict[str, float] | None = None) -> Flow[Completion]:
        return (
            yield from generate(
                self.messages,
                max_tokens=max_tokens,
                temperature=0.0,
                stop=("\n\n",) if "stop" in self.can else (),
                logprobs="logprobs" in self.can,
                logit_bias=bias,
                prefill=BEGUN + self._text(),
                timeout=self.timeout,
                label="memllm/write",
            )
        )


def _tokens(reply: Completion) -> tuple[Token, ...]:
    return reply.tokens or ((Token(reply.text),) if reply.text else ())
