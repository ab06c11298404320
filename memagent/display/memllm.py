"""MemLLM: a text with its reads and writes where they stand, and what each read found or each sentence taught.

show(answer)      # of `memllm`: where the model stopped to read, and what came back
show(written)     # of `memllm_write`: what was kept of each sentence, and what was refused
show(memllm.changed(before, after, memory.facts.history("Ida", "lives in")))   # what an edit did to an answer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memagent.display import lines, triples
from memagent.display.answer_text import html_of, text_of
from memagent.display.markup import PALE, Content, Markup, card, chip, folded, joined, quiet, tag, tinted
from memagent.display.markup import table as html_table
from memagent.display.shapes import TEXT, chips, strip, told, words
from memagent.display.shapes import changed as diff
from memagent.display.view import View
from memagent.memory import Memory
from memagent.methods.memllm_grammar import BadQuery, parse_query
from memagent.methods.memllm_results import ASKED, DROPPED, STOPS, WITH, WITHOUT, Heard
from memagent.methods.memllm_write import Written
from memagent.triples import Refusal
from memagent.types import Answer, Fact, Hit, Part

MOST = 40
"""Parts or sentences that a view shows; it says how many more there are."""

_WENT_ON = tag("span", style="border-left:2px solid currentColor;margin-left:.2em")
_VALUES = 6  # of one read that a chip shows
_QUERIES = 3  # of one read that a chip shows


@dataclass(frozen=True, slots=True)
class Read:
    """A call that was made behind a part of an answer: what it asked, what it found, and why it was dropped."""

    queries: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    dropped: str = ""


def wrote(answer: Answer) -> bool:
    """Whether an answer is one of `memllm`, or of `edited`."""
    return any(part.why.startswith((WITH, WITHOUT, "followed ")) for part in answer.parts)


def of_answer(answer: Answer) -> View:
    """Return the view of an answer with its reads where they stand."""
    shown = list(enumerate(answer.parts[:MOST]))
    reads = [_read_behind(answer, number) for number, _ in shown]
    pieces: list[Content] = []
    text: list[str] = []
    behind = True  # a call, or the beginning
    for (_, part), read in zip(shown, reads, strict=True):
        said = part.text.lstrip(" ") if behind else part.text
        said, behind = (said.rstrip(" "), True) if read else (said, False)
        blank = " " if read and said else ""
        pieces += [lines.cut(said, 3000), *([blank, _chip(read), " "] if read else [])]
        text += [said, *([f"{blank}{_bracket(read)} "] if read else [])]
    found = [read for read in reads if read and not read.dropped]
    counts = [("reads", str(len(found))), ("dropped reads", str(sum(bool(read and read.dropped) for read in reads)))]
    more = f"… and {len(answer.parts) - MOST} more parts" if len(answer.parts) > MOST else ""
    html = [html_of(answer), strip(counts), quiet("as it was written"), card(tag("div", *pieces, style=TEXT))]
    body = [text_of(answer), "", words(counts), lines.wrapped("".join(text).strip(), "  ", "  ", most=4000)]
    return View("\n".join([*body, *_read_texts(found), more]).rstrip(), joined([*html, quiet(more), _reads(found)]))


def view_of(written: Written) -> View:
    """Return the view of what was learnt from a text: each sentence with what was kept of it and what was refused."""
    counts = [
        ("sentences", str(len(written.heard))),
        ("kept", lines.number(len(written.triples), "fact")),
        ("refused", str(len(written.refused))),
    ]
    shown = written.heard[:MOST]
    more = f"… and {len(written.heard) - MOST} more sentences" if len(written.heard) > MOST else ""
    html: list[Content] = [strip(counts), told("low", written.problems)]
    html += [card(*map(_heard, shown)) if shown else refusals(written.refused), quiet(more)]
    text = [words(counts), *(lines.wrapped(f"problem: {one}", "    ", "  ") for one in written.problems[:12])]
    text += [_heard_text(one) for one in shown] if shown else refusal_texts(written.refused)
    return View("\n".join([*text, more]).rstrip(), joined(html))


def changed(before: Answer, after: Answer, history: Sequence[Fact] = (), *, memory: Memory | None = None) -> View:
    """Return what an edit did: the same question before and after it, and the history of what was edited.

    With the memory, the history has the sentences that say so, where there are some; else where each fact is from.
    """
    made = triples.of_facts(list(history), says=triples.says(memory, history) if memory is not None else None)
    same = before.text.strip() == after.text.strip()
    html: list[Content] = [quiet("the answer, before and after"), card(diff(before.text, after.text), meaning="told")]
    html += [quiet("the two are the same")] if same else []
    html += [tag("div", quiet("what the memory holds"), made.html)] if history else []
    text = [
        lines.wrapped(f"{name:<7} {answer.text}", " " * 8, "", most=800)
        for name, answer in (("before", before), ("after", after))
    ]
    return View("\n".join([*text, *([made.text] if history else [])]), joined(html))


def refusals(refused: Sequence[Refusal]) -> Markup:
    """Return what was refused, each with why."""
    return joined(tag("div", _refused(one)) for one in refused[:MOST])


def refusal_texts(refused: Sequence[Refusal]) -> list[str]:
    """Return what was refused, each with why, as lines of text."""
    return [lines.wrapped(f"refused: {_what(one)} ({one.why})", "      ", "    - ", most=400) for one in refused[:MOST]]


def _read_behind(answer: Answer, number: int) -> Read | None:
    """The call at the end of a part. What it asked and found is told by the part that was written with it."""
    part = answer.parts[number]
    if DROPPED in part.why:
        why, _, asked = part.why.partition(f"{DROPPED}: ")[2].partition(ASKED)
        return Read(tuple(filter(None, asked.split(";"))), dropped=why)
    if part.why.startswith("followed "):
        return Read(part.queries, part.hits)
    if STOPS not in part.why:
        return None
    behind: Part | None = next((one for one in answer.parts[number + 1 :] if one.queries), None)
    return Read(behind.queries, behind.hits) if behind else Read((part.why.partition(f"{STOPS} ")[2],))


def _asked(query: str) -> str:
    """A query as people read it: its places apart, and `?` for what is looked for."""
    try:
        found = parse_query(query)
    except BadQuery:
        return lines.line(query, 120)
    return " · ".join(
        lines.line(place, 60) if place else "?" for place in (found.subject, found.relation, found.object)
    )


def _queries(read: Read) -> str:
    shown = "; ".join(map(_asked, read.queries[:_QUERIES]))
    return f"{shown}; {len(read.queries) - _QUERIES} more" if len(read.queries) > _QUERIES else shown


def _value(hit: Hit) -> str:
    return lines.line(" · ".join(hit.triple) or hit.text, 100)


def _chip(read: Read) -> Markup:
    """A call where it stands in the text; the line behind it is where the model went on."""
    if read.dropped:
        asked = f"asked {_queries(read)}" if read.queries else "a call"
        return chip(f"{asked}, dropped: {lines.cut(read.dropped, 200)}", "low")
    more = [chip(f"{len(read.hits) - _VALUES} more")] if len(read.hits) > _VALUES else []
    values = chips("good", *map(_value, read.hits[:_VALUES]))
    return joined([chip(f"read {_queries(read)}", "told"), " → ", values or quiet("nothing"), *more, _WENT_ON])


def _bracket(read: Read) -> str:
    if read.dropped:
        return f"[asked {_queries(read)}, dropped: {read.dropped}]" if read.queries else f"[dropped: {read.dropped}]"
    more = f"; {len(read.hits) - _VALUES} more" if len(read.hits) > _VALUES else ""
    return f"[read {_queries(read)} → {'; '.join(map(_value, read.hits[:_VALUES])) or 'nothing'}{more}]"


def _reads(reads: Sequence[Read]) -> Markup:
    if not reads:
        return Markup("")
    rows = [
        (
            number,
            joined(tag("div", _asked(query)) for query in read.queries[:12]),
            tag("b", triples.named(hit.triple or (hit.text,))),
            f"{hit.score:.2f}",
            quiet(lines.cut(hit.source, 120)),
        )
        for number, read in enumerate(reads, 1)
        for hit in read.hits[:12]
    ]
    return folded("what was read", html_table(("", "asked", "read", "nearness", "from"), rows), open=True)


def _read_texts(reads: Sequence[Read]) -> list[str]:
    return [
        lines.wrapped(
            f"{hit.score:.2f}  {_value(hit)}" + (f"  ({hit.source})" if hit.source else ""), "        ", f"{number:>3} "
        )
        for number, read in enumerate(reads, 1)
        for hit in read.hits[:12]
    ]


def _heard(one: Heard) -> Markup:
    """A sentence with its writes behind it."""
    kept = (
        chip(joined(["write ", triples.named((t.subject, t.relation, t.object)), *_sure(t.confidence)]), "good")
        for t in one.kept
    )
    pieces = [lines.cut(one.text, 1000), *kept, *map(_refused_short, one.refused)]
    bare = not one.kept and not one.refused
    return tag("div", joined(pieces, " "), style=f"opacity:{PALE}" if bare else None)


def _sure(confidence: float) -> list[str]:
    return [f" ({confidence:.2f})"] if confidence < 1 else []


def _refused_short(one: Refusal) -> Markup:
    what = [" ", triples.named((one.triple.subject, one.triple.relation, one.triple.object))] if one.triple else []
    return chip(joined(["refused", *what, ": ", lines.cut(one.why, 200)]), "low")


def _refused(one: Refusal) -> Markup:
    return joined(
        [tinted("refused", "low", 0.22), " ", lines.cut(_what(one), 300), " ", quiet(lines.cut(one.why, 200))]
    )


def _what(one: Refusal) -> str:
    return " | ".join((one.triple.subject, one.triple.relation, one.triple.object)) if one.triple else one.text


def _heard_text(one: Heard) -> str:
    told = [lines.wrapped(one.text, "  ", "", most=600)]
    told += [
        lines.wrapped(
            f"write {t.subject} | {t.relation} | {t.object}{''.join(_sure(t.confidence))}", "      ", "    + "
        )
        for t in one.kept
    ]
    told += [
        lines.wrapped(f"refused{f': {_what(r)}' if r.triple else ''} ({r.why})", "      ", "    - ", most=400)
        for r in one.refused
    ]
    return "\n".join(told)
