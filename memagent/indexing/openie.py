"""Facts out of a passage: open information extraction as HippoRAG 2 does it (arXiv:2502.14802, appendix A).

Two calls: first the named entities, then triples that are asked to be about them. Departures from the published code:
replies are asked for by a schema where the backend has one; a reply that cannot be read is asked for again with the
reason, and in the end is an error with the raw reply, where the code keeps zero triples and says nothing; nothing is
evaluated as code, and `null` or `true` in one triple does not lose the others. A reply that was cut off keeps what came
whole, where the code cuts after the last comma, be it inside a name.
"""

from __future__ import annotations

from typing import Any

from memagent.flow import Flow
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object
from memagent.types import Extraction, Message

Parts = tuple[str, str, str]

_NO_TITLE = "(none)"


def extract(text: str, *, title: str = "", tries: int = 3) -> Flow[Extraction]:
    """Find the entities and triples of a text: two calls of the model, more where replies are unreadable.

    Raises `ReplyError` with the raw reply when a reply stays unreadable for `tries` times.
    """
    entities = yield from ask(
        entities_prompt(text, title),
        read_entities,
        label="openie/entities",
        schema=_schema("named_entities", {"type": "string"}),
        tries=tries,
        temperature=0.0,
    )
    triples = yield from ask(
        triples_prompt(text, title, entities),
        read_triples,
        label="openie/triples",
        schema=_schema("triples", {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3}),
        tries=tries,
        temperature=0.0,
    )
    return Extraction(entities, triples)


def entities_prompt(text: str, title: str = "") -> tuple[Message, ...]:
    """Return what asks for the entities of a text."""
    return fill("openie/entities", passage=text, title=title or _NO_TITLE)


def triples_prompt(text: str, title: str, entities: tuple[str, ...]) -> tuple[Message, ...]:
    """Return what asks for the triples of a text."""
    return fill("openie/triples", passage=text, title=title or _NO_TITLE, entities="\n".join(entities) or _NO_TITLE)


def read_entities(reply: str) -> tuple[str, ...]:
    """Return the entities of a reply, each once, in order.

    Raises:
        Unreadable: there is no list of them.
    """
    found = json_object(_whole(reply, '",')).get("named_entities")
    if not isinstance(found, list):
        raise Unreadable('it has no list "named_entities"')
    return names_of(found)


def read_triples(reply: str) -> tuple[Parts, ...]:
    """Return the triples of a reply, each once, in order; what has not three parts that say something is left out.

    Raises:
        Unreadable: there is no list of them.
    """
    found = json_object(_whole(reply, "]")).get("triples")
    if not isinstance(found, list):
        raise Unreadable('it has no list "triples"')
    return triples_of(found)


def names_of(found: Any) -> tuple[str, ...]:
    """Return what can be kept of entities as a model gave them: texts and numbers, each once, none of them empty."""
    return tuple(dict.fromkeys(text for one in (found if isinstance(found, list) else ()) if (text := _text(one))))


def triples_of(found: Any) -> tuple[Parts, ...]:
    """Return what can be kept of triples as a model gave them: lists of three, numbers as text, none of them empty."""
    kept: dict[Parts, None] = {}
    for one in found if isinstance(found, list) else ():
        parts = tuple(map(_text, one)) if isinstance(one, list) else ()
        if len(parts) == 3 and all(parts):
            kept[parts[0], parts[1], parts[2]] = None
    return tuple(kept)


def _whole(reply: str, end: str) -> str:
    """Return a reply that was cut off in its list up to the end of the last item that is whole; any other as it is.

    Half a name is another name, so what was cut is better missing.
    """
    if reply.rstrip().endswith(("]", "}", "`")) or (end != "]" and "]" in reply):
        return reply
    at = reply.rfind(end)
    if at < 0 and "[" in reply:
        raise Unreadable("it ends before its first item does")
    return reply[: at + 1] if at >= 0 else reply


def _text(value: Any) -> str:
    """A part of a triple; nothing for what is no text and no number."""
    if isinstance(value, str):
        return " ".join(value.encode("utf-8", "ignore").decode().split())
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _schema(field: str, items: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field: {"type": "array", "items": items}},
        "required": [field],
        "additionalProperties": False,
    }
