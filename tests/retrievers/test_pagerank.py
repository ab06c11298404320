"""Personalized PageRank: the exact solver against a dense solution and networkx, the fast ones against it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.errors import UsageProblem
from memagent.retrievers import pagerank
from memagent.retrievers.pagerank import PageRank


def made(count, edges):
    pairs = np.array([edge[:2] for edge in edges], dtype=np.int32).reshape(-1, 2)
    return PageRank(count, pairs, np.array([edge[2] for edge in edges], dtype=np.float32))


def dense(count, edges, reset, damping=0.5):
    """The ranks by solving the linear system, with mass at nodes without edges going back to the reset vector."""
    weights = np.zeros((count, count))
    for a, b, weight in edges:
        if a != b:
            weights[a, b] += np.float32(weight)
            weights[b, a] += np.float32(weight)
    v = np.asarray(reset, dtype=float) / np.sum(reset)
    degree = weights.sum(axis=1)
    walk = np.where(degree[:, None] > 0, weights / np.where(degree, degree, 1)[:, None], v[None])
    return np.linalg.solve(np.eye(count) - damping * walk.T, (1 - damping) * v)


@st.composite
def graphs(draw):
    """A graph with parallel edges, loops and nodes without edges, and a reset vector."""
    count = draw(st.integers(1, 12))
    node = st.integers(0, count - 1)
    weight = st.floats(0.0009765625, 1024, width=32)
    edges = draw(st.lists(st.tuples(node, node, weight), max_size=30))
    seeds = draw(
        st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count).filter(lambda row: sum(row) > 1e-3)
    )
    return count, edges, seeds


def test_check_4_a_path_to_twelfths():
    walk = made(3, [(0, 1, 1.0), (1, 2, 1.0)])
    assert walk.exact([1, 0, 0]) == pytest.approx([7 / 12, 1 / 3, 1 / 12], abs=1e-12)


def test_check_5_mass_at_a_passage_without_phrases_goes_back_to_the_seeds():
    a, b, passage, alone = range(4)
    walk = made(4, [(a, b, 2.0), (passage, a, 1.0), (passage, b, 1.0)])  # the relation counted from both its ends
    ranks = walk.exact([1.0, 0, 0, 0.05])
    assert ranks[[a, b, passage, alone]] == pytest.approx([0.601045, 0.235192, 0.139373, 0.024390], abs=6e-7)


@settings(max_examples=300, deadline=None)
@given(graphs(), st.sampled_from([0.0, 0.3, 0.5, 0.85]))
def test_exact_is_the_solution_of_the_linear_system(graph, damping):
    count, edges, reset = graph
    found = made(count, edges).exact(reset, damping=damping)
    assert found == pytest.approx(dense(count, edges, reset, damping), abs=1e-9)
    assert found.sum() == pytest.approx(1.0)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.sampled_from([2e-2, 2e-4, 2e-6]))
def test_fast_is_as_near_as_it_says(graph, accuracy):
    count, edges, reset = graph
    walk = made(count, edges)
    assert np.abs(walk.fast(reset, accuracy=accuracy) - walk.exact(reset)).sum() <= 40 * accuracy + 1e-5


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_pushing_comes_to_the_same(graph):
    count, edges, reset = graph
    walk = made(count, edges)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pagerank, "_SWEPT", -1)
        patch.setattr(pagerank, "_HELD", 1e-4)
        found = walk.fast(reset, accuracy=1e-6)
    assert found == pytest.approx(walk.exact(reset), abs=1e-5)


def knowledge(nodes, edges, seed=0):
    """A graph in which few nodes have most of the edges."""
    rng = np.random.default_rng(seed)
    ends = (nodes * rng.random((edges, 2)) ** 3).astype(np.int32)
    return PageRank(nodes, ends, rng.random(edges).astype(np.float32) + np.float32(0.1))


@pytest.mark.parametrize("swept", [True, False])
def test_the_best_twenty_of_a_larger_graph_are_right(swept, monkeypatch):
    walk, rng = knowledge(20_000, 60_000), np.random.default_rng(1)
    if not swept:
        monkeypatch.setattr(pagerank, "_SWEPT", 0)
    resets = np.zeros((20, 20_000))
    for reset in resets:
        reset[rng.integers(0, 20_000, 5)] = 1.0
        reset[rng.integers(0, 20_000, 200)] += 0.05 * rng.random(200)
    exact, fast = walk.exact(resets), np.array([walk.fast(reset) for reset in resets])
    best = [set(np.argsort(-ranks)[:20].tolist()) for ranks in exact]
    found = [set(np.argsort(-ranks)[:20].tolist()) for ranks in fast]
    assert np.mean([len(one & other) / 20 for one, other in zip(best, found, strict=True)]) >= 0.99


def test_networkx_agrees():
    networkx = pytest.importorskip("networkx")
    pytest.importorskip("scipy", reason="networkx.pagerank needs scipy")
    rng = np.random.default_rng(2)
    pairs = rng.integers(0, 200, (600, 2)).astype(np.int32)
    weights = rng.random(600).astype(np.float32) + np.float32(0.01)
    graph = networkx.Graph()
    graph.add_nodes_from(range(210))  # ten without edges
    for (a, b), weight in zip(pairs.tolist(), weights.tolist(), strict=True):
        if a != b:
            graph.add_edge(a, b, weight=graph.get_edge_data(a, b, {"weight": 0.0})["weight"] + weight)
    reset = {node: 1.0 if node < 3 else 0.01 * (node % 7) for node in range(210)}
    theirs = networkx.pagerank(graph, alpha=0.5, personalization=reset, dangling=reset, tol=1e-14, max_iter=500)
    ours = PageRank(210, pairs, weights).exact(list(reset.values()))
    assert ours == pytest.approx([theirs[node] for node in range(210)], abs=1e-10)


def test_many_resets_at_once_are_each_by_itself():
    walk, rng = knowledge(500, 2_000), np.random.default_rng(3)
    resets = rng.random((37, 500)) * (rng.random((37, 500)) < 0.05)
    resets[:, 0] += 0.1
    for solve in (walk.exact, walk.fast):
        assert solve(resets) == pytest.approx(np.array([solve(reset) for reset in resets]), abs=1e-6)
        assert solve(resets).shape == (37, 500) and solve(resets[0]).shape == (500,)


def test_threads_do_not_disturb_each_other():
    walk, rng = knowledge(3_000, 12_000), np.random.default_rng(4)
    resets = rng.random((64, 3_000)) * (rng.random((64, 3_000)) < 0.02)
    alone = [walk.fast(reset) for reset in resets]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(walk.fast, resets))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_a_graph_without_edges_gives_back_the_seeds():
    for ranks in (made(3, []).exact([1, 0, 3]), made(3, [(1, 1, 5.0)]).fast([1, 0, 3])):
        assert ranks == pytest.approx([0.25, 0, 0.75])


def test_the_neighbours_and_weights_of_a_node():
    walk = made(4, [(0, 1, 2.0), (2, 0, 3.0), (0, 0, 9.0)])
    nodes, weights = walk.neighbours(0)
    assert dict(zip(nodes.tolist(), weights.tolist(), strict=True)) == {1: 2.0, 2: 3.0}
    assert walk.degree.tolist() == [5.0, 2.0, 3.0, 0.0] and len(walk.neighbours(3)[0]) == 0


@pytest.mark.parametrize(
    ("reset", "options"),
    [
        ([1, 0], {}),
        ([1, 0, -1], {}),
        ([0, 0, 0], {}),
        ([float("nan"), 0, 1], {}),
        ([float("inf"), 0, 1], {}),
        ([1, 0, 0], {"damping": 1.0}),
        ([1, 0, 0], {"damping": -0.1}),
    ],
)
def test_what_is_no_reset_or_damping_is_refused(reset, options):
    walk = made(3, [(0, 1, 1.0)])
    for solve in (walk.exact, walk.fast):
        with pytest.raises(UsageProblem):
            solve(reset, **options)
    with pytest.raises(UsageProblem, match="accuracy"):
        walk.fast([1, 0, 0], accuracy=0)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_an_edge_needs_a_weight(weight):
    with pytest.raises(UsageProblem, match="weights"):
        made(3, [(0, 1, 1.0), (1, 2, weight)])


@pytest.mark.parametrize("times", [1e-4, 1e4])
def test_pushing_does_not_depend_on_the_scale_of_weights(times, monkeypatch):
    monkeypatch.setattr(pagerank, "_SWEPT", 0)
    rng = np.random.default_rng(5)
    ends = (2_000 * rng.random((8_000, 2)) ** 2).astype(np.int32)
    weights = rng.random(8_000).astype(np.float32) + np.float32(0.1)
    reset = np.zeros(2_000)
    reset[rng.integers(0, 2_000, 20)] = 1.0
    one = PageRank(2_000, ends, weights).fast(reset)
    other = PageRank(2_000, ends, (weights * np.float32(times))).fast(reset)
    assert other == pytest.approx(one, abs=2e-6)
