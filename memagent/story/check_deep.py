"""Contradictions that a model finds: chapter by chapter, against the canon and the earlier paragraphs that resemble it.

A chapter is one part, a long one a few; each is one call, and an event of the log. A part whose text and whose facts
before it are as they were is not looked at again, and what was found in a paragraph holds as long as it stands, and
what it contradicts. A run that was stopped or killed goes on behind what it paid for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from memagent.controller import Controller
from memagent.errors import ConfigError, ReplyError
from memagent.llms.base import LLM
from memagent.methods.recurrent import SOURCE, paragraph_id
from memagent.methods.recurrent_continuity import Checked, find_contradictions, messages_for
from memagent.story.book import Story
from memagent.story.canon import Known, Reading
from memagent.story.finding import Finding, digest_of
from memagent.story.log import event
from memagent.story.manuscript import Place
from memagent.story.running import InVain, put_aside, trace_named
from memagent.story.spending import used
from memagent.story.tokens import about
from memagent.trace import Trace
from memagent.types import Triple, Usage

TOKENS = 4_000
"""How many tokens of text a part has at most, about; a longer paragraph is one of its own."""
_FACTS = 60  # that a part is compared with, at most
_PASSAGES = 6  # earlier paragraphs, at most
_ROOM = 2_000  # tokens of them, at most
_REPLY = 150  # tokens, about
_QUOTED = 120  # characters of a paragraph that a finding quotes


@dataclass(frozen=True, slots=True)
class Against:
    """What a part is compared with: how a finding says it, how the prompt does, the paragraph that tells it."""

    said: str
    shown: str
    told: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some paragraphs of a chapter, with what they are compared with.

    Attributes:
        places: where they stand; `first` is the number of the first in the story.
        texts: the paragraphs.
        facts: of the canon before them; `passages`: earlier paragraphs that resemble them.
    """

    places: tuple[Place, ...]
    first: int
    texts: tuple[str, ...]
    facts: tuple[Against, ...]
    passages: tuple[Against, ...] = ()

    @property
    def against(self) -> tuple[Against, ...]:
        """All that it is compared with, in the order in which it is shown."""
        return self.facts + self.passages

    @property
    def key(self) -> str:
        """What tells it, as it is now, from any other part."""
        said = json.dumps([self.texts, [[one.said, one.told] for one in self.facts]])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """Where it is, for people."""
        chapter, last = self.places[0].chapter, self.places[-1].paragraph
        return f"ch.{chapter} ¶{self.places[0].paragraph}-{last}" if len(self.places) > 1 else str(self.places[0])


def parts(story: Story) -> list[Part]:
    """Return the parts of a story, in order. No model is asked."""
    known, found, number = Known(story.record.waived, story.canon.rules), [], 1
    for chapter, (_, texts) in enumerate(story.record.chapter_texts(), 1):
        at = 0
        for count in _lengths(texts):
            some = tuple(texts[at : at + count])
            places = tuple(Place(chapter, at + one + 1) for one in range(count))
            entries = known.about("\n".join(some), _FACTS)
            facts = tuple(Against(_said(one.triple), one.line, one.digest) for one in entries)
            found.append(Part(places, number, some, facts))
            for place, text in zip(places, some, strict=True):
                data = story.record.readings.get(digest_of(text))
                known.take(text, place, Reading.from_json(data) if data else None)
            at, number = at + count, number + count
    return found


def unlooked(story: Story, llm: LLM) -> list[Part]:
    """Return the parts that this model has not looked at as they are now, each with what it is compared with.

    Call it inside `editing`. Raises `ConfigError` for a model that cannot look.
    """
    check_able(llm)
    new = [part for part in parts(story) if _looked(part, llm) not in story.record.looked]
    return [replace(part, passages=_passages(story, part)) for part in new]


def check_able(llm: LLM) -> None:
    """Raise `ConfigError` for a model that understands no text."""
    if llm.name == "offline":
        raise ConfigError(
            "offline reads by rules and understands no text, so it cannot look for contradictions",
            hint="Choose a model with -m, such as openai:gpt-5-mini. The checks without --deep need none.",
        )


def estimated(some: Sequence[Part]) -> Usage:
    """Return what looking at some parts is likely to use: calls and tokens; the cost is left open.

    The prompts are those that are sent, so the input is counted by its letters; the output is guessed.
    """
    prompts = [messages_for(part.texts, [one.shown for one in part.against]) for part in some]
    shown = sum(about(message.content) for messages in prompts for message in messages)
    return Usage(len(some), shown, len(some) * _REPLY, None, True)


