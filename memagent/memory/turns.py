"""Who says which line of a conversation, and which lines were recalled: what a person has not said teaches nothing.

A list of memories is known by its heading, its numbers or the marks round it. What a system, a tool or the model said
goes on until somebody else speaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memagent.memory.unfit import MODEL, PROMPT, RECALLED
from memagent.triples import Refusal

_ROLES = (
    r"system|developer|assistant|ai|bot|chatbot|model|tool|function|user|human|chatgpt|gpt(?:-[\w.]+)?|claude|gemini|"
    r"copilot"
)
_TIME = r"(?:\[?\(?\d[\d:./ -]{2,20}(?:[ap]m)?\]?\)?\s*[-–]?\s*)?"
_ROLE = re.compile(
    rf"(?i)^\s*{_TIME}[*_#\[(<\s]{{0,5}}(?P<role>{_ROLES})\b[*_\])>]{{0,3}}(?:\s*\([^()\n]{{0,20}}\))?[*_]{{0,2}}"
    r"(?:\s*[:：]\s*(?P<rest>.*)|\s*)$"
)
_SPEAKERS = re.compile(rf"(?im)^[^\w\n]{{0,5}}{_TIME}(?:user|human|assistant|chatgpt|system)\b[^\w\n]{{0,4}}[:：]")
_NOT_SAID_BY_A_PERSON = {"system": PROMPT, "developer": PROMPT, "tool": RECALLED, "function": RECALLED}
_AMBIGUOUS = frozenset("model tool function ai bot developer claude gemini copilot".split())
"""Roles that are words or names besides: they count where others of a transcript are there."""
_HEADING = re.compile(
    r"(?i)^\s*\d{1,3}\.\s+[01]?\.\d+\s|"
    r"^\W*(?:what (?:i|we) (?:know|have|remember)|facts (?:i|we) (?:have|know)|user (?:facts|profile|info))\b"
    r"[^.\n]{0,60}[:：]?\W*$|"
    r"^\W*(?:here (?:are|is) |these are )?(?:the |some |your |what i )?(?:most )?(?:relevant|related|retrieved|"
    r"recalled|"
    r"previous|past|existing|known|remembered|stored|user|long-term|remember|i remember|from memory)\b"
    r"[^.\n]{0,60}[:：]\W*$|"
    r"^\W*(?:memor(?:y|ies)|recollections?|known facts|context|passages|erinnerungen|bekannte fakten|souvenirs|"
    r"recuerdos|воспоминания|记忆|相关记忆|記憶)[^.\n]{0,40}[:：]\W*$"
)
_NUMBERED = re.compile(r"^\s*\[\d{1,3}\](?:\s|$)")
_TAG = re.compile(
    r"(?i)^\s*<(?P<end>/?)\s*(?:passages|recalled|found|memory|memories|facts|context|(?:relevant|"
    r"retrieved)[_-]\w{1,20})\s*>"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a conversation: its text without the role before it, and why nothing is learnt from it, or ''."""

    text: str
    why: str = ""


def lines(text: str) -> list[Line]:
    """Return the lines of a conversation, each with why nothing is learnt from it, or ''.

    A list of memories is known by its heading, its numbers or the marks round it, and ends with it; what a system, a
    tool or the model said goes on until somebody else speaks.
    """
    return list(_lines(text))


def refusals(of: list[Line]) -> list[Refusal]:
    """Return the lines that were refused, each with the reason."""
    return [Refusal(line.text, line.why) for line in of if line.why]


def _lines(text: str) -> Iterator[Line]:
    inside, until_blank = "", True
    numbered = False
    talk = _SPEAKERS.search(text) is not None
    for line in text.splitlines():
        role = _ROLE.match(line)
        if role and role["role"].lower() in _AMBIGUOUS and not talk:
            role = None
        tag = _TAG.match(line)
        if tag:
            inside, until_blank = ("" if tag["end"] else RECALLED), False
            yield Line(line.strip(), RECALLED)
        elif role:
            inside, until_blank = _role(role["role"].lower()), False
            if (role["rest"] or "").strip():
                yield Line(role["rest"].strip(), inside)
        elif not line.strip():
            inside, numbered = ("" if until_blank else inside), False
        elif _HEADING.match(line) and not inside:
            inside, until_blank = RECALLED, True
            yield Line(line.strip(), RECALLED)
        elif inside:
            yield Line(line.strip(), inside)
        else:
            numbered = numbered or bool(_NUMBERED.match(line))
            yield Line(line.strip(), RECALLED if numbered else "")


def _role(name: str) -> str:
    if name in ("user", "human"):
        return ""
    return _NOT_SAID_BY_A_PERSON.get(name, MODEL)
