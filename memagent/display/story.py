"""A story told by RecurrentGPT, step by step: paragraph, what changed in the short memory, what came to mind, plans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from memagent.display import lines
from memagent.display.markup import PALE, Content, Markup, card, chip, folded, joined, quiet, table, tag, tinted
from memagent.display.shapes import changed, prose, strip, words
from memagent.display.story_ribbon import ribbon
from memagent.display.view import View
from memagent.methods.recurrent import Novel, State
from memagent.sentences import count_words
from memagent.story.book import Story
from memagent.story.record import StoryRecord

MOST = 12
"""Steps that a view shows in full: the newest ones, as far as there is room for them."""

BRIEF = 24
"""Steps before those that it shows in a line each; it says how many there were before."""

_ROOM = 36_000  # bytes of the steps that are shown in full


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a story as it is shown.

    Attributes:
        number: of its newest paragraph, from 1.
        paragraphs: that it wrote.
        before, memory: the short memory before it and after.
        offered: the plans that it was chosen from.
        followed: the plan that was chosen, or a person's own; empty for an opening, or where it is not on record.
        recalled: what came to mind: name, and why, each.
        rationale: why the short memory was changed.
        by: what a person did, for a step that is no paragraph.
    """

    number: int
    paragraphs: tuple[str, ...]
    before: str
    memory: str
    offered: tuple[str, ...] = ()
    followed: str = ""
    recalled: tuple[tuple[str, str], ...] = ()
    rationale: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Tale:
    """A story as it is shown: its steps, and the plans for the next paragraph with the chosen one, if there is one.

    `limit` is that of its short memory, in words; 0 where it is not known.
    """

    title: str = ""
    steps: tuple[Told, ...] = ()
    plans: tuple[str, ...] = ()
    plan: str = ""
    spent: tuple[tuple[str, str], ...] = field(default=())
    limit: int = 0


def view_of(value: Story | StoryRecord | State | Novel) -> View:
    """Return the view of a story, of its record, of the state it stands at, or of what `write` returned."""
    if isinstance(value, State):
        return of_states([value])
    if isinstance(value, Novel):
        return _view(_of_novel(value))
    if isinstance(value, Story):
        return _view(replace(_of_record(value.record), limit=value.settings.memory_words))
    return _view(_of_record(value))


def of_states(states: Sequence[State], limit: int = 0) -> View:
    """Return the view of a story by the states it went through, oldest first; `limit` is that of the short memory."""
    if not states:
        return View("no story", quiet("no story"))
    steps = [_of_state(state, before) for before, state in zip([None, *states[:-1]], states, strict=True)]
    last = states[-1]
    return _view(Tale(last.title, tuple(steps), last.plans, last.plan, limit=limit))


def _of_state(state: State, before: State | None) -> Told:
    return Told(
        state.paragraphs,
        state.written or (state.paragraph,),
        before.memory if before else "",
        state.memory,
        before.plans if before else (),
        state.followed,
        _by_id(state.recalled),
        state.rationale,
    )


