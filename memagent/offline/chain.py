"""Answering in several sentences: one fact after another, each of which leads to the next, then the answer.

As in the reader, nothing is understood. A fact is a sentence that shares telling words with what the question still
asks for, and names what the fact before it has brought up. Without passages there is nothing to take a fact from: then
the sentence says what would have to be found, and a look at its words shows that it was not read anywhere.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from memagent.offline.finding import find_names
from memagent.offline.reader import NOT_SAID, blocks, terms
from memagent.offline.spans import Kind, kind_of, span
from memagent.offline.text import normal, sentences, words

FINISHED = "So the answer is:"
_OPEN = 0.2  # with less than this share of a question open, it is answered
_FIRST = 0.2  # a first fact covers at least this share of it
_NAMED = 0.5  # a name is in a sentence that has so much of it
_MOST = 4  # facts
_POINTS_BACK = re.compile(r"(?:it|its|he|she|they|his|her|their|this|these|there)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """A sentence of a passage, with the name of what the passage is about where the sentence leaves it out."""

    number: int
    text: str
    terms: frozenset[str]
    titled: frozenset[str]


def told(passages: str, question: str, so_far: str) -> str:
    """Return what comes next in an answer: facts from the passages, and the answer once enough is known."""
    said = [sentence for sentence in sentences(so_far) if not sentence.startswith(FINISHED)]
    if FINISHED in so_far:
        return "END"
    facts = _facts(passages)
    added = [fact.text for fact in _chain(facts, question, said)]
    if not facts and _open(question, said) >= _OPEN:
        return guessed(question, said)
    return " ".join([*added, _final(question, [*said, *added])])


def linked(passages: str, question: str) -> list[Fact]:
    """Return the facts that lead from the question to its answer, in order; none where no passage bears on it."""
    return _chain(_facts(passages), question, [])


def following(passages: str, question: str, said: Sequence[str]) -> str | None:
    """Return the fact that comes next; `None` where there is none, or no more is asked for."""
    return next((fact.text for fact in _chain(_facts(passages), question, said)), None)


def _chain(facts: Sequence[Fact], question: str, said: Sequence[str]) -> list[Fact]:
    added: list[Fact] = []
    while len(said) + len(added) < _MOST:
        known = [*said, *(fact.text for fact in added)]
        if known and _open(question, known) < _OPEN:
            break
        fact = _next(facts, question, known)
        if fact is None:
            break
        added.append(fact)
    return added


def guessed(question: str, said: Sequence[str]) -> str:
    """Return a sentence that says what would have to be found next, and that it is not known."""
    phrase, name = _wanted(question, said)
    about = " of ".join(part for part in (phrase, name) if part) or question.rstrip("?")
    return f"The {about} is something unknown."


def searched(passages: str, question: str, so_far: str) -> str:
    """Return what comes next where a search may be asked for in the text."""
    if not _facts(passages) and not so_far:
        return f"[Search({question})]"
    said = [sentence for sentence in sentences(so_far)]
    fact = following(passages, question, said)
    if fact is None or FINISHED in so_far:
        return "END" if FINISHED in so_far else _final(question, said)
    after = [*said, fact]
    if _open(question, after) < _OPEN:
        return f"{fact} {_final(question, after)}"
    return f"{fact} [Search({wanted(question, after)})]"


def asked(passages: str, question: str, so_far: str) -> str:
    """Return the answer to the last question of a dialogue with oneself, and the next question or the final answer."""
    said = re.findall(r"^Answer to that: (.*)$", so_far, re.MULTILINE)
    fact = following(passages, question, said)
    if fact is None:
        return _final(question, said)
    still = terms(question) - terms(" ".join(said))
    line = f"Answer to that: {fact}"
    said.append(fact)
    if _open(question, said) < _OPEN or len(said) >= _MOST or not still & terms(fact):
        return f"{line}\n{_final(question, said)}"
    phrase, name = _wanted(question, said)
    return f"{line}\nFollow up: What is the {' of '.join(part for part in (phrase, name) if part)}?"


def asking(so_far: str, piece: str) -> str:
    """Return a question to a piece of the last sentence: that sentence, with `what` in its place."""
    last = (sentences(so_far) or [piece])[-1].rstrip(".!?。 ")
    found = last.replace(piece.strip(), "what", 1) if piece.strip() in last else f"{last}: what"
    return f"{found}?"


def wanted(question: str, said: Sequence[str]) -> str:
    """Return what to look up next: the words of the question that are open, and the name that they are asked of."""
    phrase, name = _wanted(question, said)
    return " ".join(part for part in (phrase, name) if part) or question


def doubted(question: str, so_far: str, sentence: str) -> str:
    """Return, as JSON, the words of a sentence that stand neither in the question nor in the answer so far."""
    known = terms(question) | terms(so_far)
    unread = [word for word in words(sentence) if terms(word) - known]
    sure = 100 - round(100 * len(unread) / max(1, len(words(sentence))))
    return json.dumps({"doubtful": unread, "confidence": sure}, ensure_ascii=False)


def _facts(passages: str) -> list[Fact]:
    if passages.strip().startswith("("):
        return []
    found: list[Fact] = []
    for number, title, text in blocks(passages):
        titled = terms(title)
        for sentence in sentences(text):
            own = terms(sentence)
            name = title if titled and _POINTS_BACK.match(sentence) else ""
            found.append(Fact(number, f"{name}: {sentence}" if name else sentence, own, titled))
    return found


def _next(facts: Sequence[Fact], question: str, said: Sequence[str]) -> Fact | None:
    """The fact that says most of what is still asked for, about what the last fact has brought up."""
    before = normal(" ".join(said))
    weight = _weights(facts)
    wanted = terms(question) - terms(" ".join(said))
    names = [terms(name) for name in _names(question, said)]
    every = terms(question)
    total = math.fsum(weight(term) for term in every) or 1.0
    most, best = 0.0, None
    for fact in facts:
        if normal(fact.text) in before:
            continue
        inside = math.fsum(weight(term) for term in wanted & fact.terms)
        beside = math.fsum(weight(term) for term in (wanted & fact.titled) - fact.terms)
        asked = (inside + 0.7 * beside) / total
        link = max((_share(name, fact.terms | fact.titled, weight) for name in names), default=0.0)
        if said and link < _NAMED:
            continue
        about = bool(fact.titled) and fact.titled <= every  # the question names what the passage is about
        score = asked + (0.5 * link if said else 0.3 * about)
        if (asked >= _FIRST or about if not said else inside > 0) and score > most:
            most, best = score, fact
    return best or (_about(facts, question, said) if said else None)


def _about(facts: Sequence[Fact], question: str, said: Sequence[str]) -> Fact | None:
    """A fact that says of what the last one has brought up where it is or when it was, if that is asked."""
    kind = kind_of(question)
    if kind not in (Kind.WHERE, Kind.WHEN, Kind.COUNT):
        return None
    before = normal(" ".join(said))
    for name in _names(question, said[-1:]):
        for fact in facts:
            fresh = normal(fact.text) not in before and span(kind, fact.text, " ".join([question, *said]))
            if fresh and fact.text.startswith(name):
                return fact
    return None


def _share(name: frozenset[str], found: frozenset[str], weight: Callable[[str], float]) -> float:
    whole = math.fsum(map(weight, name))
    return math.fsum(weight(term) for term in name & found) / whole if whole else 0.0


def _weights(facts: Sequence[Fact]) -> Callable[[str], float]:
    """Inverse document frequency over the sentences."""
    seen = Counter(term for fact in facts for term in fact.terms | fact.titled)
    return lambda term: math.log(1 + max(1, len(facts)) / max(1, seen[term]))


def _open(question: str, said: Sequence[str]) -> float:
    """The share of a question's words that nothing has been said of."""
    every = terms(question)
    return len(every - terms(" ".join(said))) / len(every) if every else 0.0


