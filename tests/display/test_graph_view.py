"""The spread of a question over the graph: what it computes, and how it is drawn."""

from __future__ import annotations

import re
from itertools import combinations

import made_memories as made
import numpy as np
import pytest
from looked_at import check_display, check_html, poisoned

from memagent import Controller, Memory, Note
from memagent.display.graph import in_short
from memagent.display.graph_layout import LETTER, layout
from memagent.display.graph_picture import HEIGHT, SMALL, WIDTH, places
from memagent.display.lines import columns
from memagent.display.view import view
from memagent.errors import NotFound, UsageProblem
from memagent.indexing.facts import find_facts
from memagent.methods.hipporag import link
from memagent.retrievers.graph_spread import Spread
from memagent.retrievers.graph_spreading import WHOLE


@pytest.fixture(scope="module")
def memory() -> Memory:
    return made.graph_memory()


@pytest.fixture(scope="module")
def spread(memory: Memory) -> Spread:
    return memory.graph.spread(made.QUESTION, passage="wreck")


def met(count: int) -> Spread:
    """A spread over a graph of some two nodes for each of so many names, long ones and Chinese ones."""
    names = [f"灯塔看守人{n}号" if n % 3 else f"The keeper of the lighthouse number {n}" for n in range(count)]
    said = {
        f"Tale {n}": (
            f"{names[n]} met {names[n + 1]} at the harbour.",
            [(names[n], "met", names[(n + step) % count]) for step in (1, 7)],
        )
        for n in range(count - 1)
    }
    with made.graph_memory(said) as kept:
        return kept.graph.spread(f"Whom did {names[3]} meet?", k=8)


@pytest.fixture(scope="module")
def large() -> Spread:
    return met(90)


def named(spread: Spread) -> list[str]:
    return [spread.nodes[place].label for place in spread.path]


def test_a_spread_is_what_the_search_goes_through(memory: Memory, spread: Spread) -> None:
    assert list(spread.hits) == memory.search(made.QUESTION, using="graph")
    assert list(spread.dense) == memory.search(made.QUESTION, using="dense")
    ranks = {node.id: node.rank for node in spread.nodes if node.kind == "passage"}
    assert all(ranks[hit.id] == pytest.approx(hit.score) for hit in spread.hits)
    assert [node.rank for node in spread.nodes] == sorted((n.rank for n in spread.nodes), reverse=True)
    assert {node.label for node in spread.seeds} >= {"Mara Lindqvist", "Tomas Lindqvist"}


def test_the_iteration_begins_at_the_seeds_and_comes_to_the_ranks(spread: Spread) -> None:
    steps = np.array([node.steps for node in spread.nodes])
    ranks = np.array([node.rank for node in spread.nodes])
    assert steps.sum(axis=0) == pytest.approx(np.ones(steps.shape[1]))
    far = np.abs(steps - ranks[:, None]).sum(axis=0)
    assert list(far) == sorted(far, reverse=True) and far[0] > 0.1 > far[-1]
    seeded = np.array([bool(node.seed) or node.kind == "passage" for node in spread.nodes])
    assert steps[~seeded, 0].max() == 0.0


def test_what_the_filter_leaves_out_is_greyed(memory: Memory) -> None:
    linked = Controller("offline", memory).run(link(made.QUESTION, keep=1)).value
    assert len(linked.facts) == 1 < len(linked.candidates)
    found = memory.graph.spread(made.QUESTION, facts=linked.facts, candidates=linked.candidates)
    assert [fact.kept for fact in found.facts].count(True) == 1 and len(found.facts) == len(linked.candidates)
    assert list(found.hits) == memory.search(made.QUESTION, using="graph", facts=[linked.facts[0].id])
    assert any(edge.dropped for edge in found.edges)
    text, read = check_display(found)
    assert text.count("left out") == len(linked.candidates) - 1 and "a fact that the filter left out" in read
    assert "(left out by the filter)" in read


