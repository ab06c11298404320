"""Where a text holds what looks like a secret: a key, a token, a password, a PIN, the number of a payment card.

Patterns of keys are those that their makers document. Each is narrow, since prose must not be taken for a secret: what
is only told ("my password is ...") must have a digit and a letter. The names of a password are known in English,
German, French, Spanish, Portuguese, Italian, Polish, Russian, Chinese, Japanese and Korean; keys and cards look the
same in all. What is a secret only by the words beside it is found by `secret_words`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from memagent.memory import secret_words

_KEYS: tuple[tuple[str, str, str, str], ...] = (
    (
        "sk-",
        "key",
        "a key of OpenAI, Anthropic or the like",
        r"(sk-(?=[\w-]*[A-Za-z0-9]{16})(?=[\w-]*\d)[\w-]{20,})",
    ),
    ("AKIA", "key", "a key of Amazon Web Services", r"(AKIA[A-Z2-7]{16})(?!\w)"),
    ("ASIA", "key", "a key of Amazon Web Services", r"(ASIA[A-Z2-7]{16})(?!\w)"),
    ("gh", "token", "a token of GitHub", r"(gh[pousr]_[A-Za-z0-9]{36,})"),
    ("github_pat_", "token", "a token of GitHub", r"(github_pat_\w{40,})"),
    ("glpat-", "token", "a token of GitLab", r"(glpat-[\w-]{20,})"),
    ("xox", "token", "a token of Slack", r"(xox[abeoprs]-(?=[\w-]*\d)[\w-]{10,})"),
    ("AIza", "key", "a key of Google", r"(AIza[\w-]{35})(?![\w-])"),
    ("k_live_", "key", "a key of Stripe", r"([rs]k_live_[A-Za-z0-9]{16,})"),
    ("k_test_", "key", "a key of Stripe", r"([rs]k_test_[A-Za-z0-9]{16,})"),
    ("hf_", "token", "a token of Hugging Face", r"(hf_[A-Za-z0-9]{30,})(?!\w)"),
    ("SG.", "key", "a key of SendGrid", r"(SG\.[\w-]{20,24}\.[\w-]{40,46})(?![\w-])"),
    ("npm_", "token", "a token of npm", r"(npm_[A-Za-z0-9]{36})(?!\w)"),
    ("pypi-AgE", "token", "a token of PyPI", r"(pypi-AgE[\w-]{50,})"),
    ("_v1_", "token", "a token of DigitalOcean", r"(do[opr]_v1_[a-f0-9]{64})(?!\w)"),
    (":AA", "token", "a token of Telegram", r"(\d{8,10}:AA[\w-]{33})(?![\w-])"),
    ("AGE-SECRET", "private key", "a private key", r"(AGE-SECRET-KEY-1[0-9A-Z]{50,})"),
    ("eyJ", "token", "a JSON web token", r"(eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"),
)
"""What a text must have for the pattern to be tried, the kind, its name in words, and the pattern."""

_PATTERNS = [(mark, kind, name, re.compile(rf"(?<![\w-]){pattern}")) for mark, kind, name, pattern in _KEYS]
_PATTERNS += [
    ("", "token", "a bearer token", re.compile(r"(?i)authorization\W{1,4}bearer\s{1,4}([\w.~+/-]{20,}=*)")),
    ("://", "password", "a password in an address", re.compile(r"://[^\s/:@]{1,200}:([^\s/@]{3,200})@")),
]

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<what>(?:[A-Z]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?:.{0,20000}?-----END (?P=what)-----|(?:\s{1,4}[A-Za-z0-9+/=:,. -]{1,200}(?=\s|$)){0,400})",
    re.DOTALL,
)

_NAMES = (
    r"(?:pass[ _-]?word|p[ ._-]a[ ._-]s[ ._-]s[ ._-]w[ ._-]o[ ._-]r[ ._-]d|passwd|"
    r"pass[ _-]?phrase|passcode|pwd|pw|api[ _-]?key|"
    r"secret[_-]?(?:access[_-]?)?key|client[_-]?secret|"
    r"(?:access|auth|refresh|bot)[_-]?token|passwort|kennwort|mot de passe|contraseña|senha|palavra-passe|hasło|"
    r"пароль|密码|密碼|パスワード|비밀번호)"
)
_STEMS = (
    *(
        "p a s",
        "p.a.s",
        "p-a-s",
        "p_a_s",
        "pass",
        "pwd",
        "pw",
        "key",
        "secret",
        "client",
        "token",
        "kennwort",
        "mot de",
        "contra",
        "senha",
        "palavra",
    ),
    *("hasło", "пароль", "密码", "密碼", "パス", "비밀"),
)
"""What a text has, folded, where it has one of these names."""
_ASSIGNED = re.compile(
    rf"(?i)(?<![a-z])(?:{_NAMES}|secret)[\"']?\s{{0,4}}=\s{{0,4}}(?:\"([^\"\n]{{4,200}})\"|'([^'\n]{{4,200}})'|([^\s\"',;]{{4,}}))"
)
_IS = (
    r"(?:\s?[:：]|"
    r"(?:\s(?:is|was|(?:will|would) be|(?:is )?now|(?:is )?set to|ist|lautet|est|es|é|è|jest|to|это|[—–-])|['’]s)"
    r"(?:(?=\s)|\s?[:：])|\s?(?:是|为|は|은|는)\s?[:：]?)"
)
_FOR = r"(?: (?:for|to|of|on|at|für|zu|bei|pour|de|para|di|do|для|от) [^\n.,;:!?]{1,40}?)?"
_TOLD = re.compile(rf"(?i)(?<![a-z]){_NAMES}[\"']?{_FOR}{_IS}\s{{0,4}}[\"'`«„“]?([^\s\"'`»“”。，、]{{6,}})")
_CALLED = re.compile(
    rf"(?i)\b(?:my|our|his|her|their|the|mein|mon|mi|мой) {_NAMES} [\"'`«„“]?([^\s\"'`»“”。，、]{{6,}})"
)
_QUOTED = re.compile(
    rf"(?i)(?<![a-z]){_NAMES}[\"']?{_FOR}{_IS}\s{{0,4}}(?:\"([^\"\n]{{6,60}})\"|“([^”\n]{{6,60}})”|«([^»\n]{{6,60}})»|"
    r"„([^“”\n]{6,60})[“”]|‘([^’\n]{6,60})’|'([^'\n]{6,60})'|`([^`\n]{6,60})`|「([^」\n]{6,60})」)"
)
_BELOW = re.compile(rf"(?im)^\W{{0,4}}(?:my |the )?{_NAMES}[ \t:：]*\n{{1,3}}[ \t]*([^\s]{{6,64}})[ \t]*$")
_BESIDE = re.compile(r"(?i)(?:密码|密碼|口令|パスワード|비밀번호|пароль)[ \t]{1,3}([!-~]{6,64})(?![\w-])")
_BEFORE = re.compile(
    r"(?i)[\"'`»”]? (?:is|was|ist|est|es|это|[—–-]) (?:my|the|our|his|her|mein|das|mon|le|mi|la|мой) "
    rf"(?:[\w-]+ ){{0,2}}?{_NAMES}(?=\s*(?:[.,;:!?)]|$|(?:for|to|of|on|at|für|pour|para|для|от)\b))"
)
_LAST = re.compile(r"(?<![^\s\"'`«„“:：(])[^\s\"'`«„“:：(]{6,64}$")
_USED_AS = re.compile(
    rf"(?i)\b(?:use|used|using|type|enter) [\"'`“]?([^\s\"'`”]{{6,64}})[\"'`”]? (?:as|for) (?:my|the|a|our) {_NAMES}\b"
)
_ALIKE = str.maketrans("аеорсухѕіјԁһԛԝＡ", "aeopcyxsijdhqwA")
_TWO_SCRIPTS = re.compile(r"[a-zA-Z][аеорсухѕіјԁһԛԝ]|[аеорсухѕіјԁһԛԝ][a-zA-Z]")
"""A word with letters of Cyrillic that look like Latin ones."""
_KEY_GROUPS = re.compile(r"\w{4,8}(?:-\w{4,8}){2,}")
_PIN = re.compile(
    r"(?:\b(?i:pin|pin code|passcode)(?:\s?[:=]|\s(?:is|was|ist))|\b(?:PIN|(?i:pin code)))\s{0,4}(\d{4,8})\b(?![.,]\d)"
)
_SOCIAL = re.compile(r"(?i)(?:social security|\bssn\b)[^\n\d]{0,40}(\d{3}-\d{2}-\d{4})(?!\d)")
_PLACEHOLDER = re.compile(
    r"(?i)[*%.].*|.*[()\[\]{}<>$].*|.*(?:passw|pwd|self\.).*|none|null|true|false|str|string|your\W.*|x+|x{3}.*"
)
_NAME = re.compile(rf"(?i)(?:.*[^a-z])?{_NAMES}")

_CARD = re.compile(r"(?<![\w.,/-])(\d{4}([ -]?)\d{4}\2\d{4}\2\d{4}|3[47]\d{2}([ -]?)\d{6}\3\d{5})(?![\w/-]|[.,]\d)")
_BRANDS = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|62\d{14}"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of a text that looks like a secret.

    Attributes:
        start: where it begins, in characters.
        end: behind its last character.
        kind: `key`, `token`, `private key`, `password`, `PIN`, `code`, `number`, `card number`, `account number` or
            `seed phrase`.
        what: what it looks like, in words.
    """

    start: int
    end: int
    kind: str
    what: str


