"""What somebody tells in one clause of a sentence while the rest of it asks something of the listener.

`Answer briefly: my wife is a midwife, so what would suit her?` tells of a wife. Kept of such a sentence are the clauses
that state something by themselves and begin with who does it: with the speaker (English, German, French, Spanish,
Italian, Portuguese, Russian, Chinese, Japanese), or in English with a name or with `she` and `he`, where the words
before have one name and no other. Not what is quoted, what stands behind the colon of a task as its material
(`Translate: ...`), what is to be made up, and what a question at the end is about (`..., isn't she?`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from memagent.finite import has_verb, script_of, verbs
from memagent.gate.courteous import beside_courtesies
from memagent.gate.english import known_words, listed
from memagent.gate.fields import is_label
from memagent.gate.languages import in_first_person
from memagent.gate.reasons import GREETING, INSTRUCTION, QUESTION, SUPPOSED, TO_YOU
from memagent.gate.statements import ASKED
from memagent.gate.subjects import tells_of_somebody
from memagent.gate.tasks import is_task
from memagent.gate.unfit import unfit
from memagent.sentences import split_sentences

_ASKING = (INSTRUCTION, QUESTION, TO_YOU, GREETING)
_LONGEST = 400  # characters of a sentence that is parted
_PARTS = re.compile(r"\s*[,;，；、!！]\s*|\s*[:：]\s+|：|\s+[—–-]\s+")
_BETWEEN = " \t,;:，；：、—–-"
_SIGNS = re.compile(r"[\"“”„«»「」『』]")
_AND = r"(?:(?:and|but|so|because|since|as|und|aber|weil|denn|et|mais|car|y|pero|porque|e|mas|и|а|но)\s+)*"
_MINE = re.compile(
    rf"(?i)^\W*{_AND}(?:i|i['’]\w+|my|we|we['’]\w+|our|ich|wir|mein\w*|unser\w*|je|j['’]\w+|nous|mon|ma|mes|notre|"
    rf"nos|yo|"
    r"mis?|mi[oae]|miei|nosotr[oa]s|nuestr[oa]s?|io|noi|"
    r"(?:il|la|i|le) (?:mi|nostr)\w+|eu|nós|[oa]s? (?:meu|minha|noss[oa])s?|meus?|"
    r"minhas?|noss[oa]s?|ik|wij|we|mijn|onze?|я|мы|мо[йяеиё]|наш\w*|у (?:меня|нас)|меня зовут)(?!\w)|^\W*[我私僕俺]"
)
_OWNED = re.compile(
    r"^\W*(?!(?:It|Let|What|That|Who|Here|There|He|She|Where|How)['’])[A-Z][\w-]+['’]s (?:\w+ ){1,2}"
    r"(?:is|are|was|were)\b"
)
_WANTS = re.compile(
    r"(?i)^\W*(?:\w+\s+)?(?:i|we)(?:['’]d| would)?(?: really| just| also)? (?:want|need|like to|love to|wonder|hope|"
    r"think|guess|mean|ask|wish|have to|must|said|told|asked|(?:do|can|could|did)(?:n['’]t| not) (?:\w+ "
    r")?(?:know|get|"
    r"understand|find|see|figure|wait|decide|remember))\b"
)
_POINTS = re.compile(
    r"(?i)\b(?:that|this)\s*(?:$|[.,]|(?:too|by|in|wrong|early|late|already|before|again|to|as|out)\b)|\bit\b"
)
"""To what was asked or said before."""
_YOU = re.compile(r"(?i)\b(?:you|your|yours)\b")
_BELIEVE = re.compile(
    r"(?i),\s*(?:(?:can|would) you believe (?:it|that)|you know|imagine that|how about that)\s*[?!]+\s*$"
)
"""Behind what is told, and no question about it."""
_NOTE_THIS = re.compile(
    r"(?i)^\W*(?:apúnta(?:lo|te|telo)|anóta(?:lo|telo)|toma nota|merk(?:e|s)? (?:dir|es dir)?|notier(?:e|"
    r"s)?(?: dir)?|note (?:bien|ça|ceci)|retiens|"
    r"souviens-toi|segna(?:telo)?|annota(?:telo)?|prendi nota|ricordati|anota(?: aí)?|guarda isso|onthoud(?: "
    r"dit)?|noteer(?: dit)?|"
    r"запомни(?:те)?|запиши(?:те)?|имей в виду)[^:.!?]{0,20}:\s+|"
    r"^\W*(?:figure-toi que|figurez-vous que|figurati che|fíjate que|denk dir(?: nur| mal)?,|представляешь,)\s+|"
    r"^\W*(?:对了，?)?(?:请|麻烦|帮我|你|也)*(?:记(?:住|一下|得|下来?|着)|留意|"
    r"注意)(?:一下)?[：:，]|"
    r"^\W*(?:請記住|"
    r"覚えておいて(?:ください)?)[：:，、]"
)
"""Before what is to be remembered."""
_SHE = re.compile(rf"(?i)^\W*{_AND}(?:she|he)(?!\w)")
_TAG = re.compile(
    r"(?i)^\W*(?:\w+n['’]t \w+|(?:is|are|was|were|do|does|did|has|have|had|will|can|could|would) \w+|right|"
    r"correct|no|"
    r"yes|true|am i right|isn['’]t that (?:right|so|true)|or (?:not|\w+ \w+)|oder(?: nicht)?|nicht wahr|"
    r"verdad|cierto|"
    r"non|vero|hein|n['’]est-ce pas|né|certo|да|правда|верно|так|o no|o qué|o non|ou non|ou pas|ou não|of "
    r"niet|of wel|или нет|oder nicht|对吗|是吗|对吧)\W*$"
)
_MADE_UP = re.compile(
    r"(?i)\b(?:stor(?:y|ies)|tales?|novel|poem|song|scene|play|dialogue|character|role\w*|games?|jokes?|"
    r"example|sample|"
    r"pretend|imagine|suppose|ignore|disregard|forget|instructions?|prompt|geschichte|gedicht|histoire|conte|poème|"
    r"cuento|historia|poema|storia|poesia|história|сказк\w+|рассказ|истори\w+|стих\w*)\b|故事|诗|小説|物語"
)
_ANSWERING = re.compile(
    r"(?i)\b(?:answer|reply|respond|ask|help|advise|be|keep|call|listen|look|note|guess|"
    r"antworte\w*|hilf|réponds|répondez|responde|responda|rispondi|ответь\w*|отвечай\w*)\b"
)
"""Requests with no material behind their colon."""
_YOURS = re.compile(
    r"(?i)^\W*(?:your|deine?|ihre?|ta|ton|votre|tu|su|il tuo|la tua|seu|sua|jouw|je|твоя|твой|твои) [^\W\d_]+\W*$|"
    r"^你的\w{1,4}$"
)  # `Your knowledge: ...`
_KIN = re.compile(
    r"^\W*(?:(?:私|うち|僕|俺)の)?(?:友人|友達|母|父|姉|妹|兄|弟|娘|息子|夫|妻|主人|祖母|祖父|叔母|叔父|同僚|"
    r"隣人|彼女|彼氏|先輩|後輩)(?:の\w{1,8}?)?[はが]"
)
_NAMED = re.compile(
    r"^\W*(?!(?i:si|wenn|falls|als|quand|lorsque|cuando|se|quando|wanneer|toen|ob|weil|bien)\b)(?:(?i:o|a|os|"
    r"as|le|la|el|il|die|der|de) )?(?P<rest>(?P<name>[^\W\d_a-zà-ÿ][\w'’-]+)(?: [^\W\d_a-zà-ÿ][\w'’-]+)?"
    r" (?:(?:se|si|s['’]|ne|no|non|não|já|ya) ?)?(?P<verb>[^\W\d_A-ZÀ-Ý]+) \w.*)$"
)
_RUSSIAN = re.compile(
    r"^\W*(?!(?i:кто|что|где|когда|как|какой|какая|почему|зачем|сколько|куда|откуда|если|"
    r"пусть)\b)[А-ЯЁ][а-яё]+(?: [А-ЯЁ][а-яё]+)?"
    r" (?:(?:не|уже|ещё|снова|недавно|вчера|сейчас|теперь) )*[а-яё]+(?:[её]т|ит|[уюая]т|ла?|ли)(?:с[яь])?(?!\w)"
)
_ASKS_FOR = re.compile(
    r"(?i)\b(?:qu['’]?\w*|quels?|quelles?|où|comment|pourquoi|combien|qué|quién|cuál\w*|cuánt\w*|cómo|dónde|"
    r"che|chi|quale|quali|quando|"
    r"come|dove|perché|quem|qual|quais|onde|como|wat|wie|welke?|waar|hoe|waarom|was|wer|welche\w*|wo|warum|wann)\b"
)
_THIS = re.compile(r"(?i)\b(?:this|these|the following|sentence|text|passage|paragraph)\W*$")
_NAME = re.compile(r"(?<=\s)[^\W\d_a-z][\w'’-]+(?:\s[^\W\d_a-z][\w'’-]+)*")


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence or clause, the name that its pronouns stand for where another part has it, and why it is refused."""

    text: str
    about: str = ""
    why: str = ""


