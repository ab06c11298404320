"""Secrets in an export that is taken up: what the target masks or refuses is so in what it is given by an import too.

Passages, rationales and what was found in passages lose the secret and keep the rest. A fact is known by its words: one
that says a secret is not taken up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memagent.memory.secret_guard import Guard
from memagent.memory.transfer_lines import Line

_FIELDS = {
    "passage": ("title", "text", "source", "metadata"),
    "rationale": ("problem", "reasoning", "answer", "verified", "source", "metadata"),
    "extraction": ("entities", "facts", "problem"),
}
_JSON = ("metadata", "entities", "facts")
_TERMS = ("subject", "relation", "object", "source")


def without_secrets(guard: Guard, lines: Mapping[str, list[Line]]) -> dict[str, list[Line]]:
    """Return the lines of an export without the secrets in passages, rationales and extractions.

    Raises:
        SecretRefused: the memory refuses secrets, and one is there.
    """
    return {kind: [_masked(guard, line) if kind in _FIELDS else line for line in some] for kind, some in lines.items()}


def says_a_secret(guard: Guard, evidence: Line) -> bool:
    """Return whether a line of evidence says a secret that is not to be kept; it is told of like what is masked.

    Raises:
        SecretRefused: the memory refuses secrets.
    """
    said = {name: evidence.data[name] for name in _TERMS}
    return any(guard.value(part, kind="fact", field=name) != part for name, part in said.items())


def _masked(guard: Guard, line: Line) -> Line:
    clean: dict[str, Any] = {}
    for field in _FIELDS[line.kind]:
        stored = line.data[field]
        value = json.loads(stored) if field in _JSON else stored
        kept = guard.value(value, kind=line.kind, field=field, id=line.data.get("id"))
        if kept != value:
            clean[field] = json.dumps(kept) if field in _JSON else kept
    if not clean:
        return line
    return line._replace(data={**line.data, **clean, **({"vector": None} if "vector" in line.data else {})})
