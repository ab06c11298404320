"""The outline of a story, `outline.md`: a heading a chapter, a list item a beat; edited freely.

    ## The bells (2,500 words)
    - Mara counts the bells; one is missing.
    - The council meets.

    ## The Wren
    Somebody has seen the boat.

The number of words behind a heading is what is asked for; without one it is `chapter_words` of `story.toml`, and 2,500
where that says nothing. A line that begins with `# ` is the title of the whole and means nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from memagent.errors import StoryError
from memagent.sentences import count_words
from memagent.story.record import StoryRecord

USUAL = 2500
"""Words of a chapter of an outline for which no number is asked."""

_HEADING = re.compile(r"^##+[ \t]+(.*?)[ \t]*#*[ \t]*$")
_WORDS = re.compile(r"\s*[(（]\s*(\d[\d,.' ]*)\s*(?:words?|Wörter|mots|palabras|слов\w*|字)\s*[)）]\s*$", re.IGNORECASE)
_BEAT = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+(.*)$")


@dataclass(frozen=True, slots=True)
class Planned:
    """A chapter of the outline: its title, what happens in it beat by beat, how many words it is to have (0: any)."""

    title: str
    beats: tuple[str, ...] = ()
    words: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the next paragraph stands in the outline.

    Attributes:
        chapter: the number of its chapter, from 1.
        title: the title of that chapter.
        begins: whether it is the first of that chapter.
        words: how many words the chapter has so far; `asked`: how many it is to have, 0 for any.
        over: whether all chapters are written: of the outline, or as many as were asked for.
        total: how many that are; 0 for any.
    """

    chapter: int
    title: str
    begins: bool
    words: int
    asked: int
    over: bool = False
    total: int = 0


def read(path: Path) -> list[Planned]:
    """Read an outline; an absent file is an empty one. Raises `StoryError` for a file that is not UTF-8."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise StoryError(f"{str(path)!r} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error
    return parse(text)


def parse(text: str) -> list[Planned]:
    """Return the chapters of an outline; text before the first heading is nobody's."""
    chapters: list[Planned] = []
    for line in text.lstrip("\ufeff").splitlines():
        if heading := _HEADING.match(line):
            words = _WORDS.search(heading[1])
            asked = int(re.sub(r"\D", "", words[1])) if words else 0
            chapters.append(Planned(_WORDS.sub("", heading[1]).strip(), (), asked))
        elif chapters and line.strip():
            beat = _BEAT.match(line)
            said = (beat[1] if beat else line).strip()
            chapters[-1] = replace(chapters[-1], beats=(*chapters[-1].beats, said))
    return chapters


def text_of(chapters: Sequence[Planned]) -> str:
    """Return an outline as its file holds it."""
    parts = []
    for chapter in chapters:
        words = f" ({chapter.words:,} words)" if chapter.words else ""
        parts.append("\n".join([f"## {chapter.title}{words}", *(f"- {beat}" for beat in chapter.beats)]))
    return "\n\n".join(parts) + "\n" if parts else ""


def standing(record: StoryRecord, outline: Sequence[Planned], chapter_words: int, chapters: int = 0) -> Standing:
    """Return where the next paragraph stands. Without an outline, the story is to have so many `chapters`, 0 for any.

    A chapter is full when another paragraph of its usual length would leave it further from what is asked than it is.
    Without an outline, chapters of `chapter_words` follow one another, or there is one chapter alone (0).
    """

    def asked_of(number: int) -> int:
        own = outline[number - 1].words if number <= len(outline) else 0
        return own or chapter_words or (USUAL if outline else 0)

    texts, total = record.chapter_texts(), len(outline) or chapters
    if not texts:
        return Standing(1, outline[0].title if outline else "", True, 0, asked_of(1), total=total)
    number, asked = len(texts), asked_of(len(texts))
    counts = [count_words(text) for text in texts[-1][1]] if asked else []
    words = sum(counts)
    if counts and words + words / len(counts) / 2 >= asked:
        title = outline[number].title if number < len(outline) else ""
        return Standing(number + 1, title, True, 0, asked_of(number + 1), bool(total) and number >= total, total)
    return Standing(number, texts[-1][0], False, words, asked, total=total)


def guide(where: Standing, outline: Sequence[Planned]) -> str:
    """Return what a prompt says of the place in the outline: this chapter with its beats, the next one in a line."""
    if not outline:
        last = " It is the last one." if where.chapter == where.total else ""
        of = f"Chapter {where.chapter} of {where.total}.{last}\n" if where.total and not where.over else ""
        return of + _pace(where) if where.asked else ""
    lines = []
    if where.chapter <= len(outline):
        now = outline[where.chapter - 1]
        lines.append(f"Chapter {where.chapter} of {len(outline)}: {now.title}")
        lines += [f"- {beat}" for beat in now.beats]
    else:
        lines.append(f"Chapter {where.chapter}, behind the {len(outline)} of the outline.")
    if pace := _pace(where):
        lines.append(pace)
    if where.chapter < len(outline):
        ahead = outline[where.chapter]
        first = f": {ahead.beats[0]}" if ahead.beats else ""
        lines.append(f"Not yet, the next chapter: {ahead.title}{first}")
    elif where.chapter == len(outline):
        lines.append("It is the last chapter.")
    return "\n".join(lines)


def _pace(where: Standing) -> str:
    if not where.asked:
        return ""
    if where.begins:
        return f"The chapter begins here; it is to have {where.asked} words."
    share = min(100, round(100 * where.words / where.asked))
    end = " Bring it to its end." if share >= 85 else ""
    return f"The chapter has {where.words} of {where.asked} words, {share} %: be that far in its beats.{end}"
