"""Whether an English line begins with somebody and what they do: `Dana always answers ...`, `My sister writes ...`.

Such a line is a statement, whatever its nouns are. A name is a first word with a capital that English does not have for
anything else; behind a word such as `short` or `French`, answers and replies are nouns: `Short replies in Czech`.
"""

from __future__ import annotations

import re
from collections.abc import Set

from memagent.gate.english import listed

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
ADVERBS = frozenset(
    "always never often also usually sometimes rarely seldom still now only just really even already mostly then "
    "hardly regularly".split()
)
_OF_SOMEBODY = frozenset("my our his her their".split())
_PRONOUNS = frozenset("he she".split())
_MANNERS = frozenset(
    "short shorter brief briefer long longer concise detailed formal informal plain simple clear polite friendly "
    "honest direct complete full quick terse structured numbered bulleted casual professional precise good better "
    "best final all most many several some more fewer less english french german spanish italian portuguese russian "
    "chinese japanese dutch swedish polish latin one-line one-word two three four five model sample example".split()
)
_THIRD = re.compile(r"[a-z][a-z-]*[^sui]s|[a-z]+(?:sses|ches|shes|xes)|is|has|does")
_YOUR = re.compile(r"(?i)\byour?\b")
_FEW = 4  # words of an opening such as `by the way`
_PAST = re.compile(r"[a-z-]{2,}ed")


def tells_of_somebody(line: str, known: Set[str], nouns: Set[str]) -> bool:
    """Return whether a line begins with a name, `my sister` or `she`, and a verb in the third person.

    Args:
        line: one English line.
        known: words that are no names where they begin a line.
        nouns: plurals of which the verb could be one; behind it there must be more then.
    """
    if _YOUR.search(line):
        return False
    opening, comma, rest = line.partition(", ")
    if comma and len(opening.split()) <= _FEW and not nouns & {*opening.lower().split()} and _tells(rest, known, nouns):
        return True
    return _tells(line, known, nouns)


def _tells(line: str, known: Set[str], nouns: Set[str]) -> bool:
    words = _WORD.findall(line)
    verb = _behind_subject(words, known)
    if not 0 < verb < len(words) - 1:
        return False
    word = words[verb]
    if word.lower() in nouns:
        return words[verb - 1].lower() in ADVERBS or words[0].lower() not in _MANNERS
    return (_THIRD.fullmatch(word) or _PAST.fullmatch(word)) is not None or word in listed("pasts")


def _behind_subject(words: list[str], known: Set[str]) -> int:
    """Where the verb must be, behind the subject that a line begins with and adverbs; 0 where it begins with none."""
    if len(words) < 3:
        return 0
    first, at = words[0], 1
    if first.lower() in _OF_SOMEBODY:
        at = 2
        while at < len(words) and words[at][0].isupper():
            at += 1
    elif first.lower() not in _PRONOUNS:
        if not _is_name(first) or first.lower() in known or first.lower().endswith("ever"):
            return 0
        while at < len(words) and _is_name(words[at]):
            at += 1
    while at < len(words) and words[at].lower() in ADVERBS:
        at += 1
    return at


def _is_name(word: str) -> bool:
    return word[0].isupper() and not (len(word) > 1 and word.isupper()) and not word.endswith(("'s", "’s"))
