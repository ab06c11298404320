"""Whose memory an agent works on: as the context or the configuration of the run says, never as a model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from memagent.errors import ScopeRequired, UsageProblem
from memagent.memory import Memory

THREAD = "thread_id"


@dataclass(frozen=True, slots=True)
class Keys:
    """How a run names its user and its session: keys of its context, else of `configurable` in its configuration.

    Without a session of that name, LangGraph's `thread_id` is the session. An int or a UUID, by which other programs
    count their users, stands for its text here; `bind` takes a text alone.
    """

    user: str = "user_id"
    session: str = "session_id"


def whose(memory: Memory, keys: Keys, context: Any, config: Mapping[str, Any] | None, *, session: bool) -> Memory:
    """Return the memory of the user of a run, and of its session if that is asked for and named.

    Args:
        memory: a handle that is bound already stays bound: a run of somebody else is refused.
        keys: what the run calls them.
        context: of the run: a mapping, or an object with attributes; `None` if it has none.
        config: the `RunnableConfig` of the run.
        session: bind the session too.

    Raises:
        ScopeRequired: the run names no user, and none is bound.
        UsageProblem: a name is no text, or another than the one that is bound.
    """
    told = (config or {}).get("configurable") or {}
    user = _named(keys.user, context, told)
    bound = memory.bind(user=user)
    if user is None:
        _check(bound, keys)
    if not session:
        return bound
    return bound.bind(session=_named(keys.session, context, told) or _text(THREAD, told.get(THREAD)))


def _named(name: str, context: Any, told: Mapping[str, Any]) -> str | None:
    value = context.get(name) if isinstance(context, Mapping) else getattr(context, name, None)
    return _text(name, told.get(name) if value is None else value)


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | UUID) and not isinstance(value, bool):
        return str(value)
    raise UsageProblem(f"{name} of the run is a {type(value).__name__}", hint="Give a str, an int or a UUID.")


def _check(memory: Memory, keys: Keys) -> None:
    try:
        _ = memory.facts
    except ScopeRequired:
        example = f'context={{"{keys.user}": "alice"}}'
        hint = f"Say so when it is run: agent.invoke(..., {example}), or bind the memory to a user."
        raise ScopeRequired("whose memory is meant? The run names no user", hint=hint) from None
