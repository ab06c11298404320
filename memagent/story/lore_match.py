"""Which keys of a lorebook stand in a text, fast for thousands of keys, in any script.

Text and keys are folded alike: compatibility forms, case, curly apostrophes, blanks, and `ё` as `е`. A key is a whole
word or some: no letter of a script with blanks goes on before it or behind it. In scripts without blanks (Chinese,
Japanese, Thai, ...; Korean too, whose words carry endings) a key stands anywhere, beside letters of another script too.
A key `мар*` is the beginning of a word, for languages that decline. `/pattern/flags` is a regular expression, matched
against the text as it is written.

A key is only looked for where its first word, or its first characters, are in the text at all: the work follows the
length of the text, and not the number of the keys.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from memagent.story.lore_regex import compiled, is_regex
from memagent.terms import UNSPACED

LONGEST = 20_000
"""Characters of a text that are looked at with regular expressions."""

_HEAD = 4  # characters of a word by which keys that are beginnings are told apart
_WORD = re.compile(f"[^\\W{UNSPACED}]+")
_LETTER = re.compile(f"[^\\W{UNSPACED}]")
_BLANKS = re.compile(r"\s+")
_SAME = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "ё": "е", "Ё": "Е"})


@dataclass(frozen=True, slots=True)
class Key:
    """A key as an entry asks for it: how it is written, whether capitals count, whether it is whole words."""

    written: str
    case_sensitive: bool = False
    whole_words: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is looked through: where it is from, as it is told (`the plan`), and what it says."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class _Plain:
    """A key made ready: what is looked for, and whether letters may go on before it and behind it."""

    key: Key
    folded: str
    closed_before: bool
    closed_behind: bool

    @classmethod
    def of(cls, key: Key) -> _Plain:
        written = key.written.strip()
        beginning = len(written) > 1 and written.endswith("*")
        folded = fold(written.removesuffix("*") if beginning else written, case=key.case_sensitive).strip()
        whole = key.whole_words
        return cls(
            key,
            folded,
            (whole or beginning) and bool(_LETTER.match(folded)),
            whole and not beginning and _ends_with_letter(folded),
        )

    @property
    def mark(self) -> str:
        """What is in every text that has the key: its first word or the head of one, else its first two characters."""
        first = _WORD.match(self.folded)
        if not self.closed_before or first is None:
            return self.folded[:2]
        whole = self.closed_behind or first.end() < len(self.folded)
        return first[0] if whole else f"^{first[0][:_HEAD]}"

    def stands_in(self, text: str) -> bool:
        """Whether it stands in a folded text."""
        at = text.find(self.folded)
        while at >= 0:
            end = at + len(self.folded)
            before = self.closed_before and _ends_with_letter(text[max(0, at - 4) : at])
            behind = self.closed_behind and (_LETTER.match(text, end) or _is_mark(text[end : end + 1]))
            if not before and not behind:
                return True
            at = text.find(self.folded, at + 1)
        return False


class Keys:
    """Many keys, made ready once; `find` tells which of them stand in some texts."""

    def __init__(self, keys: Iterable[Key]) -> None:
        """Raises `UsageProblem` for a regular expression that cannot be used."""
        every = dict.fromkeys(key for key in keys if key.written.strip())
        self._expressions = [(key, compiled(key.written)) for key in every if is_regex(key.written)]
        self._plain: dict[bool, dict[str, list[_Plain]]] = {False: defaultdict(list), True: defaultdict(list)}
        for key in every:
            if not is_regex(key.written) and (plain := _Plain.of(key)).folded:
                self._plain[key.case_sensitive][plain.mark].append(plain)

    def find(self, texts: Sequence[Text]) -> dict[Key, str]:
        """Return the keys that stand in any of the texts, each with the source of the first that has it."""
        found: dict[Key, str] = {}
        for case, table in self._plain.items():
            if table:
                self._find_plain(texts, table, case, found)
        for key, expression in self._expressions:
            for one in texts:
                if expression.search(one.text[:LONGEST]):
                    found[key] = one.source
                    break
        return found

    def _find_plain(
        self, texts: Sequence[Text], table: dict[str, list[_Plain]], case: bool, found: dict[Key, str]
    ) -> None:
        for one in texts:
            text = fold(one.text, case=case)
            for mark in _marks(text) & table.keys():
                for plain in table[mark]:
                    if plain.key not in found and plain.stands_in(text):
                        found[plain.key] = one.source


def fold(text: str, *, case: bool = False) -> str:
    """Return a text as keys are compared; with `case`, its capitals stay."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_SAME)
    return _BLANKS.sub(" ", plain if case else plain.casefold())


def _ends_with_letter(text: str) -> bool:
    """Whether a text ends with a letter of a script with blanks; marks on that letter belong to it."""
    while _is_mark(text[-1:]):
        text = text[:-1]
    return _LETTER.match(text[-1:]) is not None


def _is_mark(letter: str) -> bool:
    return letter > "\u02ff" and unicodedata.category(letter)[0] == "M"


def _marks(text: str) -> set[str]:
    """All words with their heads, all characters, and all pairs of characters of a folded text."""
    words = set(_WORD.findall(text))
    heads = {f"^{word[:length]}" for word in words for length in range(1, _HEAD + 1)}
    return words | heads | set(text) | set(map("".join, set(pairwise(text))))
