"""What a story spends: who makes its calls and how long replies may get, what a step has used, and what is still open.

A call is made only if its limit can pay a reply of the usual length, so that what is paid for is not cut off and lost.
What is usual is learnt from the newest calls of the story, and guessed from its settings before there are any. And
every reply has an end, with a limit or without one: where the story's settings name none, it is four times what is
usual for its kind, and room to think, which is far more than a reply of use has; less room for a model that was heard
and does not think. Backends on this machine that have an end of their own keep it.

What each step has used is in the log, with the name of its trace. A trace that no event of the log names is of a step
that was stopped or killed: what it holds is paid for too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memagent.budget import Budget, Replies
from memagent.methods.recurrent_plan import NEAR
from memagent.story.config import StoryConfig
from memagent.story.log import Event
from memagent.story.paths import HIDDEN
from memagent.story.record import usage_to
from memagent.trace import Trace
from memagent.types import Usage

if TYPE_CHECKING:
    from memagent.controller import Controller, Result
    from memagent.flow import Event as FlowEvent
    from memagent.llms.base import LLM
    from memagent.memory import Memory
    from memagent.story.book import Story

SENTENCE = 17
"""Words of a sentence, about."""
TOKENS = 1.35
"""Tokens of a word, about."""
PLANS = 3 * 60
"""Tokens of three plans."""
FACTS = 200
"""Tokens of the facts that were read in a paragraph."""

_THOUGHT = 8_000  # tokens: models that think count what they think
_AFTERTHOUGHT = 2_000  # tokens: room for a model that was not heard to think
_LARGEST = 16_000  # tokens: more than that many servers do not take
_TIMES = 4  # what is usual
_FOUND = 100  # tokens of what contradicts
_BEATS, _LINE = 140, 50  # tokens of the plan of a chapter, beat by beat and in a line
_NEWEST = 12  # traces that are looked through for the length of replies
_OWN_END = ("offline", "transformers")  # backends
_SECONDS = 2  # by which a file may be newer than the event that was written behind it


def controller(
    story: Story,
    llm: LLM | str | Any | None = None,
    memory: Memory | None = None,
    *,
    budget: Budget | None = None,
    on_event: Callable[[FlowEvent], None] | None = None,
    chapters: int = 3,
) -> Controller:
    """Return who makes the calls of a story: by default its own model; without a memory, as long as it is not open.

    All replies come as streams, so that what had come of one that is stopped is known, and counted. `chapters` is how
    many an outline is asked for.
    """
    from memagent import registry
    from memagent.controller import Controller

    model = registry.llm(llm or story.config.llm or None)
    heard = on_event or _unheard
    return Controller(model, memory, budget=budget, replies=replies(story, model.name, chapters), on_event=heard)


def replies(story: Story, model: str, chapters: int = 3) -> Replies:
    """Return how long the replies of a model to the calls of a story are, as far as is known."""
    guessed, heard, longest = usual(story.config, chapters), _heard(story, model), story.config.reply_tokens
    heard.pop("recurrent/plan", None)  # of other chapters, and as many as these were
    if model.partition(":")[0] in _OWN_END and not longest:
        return Replies(guessed, heard)
    thinks = not heard or any(tokens > _TIMES * guessed.get(label, tokens) for label, tokens in heard.items())
    room = _THOUGHT if thinks else _AFTERTHOUGHT
    most = {label: longest or _most(tokens, heard.get(label, 0), room) for label, tokens in guessed.items()}
    return Replies(guessed, heard, most)


def usual(config: StoryConfig, chapters: int = 3) -> dict[str, int]:
    """Return about how many tokens a reply has, by the label of the call, as the settings ask for."""
    text, memory = round(TOKENS * config.sentences * SENTENCE), round(TOKENS * memory_words(config))
    lengths = {
        "begin": 3 * text + memory + PLANS,
        "step": text + memory + PLANS,
        "choose": 60,
        "extend": 2 * text,
        "compress": memory,
        "rewrite": text,
        "refresh": memory,
        "follow": memory + PLANS,
        "more": PLANS,
        "plan": NEAR * _BEATS + max(0, chapters - NEAR) * _LINE,
        "facts": FACTS,
        "continuity": _FOUND,
    }
    return {f"recurrent/{name}": tokens for name, tokens in lengths.items()}


def memory_words(config: StoryConfig) -> int:
    """Return how many words the short memory has where it is full, about."""
    return min(config.memory_words, config.memory_sentences * SENTENCE)


def used(result: Result[Any], controller: Controller) -> dict[str, Any]:
    """Return what an event of the log keeps of a step's calls: what they cost, who answered, the name of the trace."""
    return of_trace(result.trace, controller)


def of_trace(trace: Trace, controller: Controller) -> dict[str, Any]:
    """Return the same of a trace. `lost` is what of it came to nothing."""
    lost = {"lost": usage_to(trace.wasted)} if trace.wasted.calls else {}
    name = trace.path.name if trace.path else ""
    return {"usage": usage_to(trace.usage), **lost, "llm": controller.llm.name, "trace": name}


def unfinished(story: Story) -> Usage:
    """Return what steps have used that were stopped or killed in their midst, and are not gone on with yet."""
    return sum((Trace.load(path).usage for path in _open(story)), Usage())


def _unheard(event: FlowEvent) -> None:
    """Hear what comes, so that it comes in pieces."""


def _open(story: Story) -> list[Path]:
    """The traces that no event of the log names; of a log without such names, those that are newer than it."""
    paid = [one for one in story.log.events if "usage" in one]
    named = {one["trace"] for one in paid if "trace" in one}
    old = max((_second(one) for one in paid if "trace" not in one), default=0.0)
    found = [path for path in _folder(story).glob("*.jsonl") if path.name not in named]
    return sorted(path for path in found if not old or path.stat().st_mtime > old)


def _second(one: Event) -> float:
    return (datetime.fromisoformat(one["at"]) + timedelta(seconds=_SECONDS)).timestamp() if one.get("at") else 0.0


def _heard(story: Story, model: str) -> dict[str, int]:
    """The longest reply of a model to each kind of call in the newest traces."""
    name = model.partition(":")[2].partition("@")[0] or model
    paths = sorted(_folder(story).glob("*.jsonl"), key=lambda path: path.stat().st_mtime)[-_NEWEST:]
    longest: dict[str, int] = {}
    for record in (record for path in paths for record in _calls(path)):
        if str(record["answer"]["model"]).startswith(name):
            label, tokens = record["step"]["request"]["label"], record["answer"]["usage"]["output_tokens"]
            longest[label] = max(tokens, longest.get(label, 0))
    return longest


def _calls(path: Path) -> list[Any]:
    """The answered calls of a trace, as JSON. A line that is torn says nothing of lengths, and stops nobody here."""
    lines = path.read_bytes().split(b"\n")
    found = []
    for line in lines:
        if b'"kind": "generate"' in line and b'"answer": ' in line:
            with suppress(ValueError):
                found.append(json.loads(line))
    return found


def _folder(story: Story) -> Path:
    return story.folder / HIDDEN / "runs"


def _most(usual: int, heard: int, room: int) -> int:
    return max(2 * usual, 2 * heard, min(_LARGEST, room + _TIMES * usual))
