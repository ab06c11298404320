"""Checks that a graph keeps the contract of `GraphStore`. Each runs over fresh, empty stores of one database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from memagent.errors import NotFound, UsageProblem
from memagent.stores.base import GraphArrays, GraphStore, Link, TripleStore, VectorStore
from memagent.testing.conformance_durable import Acknowledged, durable_checks
from memagent.testing.conformance_many import alike
from memagent.testing.kept import AL, DORA, HOME, KEEPS, SEES, Kept
from memagent.testing.report import ALICE, BOB, ONE, TWO, Check, Report, expect, raises, run_checks
from memagent.types import Scope, Triple

Stores = tuple[VectorStore, TripleStore, GraphStore]


def check_graph_store(
    make: Callable[[], Stores], dim: int = 8, *, reopen: Callable[[Stores], Stores] | None = None
) -> Report:
    """Check the contract of `GraphStore`, each time over a fresh database, with vectors (`dim`,).

    Args:
        make: makes a store of passages, one of facts and a graph over one database.
        dim: the length of their vectors.
        reopen: as for `check_store`, of all three.
    """
    checks = [
        _graph_arrays,
        _graph_links,
        _graph_nearest,
        _graph_limits,
        _graph_scopes,
        _graph_names_alike,
        _graph_hides,
        _graph_in_any_order,
    ]
    named: list[tuple[str, Check[Stores]]] = [(check.__name__, partial(_on_stores, check, dim)) for check in checks]
    durable = durable_checks(
        "graph", lambda made: _fill(Kept(*made, dim)), lambda made, told: _verify(Kept(*made, dim), told), reopen
    )
    return run_checks([*named, *durable], make)


def _on_stores(check: Callable[[Kept], None], dim: int, make: Callable[[], Stores]) -> None:
    check(Kept(*make(), dim))


def _fill(kept: Kept) -> Acknowledged:
    kept.add(ALICE, HOME, KEEPS, SEES)
    kept.graph.link(ALICE, [Link("ida", "bo", 0.5, "met")])
    return [list(kept.graph.arrays(ALICE).names), sorted(map(list, _named(kept, ALICE, "met")))]


def _verify(kept: Kept, told: Acknowledged) -> None:
    expect(kept.graph.links(ALICE) == [Link("bo", "ida", 0.5, "met")], "a link that was acknowledged is lost")
    expect(list(kept.graph.arrays(ALICE).names) == told[0], "the graph has lost a node")
    expect(sorted(map(list, _named(kept, ALICE, "met"))) == told[1], "the graph has lost an edge")


def _graph_arrays(kept: Kept) -> None:
    """P1 says two facts of one subject, P2 the first of them and another; a source says the first once more."""
    first, second, alone = (kept.note(ALICE, text, f"{text}.md") for text in ("P1", "P2", "P3"))
    kept.add(
        ALICE,
        Triple("Erik", "born in", "Montebello", passage=first),
        Triple("Erik", "is a", "player", passage=first),
        Triple("Erik", "born in", "Montebello", passage=second),
        Triple("Erik", "likes", "Montebello", passage=second),
        Triple("Montebello", "birthplace of", "Erik", source="chat"),
        Triple("Erik", "knows", "erik", source="chat"),
    )
    graph = kept.graph.arrays(ALICE)
    phrases = ["erik", "montebello", "player"]
    passages = sorted([first, second, alone])
    expect(list(graph.names) == [*phrases, *passages], f"the nodes are {graph.names}")
    expect(list(graph.kinds) == ["phrase"] * 3 + ["passage"] * 3, f"the kinds are {graph.kinds}")
    expect(graph.seq >= 0 and set(graph.edges) == {"relation", "context"}, f"the edges are {set(graph.edges)}")
    expect(_named(kept, ALICE, "relation") == {("erik", "montebello"): 4.0, ("erik", "player"): 1.0}, "relation edges")
    told = {("erik", first), ("montebello", first), ("player", first), ("erik", second), ("montebello", second)}
    expect(_named(kept, ALICE, "context") == dict.fromkeys(told, 1.0), "context edges")
    for ends, weights in graph.edges.values():
        expect(ends.dtype == np.int32 and weights.dtype == np.float32, "the arrays are of another type")
        pairs = [tuple(pair) for pair in ends.tolist()]
        expect(pairs == sorted(set(pairs)), "edges are not in order, or one is there twice")
        expect((ends[:, 0] < ends[:, 1]).all(), "the smaller node does not come first")
    expect(kept.graph.phrases(ALICE) == phrases, "phrases() are not the phrases of the graph")


def _graph_links(kept: Kept) -> None:
    kept.add(ALICE, HOME, KEEPS, SEES)
    link = Link("The Lighthouse", "gull point", 0.8)
    expect(kept.graph.link(ALICE, [link, Link("Bo", "Ida", 0.5, "met")]) == 2, "link() did not count two new links")
    expect(kept.graph.link(ALICE, [Link("gull point", "the lighthouse", 0.9)]) == 0, "a known pair counted as new")
    wanted = [Link("bo", "ida", 0.5, "met"), Link("gull point", "the lighthouse", 0.9)]
    expect(kept.graph.links(ALICE) == wanted, f"links() gave {kept.graph.links(ALICE)}")
    [weight] = _named(kept, ALICE, "synonym").values()
    expect(abs(weight - 0.9) < 1e-6, "the graph has not the last weight of a link")
    raises(
        NotFound, lambda: kept.graph.link(ALICE, [Link("ida", "bo", 1.0), Link("ida", "lives in", 1.0)]), "no phrase"
    )
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        raises(UsageProblem, partial(kept.graph.link, ALICE, [Link("ida", "bo", wrong)]), f"the weight {wrong}")
    raises(UsageProblem, lambda: kept.graph.link(ALICE, [Link("ida", "IDA", 1.0)]), "a link with itself")
    raises(UsageProblem, lambda: kept.graph.link(ALICE, [Link("ida", "bo", 1.0, "relation")]), "a kind of facts")
    expect(kept.graph.links(ALICE) == wanted, "a refused link left something")
    kept.store.delete(ALICE, source="b.md")
    expect(kept.graph.links(ALICE) == wanted[1:], "a link outlived its phrase")


def _graph_nearest(kept: Kept) -> None:
    kept.add(ALICE, HOME, KEEPS, SEES)
    found = kept.graph.nearest(ALICE, kept.vector("gull point"), 2)
    expect(found[0][0] == "gull point" and abs(found[0][1] - 1.0) < 1e-3, f"the vector of a phrase found {found}")
    expect(len(found) == 2 and found[0][1] >= found[1][1], "nearest() is not best first, or not up to k")
    expect(len(kept.graph.nearest(ALICE, kept.vector("ida"), 9)) == 4, "nearest() has not every phrase once")


def _graph_limits(kept: Kept) -> None:
    kept.add(ALICE, *(Triple(f"Boat {number}", "lies by", "the harbour") for number in range(30)))
    for k, wanted in ((1, 1), (5, 5), (31, 31), (40, 31)):
        found = [name for name, _ in kept.graph.nearest(ALICE, kept.vector("boat 3"), k)]
        expect(len(found) == len(set(found)) == wanted, f"nearest() found {len(found)} of 31 phrases for k={k}")


def _graph_scopes(kept: Kept) -> None:
    for scope in (ONE, TWO, ALICE):
        kept.add(scope, replace(HOME, passage=kept.note(scope, f"Text of {scope}")))
        kept.graph.link(scope, [Link("ida", "gull point", 0.5 if scope == ONE else 0.7)])
    kept.add(TWO, SEES)
    for other in (BOB, AL):
        graph = kept.graph.arrays(other)
        expect(not graph.names and not any(len(ends) for ends, _ in graph.edges.values()), "arrays() crosses users")
        expect(not kept.graph.links(other) and not kept.graph.phrases(other), "links() or phrases() cross users")
        expect(not kept.graph.nearest(other, kept.vector("ida"), 3), "nearest() crosses users")
    expect(
        len(kept.graph.arrays(ONE).names) == 3 and len(kept.graph.arrays(TWO).names) == 5, "arrays() leaves a session"
    )
    expect(kept.graph.links(ONE) == [Link("gull point", "ida", 0.5)], "links() leaves a session")
    expect(kept.graph.phrases(ONE) == ["gull point", "ida"], "phrases() leaves a session")
    whole = kept.graph.arrays(DORA)
    expect(len(whole.names) == 6, f"two sessions share two phrases, and the nodes of their user are {whole.names}")
    expect(_named(kept, DORA, "relation")["gull point", "ida"] == 2.0, "two sessions' passages do not add up")
    expect(kept.graph.links(DORA) == [Link("gull point", "ida", 0.7)], "two sessions' links are not one")
    expect(len(kept.graph.nearest(DORA, kept.vector("ida"), 9)) == 4, "nearest() has a phrase of two sessions twice")
    raises(NotFound, lambda: kept.graph.link(ONE, [Link("bo", "ida", 1.0)]), "a phrase of another session")


def _graph_names_alike(kept: Kept) -> None:
    """Every verb that reads, asked by users whose names a careless comparison takes for another's."""
    upper = [Scope(user="boris"), Scope(user="Boris")]
    for own, others in (
        (ALICE, [*(Scope(user=name) for name in alike("alice")), Scope()]),
        (Scope(user="BORIS"), upper),
    ):
        kept.add(own, replace(HOME, passage=kept.note(own, "Ida lives at Gull Point.")))
        kept.graph.link(own, [Link("ida", "gull point", 0.5)])
        before = kept.graph.arrays(own)
        for other in others:
            _sees_nothing(kept, other, before)
            kept.add(other, SEES)
            expect(kept.graph.phrases(other) == ["bo", "the lighthouse"], f"{other} has other phrases than its own")
        expect(_same(kept.graph.arrays(own), before), f"the facts of another user are in the graph of {own}")
        expect(kept.graph.phrases(own) == ["gull point", "ida"], f"phrases() of {own} crosses users")


