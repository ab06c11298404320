"""Whether a line that is not English states something, by the grammar of a few languages: for what is unsure, refuse.

Covered are German, French, Spanish, Italian, Portuguese, Russian and Chinese. In them a statement about the world
has no word of the listener, asks for nothing, and does not begin with a verb: a first word with an article or the like
behind it (`Traduis ce message`, `Escribe un poema`) is one, unless it is in the first person (`Vivo en Quito`).
German and Russian lines must have a verb of a finite form.

In all of them, in Dutch and in Japanese a clause must have a finite verb (`memagent.finite`): a greeting, a heading or
a name with what goes with it has none.

Of other languages nothing is known. There a line must be a sentence that ends as one and begins with a name or has at
least a name in it; in scripts without capitals it must end as a sentence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from memagent.finite import has_verb
from memagent.gate.courteous import beside_courtesies
from memagent.gate.english import known_words, listed
from memagent.gate.openings import without_opening
from memagent.gate.reasons import GREETING, INSTRUCTION, QUESTION, TO_YOU, UNKNOWN_FORM

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_OTHER_EAST = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_ENDS = re.compile(r"[.。．…][\"'”»）)]*\s*$|[^\W\d_]\s*$|\d\s*$")
_CHINESE_YOU = re.compile(r"[你您]")
_JAPANESE_YOU = re.compile(r"おっしゃ|あなた|ご存[知じ]|貴方|(?<!\w)君[はがの]|お客様")
_CHINESE_ASKS = re.compile(
    r"请|請|麻烦|帮(?:我|忙)|^\W*(?:给我|把|用|让我们|写|翻译|总结|列出|解释|介绍|推荐|生成|回答|告诉|不要|别|"
    r"务必|记得)|希望(?:能|可以)|想要(?:一|个)"
)
_CHINESE_QUESTION = re.compile(
    r"[吗么]\W*$|^(?!.*(?:[还正才可着在都会爱]|挺|好).{1,14}呢\W*$).*呢\W*$|什么|谁|哪|多少|怎么|怎样|为什么|几[点个岁年月号]|是不是|有没有|能不能|会不会|是否"
)
_GERMAN_FINITE = re.compile(
    r"^(?!nicht$|mit$|seit$|dort$|oft$|jetzt$|fast$|erst$|sonst$|statt$|gut$|alt$|fort$|acht$|zuletzt$|selbst$|"
    r"laut$|kalt$|satt$)[a-zäöüß]+(?:t|ten|te|tet)$"
)
_GERMAN_PAST = frozenset(
    "ging gingen kam kamen fuhr zog zogen schrieb blieb starb starben aß trank sang fand verlor bekam gab nahm sah "
    "las traf ließ "
    "hielt lief rief schlief stand verstand wuchs bot flog schwamm gewann begann darf weiß mögen soll sollen essen "
    "leben wohnen".split()
)
_RUSSIAN_FINITE = re.compile(
    r"^[а-яё]+(?:ет|ёт|ит|ут|ют|ат|ят)(?:ся)?$|^[а-яё]{2,}(?:л|ла|ло|ли)(?:ся|сь)?$|^[а-яё]{2,}(?:ю|у)(?:сь|т)?$"
)
_FIRST_PERSON_VERB = re.compile(
    r"(?i)^[^\W\d_]{2,}o$|^(?:soy|estoy|voy|doy|sé|he|sono|ho|sto|vado|so|sou|estou|vou|sei|tenho|fui|nací|nasci)$|"
    r"^[^\W\d_]{2,}[éí]$"
)


LATIN = ("de", "fr", "es", "it", "pt", "nl")
"""The covered languages with Latin letters, besides English."""
COVERED = (*LATIN, "ru")
ENGLISH_MINE = frozenset("i me my mine myself we us our ours i'm i've i'd i'll we're we've".split())
_POLISH_FIRST_PERSON = re.compile(r"(?i)^(?:[^\W\d_]{2,}(?:łam|łem|liśmy|łyśmy|uję|ujemy)|jestem|mieszkam|nazywam)$")


@lru_cache(maxsize=256)  # a line is asked about for its form, its first word and each triple
def language_of(text: str) -> str:
    """Return the two letters of a covered language, `en`, or '' where a line is in none that is known.

    By the script of most of its letters (a sign counts for several), or by its small words: the language with the most
    of them.
    """
    letters = sum(map(str.isalpha, text))
    east, han = len(_OTHER_EAST.findall(text)), len(_HAN.findall(text))
    if 4 * (east + han) >= letters > 0 and east + han:
        return "" if east else "zh"
    if 2 * len(_CYRILLIC.findall(text)) >= letters > 0:
        return "ru"
    words = set(_words_of(text))
    found = {language: (len(words & _all(language)), len(words & _set(language, "words"))) for language in LATIN}
    if found["fr"][0] == 1 and _TO_A_PLACE.search(text):
        found["fr"] = (0, 0)
    best = max(found, key=lambda language: found[language])
    return best if found[best][0] else ""


def first_person(words: Sequence[str]) -> bool:
    """Return whether one of these words, in small letters, is the speaker's in a covered language."""
    return any(word in ENGLISH_MINE or any(word in _set(language, "mine") for language in COVERED) for word in words)


