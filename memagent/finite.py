"""Whether a clause has the finite verb of a statement, in nine languages: known forms first, then where a word stands.

French, Spanish, Italian, Portuguese, Dutch, German, Russian, Chinese and Japanese; English has rules of its own in
`gate.statements`. A form counts that is a copula, an auxiliary or a frequent irregular verb, that a stem of the lists
in `finite.toml` has with an ending of its conjugation, or whose ending only a finite verb has. Behind a name a weaker
ending will do. A word behind an article, a possessive or a preposition is a noun there, and no verb.

The neighbours among the languages with Latin letters are tried together, since a short line often does not show which
one it is in; forms that are other words next door (`es`, `a`) count only in their own. Chinese has no endings: a clause
must have a verb of a list. Japanese has its predicate at the end of the clause.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

LATIN = ("fr", "es", "it", "pt", "nl", "de")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_CLITICS = frozenset("s n me te se si lo la le ne y en ci vi não no non não nos os as já ya ik ich wir je j on".split())
_I = frozenset("ik ich je j yo io eu".split())
_ROMANCE = ("es", "it", "pt")
_PERSONS = frozenset(
    "ik ich wir wij je j nous on il elle ils elles yo él ella io lui lei eu ele ela hij zij ze er sie qui que "
    "che die "
    "quem quien s se si ne não no non".split()
)


_DONE = re.compile(r"[^\W\d_]{2,}(?:é|u|ert)e?s?|eu|été")
_PARTICIPLES = re.compile(
    r"[^\W\d_]{2,}(?:ado|ido|ato|uto|ito|erto|ata|uta|ada|ida|é|ée|és|ert|ait)|ge[a-z]{2,}(?:t|en)|né|née|"
    r"nato|nata|très|muy|molto|muito"
)
_PARTICLES = {
    "ja": re.compile(r"[はがをにもでのとへやかねよも\s]+|から|まで"),
    "zh": re.compile(r"[的了着和与及也都就而并或之以于吗呢吧啊\s]+"),
}
_PARTICIPLE = re.compile(
    r"[^\W\d_]{2,}(?:é|i|u|it|is|ert|eint|aint)e?s?|eu|été|un|une|des|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|"
    r"pas|plus|toujours|peur|horreur|mal|besoin|envie"
)


def script_of(text: str) -> str:
    """Return `ja`, `zh`, `ru`, or `latin`, by the letters of a text."""
    if _KANA.search(text):
        return "ja"
    if _HAN.search(text):
        return "zh"
    return "ru" if _CYRILLIC.search(text) else "latin"


def is_covered(text: str) -> bool:
    """Return whether a text is in one of the nine languages: by its script, or by small words that English has not."""
    if script_of(text) != "latin":
        return True
    words = {word.lower() for word in _WORD.findall(text.replace("’", "'"))}
    if words & _set("words", "english"):
        return False
    return len(words & _set("words", "telling")) > 0 or re.search(r"[à-ÿß]", text) is not None


def has_verb(clause: str, language: str = "") -> bool:
    """Return whether a clause has the finite verb of a statement.

    Args:
        clause: of one sentence, without its closing mark or with it.
        language: a two-letter code where it is known; else, or where it is another of those with Latin letters, all of
            these are tried, each without the forms that it shares with its neighbours.
    """
    script = script_of(clause)
    if script == "ja":
        return _japanese(clause)
    if script == "zh":
        return any(verb in clause for verb in _set("zh", "verbs") | _set("zh", "adjectives"))
    words = _WORD.findall(clause.replace("’", "'"))
    if script == "ru":
        return _russian(words, clause)
    return next(verbs(clause, language), None) is not None


def verbs(clause: str, language: str = "") -> Iterator[str]:
    """Yield the words of a clause in Latin letters that are finite verbs there, in small letters."""
    words = _WORD.findall(clause.replace("’", "'"))
    for at, word in enumerate(words):
        if any(_is_finite(words, at, one, own=one == language) for one in LATIN):
            yield word.lower()


def closed_class(text: str, script: str, *, predicate: bool = False) -> bool:
    """Return whether a text is small words alone: articles, prepositions, conjunctions, particles.

    Args:
        text: a part of a triple.
        script: of its sentence, as `script_of` says.
        predicate: copulas and auxiliaries are no small words: they may be a relation.
    """
    if script in ("ja", "zh"):
        return _PARTICLES[script].fullmatch(text) is not None
    words = [word.lower() for word in _WORD.findall(text.replace("’", "'"))]
    if script == "ru":
        return bool(words) and all(word in _set("words", "russian_small") for word in words)
    known = (_small() | _set("words", "conjunctions")) - _set("words", "nouns")
    return bool(words) and all(word in known and not (predicate and word in _copulas()) for word in words)


def verbs_at(words: Sequence[str]) -> list[int]:
    """Return the places of the finite verbs among the words of a clause in Latin or Cyrillic letters."""
    plain = [word.rstrip("'’") for word in words]
    if any(_CYRILLIC.search(word) for word in words):
        found = _pattern("ru", "surely")
        mine = _pattern("ru", "mine") if plain[0].lower() == "я" else None
        small = [word.lower() for word in plain]
        return [
            at
            for at, word in enumerate(small)
            if at and word not in _set("ru", "small") and (found.fullmatch(word) or (mine and mine.fullmatch(word)))
        ]
    return [at for at in range(len(plain)) if any(_is_finite(plain, at, one, own=False) for one in LATIN)]


def clitic(word: str) -> bool:
    """Return whether a word stands between a subject and its verb: a clitic pronoun, or a word that negates."""
    word = word.lower().rstrip("'’")
    return word in _CLITICS - _I - {"wir", "on", "os", "as"} or word in _set("words", "negating")


def is_participle(word: str) -> bool:
    """Return whether a word in small letters is a participle, or an adverb of degree, behind an auxiliary."""
    return word.islower() and _PARTICIPLES.fullmatch(word) is not None


def owns(word: str) -> bool:
    """Return whether a word is a possessive of the speaker's, or an article."""
    return word.lower() in _set("words", "owning")