def found(text: str) -> list[Found]:
    """Return what looks like a secret in a text, each kind in turn; two of them may overlap."""
    all_found = [Found(*match.span(), "private key", "a private key") for match in _PRIVATE_KEY.finditer(text)]
    for mark, kind, what, pattern in _PATTERNS:
        if mark in text:
            all_found += [Found(*match.span(1), kind, what) for match in pattern.finditer(text)]
    readings = [text, text.translate(_ALIKE)] if _TWO_SCRIPTS.search(text) else [text]
    for reading in readings:
        folded = reading.lower()
        if any(stem in folded for stem in _STEMS):
            all_found += [Found(*span, "password", "a password") for span in _passwords(reading)]
    all_found += [Found(*span) for span in secret_words.found(text)]
    all_found += [Found(*match.span(1), "PIN", "a PIN") for match in _PIN.finditer(text)]
    all_found += [Found(*match.span(1), "number", "a social security number") for match in _SOCIAL.finditer(text)]
    all_found += [Found(*span, "card number", "the number of a payment card") for span in _cards(text)]
    return all_found


def names_a_secret(name: str) -> bool:
    """Return whether what is called so is a password or a key: `DB_PASSWORD`, `api_key`, `пароль`."""
    return _NAME.fullmatch(name) is not None


