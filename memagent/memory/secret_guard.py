"""Secrets on their way into a memory: masked, refused, or kept, as the memory was opened.

A masked secret leaves its place and its kind in the text, `[masked key]`, and nothing of itself: it is taken out before
ids, vectors and words are made of the text. What was masked is told by kind and place, never by a letter of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from memagent.errors import SecretRefused, UsageProblem
from memagent.memory import secret_patterns
from memagent.types import Note, Rationale, Triple

_log = logging.getLogger("memagent")

MODES = ("mask", "refuse", "keep")
_PASSWORD = "a password"


@dataclass(frozen=True, slots=True)
class Masked:
    """Something that was taken out of what a memory was given to keep.

    Attributes:
        kind: what was to be kept: `passage`, `fact` or `rationale`.
        field: the part of it that had the secret, such as `text` or `metadata`.
        what: what it looked like, in words, each once: `a key of OpenAI, Anthropic or the like`.
        id: the id of the passage or rationale, where it was given one.
    """

    kind: str
    field: str
    what: tuple[str, ...]
    id: str | None = None

    def __str__(self) -> str:
        named = f" {self.id}" if self.id else ""
        return f"{self.kind}{named}: its {self.field} held {', '.join(self.what)}"


OnMasked = Callable[[Masked], object]
"""Hears of each part of a text that lost a secret."""


def log_masked(masked: Masked) -> None:
    """Log what was masked as a warning; the record has it as `masked`."""
    _log.warning("masked a secret: %s", masked, extra={"masked": masked})


class Guard:
    """What a memory does with secrets that it is given.

    Args:
        mode: `mask`, `refuse` or `keep`.
        on_masked: hears what was masked; by default it is logged as a warning.

    Raises:
        UsageProblem: there is no such mode.
        SecretRefused: by the methods, with `refuse`.
    """

    def __init__(self, mode: str = "mask", on_masked: OnMasked | None = None) -> None:
        if mode not in MODES:
            raise UsageProblem(f"secrets are not to be {mode!r}", hint=f"Use one of: {', '.join(MODES)}.")
        self.mode = mode
        self._told = log_masked if on_masked is None else on_masked

    def notes(self, notes: Iterable[Note]) -> list[Note]:
        """Return notes without the secrets in their text, title, source and metadata."""
        return self._all("passage", notes, ("text", "title", "source", "metadata"))

    def rationales(self, rationales: Iterable[Rationale]) -> list[Rationale]:
        """Return rationales without the secrets in them."""
        fields = ("problem", "reasoning", "answer", "verified", "source", "metadata")
        return self._all("rationale", rationales, fields)

    def triples(self, triples: Iterable[Triple]) -> list[Triple]:
        """Return triples without the secrets in their parts and their source; `has password` has one for its object."""
        return self._all("fact", triples, ("subject", "relation", "object", "source"))

    def text(self, text: str, *, kind: str = "passage", field: str = "text", id: str | None = None) -> str:
        """Return one text without its secrets."""
        return str(self.value(text, kind=kind, field=field, id=id))

    def value(self, value: Any, *, kind: str = "passage", field: str = "metadata", id: str | None = None) -> Any:
        """Return a text, or what JSON can hold, without the secrets in its texts."""
        if self.mode == "keep":
            return value
        clean, found = _cleaned(value)
        if found:
            self._tell([Masked(kind, field, tuple(dict.fromkeys(found)), id)])
        return clean

    def _all(self, kind: str, things: Iterable[Any], fields: tuple[str, ...]) -> list[Any]:
        """All of them are looked at before the first is told of: what is refused is refused whole."""
        if self.mode == "keep":
            return list(things)
        told: list[Masked] = []
        clean = [_without(kind, thing, fields, told) for thing in things]
        self._tell(told)
        return clean

    def _tell(self, told: list[Masked]) -> None:
        if told and self.mode == "refuse":
            raise SecretRefused(
                f"a secret is not kept: {told[0]}",
                hint="Leave it out, or have secrets masked or kept: secrets='mask' or 'keep', --secrets mask or keep.",
                found=tuple(told),
            )
        for one in told:
            self._told(one)


def masked(text: str) -> tuple[str, list[str]]:
    """Return a text without its secrets, and what these looked like, in words."""
    spans = sorted(secret_patterns.found(text), key=lambda one: (one.start, -one.end))
    parts: list[str] = []
    what: list[str] = []
    done = 0
    for one in spans:
        if one.start >= done:
            parts += [text[done : one.start], f"[masked {one.kind}]"]
            what.append(one.what)
        done = max(done, one.end)
    return "".join([*parts, text[done:]]), what


def without_secrets(value: Any) -> Any:
    """Return what JSON can hold without the secrets in its texts."""
    return _cleaned(value)[0]


def _without(kind: str, thing: Any, fields: tuple[str, ...], told: list[Masked]) -> Any:
    """A frozen thing without the secrets in its fields; the very same one where it has none."""
    changed = {}
    for field in fields:
        named = thing.relation if isinstance(thing, Triple) and field == "object" and _has_digit(thing.object) else ""
        clean, found = _cleaned(getattr(thing, field), named)
        if found:
            changed[field] = clean
            told.append(Masked(kind, field, tuple(dict.fromkeys(found)), getattr(thing, "id", None)))
    return replace(thing, **changed) if changed else thing


def _has_digit(text: object) -> bool:
    return isinstance(text, str) and any(sign.isdigit() for sign in text)


def _cleaned(value: Any, name: str = "") -> tuple[Any, list[str]]:
    """A value without the secrets of its texts. What is named as a password is one, whatever it looks like."""
    if isinstance(value, str):
        if name and len(value) >= 4 and secret_patterns.names_a_secret(name):
            return (value, []) if secret_patterns.is_placeholder(value) else ("[masked password]", [_PASSWORD])
        return masked(value) if value else (value, [])
    if isinstance(value, Mapping):
        pairs = {key: _cleaned(part, key if isinstance(key, str) else "") for key, part in value.items()}
        found = [one for _, some in pairs.values() for one in some]
        return ({key: part for key, (part, _) in pairs.items()} if found else value), found
    if isinstance(value, list | tuple):
        parts = [_cleaned(part, name) for part in value]
        found = [one for _, some in parts for one in some]
        return ([part for part, _ in parts] if found else value), found
    return value, []
