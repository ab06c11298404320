"""Limits on what may be spent, and the meter that keeps to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace

from memagent.errors import BudgetExceeded, ConfigError, ReplyError, UsageProblem
from memagent.llms.base import Priced
from memagent.types import Completion, Request, Usage, estimate_prompt, estimate_tokens


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on what a controller may spend in its lifetime; `None` means no limit.

    A call that could pass a limit is not made: the run stops with `BudgetExceeded`, and a traced run goes on later from
    there. Tokens count input and output; `cost` is in US dollars. A call is charged in advance with its estimated
    input, which is corrected by what calls before were billed, and with its `max_tokens`. One without `max_tokens` is
    made only if the longest reply so far to such a call can be paid, and is given what can be paid as its `max_tokens`
    where that is little; a reply that is cut there stops the run. Where calls at once could pass a limit together, one
    waits for the other. What was streamed of a call that broke off counts by its estimated tokens.

    So a limit is passed only by a model that does not keep to `max_tokens`, that writes more than 16,000 tokens without
    one, or whose first call is billed for far more input than estimated. A model whose price is not known is refused (a
    callable, by its first answer). `seconds` run from the first step.

    Raises:
        UsageProblem: a limit is no number, or negative.
    """

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "cost", "seconds"):
            limit = getattr(self, name)
            number = isinstance(limit, int | float) and not isinstance(limit, bool)
            if limit is not None and not (number and limit >= 0):
                raise UsageProblem(f"the limit on {name} is {limit!r}", hint="Give a number that is not negative.")


@dataclass(frozen=True, slots=True)
class Replies:
    """How long replies are, in tokens of output, by the label of their request; of other requests nothing is known.

    With these, a call is made only if its limit can pay a reply of the usual length, with a quarter more where that
    length was heard and not guessed. And every reply has an end: one that is cut at `most`, or at three times what is
    usual, is a `ReplyError` that says so.

    Attributes:
        guessed: what is usual, before the first one is heard.
        heard: the longest of those that were heard lately.
        most: what a reply has at most.
    """

    guessed: Mapping[str, int] = field(default_factory=dict)
    heard: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)


