"""Prompts are Markdown files beside this one, one per question, with named slots.

A file holds its messages under `=== system ===`, `=== user ===` and `=== assistant ===`; a slot is `$name`, and a
literal dollar is `$$`. A value that the file does not use, and a slot that got no value, are errors. A folder named
in `MEMAGENT_PROMPTS` (or given to `overriding`) is looked through first, so that `DIR/recurrent/step.md` replaces
ours.

Values are material, never instructions: a value cannot close the tag that it stands in, nor begin a turn; see
`contained`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import cast

from memagent.errors import PromptError
from memagent.prompts.contained import contained
from memagent.types import Message, Role

HERE = Path(__file__).parent
_MARK = re.compile(r"^=== (system|user|assistant) ===\s*$", re.MULTILINE)
_TAG = re.compile(r"^<([a-z_]+)>\s*$", re.MULTILINE)
_folder: ContextVar[Path | None] = ContextVar("memagent_prompts", default=None)


@contextmanager
def overriding(folder: str | Path) -> Iterator[None]:
    """Look for prompt files in `folder` first, inside this block."""
    token = _folder.set(Path(folder))
    try:
        yield
    finally:
        _folder.reset(token)


def names() -> list[str]:
    """Return the names of all prompts, such as `recurrent/step`."""
    return sorted(str(path.relative_to(HERE).with_suffix("")) for path in HERE.rglob("*.md"))


def fill(name: str, **values: str) -> tuple[Message, ...]:
    """Return the messages of the prompt `name` with its slots filled.

    Raises `PromptError` when there is no such prompt, when a slot has no value or a value has no slot.
    """
    text = _text(_path(name))
    template = Template(text)
    slots = set(template.get_identifiers())
    if missing := sorted(slots - set(values)):
        raise PromptError(f"prompt {name!r} needs {', '.join(missing)}", hint="Give each slot a value.")
    if unused := sorted(set(values) - slots):
        raise PromptError(
            f"prompt {name!r} does not use {', '.join(unused)}", hint=f"Slots: {', '.join(sorted(slots))}."
        )
    tags = {*_TAG.findall(text), *_beside(name)}
    safe = {slot: contained(value, tags) for slot, value in values.items()}
    parts = _MARK.split(text)
    if len(parts) < 3:
        raise PromptError(f"prompt {name!r} has no message", hint="Begin each one with a line such as `=== user ===`.")
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return tuple(Message(cast(Role, role), Template(body.strip()).substitute(safe)) for role, body in pairs)


def tagged(tag: str, text: str, *others: str) -> str:
    """Return a text between tags, which it cannot close; nor open or close the `others`."""
    return f"<{tag}>\n{contained(text, {tag, *others})}\n</{tag}>"


@lru_cache(maxsize=64)
def _beside(name: str) -> frozenset[str]:
    """The tags of prompts that may stand in one request with this one: all of a folder with one that continues."""
    folder = (HERE / name).parent
    if not (folder / "continue.md").is_file():
        return frozenset()
    return frozenset(tag for path in folder.glob("*.md") for tag in _TAG.findall(path.read_text(encoding="utf-8")))


def without_tags(text: str, *tags: str) -> str:
    """Return a text that opens and closes none of these tags."""
    return contained(text, set(tags))


def _path(name: str) -> Path:
    folders = [_folder.get(), os.environ.get("MEMAGENT_PROMPTS"), HERE]
    for folder in folders:
        if folder and (path := Path(folder) / f"{name}.md").is_file():
            return path
    raise PromptError(f"there is no prompt {name!r}", hint=f"There are: {', '.join(names())}.")


def _text(path: Path) -> str:
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> str:
    return path.read_text(encoding="utf-8")
