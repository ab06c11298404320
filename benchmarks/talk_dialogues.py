"""Made-up conversations of two people over many days, with questions and the turns that answer them.

Two people talk in some 25 sessions, each on a day of its own, about topics (`talk_topics.txt`) that both of them have
and come back to, and about nothing much between them. What happened is told of a day before («last Friday»), outright
or as an answer that makes sense only after its question; the other one says something to it and more comes out.
Questions call things by other names than the turns do now and then (`PARAPHRASE`), some of them name the wrong speaker
(`ADVERSARIAL`), and what was told is mentioned again where it answers nothing (`CALLBACKS`).

One seed makes one conversation, on every machine the same. Odd seeds use the topics and the small talk for choosing
weights, even ones those that were held out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from talk_phrases import (
    AGAIN,
    AND_BACK,
    BYE,
    FILLERS,
    HELLO,
    HELLO_BACK,
    NAMES,
    OPENERS,
    PHOTOS,
    REACTIONS,
    RESTATING,
    SMALL,
    TURNING,
    WHENS,
)

# Chosen so that BM25 finds about half of the evidence among the first ten, and so do vectors and both together.
PARAPHRASE = 0.1
CALLBACKS = 0.9
VOCATIVES = 0.01
RESTATED = 0.9
MEANDERING = 1.2
ADVERSARIAL = 0.35
TOPICS = Path(__file__).with_name("talk_topics.txt")
WRITTEN = Path(__file__).with_name("talk_written.json")


@dataclass(frozen=True)
class Turn:
    """What somebody said, and when."""

    id: str
    speaker: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Question:
    """A question, its type, and the ids of the turns that answer it."""

    text: str
    type: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Dialogue:
    """A conversation and what may be asked of it."""

    name: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


@dataclass
class _Topic:
    name: str
    slots: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class _Story:
    """What one person has to tell of a topic: with which values, and in which turns it came."""

    topic: _Topic
    who: str
    values: dict[str, tuple[str, str]]
    told: str = ""
    more: str = ""
    day: datetime | None = None


def made(seed: int, *, sessions: int = 0) -> Dialogue:
    """Return the conversation of a seed; its number of sessions is drawn if it is not given."""
    return _Maker(seed, sessions).dialogue()


def written() -> list[Dialogue]:
    """Return the conversations that were written by hand, beside this file."""
    return [_read(one) for one in json.loads(WRITTEN.read_text(encoding="utf-8"))]


def _read(raw: dict[str, object]) -> Dialogue:
    sessions: list[dict[str, object]] = raw["sessions"]  # type: ignore[assignment]
    turns: list[Turn] = []
    for number, session in enumerate(sessions, 1):
        at = datetime.fromisoformat(str(session["at"]))
        said: list[list[str]] = session["turns"]  # type: ignore[assignment]
        for place, (speaker, text) in enumerate(said, 1):
            turns.append(Turn(f"{number}:{place}", speaker, at + timedelta(seconds=20 * place), text))
    asked: list[dict[str, object]] = raw["questions"]  # type: ignore[assignment]
    questions = [Question(str(q["question"]), str(q["type"]), tuple(q["evidence"])) for q in asked]  # type: ignore[arg-type]
    return Dialogue(str(raw["name"]), tuple(turns), tuple(questions))


class _Maker:
    def __init__(self, seed: int, sessions: int) -> None:
        self._seed, self._random = seed, random.Random(seed)
        self._topics = list(_topics("for weights" if seed % 2 else "held out"))
        self._names = self._random.sample(NAMES[seed % 2], 2)
        self._sessions = sessions or self._random.randint(21, 29)
        self._turns: list[Turn] = []
        self._stories: list[_Story] = []
        self._small = list(SMALL[seed % 2])

    def dialogue(self) -> Dialogue:
        at = datetime(2021 + self._seed % 3, self._random.randint(1, 12), self._random.randint(1, 28), 18, tzinfo=UTC)
        waiting = self._to_tell()
        per = len(waiting) / self._sessions
        for number in range(1, self._sessions + 1):
            self._session(number, at, waiting[int((number - 1) * per) : int(number * per)])
            at += timedelta(days=self._random.randint(4, 24), minutes=self._random.randint(-300, 200))
        questions = list(self._questions())
        self._random.shuffle(questions)
        return Dialogue(f"seed {self._seed}", tuple(self._turns), tuple(questions[:100]))

    def _to_tell(self) -> list[_Story]:
        """Stories in the order of telling: each topic several times, by both, never with the same values."""
        stories = []
        for topic in self._topics:
            first = next(iter(topic.slots))
            values = self._random.sample(topic.slots[first], len(topic.slots[first]))
            for value in values[: self._random.randint(3, 4)]:
                chosen = {name: self._random.choice(some) for name, some in topic.slots.items()}
                stories.append(_Story(topic, self._random.choice(self._names), {**chosen, first: value}))
        self._random.shuffle(stories)
        return stories

    def _session(self, number: int, at: datetime, stories: list[_Story]) -> None:
        lines: list[tuple[str, str, _Story | None, str]] = []
        first, second = self._random.sample(self._names, 2)
        for who, other, greetings in ((first, second, HELLO), (second, first, HELLO_BACK)):
            filler = self._random.choice(FILLERS[self._seed % 2])
            lines.append((who, f"{self._random.choice(greetings).format(other=other)} {filler}", None, ""))
        for story in stories:
            lines += self._chat()
            lines += self._telling(story, at)
            if self._stories and self._random.random() < CALLBACKS:
                lines += self._callback(self._random.choice(self._stories))
            self._stories.append(story)
        lines += self._chat()
        lines.append((first, self._random.choice(BYE).format(other=second), None, ""))
        for place, (speaker, text, story_told, what) in enumerate(lines, 1):
            turn = Turn(f"D{number}:{place}", speaker, at + timedelta(seconds=30 * place), text)
            self._turns.append(turn)
            if story_told is not None:
                setattr(story_told, what, turn.id)

    def _telling(self, story: _Story, at: datetime) -> Iterator[tuple[str, str, _Story | None, str]]:
        who, other, lines = story.who, self._other(story.who), story.topic.lines
        days, when = self._random.choice(WHENS)
        story.day = at - timedelta(days=days) if days else None
        if days == -1:
            story.day, when = self._last_weekday(at)
        slots = {name: value for name, (value, _) in story.values.items()} | {"when": when}
        if self._random.random() < 0.5:
            yield other, self._loosely(self._pick(lines["L"], slots), who), None, ""
            yield who, self._loosely(self._pick(lines["R"], slots), other), story, "told"
        else:
            yield who, self._loosely(self._pick(lines["T"], slots), other), story, "told"
        yield other, self._loosely(self._pick(lines["E"], slots), who), None, ""
        more = self._pick(lines["M"], slots)
        if self._random.random() < RESTATED:
            value = _of(next(iter(story.values.values()))[0], "my")
            more += f" {self._random.choice(RESTATING).format(value=value)}"
        if self._random.random() < 0.2:
            more += f" [photo: {self._random.choice(PHOTOS)}]"
        yield who, self._loosely(more, other), story, "more"
        if self._random.random() < 0.6:
            yield other, self._loosely(self._random.choice(REACTIONS), who), None, ""

    def _callback(self, story: _Story) -> Iterator[tuple[str, str, _Story | None, str]]:
        """What was told is mentioned again, and nothing new is said of it."""
        value = _of(self._random.choice(list(story.values.values()))[0], "your")
        yield self._other(story.who), self._random.choice(AGAIN).format(value=value), None, ""
        yield story.who, self._random.choice(AND_BACK), None, ""

    def _chat(self) -> Iterator[tuple[str, str, _Story | None, str]]:
        who = self._random.choice(self._names)
        for line in self._random.choice(self._small):
            yield who, self._loosely(line, self._other(who)), None, ""
            who = self._other(who)

    def _questions(self) -> Iterator[Question]:
        for story in self._stories:
            lines = story.topic.lines
            alike = [one for one in self._stories if one.topic is story.topic and one.who == story.who]
            if story.day is not None:
                yield self._asked(lines["W"], story, "temporal", [story.told])
            yield self._asked(lines["N"], story, "single-hop", [story.more])
            if len(alike) == 1:
                yield self._asked(lines["Q"], story, "single-hop", [story.told])
            elif story.day is not None:
                month = f"{story.day:%B %Y}"
                same = [one for one in alike if one.day is None or f"{one.day:%B %Y}" == month]
                asked = self._asked(lines["Q"], story, "temporal", [one.told for one in same])
                if len(same) == 1:
                    yield Question(f"{asked.text[:-1]} in {month}?", asked.type, asked.evidence)
            if alike[0] is story:
                yield from self._of_all(story, alike)
            if self._random.random() < ADVERSARIAL:
                wrong = _Story(story.topic, self._other(story.who), story.values)
                yield self._asked(lines["N"], wrong, "adversarial", [story.more])

    def _of_all(self, story: _Story, alike: list[_Story]) -> Iterator[Question]:
        """Questions that all stories of a topic answer."""
        lines = story.topic.lines
        if len(alike) > 1 and "A" in lines:
            yield self._asked(lines["A"], story, "multi-hop", [one.told for one in alike])
        if "O" in lines:
            yield self._asked(
                lines["O"], story, "open-domain", [turn for one in alike for turn in (one.told, one.more)]
            )

    def _asked(self, lines: list[str], story: _Story, kind: str, evidence: list[str]) -> Question:
        slots: dict[str, str] = {"who": story.who}
        for name, (value, other) in story.values.items():
            called = other if self._random.random() < PARAPHRASE else value
            slots[name], slots[f"{name}_of"] = _of(called, "the"), _of(called, f"{story.who}'s")
        return Question(_capital(self._random.choice(lines).format(**slots)), kind, tuple(evidence))

    def _pick(self, lines: list[str], slots: dict[str, str]) -> str:
        return _capital(self._random.choice(lines).format(**slots))

    def _loosely(self, text: str, other: str) -> str:
        """A line as people say it: with a word before it, a name in it, or a question after it."""
        for _ in range(int(self._random.random() * 2 * MEANDERING)):
            text = f"{text} {self._random.choice(FILLERS[self._seed % 2])}"
        if self._random.random() < 0.3:
            text = f"{self._random.choice(OPENERS)} {text}"
        if self._random.random() < VOCATIVES:
            text = f"{text[:-1]}, {other}{text[-1]}" if self._random.random() < 0.5 else f"{other}! {text}"
        if not text.endswith("?") and self._random.random() < 0.2:
            text = f"{text} {self._random.choice(TURNING)}"
        return text

    def _last_weekday(self, at: datetime) -> tuple[datetime, str]:
        day = at - timedelta(days=self._random.randint(1, 7))
        return day, f"last {day:%A}"

    def _other(self, who: str) -> str:
        return self._names[1 - self._names.index(who)]


def _topics(half: str) -> Iterator[_Topic]:
    topic, text = _Topic(""), TOPICS.read_text(encoding="utf-8")
    for line in text.partition(f"\n== {half}\n")[2].partition("\n== ")[0].splitlines():
        if line.startswith("= "):
            if topic.name:
                yield topic
            topic = _Topic(line[2:])
        elif line[1:2] == " ":
            topic.lines.setdefault(line[0], []).append(line[2:])
        elif line:
            name, _, values = line.partition(": ")
            pairs = [value.strip().partition("~") for value in values.split("|")]
            topic.slots[name] = [(value, other or value) for value, _, other in pairs]
    yield topic


def _of(value: str, owner: str) -> str:
    """A value as others speak of it: «my wedding ring» as «Ana's wedding ring»."""
    return f"{owner} {value[3:]}" if value.startswith("my ") else value


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
