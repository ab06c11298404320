"""The arguments that many methods have, checked before anything is spent."""

from __future__ import annotations

from memagent.errors import UsageProblem

_QUESTION = "Ask something, in words."


def check_question(question: object) -> None:
    """Raise `UsageProblem` where a question is none."""
    if not isinstance(question, str) or not question.strip():
        raise UsageProblem(f"{question!r} is no question", hint=_QUESTION)


def check_text(name: str, text: object) -> None:
    """Raise `UsageProblem` where an argument is no text."""
    if not isinstance(text, str):
        raise UsageProblem(f"{name} is a {type(text).__name__}", hint="Give it as one text.")


def check_counts(least: int = 1, **counts: object) -> None:
    """Raise `UsageProblem` where a number of things is no whole number of at least `least`."""
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < least:
            raise UsageProblem(f"{name}={count!r} cannot be", hint=f"Give a whole number of at least {least}.")


def check_seconds(**limits: object) -> None:
    """Raise `UsageProblem` where a limit of seconds is neither `None` nor a number above 0."""
    for name, limit in limits.items():
        if limit is None:
            continue
        if not isinstance(limit, int | float) or isinstance(limit, bool) or not limit > 0:  # nor is what is no number
            raise UsageProblem(f"{name}={limit!r} is no time", hint="Give seconds above 0, or None for no limit.")


def check_look_up(look_up: object) -> None:
    """Raise `UsageProblem` where what is to find passages cannot be called."""
    if look_up is not None and not callable(look_up):
        raise UsageProblem(f"look_up={look_up!r} is no flow", hint="Name a retriever with using=.")
