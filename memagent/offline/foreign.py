"""Facts of sentences that are not English, where their grammar is plain: who, a finite verb, and what stands behind it.

French, Spanish, Italian, Portuguese, Dutch, German and Russian: a name, or `mi gato`, right before a finite verb;
behind it the next name, or the few words up to the end of the clause. Spanish, Italian and Portuguese verbs in the
first person begin a sentence of the speaker's. Japanese: `XはYに住んでいます`. Chinese: who, a verb of a list, and
what is behind it. Of any other sentence nothing is said: a reader without grammar would join words that have
nothing to do with each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from memagent.finite import clitic, is_participle, owns, script_of, verbs_at

Fact = tuple[str, str, str]

_CLAUSES = re.compile(
    r"[,;:!?¡¿…()。！？；，：、\n]+|\.(?:\s|$)|\s[–—]\s|\s(?:y|et|und|en|e|и|а|но|pero|mais|maar|aber|ma|"
    r"mas)\s(?=\S+\s\S+)"
)
_WORD = re.compile(r"[^\W\d_]+(?:[-][^\W\d_]+)*['’]?|\d[\w.,]*")
_FEW = 4  # words of what stands behind the verb
_OF = frozenset("de di do da du del della van von des dos das d'".split())
_WHEN = frozenset(
    "domani ieri oggi comunque ayer hoy mañana ahora entonces hier demain aujourd'hui maintenant gestern "
    "heute morgen jetzt übrigens "
    "deshalb auch leider also vandaag gisteren trouwens nu вчера сегодня завтра кстати теперь ontem hoje "
    "amanhã agora ja ya já".split()
)
_BEFORE = frozenset(
    "à au aux en dans chez sur sous de du des d' pour avec vers comme a al con por para desde hacia di da dal "
    "dalla nel nella "
    "in per em no na num numa do ao aan op van voor met naar bij als uit nach bei für mit von aus auf im am "
    "zum zur к ко в во "
    "на с со у о об по из от для за".split()
)
_JAPANESE = re.compile(
    r"^(?:.{0,8}?の)?(?P<who>[^\sはがをにでの]{1,10}?)[はが](?:.{0,6}(?:から|まで))?(?:先月|来月|去年|来年|今)?、?"
    r"(?:[^はがを]{1,8}で)?(?P<what>[^はがを]{1,14}?)(?P<by>[にでをが])(?P<verb>[^はがをに]{1,10}?(?:ます|"
    r"ました|です|でした|た|る|い))$"
)
_JAPANESE_IS = re.compile(r"^(?P<who>[^\sはが]{1,12})は(?P<what>[^はがをに]{1,12}?)(?P<verb>です|でした|だ)$")
_CHINESE = re.compile(
    r"^(?P<who>我(?!的?们)|(?:我|我们)?(?:家)?的?[\u3400-\u9fff]{1,6}?)(?:上个月|去年|现在|下个月|今年|已经|"
    r"刚|也|都)?"
    r"(?P<verb>住在|搬到了?|叫|是|养了|有|喜欢|讨厌|不吃|不喜欢|买了|开了|嫁给了?|娶了|毕业于|出生在|"
    r"在(?=[\u3400-\u9fff]{2,6}?(?:工作|上班|教书|上学|读书)))"
    r"(?P<what>[\u3400-\u9fff\w]{1,12})$"
)


def foreign_facts(sentence: str) -> list[Fact]:
    """Return the facts of a sentence in one of the covered languages, each once, in order."""
    found: dict[Fact, None] = {}
    for clause in _CLAUSES.split(sentence):
        if clause and clause.strip():
            found.update(dict.fromkeys(_of_clause(clause.strip())))
    return list(found)


def _of_clause(clause: str) -> Iterator[Fact]:
    script = script_of(clause)
    if script in ("ja", "zh"):
        patterns = (_JAPANESE, _JAPANESE_IS) if script == "ja" else (_CHINESE,)
        said = next((match for pattern in patterns if (match := pattern.match(clause))), None)
        if said:
            by = said.groupdict().get("by") or ""
            yield said["who"], f"{by}{said['verb']}", said["what"]
        return
    words = _WORD.findall(clause)
    for at in verbs_at(words):
        if (who := _subject(words, at)) and (told := _behind(words, at)):
            yield who[0], " ".join([*words[who[1] : at + 1], *told[0]]), " ".join(told[1])
            return


def _subject(words: Sequence[str], at: int) -> tuple[str, int] | None:
    """Who does what the verb at a place says, and where the words of the verb begin; the speaker at the head."""
    if not at:
        return "I", 0
    end = at
    while end > 0 and clitic(words[end - 1]):
        end -= 1
    start = end
    while start > 0 and words[start - 1][0].isupper() and not owns(words[start - 1]):
        start -= 1
    while start < end and words[start].lower() in _WHEN:
        start += 1
    if 1 < start < end and words[start - 1].lower() in _OF:
        start -= 2  # `perro de Amparo`: not Amparo
    if start < end:
        return " ".join(words[start:end]), end
    if end > 1 and owns(words[end - 2]) and words[end - 1].islower():
        return " ".join(words[end - 2 : end]), end
    return ("I", end) if end == 1 and words[0].lower() in ("ich", "ik", "je", "eu", "yo", "io", "я") else None


def _behind(words: Sequence[str], at: int) -> tuple[list[str], list[str]] | None:
    """The words behind a verb that belong to it, and the name or the few words that are its object."""
    rest = list(words[at + 1 :])
    lead = 0
    while lead < len(rest) and (clitic(rest[lead]) or is_participle(rest[lead]) or rest[lead].lower() in _BEFORE):
        lead += 1
    object = rest[lead:]
    if not object:
        return None
    if object[0].lower() in _WHEN:
        return None
    if object[0][0].isupper():
        end = next((place for place, word in enumerate(object) if not word[0].isupper()), len(object))
        return rest[:lead], object[:end]
    stop = next((place for place, word in enumerate(object) if place and word.lower() in _BEFORE), len(object))
    return (rest[:lead], object[:stop]) if stop <= _FEW else None
