"""Whether an answer's citations hold: what each sentence cites, and whether that passage says so.

    for claim in cited(result.value):
        if not claim.supported:
            print(claim.text, claim.why)

`cited` compares words and calls no model. It finds what is plainly wrong: no citation, one of a passage that is not
there, a passage about something else, a number or a name that the passage does not have, a "not" too many. It does not
understand: a single ordinary word that was changed ("north" for "south") and names that changed places pass, and a free
paraphrase may not. `verified` asks a model.

Measured by `tests/methods/test_citations.py` on 80 sentences that we wrote for 18 passages
(`tests/data/citations.jsonl`), half of them unsupported and nearly all of those by one small change. Each answer had
five passages:

    of 40 supported sentences      37 pass (all 13 near the passage's wording, 24 of 27 paraphrases)
    of 40 unsupported sentences    23 are found: 8 of 8 numbers, 7 of 7 names, 5 of 6 negations, 3 of 3 off the subject,
                                   0 of 3 additions, 0 of 9 changed words, 0 of 4 names that changed places
    citing another passage         520 of 520 are found
    the share of words alone       42 of 80 right, which is chance: it is the other checks that tell small changes

Any `least` from 0.3 to 0.55 gives 58 to 61 of 80, and chosen on one half it does as well on the other. Comparing
meanings helps little here: at `near` 0.7 neither the hashing embedder nor all-MiniLM-L6-v2 changes a verdict, and at
0.6 the latter lets one more of either half pass.
The set is small and ours: expect worse of long passages on one subject. `verified` was not measured: it is as good as
the model.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from memagent.errors import CapabilityError, ReplyError, UsageProblem
from memagent.flow import Flow, tell
from memagent.methods.citation_words import WORD, cosine, names_in, numbers_in, terms
from memagent.methods.plain import numbered
from memagent.prompts import fill
from memagent.sentences import split_sentences
from memagent.structured import Unreadable, ask, json_object
from memagent.types import Answer, Hit

Verdict = Literal["supported", "unsupported", "uncited", "out of range", "unclear"]

LEAST = 0.4
"""The share of a sentence's words, by weight, that its passages must have; the middle of a range that does alike."""

NEAR = 0.7
"""The cosine to one of a passage's sentences from which fewer words will do, where there is an embedder."""

