"""Personalized PageRank: the exact solver against a dense solution and networkx, the fast ones against it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.errors import UsageProblem
from memagent.retrievers import pagerank
from memagent.retrievers.pagerank import PageRank

ROUNDING = 2e-6  # of ranks up to 1 in single precision, over some ten steps


@contextmanager
def solved(how):
    """Have `fast` go through all of a graph of any size, or stay near the seeds in one of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pagerank, "_WHOLE", {"whole": 10**12, "near": 0, "as it is": pagerank._WHOLE}[how])
        patch.setattr(pagerank, "_MOST", {"whole": 0, "near": 10**12, "as it is": pagerank._MOST}[how])
        yield


WAYS = pytest.mark.parametrize("how", ["whole", "near"])
DAMPINGS = st.sampled_from([0.0, 0.3, 0.5, 0.85, 0.97])


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
    weight = st.floats(-1, 1).map(lambda power: float(np.float32(1e3**power)))
    edges = draw(st.lists(st.tuples(node, node, weight), max_size=30))
    seeds = draw(
        st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count).filter(lambda row: sum(row) > 1e-3)
    )
    return count, edges, seeds


@st.composite
def power_laws(draw):
    """A graph in which few nodes have most of the edges, and a reset vector with few seeds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    nodes, edges = draw(st.integers(20, 400)), draw(st.integers(20, 1500))
    reset = np.zeros(nodes)
    reset[rng.integers(0, nodes, draw(st.integers(1, 20)))] = rng.random() + 0.01
    return knowledge(nodes, edges, rng), reset


def knowledge(nodes, edges, rng):
    """A graph in which few nodes have most of the edges."""
    ends = (nodes * rng.random((edges, 2)) ** 3).astype(np.int32)
    return PageRank(nodes, ends, rng.random(edges).astype(np.float32) + np.float32(0.1))


def seeded(count, queries, rng):
    resets = np.zeros((queries, count), dtype=np.float32)
    for reset in resets:
        reset[rng.integers(0, count, 5)] = 1.0
        reset[rng.integers(0, count, 200)] += 0.05 * rng.random(200, dtype=np.float32)
    return resets


def share(walk):
    """The degree of each node over the mean, 0 for nodes without edges."""
    return walk.degree / (walk.degree[walk.degree > 0].mean() if walk.degree.any() else 1)


def test_check_4_a_path_to_twelfths():
    walk = made(3, [(0, 1, 1.0), (1, 2, 1.0)])
    assert walk.exact([1, 0, 0]) == pytest.approx([7 / 12, 1 / 3, 1 / 12], abs=1e-12)


def test_check_5_mass_at_a_passage_without_phrases_goes_back_to_the_seeds():
    a, b, passage, alone = range(4)
    walk = made(4, [(a, b, 2.0), (passage, a, 1.0), (passage, b, 1.0)])  # the relation counted from both its ends
    ranks = walk.exact([1.0, 0, 0, 0.05])
    assert ranks[[a, b, passage, alone]] == pytest.approx([0.601045, 0.235192, 0.139373, 0.024390], abs=6e-7)
    for how in ("whole", "near"):
        with solved(how):
            assert walk.fast([1.0, 0, 0, 0.05], accuracy=1e-7) == pytest.approx(ranks, abs=ROUNDING)


@settings(max_examples=300, deadline=None)
@given(graphs(), st.sampled_from([0.0, 0.3, 0.5, 0.85]))
def test_exact_is_the_solution_of_the_linear_system(graph, damping):
    count, edges, reset = graph
    found = made(count, edges).exact(reset, damping=damping)
    assert found == pytest.approx(dense(count, edges, reset, damping), abs=1e-9)
    assert found.sum() == pytest.approx(1.0)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.sampled_from([2e-2, 2e-4, 2e-6]))
def test_fast_is_as_near_as_it_says_where_all_is_gone_through(graph, accuracy):
    count, edges, reset = graph
    walk = made(count, edges)
    assert np.abs(walk.fast(reset, accuracy=accuracy) - walk.exact(reset)).sum() <= 40 * accuracy + 1e-5


def near_enough(walk, reset, damping, accuracy):
    """Assert that every node is as near to its exact rank as `fast` says, and not above it."""
    with solved("near"):
        found = walk.fast(reset, damping=damping, accuracy=accuracy).astype(float)
    exact = walk.exact(reset, damping=damping)
    assert (np.abs(found - exact) <= accuracy / 20 * share(walk) + ROUNDING).all()
    assert (found <= exact + ROUNDING).all()


@settings(max_examples=200, deadline=None)
@given(graphs(), DAMPINGS, st.sampled_from([0.2, 2e-3, 2e-5]))
def test_near_the_seeds_fast_is_as_near_as_it_says(graph, damping, accuracy):
    count, edges, reset = graph
    near_enough(made(count, edges), reset, damping, accuracy)


@settings(max_examples=100, deadline=None)
@given(power_laws(), DAMPINGS, st.sampled_from([0.2, 2e-3, 2e-5]))
def test_near_the_seeds_fast_is_as_near_as_it_says_where_few_nodes_have_most_edges(graph, damping, accuracy):
    near_enough(*graph, damping, accuracy)


@WAYS
@settings(max_examples=200, deadline=None)
@given(graph=graphs())
def test_both_ways_come_to_the_same(how, graph):
    count, edges, reset = graph
    walk = made(count, edges)
    with solved(how):
        found = walk.fast(reset, accuracy=1e-6)
    assert found == pytest.approx(walk.exact(reset), abs=1e-5)


@WAYS
def test_a_smaller_accuracy_brings_the_ranks_nearer(how):
    rng = np.random.default_rng(5)
    walk, reset = knowledge(3_000, 12_000, rng), seeded(3_000, 1, rng)[0]
    exact = walk.exact(reset)
    with solved(how):
        errors = [np.abs(walk.fast(reset, accuracy=10.0**-power) - exact).sum() for power in range(1, 6)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 100


@pytest.mark.parametrize("how", ["whole", "near", "as it is"])
def test_the_best_twenty_passages_of_a_larger_graph_are_right(how):
    rng = np.random.default_rng(1)
    walk, resets = knowledge(50_000, 200_000, rng), seeded(50_000, 10, rng)
    exact = walk.exact(resets)
    with solved(how):
        fast = walk.fast(resets)
    # Of the half with few edges, as passages are: what a node with many may be off grows with its edges.
    best, found = ([np.argsort(-row[25_000:])[:20].tolist() for row in rows] for rows in (exact, fast))
    assert np.mean([len(set(one) & set(other)) / 20 for one, other in zip(best, found, strict=True)]) >= 0.99


def test_in_a_large_graph_the_work_stays_near_the_seeds():
    count = 200_000
    nodes = np.arange(count, dtype=np.int32)
    ring = PageRank(count, np.stack([nodes, (nodes + 1) % count], 1), np.ones(count, dtype=np.float32))
    reset = np.zeros(count)
    reset[7] = 2.0
    ranks = ring.fast(reset)
    [found] = np.nonzero(ranks)
    assert len(found) < 80 and ((found < 40) | (found > count - 40)).all()
    # On an endless line the rank is (1 - d) / sqrt(1 - d²) at the seed, and d / (1 + sqrt(1 - d²)) of it a step away.
    at_seed, step = 0.5 / np.sqrt(0.75), 0.5 / (1 + np.sqrt(0.75))
    assert ranks[[7, 8, 5]] == pytest.approx(at_seed * step ** np.array([0, 1, 2]), abs=2e-5)


def test_where_too_much_is_near_the_seeds_all_of_the_graph_is_gone_through():
    rng = np.random.default_rng(6)
    walk, reset = knowledge(500, 2_000, rng), seeded(500, 1, rng)[0]
    with solved("whole"):
        whole = walk.fast(reset)
    with solved("near"):
        near = walk.fast(reset)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pagerank, "_MOST", 0.2)
            given_up = walk.fast(reset)
        again = walk.fast(reset)
    assert np.array_equal(given_up, whole) and not np.array_equal(near, whole)
    assert np.array_equal(again, near)


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


@WAYS
def test_many_resets_at_once_are_each_by_itself(how):
    rng = np.random.default_rng(3)
    walk, resets = knowledge(500, 2_000, rng), seeded(500, 37, rng)
    with solved(how):
        for solve in (walk.exact, walk.fast):
            together = solve(resets)
            assert together.shape == (37, 500) and solve(resets[0]).shape == (500,)
            assert np.array_equal(together, np.array([solve(reset) for reset in resets]))
            assert solve(resets[:0]).shape == (0, 500)


@WAYS
def test_what_the_seeds_do_not_reach_has_no_rank(how):
    walk = made(6, [(0, 1, 1.0), (2, 3, 1.0), (4, 5, 1.0)])
    with solved(how):
        ranks = walk.fast([1, 0, 3, 0, 0, 0], accuracy=1e-6)
    assert ranks == pytest.approx([1 / 6, 1 / 12, 1 / 2, 1 / 4, 0, 0], abs=ROUNDING)
    assert ranks[4:].tolist() == [0, 0]


@WAYS
def test_threads_do_not_disturb_each_other(how):
    rng = np.random.default_rng(4)
    walk, resets = knowledge(3_000, 12_000, rng), seeded(3_000, 64, rng)
    with solved(how):
        alone = walk.fast(resets)
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(walk.fast, resets))
    assert np.array_equal(alone, together)


def test_a_graph_without_edges_gives_back_the_seeds():
    for ranks in (made(3, []).exact([1, 0, 3]), made(3, [(1, 1, 5.0)]).fast([1, 0, 3])):
        assert ranks == pytest.approx([0.25, 0, 0.75])


def test_a_graph_without_nodes_has_nothing_to_begin_at():
    walk = made(0, [])
    assert walk.exact(np.zeros((0, 0))).shape == walk.fast(np.zeros((0, 0))).shape == (0, 0)
    for solve in (walk.exact, walk.fast):
        with pytest.raises(UsageProblem, match="one above 0"):
            solve([])


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
        ([1, 0, 0], {"damping": float("nan")}),
        ([[1, 0, 0], [0, 0, 0]], {}),
        ([[[1, 0, 0]]], {}),
        (1.0, {}),
    ],
)
def test_what_is_no_reset_or_damping_is_refused(reset, options):
    walk = made(3, [(0, 1, 1.0)])
    for solve in (walk.exact, walk.fast):
        with pytest.raises(UsageProblem):
            solve(reset, **options)
    with pytest.raises(UsageProblem, match="accuracy"):
        walk.fast([1, 0, 0], accuracy=0)
    with pytest.raises(UsageProblem, match="tolerance"):
        walk.exact([1, 0, 0], tolerance=1)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_an_edge_needs_a_weight(weight):
    with pytest.raises(UsageProblem, match="weights"):
        made(3, [(0, 1, 1.0), (1, 2, weight)])


@pytest.mark.parametrize("edge", [(0, 3, 1.0), (-1, 0, 1.0)])
def test_an_edge_needs_two_nodes(edge):
    with pytest.raises(UsageProblem, match="outside 0 to 2"):
        made(3, [edge])


def test_edges_of_another_shape_are_refused():
    for pairs, weights in (((2, 3), 2), ((2, 2), 3)):
        with pytest.raises(UsageProblem, match=r"\(m, 2\)"):
            PageRank(3, np.zeros(pairs, dtype=np.int32), np.ones(weights, dtype=np.float32))


@WAYS
@pytest.mark.parametrize("times", [2.0**-60, 1e-4, 1e4, 2.0**60])
def test_the_scale_of_weights_and_of_resets_does_not_matter(how, times):
    rng = np.random.default_rng(5)
    ends = (2_000 * rng.random((8_000, 2)) ** 2).astype(np.int32)
    weights = rng.random(8_000).astype(np.float32) + np.float32(0.1)
    reset = np.zeros(2_000)
    reset[rng.integers(0, 2_000, 20)] = 1.0
    with solved(how):
        one = PageRank(2_000, ends, weights).fast(reset)
        other = PageRank(2_000, ends, (weights * np.float32(times))).fast(reset * times)
    assert other == pytest.approx(one, abs=2e-6)


def test_weights_of_any_size_come_to_an_end_near_the_seeds(monkeypatch):
    """The share of a node among edges of 1e30 is no number any more; its residual would be passed on for ever."""
    monkeypatch.setattr("memagent.retrievers.pagerank._WHOLE", -1)
    monkeypatch.setattr("memagent.retrievers.pagerank._MOST", 1e9)
    pairs = np.array([[0, 1], [1, 2], [3, 4], [4, 5], [2, 3]], dtype=np.int32)
    weights = np.array([1e-38, 1e-38, 3e38, 3e38, 1e-44], dtype=np.float32)
    walk = PageRank(6, pairs, weights)
    for damping in (0.5, 0.99):
        found = walk.fast(np.array([1.0, 0, 0, 0, 0, 0]), damping=damping)
        exact = walk.exact(np.array([1.0, 0, 0, 0, 0, 0]), damping=damping)
        assert np.abs(found - exact).max() < 2e-5


def test_the_steps_of_the_iteration_begin_at_the_reset_and_come_to_the_ranks():
    pairs = np.array([[0, 1], [1, 2], [2, 3], [0, 3]], dtype=np.int32)
    walk = PageRank(5, pairs, np.array([1, 2, 1, 3], dtype=np.float32))  # the last node has no edges
    reset = np.array([3, 0, 0, 0, 1], dtype=np.float32)
    steps = walk.steps(reset, 40)
    assert steps.shape == (41, 5) and steps[0].tolist() == [0.75, 0, 0, 0, 0.25]
    assert steps.sum(axis=1) == pytest.approx(np.ones(41))
    exact = walk.exact(reset)
    assert steps[-1] == pytest.approx(exact, abs=1e-9)
    for number, step in enumerate(steps[:10]):
        assert np.abs(step - exact).sum() <= 2 * 0.5**number + 1e-12
    with pytest.raises(UsageProblem, match="count=-1"):
        walk.steps(reset, -1)