def _is_finite(words: Sequence[str], at: int, language: str, *, own: bool) -> bool:
    word, before = words[at].lower(), words[at - 1].lower() if at else ""
    if not words[at].islower():
        return not at and word in _first_forms() | (_mine(language) if own or language in _ROMANCE else frozenset())
    if word == "a" and not _has_participle(words[at + 1 : at + 3]):
        return False
    if word == "a" and language == "fr" and at and _DONE.fullmatch("".join(words[at + 1 : at + 2]).lower()):
        return True
    if word in _set(language, "closed"):
        return bool(at) and (word not in _shared() or (own and before not in _set(language, "nominal")))
    if word in _small() or word in _numbers() or not at:
        return not at and word in _mine(language)
    if before in _I or words[at + 1 : at + 2] in (["ich"], ["ik"]):
        return True
    if before in _set(language, "nominal") and before not in _PERSONS:
        return False
    if word in _forms(language) or _pattern(language, "surely").fullmatch(word):
        return True
    named = (
        _behind_a_name(words, at)
        or _behind_a_relative(words, at)
        or (language in ("nl", "de") and at == 1 < len(words) - 1)
    )
    return named and _pattern(language, "weakly").fullmatch(word) is not None


def _has_participle(behind: Sequence[str]) -> bool:
    """Whether what stands behind a French `a` shows that it is the auxiliary, or says what somebody has."""
    return any(_PARTICIPLE.fullmatch(word.lower()) is not None for word in behind)


