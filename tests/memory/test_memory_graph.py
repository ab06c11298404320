"""`memory.graph`: counts, networkx and GraphML, in the library and on the command line."""

from __future__ import annotations

import json

import networkx
import pytest
from click.testing import CliRunner

from memagent.cli import root
from memagent.memory import Memory
from memagent.types import Note, Triple


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:64") as opened:
        handle = opened.bind(user="alice")
        [id] = handle.add(Note("Ida Berg keeps the lamp.", title="Ida Berg", source="log.md"))
        handle.facts.add(Triple("Ida Berg", "keeps", "the lamp", passage=id))
        handle.facts.add(Triple("Bo", "sees", "The  Lamp", source="chat"))
        yield handle


def test_counts(memory):
    assert memory.graph.counts() == {
        "phrases": 3,
        "passages": 1,
        "facts": 2,
        "relation edges": 2,
        "context edges": 2,
        "title edges": 1,
    }


def test_networkx_has_every_node_and_edge(memory):
    graph = memory.graph.to_networkx()
    [passage] = memory.passages()
    assert set(graph) == {"phrase:ida berg", "phrase:the lamp", "phrase:bo", f"passage:{passage.id}"}
    assert graph.nodes["phrase:ida berg"] == {"kind": "phrase", "label": "Ida Berg"}
    assert graph.nodes[f"passage:{passage.id}"]["source"] == "log.md"
    found = {(*sorted((a, b)), kind): data["weight"] for a, b, kind, data in graph.edges(keys=True, data=True)}
    assert found[(f"passage:{passage.id}", "phrase:ida berg", "title")] == 1.0
    assert found[("phrase:bo", "phrase:the lamp", "relation")] == 1.0 and len(found) == 5


def test_graphml_is_read_back_as_it_was_whatever_the_texts_hold(memory, tmp_path):
    [id] = memory.add(Note('bell \x07 and <markup> & "quotes"', title="null \x00 byte", source="odd"))
    memory.facts.add(Triple("a \x01 b", "is", "<c>", passage=id))
    memory.facts.add([("bell\x01", "is", "one"), ("bell\x02", "is", "another")])
    memory.graph.graphml(tmp_path / "g.graphml")
    read, made = networkx.read_graphml(tmp_path / "g.graphml", force_multigraph=True), memory.graph.to_networkx()
    assert (len(read), read.number_of_edges()) == (len(made), made.number_of_edges())
    assert any(data.get("label") == "<c>" for _, data in read.nodes(data=True))
    assert not list(tmp_path.glob("*.new"))


def test_the_command_counts_and_exports(memory, tmp_path):
    db, out = str(tmp_path / "m.db"), str(tmp_path / "g.graphml")
    ran = CliRunner().invoke(root, ["graph", "--db", db, "--user", "alice", "--json", "--graphml", out])
    assert ran.exit_code == 0 and json.loads(ran.stdout)["facts"] == 2
    assert len(networkx.read_graphml(out)) == 4
    other = CliRunner().invoke(root, ["graph", "--db", db, "--user", "al"])
    assert other.exit_code == 0 and "0  facts" in other.stdout and "memagent index" in other.stderr


def test_a_given_store_has_no_graph(memory):
    from memagent.errors import UsageProblem

    with pytest.raises(UsageProblem, match="only the passage store"):
        Memory(memory.store, single_user=True).graph.counts()
