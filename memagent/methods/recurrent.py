"""RecurrentGPT: text of any length, paragraph by paragraph, with a short and a long memory in plain words.

Zhou et al., RecurrentGPT: Interactive Generation of (Arbitrarily) Long Text, 2023, arXiv:2305.13304. The recurrence is
an LSTM's, in words. At each step the model sees the plan for the next paragraph (the input), a short summary (the
hidden state), the paragraphs that the plan calls to mind (read from the cell state) and the previous paragraph; it
writes the paragraph (the output), the updated summary and three plans, one of which is chosen as the next input.

    begin(premise) ─► State ─► choose ─► step ─► State ─► choose ─► step ─► …

A `State` is plain data: save it, edit `memory` or `plan` with `dataclasses.replace`, go on from it. Long memory is
the memory store of the controller; a paragraph joins it, once, when the next one has been written.

Departures from the paper and its published code:
- a reply that cannot be read is asked for again, three times in all, then `ReplyError`; nothing has changed by then;
- replies are JSON, and labelled sections with any decoration are read as well;
- limits on the memory are enforced: the model is asked to shorten it, then whole sentences are let go, oldest first;
- paragraphs called to mind are shown in the order of the story, not by similarity;
- the chance of a new character comes from a generator seeded by the story's seed and the paragraph's number;
- the reader's part (`choose`) may be left to the first plan, to the model, to a person, or to the paper's simulator,
  which also extends the newest paragraph;
- the temperature is left to the backend, where the code sets 0.5.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeVar

from memagent.errors import UsageProblem
from memagent.flow import Flow, remember, retrieve
from memagent.methods.recurrent_around import NOTHING, Around
from memagent.methods.recurrent_reply import (
    Extension,
    Opening,
    Paragraph,
    read_choice,
    read_extension,
    read_memory,
    read_opening,
    read_paragraph,
    schema,
)
from memagent.prompts import fill
from memagent.sentences import count_words, keep_last, split_sentences
from memagent.shown import Shown
from memagent.structured import ask
from memagent.types import Hit, Message, Note

T = TypeVar("T")

SOURCE = "story"
NEW_CHARACTER = "A new character may enter in this paragraph."


@dataclass(frozen=True, slots=True)
class Settings:
    """How a story is told. The defaults are the paper's.

    Attributes:
        language: the language to write in, by its English name.
        genre: a word or two for the first prompt.
        sentences: about how many sentences a paragraph has; asked for, not enforced.
        memory_sentences, memory_words: the limits of the short memory; enforced.
        k: how many earlier paragraphs a plan calls to mind.
        new_character: the chance, from 0 to 1, that a step may bring in a new character.
        seed: makes hints, and replies of backends with the ability `seed`, repeatable.
        tries: how often a reply is asked for before the step fails.
        max_tokens: limit of one reply; `None` leaves it to the backend.
    """

    language: str = "English"
    genre: str = "any"
    sentences: int = 20
    memory_sentences: int = 20
    memory_words: int = 500
    k: int = 2
    new_character: float = 0.1
    seed: int = 0
    tries: int = 3
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class State(Shown):
    """Where a story stands.

    Attributes:
        paragraphs: how many paragraphs there are, the newest included.
        paragraph: the newest paragraph; the next prompt shows it in full. It is not yet in long memory.
        previous: the paragraph before it, which the reader is shown when a plan is chosen.
        memory: the short memory.
        plans: the plans to choose from.
        plan: the chosen plan, or empty.
        written: the paragraphs that the last transition wrote: three by `begin`, one by `step`.
        recalled: ids of the paragraphs that the newest one was shown, most similar first.
        rationale: why the short memory was changed as it was.
        followed: the plan that the newest paragraph was written from; empty for an opening.
    """

    paragraphs: int
    paragraph: str
    memory: str
    plans: tuple[str, ...]
    plan: str = ""
    previous: str = ""
    written: tuple[str, ...] = ()
    recalled: tuple[str, ...] = ()
    rationale: str = ""
    title: str = ""
    outline: str = ""
    followed: str = ""


@dataclass(frozen=True, slots=True)
class Novel(Shown):
    """What `write` returns: the paragraphs in order, and the state to go on from."""

    paragraphs: tuple[str, ...]
    state: State


Select = Literal["first", "model", "simulator"] | Callable[[State], int | str]


class LookUp(Protocol):
    """A flow that finds passages: `retrieve` itself, or a method."""

    def __call__(self, query: str, k: int) -> Flow[list[Hit]]:
        """Ask for up to `k` hits, best first."""
        ...


def by_meaning(query: str, k: int) -> Flow[list[Hit]]:
    """Look up as the paper does: by the cosine between the plan and each paragraph."""
    return retrieve(query, k, using="dense")


def begin(premise: str, *, settings: Settings = Settings(), around: Around = NOTHING) -> Flow[State]:
    """Open a story: title, outline, three paragraphs, the first memory and three plans. One call.

    The first two paragraphs go into long memory; the third is the newest. Raises `UsageProblem` for an empty premise.
    """
    if not premise.strip():
        raise UsageProblem("the premise is empty", hint="Say in a sentence or two what the story is about.")
    messages = fill(
        "recurrent/begin",
        premise=premise.strip(),
        before=around.before,
        after=around.after,
        genre=settings.genre,
        language=settings.language,
        sentences=str(settings.sentences),
        memory_words=str(settings.memory_words),
    )
    opening: Opening = yield from ask_for(messages, read_opening, "begin", settings, 0)
    memory = yield from within_limits(opening.memory, settings=settings, number=0)
    first, second, third = opening.paragraphs
    yield from remember(note(1, first), note(2, second))
    return State(
        paragraphs=3,
        paragraph=third,
        previous=second,
        memory=memory,
        plans=opening.plans,
        written=opening.paragraphs,
        title=opening.title,
        outline=opening.outline,
    )


def choose(
    state: State, *, select: Select = "model", settings: Settings = Settings(), around: Around = NOTHING
) -> Flow[State]:
    """Choose the plan for the next paragraph.

    `select` is `"first"`, `"model"` (one call), `"simulator"` (the paper's: one call to choose, one to extend the
    newest paragraph), or a function of the state that returns the number of a plan, from 1, or a plan of its own. For
    a trace to replay, such a function has to answer the same way again.
    """
    if callable(select):
        return replace(state, plan=_picked(state, select(state)))
    if select == "first":
        return replace(state, plan=state.plans[0])
    if select not in ("model", "simulator"):
        raise UsageProblem(f"select={select!r} is not known", hint="Use 'first', 'model', 'simulator' or a function.")
    messages = fill(
        "recurrent/choose",
        planned=around.planned,
        memory=state.memory,
        previous=state.previous,
        paragraph=state.paragraph,
        plans="\n".join(f"{number}. {plan}" for number, plan in enumerate(state.plans, 1)),
    )
    count = len(state.plans)
    number: int = yield from ask_for(
        messages, lambda text: read_choice(text, count), "choose", settings, state.paragraphs
    )
    chosen = replace(state, plan=state.plans[number - 1])
    if select == "model":
        return chosen
    return (yield from extend(chosen, settings=settings))


def extend(state: State, *, settings: Settings = Settings()) -> Flow[State]:
    """Let the model deepen the newest paragraph to about twice its length and sharpen the plan. One call."""
    messages = fill(
        "recurrent/extend",
        memory=state.memory,
        previous=state.previous,
        paragraph=state.paragraph,
        plan=state.plan,
        language=settings.language,
    )
    extension: Extension = yield from ask_for(messages, read_extension, "extend", settings, state.paragraphs)
    written = (*state.written[:-1], extension.paragraph)
    return replace(state, paragraph=extension.paragraph, plan=extension.plan, written=written)


def step(
    state: State, *, settings: Settings = Settings(), look_up: LookUp = by_meaning, around: Around = NOTHING
) -> Flow[State]:
    """Write the next paragraph from the chosen plan. One call, two if the memory has to be shortened.

    The paragraph that was the newest goes into long memory. Raises `ReplyError` when no reply could be read; then
    neither the state nor the long memory has changed.
    """
    if not state.plan.strip():
        raise UsageProblem("no plan is chosen", hint="Pass the state through `choose` first, or set its plan.")
    hits = yield from look_up(state.plan, settings.k)
    around = around.given(state.plan)
    number = state.paragraphs + 1
    messages = fill(
        "recurrent/step",
        before=around.before,
        after=around.after,
        memory=state.memory,
        recalled=_recalled(hits),
        previous=state.paragraph,
        plan=state.plan,
        hint=NEW_CHARACTER if new_character(number, settings) else "",
        language=settings.language,
        sentences=str(settings.sentences),
        memory_words=str(settings.memory_words),
    )
    reply: Paragraph = yield from ask_for(messages, read_paragraph, "step", settings, state.paragraphs)
    memory = yield from within_limits(reply.memory, settings=settings, number=number)
    yield from remember(note(state.paragraphs, state.paragraph))
    return replace(
        state,
        paragraphs=number,
        paragraph=reply.text,
        previous=state.paragraph,
        memory=memory,
        plans=reply.plans,
        plan="",
        written=(reply.text,),
        recalled=tuple(hit.id for hit in hits),
        rationale=reply.rationale,
        followed=state.plan,
    )


def advance(
    state: State | str,
    *,
    select: Select = "model",
    settings: Settings = Settings(),
    look_up: LookUp = by_meaning,
    around: Around = NOTHING,
) -> Flow[State]:
    """Write the next paragraph, or the first three from a premise; choose a plan first where none is chosen.

    With the simulator, the new paragraph is extended and the plan after it chosen before this returns.
    """
    if isinstance(state, str):
        state = yield from begin(state, settings=settings, around=around)
    else:
        if not state.plan:  # the simulator extends what it has just seen written, not what was there before
            chooser: Select = "model" if select == "simulator" else select
            state = yield from choose(state, select=chooser, settings=settings, around=around)
        state = yield from step(state, settings=settings, look_up=look_up, around=around)
    if select == "simulator":
        state = yield from choose(state, select=select, settings=settings, around=around)
    return state


def write(
    start: State | str,
    paragraphs: int,
    *,
    select: Select = "model",
    settings: Settings = Settings(),
    look_up: LookUp = by_meaning,
) -> Flow[Novel]:
    """Write `paragraphs` more paragraphs from a premise or a state. A premise gives at least three."""
    written: list[str] = []
    state = start
    while len(written) < paragraphs:
        state = yield from advance(state, select=select, settings=settings, look_up=look_up)
        written.extend(state.written)
    if isinstance(state, str):
        raise UsageProblem(f"{paragraphs} paragraphs are to be written", hint="Ask for at least one.")
    return Novel(tuple(written), state)


def within_limits(memory: str, *, settings: Settings, number: int) -> Flow[str]:
    """Return a short memory within its limits.

    Shortened by the model if it is too long, and then cut if it still is.
    """
    if _fits(memory, settings):
        return memory
    messages = fill(
        "recurrent/compress",
        memory=memory,
        language=settings.language,
        sentences=str(settings.memory_sentences),
        memory_words=str(settings.memory_words),
    )
    shorter: str = yield from ask_for(messages, read_memory, "compress", settings, number)
    if _fits(shorter, settings):
        return shorter
    return keep_last(shorter, sentences=settings.memory_sentences, words=settings.memory_words)


def new_character(number: int, settings: Settings) -> bool:
    """Whether paragraph `number` may bring in a new character; the same answer for the same seed."""
    return random.Random(f"{settings.seed}:{number}").random() < settings.new_character


def paragraph_id(number: int) -> str:
    """Return the id of paragraph `number` in long memory. Ids sort in the order of the story."""
    return f"p{number:06d}"


def note(number: int, text: str) -> Note:
    """Return paragraph `number` as long memory keeps it."""
    return Note(text, id=paragraph_id(number), source=SOURCE, metadata={"paragraph": number})


def ask_for(
    messages: Sequence[Message], read: Callable[[str], T], name: str, settings: Settings, number: int, like: str = ""
) -> Flow[T]:
    """Ask for the reply to the prompt `recurrent/<name>`, with a seed of its own for each paragraph.

    `like` is another prompt whose seed it has, so that a repeatable model tells of the same people.
    """
    return ask(
        messages,
        read,
        label=f"recurrent/{name}",
        schema=schema(name),
        tries=settings.tries,
        max_tokens=settings.max_tokens,
        seed=random.Random(f"{settings.seed}:{number}:{like or name}").randrange(2**31),
    )


def _fits(memory: str, settings: Settings) -> bool:
    if count_words(memory) > settings.memory_words:
        return False
    return len(split_sentences(memory)) <= settings.memory_sentences


def _picked(state: State, choice: int | str) -> str:
    if isinstance(choice, int):
        if not 1 <= choice <= len(state.plans):
            raise UsageProblem(f"there is no plan {choice}", hint=f"Choose 1 to {len(state.plans)}, or give a text.")
        return state.plans[choice - 1]
    if not choice.strip():
        raise UsageProblem("the plan is empty", hint="Choose a number, or say what happens next.")
    return choice.strip()


def _recalled(hits: Sequence[Hit]) -> str:
    """Show what was called to mind in the order of the story, so that the writer does not turn time round."""
    return "\n\n".join(hit.text for hit in sorted(hits, key=lambda hit: hit.id)) or "(nothing yet)"
