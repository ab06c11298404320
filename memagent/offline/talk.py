"""Answering in a conversation from what a person said before: a reader that knows who `I` is.

What the person said, in this conversation or an earlier one, is a list of statements with their order; what the
assistant said is not among them, because it may have been a guess. A question is answered by a statement that has all
of its rare words, or that tells of the same topic and has the others: `Which city am I in?` by `I moved to Lisbon last
week.` It must hold an answer of the kind that is asked for; of several the latest counts, and what was ended later,
`I sold it`, counts no more. The answer is the span that is asked for, or the statement said back: `You work as a
nurse.` Where no statement fits, it says that it does not know. What is no question is kept, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from memagent.offline import sorts, tense, topics, typed
from memagent.offline.asking import Asked, Wish, taken_apart
from memagent.offline.days import resolved
from memagent.offline.past import is_base
from memagent.offline.persons import as_asked_by, is_own, said_back
from memagent.offline.reader import NOT_SAID, answer, terms
from memagent.offline.statements import ENTRY, POINTS_BACK, Told, speakers, told
from memagent.offline.text import sentences
from memagent.offline.topics import Topic
from memagent.types import Message

KEPT = "I have kept that."
UNKNOWN = "I do not know: nothing that I remember says so."

_SPEAKER = re.compile(r"^The message is from (?P<name>.*)\.$", re.MULTILINE)
_TODAY = re.compile(r"^It is (?P<day>\d{4}-\d\d-\d\d)[^.\n]*\. All turns above are of today\.$", re.MULTILINE)
_QUESTION = re.compile(
    r"(?i)[?？؟]\W*$|^\W*(?:who|whom|whose|what|which|when|where|why|how|is|are|am|was|were|do|does|did|has|have|had|can"
    r"|could|will|would|should|tell me (?:who|what|which|when|where|why|how)|do you (?:know|remember)"
    r"|где|кто|что|когда|как|какой|сколько|почему)\b"
)
_SUPPOSED = re.compile(r"(?i)^\W*(?:if|suppose|imagine|maybe|perhaps|what if|let's say)\b|\bif i (?:were|had|moved)\b")
_SOFT = terms("now current today moment remember know again actual real please right am still currently tell")
_SUBJECT = re.compile(
    r"(?i)\b(?:i|we|i['’]\w+|we['’]\w+|ich|wir|je|nous|yo|tengo|vivo|trabajo)\b|\b[Яя]\b|\bj['’]|我(?!的|们的|[妈爸哥姐弟妹爷奶儿女孩老同朋丈妻先太])"
)
_STAYS = re.compile(r"(?i)\b(?:staying|stay) (?:in|at|with|near)\b")
_THIRD = re.compile(r"(?i)\b(?:lives|works|studies|speaks|drives|likes|loves|prefers|eats|resides|moves)\b")
_SIGN = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_ELSE_COMMON = terms(
    "wo woher wohin wann wer wen wem wie was welche welcher welches ich bin ist habe où est-ce est ce que qu"
    " quand qui quel "
    "quelle quels je ai j dónde cuándo quién qué cuál es cómo se yo где кто что когда как сколько я"
)
_GO = frozenset("go visit travel fly flight trip".split())
_HAD = ("pet", "children", "siblings", "spouse")  # a dog is a pet; who eats no meat may eat what else there is
_RELATIVE = re.compile(
    r"(?i)\b(?:yesterday|today|tonight|tomorrow|last|next|ago|this|in \w+ (?:day|week|month|year)s?)\b"
)


@dataclass(frozen=True)
class _Fit:
    """A statement that answers a question, by which topic, with what, and how closely: the narrowest topic is best."""

    one: Told
    topic: Topic | None
    text: str
    rank: tuple[int, int]


def reply(sections: dict[str, str], frame: str, messages: Sequence[Message]) -> str:
    """Answer the message of a chat prompt from its sections and the turns before it."""
    message = sections.get("message", "")
    if not _QUESTION.search(message):
        return KEPT if _states(message) else ""
    names = _SPEAKER.findall(frame)  # the last is the prompt's own; others may stand in what was said
    days = _TODAY.findall(frame)
    said = [
        one
        for one in told(sections, messages, names[-1] if names else "", days[-1] if days else "")
        if not (_QUESTION.search(one.text) or _SUPPOSED.search(one.text))
    ]
    asked = [sentence for sentence in sentences(message) if _QUESTION.search(sentence)] or [message]
    for question in map(_spelt_out, reversed(asked)):
        if text := _answer(taken_apart(question), said) or _of_somebody(question, sections, messages):
            return text
    return _from_notes(sections.get("memories", ""), asked[-1]) or UNKNOWN


def _of_somebody(question: str, sections: dict[str, str], messages: Sequence[Message]) -> str:
    """What somebody who speaks too said of themselves: `Where does Ana live?` is `Where do I live?` of Ana."""
    for name in speakers(sections):
        if not re.search(rf"\b{re.escape(name)}\b", question):
            continue
        said = [
            replace(one, by=name)
            for one in told(sections, messages[-1:], name)
            if one.own and not (_QUESTION.search(one.text) or _SUPPOSED.search(one.text))
        ]
        if text := _answer(taken_apart(as_asked_by(name, question)), said):
            return text
    return ""


def _spelt_out(question: str) -> str:
    return re.sub(r"(?i)\b(who|what|where|when|how)['’](?:s|re)\b", r"\1 is", question)


def _states(message: str) -> bool:
    """Whether a message says something, rather than asking for something to be done."""
    first = re.match(r"\W*(?:please,?\s+)?([^\W\d_]+)", message, re.IGNORECASE)
    asks = first is not None and is_base(first[1]) and first[1][:1].isupper() and not is_own(first[1])
    return not asks or re.match(r"\W*(?:remember|note|know|call me)\b", message, re.IGNORECASE) is not None


def _answer(asked: Asked, said: Sequence[Told]) -> str:
    """The answer of the latest statement that has one, unless what it says was ended later."""
    if asked.wish is Wish.UNREAD:
        return ""
    about = topics.asked(asked.text)
    told_of = [topic for topic in about if asked.wish is not Wish.YES_NO or topic.name in _HAD]
    fitting = [fit for one in said if (fit := _fit(asked, told_of, one))]
    if not fitting:
        return ""
    best = max(fitting, key=lambda fit: (fit.rank, fit.one.place))
    later = [one for one in said if one.place > best.one.place and one.own]
    if asked.wish is Wish.YES_NO:
        return _whether(best, [newer for one in later if (newer := _newer(best, one))])
    if any(_ends(asked, best, one) for one in later) and not tense.asks_of_the_past(asked.text):
        return ""
    return _said(asked, best)


def _fit(asked: Asked, about: Sequence[Topic], one: Told) -> _Fit | None:
    """The answer that a statement has, if it is about what is asked."""
    question, whether = asked.text, asked.wish in (Wish.YES_NO, Wish.CHOICE)
    if not tense.fits(question, one.text, whether=whether):
        return None
    topic = next((topic for topic in about if topic.told.search(one.text)), None)
    if is_own(question) and (not one.is_own or _of_another(question, topic, one.text)):
        return None
    needed, reach = _needed(asked, topic, one.text), terms(_spelling(one.text))
    reach |= one.before if POINTS_BACK.search(one.text) else frozenset()
    if _otherwise(asked, needed, one.text) - reach or not (needed or topic or asked.wish is Wish.NAME):
        return None
    if _STAYS.search(one.text) and not re.search(r"(?i)\b(?:stay\w*|am i|are we)\b", question):
        return None
    if topic is not None and topic.wants == "place" and tense.is_ahead(one.text, question):
        return None
    if "May" in question.split() and "May" not in one.text:
        return None
    text = typed.answer(asked, topic, one.text)
    rank = (len(needed) + (topic is not None), -about.index(topic) if topic is not None else 0)
    return _Fit(one, topic, text, rank) if text else None


def _needed(asked: Asked, topic: Topic | None, text: str) -> frozenset[str]:
    """The words of a question that a statement must have: all but those for its topic, and for the kind of answer."""
    question = _spelling(asked.text)
    wanted = terms(question) - _SOFT
    if topic is not None:
        wanted = terms(re.sub(r"(?<!\w)['’]s\b", " ", topic.words.sub(" ", question))) - _SOFT
        wanted = frozenset(term for term in wanted if not (len(term) == 1 and _SIGN.match(term)))
    if asked.wish in (Wish.WHERE, Wish.WHEN, Wish.COUNT, Wish.AGE, Wish.NAME):
        wanted -= terms(f"{asked.noun} name called often far year city country town village place")
    if asked.wish is Wish.WHO and re.search(r"\bby [A-Z]", text):
        wanted -= terms("wrote written painted composed directed made built designed sang sings created invented")
    if asked.wish is Wish.CHOICE:
        wanted = _chosen(question, wanted, terms(_spelling(text)))
    return wanted if asked.english else wanted - _ELSE_COMMON


def _otherwise(asked: Asked, wanted: frozenset[str], text: str) -> frozenset[str]:
    """The words that a statement must have, without those that it says otherwise: `cello` for an instrument."""
    if asked.wish is not Wish.YES_NO:
        wanted -= terms(
            " ".join(word for word in re.findall(r"[a-z]+", _spelling(asked.text)) if sorts.of_sort(word, text))
        )
    return wanted - _GO if terms(text) & _GO else wanted


def _chosen(question: str, wanted: frozenset[str], there: frozenset[str]) -> frozenset[str]:
    """Without the one of two things, `tea or coffee`, that a statement does not name where it names the other."""
    pair = re.search(r"(\w+) or (?:to |the |a |an )?(\w+)", question)
    options = [terms(word) for word in pair.groups()] if pair else []
    named = [option for option in options if option <= there]
    return wanted - frozenset().union(*options) if named else wanted | frozenset().union(*options)


def _spelling(text: str) -> str:
    """A text in one spelling: `favorite color` for `favourite colour`."""
    return re.sub(r"(?i)\b(\w{2,}[^\Wo])our(?=\b|s\b|ed\b|ite|ing|er\b|hood)", r"\1or", re.sub(r"tre\b", "ter", text))


def _of_another(question: str, topic: Topic | None, text: str) -> bool:
    """Whether the question is about who asks, and the statement about something of theirs: `My brother works`.

    What is asked for itself is not meant: `Where do I work?` is answered by `My job is in Oslo`.
    """
    if not _SUBJECT.search(question):
        return False
    if _SUBJECT.search(text):
        return (
            topic is not None and (found := topic.told.search(text)) is not None and bool(_THIRD.match(found.group()))
        )
    owned = re.findall(r"我们?的?(\w{1,2})", text) or re.findall(
        r"(?i)\b(?:my|our|mein\w*|unser\w*|mon|ma|mes|mis?|мо[йяюеи]|наш\w*)\s+(?:(?:new|old|current|own|first"
        r"|last)\s+)?(\w+)",
        text,
    )
    about = topic.told if topic is not None else None
    kept = [noun for noun in owned if (about and about.search(noun)) or terms(noun) & terms(question)]
    return not kept and (bool(owned) or text.isascii())


def _ends(asked: Asked, best: _Fit, one: Told) -> bool:
    """Whether a later statement says that an earlier one holds no more: of its span, or of its topic as a whole."""
    whole = best.text == best.one.text
    names = re.findall(r"(?<!^)\b[A-Z]\w+", best.one.text) if whole else [best.text]
    told = best.topic.told if best.topic is not None else None
    if any(re.search(rf"\b{re.escape(name)}\b", one.text) for name in names):
        return tense.is_over(one.text) or (tense.is_denied(one.text) and (told is None or bool(told.search(one.text))))
    noun = tense.ended(one.text)
    there = terms(best.one.text) if whole else terms(asked.text)
    return bool(noun and ((told and told.search(noun)) or (terms(noun) and terms(noun) <= there)))


def _newer(best: _Fit, one: Told) -> _Fit | None:
    """A later statement of the same topic: `I moved to Oslo`, where it is asked whether I live in Porto."""
    topic = next((topic for topic in topics.TOPICS if topic.wants == "place" and topic.told.search(one.text)), None)
    if topic is None or not topic.told.search(best.one.text) or tense.is_wished(one.text):
        return None
    where = Asked("where do i live now", Wish.WHERE)
    place = "" if _of_another("I", topic, one.text) else typed.answer(where, topic, one.text)
    return _Fit(one, topic, place, (0, 0)) if place and place != one.text else None


def _whether(best: _Fit, newer: Sequence[_Fit]) -> str:
    """Yes or no, and the statement that says so; only the statement where a later one may have changed it."""
    if newer:
        return f"{_back(newer[-1].one)}."
    denied = tense.is_denied(best.one.text) or tense.is_over(best.one.text)
    back = _back(best.one)
    return f"{'No' if denied else 'Yes'}: {back if best.one.by else back[0].lower() + back[1:]}."


def _said(asked: Asked, best: _Fit) -> str:
    if best.text == best.one.text:
        return f"{_back(best.one)}."
    if asked.wish is Wish.WHEN and _RELATIVE.search(best.text):
        return _reckoned(best.text, best.one.day)
    return f"{best.text}."


def _reckoned(words: str, said: str) -> str:
    """`tomorrow` with the day that it is, and with the day on which it was said where that is known."""
    if not said:
        return f"{words}, as you said in this conversation."
    day = resolved(words, said)
    return f"{day} ({words}, as you said on {said})." if day else f"{words}, as you said on {said}."


def _back(one: Told) -> str:
    text = one.text.rstrip(" .!…。")
    if one.by:
        return f'{one.by} said "{text}"'
    return said_back(text) if one.own else text


def _from_notes(memories: str, question: str) -> str:
    """What notes say, read as passages are; a word that only a question of one's own life has finds nothing there."""
    notes = [
        f"[{number}] {found['text']}"
        for number, found in enumerate(ENTRY.finditer(memories), 1)
        if found["label"].startswith("note")
    ]
    if not notes or is_own(question):
        return ""
    text = answer("\n\n".join(notes), question)
    return "" if text == NOT_SAID else re.sub(r" \[\d+\]", "", text)
