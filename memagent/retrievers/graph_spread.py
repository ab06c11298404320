"""How a question spreads over the graph: the values that say it. They are made by `graph_spreading`."""

from __future__ import annotations

from dataclasses import dataclass

from memagent.shown import Shown
from memagent.types import Hit


@dataclass(frozen=True, slots=True)
class Node:
    """A phrase or a passage.

    Attributes:
        label: how it is written: a phrase as a fact has it, a passage by its title or its beginning.
        kind: `phrase` or `passage`.
        rank: what passages are ranked by: the probability that a walk is here.
        seed: the weight with which walks begin here as a phrase that the question is linked with; 0 for none.
        steps: where a walk is after 0, 1, ... steps.
        id: of a passage; '' for a phrase.
        number: the node's in the whole graph, the same in every spread over the same facts.
    """

    label: str
    kind: str
    rank: float
    seed: float = 0.0
    steps: tuple[float, ...] = ()
    id: str = ""
    number: int = -1


@dataclass(frozen=True, slots=True)
class Edge:
    """Two nodes, by their places among those of the spread, that a walk may go between.

    Attributes:
        a, b: the places.
        kind: `relation`, `context`, `title`, `synonym`, or the kind of a link.
        weight: as the search weighs it.
        facts: of a relation, some of the facts that join the two.
        dropped: all of these are facts that a filter left out.
    """

    a: int
    b: int
    kind: str
    weight: float
    facts: tuple[str, ...] = ()
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fact that is like the question: whether the search began with it, or a filter left it out."""

    id: str
    text: str
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Ground:
    """What a picture of a spread stands on: nodes and edges as the graph has them, nothing taken out.

    Two spreads over a graph that is small enough to be laid out as a whole have the same ground, whatever was asked,
    filtered or taken out, so that a node can stand in the same place in both. Of a larger graph it is what is shown.

    Attributes:
        nodes: their numbers in the whole graph, the smallest first.
        edges: pairs of these numbers.
    """

    nodes: tuple[int, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Spread(Shown):
    """How a question spread over the graph.

    Attributes:
        question: what was looked for.
        nodes: those that are shown, the highest rank first; none where nothing links the question with the graph.
        edges: between these nodes.
        facts: those that were candidates for linking the question with the graph.
        path: places of nodes: over these most of the rank of a passage came, from where it began to the passage.
        hits: the passages as the graph ranks them.
        dense: the passages as vectors alone rank them.
        more: how many nodes of the graph are not shown.
        taken: what was taken out, in words.
        reason: why nothing links the question with the graph, where nothing does.
        ground: what the picture of it stands on.
    """

    question: str
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    facts: tuple[Candidate, ...] = ()
    path: tuple[int, ...] = ()
    hits: tuple[Hit, ...] = ()
    dense: tuple[Hit, ...] = ()
    more: int = 0
    taken: tuple[str, ...] = ()
    reason: str = ""
    ground: Ground = Ground()

    @property
    def seeds(self) -> tuple[Node, ...]:
        """The nodes at which walks begin, the weightiest first."""
        return tuple(sorted((node for node in self.nodes if node.seed), key=lambda node: -node.seed))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be spread, and how much of it shown; see `memory.graph.spread`."""

    question: str
    k: int = 5
    facts: tuple[str, ...] | None = None
    candidates: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    cut: tuple[tuple[str, str], ...] = ()
    passage: str = ""
    most: int = 40
