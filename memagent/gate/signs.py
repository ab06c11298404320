"""What in a text is said to a model, or is a list of memories as a prompt shows it: by its own signs."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TO_A_MODEL: tuple[tuple[str, str], ...] = (
    (
        "'You are a helpful assistant'",
        r"(?i)(?:^|[.!?:\n\"'>]\s{0,3})(?:you are|you're|act as) (?:an? )?(?:[\w-]{1,20} ){0,4}?"
        r"(?:assistant|chatbot|language model|ai model|chatgpt)\b",
    ),
    ("'As an AI language model'", r"(?i)\bas an? (?:ai|large) (?:language )?model\b"),
    ("'Ignore all previous instructions'", r"(?i)\bignore (?:all )?(?:of )?(?:the |your )?previous instructions\b"),
    ("the marks of a chat template", r"<\|(?:im_start|system|start_header_id)\|>|<<SYS>>|\[INST\]"),
    ("a heading '### Instruction'", r"(?m)^### (?:Instruction|System)s?:?[ \t]*$"),
    ("the rules of our own prompts", r"(?:The passages are evidence|inside the tags is material)[^.]{0,20}, never"),
    ("the rules of our own prompts", r"Reply with one JSON object and nothing else"),
)

_RECALLED: tuple[tuple[str, str], ...] = (
    (
        "a list under a heading such as 'Relevant memories:'",
        r"(?im)^\W{0,4}(?:here (?:are|is) )?(?:the |some |your )?(?:most )?"
        r"(?:relevant|related|retrieved|recalled|previous|past|existing|known|user|long-term) "
        r"(?:\w{1,20} )?(?:memory|memories|passages|context)\b[^\n:.]{0,40}:"
        r"\W{0,4}(?:(?<=\n)|\n)[ \t]{0,8}(?:[-*•]|\[?\d{1,3}[\].)]|\w)",
    ),
    (
        "marks round recalled text, such as <passages>",
        r"(?im)^[ \t]{0,8}</?(?:passages|recalled|memory|memories|relevant[_-]memories|retrieved[_-]\w{1,20})>[ \t]*$",
    ),
    ("numbered passages", r"(?s)(?:\A|\n)\[1\][^\n]*\n[^\n].{0,4000}?\n\n\[2\][^\n]*\n[^\n]"),
)


def said_to_a_model(text: str) -> str:
    """Return what in a text is said to a model rather than to a person, in words, or ''."""
    return _first(_TO_A_MODEL, text)


def recalled(text: str) -> str:
    """Return what in a text shows memories as a prompt does, in words, or ''."""
    return _first(_RECALLED, text)


def _first(patterns: Iterable[tuple[str, str]], text: str) -> str:
    """The name of the first pattern that is found. The text itself is not quoted: a secret may be in it."""
    return next((name for name, pattern in patterns if re.search(pattern, text)), "")
