"""HippoRAG 2's conformance checks on its little corpus, by number, and what our graph search does beyond it.

Checks 4 and 5 are about PageRank alone (`test_pagerank.py`), 13 and 14 about methods (`test_hipporag.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from memagent import registry
from memagent.errors import UsageProblem
from memagent.memory import Memory
from memagent.retrievers.graph import Graph
from memagent.retrievers.graph_published import PUBLISHED, Published, plain
from memagent.retrievers.graph_seeds import PAPER, Settings
from memagent.stores.base import Link
from memagent.stores.derived import of_fact
from memagent.testing import check_retriever
from memagent.types import Note, Scope, Triple

DIM = 64
QUERY = "Which county?"
CORPUS = {
    "P1": [("Erik Hort", "born in", "Montebello"), ("Erik Hort", "is a", "soccer player")],
    "P2": [("Montebello", "part of", "Rockland County")],
    "P3": [("Hertfordshire", "is a", "county"), ("Hertfordshire", "located in", "England")],
}
FACTS = [of_fact(*(part.lower() for part in parts)).embedded for said in CORPUS.values() for parts in said]


class Given:
    """Vectors with given cosines: to the query, or to another text; every other pair of texts is at right angles."""

    name, dim = "given", DIM

    def __init__(self, cosines: dict[str, tuple[str, float]]) -> None:
        self._cosines = cosines
        self._axes: dict[str, int] = {}
        self._axis("")

    def _axis(self, text: str) -> np.ndarray:
        return np.eye(DIM, dtype=np.float32)[self._axes.setdefault(text, len(self._axes))]

    def embed(self, texts, kind="document"):
        return np.array([self._one(text) for text in texts], dtype=np.float32).reshape(-1, DIM)

    def _one(self, text):
        if text == QUERY:
            return self._axis("")
        if text not in self._cosines:
            return self._axis(text)
        to, cosine = self._cosines[text]
        return cosine * self._one(to) + (1 - cosine**2) ** 0.5 * self._axis(text)


COSINES = {
    **{text: (QUERY, cosine) for text, cosine in zip(FACTS, [0.80, 0.60, 0.55, 0.40, 0.30], strict=True)},
    **{f"Text of {name}": (QUERY, cosine) for name, cosine in zip(CORPUS, [0.70, 0.50, 0.30], strict=True)},
    "rockland county": ("county", 0.82),
}


@pytest.fixture
def memory():
    with Memory(":memory:", embedder=Given(COSINES), single_user=True) as opened:
        yield opened


def index(memory, names=CORPUS):
    for name in names:
        memory.add(Note(f"Text of {name}", id=name))
        memory.facts.add([Triple(*parts, passage=name) for parts in CORPUS[name]])


def searcher(memory, settings=PAPER, graph=None):
    return Graph(graph or memory.core.graph, memory.core.triples, memory.store, memory.embedder, settings)


def edges(memory, kind):
    graph = memory.core.graph.arrays(Scope())
    ends, weights = graph.edges.get(kind, (np.zeros((0, 2), int), np.zeros(0)))
    return {(graph.names[a], graph.names[b]): float(w) for (a, b), w in zip(ends.tolist(), weights, strict=True)}


def kept(memory, *places):
    return [memory.facts.find(*CORPUS_FACTS[place])[0].id for place in places]


CORPUS_FACTS = [parts for said in CORPUS.values() for parts in said]


def test_check_1_the_graph_has_10_nodes_5_relations_8_contexts_and_one_synonym(memory):
    index(memory)
    graph = memory.core.graph.arrays(Scope())
    assert len(graph.names) == 10 and graph.phrases == 7
    assert [len(graph.edges[kind][0]) for kind in ("relation", "context", "synonym")] == [5, 8, 1]
    assert edges(memory, "synonym") == {("county", "rockland county"): pytest.approx(0.82)}


class Seen:
    """Stands in for PageRank, and keeps the reset vector that it was given."""

    def __init__(self, graph):
        self.graph, self.resets = graph, []

    def by_name(self):
        return dict(zip(self.graph.names, self.resets[-1].tolist(), strict=True))


def reset_of(memory, settings, monkeypatch):
    """The reset vector of the query by the names of the nodes, before it is normalised."""
    seen = Seen(memory.core.graph.arrays(Scope()))
    search = searcher(memory, settings)
    walk = search.walk(seen.graph)

    def exact(reset, **options):
        seen.resets.append(reset.copy())
        return type(walk).exact(walk, reset, **options)

    monkeypatch.setattr(search, "walk", lambda graph: Spy(walk, exact))
    search.retrieve(QUERY, 3, Scope(), facts=kept(memory, 0, 2))
    return seen.by_name()


class Spy:
    def __init__(self, walk, exact):
        self._walk, self.exact = walk, exact

    def __getattr__(self, name):
        return getattr(self._walk, name)


@pytest.mark.parametrize(
    ("settings", "seeds"),
    [
        (PAPER, {"erik hort": 1.0, "montebello": 0.75, "rockland county": 0.5}),
        (replace(PAPER, specific=True), {"erik hort": 1.0, "montebello": 0.375, "rockland county": 0.5}),
    ],
)
def test_check_2_seeds(memory, settings, seeds, monkeypatch):
    index(memory)
    found = {name: weight for name, weight in reset_of(memory, settings, monkeypatch).items() if weight > 1e-7}
    assert found == pytest.approx({**seeds, "P1": 0.05, "P2": 0.025}, abs=1e-6)


TABLE = {
    "doubled, specific": (
        replace(PAPER, relation=2.0, synonym=2.0, specific=True),
        [0.078421, 0.045085, 0.005180],
    ),
    "doubled, plain": (replace(PAPER, relation=2.0, synonym=2.0), [0.076325, 0.047525, 0.004866]),
    "single, specific": (replace(PAPER, specific=True), [0.110939, 0.064360, 0.006537]),
    "single, plain": (PAPER, [0.108388, 0.068220, 0.006058]),
}


# Of erik hort, montebello, rockland county and county.
PHRASES = {
    "doubled, specific": [0.333901, 0.226821, 0.183494, 0.035162],
    "doubled, plain": [0.299099, 0.282865, 0.172390, 0.033034],
    "single, specific": [0.319730, 0.215086, 0.175201, 0.027652],
    "single, plain": [0.283503, 0.272449, 0.162364, 0.025625],
}


@pytest.mark.parametrize("mode", TABLE)
def test_check_3_pagerank_to_six_digits(memory, mode, monkeypatch):
    settings, wanted = TABLE[mode]
    index(memory)
    search, ranks = searcher(memory, settings), []
    graph = memory.core.graph.arrays(Scope())
    walk = search.walk(graph)
    monkeypatch.setattr(
        walk, "exact", lambda *given, exact=walk.exact, **more: ranks.append(exact(*given, **more)) or ranks[-1]
    )
    hits = search.retrieve(QUERY, 3, Scope(), facts=kept(memory, 0, 2))
    assert [hit.id for hit in hits] == ["P1", "P2", "P3"]
    assert [hit.score for hit in hits] == pytest.approx(wanted, abs=6e-7)
    phrases = [graph.names.index(name) for name in ("erik hort", "montebello", "rockland county", "county")]
    assert [ranks[0][node] for node in phrases] == pytest.approx(PHRASES[mode], abs=6e-7)


def test_check_3_the_published_graph_is_doubled_and_specific(memory):
    index(memory)
    search = searcher(memory, PUBLISHED, Published(memory.core.graph))
    hits = search.retrieve(QUERY, 3, Scope(), facts=kept(memory, 0, 2))
    assert [hit.score for hit in hits] == pytest.approx(TABLE["doubled, specific"][1], abs=6e-7)


def test_check_6_a_filter_that_leaves_nothing_gives_the_dense_order_and_says_so(memory):
    index(memory)
    hits = searcher(memory).retrieve(QUERY, 3, Scope(), facts=[])
    assert [hit.id for hit in hits] == ["P1", "P2", "P3"] == [hit.id for hit in memory.search(QUERY, 3, using="dense")]
    assert all(hit.why.startswith("dense-fallback: no fact survived the filter") for hit in hits)
    assert [hit.score for hit in hits] == pytest.approx([0.7, 0.5, 0.3], abs=1e-5)


def test_check_7_two_facts_of_which_the_lower_one_scores_nothing():
    own = of_fact("a", "r", "b").embedded, of_fact("c", "r", "d").embedded
    cosines = {own[0]: (QUERY, 0.6), own[1]: (QUERY, 0.2), "first": (QUERY, 0.1), "second": (QUERY, 0.3)}
    with Memory(":memory:", embedder=Given(cosines), single_user=True) as memory:
        memory.add([Note("first", id="1"), Note("second", id="2")])
        memory.facts.add([Triple("a", "r", "b", passage="1"), Triple("c", "r", "d", passage="2")])
        hits = searcher(memory).retrieve(QUERY, 2, Scope())
    assert [hit.id for hit in hits] == ["1", "2"]


def test_check_8_adding_one_by_one_is_adding_all_and_a_synonym_stays_as_it_is(memory):
    for name in CORPUS:
        index(memory, [name])
        memory.core.graph.arrays(Scope())
    with Memory(":memory:", embedder=Given(COSINES), single_user=True) as other:
        index(other)
        for kind in ("relation", "context", "synonym"):
            assert edges(memory, kind) == edges(other, kind)
    for text in ("x", "y"):
        memory.facts.add(Triple(text, "is", f"not {text}", source="later"))
        memory.core.graph.find_synonyms(Scope())
    assert edges(memory, "synonym") == {("county", "rockland county"): pytest.approx(0.82)}


def test_check_9_deleting_a_passage_leaves_the_graph_of_the_other(memory):
    memory.add([Note("A", id="A"), Note("B", id="B")])
    said = [Triple("a", "r2", "c", passage="B"), Triple("b", "r3", "c", passage="B")]
    memory.facts.add([Triple("a", "r", "b", passage="A"), *said])
    memory.core.graph.arrays(Scope())
    memory.delete("A")
    assert edges(memory, "relation") == {("a", "c"): 1.0, ("b", "c"): 1.0}


def test_check_10_three_relations_and_a_synonym_are_both_there():
    with Memory(":memory:", embedder=Given({"nyc": ("new york city", 0.9)}), single_user=True) as memory:
        for name in "ABC":
            memory.add(Note(name, id=name))
            memory.facts.add(Triple("NYC", "is", "New York City", passage=name))
        assert edges(memory, "relation") == {("new york city", "nyc"): 3.0}
        assert edges(memory, "synonym") == {("new york city", "nyc"): pytest.approx(0.9)}
        graph = Published(memory.core.graph).arrays(Scope())  # where a synonym takes the place of relations
        assert graph.edges["relation"][1].tolist() == pytest.approx([1.8])


def test_check_11_neighbours_are_capped_and_two_letters_start_no_synonym():
    near = {f"phrase {number:03}": ("the middle", 0.99 - number / 1000) for number in range(110)}
    near["us"] = ("usa", 0.9)
    embedder = Flat(near)
    with Memory(":memory:", embedder=embedder, single_user=True) as memory:
        memory.facts.add([("the middle", "is near", name) for name in near])
        memory.facts.add([("us", "is", "it"), ("usa", "is", "it")])
        found = edges(memory, "synonym")
    assert len([pair for pair in found if "the middle" in pair]) == 110  # each of the others has it as its own nearest
    assert found["us", "usa"] == pytest.approx(0.9)  # begun by the longer one
    with Memory(":memory:", embedder=Flat({"ab": ("cd", 0.9)}), single_user=True) as memory:
        memory.facts.add([("ab", "is", "it"), ("cd", "is", "it")])
        assert edges(memory, "synonym") == {}


class Crowd:
    """110 phrases that are nearer to each other than each is to the middle, and to the middle the less by number."""

    name, dim = "crowd", 256

    def embed(self, texts, kind="document"):
        return np.array([self._one(text) for text in texts], dtype=np.float32).reshape(-1, self.dim)

    def _one(self, text):
        axes = np.eye(self.dim)
        if text == "the middle":
            return 0.85 * axes[0] + (1 - 0.85**2) ** 0.5 * axes[255]
        if not text.startswith("phrase "):
            return axes[200 + len(text) % 50]
        number = int(text[7:])
        cosine = 0.999 - number / 12_000
        return cosine * axes[0] + (1 - cosine**2) ** 0.5 * axes[1 + number]


def test_check_11_a_phrase_has_its_101_nearest_and_no_more():
    names = [f"phrase {number:03}" for number in range(110)]
    with Memory(":memory:", embedder=Crowd(), single_user=True) as memory:
        memory.facts.add([("the middle", "is near", name) for name in names])
        found = edges(memory, "synonym")
    of_middle = sorted(pair[0] if pair[1] == "the middle" else pair[1] for pair in found if "the middle" in pair)
    assert of_middle == names[:101]  # none of the others has the middle among its own 101 nearest


class Flat:
    """Vectors in a plane for each group: near to the middle by a given cosine, on either side in turn."""

    name, dim = "flat", 256

    def __init__(self, near: dict[str, tuple[str, float]]) -> None:
        self._near, self._axes = near, {}

    def embed(self, texts, kind="document"):
        return np.array([self._one(text) for text in texts], dtype=np.float32).reshape(-1, self.dim)

    def _one(self, text):
        axis = np.eye(self.dim)[self._axes.setdefault(text, len(self._axes))]
        to, cosine = self._near.get(text, ("", 0.0))
        return cosine * self._one(to) + (1 - cosine**2) ** 0.5 * axis if to else axis


def test_check_12_only_the_best_five_phrases_of_six_are_seeds(monkeypatch):
    texts = [of_fact(subject, "r", object).embedded for subject, object in ("ab", "cd", "ef")]
    cosines = dict(zip(texts, [(QUERY, 0.9), (QUERY, 0.8), (QUERY, 0.7)], strict=True)) | {"f": (QUERY, 0.5)}
    with Memory(":memory:", embedder=Given(cosines), single_user=True) as memory:
        memory.add(Note("text", id="1"))
        memory.facts.add([Triple(*parts, passage="1") for parts in (("a", "r", "b"), ("c", "r", "d"), ("e", "r", "f"))])
        memory.facts.add([("x", "r", "y")])  # so that the third fact is not the lowest of the range
        seen, search = [], searcher(memory)
        walk = search.walk(memory.core.graph.arrays(Scope()))
        monkeypatch.setattr(
            search, "walk", lambda graph: Spy(walk, lambda reset, **o: seen.append(reset) or walk.exact(reset, **o))
        )
        ids = [fact.id for fact in memory.facts.find(relation="r") if fact.subject != "x"]
        search.retrieve(QUERY, 1, Scope(), facts=ids)
        names = memory.core.graph.arrays(Scope()).names
    seeds = {name for name, weight in zip(names, seen[0].tolist(), strict=True) if weight and name != "1"}
    assert seeds == {"a", "b", "c", "d", "f"}  # of e and f, which weigh the same, the one nearer to the query


# --- beyond the paper


def test_a_phrase_that_the_query_names_is_a_seed(memory):
    index(memory)
    with_it = searcher(memory, replace(Settings(), words=False)).retrieve("What is there in England?", 3, Scope())
    assert with_it[0].id == "P3" and "named in the query" in with_it[0].why
    assert with_it[0].path == ("England",)


def test_a_hit_tells_the_path_that_carried_it(memory):
    index(memory)
    first, second = searcher(memory).retrieve(QUERY, 2, Scope(), facts=kept(memory, 0))
    assert first.why == f"graph {first.score:.4f} (rank 1: fact “Erik Hort born in Montebello”: Erik Hort → here)"
    assert second.path == ("Montebello",) and "Montebello → here" in second.why
    assert first.parts["graph"] == first.score and first.parts["dense"] == pytest.approx(0.7, abs=1e-5)


def test_facts_that_have_ended_do_not_link_but_their_passages_are_still_found(memory):
    memory.facts.declare("lives in")
    memory.add([Note("old", id="old"), Note("new", id="new")])
    memory.facts.add(Triple("Ida", "lives in", "Oslo", passage="old"))
    memory.facts.add(Triple("Ida", "lives in", "Bergen", passage="new"))
    hits = memory.search("Where does Ida live? In Oslo or Bergen?", using="graph")
    assert {hit.id for hit in hits} == {"old", "new"}
    assert not any("Oslo”" in hit.why for hit in hits) and any("Ida lives in Bergen" in hit.why for hit in hits)


@pytest.mark.parametrize("using", ["graph", "graph:paper", "graph:reference"])
def test_nothing_to_go_by_is_no_error_and_the_reason_is_stated(using):
    with Memory(":memory:", single_user=True) as memory:
        assert memory.search("anything", using=using) == []
        memory.add(["The lamp is lit at dusk.", "Nobody rows in fog."])
        hits = memory.search("When is the lamp lit?", using=using)
        assert hits and hits[0].text.startswith("The lamp")
        kind = "hybrid" if using == "graph" else "dense"
        assert all(hit.why.startswith(f"{kind}-fallback: the memory holds no facts") for hit in hits)
        assert memory.search("   ", using=using) == []
        memory.facts.add(("Ida", "keeps", "the lamp"))
        assert memory.search("When is the lamp lit?", using=using)


@pytest.mark.parametrize(
    ("texts", "facts", "query", "wanted"),
    [
        (
            {"a": "北京大学位于北京。", "b": "王选毕业于北京大学。", "c": "上海在长江口。"},
            {"a": ("北京大学", "位于", "北京"), "b": ("王选", "毕业于", "北京大学"), "c": ("上海", "在", "长江口")},
            "王选毕业的大学位于哪里？",
            {"a", "b"},
        ),
        (
            {"a": "Москва стоит на Москве-реке.", "b": "Анна живёт в Москве.", "c": "Обь впадает в Карское море."},
            {
                "a": ("Москва", "стоит на", "Москва-река"),
                "b": ("Анна", "живёт в", "Москва"),
                "c": ("Обь", "впадает в", "Карское море"),
            },
            "На какой реке стоит город, где живёт Анна?",
            {"a", "b"},
        ),
    ],
)  # fmt: skip
def test_other_scripts_work_end_to_end(texts, facts, query, wanted):
    with Memory(":memory:", single_user=True) as memory:
        memory.add([Note(text, id=id) for id, text in texts.items()])
        memory.facts.add([Triple(*parts, passage=id) for id, parts in facts.items()])
        hits = memory.search(query, 2, using="graph")
        assert {hit.id for hit in hits} == wanted and all(hit.why.startswith("graph") for hit in hits)
        assert memory.search(query, 2, using="graph:paper")
        assert memory.search(query, 2, using="graph:reference")


def test_names_as_the_published_code_has_them():
    assert [plain(name) for name in ("São Paulo", "C++", "北京", "U.S.")] == ["s o paulo", "c", "", "u s"]


def test_one_user_never_walks_into_the_graph_of_another(tmp_path):
    with Memory(tmp_path / "m.db") as memory:
        alice, al = memory.bind(user="alice"), memory.bind(user="al")
        for handle, place in ((alice, "Oslo"), (al, "Bergen")):
            [id] = handle.add(f"Ida lives in {place}.")
            handle.facts.add(Triple("Ida", "lives in", place, passage=id))
            handle.core.graph.find_synonyms(handle.scope)
        for handle, place in ((alice, "Oslo"), (al, "Bergen")):
            [hit] = handle.search("Where does Ida live?", using="graph")
            assert hit.text == f"Ida lives in {place}." and place in hit.why
            other = {"Oslo": "Bergen", "Bergen": "Oslo"}[place]
            assert other not in repr(handle.search(f"Who lives in {other}?", using="graph"))


@pytest.mark.parametrize("facts", [True, False])
@pytest.mark.parametrize("name", ["graph", "graph:paper", "graph:reference"])
def test_the_contract_of_retrievers(name, facts):
    opened = []

    def make(kept):
        memory = Memory(":memory:", single_user=True)
        opened.append(memory)
        for scope, notes in kept.items():
            handle = memory.bind(user=scope.user, session=scope.session, agent=scope.agent)
            for id, note in zip(handle.add(notes), notes, strict=True):
                if facts:
                    handle.facts.add(Triple(note.text.split(".")[0], "is told in", note.title or "a note", passage=id))
        core = memory.core
        return registry.retriever(name, memory.store, memory.embedder, triples=core.triples, graph=core.graph)

    report = check_retriever(make)
    assert len(report.passed) == 5 and not report.skipped
    for memory in opened:
        memory.close()


@pytest.mark.parametrize("using", ["graph", "graph:paper", "graph:reference"])
@pytest.mark.parametrize("hidden", [5, 80])
def test_forgotten_facts_take_no_place_from_living_ones(using, hidden):
    with Memory(":memory:", single_user=True) as memory:
        ids = memory.add([f"Mara visits town{number}." for number in range(hidden)])
        memory.facts.add([Triple("Mara", "visits", f"town{number}", passage=id) for number, id in enumerate(ids)])
        [alive] = memory.add("Keeper Mara was seen in Bergen.")
        [fact] = memory.facts.add(Triple("keeper Mara", "was seen in", "Bergen", passage=alive))
        memory.forget(ids)
        for facts in (None, [fact]):
            [hit] = memory.search("Mara visits which town?", using=using, facts=facts)
            assert hit.id == alive and "Bergen" in hit.why


def test_values_that_have_ended_take_no_place_from_the_one_that_holds():
    with Memory(":memory:", single_user=True) as memory:
        memory.facts.declare("lives in")
        for number in range(70):
            [id] = memory.add(f"Note {number}.")
            at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=number)
            memory.facts.add(Triple("Mara", "lives in", f"town{number}", passage=id, at=at))
        hits = memory.search("Mara lives in which town today?", 3, using="graph")
        assert "Mara lives in town69" in hits[0].why


def test_the_published_graph_is_searched_while_it_changes(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        memory.facts.add([(f"person{number}", "knows", f"person{number + 1}") for number in range(20)])
        graph = Published(memory.core.graph)
        before = graph.arrays(Scope())
        memory.delete(memory.facts.find("person19")[0].id)
        found = graph.cosines(Scope(), before.names, memory.embedder.embed(["person1"])[0])
        assert found[list(before.names).index("person20")] == -1.0


def test_one_text_is_no_list_of_facts(memory):
    with pytest.raises(UsageProblem, match="list of ids"):
        memory.search(QUERY, using="graph", facts="fact:1")


def test_facts_to_begin_with_are_for_the_graph_alone(memory):
    index(memory)
    with pytest.raises(UsageProblem, match="graph search alone"):
        memory.search(QUERY, using="hybrid", facts=["fact:x"])
    assert memory.search(QUERY, 1, using="graph:paper", facts=["fact:unknown"])[0].why.startswith("dense-fallback")


def test_a_search_reads_what_others_wrote_and_asks_for_it_once(tmp_path, monkeypatch):
    """The change log once for the graph, and the label once a vector search: an index that is as far is not asked."""
    path, settings = tmp_path / "m.db", Settings()
    with (
        Memory(path, embedder=Given(COSINES), single_user=True) as memory,
        Memory(path, embedder=Given(COSINES), single_user=True) as other,
    ):
        index(memory, list(CORPUS)[:1])
        search, found = searcher(memory, settings), []
        for names in ([], list(CORPUS)[1:]):
            index(other, names)
            found.append({hit.id for hit in search.retrieve(QUERY, 9, Scope())})
        assert found == [set(list(CORPUS)[:1]), set(CORPUS)]
        other.forget(next(iter(CORPUS)))
        assert {hit.id for hit in search.retrieve(QUERY, 9, Scope())} == set(list(CORPUS)[1:])
        database, asked = memory.core.file(), []
        own = database.read
        monkeypatch.setattr(database, "read", lambda sql, params=(): asked.append(sql) or own(sql, params))
        assert search.retrieve(QUERY, 9, Scope())
        assert sum("max(seq)" in sql for sql in asked) == 1  # of the graph
        assert sum("FROM meta" in sql for sql in asked) <= 3
        assert len(asked) <= 10


def test_an_id_of_two_sessions_gives_both_passages_and_never_the_wrong_one_alone():
    with Memory(":memory:") as memory:
        for session, place in (("one", "Norway"), ("two", "Peru")):
            own = memory.bind(user="ida", session=session)
            own.add(Note(f"Ida sails to {place}.", id="1"))
            own.facts.add(Triple("Ida", "sails to", place, passage="1"))
        hits = memory.bind(user="ida").search("Who sails to Peru?", k=5, using="graph")
        assert {hit.text for hit in hits} == {"Ida sails to Norway.", "Ida sails to Peru."}
        [one] = memory.bind(user="ida", session="two").search("Who sails to Peru?", k=5, using="graph")
        assert one.text == "Ida sails to Peru."
        assert len(memory.bind(user="ida").search("Who sails to Peru?", k=1, using="graph")) == 1


def test_facts_that_are_not_there_are_said_not_to_be():
    with Memory(":memory:", single_user=True) as memory:
        memory.add(Note("Ida sails to Peru.", id="1"))
        memory.facts.add(Triple("Ida", "sails to", "Peru", passage="1"))
        [hit] = memory.search("Who sails to Peru?", using="graph", facts=["fact:none"])
        assert "none of the facts to begin with is there" in hit.why
        [hit] = memory.search("Who sails to Peru?", using="graph", facts=[])
        assert "no fact survived the filter" in hit.why


FERRY = "The ferry to Gull Point leaves Bergen at nine."


def pending(memory):
    """Four passages with facts, and one that came later and has none."""
    memory.add([Note(f"{text}.", id=str(number)) for number, text in enumerate(SAID)])
    memory.facts.add([Triple(*parts, passage=str(number)) for number, parts in enumerate(FOUND)])
    memory.add(Note(FERRY, id="ferry"))


SAID = [
    "Mara keeps the lighthouse at Gull Point",
    "Gull Point is a cape in Norway",
    "Oslo is a city",
    "Ida lives in Bergen",
]
FOUND = [
    ("Mara", "keeps the lighthouse at", "Gull Point"),
    ("Gull Point", "is a cape in", "Norway"),
    ("Oslo", "is", "a city"),
    ("Ida", "lives in", "Bergen"),
]


def test_a_passage_whose_facts_are_not_known_yet_is_not_lost():
    question = "When does the ferry to Gull Point leave Bergen?"
    with Memory(":memory:", single_user=True) as memory:
        pending(memory)
        hits = memory.search(question, using="graph")
        assert hits[0].text == FERRY
        assert "no facts of it are known" in hits[0].why
        assert len(hits) > 2
        memory.facts.add(Triple("the ferry", "leaves", "Bergen", passage="ferry"))
        assert not any("no facts of it are known" in hit.why for hit in memory.search(question, using="graph"))


def test_a_passage_without_facts_that_fits_nothing_stays_below():
    with Memory(":memory:", single_user=True) as memory:
        pending(memory)
        hits = memory.search("Who keeps the lighthouse in Norway?", using="graph")
        assert hits[0].id in ("0", "1") and FERRY not in [hit.text for hit in hits[:2]]


@pytest.mark.parametrize("weight", [1e-60, 1e-46, 5e-324, 1e300, float("inf"), float("nan"), 0.0, -1.0])
def test_a_link_that_the_graph_could_not_hold_is_refused(weight):
    with Memory(":memory:", single_user=True) as memory:
        memory.facts.add(("mara", "likes", "red"))
        with pytest.raises(UsageProblem, match="float32"):
            memory.core.graph.link(memory.scope, [Link("mara", "red", weight, "friend")])
        memory.core.graph.link(memory.scope, [Link("mara", "red", 1e-37, "friend")])
        assert memory.search("mara", using="graph") == []