class Meter:
    """Counts what is spent and refuses what could pass the budget. Safe to use from several branches at once.

    Without a `price`, costs are known only from what calls report afterwards. `replies` says how long these are.
    """

    def __init__(self, budget: Budget, price: Priced | None = None, replies: Replies | None = None) -> None:
        self.budget = budget
        self._price = price
        self._replies = replies
        self._longest = dict(replies.heard) if replies else {}  # tokens of the longest reply to a kind of call
        self._billed = _MARGIN  # the most input tokens that were billed, in estimated ones
        self.spent = Usage()
        self._reserved = Usage()
        self._started: float | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def charging(self, request: Request) -> Iterator[Charge]:
        """Reserve what a call may need, and settle it when the block ends. The charge has the request to be made."""
        while (charge := self._reserved_for(request)) is None:
            self.check_time()
            time.sleep(_PAUSE)
        try:
            yield charge
        finally:
            self._settle(charge)

    @contextlib.asynccontextmanager
    async def acharging(self, request: Request) -> AsyncIterator[Charge]:
        """Like `charging`, on an event loop."""
        while (charge := self._reserved_for(request)) is None:
            self.check_time()
            await asyncio.sleep(_PAUSE)
        try:
            yield charge
        finally:
            self._settle(charge)

    def check_time(self, *, slack: float = 0.0) -> None:
        """Start the clock at the first step; raise `BudgetExceeded` when no more than `slack` seconds are left."""
        left = self.seconds_left()
        if left is not None and left <= slack:
            raise BudgetExceeded(f"the time limit of {self.budget.seconds:g} s is over", hint=_GO_ON)

    def seconds_left(self) -> float | None:
        """Return the seconds left, or `None` without a time limit."""
        if self.budget.seconds is None:
            return None
        now = time.monotonic()
        self._started = now if self._started is None else self._started
        return self.budget.seconds - (now - self._started)

    def _reserved_for(self, request: Request) -> Charge | None:
        """Reserve what a call may need, or return `None` where it has to wait for the calls that are under way."""
        estimated = estimated_input(request)
        inputs = round(estimated * self._billed)
        with self._lock:
            try:
                made, reserve = self._admitted(request, inputs, self._reserved)
            except BudgetExceeded:
                if not self._reserved.calls:
                    raise
                self._admitted(request, inputs, Usage())  # raises where waiting would not help
                return None
            self._reserved += reserve
        return Charge(made, reserve, estimated, self)

    def _settle(self, charge: Charge) -> None:
        with self._lock:
            self._reserved = _minus(self._reserved, charge.reserve)
            self.spent += charge.usage
            label = charge.request.label
            self._longest[label] = max(self._longest.get(label, 0), charge.usage.output_tokens)
            if charge.estimated >= _TELLING and not charge.usage.estimated:
                self._billed = min(2.0, max(self._billed, charge.usage.input_tokens / charge.estimated))

    def _admitted(self, request: Request, inputs: int, busy: Usage) -> tuple[Request, Usage]:
        """Return the request with an end to its reply where that has to be, and what is to be reserved for it."""
        if request.max_tokens is not None:
            self._check(reserve := Usage(1, inputs, request.max_tokens), busy)
            return request, reserve
        usual, most = self.usual(request.label), self.most(request.label)
        self._check(Usage(1, inputs, usual), busy)
        room = self._room(inputs, busy)
        if most is not None and (room is None or room >= most):
            bounded = replace(request, max_tokens=most, capped=True)
            return bounded, Usage(1, inputs, usual if room is None else most)
        if room is None:
            return request, Usage(1, inputs, usual)
        if room >= _MOST:
            return request, Usage(1, inputs, max(usual, _MOST))
        if room < _LEAST:
            raise self.limit_reached()
        return replace(request, max_tokens=room, capped=True), Usage(1, inputs, room)

    def usual(self, label: str) -> int:
        """How many tokens of a reply of a kind have to be paid for before one is asked for."""
        longest = self._longest.get(label, 0)
        if self._replies is None:
            return longest
        return round(_MORE * longest) or self._replies.guessed.get(label, 0)

    def most(self, label: str) -> int | None:
        """How many tokens a reply of a kind may have at most; `None` where that is left to the backend."""
        return self._replies.most.get(label) if self._replies else None

    def cut(self, request: Request, completion: Completion) -> BudgetExceeded | ReplyError:
        """Return the error for a reply that was cut: it had no end, or the limit has come to its own."""
        most, usual = request.max_tokens or 0, self.usual(request.label)
        if self._replies is not None and usual and most >= min(self.most(request.label) or most, _ENDLESS * usual):
            told = f"the reply had no end: it was cut at {most:,} tokens, where about {usual:,} are usual"
            hint = "Try again, or use another model."
            return ReplyError(f"{request.label}: {told}", reply=completion.text, hint=hint)
        return self.limit_reached(cut=completion.usage)

    def _room(self, inputs: int, busy: Usage) -> int | None:
        """How many tokens of output can be paid beside some of input; `None` where nothing limits them."""
        rooms: list[float] = []
        if self.budget.tokens is not None:
            rooms.append(self.budget.tokens - self.spent.tokens - busy.tokens - inputs)
        if self.budget.cost is not None and self._price is not None and (one := self._price.cost(0, 1)) > 0:
            rooms.append((self.budget.cost - (self.spent.cost or 0.0) - self._ahead(busy + Usage(0, inputs))) / one)
        return max(0, int(min(rooms))) if rooms else None

    def _check(self, reserve: Usage, busy: Usage) -> None:
        wanted = self.spent + busy + reserve
        for name, used in (("calls", wanted.calls), ("tokens", wanted.tokens)):
            limit = getattr(self.budget, name)
            if limit is not None and used > limit:
                raise self.limit_reached(name, ahead=reserve)
        limit = self.budget.cost
        if limit is None:
            return
        if self.spent.cost is None:
            raise unknown_price()
        if self.spent.cost >= limit > 0 or self.spent.cost + self._ahead(busy + reserve) > limit:
            raise self.limit_reached("cost", ahead=reserve)

    def _ahead(self, reserve: Usage) -> float:
        return self._price.cost(reserve.input_tokens, reserve.output_tokens) if self._price else 0.0

    def cost_of(self, inputs: int, outputs: int) -> float | None:
        """What tokens cost, in US dollars; `None` where no price is known."""
        return self._price.cost(inputs, outputs) if self._price else None

    def limit_reached(self, name: str = "", ahead: Usage | None = None, cut: Usage | None = None) -> BudgetExceeded:
        """Return the error that says which limit is reached; without a name, the one on output.

        `ahead` is what the next call may need, and `cut` was just spent for a reply that the limit has cut off.
        """
        spent = self.spent + (cut or Usage())
        if name == "cost" or (not name and self.budget.cost is not None):
            text = f"the limit of {_dollars(self.budget.cost or 0.0)} is reached (${spent.cost or 0.0:.4f} spent)"
            need = self._ahead(ahead) if ahead else 0.0
            text += f": the next call may need ${need:.4f}" if need else ""
        else:
            name = name or "tokens"
            text = f"the limit of {getattr(self.budget, name)} {name} is reached ({getattr(spent, name)} used)"
            need = ahead.tokens if ahead and name == "tokens" else 0
            text += f": the next call may need {need}" if need else ""
        return BudgetExceeded(text, hint=_GO_ON, cut=cut, need={name or "cost": need} if need else None)