def _by_id(ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """What came to mind, where only its ids are on record: those of paragraphs tell their number."""
    return tuple((f"¶{int(one[1:])}" if re.fullmatch(r"p\d{6,}", one, re.ASCII) else one, "") for one in ids)


def _of_novel(novel: Novel) -> Tale:
    state = novel.state
    told = Told(state.paragraphs, novel.paragraphs, "", state.memory, (), state.followed, (), state.rationale)
    return Tale(state.title, (told,), state.plans, state.plan)


def _of_record(record: StoryRecord) -> Tale:
    steps: list[Told] = []
    memory, count = "", 0
    plans: tuple[str, ...] = ()
    for event in record.done:
        if event["type"] == "written":
            count += len(event["written"])
            steps.append(_of_event(event, count, memory, plans))
            memory, plans = event["memory"], tuple(event["plans"])
        elif event["type"] == "memory":
            steps.append(Told(count, (), memory, event["text"], by="the short memory was edited by hand"))
            memory = event["text"]
        elif event["type"] in ("imported", "manuscript"):
            count = len(event["paragraphs"])
            steps.append(Told(count, (), memory, memory, by=f"the text was {_BY_HAND[event['type']]}"))
        elif event["type"] == "ended":
            count = event["number"]
            steps.append(Told(count, (), memory, event["memory"], by="the branch begins here"))
            memory, plans = event["memory"], tuple(event["plans"])
        elif event["type"] == "read":
            steps.append(Told(count, (), memory, event["memory"], by="the model read what is there"))
            memory, plans = event["memory"], tuple(event["plans"]) or plans
    usage = record.usage
    spent = (("calls", f"{usage.calls:,}"), ("tokens", f"{usage.tokens:,}"))
    state = record.state
    return Tale(record.title, tuple(steps), state.plans if state else (), state.plan if state else "", spent)


_BY_HAND = {"imported": "taken over from elsewhere", "manuscript": "edited by hand"}


def _of_event(event: Mapping[str, Any], number: int, memory: str, plans: tuple[str, ...]) -> Told:
    recall = [
        (f"¶{one['number']} «{one['quote']}» ({one['score']:.2f})", one["why"]) for one in event.get("recall", ())
    ]
    return Told(
        number,
        tuple(event["written"]),
        memory,
        event["memory"],
        plans,
        event.get("followed", ""),
        tuple(recall) or _by_id(event["recalled"]),
        event["rationale"],
    )


def _view(tale: Tale) -> View:
    cards = _newest(tale.steps)
    at = len(tale.steps) - len(cards)
    brief, before = tale.steps[max(0, at - BRIEF) : at], max(0, at - BRIEF)
    more = f"… {lines.number(before, 'step')} before" if before else ""
    bars = ribbon([count_words(step.memory) for step in tale.steps], tale.limit)
    html: list[Content] = [tag("b", lines.cut(tale.title, 200)), strip(summary(tale)), bars, quiet(more)]
    html += [_brief(brief), *cards, _next(tale)]
    text = [lines.line(tale.title), words(summary(tale)), more]
    text += [*(lines.line(f"{name} {what}") for name, what, _ in map(_told_briefly, brief))]
    text += [*map(_text, tale.steps[at:]), _next_text(tale)]
    return View("\n".join(filter(None, text)), joined(html))


def _newest(steps: Sequence[Told]) -> list[Markup]:
    """The newest step in full, and those before it behind a line each, as far as there is room."""
    cards: list[Markup] = []
    room = _ROOM
    for step in reversed(steps[-MOST:]):
        card = _folded(step) if cards and not step.by else _card(step)
        room -= len(card.encode())
        if cards and room < 0:
            break
        cards.insert(0, card)
    return cards


def _brief(steps: Sequence[Told]) -> Markup:
    if not steps:
        return Markup("")
    return table(("", "earlier steps", "short memory"), map(_told_briefly, steps))


def _told_briefly(step: Told) -> tuple[str, str, str]:
    size = lines.number(count_words(step.memory), "word")
    if step.by:
        return "", step.by, size
    return f"¶{_numbers(step)}", lines.line(step.followed or " ".join(step.paragraphs), 90), size


def summary(tale: Tale) -> list[tuple[str, str]]:
    """Return names and values that sum a story up."""
    memory = tale.steps[-1].memory if tale.steps else ""
    return [
        ("paragraphs", str(tale.steps[-1].number if tale.steps else 0)),
        ("short memory", lines.number(count_words(memory), "word")),
        *tale.spent,
    ]


def _card(step: Told) -> Markup:
    if step.by:
        return card(tag("div", quiet(step.by)), *_memory(step), meaning="warm")
    whole = "\n\n".join(step.paragraphs)
    left = tag("div", tag("b", f"¶{_numbers(step)}"), prose(whole, 2500), style="flex:3 1 20em")
    right = tag("div", *_memory(step), *_recalled(step), style="flex:2 1 16em;font-size:.92em")
    return card(tag("div", left, right, style="display:flex;flex-wrap:wrap;gap:.3em 1.5em"), *_plans(step))


def _folded(step: Told) -> Markup:
    return folded(f"¶{_numbers(step)} {lines.line(step.followed or ' '.join(step.paragraphs), 80)}", _card(step))


def _numbers(step: Told) -> str:
    first = step.number - len(step.paragraphs) + 1
    return str(step.number) if first >= step.number else f"{first}–{step.number}"


def _memory(step: Told) -> list[Markup]:
    if not step.before:
        return [quiet("short memory"), prose(step.memory, 1500)]
    if step.before == step.memory:
        return [quiet("short memory: unchanged")]
    why = folded("why, in the writer's words", prose(step.rationale, 600)) if step.rationale else Markup("")
    return [quiet("short memory, against the step before"), changed(step.before, step.memory, 12), why]


def _recalled(step: Told) -> list[Markup]:
    told = [tag("div", lines.cut(name, 200), " ", quiet(lines.cut(why, 300))) for name, why in step.recalled[:8] if why]
    told += [tag("span", lines.cut(" · ".join(name for name, why in step.recalled[:8] if not why), 400))]
    head = tag("div", quiet("came to mind from the long memory"))
    return [tag("div", head, *told, style="margin-top:.4em")] if step.recalled else []


def _plans(step: Told) -> list[Markup]:
    if not step.followed and not step.offered:
        return []
    own = " (the plan chosen is none of them)" if step.followed and step.followed not in step.offered else ""
    head = f"the plans on offer{own}" if step.followed else "plans; which was chosen is not on record"
    head = head if step.offered else "the plan it was written from"
    return [tag("div", quiet(head), _cards(step.offered, step.followed), style="margin-top:.4em")]


def _cards(plans: Sequence[str], chosen: str) -> Markup:
    """The plans side by side; the chosen one on a tint, the others paler.

    Those that were offered are numbered. One that is not among them has no number: a person's own, or one whose
    neighbours are not on record.
    """
    told = []
    own = [("", chosen)] if chosen and chosen not in plans else []
    for number, plan in [*((f"{at}. ", plan) for at, plan in enumerate(plans, 1)), *own]:
        text, style = lines.cut(plan, 500), "flex:1 1 13em;font-size:.92em"
        if plan == chosen:
            told.append(tag("div", number, chip("chosen", "good"), " ", tinted(text, "good", 0.2), style=style))
        else:
            told.append(tag("div", number, text, style=f"{style};opacity:{PALE}" if chosen else style))
    return tag("div", *told, style="display:flex;flex-wrap:wrap;gap:.3em 1.5em")


def _next(tale: Tale) -> Markup:
    if not tale.plans:
        return Markup("")
    return card(tag("b", "next"), _cards(tale.plans, tale.plan), meaning="told")


def _text(step: Told) -> str:
    if step.by:
        told = [lines.wrapped(step.by, "   ", "-- ")]
    else:
        told = [lines.wrapped(" ".join(step.paragraphs), "   ", f"¶{_numbers(step)} ", most=400)]
    if step.before and step.before != step.memory:
        told.append(lines.wrapped(f"memory: {lines.diff(step.before, step.memory)}", "     ", "   - ", most=500))
    elif not step.before:
        told.append(lines.wrapped(f"memory: {step.memory}", "     ", "   - ", most=400))
    told += [
        lines.wrapped(f"came to mind: {name} {why}", "     ", "   - ", most=240) for name, why in step.recalled[:8]
    ]
    if step.followed:
        told.append(lines.wrapped(f"plan: {step.followed}", "     ", "   - ", most=300))
    return "\n".join(told)


def _next_text(tale: Tale) -> str:
    offered = [*tale.plans, *([tale.plan] if tale.plan and tale.plan not in tale.plans else [])]
    return "\n".join(
        lines.wrapped(plan, "     ", f"{'=>' if plan == tale.plan else '  '} {number}. ", most=400)
        for number, plan in enumerate(offered, 1)
    )