def _sees_nothing(kept: Kept, other: Scope, theirs: GraphArrays) -> None:
    graph, vector = kept.graph, kept.vector("ida")
    expect(not graph.arrays(other).names, f"arrays() of {other} crosses users")
    expect(not graph.links(other) and not graph.phrases(other), f"links() or phrases() of {other} cross users")
    expect(not graph.nearest(other, vector, 3), f"nearest() of {other} crosses users")
    expect(graph.cosines(other, ["ida"], vector).tolist() == [-1.0], f"cosines() of {other} cross users")
    expect(not len(graph.mentioned(other, theirs, "Ida").places), f"mentioned() of {other} crosses users")
    for kind in ("passage", "fact"):
        for query in ("Ida", vector):
            expect(not len(graph.rank(other, theirs, kind, query).places), f"rank() of {other} crosses users")
    link = [Link("ida", "gull point", 0.9)]
    raises(NotFound, lambda: graph.link(other, link), f"link() of {other} with another user's phrases")


def _graph_hides(kept: Kept) -> None:
    passage = kept.note(ALICE, "Ida lives at Gull Point.", "p.md")
    kept.add(ALICE, SEES)
    before = kept.graph.arrays(ALICE)
    kept.add(ALICE, replace(HOME, passage=passage))
    kept.graph.link(ALICE, [Link("ida", "gull point", 0.5), Link("ida", "bo", 0.5)])
    full = kept.graph.arrays(ALICE)
    kept.passages.retire(ALICE, [passage])
    hidden = kept.graph.arrays(ALICE)
    expect(hidden.names == tuple(name for name in before.names if name != passage), "a forgotten passage is a node")
    expect(kept.graph.phrases(ALICE) == ["bo", "the lighthouse"], "a phrase of a forgotten passage is seen")
    expect(not kept.graph.links(ALICE), "a link of a phrase that is hidden is seen")
    near = [name for name, _ in kept.graph.nearest(ALICE, kept.vector("ida"), 3)]
    expect(sorted(near) == ["bo", "the lighthouse"], f"a phrase of a forgotten passage is found: {near}")
    kept.passages.restore(ALICE, [passage])
    expect(_same(kept.graph.arrays(ALICE), full), "a restored passage does not bring back the graph")


