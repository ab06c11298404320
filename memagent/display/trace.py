"""A trace as a waterfall: what each step was, when it ran and how long, what it cost, what was asked and answered."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.display import costs, lines
from memagent.display.markup import Content, Markup, chip, folded, joined, quiet, solid, table, tag, tinted
from memagent.display.shapes import TEXT, strip, unbroken, words
from memagent.display.timeline import Placed, alone, placed
from memagent.display.told import told
from memagent.display.view import View
from memagent.steps import FindRationales, Generate, Inquire, Retrieve, Say
from memagent.trace import Record, Trace

MOST = 32
"""Steps that a view shows; it says how many more there are."""

_ROOM = 9_500  # characters of prompts and replies in all
_BAR = 12.0  # letters


def view_of(trace: Trace) -> View:
    """Return the waterfall of a trace."""
    steps = alone(placed(trace))
    return View(_text(trace, steps), joined([strip(summary(trace)), html_of(trace, steps)]))


def in_short(trace: Trace) -> Markup:
    """Return the waterfall of the first steps that cost something, with less of their prompts."""
    return html_of(trace, [one for one in alone(placed(trace)) if not _is_said(one)], most=24, room=7000)


def summary(trace: Trace) -> list[tuple[str, str]]:
    """Return names and values that sum a trace up."""
    usage = trace.usage
    whole = _whole(placed(trace))
    about = "about " if usage.estimated else ""
    found = [
        ("entries", f"{len(trace):,}"),
        ("calls", f"{usage.calls:,}"),
        ("searches", f"{sum(isinstance(record.step, Retrieve | FindRationales) for record in trace):,}"),
        ("tokens", f"{about}{usage.tokens:,}"),
        ("cost", costs.money(usage)),
        ("time", lines.seconds(whole)),
    ]
    replayed = sum(trace.was_replayed(record.path) for record in trace)
    return [*found, ("replayed", str(replayed))] if replayed else found


def brief(trace: Trace) -> str:
    """Return what a run cost, on one line."""
    return " · ".join(f"{name} {value}" for name, value in spent(trace))


def spent(trace: Trace) -> list[tuple[str, str]]:
    """Return names and values of what a run cost: `summary` without the count of all that is on record."""
    return summary(trace)[1:]


def html_of(trace: Trace, steps: Sequence[Placed], *, most: int = MOST, room: int = _ROOM) -> Markup:
    """Return the waterfall of some steps; of their prompts and replies, `room` characters in all.

    Where they have more, the short ones are whole, and the longest are cut in the middle.
    """
    shown, whole = steps[:most], _whole(steps)
    room = _longest([len(text) for one in shown for _, text in _texts(one.record)], room)
    head = (
        "kind",
        "what",
        tag("div", quiet(f"{lines.seconds(whole)} in all"), style=f"width:{_BAR + 0.2}em"),
        "took",
        "tokens, cost",
    )
    rows = [_row(trace, one, whole, room) for one in shown]
    more: Content = quiet(f"… and {len(steps) - most} more: show(result.trace)") if len(steps) > most else ""
    costs_by_kind: Content = costs.table_of(trace)
    behind: Content = folded("by kind of prompt", costs_by_kind) if costs_by_kind else ""
    return joined([table(head, rows), more, behind])


def _row(trace: Trace, one: Placed, whole: float, room: int) -> tuple[Content, ...]:
    took = lines.seconds(one.seconds)
    indent = f"padding-left:{1.2 * one.depth:.1f}em;white-space:nowrap"
    if one.record is None:
        name, branches = (
            tag("div", chip("at once"), style=indent),
            quiet(lines.number(one.branches, "branch", "branches")),
        )
        return name, branches, _bar(one, whole, "grey"), unbroken(took), ""
    record = one.record
    kind, what = told(record)
    meaning = "low" if record.error else _MEANING.get(kind, "grey")
    again: Content = joined([" ", chip("replayed", "good")]) if trace.was_replayed(record.path) else ""
    name = tag("div", chip(kind, meaning), again, style=indent)
    usage = record.usage
    spent = f"{usage.input_tokens:,} → {usage.output_tokens:,}, {costs.money(usage)}" if usage.calls else ""
    inside = _opened(record, what, room)
    return name, inside, _bar(one, whole, meaning), unbroken(took), unbroken(spent)


def _opened(record: Record, what: str, room: int) -> Markup:
    """What a step was about, with a call's prompt and reply behind it, and the error that it ended with."""
    error = record.error
    failed: Content = tag("div", tinted(lines.line(f"{type(error).__name__}: {error}", 200), "low")) if error else ""
    summed = lines.line(what, 90)
    if not isinstance(record.step, Generate):
        return joined([summed, failed])
    said = [joined([quiet(who), tag("div", lines.cut_within(text, room), style=TEXT)]) for who, text in _texts(record)]
    return joined([folded(summed, *said), failed])


