"""Limits on what may be spent, and the meter that keeps to them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from memagent.errors import BudgetExceeded, ConfigError, UsageProblem
from memagent.llms.base import Priced
from memagent.types import Completion, Request, Usage, estimate_tokens


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on what a controller may spend in its lifetime; `None` means no limit.

    A call that could pass a limit on calls or tokens is not made: the run stops with `BudgetExceeded`, and a traced run
    goes on later from there. Tokens count input and output; a call is charged in advance with its estimated input and
    its `max_tokens`. `cost` is in US dollars and is charged in advance in the same way, so that only the output of a
    call without `max_tokens` can pass it; a model whose price is not known is refused (a callable, by its first
    answer). `seconds` run from the first step.
    """

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "cost", "seconds"):
            limit = getattr(self, name)
            if limit is not None and limit < 0:
                raise UsageProblem(f"the limit on {name} is {limit}", hint="Give a number that is not negative.")


class Meter:
    """Counts what is spent and refuses what could pass the budget. Safe to use from several branches at once.

    Without a `price`, costs are known only from what calls report afterwards.
    """

    def __init__(self, budget: Budget, price: Priced | None = None) -> None:
        self.budget = budget
        self._price = price
        self.spent = Usage()
        self._reserved = Usage()
        self._started: float | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def charging(self, request: Request) -> Iterator[Meter._Charge]:
        """Reserve what a call may need, and settle it when the block ends."""
        inputs = sum(estimate_tokens(message.content) for message in request.messages)
        reserve = Usage(calls=1, input_tokens=inputs, output_tokens=request.max_tokens or 0)
        with self._lock:
            self._check(reserve)
            self._reserved += reserve
        charge = Meter._Charge()
        try:
            yield charge
        finally:
            with self._lock:
                self._reserved = _minus(self._reserved, reserve)
                self.spent += charge.usage

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

    def _check(self, reserve: Usage) -> None:
        wanted = self.spent + self._reserved + reserve
        for name, used in (("calls", wanted.calls), ("tokens", wanted.tokens)):
            limit = getattr(self.budget, name)
            if limit is not None and used > limit:
                spent = getattr(self.spent, name)
                raise BudgetExceeded(f"the limit of {limit} {name} would be passed ({spent} used)", hint=_GO_ON)
        self._check_cost(self._reserved + reserve)

    def _check_cost(self, reserve: Usage) -> None:
        limit = self.budget.cost
        if limit is None:
            return
        if self.spent.cost is None:
            raise unknown_price()
        ahead = self._price.cost(reserve.input_tokens, reserve.output_tokens) if self._price else 0.0
        if self.spent.cost >= limit > 0 or self.spent.cost + ahead > limit:
            raise BudgetExceeded(f"the limit of ${limit:.2f} is reached (${self.spent.cost:.4f} spent)", hint=_GO_ON)

    class _Charge:
        """What one call turned out to cost. A call that failed is counted as a call with no tokens."""

        def __init__(self) -> None:
            self.usage = Usage(calls=1)

        def paid(self, completion: Completion) -> Completion:
            self.usage = completion.usage
            return completion


def unknown_price() -> ConfigError:
    """Return the error for a limit on money with a model whose price is not known."""
    return ConfigError(
        "a limit on money was set, but the price of this model is not known",
        hint="Give its price in a file named by MEMAGENT_PRICES, or limit tokens instead.",
    )


_GO_ON = "What was answered so far is in the error's trace: run again with it and a higher limit."


def _minus(usage: Usage, other: Usage) -> Usage:
    return Usage(
        calls=usage.calls - other.calls,
        input_tokens=usage.input_tokens - other.input_tokens,
        output_tokens=usage.output_tokens - other.output_tokens,
    )
