"""How authors mark their steps, in any script: `STEP 1`, `Schritt 1.`, `步骤1：`, `第一步`, `1.`, `1、`, `١-`, `-`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_CHINESE = "〇一二三四五六七八九"
_STEP = re.compile(r"[\s#*_>-]{0,12}(STEP)\s{0,3}#?(\d{0,3})\b(?=[\s.:：)*_–—-]|$)", re.IGNORECASE)
_WORD = re.compile(
    r"[\s#*_>-]{0,12}([^\W\d_]{1,20})\s{0,3}#?(\d{1,3})\*{0,2}\s?(?:[.)](?=\s)|[:：、．）]|[–—-]\s)\*{0,2}"
)
_ORDINAL = re.compile(rf"[\s#*_>-]{{0,12}}(第)\s?(\d{{1,3}}|[{_CHINESE}十]{{1,3}})\s?步[骤驟]?\*{{0,2}}[:：、，,．.\s]")
_NUMBER = re.compile(
    rf"\s{{0,3}}\*{{0,2}}()(?:[(（]?(\d{{1,3}})(?:[.):-]\*{{0,2}}\s|[、．）：]\*{{0,2}})|(?P<word>[{_CHINESE}十]{{1,3}})、)"
)
_BULLET = re.compile(r"\s{0,3}[-*+•‣▪●○・·–]\s+(?=\S)")
_LABELS = (_STEP, _ORDINAL, _WORD, _NUMBER)


def starts(text: str) -> list[int]:
    """Return where the steps of a text begin whose author counted them, or made each a bullet; none of any other text.

    Numbers count from 1 upwards, behind the same word if there is one, and what is indented further belongs to the step
    it stands in. Bullets count only where nothing but bullets follows the first.
    """
    for label in _LABELS:
        if len(found := _counted(text, label)) > 1:
            return found
    return _bullets(text)


def without_label(step: str, number: int) -> str:
    """Return a step without the label that its author gave it: a number, or a word with this number, or a bullet."""
    for label in _LABELS[1:]:
        found = label.match(step)
        if found and (label is _NUMBER or _number(found) == number):
            return step[found.end() :].lstrip()
    bullet = _BULLET.match(step)
    return step[bullet.end() :] if bullet else step


def _counted(text: str, label: re.Pattern[str]) -> list[int]:
    places: list[int] = []
    word, indent = "", 3
    for at, line in _open_lines(text):
        found = label.match(line)
        blanks = len(line) - len(line.lstrip())
        if not found or blanks > indent or (places and found[1].casefold() != word):
            continue
        if (label is _STEP and not found[2]) or _number(found) == len(places) + 1:
            word, indent = found[1].casefold(), blanks
            places.append(at)
    return places


def _bullets(text: str) -> list[int]:
    places: list[int] = []
    indent = 0
    for at, line in _open_lines(text):
        blanks = len(line) - len(line.lstrip())
        if not line.strip() or (places and blanks > indent):
            continue
        if _BULLET.match(line):
            indent = indent if places else blanks
            places.append(at)
        elif places:
            return []
    return places


def _open_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines outside fenced blocks, with where they begin."""
    at, fenced = 0, False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        if not fenced:
            yield at, line
        at += len(line) + 1


def _number(found: re.Match[str]) -> int:
    """Return the number in a label: digits of any script, or Chinese numerals up to 99."""
    said = found[2] or found.groupdict().get("word") or ""
    if not said or said[0] not in _CHINESE + "十":
        return int(said or 0)
    tens, _, ones = said.rpartition("十") if "十" in said else ("", "", said)
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return 10 * ("十" in said) * (_CHINESE.index(tens) if tens else 1) + (_CHINESE.index(ones) if ones else 0)