def of_line(line: str, language: str = "en") -> Iterator[Told]:
    """Yield what is told in the sentences of a line, and sentences and clauses of which nothing is, each with why.

    Args:
        line: one that `turns.lines` does not refuse.
        language: a two-letter code, for the ends of its sentences.
    """
    about = ""
    for sentence in split_sentences(line, language):
        parts = told(sentence)
        for part in _with_the_rest(sentence, parts):
            yield part if part.about or part.why else Told(part.text, about)
        why = "" if parts else unfit(sentence)
        if why:
            yield Told(sentence, why=why)
        about = only_name(sentence) if why in _ASKING else ""


@lru_cache(maxsize=256)
def told(sentence: str) -> tuple[Told, ...]:
    """Return a sentence that states something; of one that asks, the clauses that tell something beside; or nothing."""
    if (marked := _BELIEVE.search(sentence)) and not unfit(rest := f"{sentence[: marked.start()]}."):
        return (Told(rest),)
    if (noted := _NOTE_THIS.match(sentence)) and not unfit(rest := sentence[noted.end() :]):
        return (Told(rest),)
    why = unfit(sentence)
    if not why:
        return (Told(sentence),)
    if (
        is_task(sentence)
        or why not in _ASKING
        or len(sentence) > _LONGEST
        or "\n" in sentence
        or _SIGNS.search(sentence)
    ):
        return ()
    return tuple(_clauses(sentence))


