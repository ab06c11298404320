"""An answer is a text that knows what it came from: what was recalled, what it cost, and how it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memagent.chat.answering import Answered
from memagent.chat.context import Context, LeftOut
from memagent.trace import Trace
from memagent.types import Hit, Usage

_WIDTH = 76


@dataclass(frozen=True, slots=True)
class Evidence:
    """One memory that an answer was given with.

    Attributes:
        rank: its place in the prompt, from 1; the prompt shows it by this number.
        hit: the memory, with its score, the parts of it, and how it was found.
        kind: `episodic` (a turn or note), `semantic` (a fact) or `procedural` (a solved problem).
        label: what it is, who said it and when, as the prompt has it.
        query: what was looked for.
        session: of which conversation it is; empty where that is not known.
    """

    rank: int
    hit: Hit
    kind: str
    label: str
    query: str
    session: str = ""

    def __str__(self) -> str:
        head = f"{self.rank}. {self.label}, score {self.hit.score:.2f}"
        return "\n".join([head, f"   {_short(self.hit.text)}", f"   {_short(self.hit.why)}"]).rstrip()


@dataclass(frozen=True, slots=True)
class Why:
    """Why an answer is as it is: what was looked for and shown, and what was left out of the prompt. Prints as text.

    Attributes:
        query: what was looked for.
        evidence: the memories that were shown, in the order of the prompt.
        turns: the ids of the turns that were shown before the message.
        summarised: how many older turns the summary covers that was shown; 0 where none was.
        tokens: of the prompt.
        limit: how many it might have had.
        left_out: what had no room, or was cut.
    """

    query: str
    evidence: tuple[Evidence, ...]
    turns: tuple[str, ...]
    summarised: int
    tokens: int
    limit: int
    left_out: tuple[LeftOut, ...]

    def __str__(self) -> str:
        found = [str(one) for one in self.evidence] or ["Nothing was recalled."]
        lines = [f"Looked for: {_short(self.query)}", *found]
        lines.append(f"Shown besides: {_counted(len(self.turns), 'turn')} of this conversation")
        if self.summarised:
            lines.append(f"and a summary of {_counted(self.summarised, 'turn')} before them")
        lines.append(f"The prompt had {self.tokens} of {self.limit} tokens.")
        missed = Counter((one.what, one.why) for one in self.left_out)
        lines += [_missed(what, why, count) for (what, why), count in missed.items()]
        return "\n".join(lines)

    def __iter__(self) -> Any:
        return iter(self.evidence)

    def __len__(self) -> int:
        return len(self.evidence)


class Reply(str):
    """What a chatbot answered: a `str`, with what it came from.

    Attributes:
        id: of the answer's turn in the memory.
        turn: the id of the turn that it answers.
        trace: the record of the run, which replays it. It holds what was said as it was said; `trace.save` masks
            secrets where the memory does.
        context: the prompt that the model was given, and what was left out of it.
        problems: in words, what went wrong and was lived with.
    """

    id: str
    turn: str
    trace: Trace
    context: Context
    problems: tuple[str, ...]
    _query: str
    _after: Usage

    @classmethod
    def of(cls, answered: Answered, trace: Trace, problems: tuple[str, ...] = (), after: Usage | None = None) -> Reply:
        """Return the reply that a run came to; `after` is what was spent on the turn once the answer was there."""
        reply = cls(answered.text)
        reply.id, reply.turn, reply.trace = answered.id, answered.turn, trace
        reply.context, reply._query = answered.context, answered.query
        reply.problems = (*answered.problems, *problems)
        reply._after = after or Usage()
        return reply

    @property
    def memories(self) -> tuple[Hit, ...]:
        """What was recalled and shown to the model, in the order of the prompt."""
        return tuple(one.hit for one in self.context.memories)

    @property
    def usage(self) -> Usage:
        """What the turn cost: the answer, and with `extract="each"` the facts that were taken from it."""
        return self.trace.usage + self._after

    def why(self) -> Why:
        """Say what was looked for, what was shown to the model, and what was left out."""
        context = self.context
        evidence = tuple(
            Evidence(rank, one.hit, one.kind, one.label, one.query, one.session)
            for rank, one in enumerate(context.memories, 1)
        )
        summarised = context.summary.turns if context.summary is not None else 0
        return Why(self._query, evidence, context.turns, summarised, context.tokens, context.limit, context.left_out)

    def as_json(self) -> Mapping[str, Any]:
        """Return the answer as JSON data: its text, ids, what was recalled and why, what it cost, and problems."""
        usage = self.usage
        return {
            "text": str(self),
            "id": self.id,
            "turn": self.turn,
            "memories": [
                {"id": one.hit.id, "kind": one.kind, "label": one.label, "text": one.hit.text, "score": one.hit.score,
                 "why": one.hit.why}
                for one in self.why().evidence
            ],
            "usage": {"calls": usage.calls, "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
                      "cost": usage.cost},
            "tokens": self.context.tokens,
            "problems": list(self.problems),
        }  # fmt: skip


def _missed(what: str, why: str, count: int) -> str:
    several = f"{count} memories" if what == "memory" else f"{count} {what}s"
    return f"Not shown, or not whole: {f'1 {what}' if count == 1 else several} ({why})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
