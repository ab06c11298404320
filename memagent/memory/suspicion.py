"""What a text looks like that does not belong into a memory: secrets, prompts, and lists of recalled memories.

Patterns of keys are those that their makers document. Each is narrow, since prose must not be taken for a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_KEYS: tuple[tuple[str, str], ...] = (
    ("a key of OpenAI, Anthropic or the like", r"(sk-(?=[\w-]*[A-Za-z0-9]{16})(?=[\w-]*\d)[\w-]{20,})"),
    ("a key of Amazon Web Services", r"((?:AKIA|ASIA)[A-Z2-7]{16})(?!\w)"),
    ("a token of GitHub", r"(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})"),
    ("a token of GitLab", r"(glpat-[\w-]{20,})"),
    ("a token of Slack", r"(xox[abeoprs]-(?=[\w-]*\d)[\w-]{10,})"),
    ("a key of Google", r"(AIza[\w-]{35})(?![\w-])"),
    ("a key of Stripe", r"([rs]k_(?:live|test)_[A-Za-z0-9]{16,})"),
    ("a token of Hugging Face", r"(hf_[A-Za-z0-9]{30,})(?!\w)"),
    ("a JSON web token", r"(eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"),
)
_PATTERNS = [(name, re.compile(rf"(?<![\w-]){pattern}")) for name, pattern in _KEYS]
_PATTERNS += [
    ("a bearer token", re.compile(r"(?i)authorization\W{1,4}bearer\s{1,4}([\w.~+/-]{20,})")),
    ("a password in an address", re.compile(r"://[^\s/:@]{1,200}:([^\s/@]{3,200})@")),
]

_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")

_NAMES = (
    r"(?:password|passwd|passphrase|passcode|pwd|api[_-]?key|secret[_-]?(?:access[_-]?)?key|client[_-]?secret|"
    r"(?:access|auth)[_-]?token)"
)
_ASSIGNED = re.compile(
    rf"(?i)(?<![a-z]){_NAMES}[\"']?\s{{0,4}}=\s{{0,4}}(?:\"([^\"\n]{{4,200}})\"|'([^'\n]{{4,200}})'|([^\s\"',;]{{4,}}))"
)
_TOLD = re.compile(rf"(?i)(?<![a-z]){_NAMES}[\"']?(?:\s?:|\s(?:is|was))\s{{0,4}}[\"'`]?([^\s\"'`]{{6,}})")
_PIN = re.compile(r"(?i)\b(?:pin|pin code|passcode)(?:\s?[:=]|\s(?:is|was))\s{0,4}(\d{4,8})\b(?![.,]\d)")
_PLACEHOLDER = re.compile(
    r"(?i)[*%.].*|.*[()\[\]{}<>$].*|.*(?:passw|pwd|self\.).*|none|null|true|false|str|string|your\W.*|x+|x{3}.*"
)

_CARD = re.compile(r"(?<![\w.,/-])(\d{4}([ -]?)\d{4}\2\d{4}\2\d{4}|3[47]\d{2}([ -]?)\d{6}\3\d{5})(?![\w/-]|[.,]\d)")
_BRANDS = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|62\d{14}"
)

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

_WORD = re.compile(r"(?<!\w)\w")


def secrets(text: str) -> list[str]:
    """Return in words what looks like a secret, each once, with a quarter of it and at most four letters."""
    found = ["a private key"] if _PRIVATE_KEY.search(text) else []
    found += [
        f"{name}, {_beginning(match.group(1))}" for name, pattern in _PATTERNS for match in pattern.finditer(text)
    ]
    found += [f"a password, {_beginning(value)}" for value in _passwords(text)]
    found += [f"a PIN, {_beginning(match.group(1))}" for match in _PIN.finditer(text)]
    found += [f"the number of a payment card, {_beginning(number)}" for number in _cards(text)]
    return list(dict.fromkeys(found))


def said_to_a_model(text: str) -> str:
    """Return what in a text is said to a model rather than to a person, in words, or ''."""
    return _first(_TO_A_MODEL, text)


def recalled(text: str) -> str:
    """Return what in a text shows memories as a prompt does, in words, or ''."""
    return _first(_RECALLED, text)


def word_starts(text: str, before: int | None = None) -> Iterator[int]:
    """Yield where the words of a text begin, up to a place."""
    return (match.start() for match in _WORD.finditer(text, 0, len(text) if before is None else max(0, before)))


def _first(patterns: Iterable[tuple[str, str]], text: str) -> str:
    """The name of the first pattern that is found. The text itself is not quoted: a secret may be in it."""
    return next((name for name, pattern in patterns if re.search(pattern, text)), "")


def _beginning(secret: str) -> str:
    return f"beginning {secret[: min(4, len(secret) // 4)]!r}"


def _passwords(text: str) -> Iterator[str]:
    """What is assigned to a name for a secret; where it is only told, it must not be a word of a language."""
    for match in _ASSIGNED.finditer(text):
        value = next(filter(None, match.groups()))
        if not _PLACEHOLDER.fullmatch(value):
            yield value
    for match in _TOLD.finditer(text):
        value = match.group(1).rstrip(".,;:!?)")
        if len(value) >= 6 and _mixed(value) and not _PLACEHOLDER.fullmatch(value):
            yield value


def _mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _cards(text: str) -> Iterator[str]:
    for match in _CARD.finditer(text):
        number = re.sub(r"\D", "", match.group(1))
        if _BRANDS.fullmatch(number) and _luhn(number) and len(set(number)) > 1:
            yield number


def _luhn(number: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
