"""Whether a line repeats what came out of the memory, whatever form it has now.

Compared are words in their order: the marks of lists, the bars of tables, tags, quotation marks, case and the end of a
sentence are not. So `2) Ida lives in Oslo` and `Ida | lives in | Oslo` repeat `Ida lives in Oslo.` A sentence with a
word or two before or behind (`Yes, ...`, `... since May`) repeats it too, but what these words say is new. Letters of
Chinese, Japanese and Korean count as words, so that the rule is the same in any writing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from memagent.gate.marks import unlisted
from memagent.gate.words import COPULAS, EMPTY
from memagent.stores.keys import key
from memagent.types import Triple

_LEAST = 3  # words of a repetition; fewer stand in any text by chance
_AROUND = 2  # words before and behind together
_NOTE = re.compile(r"\s*[\[(][^()\[\]\n]{1,40}[\])]\W*$")  # behind an item of a list: `(since March)`
_QUOTES = tuple("\"'“”«»„‘")
_DROPPED = COPULAS | frozenset(
    "a an the so and also then well now ein eine der die das und also et un une le la les donc y el un una los las "
    "entonces e il "
    "lo gli quindi o os as então en het een de dus и а 那么 所以 そして".split()
)
_WORD = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]|[^\W_\u2e80-\u9fff\uac00-\ud7af]+")


def repeats(line: str, shown: Sequence[str]) -> bool:
    """Return whether all words of a line stand in what was shown, one behind the other.

    Args:
        line: one line or sentence; of several sentences each may stand elsewhere.
        shown: texts that came out of the memory.
    """
    if not shown:
        return False
    if (bare := unlisted(line)) != line or line.lstrip()[:1] in _QUOTES:
        line = _NOTE.sub("", bare)
    told, said = _running(tuple(shown)), words(line)
    if len(said) < _LEAST:
        return False
    if _runs(said, told):
        return True
    core, bared = _bare(said), _bared(tuple(shown))
    if len(core) >= _LEAST and _runs(core, bared):
        return True
    parts = [part for part in (words(part) for part in re.split(r"[.!?;,。！？；，\n]", line)) if part]
    parts = [core for core in map(_bare, parts) if core]
    return len(parts) > 1 and all(len(part) >= _LEAST and _runs(part, bared) for part in parts)


def repeats_of(triple: Triple, sentence: str, shown: Sequence[str]) -> bool:
    """Return whether a sentence repeats what was shown, and nothing of a triple is in the words that it adds."""
    if not shown:
        return False
    if repeats(sentence, shown):
        return True
    told, said = _running(tuple(shown)), words(sentence)
    wanted = set(words(f"{triple.subject} {triple.relation} {triple.object}"))
    for before in range(_AROUND + 1):
        for behind in range(_AROUND + 1 - before):
            core = said[before : len(said) - behind]
            if len(core) >= _LEAST and _runs(core, told):
                return not wanted & {*said[:before], *said[len(said) - behind :]} - set(core) - EMPTY
    return False


def words(text: str) -> list[str]:
    """Return the words of a text by which two forms of it are compared, without the mark of a list before them."""
    return _WORD.findall(key(unlisted(text)))


def _bare(said: Sequence[str]) -> list[str]:
    """Words without those that a sentence has and a triple has not, or that lead on from one sentence to the next."""
    return [word for word in said if word not in _DROPPED]


def _runs(said: Sequence[str], told: str) -> bool:
    return f" {' '.join(said)} " in told


@lru_cache(maxsize=8)
def _bared(shown: tuple[str, ...]) -> str:
    return "\n".join(f" {' '.join(_bare(words(line)))} " for text in shown for line in (text, *text.splitlines()))


@lru_cache(maxsize=8)
def _running(shown: tuple[str, ...]) -> str:
    """The words of all texts, a text a line; kept, since one text after another is held against the same."""
    return "\n".join(f" {' '.join(words(line))} " for text in shown for line in (text, *text.splitlines()))