def _bar(one: Placed, whole: float, meaning: str) -> Markup:
    begin, took = (one.start / whole, one.seconds / whole) if whole else (0.0, 0.0)
    place = f"margin:.35em 0 0 {_BAR * begin:.1f}em;width:{max(0.1, _BAR * took):.1f}em;height:.7em"
    return tag("div", style=f"{place};background:{solid(meaning)}")


def _text(trace: Trace, steps: Sequence[Placed]) -> str:
    rows, whole = [], _whole(steps)
    for one in steps[:MOST]:
        kind, what = (
            ("at once", lines.number(one.branches, "branch", "branches")) if one.record is None else told(one.record)
        )
        if one.record is not None and one.record.error is not None:
            what = f"{type(one.record.error).__name__}: {what}"
        replayed = one.record is not None and trace.was_replayed(one.record.path)
        tokens = f"{one.record.usage.tokens:,}" if one.record is not None and one.record.usage.calls else ""
        name = f"{'  ' * one.depth}{kind}{' (replayed)' if replayed else ''}"
        rows.append((name, what, _mark(one, whole), lines.seconds(one.seconds), tokens))
    more = f"\n… and {len(steps) - MOST} more" if len(steps) > MOST else ""
    head = ("kind", "what", "when", "took", "tokens")
    longest = max([lines.columns(row[0]) for row in rows] + [4])
    return f"{words(summary(trace))}\n{lines.rows(head, rows, (min(24, longest), 0, 12, 8, 6))}{more}"


def _mark(one: Placed, whole: float, width: int = 12) -> str:
    if not whole:
        return ""
    begin = min(width - 1, int(width * one.start / whole))
    return "·" * begin + "█" * max(1, min(width - begin, round(width * one.seconds / whole)))


def _whole(steps: Sequence[Placed]) -> float:
    return max((one.start + one.seconds for one in steps), default=0.0)


def _is_said(one: Placed) -> bool:
    return one.record is not None and isinstance(one.record.step, Say | Inquire)


def _texts(record: Record | None) -> list[tuple[str, str]]:
    """The prompts and the reply of a call, each with who said it; nothing for another step."""
    if record is None or not isinstance(record.step, Generate):
        return []
    request = record.step.request
    said: list[tuple[str, str]] = [(message.role, message.content) for message in request.messages]
    said += [("the reply as far as it is there", request.prefill)] * bool(request.prefill)
    return [*said, ("reply", record.answer.text)] if record.answer else said


def _longest(sizes: Sequence[int], room: int) -> int:
    """How long a text may be, that all of them fit into a room when the longer ones are cut to that."""
    left = room
    for number, size in enumerate(ordered := sorted(sizes)):
        share = left // (len(ordered) - number)
        if size > share:
            return share
        left -= size
    return room


_MEANING = {"generate": "told", "retrieve": "warm", "tell": "low", "remember": "good", "write": "good", "keep": "good"}
