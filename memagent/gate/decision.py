"""The gate before a triple is kept: it must be named, surely meant, and said by the sentence that it is taken from.

What a model takes from a sentence is kept only if the words of its subject and object are there, or in the sentences
before, at least one of them in the sentence itself, and if the sentence has a word of its relation or one that stands
for it (a spouse is married), and does not say it the other way round (`direction`). Nothing is learnt of a sentence
that repeats what came out of the memory, in whatever form (`echoes`). Pure; `learning` applies it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from memagent.gate.clauses import Told, told
from memagent.gate.courteous import beside_courtesies
from memagent.gate.denial import CLAUSE, denial
from memagent.gate.direction import is_turned
from memagent.gate.echoes import repeats_of
from memagent.gate.english import related
from memagent.gate.languages import in_first_person
from memagent.gate.likeness import alike, grounded, words_of
from memagent.gate.reasons import RECALLED, TO_YOU
from memagent.gate.tense import is_bygone
from memagent.gate.turns import lines
from memagent.gate.unfit import unfit
from memagent.gate.wording import elsewhere, says_nothing
from memagent.gate.words import COPULAS, EMPTY, FIRST_PERSON, LIGHT, NAMES, PRONOUNS, SMALL, WE
from memagent.stores.keys import key
from memagent.triples import Relations
from memagent.types import Triple

_LONGEST = 200  # characters of a subject, relation or object

_NOBODY = re.compile(r"(?i)(?:the |an? )?(?:ai )?(?:user|assistant|chatbot|ai|bot|language model|model|system|speaker)")
_TELLING = re.compile(rf"{CLAUSE.pattern}|(?i:\bthat\b)")
_YOU = re.compile(
    r"(?i:\b(?:you|your|yours|yourself|you're|you'll|you've|you'd)\b)(?!\s+[A-Z][a-z]+\s+[A-Z])"
)  # not You Jin Park
_TOLD_YOU = re.compile(
    r"(?i)(?<!you )(?<!you've )(?<!you have )\b(?:told|tell|telling|showed|assure|promised?|thank|say to|said to) "
    r"you\b|\b(?:that |which |who |whom )?you (?:(?:asked|wanted to know|were asking) (?:me )?about|met|saw|liked|"
    r"like|know)\b"
)
_TOLD_ME = re.compile(
    r"(?i)\b(?:tells|told|writes|wrote|texted|informed|says to|said to) (?:me|us)\b[^\"“”]{0,40}[\"“]\s*you\b"
)
"""What somebody else said to the speaker, who is its `you`."""
_UNSURE = re.compile(
    r"(?i)\b(?:maybe|perhaps|might|(?-i:may)|could|probably|possibly|i (?:think|guess|believe|suppose)|not sure|"
    r"would (?:love|like|rather)|"
    r"dreams? of|if only|unless|allegedly|rumou?r|whether|let me know|wonder(?:s|ed|ing)? if|ask(?:s|ed|"
    r"ing)? if|"
    r"vielleicht|möglicherweise|wahrscheinlich|peut-être|quizás?|tal vez|forse|talvez|может быть|возможно|"
    r"наверное)\b|也许|可能|かもしれ"
)
_INTENDED = re.compile(
    r"(?i)\b(?:hop|refus|wish|intend|plan|want|pretend|offer|threaten|try|tri|fail)(?:s|es|ed|ing|ned)? to\b"
)
"""Doubts what stands behind it only."""
_MARKS = re.compile(r"\(\{|\}\)|-->|>>|<\||\|>|[\x00-\x08\x0b-\x1f]")
_TAG = re.compile(
    r"(?i)^\W*(?:i (?:think|guess|believe|suppose)|maybe|perhaps|probably|possibly|not sure|allegedly)\W*$"
)
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_EAST = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0eff]")


def named(triple: Triple, speaker: str, sentence: str = "") -> Triple:
    """Return a triple with the speaker in place of `I`, where it is known who that is; the mine of a sentence stays."""
    if not speaker.strip():
        return triple

    def name(text: str) -> str:
        return speaker if _is_first_person(text) and not _is_noun(text, sentence) else text

    return replace(triple, subject=name(triple.subject), object=name(triple.object))


def why_not(
    triple: Triple,
    sentence: str,
    *,
    context: str = "",
    shown: Iterable[str] = (),
    speaker: str = "",
    confidence: float = 0.5,
    relations: Relations = "stated",
) -> str:
    """Return why a triple is not to be kept, in words, or ''.

    Args:
        triple: what was taken from the sentence, `I` replaced by `named`.
        sentence: that is to say it.
        context: the sentences before, for what its pronouns stand for.
        shown: texts that came out of the memory.
        speaker: who says it.
        confidence: the least that is kept.
        relations: `stated`, or `any` for relations of a vocabulary of their own, such as those of Wikidata.
    """
    if why := _unlearnt(sentence):
        whys = [
            why_not(
                triple,
                part.text,
                context=f"{context} {part.about}",
                shown=tuple(shown),
                speaker=speaker,
                confidence=confidence,
                relations=relations,
            )
            for part in _told(sentence)
        ]
        return "" if "" in whys else (whys or [why])[0]
    if repeats_of(triple, sentence, tuple(shown)):
        return f"the sentence is {RECALLED}"
    return (
        _form(triple, sentence, speaker)
        or _confidence(triple, sentence, confidence)
        or _grounds(triple, beside_courtesies(sentence) or sentence, f"{context} {elsewhere(sentence)}", speaker)
        or says_nothing(triple, sentence)
        or ("" if relations == "any" else _related(triple, sentence))
        or ("the sentence says it the other way round" if is_turned(triple, sentence, speaker) else "")
        or denial(triple, sentence)
        or ("the sentence says that it is past" if is_bygone(triple, sentence) else "")
        or _addressed(triple, sentence)
    )


@lru_cache(maxsize=256)  # one triple of a sentence comes after the other
def _unlearnt(sentence: str) -> str:
    parts = [part for part in sentence.splitlines() if part.strip()]
    each = [unfit(part) for part in parts] if len(parts) > 1 else []
    why = unfit(sentence) or (each[0] if each and all(each) else "")
    why = why or next((line.why for line in lines(sentence) if line.why), "")
    return why if not why or why.startswith("it ") else f"the sentence is {why}"


@lru_cache(maxsize=256)
def _told(sentence: str) -> tuple[Told, ...]:
    """The clauses that tell something, of a sentence that asks."""
    parts = () if any(line.why for line in lines(sentence)) else told(sentence)
    return tuple(part for part in parts if part.text != sentence)


def _says_nothing(part: str, sentence: str) -> str:
    """Whether a part of a triple is a pronoun, stands for nobody, or has none but empty words; '' where it names."""
    if _is_pronoun(part, sentence) or _is_nobody(part, sentence):
        return "nobody"
    empty = all(word in EMPTY for word in _pieces(part)) and not re.search(r"\d", part)
    return "nothing" if empty and not _is_noun(part, sentence) else ""


def _form(triple: Triple, sentence: str, speaker: str) -> str:
    for name in ("subject", "relation", "object"):
        part = getattr(triple, name)
        if not isinstance(part, str) or not re.search(r"\w", part):
            return f"its {name} is empty"
        if len(part) > _LONGEST:
            return f"its {name} is longer than {_LONGEST} characters"
        if _MARKS.search(part):
            return f"its {name} holds marks of a call or prompt"
    if not re.search(r"[^\W\d_]", triple.relation):
        return f"its relation {triple.relation!r} says nothing"
    for name in ("subject", "object"):
        part = getattr(triple, name)
        if part != speaker and (why := _says_nothing(part, sentence)):  # a speaker may be called `a`, or `user`
            return f"its {name} {part!r} {'names nobody' if name == 'subject' and why == 'nobody' else 'names nothing'}"
    return "its subject is its object" if key(triple.subject) == key(triple.object) else ""


def _confidence(triple: Triple, sentence: str, least: float) -> str:
    if triple.confidence < least:
        return f"its confidence {triple.confidence:g} is less than {least:g}"
    return "the sentence is unsure of it" if _is_unsure(triple, sentence) else ""


def _is_unsure(triple: Triple, sentence: str) -> bool:
    """Whether the clauses that name the object, or a clause that says nothing else, doubt what they say."""
    doubted = _INTENDED.sub("", _UNSURE.sub("", triple.relation))
    if doubted != triple.relation and any(word not in EMPTY for word in words_of(doubted)):
        return False  # the relation itself says it
    clauses = [clause for clause in CLAUSE.split(sentence) if clause]
    if any(_TAG.match(clause) for clause in clauses):
        return True
    telling = [clause for clause in clauses if grounded(triple.object, clause)] or [sentence]
    return all(_UNSURE.search(clause) or _intends(triple.object, clause) for clause in telling)


def _intends(object: str, clause: str) -> bool:
    """Whether a clause says that somebody means to do what its part with the object says."""
    found = _INTENDED.search(clause)
    return found is not None and (grounded(object, clause[found.end() :]) or not grounded(object, clause))


def _grounds(triple: Triple, sentence: str, context: str, speaker: str) -> str:
    speaks = bool(speaker) and (
        in_first_person(sentence) or any(_is_first_person(word) or word in WE for word in _pieces(sentence))
    )
    here = {
        part: grounded(getattr(triple, part), sentence) or (speaks and key(getattr(triple, part)) == key(speaker))
        for part in ("subject", "object")
    }
    for part, found in here.items():
        if not found and not grounded(getattr(triple, part), context):
            return f"its {part} {getattr(triple, part)!r} is not in the sentence"
    if not any(here.values()):
        return "neither its subject nor its object is in the sentence"
    if not here["subject"] and not _refers(sentence, triple.object):
        return f"the sentence does not speak of {triple.subject!r}"
    return ""


def _related(triple: Triple, sentence: str) -> str:
    """Why not, where a sentence has no word of the relation and none that stands for it; blanks must part its "
    "words.
    """
    if _EAST.search(triple.relation) or _EAST.search(sentence):
        return ""
    wanted = [word for word in words_of(triple.relation) if word not in LIGHT and len(word) > 1]
    there = words_of(sentence)
    if not wanted and all(word in EMPTY - COPULAS - SMALL for word in words_of(triple.relation)):
        return f"its relation {triple.relation!r} says nothing"
    if not wanted or any(alike(word, other) or related(word, other) for word in wanted for other in there):
        return ""
    return f"its relation {triple.relation!r} is not in the sentence"


def _refers(sentence: str, object: str) -> bool:
    """Whether a sentence may speak of something named before: by a pronoun, or because it names nothing else."""
    if _EAST.search(sentence) or any(word in PRONOUNS for word in _pieces(sentence)):
        return True
    names = [word for word in _WORD.findall(sentence)[1:] if word[0].isupper()]
    return all(grounded(name, object) for name in names) or re.match(r"(?i)\W*the\s+[a-z]", sentence) is not None


def _addressed(triple: Triple, sentence: str) -> str:
    """Why not, where every clause that names the object has a word of the listener's, as `your aunt` has "
    "(English).
    """
    said = _TOLD_ME.sub(" ", _TOLD_YOU.sub(" ", sentence))
    clauses = [clause for clause in _TELLING.split(said) if clause and grounded(triple.object, clause)]
    return f"it is {TO_YOU}" if clauses and all(_YOU.search(clause) for clause in clauses) else ""


def _is_nobody(name: str, sentence: str) -> bool:
    """Whether a name is a role in a chat, and not somebody's assistant, model or bot."""
    name = name.strip()
    owned = rf"(?i)\b(?:my|our|his|her|their|\w+['’]s)\s+{re.escape(name)}\b"
    return _NOBODY.fullmatch(name) is not None and re.search(owned, sentence) is None