def is_small_verb(word: str) -> bool:
    """Return whether a word in small letters is a verb that any statement of a covered language may have."""
    return any(word in _set(language, "is") for language in COVERED)


def counted(text: str, language: str) -> int:
    """Return how many small words of a covered language with Latin letters a line has; all of a line in another "
    "script.
    """
    if language in ("zh", "ru"):
        return len(text)
    small, rest = _set(language, "words"), _all(language) - known_words()
    return sum(word in small or word in rest for word in _words_of(text))


def no_statement(text: str, language: str) -> str:
    """Return why a line in this language (not English) is none that states something, in words, or ''.

    Beside its greetings and thanks, a clause of it must have the finite verb of a statement.
    """
    text = without_opening(text)
    rest = beside_courtesies(text)
    return (GREETING if not rest else "") or _without_form(text, language) or _without_verb(rest, text, language)


def _without_verb(rest: str, text: str, language: str) -> str:
    if _is_in_another(text, language) or _UNCOVERED.search(text) or not _COVERED_SCRIPTS.search(text):
        return ""
    if language == "de" and (rest == text or _german(rest, _words_of(rest))):
        return ""
    if any(has_verb(clause, language) for clause in _CLAUSES.split(rest) if clause):
        return ""
    return UNKNOWN_FORM if rest == text else GREETING


def _is_in_another(text: str, language: str) -> bool:
    """Whether a line has words of English, or its verb behind a name, or words of a language that is not covered."""
    words = {word.lower() for word in _WORD.findall(text)}
    if words & _ENGLISH_ALONE or words & _OF_OTHERS or _ENGLISH_VERB.search(text):
        return True
    told = text.lower().split()[1:3]
    return not language and (bool(words & _ENGLISH) or any(word in listed("pasts") for word in told))


def _without_form(text: str, language: str) -> str:
    if language == "zh":
        return _chinese(text)
    if not language:
        return _unknown(text)
    words = _words_of(text)
    if _asks(language).search(text):
        return INSTRUCTION
    if any(word in _set(language, "you") for word in words) or (language == "de" and _FORMAL.search(text)):
        return TO_YOU
    if language == "ru":
        return "" if _russian(words, text) else UNKNOWN_FORM
    if language == "de":
        return "" if _german(text, words) else UNKNOWN_FORM
    return INSTRUCTION if _verb_first(words, language) else ("" if _romance(words, text, language) else UNKNOWN_FORM)


_ENGLISH = frozenset("the i my her his their our your and she he they we with from has have had are were for".split())
_ENGLISH_ALONE = frozenset("the my and they with from have were has".split())
_OF_OTHERS = frozenset(
    "w jest mieszka pracuje moja mój się och jag är bor og jeg hun bir ve için olen minun asuu jsem som mám".split()
)  # Polish, Swedish, Norwegian, Turkish, Finnish, Czech
_ENGLISH_VERB = re.compile(
    r"[A-Z]\w+(?:['’]s|s['’]) [a-z]|(?:^|[:,]\s)\W*[A-Z][\w.]+ (?:[A-Z]\w+ )?(?!usted\b)[a-z]+(?:[^o]ed|[^e]ns|[^a]ls|"
    r"ds|ks|ps|ws|cts|lls|"
    r"rts|cks|rs|ves|zes|ches|shes|ate) \w"
)
_CLAUSES = re.compile(r"(?<!\d)[,.](?:\s+|$)|[;:!?…！？。，：；、\n]+|\s[–—]\s(?=\w+\s\w+\s\w+)")
_UNCOVERED = re.compile(
    r"[łśżźćńąęőűşğıİřůčěšžđåøæŁŚŻŹĆŞŘČĚŠŽÅØÆ\uac00-\ud7af]"
)  # of Polish, Swedish, Turkish, Korean, ...
_COVERED_SCRIPTS = re.compile(r"(?i)[a-zа-яё\u3040-\u30ff\u3400-\u9fff]")
_TO_A_PLACE = re.compile(r"\ba [A-ZÀ-Ý]")  # `Lavoro a Torino`: French would have `à`
_PREPOSITIONS = frozenset("a ad in con como come en em de da per por para".split())
_ADVERBS = frozenset(
    "no ya nunca siempre también non già sempre mai anche não já sempre também hoy ayer oggi ieri sí sì sim".split()
)
_FORMAL = re.compile(
    r"(?<=[a-zäöüß,] )(?:Sie|Ihnen|Ihre?[nmrs]?)\b|^Sie (?:haben mir|hatten mir|(?:erwähn|sag|erzähl|bericht|nann|"
    r"schrieb)\w+)\b"
)