def test_the_path_is_told_hop_by_hop(memory: Memory, spread: Spread) -> None:
    text, read = check_display(spread)
    assert named(spread)[-1] == "Wreck" and len(spread.path) >= 2
    assert "hop 1" in text and "hop 1" in read and " → ".join(named(spread)) in text
    cut = memory.graph.spread(made.QUESTION, passage="Wreck", cut=[("Skarvik", "Wreck")])
    assert named(cut) != named(spread)


def test_a_seed_or_an_edge_that_is_taken_out_gives_another_picture(memory: Memory, spread: Spread) -> None:
    without = memory.graph.spread(made.QUESTION, without="mara  lindqvist")
    assert "Mara Lindqvist" not in {node.label for node in without.seeds}
    cut = memory.graph.spread(made.QUESTION, cut=[("Tomas Lindqvist", "the Heron")])
    ends = {frozenset((cut.nodes[edge.a].label, cut.nodes[edge.b].label)) for edge in cut.edges}
    assert frozenset(("Tomas Lindqvist", "the Heron")) not in ends
    heron = [next(n.rank for n in one.nodes if n.label == "the Heron") for one in (spread, cut)]
    assert heron[1] < heron[0]
    pages = {str(view(one).html) for one in (spread, without, cut)}
    assert len(pages) == 3 and "taken out: the seed mara  lindqvist" in check_display(without)[1]
    assert list(spread.hits) == memory.search(made.QUESTION, using="graph")  # nothing has changed


def test_names_that_are_not_there_are_told(memory: Memory) -> None:
    for options, told in (
        ({"without": "Nobody"}, "no phrase or passage 'Nobody'"),
        ({"without": "bakery"}, "'bakery' is no seed"),
        ({"cut": [("bakery", "Skarvik")]}, "no edge joins 'bakery' and 'Skarvik'"),
        ({"passage": "nowhere"}, "no passage 'nowhere'"),
    ):
        with pytest.raises(NotFound, match=told):
            memory.graph.spread(made.QUESTION, **options)
    with pytest.raises(UsageProblem, match="'dense' is no graph search"):
        memory.graph.spread(made.QUESTION, using="dense")
    with pytest.raises(UsageProblem, match="would show nothing"):
        memory.graph.spread(" ")


def test_without_seeds_the_view_says_why(memory: Memory) -> None:
    seeds = [node.label for node in memory.graph.spread(made.QUESTION).seeds]
    bare = memory.graph.spread(made.QUESTION, without=seeds)
    text, _ = check_display(bare)
    assert bare.nodes == () and "all seeds were taken out" in text and bare.hits
    with Memory(":memory:", single_user=True) as empty:
        assert "the memory holds no facts" in check_display(empty.graph.spread("Who?"))[0]


def test_other_forms_of_the_graph_spread_too(memory: Memory) -> None:
    for using in ("graph:paper", "graph:reference"):
        found = memory.graph.spread(made.QUESTION, using=using)
        assert list(found.hits) == memory.search(made.QUESTION, using=using)
        check_display(found)


def test_the_view_has_both_rankings_and_three_small_pictures(spread: Spread) -> None:
    text, read = check_display(spread)
    html = view(spread).html
    assert (
        html.count(f'viewBox="0 0 {SMALL[0]:g}') == 3
        and "after 5 steps" in read
        and "from the beginning on" in read
        and "by vectors alone" in read
    )
    assert html.split("</svg>")[0].count('stroke-width="2"') == len(spread.seeds)
    for word in ("up ", "Keeper", "share by step"):
        assert word in text


def test_a_spread_in_short_tells_the_same_with_its_pictures_folded(spread: Spread) -> None:
    whole, short = view(spread), in_short(spread)
    assert short.text == whole.text and "seeds and their weights" in check_html(short.html)
    assert short.html.index("<details") < short.html.index("<svg") and whole.html.index("<svg") < whole.html.index(
        "<details"
    )