def _graph_in_any_order(kept: Kept) -> None:
    for scope, order in ((ALICE, 1), (BOB, -1)):
        told: list[Triple | Link] = [HOME, KEEPS, SEES, replace(SEES, source="c.md")]
        for triple in told[::order]:
            kept.add(scope, triple)  # type: ignore[arg-type]
        links = [Link("ida", "bo", 0.5), Link("the lighthouse", "gull point", 0.9), Link("bo", "gull point", 0.1)]
        for link in links[::order]:
            kept.graph.link(scope, [link])
        for text in ("fog", "rain", "sun")[::order]:
            kept.note(scope, text)
    expect(_same(kept.graph.arrays(ALICE), kept.graph.arrays(BOB)), "another order of adding gave another graph")


def _named(kept: Kept, scope: Scope, kind: str) -> dict[tuple[str, str], float]:
    """The edges of a kind, by the names of their nodes."""
    graph = kept.graph.arrays(scope)
    ends, weights = graph.edges[kind]
    pairs = [(graph.names[a], graph.names[b]) for a, b in ends.tolist()]
    return dict(zip(pairs, weights.tolist(), strict=True))


def _same(one: GraphArrays, other: GraphArrays) -> bool:
    """Whether two graphs are equal, apart from the number of the change that they show."""
    nodes = (one.kinds, one.names, one.edges.keys()) == (other.kinds, other.names, other.edges.keys())
    return nodes and all(
        np.array_equal(mine, its)
        for kind in one.edges
        for mine, its in zip(one.edges[kind], other.edges[kind], strict=True)
    )
