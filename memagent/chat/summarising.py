"""The summary of a conversation's older turns: those that no prompt shows any more.

By rules, it is what the user stated, taken word for word: sentences that say something, those about the user and those
with names and numbers first, as many as have room. By a model, where the caller asks for that, it is written anew from
the summary so far and the turns since, piece by piece, and never while somebody waits for an answer. Both say who made
them. A summary goes when a turn that it may tell of is edited, forgotten or deleted, and is then made again from the
turns that are left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from memagent.chat.counting import Counter, shortened
from memagent.chat.history import PARTIAL, role_of
from memagent.chat.recalled import speaker_of
from memagent.errors import ReplyError
from memagent.flow import Flow, generate
from memagent.gate.languages import in_first_person
from memagent.gate.unfit import unfit
from memagent.memory import Memory
from memagent.memory.conversation import said_at
from memagent.methods.thinking import spoken
from memagent.prompts import fill
from memagent.sentences import split_sentences
from memagent.types import Passage, Summary

RULES = "rules"
TOKENS = 400
"""How long a summary is at most."""

_LINE = re.compile(r"^- (?P<day>\d{4}-\d\d-\d\d), (?P<who>[^:]*): (?P<text>.*)$", re.MULTILINE)
_I = re.compile(r"(?i)\b(?:i|i['’]\w+|my|mine|me|we|our|я|мой|моя|мне|меня)\b|我")
_NAMES = re.compile(r"(?<=\s)[^\W\d_a-zа-я]\w+|\d")
_MARKS = re.compile(r"</?[\w|:-]{1,40}[^<>\n]{0,80}>")
_LONGEST = 240  # characters of a sentence that is taken


class Line(NamedTuple):
    """A sentence that is taken over, with the day and the speaker."""

    day: str
    who: str
    text: str

    def __str__(self) -> str:
        return f"- {self.day}, {self.who}: {self.text}"


def by_rules(before: Summary | None, turns: Sequence[Passage], user: str, count: Counter) -> Summary:
    """Return the summary so far with that of further turns, taken word for word."""
    old = [Line(*found.groups()) for found in _LINE.finditer(before.text)] if before is not None else []
    new = [line for turn in turns if role_of(turn) == "user" for line in _stated(turn, user)]
    extended = _extended(before, turns, RULES)
    head = (
        f"Taken word for word from {extended.turns} earlier turns, {extended.since:%Y-%m-%d} to "
        f"{extended.until:%Y-%m-%d}; what is not here was left out:"
    )
    kept = _best(list(dict.fromkeys([*old, *new])), TOKENS - count(head) - 1, count)
    return replace(extended, text="\n".join([head, *map(str, kept)]) if kept else f"{head} nothing was stated.")


def by_model(before: Summary | None, turns: Sequence[Passage], user: str, count: Counter, tokens: int) -> Flow[Summary]:
    """Return the summary so far with that of the next turns, as a model writes it in one call.

    Of the turns it takes as many as `tokens` hold, and at least one; `upto` of what it returns says how far it came.

    Raises:
        ReplyError: the model wrote nothing.
    """
    shown, room = list[str](), tokens
    for turn in turns:
        line = shortened(f"{said_at(turn):%Y-%m-%d}, {speaker_of(turn, user)}: {turn.text}", tokens, count)
        room -= count(line) + 1
        if shown and room < 0:
            break
        shown.append(line)
    text = before.text if before is not None else ""
    prompt = fill("chat/summarise", summary=text or "(none yet)", turns="\n".join(shown), words=str(TOKENS // 2))
    reply = yield from generate(prompt, temperature=0.0, max_tokens=2 * TOKENS, label="chat/summarise")
    written = shortened(spoken(reply.text).strip(), TOKENS, count)
    if not written:
        raise ReplyError(
            "the model wrote no summary", reply=reply.text, hint="Nothing was kept; the next flush() tries again."
        )
    return replace(_extended(before, turns[: len(shown)], "a model"), text=written)


def due(memory: Memory, summary: Summary | None, first_shown: str, most: int) -> list[Passage]:
    """Return the oldest turns of a session that a summary does not cover, up to the first that a prompt still shows."""
    since = memory.turns.since(summary.upto if summary is not None else "", most)
    place = next((number for number, turn in enumerate(since) if turn.id == first_shown), len(since))
    return since[:place]


def _extended(before: Summary | None, turns: Sequence[Passage], by: str) -> Summary:
    """The dates and counts of a summary that covers further turns, without its text."""
    times = [said_at(turn) for turn in turns]
    since, until = min(times), max(times)
    if before is None:
        return Summary("", turns[-1].id, len(turns), since, until, by)
    return Summary("", turns[-1].id, before.turns + len(turns), before.since, max(before.until, until), by)


def _stated(turn: Passage, user: str) -> list[Line]:
    """The sentences of a turn that state something."""
    if turn.metadata.get(PARTIAL):
        return []
    day, who = f"{said_at(turn):%Y-%m-%d}", speaker_of(turn, user).replace(":", " ")
    text = _MARKS.sub(" ", turn.text[:2000])  # a mark of a prompt in a sentence makes it no less the user's
    found = (" ".join(sentence.split()) for sentence in split_sentences(text, "en"))
    return [Line(day, who, one) for one in found if len(one) <= _LONGEST and not unfit(one)]


def _best(lines: Sequence[Line], tokens: int, count: Counter) -> list[Line]:
    """The lines that say most, as many as have room, in their order; of equals the later ones.

    One that is much like one that is kept comes after all that are not.
    """
    ranked = sorted(range(len(lines)), key=lambda number: (-_weight(lines[number].text), -number))
    kept: list[int] = []
    words: list[frozenset[str]] = []
    likes: list[int] = []
    for number in ranked:
        own = _words(lines[number].text)
        if any(_like(own, other) for other in words):
            likes.append(number)
        elif (cost := count(str(lines[number])) + 1) <= tokens:
            tokens -= cost
            kept.append(number)
            words.append(own)
    for number in likes:
        if (cost := count(str(lines[number])) + 1) <= tokens:
            tokens -= cost
            kept.append(number)
    return [lines[number] for number in sorted(kept)]


def _words(sentence: str) -> frozenset[str]:
    """The words of a sentence without its numbers, by which it is compared."""
    return frozenset(word for word in re.findall(r"[^\W\d_]+", sentence.casefold()) if len(word) > 1)


def _like(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether more than two thirds of all words of two sentences stand in both."""
    return 3 * len(one & other) > 2 * len(one | other)


def _weight(sentence: str) -> int:
    about_user = bool(_I.search(sentence)) or in_first_person(sentence)
    return 2 * about_user + min(2, len(_NAMES.findall(sentence)))
