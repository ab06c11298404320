"""What a part of a story contradicts of all that was told before it, read by a model. One call a part.

The paper keeps a story together by its summary alone. What a model finds is only believed where it can be pointed at:
a contradiction whose quote is not in the part, or that names nothing it was shown, is counted and left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memagent.flow import Flow
from memagent.methods.recurrent import Settings, ask_for
from memagent.methods.recurrent_facts import one_line
from memagent.prompts import fill
from memagent.structured import Unreadable, json_object
from memagent.types import Message

MOST = 12
"""Contradictions of one part that are kept."""
_LABEL = re.compile(r"\W*([kp])\w*?\W*(\d+)\W*", re.IGNORECASE)
_QUOTES, _DASHES = "[\"'“”‘’„«»]", "[-‐‑–—]"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a part says that cannot be.

    Attributes:
        paragraph: which of its paragraphs says it, from 0.
        quote: the words, as they stand there.
        known: which line of what was shown it contradicts, from 0; `None` where it is a paragraph of the part.
        other: that paragraph, from 0.
        why: in a line.
    """

    paragraph: int
    quote: str
    known: int | None
    other: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a model found in a part, and how many findings could not be pointed at and were left out."""

    found: tuple[Contradiction, ...] = ()
    dropped: int = 0


def messages_for(paragraphs: Sequence[str], known: Sequence[str]) -> tuple[Message, ...]:
    """Return the messages that ask what some paragraphs contradict of what is known, a line or a paragraph each."""
    passage = "\n\n".join(f"p{at}: {text}" for at, text in enumerate(paragraphs, 1))
    lines = "\n".join(f"k{at}: {' '.join(text.split())}" for at, text in enumerate(known, 1))
    return fill("recurrent/continuity", passage=passage, known=lines or "(nothing yet)")


def find_contradictions(
    paragraphs: Sequence[str],
    known: Sequence[str],
    *,
    number: int = 0,
    settings: Settings = Settings(),  # noqa: B008
) -> Flow[Checked]:
    """Return what paragraphs contradict: of what is known, and of each other. One call.

    Args:
        paragraphs: a part of the story, in any language that the model reads.
        known: what was told before: facts and paragraphs.
        number: of the first paragraph in the story; another one has another seed.
        settings: how often is asked, and with which seed.

    Raises:
        ReplyError: no reply could be read.
    """
    messages = messages_for(paragraphs, known)
    found: Checked = yield from ask_for(
        messages, lambda text: read_contradictions(text, paragraphs, len(known)), "continuity", settings, number
    )
    return found


def read_contradictions(reply: str, paragraphs: Sequence[str], known: int) -> Checked:
    """Read a reply. Raises `Unreadable` where it has no list of contradictions."""
    rows = json_object(reply).get("contradictions")
    if not isinstance(rows, list):
        raise Unreadable('it has no list "contradictions"')
    read = [_read(row, paragraphs, known) if isinstance(row, Mapping) else None for row in rows]
    found = list(dict.fromkeys(one for one in read if one is not None))
    return Checked(tuple(found[:MOST]), sum(one is None for one in read) + len(found[MOST:]))


def in_text(quote: str, text: str) -> str:
    """Return a quote as it stands in a text, on one line; empty where it does not.

    Capitals, blanks, and the kinds of quotation marks and dashes may differ.
    """
    words = quote.strip(" \t\n.…\"'“”‘’„«»").split()
    if not any(letter.isalnum() for word in words for letter in word):
        return ""
    pattern = r"\s+".join(map(_loose, words))
    found = re.search(pattern, text, re.IGNORECASE)
    return " ".join(found[0].split()) if found else ""


def _read(row: Mapping[str, Any], paragraphs: Sequence[str], known: int) -> Contradiction | None:
    said = one_line(row.get("quote"))
    where, against = _label(row.get("paragraph"), "p"), _label(row.get("against"), "k")
    order = sorted(range(len(paragraphs)), key=lambda at: where is None or at != where[1])  # where it says, first
    at, quote = next(((at, found) for at in order if (found := in_text(said, paragraphs[at]))), (0, ""))
    if not quote or against is None:
        return None
    kind, number = against
    if kind == "k" and number < known:
        return Contradiction(at, quote, number, None, one_line(row.get("why")))
    if kind == "p" and number < len(paragraphs) and number != at:
        return Contradiction(at, quote, None, number, one_line(row.get("why")))
    return None


def _label(value: object, usual: str) -> tuple[str, int] | None:
    """Read `k3`, `p2`, `paragraph 2`, or a number alone, which is of the usual kind; numbers from 0."""
    text = one_line(value)
    found = _LABEL.fullmatch(text)
    if found and int(found[2]):
        return found[1].lower(), int(found[2]) - 1
    return (usual, int(text) - 1) if text.isdecimal() and int(text) else None


def _loose(word: str) -> str:
    return "".join(
        _QUOTES if re.fullmatch(_QUOTES, letter) else _DASHES if re.fullmatch(_DASHES, letter) else re.escape(letter)
        for letter in word
    )
