"""What a model is shown for one message, under a limit of tokens that it never passes.

The system prompt and the message come first, and are never left out. What was pinned has up to a quarter of what is
left, what was recalled up to two fifths, the summary up to a fifth, and the last turns all the rest, as far back as
they go; what they leave is for more of what was recalled. Recalled turns are shown oldest first, with the number of
their rank before them. A turn that is too long is cut with a mark. What was left
out is told.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, cast

from memagent.chat import history
from memagent.chat.asked import Asked, Context, LeftOut, Limits
from memagent.chat.counting import Counter, shortened, size
from memagent.chat.recalled import Recalled, day, in_time, in_turn, plain_name
from memagent.errors import UsageProblem
from memagent.prompts import fill, tagged, without_tags
from memagent.types import Message, Passage, Scope, Summary, Talk

TAGS = ("pinned", "memories", "summary", "message")
LEAST = 48
"""Tokens: a turn, or a message, is cut to no fewer."""
_CUT = 2  # tokens by which a text that was cut may count more within a prompt than by itself
_ANYBODY = "x" * 60  # as long as a name is shown
_WEDNESDAY = datetime(2025, 12, 31, tzinfo=UTC)  # no day is longer
_PINNED, _RECALLED, _SUMMARY = 0.25, 0.4, 0.2


def assembled(asked: Asked, limits: Limits) -> Context:
    """Return the prompt for a message.

    Raises:
        UsageProblem: the limit does not hold the system prompt and the message, or not even its beginning.
    """
    return _Assembly(asked, limits).context()


def least_tokens(system: str, count: Counter) -> int:
    """Return the least limit under which a message of any length, from anybody, is shown: cut, if need be."""
    talk = Talk((Passage("t", "t", "", "", Scope(), _WEDNESDAY, _WEDNESDAY, {}),))
    asked = Asked("", _WEDNESDAY, "", user=_ANYBODY, system=system, talk=talk)
    return _Assembly(asked, Limits(sys.maxsize, count)).bare + LEAST + _CUT


def turns_shown(asked: Asked, limits: Limits) -> tuple[str, ...]:
    """Return the ids of the turns that the prompt for a message shows in any case, before anything is looked for."""
    return _Assembly(asked, limits, reserve=True).context().turns


class _Assembly:
    """One prompt while it is put together. `left` is how many tokens there still are."""

    def __init__(self, asked: Asked, limits: Limits, *, reserve: bool = False) -> None:
        self.asked, self.limits, self.count, self.reserve = asked, limits, limits.count, reserve
        self.left_out: list[LeftOut] = []
        self.message = self._fitting_message()
        self.bare = size(self._around([]), self.count)
        self.left = limits.tokens - self.bare

    def context(self) -> Context:
        asked, whole = self.asked, self.left
        pinned = self._pinned(int(whole * _PINNED))
        summary = self._summary(int(whole * _SUMMARY)) if asked.talk.summary and asked.talk.turns else ""
        turns = self._turns(max(0, self.left - self._reserved(int(whole * _RECALLED))))
        memories = self._memories([one for one in asked.recalled if one.hit.id not in {turn.id for turn in turns}])
        while True:
            messages = self._messages(pinned, summary, turns, memories)
            tokens = size(messages, self.count)
            if tokens <= self.limits.tokens or not (turns or memories or pinned or summary):
                break
            pinned, summary, turns, memories = self._less(pinned, summary, turns, memories)
        return Context(
            messages,
            tokens,
            self.limits.tokens,
            tuple(memories),
            tuple(turn.id for turn in turns),
            asked.talk.summary if summary else None,
            tuple(self.left_out),
            self._unseen({turn.id for turn in turns}),
        )

    def _unseen(self, shown: set[str]) -> int:
        """How many of the turns before those that are shown no summary covers; those not looked at count as many."""
        talk = self.asked.talk
        ids = [turn.id for turn in talk.turns]
        first = next((place for place, id in enumerate(ids) if id in shown), len(ids))
        upto = talk.summary.upto if talk.summary is not None else None
        if upto in ids:
            return max(0, first - ids.index(upto) - 1)
        return first + (len(ids) if talk.more else 0)

    def _reserved(self, most: int) -> int:
        """What is kept for memories while the turns are chosen."""
        if self.reserve or not self.asked.recalled:
            return most if self.reserve else 0
        return min(
            most, sum(map(self._cost_of_entry, self.asked.recalled)) + self.count("<memories>\n\n</memories>\n\n")
        )

    def _less(
        self, pinned: list[str], summary: str, turns: list[Passage], memories: list[Recalled]
    ) -> tuple[list[str], str, list[Passage], list[Recalled]]:
        """Leave out one thing more, where the parts of a prompt have fewer tokens than the whole."""
        if turns:
            self._miss("turn", turns[0].id, "there was no room")
            return pinned, summary, turns[1:], memories
        if memories:
            self._miss("memory", memories[-1].hit.id, "there was no room")
            return pinned, summary, turns, memories[:-1]
        self._miss("pinned" if pinned else "summary", "", "there was no room")
        return pinned[:-1], summary if pinned else "", turns, memories

    def _fitting_message(self) -> str:
        """The message, cut where it alone is too long."""
        self.message = without_tags(self.asked.message, *TAGS)
        excess = size(self._around([]), self.count) - self.limits.tokens
        if excess <= 0:
            return self.message
        whole = self.count(self.message)
        room = whole - excess - _CUT
        cut = shortened(self.message, room, self.count) if room >= LEAST else ""
        self.message = cut
        if not cut or size(self._around([]), self.count) > self.limits.tokens:
            raise UsageProblem(
                f"{self.limits.tokens} tokens do not hold the system prompt and a message of {whole}",
                hint=f"Give {least_tokens(self.asked.system, self.count)} or more with context_tokens=, or a shorter "
                "system prompt.",
            )
        self._miss("message", self.asked.id, f"it has {whole} tokens and was cut to {self.count(cut)}")
        return cut

    def _pinned(self, most: int) -> list[str]:
        kept: list[str] = []
        most -= self.count("<pinned>\n\n</pinned>\n\n")
        for text in self.asked.pinned:
            line = "- " + "\n  ".join(text.splitlines())
            if (cost := self.count(line) + 1) > most:
                self._miss("pinned", "", f"there was no room for {text[:40]!r}")
                continue
            most -= cost
            kept.append(line)
        self._pay("pinned", kept)
        return kept

    def _summary(self, most: int) -> str:
        summary = cast(Summary, self.asked.talk.summary)
        most -= self.count("<summary>\n\n</summary>\n\n")
        text = shortened(summary.text, most, self.count) if most > 0 else ""
        if text != summary.text:
            self._miss("summary", "", "it was cut" if text else "there was no room")
        self._pay("summary", [text] if text else [])
        return text

    def _turns(self, room: int) -> list[Passage]:
        """The last turns that fit, oldest first. Where the summary ends, and whether there are more, is no matter."""
        shown: list[Passage] = []
        full = False
        for turn in reversed(history.said_before(self.asked.talk.turns, self.asked.id, self.asked.message)):
            text = without_tags(history.text_of(turn), *TAGS)
            cost = self._cost_of_turn(text)
            if not full and cost > room:
                text = shortened(text, min(room, max(room // 2, LEAST)) - self._cost_of_turn(""), self.count)
                cost = self._cost_of_turn(text)
                full = room < LEAST or not text or cost > room
                if not full:
                    self._miss("turn", turn.id, "it was too long and was cut")
            if full:
                self._miss("turn", turn.id, "there was no room")
                continue
            room -= cost
            shown.insert(0, replace(turn, text=text))
        while shown and history.role_of(shown[0]) == "assistant":  # a prompt begins with what the user says
            self._miss("turn", shown.pop(0).id, "it answers a turn that had no room")
        self.left -= sum(self._cost_of_turn(turn.text) for turn in shown)
        return shown

    def _memories(self, candidates: Sequence[Recalled]) -> list[Recalled]:
        """The best of each kind in turn, as long as there is room; they are shown kind by kind."""
        room = self.left - self.count("<memories>\n\n</memories>\n\n")
        kept: list[Recalled] = []
        for memory in in_turn(candidates):
            cost = self._cost_of_entry(memory)
            if cost <= room:
                room -= cost
                kept.append(memory)
            else:
                self._miss("memory", memory.hit.id, "there was no room")
        order = {memory.hit.id: place for place, memory in enumerate(candidates)}
        return sorted(kept, key=lambda memory: order[memory.hit.id])

    def _messages(
        self, pinned: Sequence[str], summary: str, turns: Sequence[Passage], memories: Sequence[Recalled]
    ) -> tuple[Message, ...]:
        entries = [f"[{number}] {memory.entry}" for number, memory in in_time(memories)]
        inside = {"pinned": "\n".join(pinned), "memories": "\n".join(entries), "summary": summary}
        blocks = [tagged(tag, text, *TAGS) for tag, text in inside.items() if text]
        return history.merged(self._around(blocks, history.as_messages(turns, self.asked.user)))

    def _around(self, blocks: Sequence[str], said: Sequence[Message] = ()) -> list[Message]:
        asked, who = self.asked, plain_name(self.asked.speaker or self.asked.user) or "the user"
        first, last = fill(
            "chat/answer",
            system=asked.system.strip(),
            blocks="\n\n".join(blocks),
            message=self.message,
            now=f"{day(asked.at)}. All turns above are of today" if self._of_today() else day(asked.at),
            speaker=who,
        )
        return [replace(one, content=one.content.strip()) for one in (first, *said, last)]

    def _of_today(self) -> bool:
        """Whether `tomorrow` in any of the last turns is reckoned from the day of the message."""
        turns = (turn for turn in self.asked.talk.turns if turn.id != self.asked.id)
        return {(turn.at or turn.recorded_at).date() for turn in turns} == {self.asked.at.date()}

    def _cost_of_turn(self, text: str) -> int:
        return size([Message("user", text)], self.count) - size([], self.count) + 8  # and a name before it

    def _cost_of_entry(self, memory: Recalled) -> int:
        return self.count(f"[99] {memory.entry}\n")

    def _pay(self, tag: str, lines: Sequence[str]) -> None:
        if lines:
            self.left -= self.count(tagged(tag, "\n".join(lines), *TAGS)) + 1

    def _miss(self, what: Literal["pinned", "memory", "summary", "turn", "message"], id: str, why: str) -> None:
        self.left_out.append(LeftOut(what, id, why))


__all__ = ["LEAST", "TAGS", "Asked", "Context", "LeftOut", "Limits", "assembled", "least_tokens", "turns_shown"]