def in_first_person(text: str) -> bool:
    """Return whether a line begins with a verb in the first person that needs no `I` (es, it, pt, pl)."""
    words = [word for word in _words_of(text)[:4] if word not in _ADVERBS]
    if words and _POLISH_FIRST_PERSON.match(words[0]):
        return True
    if not words or not _FIRST_PERSON_VERB.match(words[0]) or words[0] in ("perché", "poiché", "affinché"):
        return False
    language = language_of(text)
    if not language:  # `Lavoro a Torino`: no name has a preposition right behind it
        return words[1:2] != [] and words[0].endswith("o") and words[1] in _PREPOSITIONS
    return language in ("es", "it", "pt") and not (words[1:2] and words[1] in _set(language, "is"))


def _chinese(text: str) -> str:
    if _CHINESE_QUESTION.search(text):
        return QUESTION
    if _CHINESE_ASKS.search(text):
        return INSTRUCTION
    return TO_YOU if _CHINESE_YOU.search(text) else ""


_CLAUSE = 3  # words of a clause that may state something


def _unknown(text: str) -> str:
    words = _WORD.findall(text)
    if not _ENDS.search(text) or re.search(r"^[^.!?]{0,40}[:：](?!//)", text):
        return UNKNOWN_FORM
    if _JAPANESE_YOU.search(text):
        return TO_YOU
    if re.search(r"[\u3040-\u30ff]", text) or not any(char.isupper() or char.islower() for char in text):
        return ""  # a script without capitals: nothing more is known of it
    clauses = [clause for clause in re.split(r"[,;:–—]\s", text) if clause]
    if len(clauses) > 1 and all(len(_WORD.findall(clause)) < _CLAUSE for clause in clauses):
        return UNKNOWN_FORM
    return "" if len(words) >= 3 and any(word[0].isupper() for word in words) else UNKNOWN_FORM


def _german(text: str, words: Sequence[str]) -> bool:
    """Whether the finite verb of a German line is there, and not at its beginning."""
    said = _WORD.findall(text)
    if len(said) < 3 or _verb_first(words, "de"):
        return False
    mine = "ich" in words or "wir" in words
    for word in said[1:]:
        if word in _set("de", "is") or word in _GERMAN_PAST or (word.islower() and _GERMAN_FINITE.match(word)):
            return True
        if mine and word.islower() and re.search(r"(?:e|en)$", word) and word not in _set("de", "begins"):
            return True
    return False


def _russian(words: Sequence[str], text: str) -> bool:
    """Whether a Russian line has a finite verb, or is one of those that need none: `мой брат врач`, `Ида — врач`."""
    if any(_RUSSIAN_FINITE.match(word) for word in words) or set(words) & _set("ru", "is"):
        return True
    return bool(words) and (
        words[0] in _set("ru", "mine") or words[0] == "у" or re.search(r"\w\s[—–]\s\w", text) is not None
    )


def _verb_first(words: Sequence[str], language: str) -> bool:
    """Whether the first word of a line is a verb that is not in the first person: a word for a noun goes before "
    "it.
    """
    words, at = [word for word in words if "'" not in word], 0
    while at < len(words) - 1 and words[at] in ("no", "ne", "n", "non", "não", "y", "et", "e", "und"):
        at += 1
    if at >= len(words) - 1:
        return False
    first, second = words[at], words[at + 1]
    small = _set(language, "begins") | _set(language, "leads") | _set(language, "mine") | _set(language, "is")
    if first in small or (language in ("es", "it", "pt") and _FIRST_PERSON_VERB.match(first)):
        return False
    return second in _set(language, "begins") or second.partition("'")[0] in _set(language, "begins")


def _romance(words: Sequence[str], text: str, language: str) -> bool:
    """Whether a line has enough words for a statement and a subject: a name, a noun with its article, or who "
    "speaks.
    """
    if len(words) < 3:
        return any(word in _set(language, "is") or _FIRST_PERSON_VERB.match(word) for word in words)
    if not text.rstrip().endswith("!") or any(word in _set(language, "is") | _set(language, "mine") for word in words):
        return True
    return has_verb(beside_courtesies(text), language)


def _words_of(text: str) -> list[str]:
    plain = text.replace("’", "'").lower()
    return [part for word in _WORD.findall(plain) for part in ([word, *word.split("'")] if "'" in word else [word])]


@cache
def _asks(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?:^|(?<=\W))(?:{'|'.join(_lists()[language]['asks'])})(?=\W|$)")


@cache
def _all(language: str) -> frozenset[str]:
    """The words by which a language is known, whoever is spoken of."""
    return frozenset().union(*(_set(language, name) for name in ("words", "you", "mine", "is")))


@cache
def _set(language: str, name: str) -> frozenset[str]:
    return frozenset(_lists()[language][name].split())


@cache
def _lists() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("languages.toml").read_text(encoding="utf-8"))