def only_name(text: str) -> str:
    """Return the one name behind the first word of a text; '' where there are several, or none."""
    names = {name for name in _NAME.findall(text) if name.split("'")[0].lower() not in known_words()}
    return names.pop() if len(names) == 1 else ""


def _with_the_rest(sentence: str, parts: Sequence[Told]) -> Iterator[Told]:
    """What a sentence tells, and before, between and behind it the clauses that were cut off, each with why."""
    at = 0
    for part in parts:
        start = sentence.find(part.text, at)
        text = part.text if start >= 0 else part.text[:-1]  # a full stop in place of `, can you believe it?`
        start = sentence.find(text, at)
        yield from _cut_off(sentence, at, start)
        yield part
        at = start + len(text)
    if parts:
        yield from _cut_off(sentence, at, len(sentence))


def _cut_off(sentence: str, start: int, end: int) -> Iterator[Told]:
    clause = sentence[start:end].strip(_BETWEEN)
    if any(map(str.isalnum, clause)):
        yield Told(clause, why=unfit(clause) or unfit(sentence) or TO_YOU)


def _clauses(sentence: str) -> Iterator[Told]:
    """The clauses that tell something, each with those behind it that go on without asking."""
    marks = [*_PARTS.finditer(sentence)]
    starts, ends = [0, *(mark.end() for mark in marks)], [*(mark.start() for mark in marks), len(sentence)]
    parts = [sentence[start:end] for start, end in zip(starts, ends, strict=True)]
    if len(parts) < 2 or _TAG.match(parts[-1]) or unfit(parts[0]) == SUPPOSED:
        return
    at = 0
    while at < len(parts):
        before, last = sentence[: starts[at]], at
        if "¿" in before + parts[at] or any(unfit(part) == ASKED for part in parts[:at]):
            return  # the rest is a part of the question
        if _is_material(before) or not (about := _subject(parts[at], before)) or not _states(parts[at]):
            at += 1
            continue
        while last + 1 < len(parts) and _goes_on(sentence[starts[at] : ends[last + 1]], parts[last + 1]):
            last += 1
        yield Told(sentence[starts[at] : ends[last]].strip(), about.strip())
        at = last + 1


def _subject(clause: str, before: str) -> str:
    """The name that the pronoun of a clause stands for, a blank where it begins with one or the speaker, or ''."""
    if _SHE.match(clause):
        return only_name(before)
    own = _MINE.match(clause) is not None or in_first_person(clause)
    if not beside_courtesies(before).strip(" ,;!.:") and _tells_of_a_name(clause):
        return " "
    return " " if own or _OWNED.match(clause) or tells_of_somebody(clause, known_words(), listed("talk")) else ""


def _tells_of_a_name(clause: str) -> bool:
    """Whether a clause that is not English begins with a name and its verb, or is about a relative (Japanese)."""
    if script_of(clause) == "ja":
        return _KIN.match(clause) is not None and has_verb(clause)
    if script_of(clause) == "ru":
        return _RUSSIAN.match(clause) is not None and has_verb(clause)
    if script_of(clause) != "latin" or _ASKS_FOR.search(clause):
        return False
    named = _NAMED.match(clause)
    if named is None or named["name"].lower() in known_words():
        return False
    return next(verbs(named["rest"]), "") == named["verb"].lower()


def _states(clause: str) -> bool:
    return not (unfit(clause) or _WANTS.match(clause) or _POINTS.search(clause) or _YOU.search(clause))


def _goes_on(text: str, clause: str) -> bool:
    """Whether a clause goes on with what the text before it tells, and neither asks nor tells anew."""
    return not (_YOU.search(clause) or unfit(clause) in _ASKING or unfit(text))


def _is_material(before: str) -> bool:
    """Whether what stands behind these words is to be worked on or made up, as by `Translate:` or `a story about`."""
    head, colon, _ = before.replace("：", ":").partition(":")
    asked = colon and unfit(head) and not _ANSWERING.search(head) and (_THIS.search(head) or not _YOU.search(head))
    return (
        bool(asked)
        or (bool(colon) and (is_label(head) or _YOURS.search(head) is not None))
        or _MADE_UP.search(before) is not None
    )
