"""One step of a run while it is answered: recalled from the trace or written down there, and told to a listener."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from memagent.budget import Meter
from memagent.errors import Interrupted, Stopped
from memagent.flow import Event, Generate, Path, Step, StepDone, StepStarted, TokenReceived
from memagent.trace import Record, Trace
from memagent.types import Request, Token, Usage

OnEvent = Callable[[Event], None]

_LETTERS = 6  # of a token, at most: that many are certain to be one or more
_FAR = 1.25  # times what a reply may have


@dataclass(eq=False)
class Run:
    """One run in progress: where it is written down, who hears of it, and whether it was asked to stop."""

    trace: Trace
    on_event: OnEvent | None
    stop: threading.Event = field(default_factory=threading.Event)


class ListenerFailed(Stopped):
    """Carries an exception of `on_event` past the flow, which did not cause it and must not catch it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Turn:
    """One step being answered: recalls it from the trace or records it there, and tells what happens."""

    def __init__(self, run: Run, meter: Meter, step: Step, path: Path) -> None:
        self.run, self.step, self.path = run, step, path
        self.answer: Any = None
        self.over = False  # whether nobody waits for it any more
        self._heard: list[str] = []
        self._letters = 0
        self._meter = meter
        self._started = self._seconds = 0.0

    def recalled(self) -> bool:
        """Answer the step from the trace, or raise its recorded error; return False when it has to be answered now."""
        self._started = time.perf_counter()
        record = self.run.trace.recall(self.path, self.step)
        if record is None:
            self._check()
            self.emit(StepStarted(self.path, self.step))
            return False
        if record.error is not None:
            raise record.error
        self.answer = record.answer
        self.emit(StepDone(self.path, self.step, self.answer, record.seconds, replayed=True))
        return True

    def write_down(self, answer: Any) -> None:
        """Put the answer into the trace. It is written down before anybody hears of it."""
        self.answer, self._seconds = answer, time.perf_counter() - self._started
        self.run.trace.add(Record(self.path, self.step, answer, seconds=self._seconds))

    def tell(self) -> Any:
        """Tell that the step is done; return the answer."""
        self.emit(StepDone(self.path, self.step, self.answer, self._seconds))
        return self.answer

    def failed(self, error: Exception) -> None:
        """Put an error into the trace."""
        seconds = time.perf_counter() - self._started
        self.run.trace.add(Record(self.path, self.step, error=error, seconds=seconds))

    def asked(self, usage: Usage) -> None:
        """Put into the trace that a call is made, and what it costs at least: a kill in it leaves nothing else."""
        self.run.trace.asked(self.path, usage)

    def lost(self, usage: Usage) -> None:
        """Put what a call cost that came to nothing into the trace; one of which nothing was heard is not known."""
        self.run.trace.lost(usage if usage.tokens else Usage(), self.path)

    def goes_on_behind(self, request: Request) -> bool:
        """Whether a reply is longer than a limit lets it be, by far: its server does not keep to `max_tokens`."""
        return request.capped and max(len(self._heard), self._letters // _LETTERS) > _FAR * (request.max_tokens or 0)

    @property
    def said(self) -> str:
        """What has been streamed of the reply so far."""
        return "".join(self._heard)

    def again(self) -> None:
        """The call is made again: what has been streamed does not count."""
        self._heard, self._letters = [], 0

    def token(self, token: Token) -> None:
        """Pass a piece of the reply on, unless somebody asked to stop, or has stopped waiting."""
        if self.over:
            raise Interrupted("the call took longer than it was given")
        self._check()
        self._heard.append(token.text)
        self._letters += len(token.text)
        label = self.step.request.label if isinstance(self.step, Generate) else ""
        self.emit(TokenReceived(self.path, token.text, label))

    def emit(self, event: Event) -> None:
        """Tell the listener. What it raises ends the run; it is no business of the flow or of the step."""
        if self.run.on_event is None:
            return
        try:
            self.run.on_event(event)
        except Stopped:
            raise
        except Exception as error:
            raise ListenerFailed(error) from error

    def _check(self) -> None:
        if self.run.stop.is_set():
            raise Interrupted("the run was asked to stop")
        self._meter.check_time()
