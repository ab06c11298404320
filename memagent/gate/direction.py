"""Whether a triple has its subject and object exchanged: (Turku, lives in, Bo) from `Bo lives in Turku`.

Refused is only what the order of words shows plainly. In English, the Romance languages and Chinese the subject
stands right before its verb: where the object of a triple does, and the verb is its relation, the triple is turned
round. So it is where a pronoun stands there (`he sold the bakery`) and the triple's subject behind. Not so if the
sentence is passive with a `by` (`Ida was hired by Acme` says that Acme hired Ida), if the relation is the passive of
the verb, if a preposition stands before (`in Oslo lives Ida`), or if the relation holds both ways, as `married` does.
Languages in which the order is freer, such as German and Russian, are let pass, save that in any of them what a
preposition is for stands behind it: (Leipzig, moved to, Bo) is not what `Bo moved to Leipzig` says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from memagent.gate.english import is_english, is_finite
from memagent.gate.languages import counted, language_of
from memagent.gate.likeness import grounded
from memagent.gate.words import FIRST_PERSON, LIGHT, WE
from memagent.stores.keys import key
from memagent.types import Triple

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_BETWEEN = frozenset(
    "is are was were be been being am has have had having will would can could may might must shall should do "
    "does did always never often also usually sometimes rarely still now only just already once then recently "
    "finally really don doesn didn won wouldn couldn t not est sont était a ont avait sera toujours jamais "
    "souvent aussi déjà ne n y es era fue ha han había no nunca siempre también è ho hanno sempre mai anche foi "
    "tem não nunca sempre também himself herself themselves currently later both soon".split()
)
_BE = frozenset(
    "is are was were be been being am 's est sont était été es era fue fueron sido è stato stata foi foram".split()
)
_BEFORE = frozenset(
    "in at on from to for with by of near behind under over between through about into like as than and or a con "
    "para por desde ad da dal dalla di nel nella em num numa à au aux en dans chez sur sous de du des par pour "
    "avec et ou".split()
)
_PREPOSITIONS = (_BEFORE - {"and", "or", "et", "than"}) | frozenset(
    "nach zu bei für auf an aus von im am zum zur beim в во на из к ко у с со для о об".split()
)
_ARTICLES = frozenset("the a an le la les l el los las il lo o os as der die das dem den ein eine einem einen".split())
_BY = frozenset("by par por da dal dalla dai pelo pela".split())
_PRONOUNS = frozenset(
    "he she they it who which that i we je il elle ils elles qui ella él lui lei che que ele ela".split()
)
_LEADS = _PRONOUNS | _BETWEEN | {"to", "you"}
_BRACKETS = re.compile(r"\([^()]{0,80}\)")
_HAVE = frozenset("has have had having a ont avait".split())
_PARTICIPLE = re.compile(r"\w+(?:ed|en|wn|ught|ld|ne|orn|é|ée|és|ées)")
_BOTH_WAYS = re.compile(
    r"(?i)\b(?:marr(?:y|ied|ies)|wed|met|meets?|divorc\w+|border\w*|neighbou?rs?|resembles?|equals?|friends?|siblings?|"
    r"cousins?|twins?|partners?|colleagues?|related|dat(?:es|ed|ing)|kiss\w*|knows?|knew|adjoins?|épous\w*|rencontr\w*|"
    r"with|avec|between|and|et)\b"
)
_EAST_BOTH_WAYS = re.compile(r"结婚|認識|认识|相邻|接壤|朋友|同|和|被|由|是|像|跟|与")
_EAST = re.compile(r"[\u4e00-\u9fff]")
_CLOSE = 2  # signs that may stand between a subject and its verb in Chinese: 也, 正在


def is_turned(triple: Triple, sentence: str, speaker: str = "") -> bool:
    """Return whether a sentence plainly says a triple the other way round.

    Args:
        triple: what was taken from the sentence.
        sentence: in English, a Romance language or Chinese; of others only what the prepositions show is said.
        speaker: whose `I` it is.
    """
    if key(triple.subject) == key(triple.object):
        return False
    if _EAST.search(sentence):
        return _turned_in_chinese(triple, sentence)
    if _BOTH_WAYS.search(triple.relation):
        return False
    if _is_behind_preposition(triple, sentence):
        return True
    language = language_of(sentence)
    english = is_english(sentence, counted(sentence, language) if language else 0)
    if not (english or language in ("fr", "es", "it", "pt")):
        return False
    words = _words(_BRACKETS.sub(" ", sentence))
    verbs = _verbs(triple.relation)
    return bool(verbs) and any(
        _is_verb(words, at, verbs, english) and _is_turned_at(triple, words, at, speaker) for at in range(1, len(words))
    )


def _is_behind_preposition(triple: Triple, sentence: str) -> bool:
    """Whether the preposition that a relation ends in has the triple's subject right behind it, and not its object."""
    words, relation = _words(sentence), _words(triple.relation)
    if len(relation) < 2 or relation[-1] not in _PREPOSITIONS:
        return False
    for at in (at for at, word in enumerate(words) if word == relation[-1]):
        behind = words[at + 1 :]
        phrase = behind[1:] if behind[:1] and behind[0] in _ARTICLES else behind
        if _starts(triple.subject, phrase) and not _stands(triple.subject, words[:at]):
            return not (grounded(triple.object, " ".join(behind)) or FIRST_PERSON & {*behind})
    return False