def is_placeholder(value: str) -> bool:
    """Return whether a value only stands for a secret: `<your password>`, `***`, `os.environ[...]`."""
    return _PLACEHOLDER.fullmatch(value) is not None


def _passwords(text: str) -> Iterator[tuple[int, int]]:
    """What is assigned to a name for a secret; where it is only told, it must not be a word of a language."""
    for match in _ASSIGNED.finditer(text):
        group = next(number for number, value in enumerate(match.groups(), 1) if value)
        if not is_placeholder(match.group(group)):
            yield match.span(group)
    for match in _QUOTED.finditer(text):
        group = next(number for number, value in enumerate(match.groups(), 1) if value)
        value = match.group(group)
        if len(value.split()) <= _WORDS and _mixed(value) and not is_placeholder(value):
            yield match.span(group)
    for name in _BEFORE.finditer(text):
        start = max(0, name.start() - 65)
        value = _LAST.search(text[start : name.start()])
        if value and _mixed(value.group()) and not is_placeholder(value.group()):
            yield start + value.start(), name.start()
    for match in (pair for pattern in _SAID for pair in pattern.finditer(text)):
        value = match.group(1).rstrip(".,;:!?)")
        telling = _mixed(value) or ("key" in match.group().lower() and _KEY_GROUPS.fullmatch(value))
        if len(value) >= 6 and telling and not is_placeholder(value):
            yield match.start(1), match.start(1) + len(value)


_SAID = (_TOLD, _CALLED, _BELOW, _BESIDE, _USED_AS)
_WORDS = 3  # of a password in quotation marks; more of them are a sentence


def _mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        number = re.sub(r"\D", "", unicodedata.normalize("NFKC", match.group(1)))
        if _BRANDS.fullmatch(number) and _luhn(number) and len(set(number)) > 1:
            yield match.span(1)


def _luhn(number: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
