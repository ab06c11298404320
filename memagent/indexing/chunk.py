"""Long texts into pieces that can be found one by one: by heading, then paragraph, then sentence, then word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from memagent.errors import UsageProblem
from memagent.types import estimate_tokens

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# Where a text may be cut when nothing better is left: after blanks, and between characters of scripts without them.
_CUT = re.compile(r"(?<=\s)(?=\S)|(?<=[\u3001-\u30ff\u3400-\u9fff\uff00-\uffef])(?=[\u3040-\u30ff\u3400-\u9fff])")


class Section(NamedTuple):
    """A chunk and the headings it stands under, such as `Guide > Install`; '' where there are none."""

    title: str
    text: str


class _Block(NamedTuple):
    """Lines that belong together: a heading, a paragraph with the blank lines after it, or a fenced block of code."""

    text: str
    kind: str
    level: int = 0


def chunk(text: str, *, max_tokens: int = 200, language: str = "en") -> list[str]:
    """Return `text` in pieces, in order, headings included; every character that is not blank is in one of them.

    A piece never spans two sections. Paragraphs are kept together as far as they fit, a fenced block of code is kept
    whole if it fits, and no word is ever cut: a single word longer than the limit stays as it is.

    Args:
        text: Markdown or plain text.
        max_tokens: how long a piece may be, as `estimate_tokens` counts.
        language: two-letter code, for finding sentences.

    Raises:
        UsageProblem: max_tokens is less than 1.
    """
    _check(max_tokens)
    pieces: list[str] = []
    for blocks in _sections(text):
        parts = [part for block in blocks for part in _fitting(block, max_tokens, language)]
        pieces += _packed(parts, max_tokens)
    return pieces


def sections(text: str, *, max_tokens: int = 200, language: str = "en", headings: bool = True) -> list[Section]:
    """Return the same pieces with the path of headings as their titles; heading lines themselves are left out.

    A heading with nothing below it keeps its line as text, so that nothing is lost. `headings=False` is
    for plain text, where a `#` is just that. Other arguments and errors as in `chunk`.
    """
    _check(max_tokens)
    if not headings:
        parts = [part for block in _blocks(text) for part in _fitting(_plain(block), max_tokens, language)]
        return [Section("", piece) for piece in _packed(parts, max_tokens)]
    return list(_titled(text, max_tokens, language))


def _titled(text: str, max_tokens: int, language: str) -> Iterator[Section]:
    path: dict[int, str] = {}
    found = list(_sections(text))
    for number, blocks in enumerate(found):
        heading = blocks[0] if blocks[0].kind == "heading" else None
        if heading:
            path = {level: name for level, name in path.items() if level < heading.level}
            path[heading.level] = _heading_name(heading.text)
        body = [block for block in blocks if block.kind != "heading"]
        if heading and not body and not _has_children(found, number, heading.level):
            body = [heading]
        parts = [part for block in body for part in _fitting(block, max_tokens, language)]
        title = " > ".join(name for name in path.values() if name)
        yield from (Section(title, piece) for piece in _packed(parts, max_tokens))


def _plain(block: _Block) -> _Block:
    return _Block(block.text, "text")


def _has_children(found: list[list[_Block]], number: int, level: int) -> bool:
    following = found[number + 1][0] if number + 1 < len(found) else None
    return following is not None and following.kind == "heading" and following.level > level


def _check(max_tokens: int) -> None:
    if max_tokens < 1:
        raise UsageProblem(f"max_tokens must be at least 1, got {max_tokens}")


def _heading_name(line: str) -> str:
    match = _HEADING.match(line.strip())
    return match.group(2).strip() if match else line.strip()


def _sections(text: str) -> Iterator[list[_Block]]:
    """Blocks by section: each heading begins one."""
    section: list[_Block] = []
    for block in _blocks(text):
        if block.kind == "heading" and section:
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _blocks(text: str) -> Iterator[_Block]:
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        end, kind, level = _extent(lines, at)
        body = "".join(lines[at:end])
        if body.strip():
            yield _Block(body, kind, level)
        at = end


def _extent(lines: list[str], at: int) -> tuple[int, str, int]:
    """Where the block that begins at line `at` ends, its kind, and the level of a heading."""
    heading = _HEADING.match(lines[at].rstrip())
    if heading:
        return at + 1, "heading", len(heading.group(1))
    fence = _FENCE.match(lines[at])
    if fence:
        return _fence_end(lines, at, fence.group(1)), "code", 0
    end = at + 1
    while end < len(lines) and lines[end - 1].strip() and not _begins_block(lines[end]):
        end += 1
    return end, "text", 0


def _begins_block(line: str) -> bool:
    return bool(_HEADING.match(line.rstrip()) or _FENCE.match(line))


def _fence_end(lines: list[str], at: int, fence: str) -> int:
    for number in range(at + 1, len(lines)):
        closing = lines[number].strip()
        if closing.startswith(fence) and not closing.strip(fence[0]):
            return number + 1
    return len(lines)


def _fitting(block: _Block, max_tokens: int, language: str) -> Iterator[str]:
    """The block, or as large parts of it as fit."""
    if block.kind == "code":
        ways = [_lines, _words]
    else:
        ways = [lambda text: _sentences(text, language), _words]
    yield from _divided(block.text, max_tokens, [*ways, lambda text: _letters(text, max_tokens)])


def _divided(text: str, max_tokens: int, ways: list[Callable[[str], list[str]]]) -> Iterator[str]:
    """Divide what does not fit in the first of `ways`, and parts that still do not fit in the next."""
    if _fits(text, max_tokens) or not ways:
        yield text
        return
    for joined in _joined(ways[0](text), max_tokens):
        yield from _divided(joined, max_tokens, ways[1:])


def _fits(text: str, max_tokens: int) -> bool:
    return estimate_tokens(text.strip()) <= max_tokens


def _joined(parts: Iterable[str], max_tokens: int) -> Iterator[str]:
    """Join neighbours as long as they fit."""
    held = ""
    for part in parts:
        if held and not _fits(held + part, max_tokens):
            yield held
            held = ""
        held += part
    if held:
        yield held


def _packed(parts: list[str], max_tokens: int) -> list[str]:
    return [piece.strip("\r\n").rstrip() for piece in _joined(parts, max_tokens) if piece.strip()]


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _words(text: str) -> list[str]:
    return _cut(text, (match.start() for match in _CUT.finditer(text)))


def _letters(text: str, max_tokens: int) -> list[str]:
    """Parts of what has no place to cut and is longer than a piece may be: data, not prose. No real word is cut."""
    size = max(80, 4 * max_tokens)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _sentences(text: str, language: str) -> list[str]:
    """Sentences with the blanks behind them; an end without a blank, as in `a.b?c`, is inside a word and no end."""
    from sentencex import segment

    found = list(segment(language, text))
    if "".join(found) != text:
        return _words(text)
    ends = set(accumulate(map(len, found)))
    return _cut(text, (match.start() for match in _CUT.finditer(text) if match.start() in ends))


def _cut(text: str, places: Iterable[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise([0, *places, len(text)])]
