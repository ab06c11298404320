"""HippoRAG 2 at work: how a question spreads over the graph, from its seeds to the passages that it finds.

show(memory.graph.spread("Where was the boat of Mara's brother built?"))
show(memory.graph.spread(question, facts=linked.facts, candidates=linked.candidates))  # what the filter left
show(memory.graph.spread(question, without="Mara", cut=[("the Heron", "Skarvik")]))   # what hung on these
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from memagent.display import hits, lines
from memagent.display.graph_key import key
from memagent.display.graph_picture import multiples, path_told, picture, places
from memagent.display.markup import PALE, Content, Markup, card, chip, folded, joined, quiet, table, tag, tinted
from memagent.display.shapes import bar, strip, told
from memagent.display.view import View
from memagent.retrievers.graph_spread import Edge, Spread

_FACTS = 12  # candidates that are listed
_NODES = 10  # that the text tells the iteration of


def view_of(spread: Spread) -> View:
    """Return the view of a spread: the graph, the facts that linked, the path, the iteration, and both rankings."""
    return _view(spread, short=False)


def in_short(spread: Spread) -> View:
    """Return the same with its pictures folded, for one that is much like another beside it."""
    return _view(spread, short=True)


def _view(spread: Spread, *, short: bool) -> View:
    html: list[Content] = [tag("q", lines.cut(spread.question, 400)), strip(summary(spread)), _taken(spread)]
    if spread.nodes:
        at = places(spread)
        drawn = [picture(spread, at), key(spread)]
        html += [folded("the graph, drawn", *drawn) if short else joined(drawn), _seeds(spread)]
        html += [_hops(spread), _facts(spread)]
        html += [folded("the walk, step by step", multiples(spread, at), open=not spread.taken and not short)]
    else:
        html += [told("warm", [f"nothing links the question with the graph: {spread.reason}"])]
    html += [_rankings(spread)]
    return View(_text(spread), joined(html))


def summary(spread: Spread) -> list[tuple[str, str]]:
    """Return names and values that sum a spread up."""
    kept = sum(fact.kept for fact in spread.facts)
    return [
        ("facts that link", f"{kept} of {len(spread.facts)}"),
        ("seeds", str(len(spread.seeds))),
        (
            "nodes",
            f"{len(spread.nodes):,} of {len(spread.nodes) + spread.more:,}" if spread.more else str(len(spread.nodes)),
        ),
        ("edges", f"{len(spread.edges):,}"),
    ]


def _taken(spread: Spread) -> Markup:
    return told("warm", [f"taken out: {one}" for one in spread.taken])


def _seeds(spread: Spread) -> Markup:
    """The seeds with their weights: how many starts each has, in proportion."""
    told = [(lines.line(node.label, 40), f"{node.seed:.2f}") for node in spread.seeds]
    return joined([quiet("seeds and their weights "), strip(told)]) if told else Markup("")


def _hops(spread: Spread) -> Markup:
    if not spread.path:
        return Markup("")
    last = lines.line(spread.nodes[spread.path[-1]].label, 80)
    if len(spread.path) < 2:
        alone = " got most of its share by itself, as it is like the question, and over no path"
        return card(tag("b", last), alone, meaning="warm")
    hops = (tag("div", tag("b", f"hop {number} "), what) for number, what in enumerate(_hop_words(spread), 1))
    return card(tag("div", "the path that carried ", tag("b", last)), *hops, meaning="warm")


def _hop_words(spread: Spread) -> list[str]:
    """What each hop of the path goes over: a fact, or that a passage says it."""
    found = []
    for a, b in zip(spread.path, spread.path[1:], strict=False):
        both = [edge for edge in spread.edges if {edge.a, edge.b} == {a, b}]
        ends = f"{lines.line(spread.nodes[a].label, 60)} → {lines.line(spread.nodes[b].label, 60)}"
        found.append(f"{ends} ({_over(both)})")
    return found


def _over(edges: Sequence[Edge]) -> str:
    facts = [fact for edge in edges for fact in edge.facts]
    if facts:
        return lines.line(f"fact: {facts[0]}", 120)
    kinds = {edge.kind for edge in edges}
    said = {"context": "the passage speaks of it", "title": "it is the passage's title", "synonym": "synonyms"}
    return next(
        (words for kind, words in said.items() if kind in kinds), ", ".join(sorted(kinds)) or "no edge is shown"
    )


def _facts(spread: Spread) -> Markup:
    shown = spread.facts[:_FACTS]
    rows = (
        tag(
            "div",
            chip("linked", "good") if fact.kept else chip("left out", "grey"),
            " ",
            lines.cut(fact.text, 200),
            style=None if fact.kept else f"opacity:{PALE}",
        )
        for fact in shown
    )
    more = [quiet(f"and {len(spread.facts) - _FACTS} more")] if len(spread.facts) > _FACTS else []
    return folded("facts that are like the question", *rows, *more, open=True)


def _rankings(spread: Spread) -> Markup:
    first = max(spread.hits[0].score, 1e-9) if spread.hits else 1.0
    rows: list[tuple[Content, ...]] = []
    for rank, (ours, theirs) in enumerate(zip_longest(spread.hits, spread.dense), 1):
        own: tuple[Content, ...] = ("", "", "")
        if ours is not None:
            score = joined([f"{ours.score:.4f} ", bar(ours.score / first, "warm", 4)])
            own = (tag("b", hits.named(ours, 50)), score, _moved(spread, rank))
        other = (hits.named(theirs, 50), f"{theirs.score:.2f}") if theirs is not None else ("", "")
        rows.append((rank, *own, *other))
    head = ("", "by the graph", "share", "moved", "by vectors alone", "score")
    return tag("div", table(head, rows), style="margin-top:.6em")


def _moved(spread: Spread, rank: int) -> Content:
    word = _moved_word(spread, rank)
    return tinted(word, "good", 0.22) if word.startswith(("up", "new")) else word


def _moved_word(spread: Spread, rank: int) -> str:
    """How the passage that the graph ranks at `rank` moved against the ranking by vectors."""
    ids = [hit.id for hit in spread.dense]
    if spread.hits[rank - 1].id not in ids:
        return "new"
    before = ids.index(spread.hits[rank - 1].id) + 1
    return "same" if rank == before else f"up {before - rank}" if rank < before else f"down {rank - before}"


def _text(spread: Spread) -> str:
    told = [
        lines.line(spread.question),
        lines.wrapped(" · ".join(f"{name} {value}" for name, value in summary(spread))),
    ]
    told += [lines.line(f"taken out: {one}") for one in spread.taken]
    told += [lines.wrapped(f"nothing links the question with the graph: {spread.reason}")] if not spread.nodes else []
    seeds = " · ".join(f"{node.label} {node.seed:.2f}" for node in spread.seeds)
    told += [lines.wrapped(f"seeds: {seeds}", "  ", "", most=600)] if seeds else []
    told += [
        lines.wrapped(f"{'linked  ' if fact.kept else 'left out'}  {fact.text}", "            ", "  ", most=200)
        for fact in spread.facts[:_FACTS]
    ]
    if spread.path:
        told += [lines.wrapped(f"path: {path_told(spread)}", "  ", "", most=600)]
        told += [
            lines.wrapped(f"hop {number}  {what}", "         ", "  ")
            for number, what in enumerate(_hop_words(spread), 1)
        ]
    if spread.nodes:
        told += ["", _steps(spread)]
    return "\n".join([*told, "", _table(spread)]).rstrip()


def _steps(spread: Spread) -> str:
    count = min(len(node.steps) for node in spread.nodes)
    head = ["share by step", *(str(step) for step in range(count)), "in all"]
    body = [
        [node.label, *(f"{value:.3f}" for value in node.steps[:count]), f"{node.rank:.3f}"]
        for node in spread.nodes[:_NODES]
    ]
    return lines.rows(head, body, [0, *[6] * count, 6])


def _table(spread: Spread) -> str:
    body = []
    for rank, (ours, theirs) in enumerate(zip_longest(spread.hits, spread.dense), 1):
        own = (hits.named(ours, 30), _moved_word(spread, rank)) if ours is not None else ("", "")
        body.append((rank, *own, hits.named(theirs, 30) if theirs is not None else ""))
    return lines.rows(("", "by the graph", "", "by vectors alone"), body, [3, 32, 8, 0])