class Charge:
    """One call: the request to be made, what is reserved for it, and what it turned out to cost.

    One of which nothing was heard before it failed is a call with no tokens; one that was left, of its input at least.
    """

    def __init__(self, request: Request, reserve: Usage, estimated: int, meter: Meter) -> None:
        self.request, self.reserve, self.estimated = request, reserve, estimated
        self.usage = Usage(calls=1)
        self._meter = meter
        self._settled = False

    def paid(self, completion: Completion) -> Completion:
        """Settle a call. Raises what `Meter.cut` returns where its reply is cut off, which nobody should use."""
        self.usage, self._settled = completion.usage, True
        if self.request.capped and self._is_cut(completion):
            raise self._meter.cut(self.request, completion)
        return completion

    @property
    def asked(self) -> Usage:
        """What the call costs at least, once it is made: its input, by estimate."""
        return Usage(1, self.estimated, 0, self._meter.cost_of(self.estimated, 0), estimated=True)

    def overrun(self, said: str) -> Completion:
        """Return as a reply what was heard of one that goes on behind the end that it was given."""
        outputs = estimate_tokens(said)
        cost = self._meter.cost_of(self.estimated, outputs)
        return Completion(said, finish_reason="length", usage=Usage(1, self.estimated, outputs, cost, estimated=True))

    def broken_off(self, said: str, *, left: bool = False) -> None:
        """Count what was heard of a call that broke off: it is billed all the same. `left`: nobody waited for it."""
        if (said or left) and not self._settled:
            inputs, outputs = self.estimated, estimate_tokens(said)
            self.usage = Usage(1, inputs, outputs, self._meter.cost_of(inputs, outputs), estimated=True)

    def _is_cut(self, completion: Completion) -> bool:
        """Whether a reply ended for want of tokens; a backend that gives no reason is judged by their number."""
        if completion.finish_reason in ("stop", "filter"):
            return False
        most, written = self.request.max_tokens or 0, completion.usage.output_tokens
        return written >= (_HALF if completion.finish_reason == "length" else _NEARLY) * most


def unknown_price() -> ConfigError:
    """Return the error for a limit on money with a model whose price is not known."""
    return ConfigError(
        "a limit on money was set, but the price of this model is not known",
        hint="Limit tokens or calls instead, or give its price in a TOML file and name that in MEMAGENT_PRICES:\n"
        '[models]\n"ITS-NAME" = { input = 0.5, output = 1.5 }   # dollars per million tokens; 0 for a free one',
    )


_MOST = 16_000  # tokens: a reply is longer than that only where it was asked for
_MARGIN = 1.15  # by which an estimate of input may be too low
_LEAST = 16  # tokens: what is shorter is no reply
_MORE = 1.25  # of the longest reply so far: what the next one may need
_ENDLESS = 3  # times what is usual: a reply that is cut there had no end
_HALF = 0.5  # of the tokens that a reply may have: one that was cut before that has met a limit of the backend
_NEARLY = 0.9  # of the tokens that a reply may have: backends count them in other ways than we do
_PAUSE = 0.01  # seconds between two looks at whether a call that is under way has ended
_TELLING = 50  # estimated tokens: of fewer, what is billed says nothing of the others


def estimated_input(request: Request) -> int:
    """Return the estimated tokens of all that is sent."""
    told = [json.dumps(request.schema)] * (request.schema is not None)
    told += [json.dumps([tool.name, tool.description, tool.parameters], default=str) for tool in request.tools]
    told += [call.arguments for message in request.messages for call in message.calls]
    return estimate_prompt(request) + sum(map(estimate_tokens, told))


def _dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount >= 0.01 or not amount else f"${amount:.2g}"


_GO_ON = "What was answered so far is in the error's trace: run again with it and a higher limit."


def _minus(usage: Usage, other: Usage) -> Usage:
    return Usage(
        calls=usage.calls - other.calls,
        input_tokens=usage.input_tokens - other.input_tokens,
        output_tokens=usage.output_tokens - other.output_tokens,
    )