def test_no_field_of_a_spread_can_break_out(spread: Spread) -> None:
    _, read = check_display(poisoned(spread), own=False)
    assert "onerror=alert(1)" in read


def name_boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """Where the names of a picture stand: left, top, right, bottom."""
    boxes = []
    for x, y, anchor, size, told in re.findall(
        r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)" font-size="([\d.]+)"[^>]*>([^<]*)<', svg
    ):
        wide = LETTER * float(size) * columns(told)
        left = float(x) - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        boxes.append((left, float(y) - 0.8 * float(size), left + wide, float(y) + 0.25 * float(size)))
    return boxes


def test_forty_nodes_stay_small_and_names_stay_apart_and_inside(large: Spread) -> None:
    assert len(large.nodes) == 40 and large.more > 100
    check_display(large)
    first = view(large).html.split("</svg>")[0]
    boxes = name_boxes(first)
    assert len(boxes) > 10
    assert all(left >= 0 and top >= 0 and right <= WIDTH and low <= HEIGHT for left, top, right, low in boxes)
    for (a, b, c, d), (e, f, g, h) in combinations(boxes, 2):
        assert not (a < g and e < c and b < h and f < d)


def stands(spread: Spread) -> dict[str, tuple[float, float]]:
    """Where the middle of each shape of a picture is, by the name in its title."""
    found = {}
    for shape in re.finditer(r"<(?:circle|rect) ([^>]*)><title>(.*?): \d", view(spread).html.split("</svg>")[0]):
        at = {name: float(value) for name, value in re.findall(r'(\w+)="([\d.]+)"', shape[1])}
        half = at.get("width", 0) / 2
        found[shape[2]] = (at["cx"], at["cy"]) if "cx" in at else (at["x"] + half, at["y"] + half)
    return found


def test_a_node_stands_in_the_same_place_in_every_picture_of_a_graph(memory: Memory, spread: Spread) -> None:
    """Whatever is asked, left out by the filter or taken out: a picture can be compared with the one before it."""
    linked = Controller("offline", memory).run(link(made.QUESTION)).value
    others = [
        memory.graph.spread(made.QUESTION, without="Mara Lindqvist"),
        memory.graph.spread(made.QUESTION, cut=[("Tomas Lindqvist", "the Heron")]),
        memory.graph.spread(made.QUESTION, facts=linked.facts[:1], candidates=linked.candidates),
        memory.graph.spread("Who owns the bakery?"),
    ]
    first = stands(spread)
    assert len(first) == len(spread.nodes) and len(set(first.values())) == len(first)
    for other in others:
        again = stands(other)
        assert len(again) == len(other.nodes) > 10
        for name in first.keys() & again.keys():
            assert again[name] == pytest.approx(first[name], abs=1.5), name


def test_small_pictures_have_the_places_of_the_large_one(spread: Spread) -> None:
    small = view(spread).html.split(f'viewBox="0 0 {SMALL[0]:g}')[1]
    seen = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h0", small)}
    scale = np.array([SMALL[0] / WIDTH, SMALL[1] / HEIGHT])
    seeds = [place for place, node in enumerate(spread.nodes) if node.seed]
    assert seeds
    for place in seeds:
        x, y = (places(spread)[place] * scale).tolist()
        assert (round(x), round(y)) in seen


def test_what_the_walk_does_not_reach_is_drawn_without_a_name_and_counted() -> None:
    with made.graph_memory({**made.SAID, "Far": ("Otters swim in Vik.", [("Otters", "swim in", "Vik")])}) as kept:
        far = kept.graph.spread(made.QUESTION)
    assert far.more >= 2 and "Otters" not in {node.label for node in far.nodes}
    text, read = check_display(far)
    assert f"nodes {len(far.nodes)} of {len(far.nodes) + far.more}" in " ".join(text.split())
    assert f"{far.more} nodes that the walk does not reach" in read and "Otters" not in view(far).html


