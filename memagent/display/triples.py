"""Triples as a table: what is new, what was read, what a newer one took the place of, and the sentence that says so.

show(memory.facts.history("Ida", "lives in"))
show(triples.table(memory, written=written, answer=answer))   # with the sentences, and what became of each
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from memagent.display import lines
from memagent.display.markup import PALE, Content, Markup, chip, joined, quiet, tag
from memagent.display.markup import table as html_table
from memagent.display.shapes import strip, words
from memagent.display.view import View
from memagent.errors import NotFound
from memagent.memory import Memory
from memagent.methods.memllm_write import Written
from memagent.triples import EXACT, Reading
from memagent.types import Answer, Fact

MOST = 30
"""Rows that a view shows; it says how many more there are."""

_MEANING = {"new": "good", "read": "told", "superseded": "low", "ended": "grey", "holds": "grey"}


def view_of(value: Fact | Reading) -> View:
    """Return the view of one fact, or of what a read found."""
    return of_reading(value) if isinstance(value, Reading) else of_facts([value])


def of_facts(
    facts: Sequence[Fact],
    *,
    new: Collection[str] = (),
    read: Collection[str] = (),
    says: Mapping[str, str] | None = None,
) -> View:
    """Return the view of some facts, such as a history.

    Args:
        facts: in the order in which they are shown.
        new: the ids of those that have just been written.
        read: the ids of those that an answer has read.
        says: for the ids of passages, what they say.
    """
    if not facts:
        return View("no facts", quiet("no facts"))
    shown = facts[:MOST]
    states = [_states(fact, new, read) for fact in shown]
    values = {fact.id: fact.object for fact in facts}
    sentences = [_sentence(fact, says or {}) for fact in shown]
    more = f"… and {len(facts) - MOST} more" if len(facts) > MOST else ""
    rows = [_row(*one, values) for one in zip(shown, states, sentences, strict=True)]
    head = (_unbroken(one) for one in ("", "subject", "relation", "object", "held", "because"))
    html = html_table(head, rows)
    text = [_text(*one, values) for one in zip(shown, states, sentences, strict=True)]
    return View("\n".join([*text, more]).rstrip(), joined([html, quiet(more)]))


def of_reading(reading: Reading) -> View:
    """Return the view of what a read found: each value, how near it is to what was asked, and its fact."""
    more = "there was more than was read" if reading.truncated else ""
    if not reading.values:
        return View("nothing was found", quiet("nothing was found"))
    rows = [
        (
            tag("b", lines.cut(value.text, 200)),
            f"{value.distance:.3f}" + (" (just this)" if value.distance < EXACT else ""),
            lines.cut(value.fact.text, 300),
            quiet(_held(value.fact)),
        )
        for value in reading.values[:MOST]
    ]
    text = [
        lines.wrapped(
            f"{value.text}  (distance {value.distance:.3f}: {value.fact.text}, {_held(value.fact)})", "    ", ""
        )
        for value in reading.values[:MOST]
    ]
    html = html_table(("value", "distance", "stands in", "held"), rows)
    return View("\n".join([*text, more]).rstrip(), joined([html, quiet(more)]))


def table(
    memory: Memory,
    *,
    written: Written | None = None,
    answer: Answer | None = None,
    facts: Iterable[Fact] | None = None,
) -> View:
    """Return the table of the triples of a memory, with the sentences that say so.

    Args:
        memory: bound to the scope whose facts are shown.
        written: what `memllm_write` returned: its triples are marked as new.
        answer: what `memllm` returned: the triples that it was given are marked as read.
        facts: which facts; all of all times if not given.
    """
    shown = list(memory.facts.find(history=True) if facts is None else facts)
    new = set(written.ids) if written else set()
    read = {hit.id for part in answer.parts for hit in part.hits} | {hit.id for hit in answer.hits} if answer else set()
    sentences = says(memory, shown[:MOST])
    held = sum(not fact.until for fact in shown)
    counts = [("facts", str(len(shown))), ("hold today", str(held)), ("new", str(len(new))), ("read", str(len(read)))]
    made = of_facts(shown, new=new, read=read, says=sentences)
    return View(f"{words(counts)}\n{made.text}", joined([strip(counts), made.html]))


def says(memory: Memory, facts: Iterable[Fact]) -> dict[str, str]:
    """Return, by id, the texts of the passages that facts cite, apart from those that have gone."""
    found = {}
    for id in {id for fact in facts for id in fact.passages[:2]}:
        try:
            found[id] = memory.get(id).text
        except NotFound:
            continue
    return found


def _states(fact: Fact, new: Collection[str], read: Collection[str]) -> list[str]:
    states = ["new"] * (fact.id in new) + ["read"] * (fact.id in read)
    return [*states, "superseded" if fact.superseded_by else "ended" if fact.until else "holds"]


def _sentence(fact: Fact, says: Mapping[str, str]) -> str:
    """What says so: the sentence, or else where it comes from."""
    told = [says[id] for id in fact.passages if id in says]
    return f"“{lines.cut(told[0], 300)}”" if told else ", ".join(source for source in fact.sources if source)


def _held(fact: Fact, values: Mapping[str, str] | None = None) -> str:
    until = f" until {_day(fact.until)}" if fact.until else ""
    newer = (values or {}).get(fact.superseded_by or "")
    return f"since {_day(fact.at)}{until}" + (f", when it became {newer}" if newer else "")


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute, at.second) == (0, 0, 0) else f"{at:%Y-%m-%d %H:%M}"


def _row(fact: Fact, states: Sequence[str], sentence: str, values: Mapping[str, str]) -> list[Content]:
    object_ = lines.cut(fact.object, 200)
    gone = bool(fact.until)
    sure: list[Content] = [" ", quiet(f"sure {fact.confidence:.2f}")] if fact.confidence < 1 else []
    return [
        joined((_unbroken(chip(state, _MEANING[state])) for state in states), " "),
        _unbroken(lines.cut(fact.subject, 200)),
        _unbroken(lines.cut(fact.relation, 200)),
        joined([tag("del", object_, style=f"opacity:{PALE}") if gone else tag("b", object_), *sure]),
        quiet(lines.cut(_held(fact, values), 200)),
        quiet(sentence),
    ]


def _unbroken(text: str) -> Content:
    """A text that is not broken in its cell, where it is short; or a chip."""
    short = isinstance(text, Markup) or 0 < lines.columns(text) <= 24
    return tag("span", text, style="white-space:nowrap") if short else text


def _text(fact: Fact, states: Sequence[str], sentence: str, values: Mapping[str, str]) -> str:
    sure = f"  (sure {fact.confidence:.2f})" if fact.confidence < 1 else ""
    head = f"{', '.join(states):<15} {fact.subject} | {fact.relation} | {fact.object}{sure}"
    held = lines.wrapped(_held(fact, values), " " * 18, " " * 16, most=200)
    told = [lines.wrapped(sentence, " " * 18, " " * 16, most=320)] if sentence else []
    return "\n".join([lines.wrapped(head, " " * 18, "", most=400), held, *told])


def named(parts: Iterable[str]) -> Markup:
    """Return a triple in one line, its places apart."""
    return joined((lines.cut(part, 120) for part in parts), " · ")