def _is_turned_at(triple: Triple, words: Sequence[str], at: int, speaker: str) -> bool:
    """Whether the object of a triple is the subject of the verb at a place, and the triple's subject is not."""
    start = at
    while start and (words[start - 1] in _BETWEEN or (words[start - 1] == "to" and words[start - 2] in _HAVE)):
        start -= 1
    last = _ends(triple.object, words[:start], speaker)
    if not last and start and words[start - 1] in _PRONOUNS:
        behind = words[at + 1 :]
        last = int(_stands(triple.subject, behind) and not _stands(triple.object, behind))
    if not last or _ends(triple.subject, words[:start], speaker):
        return False
    if start > last and _leads_on(words[start - last - 1]):
        return False
    passive = bool(_BE & {*words[start:at]}) and not words[at].endswith("ing")
    if _is_passive(_words(triple.relation)):
        return passive
    if _PARTICIPLE.fullmatch(words[at]) and _BY & {*words[at + 1 : at + 4]}:
        return False  # a film directed by Ida
    return not (passive and _BY & {*words[at + 1 :]}) and (passive or words[at] != "born")


def _leads_on(word: str) -> bool:
    """Whether a phrase behind a word is no subject: behind a preposition, or behind a verb (`has black cats`)."""
    return word in _BEFORE or word in _HAVE or word in _BE or is_finite(word)


def _ends(name: str, words: Sequence[str], speaker: str) -> int:
    """How many words of a name, or `I` for the speaker, these words end in; 0 where they end in something else."""
    if not words:
        return 0
    if speaker and key(name) == key(speaker) and (words[-1] in FIRST_PERSON or words[-1] in WE):
        return 1
    wanted = [word for word in _words(name) if word not in _ARTICLES]
    if wanted and list(words[-len(wanted) :]) == wanted:
        return len(wanted)
    return 0


def _starts(name: str, words: Sequence[str]) -> bool:
    wanted = [word for word in _words(name) if word not in _ARTICLES]
    return bool(wanted) and list(words[: len(wanted)]) == wanted


def _stands(name: str, words: Sequence[str]) -> bool:
    return f" {' '.join(_words(name))} " in f" {' '.join(words)} "


def _is_verb(words: Sequence[str], at: int, verbs: Sequence[str], english: bool) -> bool:
    """Whether a word is that of a relation, and a verb: in English by its ending, or by what stands before it."""
    if words[at] not in verbs and not any(_same(words[at], verb) for verb in verbs):
        return False
    return not english or is_finite(words[at]) or words[at].endswith("ing") or words[at - 1] in _LEADS


def _same(word: str, verb: str) -> bool:
    return len(verb) > 3 and len(word) > 3 and _stem(word) == _stem(verb)


def _stem(word: str) -> str:
    return re.sub(r"(?:ing|ied|ies|ed|es|s|e)$", "", word)


def _verbs(relation: str) -> list[str]:
    """The words of a relation that may be its verb: the first that is no small word, or a form of to have."""
    words = _words(relation)
    found = [word for word in words if word not in LIGHT and word not in _BETWEEN]
    if words[:1] and words[0] in _HAVE and not (found and _PARTICIPLE.fullmatch(found[0])):
        return words[:1]  # has members: its verb is has
    return [] if words[1:2] == ["of"] else found[:1]


def _is_passive(relation: Sequence[str]) -> bool:
    be = any(word in _BE for word in relation) and any(_PARTICIPLE.fullmatch(word) for word in relation)
    return bool(be or _BY & {*relation})


def _words(text: str) -> list[str]:
    return [part for word in _WORD.findall(key(text).replace("’", "'")) for part in word.split("'")]


def _turned_in_chinese(triple: Triple, sentence: str) -> bool:
    """Whether the object stands right before the relation, and the subject only behind it."""
    subject, relation, object = (key(part) for part in (triple.subject, triple.relation, triple.object))
    text = key(sentence)
    at = text.find(relation)
    if at < 1 or not relation or _EAST_BOTH_WAYS.search(sentence):
        return False
    before = text.rfind(object, 0, at)
    first = text.find(subject)
    return before >= 0 and at - before - len(object) <= _CLOSE and first > at