def look_deep(
    story: Story,
    controller: Controller,
    some: Sequence[Part],
    *,
    on_looked: Callable[[int, int], None] = lambda done, of: None,
    on_problem: Callable[[str], None] = lambda problem: None,
) -> list[str]:
    """Let a model look for contradictions in some parts, one call each; return what could not be read, and why.

    Call it inside `editing`. What was found is in `deep_findings` then. `on_problem` hears what could not be read at
    once; after the third in a row no other part is asked for. Raises `ConfigError` for a model that cannot, and what
    the controller raises; the parts before are kept.
    """
    check_able(controller.llm)
    problems, in_vain = list[str](), InVain()
    for done, part in enumerate(some, 1):
        trace = Trace(trace_named(story, f"check-{part.key}-{digest_of(controller.llm.name)}"))
        flow = find_contradictions(
            part.texts, [one.shown for one in part.against], number=part.first, settings=story.config.settings
        )
        try:
            result = controller.run(flow, trace=trace)
        except ReplyError as error:
            kept = put_aside(story, controller, trace, error, "checked")
            problems.append(f"{part.name} was not looked at: {error.message}; the last reply is kept in {kept}")
            on_problem(problems[-1])
            if in_vain.enough():
                problems.append(in_vain.told)
                on_problem(in_vain.told)
                break
            continue
        in_vain.over()
        _take_up(story, part, result.value, used(result, controller), controller.llm)
        on_looked(done, len(some))
    return problems


def deep_findings(story: Story) -> list[Finding]:
    """Return what a model has found, of paragraphs that still stand with what they contradict; in the story's order."""
    where: dict[str, Place] = {}
    for place, text in story.manuscript.paragraphs:
        where.setdefault(digest_of(text), place)
    found = []
    for digest, place in where.items():
        for quote, said, told, why in story.record.deep.get(digest, ()):
            if other := where.get(told):
                text = f"“{quote}”; “{said}” in {other}" + (f" ({why})" if why else "")
                found.append(Finding("canon", place, text, other, quote, f"{said} > {quote}", where=digest))
    return sorted({finding.waiver: finding for finding in found}.values(), key=lambda finding: finding.place)


def _take_up(story: Story, part: Part, checked: Checked, spent: Mapping[str, Any], llm: LLM) -> None:
    rows: dict[str, list[list[str]]] = {digest_of(text): [] for text in part.texts}
    for one in checked.found:
        if one.known is not None:
            said, told = part.against[one.known].said, part.against[one.known].told
        else:
            text = part.texts[one.other or 0]
            said, told = _short(text), digest_of(text)
        rows[digest_of(part.texts[one.paragraph])].append([one.quote, said, told, one.why])
    story.commit(event("checked", key=_looked(part, llm), found=rows, dropped=checked.dropped, **spent))


def _looked(part: Part, llm: LLM) -> str:
    return f"{part.key} {llm.name}"


def _passages(story: Story, part: Part) -> tuple[Against, ...]:
    """The earlier paragraphs that resemble the part most, in the order of the story."""
    before = {paragraph_id(number): number for number in range(1, part.first)}
    best: dict[int, float] = {}
    for text in part.texts if before else ():
        for hit in story.memory.search(text, _PASSAGES, using="recall"):
            if hit.id in before and hit.source == SOURCE:
                best[before[hit.id]] = max(hit.score, best.get(before[hit.id], 0.0))
    room, chosen = _ROOM, []
    for number in sorted(best, key=lambda one: (-best[one], one))[:_PASSAGES]:
        text = story.record.paragraphs[number - 1]
        if (tokens := about(text)) <= room:
            room -= tokens
            chosen.append(number)
    return tuple(_passage(story, number) for number in sorted(chosen))


def _passage(story: Story, number: int) -> Against:
    text, chapter = story.record.paragraphs[number - 1], story.record.chapter_of(number)
    place = Place(chapter, number - story.record.chapters[chapter - 1].first + 1)
    return Against(_short(text), f"{place}: {text}", digest_of(text))


def _lengths(texts: Sequence[str]) -> list[int]:
    """How many paragraphs each part of a chapter has."""
    found, have = [0], 0
    for text in texts:
        tokens = about(text)
        if found[-1] and have + tokens > TOKENS:
            found.append(0)
            have = 0
        found[-1] += 1
        have += tokens
    return [count for count in found if count]


def _said(triple: Triple) -> str:
    return f"{triple.subject} {triple.relation} {triple.object}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED else line[:_QUOTED].rsplit(" ", 1)[0] + " …"
