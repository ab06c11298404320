"""Phrases that a story has used too often, for the next prompt to ask that they be left alone."""

from __future__ import annotations

from collections import defaultdict

from memagent.story.check_repetition import Text
from memagent.story.manuscript import Manuscript

SHORTEST, LONGEST = 2, 6
PARAGRAPHS = 3
"""In how many paragraphs a phrase has to stand to be tired."""
_KNOWN = frozenset("the this that these those her his their its my your our".split())


def tired(manuscript: Manuscript, n: int = 10) -> list[str]:
    """Return the `n` phrases that are used most, as they are written, most tired first.

    A phrase has 2 to 6 words (4 to 12 characters in scripts without blanks), two of them telling, begins and ends with
    a telling one, and stands in three paragraphs or more. Tiredness is the number of those paragraphs times the
    telling words. Of phrases that share most of their words, or that overlap where they
    stand, the most tired is returned. Things of the story are left
    out: short phrases behind "the" or "her" (English), as "the pilot station".
    """
    text = Text.of(manuscript)
    where = _seen(text)
    ranked = sorted(
        where.items(), key=lambda item: (-len(item[1]) * text.telling(item[0]), -max(item[1]), -len(item[0]), item[0])
    )
    chosen: list[tuple[str, ...]] = []
    for phrase, _ in ranked:
        if len(chosen) >= n:
            break
        at = where[phrase]
        if any(_alike(phrase, other) or _overlap(at, len(phrase), where[other], len(other)) for other in chosen):
            continue
        if not _thing(text, phrase, at):
            chosen.append(phrase)
    return [_written(text, phrase, where[phrase]) for phrase in chosen]


def _seen(text: Text) -> dict[tuple[str, ...], dict[int, int]]:
    """Phrases of enough paragraphs, with where each paragraph has them first. Longer ones grow from shorter ones."""
    scale = 2 if text.characters else 1
    seen: dict[tuple[str, ...], dict[int, int]] = {}
    before: set[tuple[str, ...]] | None = None
    for size in range(SHORTEST * scale, LONGEST * scale + 1):
        level: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
        for number, found in enumerate(text.words):
            ones = [word.text for word in found]
            for start, gram in enumerate(zip(*(ones[shift:] for shift in range(size)), strict=False)):
                within = text.sentences[number][start] == text.sentences[number][start + size - 1]
                if within and (before is None or (gram[:-1] in before and gram[1:] in before)):
                    level[gram].setdefault(number, start)
        level = defaultdict(dict, {gram: at for gram, at in level.items() if len(at) >= PARAGRAPHS})
        before = set(level)
        seen.update({gram: at for gram, at in level.items() if _telling(text, gram)})
    return seen


def _telling(text: Text, phrase: tuple[str, ...]) -> bool:
    return text.telling(phrase) >= 2 and phrase[0] not in text.common and phrase[-1] not in text.common


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return 2 * len(set(one) & set(other)) > min(len(one), len(other))


def _overlap(one: dict[int, int], size: int, other: dict[int, int], other_size: int) -> bool:
    """Say whether two phrases are parts of one that is longer: half of the places of the first touch the other's."""
    both = [(start, other[number]) for number, start in one.items() if number in other]
    return 2 * sum(a < b + other_size and b < a + size for a, b in both) >= len(one)


def _thing(text: Text, phrase: tuple[str, ...], at: dict[int, int]) -> bool:
    """Say whether a short phrase mostly names a thing that the reader knows: it stands behind "the", "her" ..."""
    known = sum(1 for number, start in at.items() if start and text.words[number][start - 1].text in _KNOWN)
    return len(phrase) <= 3 and 2 * known > len(at)


def _written(text: Text, phrase: tuple[str, ...], at: dict[int, int]) -> str:
    number = min(at)
    quote = text.quote(number, at[number], len(phrase))
    return quote[:1].lower() + quote[1:] if at[number] == 0 else quote
