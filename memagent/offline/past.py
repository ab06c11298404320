"""From `Mara burns the letter and sails for Lisbon` to `Mara burned the letter and sailed for Lisbon`.

A sentence is turned only if every finite verb in it is recognised; otherwise `None` says that it has to be quoted
instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from memagent.offline.lists import role_nouns, table

_AUX = {
    "is": "was", "are": "were", "has": "had", "does": "did", "will": "would", "can": "could", "may": "might",
    "isn't": "wasn't", "aren't": "weren't", "hasn't": "hadn't", "haven't": "hadn't", "doesn't": "didn't",
    "don't": "didn't",
    "won't": "would not", "can't": "could not", "cannot": "could not", "must": "had to", "shall": "would",
}  # fmt: skip
_STRONG = frozenset(
    "she he it them who that which somebody nobody someone everyone one everybody nothing something".split()
)
_LINK = frozenset("and then but or never always also still only soon now finally suddenly again once first".split())
_KEEP = frozenset(
    "to will would can could may might must shall should not let lets make makes help helps did does".split()
)
_PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[\W_]+")
_OUTSIDE = re.compile(r"(\"[^\"]*\"|“[^”]*”|«[^»]*»)")
_PERSONS = frozenset("i you we us me my your our mine yours".split())


@lru_cache(maxsize=1)
def _verbs() -> dict[str, str]:
    """Base form -> past form."""
    verbs = table("verbs")
    found = dict(pair.split() for pair in verbs["irregular"])
    found.update({base: base for base in verbs["same"]})
    for base in verbs["regular"]:
        found.setdefault(base, _regular(base))
    return {**found, "have": "had", "do": "did"}


def _regular(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base + (base[-1] if base in table("verbs")["doubled"] else "") + "ed"


@lru_cache(maxsize=1)
def _thirds() -> dict[str, str]:
    """Form with -s -> past form."""
    return {_third(base): past for base, past in _verbs().items()}


def _third(base: str) -> str:
    if base in {"have", "do", "go"}:
        return {"have": "has", "do": "does", "go": "goes"}[base]
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


@lru_cache(maxsize=1)
def _pasts() -> frozenset[str]:
    return frozenset(_verbs().values()) | {"was", "were", "had", "did", "could", "would"}


@lru_cache(maxsize=1)
def _nouns() -> frozenset[str]:
    things = table("words")["things"]
    return frozenset(role_nouns()) | frozenset(things["places"]) | frozenset(things["objects"])


def is_verb(word: str) -> bool:
    """Whether `word` is the base form, the form with -s or the past of a known verb."""
    word = word.lower()
    return word in _verbs() or word in _thirds() or word in _pasts() or word in _AUX


def past_of(word: str) -> str:
    """Return the past of a known verb in its base form, or nothing."""
    return _verbs().get(word.lower(), "")


def base_of(word: str) -> str:
    """Return the base form of a known verb in the past or with -s; any other word comes back as it is."""
    return _bases().get(word, word)


@lru_cache(maxsize=1)
def _bases() -> dict[str, str]:
    found = {_third(base): base for base in _verbs()}
    found.update({past: base for base, past in _verbs().items() if not past.endswith("ed")})
    return found


def third_of(word: str) -> str:
    """Return the form with -s of a known verb in its base form; any other word as it is."""
    return _third(word) if word in _verbs() else word


def is_third(word: str) -> bool:
    """Whether `word` is the form with -s of a known verb."""
    return word.lower() in _thirds()


def is_base(word: str) -> bool:
    """Whether `word` is the base form of a known verb."""
    return word.lower() in _verbs()


def past_sentence(sentence: str, names: Collection[str] = (), *, imperative: bool = False) -> str | None:
    """Return `sentence` in the past tense, or `None` when not every finite verb could be told.

    Args:
        sentence: one sentence in the present tense, third person; one in the past comes back as it is.
        names: words that are names, so that what follows one can be a verb.
        imperative: base forms after `and` and after a name are finite too (`Mara burn the letter and sail`).
    """
    parts = _OUTSIDE.split(sentence)
    turned: list[str] = []
    total = 0
    for at, part in enumerate(parts):
        if at % 2:
            turned.append(part)
            continue
        result = _Turning(part, frozenset(names), imperative, started=total > 0).run()
        if result is None:
            return None
        turned.append(result[0])
        total += result[1]
    return "".join(turned) if total else None


class _Turning:
    """One pass over the words of a sentence."""

    def __init__(self, text: str, names: frozenset[str], imperative: bool, *, started: bool) -> None:
        self.pieces = _PIECE.findall(text)
        self.names, self.imperative = names, imperative
        self.before: list[str] = []
        self.turned = int(started)
        self.count = 0

    def run(self) -> tuple[str, int] | None:
        """Return the text and how many finite verbs it has, or nothing for a first or second person."""
        out: list[str] = []
        for piece in self.pieces:
            if not piece[0].isalnum():
                out.append(piece)
                if piece.strip() in {",", ";", ":", "."}:
                    self.before.append(",")
                continue
            if piece.lower() in _PERSONS:
                return None
            out.append(self._word(piece))
            self.before.append(piece)
        return "".join(out), self.count

    def _word(self, word: str) -> str:
        lower = word.lower()
        if self._kept():
            return word
        new = _AUX.get(lower)
        if new is None and (lower == "have" or lower == "do") and not self._noun_like():
            new = "had" if lower == "have" else "did"
        if new is None and lower in _thirds() and self._finite():
            new = _thirds()[lower]
        if new is None and lower in _verbs() and self._plural():
            new = _verbs()[lower]
            self.imperative = True
        if new is None:
            self.count += lower in _pasts() or (lower.endswith("ed") and len(lower) > 4)
            return word
        self.turned += 1
        self.count += 1
        return new

    def _last(self, back: int = 1) -> str:
        return self.before[-back] if len(self.before) >= back else ""

    def _kept(self) -> bool:
        return self._last().lower() in _KEEP

    def _noun_like(self) -> bool:
        return self._last().lower() in {"the", "a", "an", "to"}

    def _finite(self) -> bool:
        """Whether a form with -s at this point is a verb: after a name, a pronoun, a known noun or a link."""
        last = self._last()
        lower = last.lower()
        if last in self.names or lower in _STRONG or lower in _nouns():
            return True
        if lower == "," and not self.turned:
            return any(each in self.names or each.lower() in _nouns() for each in self.before)
        if lower in _LINK or lower == "," or lower.endswith("ly"):
            return self.turned > 0 or lower.endswith("ly")
        return False

    def _plural(self) -> bool:
        """Whether a base form at this point is a verb: after `they`, two names, or in a command."""
        last = self._last()
        lower = last.lower()
        pair = last in self.names and self._last(2).lower() == "and" and self._last(3) in self.names
        several = lower.endswith("s") and lower.removesuffix("s") in role_nouns()
        if lower == "they" or pair or several:
            return True
        link = lower in _LINK or lower == ","
        return self.imperative and (last in self.names or (link and self.turned > 0))
