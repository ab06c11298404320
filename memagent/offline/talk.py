"""Answering in a conversation from what a person said before: a reader that knows who `I` is.

What the person said, in this conversation or an earlier one, is a list of sentences with their order; what the
assistant said is not among them, because it may have been a guess. A question is answered by a sentence that has all
of its rare words, or that tells of the same topic and has the others: `Which city am I in?` by `I moved to Lisbon last
week.` Of several the latest counts. The answer is the span that is asked for, or the sentence said back: `You work as a
nurse.` Where no sentence fits, it says that it does not know. What is no question is kept, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memagent.offline import topics
from memagent.offline.past import base_of, is_base, is_third, is_verb
from memagent.offline.persons import is_own, said_back
from memagent.offline.reader import NOT_SAID, answer, terms
from memagent.offline.spans import Kind, kind_of, span
from memagent.offline.text import sentences
from memagent.offline.topics import Topic
from memagent.types import Message

KEPT = "I have kept that."
UNKNOWN = "I do not know: nothing that I remember says so."

_ENTRY = re.compile(r"^\[\d+\] \((?P<label>(?:[^()]|\([^()]*\))*)\) (?P<text>.*(?:\n {4}.*)*)", re.MULTILINE)
_SUMMED = re.compile(r"^- (?P<day>\d{4}-\d\d-\d\d), (?P<who>[^:\n]*): (?P<text>.*)$", re.MULTILINE)
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_SPEAKER = re.compile(r"^The message is from (?P<name>.*)\.$", re.MULTILINE)
_QUESTION = re.compile(
    r"(?i)[?？؟]\W*$|^\W*(?:who|whom|whose|what|which|when|where|why|how|is|are|am|was|were|do|does|did|has|have|had|can"
    r"|could|will|would|should|tell me (?:who|what|which|when|where|why|how)|do you (?:know|remember)"
    r"|где|кто|что|когда|как|какой|сколько|почему)\b"
)
_SUPPOSED = re.compile(r"(?i)^\W*(?:if|suppose|imagine|maybe|perhaps|what if|let's say)\b|\bif i (?:were|had|moved)\b")
_DENIED = re.compile(r"(?i)\b(?:not|never|no longer|nobody|none)\b|n['’]t\b|\bне\b|不|没")
_OVER = re.compile(r"(?i)\b(?:used to|no longer|formerly|previously|until (?:last|recently)|anymore|any more)\b")
_OF_THE_PAST = re.compile(r"(?i)\b(?:did|was|were|used to|before|previously|earlier)\b")
_POINTS_BACK = re.compile(r"(?i)\b(?:he|she|they|it|him|her|his|them|their|its)\b")
_TYPE = re.compile(r"(?i)\b(?:what|which)\s+(\w+)")
_SOFT = frozenset("now current today moment remember know again actual real please right am".split())
_SUBJECT = re.compile(r"(?i)\b(?:i|we|i['’]\w+|we['’]\w+)\b|\b[Яя]\b|我")
_SIGN = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_PLACED = re.compile(
    r"\b(?P<lead>to|in|at|near|for|with|from|is|by|join(?:ed)?)\s+(?P<place>(?:the )?[^\W\d_a-zа-я][\w'’&.-]*"
    r"(?:\s+(?:(?:of|de|da|do|am|the)\s+)?[^\W\d_a-zа-я][\w'’&-]*)*)"
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday spring summer autumn winter i".split()
)
_LEADS = {"origin": "from in at is".split(), "work": "at for with joined join in by is".split()}
_AT = "to in at near for with is".split()
_NAMED = re.compile(
    r"\b(?i:names? (?:is|are)|named|called|call me|i am|i['’]m|is)\s+"
    r"([^\W\d_a-zа-я][\w'’-]*(?:\s+[^\W\d_a-zа-я][\w'’-]*)*)"
)
_HAD = ("pet", "children", "siblings", "spouse")  # a dog is a pet; who eats no meat may eat what else there is
_RELATIVE = re.compile(r"(?i)\b(?:yesterday|today|tomorrow|last|next|ago|this)\b")


@dataclass(frozen=True)
class Told:
    """One sentence that somebody said, or that was noted, with what stood before it.

    Attributes:
        text: the sentence.
        own: who asks has said it.
        place: grows with time.
        day: on which it was said, where that is known.
        before: the words of the sentences that its pronouns may point back to.
        of_own: it, or what its pronouns point back to, is about who said it.
    """

    text: str
    own: bool
    place: int
    day: str = ""
    before: frozenset[str] = frozenset()
    of_own: bool = False

    @property
    def is_own(self) -> bool:
        """Whether it is about who asks."""
        return self.own and (self.of_own or is_own(self.text))


def reply(sections: dict[str, str], frame: str, messages: Sequence[Message]) -> str:
    """Answer the message of a chat prompt from its sections and the turns before it."""
    message = sections.get("message", "")
    if not _QUESTION.search(message):
        return KEPT if _states(message) else ""
    names = _SPEAKER.findall(frame)  # the last is the prompt's own; others may stand in what was said
    told = list(_told(sections, messages, names[-1] if names else ""))
    asked = [sentence for sentence in sentences(message) if _QUESTION.search(sentence)] or [message]
    for question in map(_spelt_out, reversed(asked)):
        if text := _answer(question, told):
            return text
    return _from_notes(sections.get("memories", ""), asked[-1]) or UNKNOWN


def _spelt_out(question: str) -> str:
    return re.sub(r"(?i)\b(who|what|where|when|how)['’](?:s|re)\b", r"\1 is", question)


def _states(message: str) -> bool:
    """Whether a message says something, rather than asking for something to be done."""
    first = re.match(r"\W*(?:please,?\s+)?([^\W\d_]+)", message, re.IGNORECASE)
    asks = first is not None and is_base(first[1]) and first[1][:1].isupper() and not is_own(first[1])
    return not asks or re.match(r"\W*(?:remember|note|know|call me)\b", message, re.IGNORECASE) is not None


def _answer(question: str, told: Sequence[Told]) -> str:
    """The answer of the sentence that fits best, the latest of equals; nothing where none fits."""
    kind = kind_of(question)
    about = [topic for topic in topics.asked(question) if kind is not Kind.YES_NO or topic.name in _HAD]
    fitting = [(fit, one.place, one) for one in told if (fit := _fit(question, kind, about, one))]
    if not fitting:
        return ""
    _, _, best = max(fitting, key=lambda one: one[:2])
    return _said(question, kind, about, best)


def _fit(question: str, kind: Kind, about: Sequence[Topic], one: Told) -> float:
    """How well a sentence fits a question; 0 where it does not."""
    if _QUESTION.search(one.text) or _SUPPOSED.search(one.text):
        return 0.0
    if kind is not Kind.YES_NO and _DENIED.search(one.text) and not _DENIED.search(question):
        return 0.0
    if _OVER.search(one.text) and not _OF_THE_PAST.search(question):
        return 0.0
    topic = next((topic for topic in about if topic.told.search(one.text)), None)
    if is_own(question) and (not one.is_own or _of_another(question, topic, one.text)):
        return 0.0
    needed = _needed(question, kind, topic)
    reach = terms(one.text) | (one.before if _POINTS_BACK.search(one.text) else frozenset())
    if needed - reach or not (needed or topic):
        return 0.0
    return 1.0 + len(needed) + (1.0 if topic else 0.0) + (0.5 if _span(question, kind, topic, one) else 0.0)


def _needed(question: str, kind: Kind, topic: Topic | None) -> frozenset[str]:
    """The words of a question that a sentence must have: all but those for its topic, and for the kind of answer."""
    wanted = terms(question) - _SOFT
    if topic is not None:
        wanted = terms(topic.words.sub(" ", question)) - _SOFT
        wanted = frozenset(term for term in wanted if not (len(term) == 1 and _SIGN.match(term)))
    typed = _TYPE.search(question)
    if typed and kind in (Kind.WHERE, Kind.WHEN, Kind.COUNT) and (topic or len(wanted) > 1):
        wanted -= terms(typed[1])
    return wanted


def _of_another(question: str, topic: Topic | None, text: str) -> bool:
    """Whether the question is about who asks, and the sentence about something of theirs: `My brother works`.

    What is asked for itself is not meant: `Where do I work?` is answered by `My job is in Oslo`.
    """
    if not _SUBJECT.search(question) or _SUBJECT.search(text):
        return False
    owned = re.findall(r"(?i)\b(?:my|our)\s+(?:(?:new|old|current|own|first|last)\s+)?(\w+)", text)
    told = topic.told if topic is not None else None
    return not any((told and told.search(noun)) or terms(noun) & terms(question) for noun in owned)


def _said(question: str, kind: Kind, about: Sequence[Topic], best: Told) -> str:
    topic = next((topic for topic in about if topic.told.search(best.text)), None)
    text = best.text.rstrip(" .!…。")
    back = said_back(text) if best.own else text
    if kind is Kind.YES_NO:
        return f"{'No' if _DENIED.search(text) else 'Yes'}: {back[0].lower()}{back[1:]}."
    if found := _span(question, kind, topic, best):
        when = f", as you said on {best.day}" if kind is Kind.WHEN and best.day and _RELATIVE.search(found) else ""
        return f"{found}{when}."
    return f"{back}."


def _span(question: str, kind: Kind, topic: Topic | None, one: Told) -> str:
    """The part of a sentence that is asked for, if it can be told."""
    if kind is Kind.WHERE or (kind is Kind.WHO and topic is not None and topic.wants == "place"):
        return _place(question, topic, one.text)
    if kind in (Kind.OTHER, Kind.WHO) and topic is not None and topic.wants == "name":
        if found := _NAMED.search(one.text):
            return found[1]
        kind = Kind.WHO
    return span(kind, one.text, question) if kind not in (Kind.OTHER, Kind.YES_NO) else ""


def _place(question: str, topic: Topic | None, text: str) -> str:
    """The name behind the preposition that suits the question best: where somebody comes from, or where they are."""
    wanted = _LEADS.get(topic.name, _AT) if topic is not None else _AT
    found = [
        (wanted.index(each["lead"]), each.start(), each["place"].rstrip("."))
        for each in _PLACED.finditer(text)
        if each["lead"] in wanted and each["place"].lower().split()[0] not in _MONTHS
    ]
    asked = {word.lower() for word in re.findall(r"\w+", question)}
    fresh = [one for one in found if not {word.lower() for word in one[2].split()} <= asked]
    return min(fresh)[2] if fresh else ""


def _told(sections: dict[str, str], messages: Sequence[Message], speaker: str) -> Iterator[Told]:
    """All that was said and noted, the oldest first: pinned, summary, memories, and the turns before the message."""
    place = 0
    for text, own, day in _sources(sections, messages, speaker):
        before, of_own = frozenset[str](), False
        for sentence in sentences(text):
            place += 1
            back = _POINTS_BACK.search(sentence) is not None
            yield Told(sentence, own, place, day, before, back and of_own)
            before = terms(sentence) | (before if back else frozenset())
            of_own = is_own(sentence) or (back and of_own)


def _sources(sections: dict[str, str], messages: Sequence[Message], speaker: str) -> Iterator[tuple[str, bool, str]]:
    """Yield (text, whether who asks says it, day), the oldest first within each section."""
    for line in sections.get("pinned", "").splitlines():
        yield line.removeprefix("- "), True, ""
    for found in _SUMMED.finditer(sections.get("summary", "")):
        yield found["text"], _same(found["who"], speaker), found["day"]
    shown = _ENTRY.finditer(sections.get("memories", ""))
    entries = [_entry(found["label"], found["text"], speaker) for found in shown]
    yield from sorted(filter(None, entries), key=lambda entry: entry[2])
    for message in messages[:-1]:
        if message.role == "user":
            yield message.content, True, ""


def _entry(label: str, text: str, speaker: str) -> tuple[str, bool, str] | None:
    """What a memory says; nothing where the assistant said it, or where it is a note, which is read otherwise."""
    found = _DAY.search(label)
    day = found.group() if found else ""
    if label.startswith("fact"):
        return _as_own(text, speaker), True, day
    who = re.search(r"said by ([^;]*)", label)
    if who is None or who[1].strip() == "the assistant":
        return None
    return text, _same(who[1], speaker), day


def _same(name: str, speaker: str) -> bool:
    return not speaker or name.strip().casefold() == speaker.casefold()


def _as_own(fact: str, speaker: str) -> str:
    """A fact of who asks, as they would say it: `alice lives in Oslo` is `I live in Oslo`."""
    found = re.match(rf"{re.escape(speaker)} (\S+)(.*)", fact, re.DOTALL) if speaker else None
    if found is None:
        return fact
    verb = {"is": "am", "has": "have"}.get(found[1]) or (base_of(found[1]) if is_third(found[1]) else found[1])
    known = is_verb(found[1]) or verb.endswith("n't")
    return f"I {verb}{found[2]}" if known else f"My {found[1]}{found[2]}"


def _from_notes(memories: str, question: str) -> str:
    """What notes say, read as passages are; a word that only a question of one's own life has finds nothing there."""
    notes = [
        f"[{number}] {found['text']}"
        for number, found in enumerate(_ENTRY.finditer(memories), 1)
        if found["label"].startswith("note")
    ]
    if not notes or is_own(question):
        return ""
    text = answer("\n\n".join(notes), question)
    return "" if text == NOT_SAID else re.sub(r" \[\d+\]", "", text)
