"""Steps that may fail without ending the whole: the failure becomes a reason in words.

A method is our code; what answers its steps is not: a backend, a retriever, a store, a function that was given. Where
such code raises, whatever it raises, a method has its draft to save. The line is drawn where a flow asks: an exception
that is thrown in there came from outside, and one that arises between two questions is a mistake of the flow itself,
which no method hides.

What the caller has to set right (a wrong argument, a missing key, an ability that the model lacks) still comes out, and
so do an order to stop and a failed assertion, with which a test speaks.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any, TypeVar

from memagent.errors import BackendError, CapabilityError, ConfigError, MemagentError, Stopped, TraceError, UsageProblem
from memagent.flow import Flow, Gather

T = TypeVar("T")

LOUD = (UsageProblem, ConfigError, CapabilityError, TraceError, Stopped, AssertionError)
"""What no method lives with, wherever it comes from: what the caller has to set right, orders to stop, assertions."""

_MISTAKES = (TypeError, AttributeError, NameError)
_log = logging.getLogger("memagent")


def caught(flow: Flow[T]) -> Flow[tuple[T | None, Exception | None]]:
    """Return what a flow returns and `None`, or `None` and what ended it that came from outside, or was raised by us.

    Outside is what answers its steps. `LOUD` errors come out. So does what arises in the flow's own code or that of a
    branch, unless it is an error of memagent's own (a reply that cannot be read).
    """
    ours: list[Exception] = []
    try:
        return (yield from _watched(flow, ours)), None
    except LOUD:
        raise
    except Exception as error:
        if not isinstance(error, MemagentError) and _is_one(error, ours):
            raise
        return None, _seen(error)


def attempted(flow: Flow[T], *, loud: tuple[type[Exception], ...] = ()) -> Flow[tuple[T | None, str]]:
    """Return what a flow returns and '', or `None` and why it failed; `loud` errors come out besides `LOUD`.

    Of what arises in the flow's own code, `TypeError`, `AttributeError` and `NameError` come out, which are mistakes
    wherever they are; the rest counts as a failure, since a flow may call functions that were given.
    """
    try:
        value, error = yield from caught(flow)
    except (*LOUD, *_MISTAKES):
        raise
    except Exception as mistake:  # noqa: BLE001 - see above
        value, error = None, mistake
    if error is None:
        return value, ""
    if isinstance(error, loud):
        raise error
    return None, error.message if isinstance(error, MemagentError) else f"{type(error).__name__}: {error}"


def given(call: Any, *arguments: Any) -> Flow[tuple[Any, Exception | None]]:
    """Call a function that was given, which may return a flow; return its value and `None`, or `None` and its error.

    All of it is code from outside; only `LOUD` errors come out.
    """
    try:
        value = call(*arguments)
        if inspect.isgenerator(value):
            value = yield from value
    except LOUD:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ours
        return None, _seen(error)
    return value, None


def carry(error: Exception, partial: Any) -> None:
    """Let an error carry the best that there was when it came, as `error.partial`, whatever kind it is."""
    vars(error)["partial"] = partial


def in_words(error: Exception) -> str:
    """Return an error's kind and the first line of its message."""
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _watched(flow: Flow[T], ours: list[Exception]) -> Flow[T]:
    """Run a flow as it is; what is raised in it, or in its branches, and was not thrown in there, goes into `ours`."""
    sent: Any = None
    failed: Exception | None = None
    thrown: list[Exception] = []
    while True:
        try:
            step = flow.send(sent) if failed is None else flow.throw(failed)
        except StopIteration as end:
            value: T = end.value
            return value
        except Exception as error:
            if isinstance(error.__cause__, StopIteration) and _is_one(error.__cause__, thrown):
                raise BackendError(f"what answers ended with {error.__cause__!r}") from error
            if not _is_one(error, thrown):
                ours.append(error)
            raise
        sent, failed = None, None
        if isinstance(step, Gather):
            step = Gather(tuple(_watched(branch, ours) for branch in step.flows))
        try:
            sent = yield step
        except Exception as error:  # noqa: BLE001 - it belongs to the flow, which decides what to do with it
            failed = error
            thrown.append(error)
        except BaseException:
            flow.close()
            raise


def _is_one(error: BaseException, errors: list[Exception]) -> bool:
    return any(error is one for one in errors)


def _seen(error: Exception) -> Exception:
    """The error; what no error of ours is goes into the log with where it came from, since it is told in one line."""
    if not isinstance(error, MemagentError):
        _log.info("lived with: %s", in_words(error), exc_info=error)
    return error
