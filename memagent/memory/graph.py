"""`memory.graph`: phrases and passages as one graph, to look at and to take elsewhere.

alice.graph.find_synonyms()
alice.graph.to_networkx()
alice.graph.graphml("memory.graphml")
alice.graph.spread("Who keeps the light?")
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from memagent.errors import UsageProblem
from memagent.files import replace
from memagent.memory import arguments
from memagent.memory.core import Core
from memagent.memory.transfer import check_apart
from memagent.stores.base import GraphArrays
from memagent.types import Hit, Scope

if TYPE_CHECKING:
    import networkx

    from memagent.retrievers.graph_spread import Spread

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Graph:
    """The graph of facts and passages that one scope sees. It follows what is added and removed by itself.

    Args:
        core: the open memory.
        scope: whose.

    Raises:
        UsageProblem: by every method, where the memory is a passage store that was given and has no file.
    """

    def __init__(self, core: Core, scope: Scope) -> None:
        self._core = core
        self._scope = scope

    def arrays(self) -> GraphArrays:
        """Return nodes and edges as arrays."""
        return self._core.graph.arrays(self._scope)

    def counts(self) -> Mapping[str, int]:
        """Return how many phrases, passages and facts there are, and edges of each kind."""
        graph = self.arrays()
        nodes = {"phrases": graph.phrases, "passages": len(graph.names) - graph.phrases, "facts": len(graph.facts)}
        return {**nodes, **{f"{kind} edges": len(ends) for kind, (ends, _) in graph.edges.items()}}

    def find_synonyms(self) -> int:
        """Find the phrases that are near by vector and keep the pairs; return how many are new.

        Searches find synonyms without this, by comparing once more after each opening of the file. What is kept here
        saves them that: worth it from some ten thousand phrases on.
        """
        return self._core.graph.find_synonyms(self._scope)

    def spread(
        self,
        question: str,
        k: int = 5,
        *,
        using: str = "graph",
        facts: Iterable[str | Hit] | None = None,
        candidates: Iterable[str | Hit] = (),
        without: str | Iterable[str] = (),
        cut: Iterable[tuple[str, str]] = (),
        passage: str = "",
        most: int = 40,
    ) -> Spread:
        """Return how a question spreads over the graph: what `search(question, k, using="graph")` goes through.

        Nothing is changed; a seed or an edge is taken out for this one spread, to see what hung on it.

        Args:
            question: what is looked for.
            k: how many passages are ranked.
            using: `graph`, `graph:paper` or `graph:reference`.
            facts: the facts to begin with, or their ids, such as those that a filter has left; found if not given.
            candidates: what the filter chose from; what the search would begin with by itself, if not given.
            without: seeds to take out, by their names.
            cut: edges to take out, by the names of their two ends; a passage goes by its id or title.
            passage: the id or title of the passage whose path is told; the best one if not given.
            most: how many nodes to tell of at most.

        Raises:
            UsageProblem: an argument is not of its kind, or the memory is a passage store that was given.
            NotFound: a seed, an edge or a passage that was named is not there.
        """
        from memagent import registry
        from memagent.retrievers.graph import Graph as GraphRetriever
        from memagent.retrievers.graph_spread import Asked
        from memagent.retrievers.graph_spreading import spread

        arguments.check_search(k, query=question)
        if most < 1 or not question.strip():
            raise UsageProblem(f"question={question!r}, most={most} would show nothing", hint="Give a question, and 1.")
        core = self._core
        search = registry.retriever(using, core.passages, core.embedder, triples=core.triples, graph=core.graph)
        if not isinstance(search, GraphRetriever):
            raise UsageProblem(f"{using!r} is no graph search", hint="Use 'graph', 'graph:paper' or 'graph:reference'.")
        dense = registry.retriever("dense", core.passages, core.embedder).retrieve(question, k, self._scope)
        asked = Asked(
            question,
            k,
            None if facts is None else _ids(facts),
            _ids(candidates),
            (without,) if isinstance(without, str) else tuple(without),
            tuple((a, b) for a, b in cut),
            passage,
            most,
        )
        return spread(search, core.triples, asked, self._scope, dense)

    def to_networkx(self) -> networkx.MultiGraph[str]:
        """Return the graph for networkx.

        A node is `phrase:` and the phrase's key, or `passage:` and the passage's id, with `kind` and `label`; a passage
        has `title`, `text` and `source`. An edge has its kind as key and attribute, and `weight`.
        """
        import networkx

        graph = self.arrays()
        made: networkx.MultiGraph[str] = networkx.MultiGraph()
        nodes = [f"{kind}:{name}" for kind, name in zip(graph.kinds, graph.names, strict=True)]
        spelt = self._core.graph.words(self._scope, graph.names[: graph.phrases])
        for node, label in zip(nodes, spelt, strict=False):
            made.add_node(node, kind="phrase", label=label)
        for passage in self._core.passages.passages(self._scope):
            own = {"title": passage.title, "text": passage.text, "source": passage.source}
            made.add_node(f"passage:{passage.id}", kind="passage", label=passage.title or passage.text[:60], **own)
        for kind, (ends, weights) in graph.edges.items():
            for (a, b), weight in zip(ends.tolist(), weights.tolist(), strict=True):
                made.add_edge(nodes[a], nodes[b], key=kind, kind=kind, weight=weight)
        return made

    def graphml(self, path: str | os.PathLike[str]) -> None:
        """Write the graph as GraphML, for Gephi, yEd, Cytoscape and the like. An existing file is replaced as a whole.

        Characters that XML cannot hold are left out of texts, and spelt out in the names of nodes.

        Raises:
            UsageProblem: the path is that of the memory itself.
            StorageError: the file cannot be written.
        """
        import networkx

        check_apart(self._core, Path(path).resolve())
        made = self.to_networkx()
        for _, attributes in made.nodes(data=True):
            attributes.update({name: _NOT_IN_XML.sub("", value) for name, value in attributes.items()})
        made = networkx.relabel_nodes(made, {node: _NOT_IN_XML.sub(_escaped, node) for node in made})
        written = BytesIO()
        networkx.write_graphml_xml(made, written)
        replace(Path(path), written.getvalue().decode())

    def __repr__(self) -> str:
        return f"Graph({self._scope})"


def _ids(given: Iterable[str | Hit]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise UsageProblem(f"facts are a list of ids or hits, got the text {given!r}", hint="Write facts=[id].")
    return tuple(one if isinstance(one, str) else one.id for one in given)


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found.group()):02x}"
