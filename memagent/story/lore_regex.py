r"""Keys of a lorebook that are regular expressions, written `/pattern/flags`, and kept from running for ever.

Python's matcher cannot be stopped, so a pattern is weighed before it is used: a repeat without an end reaches at most
`REACH` times, repeats and choices that could trade characters with each other multiply, and a pattern whose product is
above `WAYS` is refused. The verdict depends on the pattern alone, never on a clock, so that a book fires alike on every
machine. Letters and digits are those of all scripts (`\w`, `\b`, `\d` as in Python).
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import cache

from memagent.errors import UsageProblem

REACH = 100
"""How often an open repeat such as `w*` may match."""
WAYS = 12_000
"""How many ways of matching from one place a pattern may have."""
LONGEST = 500
"""Characters of a pattern."""

_KEY = re.compile(r"/((?:[^/\\]|\\.)+)/([a-z]*)", re.DOTALL)
_OPEN = re.compile(r"\((?:\?(?:[:=!]|<[=!]|P<\w+>))?")
_QUANTIFIER = re.compile(r"([*+?]|\{(\d*)(,?)(\d*)\})([?+]?)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[1-9]\d?|.)", re.DOTALL)
_WIDTHLESS = {"^", "$", r"\b", r"\B", r"\A", r"\Z"}
_SAMPLE = "".join(map(chr, range(32, 127))) + "\n\té\u0301жЖकाกً我あ한’“—…０"
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "g": re.NOFLAG, "u": re.NOFLAG}


def is_regex(key: str) -> bool:
    """Whether a key is written as a regular expression; one with a bare slash inside is not, as `/a/b/`."""
    return _KEY.fullmatch(key) is not None


@cache
def compiled(key: str) -> re.Pattern[str]:
    """Return what a key `/pattern/flags` matches. Flags: `i`, `m`, `s`; `g` and `u` change nothing.

    Raises `UsageProblem` for one that cannot be read, or that could take too long.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise UsageProblem(f"{key!r} is no regular expression", hint="Write it between slashes: /wrens?/i")
    pattern, letters = found.groups()
    strange = next((letter for letter in letters if letter not in _FLAGS), None)
    if strange:
        raise UsageProblem(f"{key!r}: the flag {strange!r} is not known", hint="Flags: i, m, s.")
    if len(pattern) > LONGEST:
        raise UsageProblem(f"{key[:30]!r}… is too long", hint=f"Keep it within {LONGEST} characters.")
    flags = re.NOFLAG
    for letter in letters:
        flags |= _FLAGS[letter]
    try:
        _quietly(pattern, flags)  # its own words for what is wrong, before the pattern is changed
        return _quietly(_Weighed(pattern, flags, key).bounded, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageProblem(f"{key!r} cannot be read: {error}", hint="Mend the expression.") from error


@dataclass(slots=True)
class _Group:
    """An open group: whether it can match in several ways, and how many branches it has."""

    varies: bool = False
    branches: int = 1


@dataclass(slots=True)
class _Repeat:
    """A repeat that may still trade characters with a later one; `ways` multiplies along those that can."""

    matched: frozenset[str] | None
    ways: int

    def trades_with(self, matched: frozenset[str] | None) -> bool:
        """Whether what another repeat matches could be matched by this one; `None` is anything."""
        return matched is None or self.matched is None or bool(self.matched & matched)


@dataclass(slots=True)
class _Weighed:
    """Reads a pattern once from left to right, gives open repeats an end, and counts the ways of matching."""

    pattern: str
    flags: re.RegexFlag
    key: str
    at: int = 0
    bounded: str = ""
    choices: int = 1
    worst: int = 1
    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    chain: list[_Repeat] = field(default_factory=list)

    def __post_init__(self) -> None:
        while self.at < len(self.pattern):
            self._step()
        self.choices *= self.groups[0].branches
        if self.choices * self.worst > WAYS:
            raise self._refused("could take too long")

    def _step(self) -> None:
        letter = self.pattern[self.at]
        if letter == "(":
            self._open()
        elif letter == ")":
            self._close()
        elif letter == "|":
            self.groups[-1].branches += 1
            self._take(letter)
        else:
            self._atom()

    def _open(self) -> None:
        found = _OPEN.match(self.pattern, self.at)
        assert found is not None
        if found[0] == "(" and self.pattern.startswith("(?", self.at):
            raise self._refused("has a kind of group that is not supported")
        self.groups.append(_Group())
        self._take(found[0])

    def _close(self) -> None:
        self._take(")")
        group = self.groups.pop()
        self.choices *= group.branches
        low, high = self._quantifier()
        varies = group.varies or group.branches > 1
        if high > 1 and varies:
            raise self._refused("repeats what can match in several ways")
        self.groups[-1].varies |= varies or low != high
        self._counted(None, low, high)

    def _atom(self) -> None:
        atom = self._next_atom()
        self._take(atom)
        if atom in _WIDTHLESS:
            self._quantifier()
            return
        low, high = self._quantifier()
        self.groups[-1].varies |= low != high
        known = not (atom[0] == "\\" and atom[1].isdigit())  # a back reference may match anything
        matched = _matched(atom, self.flags) if known else None
        if matched is not None and low and len(self.groups) == 1 and "|" not in self.pattern:
            self.chain = [one for one in self.chain if one.matched is None or one.matched & matched]
        self._counted(matched, low, high)

    def _next_atom(self) -> str:
        reader = {"\\": _ESCAPE, "[": _CLASS}.get(self.pattern[self.at])
        found = reader.match(self.pattern, self.at) if reader else None
        return found[0] if found else self.pattern[self.at]

    def _counted(self, matched: frozenset[str] | None, low: int, high: int) -> None:
        if low == high:
            return
        if high == 1:
            self.choices *= 2
            return
        ways = (high - low + 1) * max((one.ways for one in self.chain if one.trades_with(matched)), default=1)
        self.chain.append(_Repeat(matched, ways))
        self.worst = max(self.worst, ways)

    def _quantifier(self) -> tuple[int, int]:
        """Read a quantifier, write it with an end, and return its least and its most; once without one."""
        found = _QUANTIFIER.match(self.pattern, self.at)
        if found is None or found[1] in ("{}", "{,}"):
            return 1, 1
        self.at = found.end()
        sign, least, comma, most = found.group(1, 2, 3, 4)
        low = {"+": 1}.get(sign) or int(least or 0)
        high = 1 if sign == "?" else REACH if sign in "*+" else int(most or REACH) if comma else low
        if low > REACH or high > REACH:
            raise self._refused(f"repeats more than {REACH} times")
        self.bounded += f"{{{low},{high}}}{found[5]}"
        return low, high

    def _take(self, text: str) -> None:
        self.bounded += text
        self.at += len(text)

    def _refused(self, why: str) -> UsageProblem:
        return UsageProblem(f"{self.key!r} {why}", hint="Make it simpler, or write several keys.")


@cache
def _matched(atom: str, flags: re.RegexFlag) -> frozenset[str]:
    pattern = _quietly(atom, flags)
    return frozenset(letter for letter in _SAMPLE if pattern.fullmatch(letter)) | {atom}


def _quietly(pattern: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """Compile without a warning of what may mean something else in a later Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, flags)