def test_the_key_has_a_mark_for_each_kind_of_line_and_no_other(spread: Spread) -> None:
    _, read = check_display(spread)
    assert "ring: seed" in read and "the path" in read and "the filter left out" not in read
    picture, rest = view(spread).html.split("</svg>", 1)
    key = rest.split("<details")[0]
    drawn = set(re.findall(r'stroke-dasharray="([\d ]+)"', picture))
    assert drawn and drawn == set(re.findall(r'stroke-dasharray="([\d ]+)"', key))


def test_the_largest_graph_that_is_laid_out_as_a_whole_stays_small_and_a_larger_one_is_not() -> None:
    whole = met(30)
    assert len(whole.ground.nodes) == 59 <= WHOLE and len(whole.nodes) == 40
    check_display(whole)
    assert len(met(32).ground.nodes) == 40


def test_no_name_stands_on_a_line_of_the_path() -> None:
    """The yard book is at the right edge: its name goes under it, over a thin line, and not over the bold one."""
    pages = {
        "Parish book": "Tomas Venn is the brother of Mara Venn. Mara Venn has a grey cat.",
        "Crew list": "Tomas Venn sailed on the Heron.",
        "Yard book": "Olaf Brandt built the Heron.",
        "Gazetteer": "Olaf Brandt worked in Vikholm. Vikholm belongs to Nordland.",
        "Letter": "The brother of Edvard Lund sailed on a boat. Jens Lund built it.",
        "Newspaper": "Ida Moe built a boat. Ida Moe won the race.",
        "Mail table": "The Petrel carries the mail to Skarvik. The Petrel was built in Bergen.",
        "Bird diary": "Puffins nest on the north cliff.",
    }
    with Memory(":memory:", single_user=True) as kept:
        kept.add([Note(text, title=title) for title, text in pages.items()])
        find_facts(kept.extractions, Controller("offline", kept))
        question = "Who built the boat that the brother of Mara Venn sailed on?"
        made_of = kept.graph.spread(question, k=6, passage="Yard book")
    assert named(made_of) == ["Tomas Venn", "Heron", "Yard book"]
    first = view(made_of).html.split("</svg>")[0]
    bold = [
        [float(found) for found in re.findall(r'[xy][12]="([\d.]+)"', line)]
        for line in re.findall(r"<line [^>]*>", first)
        if 'stroke-width="3.5"' in line
    ]
    assert len(bold) == 2
    for box in name_boxes(first):
        for x1, y1, x2, y2 in bold:
            for share in np.linspace(0, 1, 60):
                x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
                assert not (box[0] < x < box[2] and box[1] < y < box[3]), box


def test_no_node_stands_on_the_line_of_others(spread: Spread, large: Spread) -> None:
    for one, least in ((spread, 25.0), (large, 10.0)):
        at = places(one)
        for a, b in {(edge.a, edge.b) for edge in one.edges}:
            along = at[b] - at[a]
            for node in set(range(len(at))) - {a, b}:
                share = np.clip((at[node] - at[a]) @ along / (along @ along), 0, 1)
                assert np.linalg.norm(at[node] - at[a] - share * along) > least


def test_the_layout_is_the_same_every_time_and_joined_nodes_are_near() -> None:
    edges = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    first, again = (layout(6, edges, 300, 200, 20) for _ in range(2))
    assert (first == again).all() and first.min() >= 20 and (first <= [280, 180]).all()
    far = np.linalg.norm(first[:, None] - first[None], axis=2)
    joined = np.mean([far[a, b] for a, b in edges])
    assert joined < np.mean([far[a, b] for a in range(3) for b in range(3, 6)])
    assert layout(1, [], 300, 200, 20).shape == (1, 2) and layout(0, [], 300, 200, 20).shape == (0, 2)
