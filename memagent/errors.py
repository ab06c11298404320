"""Every error that memagent raises on purpose. Each says what happened and what to do next.

MemagentError
├── UsageProblem           an argument is wrong: nothing was done
│   ├── UnknownName        no backend, embedder or retriever of that name (the nearest one is suggested)
│   ├── PromptError        a prompt file lacks a value, or was given one that it does not use
│   └── SecretRefused      what was to be kept holds a secret, and the memory was opened to refuse these
├── ConfigError            something outside the program has to be set up first
│   ├── KeyMissing         a backend needs an API key
│   └── ExtraMissing       an optional package is not installed
├── LLMError               the language model could not answer
│   ├── BackendError       the backend failed, after its own retries
│   │   └── Refused        it refused this very request; another one may be answered
│   ├── CapabilityError    the backend cannot do what the method needs; nothing was spent
│   └── ReplyError         the reply could not be read, after all tries; carries the raw reply
├── Stopped                the run was stopped and can go on later; methods cannot go on after it
│   ├── BudgetExceeded     a limit on calls, tokens, money or seconds was reached
│   └── Interrupted        somebody asked the run to stop
├── MemoryProblem          the memory could not do it; what was stored before is intact
│   ├── ScopeRequired      no user was bound, and the memory was not opened as single-user
│   ├── NotFound           no passage has that id
│   ├── Conflict           an id is taken by another text
│   ├── EmbedderMismatch   the file was written with another embedder
│   ├── StorageError       the file cannot be read or written
│   │   ├── StorageFull    the disk is full
│   │   ├── StorageDamaged the file is damaged, or no memory at all
│   │   └── WrongKey       the file is encrypted by another key, or not at all
│   ├── Busy               another process holds the file for longer than we wait
│   └── Late               a search took longer than it was given
├── TraceError             a trace cannot be read, or the flow asks something else than was recorded
└── StoryError             a story folder is not as it should be
    ├── StorySettingsError story.toml is missing, or a setting in it is not right: a ConfigError too
    ├── Locked             another process is writing this story
    ├── Unsynced           the manuscript was edited by hand
    └── HeldBack           a paragraph contradicts what was told, and waits to be kept or written again
"""

from __future__ import annotations

from typing import Any


class MemagentError(Exception):
    """Base of all. `hint` is the line that says what to do; it is part of the message.

    `trace` is the record of the run that the error ended, if it ended one: what was answered before is in it, and
    `Controller.run(flow, trace=error.trace)` goes on from there. `said` is what a model had said, as far as it was
    streamed, when the error ended its call. `partial` is the best that a method had when the error ended it, if it had
    any.
    """

    trace: Any = None
    said: str = ""
    partial: Any = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\n{hint}" if hint else message)


class UsageProblem(MemagentError):
    """An argument is wrong: nothing was done."""


class UnknownName(UsageProblem):
    """No backend, embedder or retriever of that name."""


class PromptError(UsageProblem):
    """A prompt file lacks a value, or was given one that it does not use."""


class SecretRefused(UsageProblem):
    """What was to be kept holds a secret. Nothing was written; `found` says of what kind, and in which part of what."""

    def __init__(self, message: str, *, hint: str = "", found: tuple[Any, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.found = found


class ConfigError(MemagentError):
    """Something outside the program has to be set up first."""


class KeyMissing(ConfigError):
    """A backend needs an API key and found none."""


class ExtraMissing(ConfigError, ImportError):
    """An optional package is not installed; the hint is the exact `pip install` line."""


class LLMError(MemagentError):
    """The language model could not answer."""


class BackendError(LLMError):
    """The backend failed. `retryable` says that the same call may work a moment later."""

    def __init__(self, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


class Refused(BackendError):
    """The backend refused this very request, as too long or against its rules, or had nothing to say to it."""


class CapabilityError(LLMError):
    """The backend cannot do what the method needs. Nothing was spent."""


class ReplyError(LLMError):
    """A reply could not be read. `reply` is the raw text of the last one."""

    def __init__(self, message: str, *, reply: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


class Stopped(MemagentError):
    """The run was stopped and can go on later.

    It is thrown into the flow as its last step: what the flow then returns, the best it has so far, is in `partial`;
    a flow that asks for anything more is closed.
    """


class BudgetExceeded(Stopped):
    """A limit on calls, tokens, money or seconds was reached before the next step.

    `cut` is what a reply cost that the limit has cut off, and that is of no use; `None` where there is none. `need` is
    what the call needs that was not made, by the name of the limit (`cost`, `tokens`), where that is known.
    """

    def __init__(self, message: str, *, hint: str = "", cut: Any = None, need: dict[str, float] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.cut = cut
        self.need = need or {}


class Interrupted(Stopped):
    """Somebody asked the run to stop."""


class MemoryProblem(MemagentError):
    """The memory could not do it. What was stored before is intact."""


class ScopeRequired(MemoryProblem):
    """No user was bound, and the memory was not opened as single-user."""


class NotFound(MemoryProblem):
    """No passage has that id in this scope."""


class Conflict(MemoryProblem):
    """An id is taken by another text."""


class EmbedderMismatch(MemoryProblem):
    """The file was written with another embedder."""


class StorageError(MemoryProblem):
    """The file cannot be read or written."""


class StorageFull(StorageError):
    """The disk is full."""


class StorageDamaged(StorageError):
    """The file is damaged, or is not a memory at all. It was not touched."""


class WrongKey(StorageError):
    """The file is encrypted by another key, or not at all, or is no memory. It was not touched."""


class Busy(MemoryProblem):
    """Another process holds the file for longer than we wait."""


class Late(MemoryProblem):
    """A search took longer than it was given."""


class TraceError(MemagentError):
    """A trace cannot be read, or the flow asks something else than was recorded."""


class StoryError(MemagentError):
    """A story folder is not as it should be."""


class StorySettingsError(StoryError, ConfigError):
    """`story.toml` is missing, or a setting in it is not right."""


class Locked(StoryError):
    """Another process is writing this story."""


class Unsynced(StoryError):
    """The manuscript was edited by hand and the story does not know of it yet."""


def quoted(text: str, longest: int = 80) -> str:
    r"""Return a text in quotation marks as a person reads it in a message, such as `'50\%'`, on one line.

    Python's own form would double the backslash. Runs of blanks, line ends and what cannot be seen become one blank
    each; what is longer than `longest` characters ends with an ellipsis. The marks are single ones, and double ones
    round a text that has a single one.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if len(line) > longest:
        line = f"{line[: longest - 1]}…"
    mark = '"' if "'" in line else "'"
    return f"{mark}{line}{mark}"


class HeldBack(StoryError):
    """A text contradicts what was told, and was put aside. `findings` says what; nothing of it is lost."""

    def __init__(self, message: str, *, hint: str = "", findings: tuple[Any, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.findings = findings
