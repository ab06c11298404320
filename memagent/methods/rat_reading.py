"""Reads what a model writes for RAT: a draft into its steps, a query, a revision, a program.

A draft is split where its author marked its steps (`rat_labels`), else at blank lines. Headings stay with what they
head, fenced blocks stay whole, and no mark of our own is put into the text, which could stand in it already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from memagent.methods.rat_labels import starts
from memagent.methods.thinking import spoken

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"\s{0,3}(?:#{1,6}\s.*|(?:=|-|\*|_){3,}\s*)$")
_RULE = re.compile(r"^[ \t]*={3,}[ \t]*$", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # a terminal would act on these
_TAGS = re.compile(r"^[ \t]*(?:</?(?:so_far|step|task|text|revised)>[ \t]*)+$", re.MULTILINE)
_LABEL = re.compile(
    r"(?:(?:here\s+(?:is|are)|this\s+is|sure|certainly|okay|of\s+course)\b[^\n]{0,120}:"
    r"|[*_#\s]{0,6}(?:the\s+)?(?:revised|updated|corrected|improved)\s+(?:step|text|version|answer|draft)[^\n:]{0,40}:[*_]*)"
    r"[ \t]*(?:\n|$)",
    re.IGNORECASE,
)
_QUERY_LABEL = re.compile(
    r"^[\s*_#>-]*(?:search\s+)?(?:query|queries|search)\s*\d*\s*[*_]*\s*[:：][\s*_]*", re.IGNORECASE
)
_BULLET = re.compile(r"^\s*(?:[-*•>]|\d{1,2}[.)])\s+")
_QUOTES = "\"'`“”„«»‘’ \t"
_PYTHON = re.compile(
    r"^[ \t]*(?:`{3,}|~{3,})[^\n`]*\n(.*?)(?:^[ \t]*(?:`{3,}|~{3,})[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_QUERY_CHARACTERS = 300


def tidy(text: str) -> str:
    """Return a reply with line ends made alike, and without what a terminal would act on or no file could hold."""
    whole = text.encode("utf-8", errors="replace").decode()
    return _CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))


def words_in(reply: str) -> str:
    """Return what a reply says, tidy and without what the model thought aloud before it."""
    return spoken(tidy(reply))


def split_steps(draft: str, most: int, *, preamble: bool = True) -> list[str]:
    """Return the steps of a draft, at most `most`; of more than that, neighbours are joined. None of an empty one.

    Numbered steps count from 1 upwards, and what is numbered anew inside one of them belongs to it. Numbers that
    begin only in the second half of the draft are a list inside it and split nothing. What stands before the first
    step belongs to it, or is left out without `preamble`.
    """
    text = tidy(draft).strip()
    return capped(_labelled(text, preamble) or paragraphs(text), most)


def split_by_rules(reply: str) -> list[str]:
    """Return what stands between lines of `===`: how a model is asked to show where steps end."""
    return [part.strip() for part in _RULE.split(words_in(reply)) if part.strip()]


def capped(steps: Sequence[str], most: int) -> list[str]:
    """Return at most `most` steps, neighbours joined as evenly as can be."""
    count = min(most, len(steps))
    return ["\n\n".join(steps[len(steps) * n // count : len(steps) * (n + 1) // count]) for n in range(count)]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: headings stay with what they head, fenced blocks whole."""
    found: list[str] = []
    lines: list[str] = []
    fence, begun = "", False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        if line.strip() or fence or not begun:
            lines.append(line)
            begun = begun or _says(line)
        else:
            found.append("\n".join(lines).strip())
            lines, begun = [], False
    found.append("\n".join(lines).strip())
    return [paragraph for paragraph in found if paragraph]


def query_in(reply: str) -> str:
    """Return the search query in a reply: its first line that says something, bare; '' where there is none."""
    for line in words_in(reply).split("\n"):
        if _FENCE.match(line):
            continue
        bare = _QUERY_LABEL.sub("", _BULLET.sub("", line)).strip(_QUOTES + "*_")
        if any(character.isalnum() for character in bare) and not _LABEL.match(line):
            return _shortened(" ".join(bare.split()))
    return ""


def revision_in(reply: str) -> str:
    """Return the revised text in a reply, without what models put round it: thoughts, a label, a fence, our tags."""
    text = words_in(reply).strip()
    label = _LABEL.match(text)
    return _TAGS.sub("", _unfenced(text[label.end() :].strip() if label else text)).strip()


def program_in(reply: str) -> str:
    """Return the program in a reply: its longest fenced block, or all of it where there is none."""
    text = words_in(reply)
    blocks = [block for block in _PYTHON.findall(text) if block.strip()]
    return max(blocks, key=len, default=text).strip("\n").rstrip()


def _labelled(text: str, preamble: bool) -> list[str]:
    """The steps of a text whose author marked them; none where that was not done, or for a small part of it alone."""
    begun = starts(text)
    if len(begun) < 2 or begun[0] > len(text) // 2:
        return []
    steps = [text[start:end].strip() for start, end in pairwise([*begun, len(text)])]
    before = text[: begun[0]].strip() if preamble else ""
    return [f"{before}\n\n{steps[0]}", *steps[1:]] if before else steps


def _says(line: str) -> bool:
    """Whether a line is more than a heading or blank."""
    return bool(line.strip()) and not _HEADING.match(line)


def _unfenced(text: str) -> str:
    """A text that is one fenced block as a whole, without the fence."""
    lines = text.split("\n")
    mark = _FENCE.match(lines[0])
    whole = mark and len(lines) > 2 and lines[-1].strip() == mark[1]
    if whole and not any(_FENCE.match(line) for line in lines[1:-1]):
        return "\n".join(lines[1:-1]).strip()
    return text


def _shortened(query: str) -> str:
    if len(query) <= _QUERY_CHARACTERS:
        return query
    blank = query.rfind(" ", _QUERY_CHARACTERS // 2, _QUERY_CHARACTERS + 1)
    return query[: blank if blank > 0 else _QUERY_CHARACTERS]
