"""Rows of a table, of a list of triples or of a record: fields between separators rather than sentences.

A person who tells something writes a sentence, which has its own stops; what stands between bars, tabs, semicolons or
single commas was printed. Known by form alone, so in any language:

- two fields or more of a few words, none of which ends as a sentence: `Ida | lives in | Oslo`, `Ida,plays,cello`,
  `cello; Ida plays cello`, `Ida / plays / cello`, `Ida: plays: cello`;
- lines one after the other that are parted alike, whatever is in their fields;
- lines one after the other in columns, with blanks between as wide as it takes;
- lines one after the other of the form `Name: value`, or several such in one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from memagent.gate.echoes import words
from memagent.gate.marks import unlisted

_SEPARATORS = ("|", "\t", ";", "；", ",", ": ")
_SIGN = re.compile(
    r"(?<=\S )[^\w\s.,;:!?'\"’“”«»()&%+$€£]{1,3}(?= \S)"
)  # with blanks round it: a dash, an arrow, a bar
_COLUMNS = re.compile(r"\s{2,}(?=\S)")
_FEW = 4  # words of a field
_LETTERS = 16  # of a field in a writing that does not part words
_CLAUSES = 3  # words that each field has where semicolons part clauses
_LONGEST = 400  # characters of a row
_FIELDS = range(3, 9)
_EAST = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_KEYED = re.compile(r"^\s*[^\W\d_][\w ]{0,24}\s*[:：=]\s*\S.{0,80}$")
_KEYS = re.compile(r"(?:^|(?<=[.;,|]\s))[^\W\d_][\w-]*(?: [^\W\d_][\w-]*)?[:：]\s")
_STOP = re.compile(r"[.!?。！？][\"'”»)]*\s*$")
_CLAUSE = re.compile(
    r"(?i)\b(?:i|i'm|my|we|he|she|it|they|you|ich|wir|sie|er|je|j'|nous|il|elle|yo|mi|eu|io|и|я|мы|он|она|und|and|but|et|y)\b|[我他她你]"
)


def is_row(line: str) -> bool:
    """Return whether one line is fields of a row: at least three short ones, or two of which one repeats the other."""
    bare = unlisted(line).strip().strip("|").strip()
    if len(bare) > _LONGEST or "\n" in bare:
        return False
    if _is_keyed(bare):
        return True
    if _STOP.search(bare):
        return False
    signs = dict.fromkeys(f" {sign} " for sign in _SIGN.findall(bare))
    separators = (*signs, *_SEPARATORS)
    return any(_is_row(fields, separator) for separator in separators if len(fields := bare.split(separator)) > 1)


def rows(lines: Sequence[str]) -> list[bool]:
    """Return for each line of a paragraph whether it is a row: by itself, or beside others that are parted alike."""
    found = [is_row(line) for line in lines]
    shapes = [_shape(line) for line in lines]
    at = 0
    for shape, group in groupby(shapes):
        length = len(list(group))
        if shape and length >= (3 if shape == ("=", 2) else 2):
            found[at : at + length] = [True] * length
        at += length
    return found


def _shape(line: str) -> tuple[str, int] | None:
    """By what a line that ends without a stop is parted, and into how many fields; None where it is not."""
    bare = unlisted(line).strip().strip("|").strip()
    if len(bare) > _LONGEST or _STOP.search(bare):
        return None
    if len(_COLUMNS.split(bare)) in _FIELDS:
        return "columns", 0
    for separator in (*(f" {sign} " for sign in _SIGN.findall(bare)), *_SEPARATORS[:-1]):
        fields = [field.strip() for field in bare.split(separator)]
        if len(fields) in _FIELDS and all(fields) and (separator != "," or ", " not in bare):
            return separator, len(fields)
    return ("=", 2) if _KEYED.match(line) else None


def _is_keyed(bare: str) -> bool:
    """Whether a line is a key with several values, or two keys or more, each with a short value.

    `Ida: keeps bees; lives in Oslo`, `Entities: Ida, Oslo. Relations: lives in.`
    """
    key, colon, several = bare.partition(": ")
    if colon and ";" in several and len(words(key)) <= _FEW and not _STOP.search(bare) and not _CLAUSE.search(bare):
        return True
    values = _KEYS.split(bare)
    return len(values) > 2 and not values[0].strip() and all(map(_is_short, values[1:]))


def _is_row(fields: Sequence[str], separator: str) -> bool:
    if separator == "," and any(field[:1] == " " or field[-1:].isdigit() or _long(field) for field in fields):
        return False  # a comma of a sentence has a blank behind it, save in Chinese, and one of a number has digits
    fields = [field.strip() for field in fields]
    if not all(fields) or any(_CLAUSE.search(field) for field in fields):
        return False
    if len(fields) == 2:
        return separator in ("|", "\t", ";", "；") and _repeated(*fields)
    several = [len(words(field)) for field in fields]
    if separator in (";", "；") and min(several) >= _CLAUSES:
        return False
    return len(fields) in _FIELDS and all(map(_is_short, fields))


def _repeated(one: str, other: str) -> bool:
    """Whether one field stands in the other, as what was looked for stands before what was found."""
    short, long = sorted((words(one), words(other)), key=len)
    return f" {' '.join(short)} " in f" {' '.join(long)} "


def _is_short(field: str) -> bool:
    return len(words(field)) <= (_LETTERS if _EAST.search(field) else _FEW)


def _long(field: str) -> bool:
    return len(_EAST.findall(field)) > _FEW
