"""Reads the replies of RecurrentGPT's prompts: JSON as asked for, or labelled sections as models like to write them.

Labels are read with any decoration (`**Output Memory:**`, `## Plan 2`, `Instruction 3: ...`), with Windows line ends,
and a section runs to the next label, however many lines it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memagent.structured import Unreadable, json_object

PLANS = 3
OPENING_PARAGRAPHS = 3

_LABEL = re.compile(
    r"""^[\s>#*_\-]*                                   # decoration
        (?:output|updated|new|revised|extended|selected|chosen)?\s*
        (title|name|outline|paragraph|rationale?|reason|memory|summary|instructions?|plans?|choice)
        \s*\#?(\d*)\s*
        (?:[*_]*\s*[:：][*_]*|[*_]+\s*$|(?<=\#)\s*$)[ \t]*(.*)$""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADING = re.compile(
    r"^\s*\#+\s*(?:output|updated|new|revised)?\s*(title|outline|paragraph|rationale?|memory|summary|plans?|instructions?)"
    r"\s*(\d*)\s*$",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # a terminal would act on these
_SAME = {"name": "title", "rational": "rationale", "summary": "memory", "instruction": "plan", "instructions": "plans"}


@dataclass(frozen=True, slots=True)
class Opening:
    """The reply to `recurrent/begin`."""

    paragraphs: tuple[str, str, str]
    memory: str
    plans: tuple[str, ...]
    title: str
    outline: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The reply to `recurrent/step`."""

    text: str
    memory: str
    plans: tuple[str, ...]
    rationale: str


@dataclass(frozen=True, slots=True)
class Extension:
    """The reply to `recurrent/extend`."""

    paragraph: str
    plan: str


@dataclass(frozen=True, slots=True)
class Followed:
    """The reply to `recurrent/follow`."""

    memory: str
    plans: tuple[str, ...]


def read_opening(text: str) -> Opening:
    """Read title, outline, three paragraphs, memory and three plans. A missing title or outline is tolerated."""
    fields = _fields(text)
    paragraphs = [tidy_prose(part) for part in _list(fields, "paragraph")]
    paragraphs = [part for part in paragraphs if part]
    if len(paragraphs) < OPENING_PARAGRAPHS:
        raise Unreadable(f'"paragraphs" must hold three paragraphs, it holds {len(paragraphs)}')
    first, second = paragraphs[:2]
    return Opening(
        paragraphs=(first, second, "\n".join(paragraphs[2:])),
        memory=_required(fields, "memory"),
        plans=_plans(fields),
        title=_line(fields.get("title")),
        outline=_text(fields.get("outline")),
    )


def read_paragraph(text: str) -> Paragraph:
    """Read the paragraph, the memory, the plans and the rationale. A missing rationale is tolerated."""
    fields = _fields(text)
    return Paragraph(
        text=tidy_prose(_required(fields, "paragraph")),
        memory=_required(fields, "memory"),
        plans=_plans(fields),
        rationale=_text(fields.get("rationale")),
    )


def read_choice(text: str, count: int) -> int:
    """Read the number of the chosen plan, from 1 to `count`."""
    fields = _fields(text)
    value = _text(fields.get("choice") or fields.get("plan"))
    number = re.search(r"\d+", value)
    if number is None or not 1 <= int(number.group()) <= count:
        raise Unreadable(f'"choice" must be a number from 1 to {count}, it is {value[:40]!r}')
    return int(number.group())


def read_extension(text: str) -> Extension:
    """Read the extended paragraph and the revised plan."""
    fields = _fields(text)
    return Extension(tidy_prose(_required(fields, "paragraph")), _one_line(_required(fields, "plan")))


def read_rewrite(text: str) -> str:
    """Read a paragraph that was asked for alone."""
    return tidy_prose(_required(_fields(text), "paragraph"))


def read_followed(text: str) -> Followed:
    """Read the memory and the plans of who reads a story."""
    fields = _fields(text)
    return Followed(_required(fields, "memory"), _plans(fields))


def read_plans(text: str) -> tuple[str, ...]:
    """Read three plans that were asked for alone."""
    return _plans(_fields(text))


def read_memory(text: str) -> str:
    """Read a memory that was asked for alone."""
    return _required(_fields(text), "memory")


def schema(name: str) -> Mapping[str, Any]:
    """Return the JSON schema of the reply to the prompt `recurrent/<name>`."""
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    fields: dict[str, dict[str, Any]] = {
        "begin": {"title": text, "outline": text, "paragraphs": texts, "memory": text, "plans": texts},
        "step": {"paragraph": text, "rationale": text, "memory": text, "plans": texts},
        "choose": {"reason": text, "choice": {"type": "integer"}},
        "extend": {"paragraph": text, "plan": text},
        "compress": {"memory": text},
        "rewrite": {"paragraph": text},
        "plan": {"chapters": _objects({"title": text, "beats": texts})},
        "refresh": {"memory": text},
        "follow": {"memory": text, "plans": texts},
        "more": {"plans": texts},
        "continuity": {
            "contradictions": _objects({"paragraph": text, "quote": text, "against": text, "why": text}),
        },
        "facts": {
            "contradictions": _objects({"fact": {"type": "integer"}, "quote": text, "why": text}),
            "facts": _objects({"kind": text, "subject": text, "relation": text, "object": text}),
        },
    }
    return _object(fields[name])


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _objects(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(fields)}


def _fields(text: str) -> dict[str, Any]:
    """Return the fields of a reply by name, from JSON if there is any, else from its labels."""
    text = text.replace("\r\n", "\n")
    if text.lstrip("` \njso").startswith("{"):
        return json_object(text)
    labelled = _labelled(text)
    return labelled if labelled else json_object(text)


def _labelled(text: str) -> dict[str, Any]:
    sections: list[tuple[str, str, list[str]]] = []
    for line in text.split("\n"):
        label = _LABEL.match(line) or _HEADING.match(line)
        if label:
            name = label[1].lower()
            rest = label[3] if label.re is _LABEL else ""
            sections.append((_SAME.get(name, name), label[2], [rest]))
        elif sections:
            sections[-1][2].append(line)
    fields: dict[str, Any] = {}
    for name, number, lines in sections:
        body = "\n".join(lines).strip()
        if number:
            fields.setdefault(f"{name}s", []).append(body)
        elif body:
            fields[name] = body
    return fields


def _list(fields: Mapping[str, Any], name: str) -> list[str]:
    value = fields.get(f"{name}s", fields.get(name, []))
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, str):
        value = re.split(r"\n(?=\s*(?:\d+[.):]|[-*])\s)", value) if name == "plan" else re.split(r"\n\s*\n", value)
    return [_text(item) for item in value if _text(item)]


def _plans(fields: Mapping[str, Any]) -> tuple[str, ...]:
    plans = [
        re.sub(r"^(?:(?:plan|instruction)\s*)?\d+[.):]\s*", "", _one_line(p), flags=re.I) for p in _list(fields, "plan")
    ]
    if len(plans) < PLANS:
        raise Unreadable(f'"plans" must hold three plans, it holds {len(plans)}')
    if len({plan.casefold() for plan in plans[:PLANS]}) < PLANS:
        raise Unreadable('"plans" must hold three different plans, two of them are the same')
    return tuple(plans[:PLANS])


def _required(fields: Mapping[str, Any], name: str) -> str:
    value = _text(fields.get(name))
    if not value:
        raise Unreadable(f'"{name}" is missing or empty')
    return value


def _text(value: Any) -> str:
    """Return a field as text: lists by line, mappings by value, whatever a model made of a string."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return "\n".join(_text(item) for item in value).strip()
    whole = str(value).encode("utf-8", errors="replace").decode()  # half characters fit in no file
    return _CONTROL.sub("", whole).strip()


def _line(value: Any) -> str:
    return _one_line(_text(value)).strip("\"'*#“” ")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def tidy_prose(text: str) -> str:
    """Return one paragraph: a blank line inside it becomes a line break, since blank lines part paragraphs on disk."""
    lines = (" ".join(_CONTROL.sub("", line).split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