def _behind_a_relative(words: Sequence[str], at: int) -> bool:
    """Whether `my husband` stands before a word, at the head of the clause, and something behind it."""
    own = at - 2
    while own > 0 and words[own].lower() in _CLITICS - _I:
        own -= 1
    return (
        own in (0, 1)
        and at < len(words) - 1
        and words[own].lower() in _set("words", "own")
        and words[own + 1].lower() not in _set("words", "dear")
    )


def _behind_a_name(words: Sequence[str], at: int) -> bool:
    """Whether a name, or who speaks, stands before a word; a word with a capital at the very beginning may be none."""
    before = at - 1
    while before > 0 and words[before].lower() in _CLITICS:
        before -= 1
    return words[before].lower() in _PERSONS or (before > 0 and words[before][0].isupper())


def _russian(words: Sequence[str], clause: str) -> bool:
    """Whether a Russian clause has a verb, or is one of those that need none: `мой брат врач`, `Ида — врач`."""
    small = [word.lower() for word in words]
    finite = _pattern("ru", "surely")
    verbal = (word for word in small if finite.fullmatch(word) and word not in _set("ru", "small"))
    if any(word in _set("ru", "closed") for word in small) or any(verbal):
        return True
    mine = _pattern("ru", "mine")
    if small and (("я" in small and any(mine.fullmatch(word) for word in small)) or mine.fullmatch(small[0])):
        return True
    if {"мне", "лет"} <= {*small} or {"мне", "год"} <= {*small}:
        return True
    owned = bool(small) and small[0] in _set("words", "of_mine") and len(small) > 2
    return owned or (small[:1] == ["у"] and len(small) > 2) or re.search(r"\w\s[—–]\s\w", clause) is not None


_JAPANESE_STOP = re.compile(r"[。．！!？?、,\s]+$")


def _japanese(clause: str) -> bool:
    plain = _JAPANESE_STOP.sub("", clause.strip())
    ended = re.search(rf"(?:{_lists()['ja']['ends']})$", plain)
    if ended is None:
        return False
    return re.search(_lists()["ja"]["particles"], plain[: ended.start() + 1]) is not None


@cache
def _copulas() -> frozenset[str]:
    """Closed forms of verbs that are small words of a neighbouring language as well."""
    return frozenset().union(*(_set(language, "closed") for language in LATIN))


@cache
def _first_forms() -> frozenset[str]:
    """Forms that may begin a line without being an imperative: of the first person, and `there is`."""
    return frozenset(
        "recuerdo nací soy estoy tengo voy doy sé he somos vivo sono ho sto vado faccio abbiamo sou estou "
        "tenho vou fui sei moro nasci hay há "
        "c'est ist sind war hat is heeft viene viven vive é è es está".split()
    )


@cache
def _forms(language: str) -> frozenset[str]:
    """Every form of the listed stems of a language."""
    lists = _lists()[language]
    return frozenset(
        stem + ending
        for name, stems in lists.get("stems", {}).items()
        for stem in stems.split()
        for ending in lists["endings"][name].split()
    )


@cache
def _mine(language: str) -> frozenset[str]:
    """The forms in the first person, with which a line may begin that has no word for who speaks."""
    if language not in ("es", "it", "pt"):
        return frozenset()
    return frozenset(form for form in _forms(language) if form.endswith(("o", "é", "ei", "í", "i"))) | _first_forms()


@cache
def _small() -> frozenset[str]:
    """Words that are no verb in any of these languages, unless they are forms that a language has closed."""
    return frozenset().union(*(_set(one, name) for one in LATIN for name in ("small", "nominal")))


@cache
def _numbers() -> frozenset[str]:
    return frozenset().union(*(_set(language, "numbers") for language in LATIN))


@cache
def _shared() -> frozenset[str]:
    return frozenset().union(*(_set(language, "shared") for language in LATIN))


@cache
def _pattern(language: str, name: str) -> re.Pattern[str]:
    return re.compile(_lists()[language][name])


@cache
def _set(language: str, name: str) -> frozenset[str]:
    return frozenset(_lists()[language][name].split())


@cache
def _lists() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
