"""The scope rule as SQL, in one place for every store: the user matches exactly, session and agent narrow."""

from __future__ import annotations

from collections.abc import Sized

from memagent.errors import UsageProblem
from memagent.stores.base import Row
from memagent.types import Scope


def columns(scope: Scope) -> tuple[str, str, str]:
    """Return user, session and agent as they are stored: '' for None. A text that is '' itself is refused."""
    for field in ("user", "session", "agent"):
        value = getattr(scope, field)
        if value is not None:
            check_text(field, value)
            if not value.strip():
                raise UsageProblem(f"{field} is blank", hint="Give a name, or None.")
    return scope.user or "", scope.session or "", scope.agent or ""


def visible(scope: Scope, table: str = "items", *, shared: bool = False) -> tuple[str, list[str]]:
    """Return a condition on `table`, and its parameters, that holds for the rows this scope may see.

    With `shared`, rows that are marked as shared are among them, whoever wrote them.
    """
    user, session, agent = columns(scope)
    wanted = {"user": user, **({"session": session} if session else {}), **({"agent": agent} if agent else {})}
    own = " AND ".join(f"{table}.{name} = ?" for name in wanted)
    return (f"(({own}) OR {table}.shared = 1)" if shared else own), list(wanted.values())


def exact(scope: Scope, table: str = "items") -> tuple[str, list[str]]:
    """Return a condition on `table`, and its parameters, that holds for the rows written in this very scope."""
    parts = columns(scope)
    return f"{table}.user = ? AND {table}.session = ? AND {table}.agent = ?", list(parts)


def of_row(row: Row) -> Scope:
    """Return the scope that a row was written in."""
    return Scope(user=row["user"] or None, session=row["session"] or None, agent=row["agent"] or None)


def marks(values: Sized) -> str:
    """Return `?, ?, ?`, one mark for each of `values`."""
    return ", ".join("?" * len(values))


def check_text(name: str, value: object) -> None:
    """Refuse what is no text or cannot be written as UTF-8."""
    if not isinstance(value, str):
        raise UsageProblem(f"{name} must be a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        hint = "Read the text with errors='replace'."
        raise UsageProblem(f"{name} is not valid Unicode: {error}", hint=hint) from None
