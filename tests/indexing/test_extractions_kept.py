"""What is kept of an extraction: facts and state in one transaction, whose facts they are, and what goes with what."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memagent import Memory, Note, Triple
from memagent.errors import Conflict, NotFound, StorageFull, UsageProblem
from memagent.indexing.extraction_files import lines_of, load
from memagent.stores.extractions import SQLExtractionStore
from memagent.types import Extraction
from tests.memory.test_forgetting import rows


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:64") as opened:
        yield opened.bind(user="alice")


def facts(*names):
    return Extraction(names, tuple((name, "is near", "the sea") for name in names))


def subjects(memory):
    return {fact.subject for fact in memory.facts.find()}


def states(memory):
    """The rows of extractions, by the ids of their passages, without times."""
    sql = """SELECT items.user, items.id, status, extractor, entities, facts, problem
             FROM extractions JOIN items ON items.rid = extractions.rid ORDER BY items.user, items.id"""
    return [tuple(row) for row in memory.core.file().read(sql)]


def test_facts_and_state_are_there_together_or_not_at_all(memory, monkeypatch):
    [id] = memory.add("Text")
    passage = memory.get(id)

    def breaks(self, writer, *args, **options):
        assert writer.read("SELECT 1 FROM facts"), "the facts are written by now"
        raise StorageFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SQLExtractionStore, "_write", breaks)
        with pytest.raises(StorageFull):
            memory.extractions.keep(passage, facts("a", "b"), by="one")
    assert subjects(memory) == set() and states(memory) == []
    memory.extractions.keep(passage, facts("b", "c"), by="two")
    memory.extractions.keep(passage, facts("c"), by="three")
    assert subjects(memory) == {"c"} and memory.doctor() == []


def test_what_somebody_said_of_a_passage_stays_when_an_extraction_says_it_no_more(memory):
    [id] = memory.add("Text")
    passage = memory.get(id)
    memory.facts.add([Triple("hand", "is near", "the sea", passage=id), Triple("own", "is", "said", passage=id)])
    assert memory.extractions.keep(passage, facts("hand", "found"), by="one") == 2
    assert memory.extractions.keep(passage, facts("hand", "found"), by="one") == 2
    assert memory.extractions.keep(passage, facts("other"), by="two") == 1
    assert subjects(memory) == {"hand", "own", "other"}


def test_what_was_said_with_a_time_stays_too(memory):
    from datetime import UTC, datetime

    [id] = memory.add("Text")
    at = datetime(2020, 1, 1, tzinfo=UTC)
    memory.facts.add(Triple("found", "is near", "the sea", passage=id, at=at))
    memory.extractions.keep(memory.get(id), facts("found"), by="one")
    memory.extractions.keep(memory.get(id), facts(), by="two")
    [fact] = memory.facts.find("found")
    assert fact.at == at


def test_nothing_is_kept_of_a_passage_that_was_edited_forgotten_or_deleted_meanwhile(memory):
    ids = memory.add([Note(f"Text {number}", id=str(number)) for number in range(3)])
    edited, forgotten, deleted = map(memory.get, ids)
    memory.edit(edited.id, "Other text")
    memory.forget(forgotten.id)
    memory.delete(deleted.id)
    for passage in (edited, forgotten, deleted):
        with pytest.raises(NotFound):
            memory.extractions.keep(passage, facts("a"), by="one")
    assert memory.facts.find(history=True) == [] and states(memory) == []
    memory.restore(forgotten.id)
    assert {passage.id for passage in memory.extractions.pending()} == {edited.id, forgotten.id}


def test_a_purged_fact_is_not_found_again(memory):
    [id] = memory.add("Text")
    memory.extractions.keep(memory.get(id), facts("secret", "plain"), by="one")
    [fact] = memory.facts.find("secret")
    memory.purge(fact.id)
    assert memory.extractions.keep(memory.get(id), facts("secret", "plain"), by="one") == 1
    assert subjects(memory) == {"plain"}


def test_after_a_purge_an_extraction_knows_its_other_facts(memory):
    [id] = memory.add("Text")
    memory.extractions.keep(memory.get(id), facts("secret", "plain"), by="one")
    memory.purge(memory.facts.find("secret")[0].id)
    memory.extractions.keep(memory.get(id), facts("other"), by="two")
    assert subjects(memory) == {"other"}


def test_no_byte_is_left_of_what_was_found_before_or_why_it_failed(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:64", single_user=True) as memory:
        [id, _] = memory.add(["Zanzibarine is kept.", "Something else."])
        passage = memory.get(id)
        memory.extractions.keep(passage, facts("Zanzibarine", "Zanzibarium"), by="one")
        memory.extractions.keep(passage, facts("Zanzibarid"), by="two")
        memory.extractions.fail(passage, "the reply was: Zanzibarous", by="three")
        assert b"anzibar" in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        memory.purge(id)
        assert not any(b"anzibar" in file.read_bytes().lower() for file in tmp_path.iterdir())
        assert memory.doctor() == []


names = st.lists(st.sampled_from("abcd"), max_size=3, unique=True)
acts = st.lists(
    st.tuples(st.sampled_from(["keep", "fail", "again"]), st.sampled_from(["A", "B"]), names), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts)
def test_deleting_a_passage_leaves_what_would_be_there_without_it(done):
    """Row for row, whatever was found in which order, failed, and was found again."""
    found = []
    for which in ("AB", "B"):
        with Memory(":memory:", embedder="hashing:16") as opened:
            memory = opened.bind(user="alice")
            memory.add([Note(f"Text {id}", id=id) for id in which])
            for act, id, some in done:
                if act == "again":
                    memory.extractions.again(failed=True)  # of all passages
                elif act == "keep" and id in which:
                    memory.extractions.keep(memory.get(id), facts(*some), by="one")
                elif id in which:
                    memory.extractions.fail(memory.get(id), "why", by="one")
            if "A" in which:
                memory.delete("A")
            assert memory.doctor() == []
            found.append((rows(memory), states(memory)))
    assert found[0] == found[1]


def test_two_at_once_on_the_same_passages_leave_what_the_last_one_found(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:64", single_user=True) as memory:
        passages = [memory.get(id) for id in memory.add([f"Text {number}" for number in range(10)])]

        def keeps(name):
            with Memory(tmp_path / "m.db", embedder="hashing:64", single_user=True) as own:
                for passage in passages:
                    own.extractions.keep(passage, facts(f"{name} {passage.text}", "shared"), by=name)

        threads = [threading.Thread(target=keeps, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        said = {}
        for fact in memory.facts.find():
            for id in fact.passages:
                said.setdefault(id, set()).add(fact.subject)
        by = {state[1]: state[3] for state in states(memory)}
        assert said == {passage.id: {"shared", f"{by[passage.id]} {passage.text}"} for passage in passages}
        assert memory.doctor() == []


def test_an_export_has_every_state_and_an_older_one_without_them_still_goes_in(memory, tmp_path):
    a, b, c, _ = memory.add([Note(f"Text {number}", id=f"n{number}") for number in range(4)])
    memory.extractions.keep(memory.get(a), facts("Ида", "名"), by="one")
    memory.extractions.fail(memory.get(b), "why", by="two")
    memory.extractions.keep(memory.get(c), facts("x"), by="one")
    memory.extractions.again()  # all of them pending; what they say stays
    memory.extractions.keep(memory.get(a), facts("Ида", "名"), by="one")
    path = tmp_path / "e.jsonl"
    memory.export(path)
    with Memory(tmp_path / "other.db", embedder="hashing:64") as other:
        back = other.bind(user="alice")
        back.import_(path)
        assert states(back) == states(memory) and rows(back) == rows(memory)
        back.extractions.keep(back.get(a), facts("other"), by="two")
        assert subjects(back) == {"other", "x"}  # it knows which facts were the extraction's
    lines = path.read_text(encoding="utf-8").splitlines()
    older = [line for line in lines if json.loads(line).get("kind") != "extraction"]
    end = json.loads(older[-1])
    assert end["counts"].pop("extraction") == 3
    older[-1] = json.dumps(end)
    assert len(older) == len(lines) - 3
    path.write_text("\n".join(older) + "\n", encoding="utf-8")
    with Memory(tmp_path / "older.db", embedder="hashing:64") as other:
        back = other.bind(user="alice")
        back.import_(path)
        assert back.extractions.counts() == {"done": 0, "failed": 0, "pending": 4} and subjects(back) == {
            "Ида",
            "名",
            "x",
        }


def test_an_id_of_two_sessions_is_no_line_of_a_file():
    with Memory(":memory:") as memory:
        for session in ("one", "two"):
            memory.bind(user="ida", session=session).add(Note(f"Ida sails in {session}.", id="1"))
        assert len(list(lines_of(memory.bind(user="ida", session="one")))) == 1
        with pytest.raises(UsageProblem, match="several sessions"):
            list(lines_of(memory.bind(user="ida")))


def test_lines_of_one_id_are_one_and_a_conflict_names_its_line(memory, tmp_path):
    path = tmp_path / "found.jsonl"
    one = {"id": 1, "text": "Ida sails.", "triples": [["Ida", "sails", "the boat"]]}
    two = {**one, "triples": [["Ida", "has", "a boat"]], "entities": ["Ida"]}
    path.write_text("\n".join(map(json.dumps, (one, two))))
    assert load(memory, path) == (1, 2)
    path.write_text("\n".join(map(json.dumps, (one, {**two, "text": "Bo sails."}))))
    with pytest.raises(UsageProblem, match="line 2 has the id of line 1"):
        load(memory, path)
    path.write_text("\n".join(map(json.dumps, ({"id": 2, "text": "Bo."}, {"id": 1, "text": "Bo sails."}))))
    with pytest.raises(Conflict, match="line 2: the id '1' is taken"):
        load(memory, path)
