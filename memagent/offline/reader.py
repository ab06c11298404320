"""Answering from passages: the sentence that shares the rarest words with the question, and the span that it asks for.

Nothing is understood here. A question is its rare words and its kind (who, when, where, how many, why, yes or no);
an answer is the sentence that covers most of those words, shortened to a span of the right kind when there is one.
When too little is covered, the reply says that the passages do not say. What stands in a passage is only ever
compared, so an instruction inside one has no effect.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from memagent.offline.past import base_of
from memagent.offline.spans import Kind, kind_of, span
from memagent.offline.text import sentences, words

NOT_SAID = "The passages do not say."
COVERED = 0.34
_HEAD = re.compile(r"^\s*[\[(](\d+)[\])][:.]?[ \t]*", re.MULTILINE)
_HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
_POINTS_BACK = re.compile(r"\b(?:it|its|he|she|they|him|her|his|them|their|this|that|there)\b", re.IGNORECASE)
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]+")
_COMMON = frozenset(
    "a an the of in on at to for from by with and or but not no is are was were be been being do does did has have had "
    "will would can could may might shall should must who whom whose what which when where why how many much long old "
    "that this these those it its he she they them his her their there here i you we me my your our as if so than then "
    "about into out up down over under again once all any both each more most other some such only own same too very "
    "say says said tell according passage passages text answer please".split()
)


@dataclass(frozen=True)
class Candidate:
    """One sentence of one passage, with the terms it is found by and how well it fits."""

    number: int
    text: str
    terms: frozenset[str]
    title: frozenset[str]
    before: frozenset[str] = frozenset()
    score: float = 0.0
    leaning: bool = False


def answer(passages: str, question: str) -> str:
    """Answer `question` from the numbered `passages`, briefly and with the number in brackets."""
    found = best(passages, question)
    if not found:
        return NOT_SAID
    kind, asked = kind_of(question), terms(question)
    for candidate in _chain(found):
        if candidate.leaning and kind is Kind.WHO:
            return _cited(candidate.text, candidate)
        if text := span(kind, _clause(candidate.text, asked), question):
            return _cited(text, candidate)
    return _cited(_plain(kind, found[0].text, asked), found[0])


def answer_fields(passages: str, question: str, fields: Iterable[str]) -> str:
    """Answer as a JSON object: the numbers cited go into the fields named for them, the answer into all others."""
    import json

    text = answer(passages, question)
    cited = [int(number) for number in re.findall(r"\[(\d+)\]", text)]
    reply: dict[str, object] = {}
    for name in fields:
        is_list = name in {"citations", "sources", "passages", "evidence", "cited"}
        reply[name] = cited if is_list else text
    return json.dumps(reply, ensure_ascii=False)


def best(passages: str, question: str) -> list[Candidate]:
    """Return the sentences that fit the question, best first; empty when none fits well enough."""
    asked = terms(question)
    candidates = list(_candidates(passages))
    if not asked or not candidates:
        return []
    weight = _weights(candidates)
    total = math.fsum(weight(term) for term in asked)
    kind = kind_of(question)
    scored: list[Candidate] = []
    for candidate in candidates:
        inside = math.fsum(weight(term) for term in asked & candidate.terms)
        beside = math.fsum(weight(term) for term in (asked & candidate.title) - candidate.terms)
        covered = (inside + 0.7 * beside) / total
        meant = (
            inside + 0.9 * math.fsum(weight(term) for term in (asked & candidate.before) - candidate.terms)
        ) / total
        leaning = bool(inside) and meant > covered
        covered = max(covered, meant) if leaning else covered
        if covered >= COVERED:
            score = covered + (_bonus(kind, candidate.text, question) if inside else 0.0)
            scored.append(replace(candidate, score=score, leaning=leaning))
    return sorted(scored, key=lambda candidate: -candidate.score)


def _bonus(kind: Kind, text: str, question: str) -> float:
    """What speaks for a sentence besides its words: that it holds a span of the kind that is asked for."""
    if kind is Kind.OTHER:
        return 0.0
    if span(kind, _clause(text, terms(question)), question):
        return 0.15
    return -0.25 if kind is Kind.WHO and not _CJK.search(text) else 0.0


def _clause(text: str, asked: frozenset[str]) -> str:
    """The part of a sentence, between semicolons, that shares most with the question."""
    return max(text.split(";"), key=lambda part: len(asked & terms(part)))


def terms(text: str) -> frozenset[str]:
    """Return what `text` is compared by: stems of its words, and pairs of signs in scripts without spaces."""
    found: set[str] = set()
    for run in _CJK.findall(text):
        found.update(run[at : at + 2] for at in range(max(1, len(run) - 1)))
    for word in words(_CJK.sub(" ", text).lower()):
        if word not in _COMMON:
            found.add(stem(base_of(word)))
    return frozenset(found)


def stem(word: str) -> str:
    """Cut the ending off a word: common English endings, and what follows the fifth letter in other alphabets."""
    word = re.sub(r"['’]s?$", "", word)
    if not word.isascii():
        return word[:5]
    for ending in ("ingly", "edly", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


def blocks(passages: str) -> list[tuple[int, str, str]]:
    """Return (number, title, text) of each passage; without numbers, paragraphs are counted from 1."""
    marks = list(_HEAD.finditer(passages))
    if not marks:
        parts = [part for part in re.split(r"\n\s*\n", passages) if part.strip()]
        return [(at, *_titled(part)) for at, part in enumerate(parts, start=1)]
    ends = [mark.start() for mark in marks[1:]] + [len(passages)]
    return [(int(mark.group(1)), *_titled(passages[mark.end() : end])) for mark, end in zip(marks, ends, strict=True)]


def _titled(block: str) -> tuple[str, str]:
    """Part a title from its text: a short first line, or what stands before the first colon."""
    block = block.strip()
    first, newline, rest = block.partition("\n")
    if newline and rest.strip() and len(first) <= 80 and not re.search(r"[.!?。]\s*$", first):
        return first.rstrip(": "), rest.strip()
    found = re.match(r"([^.!?:\n]{1,80}):\s+(?=\S)", block)
    return (found.group(1), block[found.end() :]) if found else ("", block)


def _candidates(passages: str) -> Iterable[Candidate]:
    for number, title, text in blocks(passages):
        titled, before = terms(title), frozenset[str]()
        for sentence in sentences(_HEADING.sub("", text)):
            own = terms(sentence)
            yield Candidate(number, sentence, own, titled, before if _POINTS_BACK.search(sentence) else frozenset())
            before = own


class _Weights:
    """Inverse document frequency over the sentences; an unseen term weighs as much as one seen once."""

    def __init__(self, candidates: list[Candidate]) -> None:
        self._seen = Counter(term for candidate in candidates for term in candidate.terms | candidate.title)
        self._total = len(candidates)

    def __call__(self, term: str) -> float:
        return math.log(1 + self._total / max(1, self._seen[term]))


def _weights(candidates: list[Candidate]) -> _Weights:
    return _Weights(candidates)


def _chain(found: list[Candidate]) -> list[Candidate]:
    """The best sentence, then those that come within reach of it: an answer may stand one sentence further."""
    return [candidate for candidate in found if candidate.score >= 0.6 * found[0].score][:4]


def _plain(kind: Kind, text: str, asked: frozenset[str]) -> str:
    """Say yes or no only where the sentence has every word of the question; else let the sentence speak for itself."""
    if kind is not Kind.YES_NO or not asked <= terms(text):
        return text
    denied = re.search(r"\b(?:not|never|no|nobody|none)\b|n['’]t\b", text, re.IGNORECASE)
    return f"{'No' if denied else 'Yes'}: {text}"


def _cited(text: str, candidate: Candidate) -> str:
    return f"{text.rstrip(' .。')} [{candidate.number}]."