_DASH = "-\u2010-\u2015"
_MARK = re.compile(
    rf"[\[【]\^?\s*(?:passages?\s+|sources?\s+)?(\d{{1,9}}(?:\s*(?:,|;|&|and|[{_DASH}])\s*\d{{1,9}})*)\s*[\]】]",
    re.IGNORECASE,
)
_RANGE = re.compile(rf"(\d+)(?:\s*[{_DASH}]\s*(\d+))?")
_LEADING = re.compile(rf"(?:\s*{_MARK.pattern})+[ .]*", re.IGNORECASE)
_BULLET = re.compile(r"^\W*(?:\d{1,3}[.)]\s+)?")
_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_TOGETHER = 20  # claims that a model is asked about in one call
_SCHEMA = {
    "type": "object",
    "properties": {
        "claims": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "supported": {"type": "boolean"},
                    "reason": {"type": "string"},
                },
                "required": ["number", "supported", "reason"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["claims"],
    "additionalProperties": False,
}


class Embeds(Protocol):
    """What turns texts into vectors, one a text; every embedder does."""

    def embed(self, texts: Sequence[str]) -> Any:
        """Return a row of numbers for each text."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and what it rests on.

    Attributes:
        text: the sentence as it stands in the answer, with its citations.
        numbers: the passages that it cites, from 1, each once: `answer.hits[number - 1]`.
        verdict: `supported`, `unsupported`, `uncited`, `out of range` (it cites a passage that is not there), or
            `unclear` (it has no words that could be compared).
        why: what speaks for the verdict, in words.
        support: the share of the sentence's words, by weight, that the cited passages have, in [0, 1].
        similarity: the cosine to the nearest sentence of a cited passage; `None` without an embedder.
        missing: numbers and names in the sentence that no cited passage has.
        invalid: the numbers that it cites and that are no passage's; of a range, the first.
        idle: cited passages without which no word less would be found.
    """

    text: str
    numbers: tuple[int, ...]
    verdict: Verdict
    why: str
    support: float = 0.0
    similarity: float | None = None
    missing: tuple[str, ...] = ()
    invalid: tuple[int, ...] = ()
    idle: tuple[int, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the sentence may be relied on as far as could be seen."""
        return self.verdict == "supported"

    def __str__(self) -> str:
        return f"{self.verdict}: {self.text} ({self.why})"


def cited(
    answer: Answer, *, embedder: Embeds | None = None, least: float = LEAST, near: float = NEAR, language: str = "en"
) -> list[Claim]:
    """Return the sentences of an answer in order, each with what it cites and whether that supports it.

    Citations are `[1]`, `[1, 3]`, `[1-3]` and their like; one that stands behind a sentence's full stop belongs to
    that sentence. A sentence is supported if the cited passages, titles included, have at least the share `least` of
    its words, weighted by how few of the answer's passages have them; if they have all of its numbers and names; and if
    it is negated as often as the sentence that is nearest to it. Words are compared by their stems, numbers as
    digits or in words; stems and negations are those of English, and other languages are compared as they stand.

    Args:
        answer: an answer with its `hits`.
        embedder: compares meanings as well: a sentence that is `near` enough to one of a cited passage needs only half
            of `least`.
        least: the share of words, from 0 to 1.
        near: a cosine.
        language: by which sentences are split, a two-letter code.

    Raises:
        UsageProblem: `least` or `near` is not between 0 and 1.
    """
    if not (0 <= least <= 1 and 0 <= near <= 1):
        raise UsageProblem(f"least={least}, near={near} are not between 0 and 1")
    judge = _Judge(answer.hits, embedder, least, near, language)
    return [judge.claim(sentence) for sentence in _sentences(answer.text, language)]


def verified(
    answer: Answer,
    *,
    embedder: Embeds | None = None,
    least: float = LEAST,
    near: float = NEAR,
    language: str = "en",
    tries: int = 2,
    timeout: float | None = 120.0,
) -> Flow[list[Claim]]:
    """Return the claims of `cited`, judged by a model where they cite passages that are there.

    One call for twenty such claims, up to `tries` where replies are unreadable; none where there are none. The model's
    verdict takes the place of the words', and `why` has its reason; `missing` stays as it was found. A claim that the
    model passes over keeps its verdict. So do all claims where replies stay unreadable, or the model can judge none
    (`offline`), which is told.

    Args:
        answer: an answer with its `hits`.
        embedder: see `cited`.
        least: see `cited`.
        near: see `cited`.
        language: see `cited`.
        tries: how often a reply is asked for.
        timeout: seconds for each call.
    """
    claims = cited(answer, embedder=embedder, least=least, near=near, language=language)
    asked = [at for at, claim in enumerate(claims) if claim.numbers and not claim.invalid]
    for start in range(0, len(asked), _TOGETHER):
        batch = asked[start : start + _TOGETHER]
        try:
            judged = yield from _judged([claims[at] for at in batch], answer.hits, tries, timeout)
        except (ReplyError, CapabilityError) as error:
            yield from tell(f"Citations are checked by their words alone: {error.message}")
            judged = {}
        for number, at in enumerate(batch, 1):
            claims[at] = _overruled(claims[at], judged.get(number))
    return claims


def citations(sentence: str, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return which of `count` passages a sentence cites, and which numbers it cites that are none; each once."""
    valid, invalid = dict[int, None](), dict[int, None]()
    for mark in _MARK.finditer(sentence):
        for found in _RANGE.finditer(mark.group(1)):
            first, last = sorted((int(found.group(1)), int(found.group(2) or found.group(1))))
            numbers = range(first, min(last, max(first, count + 1)) + 1)  # of what is past the end, one is enough
            for number in numbers:
                (valid if 1 <= number <= count else invalid)[number] = None
    return tuple(valid), tuple(invalid)


class _Judge:
    """Compares sentences with the passages of one answer."""

    def __init__(self, hits: Sequence[Hit], embedder: Embeds | None, least: float, near: float, language: str) -> None:
        self._hits, self._embedder, self._least, self._near = hits, embedder, least, near
        self._language = language
        self._terms = [terms(f"{hit.title}\n{hit.text}") for hit in hits]
        self._seen = Counter(term for found in self._terms for term in found)
        self._spoken = {name for hit in hits for name in names_in(f". {hit.text}")}

    def claim(self, text: str) -> Claim:
        numbers, invalid = citations(text, len(self._hits))
        bare = _BULLET.sub("", _MARK.sub(" ", text))
        claim = Claim(text, numbers, "uncited", "it cites no passage", invalid=invalid)
        if numbers:
            claim = self._compared(claim, bare)
        if invalid:
            listed = ", ".join(f"[{number}]" for number in invalid)
            rest = f"; otherwise {claim.verdict}: {claim.why}" if numbers else ""
            why = f"there is no passage {listed}, only {len(self._hits)}{rest}"
            return replace(claim, verdict="out of range", why=why)
        return claim

    def _compared(self, claim: Claim, bare: str) -> Claim:
        words = terms(bare)
        if not words:
            return replace(claim, verdict="unclear", why="it has no words that could be compared")
        found = set[str]().union(*(self._terms[number - 1] for number in claim.numbers))
        support = self._share(words, found)
        sentences = [one for number in claim.numbers for one in self._sentences(number)]
        similarity = self._similarity(bare, sentences)
        claim = replace(
            claim,
            support=support,
            similarity=similarity,
            missing=tuple(name for name in self._checked(bare) if not terms(name) <= found),
            idle=self._idle(claim.numbers, words),
        )
        return replace(claim, **self._verdict(claim, bare, words, sentences))

    def _verdict(self, claim: Claim, bare: str, words: set[str], sentences: Sequence[str]) -> dict[str, Any]:
        where = " and ".join(f"[{number}]" for number in claim.numbers)
        near = claim.similarity is not None and claim.similarity >= self._near
        least = self._least / 2 if near else self._least
        reasons = []
        if claim.missing:
            reasons.append(f"{', '.join(map(repr, claim.missing))} not in {where}")
        nearest = max(sentences, key=lambda one: self._share(words, terms(one)), default="")
        if len(_NEGATION.findall(bare)) % 2 != len(_NEGATION.findall(nearest)) % 2:
            reasons.append(f"either it or the nearest sentence of {where} is negated")
        if claim.support < least:
            reasons.append(f"{where} has {claim.support:.0%} of its words by weight, less than {least:.0%}")
        if reasons:
            return {"verdict": "unsupported", "why": "; ".join(reasons)}
        like = "" if claim.similarity is None else f", cosine {claim.similarity:.2f}"
        return {"verdict": "supported", "why": f"{where} has {claim.support:.0%} of its words by weight{like}"}

    def _share(self, words: set[str], found: set[str]) -> float:
        total = math.fsum(map(self._weight, words))
        return math.fsum(self._weight(word) for word in words & found) / total

    def _weight(self, word: str) -> float:
        """How telling a word is: the fewer passages have it, the more; one that none has counts as in half of one."""
        return math.log(1 + len(self._hits) / max(0.5, self._seen[word]))

    def _sentences(self, number: int) -> list[str]:
        return split_sentences(self._hits[number - 1].text, self._language)

    def _similarity(self, bare: str, sentences: Sequence[str]) -> float | None:
        if self._embedder is None or not sentences:
            return None
        first, *others = self._embedder.embed([bare, *sentences])
        return max(0.0, min(1.0, max(cosine(first, other) for other in others)))

    def _checked(self, bare: str) -> list[str]:
        """The numbers and names of a sentence; its first word only if something else shows that it is a name."""
        first = WORD.search(bare)
        names = names_in(bare)
        if first and first.group() not in names and first.group() in self._spoken:
            names = [first.group(), *names]
        return [*numbers_in(bare), *names]

    def _idle(self, numbers: Sequence[int], words: set[str]) -> tuple[int, ...]:
        if len(numbers) < 2:
            return ()
        own = {number: words & self._terms[number - 1] for number in numbers}
        return tuple(
            number
            for number in numbers
            if own[number] <= set[str]().union(*(own[other] for other in numbers if other != number))
            and any(own[number] < own[other] for other in numbers if other != number)
        )


def _sentences(text: str, language: str) -> list[str]:
    """The sentences of an answer; citations that stand at the head of one belong to the one before."""
    found: list[str] = []
    for sentence in split_sentences(text, language):
        leading = _LEADING.match(sentence) if found else None
        if leading:
            found[-1] = f"{found[-1]} {leading.group().strip()}"
            sentence = sentence[leading.end() :].strip()
        if any(char.isalnum() for char in sentence):
            found.append(sentence)
    return found


def _judged(
    claims: Sequence[Claim], hits: Sequence[Hit], tries: int, timeout: float | None
) -> Flow[dict[int, tuple[bool, str]]]:
    """What a model says of claims, by their numbers from 1."""
    used = sorted({number for claim in claims for number in claim.numbers})
    blocks = {number: numbered([hits[number - 1]]).replace("[1]", f"[{number}]", 1) for number in used}
    listed = "\n".join(f"{number}. {' '.join(claim.text.split())}" for number, claim in enumerate(claims, 1))
    messages = fill("citations/verify", passages="\n\n".join(blocks.values()), claims=listed)
    return ask(messages, read_verdicts, label="citations/verify", schema=_SCHEMA, tries=tries, temperature=0.0,
               timeout=timeout)  # fmt: skip


def read_verdicts(reply: str) -> dict[int, tuple[bool, str]]:
    """Read a model's verdicts on numbered claims: number to whether it is supported, and why.

    Raises:
        Unreadable: there is none.
    """
    said = reply.rpartition("</think>")[2]
    bare = said.strip("` \njson")
    found = json_object(f'{{"claims": {bare}}}' if bare.startswith("[") else said)
    items = found.get("claims", [found])
    verdicts: dict[int, tuple[bool, str]] = {}
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        number, supported = _whole(item.get("number")), _yes(item.get("supported"))
        if number is not None and supported is not None:
            verdicts.setdefault(number, (supported, " ".join(str(item.get("reason") or "").split())))
    if not verdicts:
        raise Unreadable('it has no list "claims" of objects with "number", "supported" (true or false) and "reason"')
    return verdicts


def _whole(value: Any) -> int | None:
    found = re.search(r"\d{1,6}", str(value)[:20]) if not isinstance(value, bool) else None
    return int(found.group()) if found else None


def _yes(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    said = str(value).strip().casefold()
    return {"true": True, "yes": True, "supported": True, "false": False, "no": False, "unsupported": False}.get(said)


def _overruled(claim: Claim, judged: tuple[bool, str] | None) -> Claim:
    if judged is None:
        return replace(claim, why=f"by its words alone: {claim.why}")
    supported, reason = judged
    why = f"the model says so{f': {reason}' if reason else ''}"
    if supported and claim.missing:
        why += f"; yet {', '.join(map(repr, claim.missing))} not in what it cites"
    return replace(claim, verdict="supported" if supported else "unsupported", why=why)