def _is_first_person(text: str) -> bool:
    plain = text.strip().casefold().replace("the user", "the_user").replace("’", "'").removesuffix("'")
    return plain in FIRST_PERSON and text.strip() not in NAMES


def _is_pronoun(text: str, sentence: str) -> bool:
    bare = text.strip().strip(".,;:!?\"'")
    return bare.casefold().replace("’", "'") in PRONOUNS and not _is_noun(bare, sentence)


def _is_noun(text: str, sentence: str) -> bool:
    """Whether a word that may be a pronoun is none here: a name, in capitals beside small letters, or `the mine`."""
    text = text.strip().rstrip("'’")
    if text in NAMES or (len(text) > 1 and text.isupper() and not sentence.isupper() and text in sentence):
        return True
    owned = key(text) in FIRST_PERSON and len(text) > 1
    return owned and re.search(rf"(?i)\b(?:the|an?|his|her|their|our|my)\s+{re.escape(text)}\b", sentence) is not None


def _pieces(sentence: str) -> Sequence[str]:
    """The words of a sentence as pronouns are compared, and its single signs where words are not parted."""
    plain = sentence.casefold().replace("’", "'")
    found = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", plain)
    found += [word.partition("'")[0] for word in found if "'" in word]
    return [*found, *_EAST.findall(plain)]
