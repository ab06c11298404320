"""Lines that begin a chapter: `Chapter 7`, `CHAPTER VII. The Bells`, `Erstes Kapitel`, `Глава первая`, `第三章 灯塔`.

Covered are the word for a chapter in some thirty languages, with a number in digits, in Roman, Chinese or Arabic
numerals, or in a word; parts (`Part Two`); and names such as `Prologue`. A sentence that begins like one
(`Chapter 7 was the best.`) is none: behind a number without a sign, a title may not end as a sentence does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Kind = Literal["part", "chapter", "name"]

_ROMAN = r"(?=[MDCLXVI]+\b)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[MDCLXVI])\b"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_WORDS = rf"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:{_ONES}))?|{_TEENS}|{_ONES})\b"
_NUMBER = rf"(?:\d{{1,4}}\b|{_ROMAN}|{_WORDS})"
_CHAPTER = (
    r"(?:chapter|chap\.|ch\.|kapitel|kapitlet|kapittel|chapitre|cap[ií]tulo|capitolo|capítol|capitolul|hoofdstuk|"
    r"rozdział|rozdzial|kapitola|kapitulo|poglavlje|poglavje|глава|розділ|раздел|поглавље|κεφάλαιο|luku|bölüm|"
    r"fejezet|bab|chương|peatükk|skyrius|nodaļa)"
)
_PART = r"(?:part|book|volume|teil|buch|band|partie|livre|parte|libro|deel|boek|del|część|část|часть|частина|μέρος)"
_HAN = "[0-9０-９一二三四五六七八九十百千零〇两兩壱弐参廿]{1,9}"
_TITLE = r"(?:\s*[:.．：、—–-]+\s*(?P<told>.*)|\s+(?P<bare>.+))?"
_HAN_TITLE = r"(?:\s*[:：、.．]?\s*(?P<bare>.+))?"
_SAID = r"(?:\s*[:：—–]\s*(?P<told>.+))?"
_NAMED = (
    r"(?:prologue|epilogue|prolog|epilog|prólogo|epílogo|prologo|epilogo|épilogue|пролог|эпилог|епілог|interlude|"
    r"foreword|preface|afterword|vorwort|nachwort|序章|序幕|楔子|引子|尾声|尾聲|終章|终章|後記|后记|あとがき|프롤로그|에필로그)"
)
_LINES: tuple[tuple[Kind, str], ...] = (
    ("chapter", rf"{_CHAPTER}\s*{_NUMBER}{_TITLE}"),
    ("chapter", rf"(?:\d{{1,4}}\.?|{_ROMAN}\.?)\s*{_CHAPTER}{_TITLE}"),
    ("chapter", rf"{_CHAPTER}\s+(?:[^\W\d_]+[- ])?[^\W\d_]+{_SAID}"),
    ("chapter", rf"[^\W\d_]+\s+{_CHAPTER}{_SAID}"),
    ("chapter", rf"(?:第\s*{_HAN}\s*[部卷編编篇]\s*)?第\s*{_HAN}\s*[章回节節話话集]{_HAN_TITLE}"),
    ("chapter", rf"(?:제\s*)?\d{{1,4}}\s*[장화회]{_TITLE}"),
    ("chapter", rf"(?:บทที่|अध्याय)\s*\w+{_TITLE}"),
    ("chapter", rf"(?:الفصل|فصل|الباب|פרק)\s+\S+(?:\s+\S+)?{_SAID}"),
    ("part", rf"{_PART}\s+{_NUMBER}{_TITLE}"),
    ("part", rf"第\s*{_HAN}\s*[部卷編编篇]{_HAN_TITLE}"),
    ("name", rf"{_NAMED}{_SAID}"),
)
_PATTERNS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _LINES]
_ALONE = re.compile(rf"(?:(\d{{1,4}})|({_ROMAN}))[.)]?")
_DECORATION = " \t\u3000*_~=-–—·•#【】[]"
_SENTENCE_END = ".!?…。！？”\"'’」』,;，；"
_ROMAN_VALUES = dict(zip("MDCLXVI", (1000, 500, 100, 50, 10, 5, 1), strict=True))


def heading(line: str) -> tuple[Kind, str] | None:
    """Return the kind of a line that begins a chapter, and the line without ornaments; `None` for any other line."""
    bare = line.strip(_DECORATION)
    if not bare or len(bare) > 200 or "\n" in bare or bare[0].islower():
        return None
    for kind, pattern in _PATTERNS:
        found = pattern.fullmatch(bare)
        if found and _is_title(found.groupdict().get("bare") or ""):
            return kind, bare
    return None


def numbered(lines: Sequence[str]) -> list[int]:
    """Return which of some lines are bare numbers that count chapters: two or more, from 1, none left out."""
    found: list[int] = []
    for at, line in enumerate(lines):
        match = _ALONE.fullmatch(line.strip(_DECORATION))
        if match and (int(match[1]) if match[1] else _value(match[2])) == len(found) + 1:
            found.append(at)
    return found if len(found) > 1 else []


def is_short(line: str) -> bool:
    """Whether a line may be a title: short, and not ending as a sentence does."""
    return 0 < len(line.strip()) <= 60 and line.strip()[-1] not in _SENTENCE_END


def _is_title(text: str) -> bool:
    return not text or (is_short(text) and not text[0].islower())


def _value(roman: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in roman.upper()]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
