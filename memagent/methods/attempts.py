"""Steps that may fail without ending the whole: the failure becomes a reason in words.

What the caller has to set right (a wrong argument, a missing key, an ability that the model lacks) still comes out, and
so does an order to stop.
"""

from __future__ import annotations

from typing import TypeVar

from memagent.errors import CapabilityError, ConfigError, MemagentError, Stopped, TraceError, UsageProblem
from memagent.flow import Flow

T = TypeVar("T")

LOUD = (
    UsageProblem,
    ConfigError,
    CapabilityError,
    TraceError,
    Stopped,
    AssertionError,
    TypeError,
    AttributeError,
    NameError,
)
"""What no method lives with: what the caller has to set right, orders to stop, and what is a bug wherever it is."""


def attempted(flow: Flow[T], *, loud: tuple[type[Exception], ...] = ()) -> Flow[tuple[T | None, str]]:
    """Return what a flow returns and '', or `None` and why it failed; `loud` errors come out besides `LOUD`."""
    try:
        return (yield from flow), ""
    except Exception as error:
        if isinstance(error, (*LOUD, *loud)):
            raise
        return None, error.message if isinstance(error, MemagentError) else f"{type(error).__name__}: {error}"