def _names(question: str, said: Sequence[str]) -> list[str]:
    """The names that facts have brought up and the question lacks: the last fact's first, those of more words first."""
    every = terms(question)
    found: list[str] = []
    for sentence in reversed(said):
        found += sorted((name for name, _ in find_names(sentence)), key=lambda name: " " not in name)
    return list(dict.fromkeys(name for name in found if terms(name) - every))


def _wanted(question: str, said: Sequence[str]) -> tuple[str, str]:
    """The words of the question that are still open, and the name that they are asked of."""
    still = terms(question) - terms(" ".join(said))
    phrase = " ".join(word for word in words(question) if terms(word) & still)
    return phrase, next(iter(_names(question, said)), "")


def _final(question: str, said: Sequence[str]) -> str:
    return f"{FINISHED} {answered(question, said).rstrip('.')}."


def answered(question: str, said: Sequence[str]) -> str:
    """Return the answer, from the fact that has most of what the question asks and least of what it names."""
    if not said:
        return NOT_SAID
    kind = kind_of(question)
    names = frozenset[str]().union(*(terms(word) for word in words(question)[1:] if word[:1].isupper()))
    common = terms(question) - names

    def fits(at: int) -> float:
        own = terms(said[at])
        return len(own & common) - 0.5 * len(own & names)

    ranked = sorted(range(len(said)), key=lambda at: (-fits(at), -at))
    for at in ranked:
        others = " ".join([question, *said[:at], *said[at + 1 :]])
        found = _fresh(said[at], others) if kind is Kind.OTHER else span(kind, said[at], others)
        if found:
            return found
    return said[ranked[0]]


def _fresh(sentence: str, others: str) -> str:
    """The first name of a sentence that neither the question nor the other facts have."""
    known = terms(others)
    return next((name for name, _ in find_names(sentence) if terms(name) - known), "")
