"""Steps that may fail without ending the whole: the failure becomes a reason in words.

What the caller has to set right (a wrong argument, a missing key, an ability that the model lacks) still comes out, and
so does an order to stop.
"""

from __future__ import annotations

from typing import TypeVar

from memagent.errors import CapabilityError, ConfigError, MemagentError, Stopped, TraceError, UsageProblem
from memagent.flow import Flow

T = TypeVar("T")

LOUD = (UsageProblem, ConfigError, CapabilityError, TraceError, Stopped, AssertionError)
"""What no method lives with."""


def attempted(flow: Flow[T]) -> Flow[tuple[T | None, str]]:
    """Return what a flow returns and '', or `None` and why it failed."""
    try:
        return (yield from flow), ""
    except LOUD:
        raise
    except Exception as error:  # noqa: BLE001 - it is told in words, and stands in the trace
        return None, error.message if isinstance(error, MemagentError) else f"{type(error).__name__}: {error}"
