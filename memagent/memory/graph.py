"""`memory.graph`: phrases and passages as one graph, to look at and to take elsewhere.

alice.graph.find_synonyms()
alice.graph.to_networkx()
alice.graph.graphml("memory.graphml")
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from memagent.files import replace
from memagent.memory.core import Core
from memagent.memory.transfer import check_apart
from memagent.stores.base import GraphArrays
from memagent.types import Scope

if TYPE_CHECKING:
    import networkx

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


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found.group()):02x}"
