"""What a model may say when it calls a memory's tools: the arguments of each, and what is told of wrong ones.

None of them says whose memory is meant. That is fixed by whoever offers the tools, and an argument that names a user is
refused like any other that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from memagent.errors import UsageProblem

Id = Annotated[str, Field(min_length=1, max_length=200)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=50, description="Ids, as the other tools give them.")]


Moment = Annotated[AwareDatetime, WithJsonSchema({"type": "string", "format": "date-time"})]


class Arguments(BaseModel):
    """Arguments of a tool; the docstring of a subclass is what the model reads of the tool."""

    model_config = ConfigDict(extra="forbid")


class Search(Arguments):
    """Search the memory in words. Look here before you say that you do not know something about the user."""

    query: str = Field(min_length=1, description="What to look for, in words.")
    k: int = Field(5, ge=1, le=50, description="How many memories at most.")


class Save(Arguments):
    """Keep something in the memory: a fact, a wish or a decision, in a sentence that can be understood alone."""

    text: str = Field(min_length=1, max_length=20_000, description="What to keep.")
    at: AwareDatetime | None = Field(
        None, description="When it happened, in ISO 8601 with a time zone, if that is known."
    )


class Recent(Arguments):
    """List what was kept last, newest first."""

    limit: int = Field(10, ge=1, le=100, description="How many memories at most.")


class Explain(Arguments):
    """Explain a memory: where it comes from, what hangs on it, and what has become of it."""

    id: Id = Field(description="The id of the memory.")


class Forget(Arguments):
    """Hide memories until they are restored. The first call changes nothing: it shows what would be, with a code.

    Call again with the same ids and that code to do it.
    """

    ids: Ids
    confirm: str = Field("", max_length=64, description="The code that the first call gave for these ids.")


class Restore(Arguments):
    """Bring back memories that were forgotten."""

    ids: Ids


class Facts(Arguments):
    """Find facts of the form subject, relation, object. Give what is known, and leave out what is asked for."""

    subject: str = Field("", description="Whom or what the fact is about.")
    relation: str = Field("", description="Such as 'lives in'.")
    object: str = Field("", description="What the relation leads to.")
    query: str = Field("", description="In place of these, words to search facts by.")
    history: bool = Field(False, description="Also what held once and holds no more.")
    limit: int = Field(20, ge=1, le=100, description="How many facts at most.")


def schema_of(kind: type[Arguments]) -> dict[str, Any]:
    """Return the JSON schema of a tool's arguments, without the titles that say nothing to a model."""
    schema = _plain(kind.model_json_schema())
    for name in ("title", "description"):
        schema.pop(name, None)
    return {"type": "object", **schema}


def parsed(kind: type[Arguments], given: str | Mapping[str, Any]) -> Arguments:
    """Return arguments as a model wrote them, as JSON or already read.

    Raises:
        UsageProblem: they are no JSON object, or not what the tool takes; the message says which and why.
    """
    values = _object(given) if isinstance(given, str) else dict(given)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        takes = ", ".join(f"{name}{'' if field.is_required() else ' (optional)'}" for name, field in _fields(kind))
        raise UsageProblem("; ".join(map(_told, error.errors())), hint=f"It takes: {takes}.") from None


def iso(moment: datetime | None) -> str | None:
    """Return a moment as tools show it."""
    return None if moment is None else moment.isoformat(timespec="seconds")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"the arguments are no JSON: {error}", hint="Give one JSON object.") from None
    if not isinstance(found, dict):
        raise UsageProblem(f"the arguments are a JSON {type(found).__name__}", hint="Give one JSON object.")
    return found


def _fields(kind: type[Arguments]) -> list[tuple[str, Any]]:
    return list(kind.model_fields.items())


def _told(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    said = "there is no such argument" if problem["type"] == "extra_forbidden" else problem["msg"]
    return f"{where}: {said}"


def _plain(schema: Any) -> Any:
    """A schema without titles, and without null as another form of what may be left out: not every model takes that."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    forms = schema.get("anyOf", [])
    if {"type": "null"} in forms and len(forms) == 2:
        [form] = [one for one in forms if one != {"type": "null"}]
        schema = {**{name: value for name, value in schema.items() if name not in ("anyOf", "default")}, **form}
    said = (name for name, value in schema.items() if name != "title" or not isinstance(value, str))
    return {name: _plain(schema[name]) for name in said}
