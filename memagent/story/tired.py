"""Phrases that a story has used too often, for the next prompt to ask that they be left alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from memagent.story.check_repetition import Text
from memagent.story.manuscript import Manuscript

SHORTEST, LONGEST = 2, 6
PARAGRAPHS = 3
"""In how many paragraphs a phrase has to stand to be tired."""
_KNOWN = frozenset("the this that these those her his their its my your our".split())
_JOINS = frozenset("and or but nor so that which who as than".split())
_BEGINS = _KNOWN | _JOINS.union(
    "a an is was were are had has would could with when if at for of in on by to about".split()
)
"""Words with which something begins, so that nothing ends with them."""

_Places = dict[int, int]
"""By paragraph, the word with which a phrase begins there."""


def tired(manuscript: Manuscript, n: int = 10) -> list[str]:
    """Return the `n` phrases that are used most, as they are written, most tired first.

    A phrase has 2 to 6 words (4 to 12 characters in scripts without blanks), two of them telling, begins and ends with
    a telling one, and stands in three paragraphs or more. Tiredness is the number of those paragraphs times the
    telling words. It is returned whole: with the words of its sentence that stand beside it in most of those
    paragraphs, but for such as begin something else at its end (English: "and", "the"). Of phrases that share most of
    their words, or that overlap where they stand, the most tired is returned. Things of the story are left out: short
    phrases behind "the" or "her" (English), as "the pilot station".
    """
    text = Text.of(manuscript)
    where = _seen(text)
    ranked = sorted(
        where.items(), key=lambda item: (-len(item[1]) * text.telling(item[0]), -max(item[1]), -len(item[0]), item[0])
    )
    chosen: list[tuple[tuple[str, ...], _Places]] = []
    for phrase, at in ranked:
        if len(chosen) >= n:
            break
        if any(_alike(phrase, other) or _overlap(at, len(phrase), there, len(other)) for other, there in chosen):
            continue
        if not _thing(text, phrase, at):
            whole, there = _whole(text, phrase, at)
            if not any(_contains(whole, other) or _contains(other, whole) for other, _ in chosen):
                chosen.append((whole, there))
    return [_written(text, phrase, at) for phrase, at in chosen]


def _whole(text: Text, phrase: tuple[str, ...], at: _Places) -> tuple[tuple[str, ...], _Places]:
    """Return a phrase with what stands before and behind it in most of its places, and where that is."""
    ones = phrase
    while (found := _beside(text, at, len(ones))) is not None:
        word, at = found
        ones = (*ones, word)
    while (found := _beside(text, at, -1)) is not None:
        word, there = found
        ones, at = (word, *ones), {number: start - 1 for number, start in there.items()}
    while len(ones) > SHORTEST and ones[-1] in _BEGINS and not _ends(text, at, len(ones)):
        ones = ones[:-1]
    while len(ones) > SHORTEST and ones[0] in _JOINS:
        ones, at = ones[1:], {number: start + 1 for number, start in at.items()}
    return ones, at


def _beside(text: Text, at: _Places, shift: int) -> tuple[str, _Places] | None:
    """Return the word that stands so many words from the beginning in most places, and these; `None` without one."""
    words = {number: found for number, start in at.items() for found in _same_sentence(text, number, start, shift)}
    if not words:
        return None
    [(word, count)] = Counter(words.values()).most_common(1)
    if count < PARAGRAPHS or 2 * count <= len(at):
        return None
    return word, {number: at[number] for number, found in words.items() if found == word}


def _same_sentence(text: Text, number: int, start: int, shift: int) -> Iterator[str]:
    at, sentences = start + shift, text.sentences[number]
    if 0 <= at < len(sentences) and sentences[at] == sentences[start]:
        yield text.words[number][at].text


def _ends(text: Text, at: _Places, size: int) -> bool:
    """Whether a phrase ends its sentence in most places."""
    ending = sum(1 for number, start in at.items() if not list(_same_sentence(text, number, start, size)))
    return 2 * ending > len(at)


def _contains(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return any(one[at : at + len(other)] == other for at in range(len(one) - len(other) + 1))


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
