"""The job that looks for facts: what is on record when, failures, limits, kills, other users, and files."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent import Budget, Controller, Memory, Note, Triple
from memagent.errors import BackendError, BudgetExceeded, Conflict, NotFound, Refused, UsageProblem
from memagent.indexing.extraction_files import lines_of, load
from memagent.indexing.facts import estimate, find_facts
from memagent.llms.openai import OpenAI
from memagent.testing import FakeOpenAIServer, ScriptedLLM
from memagent.types import Extraction


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:64") as opened:
        yield opened.bind(user="alice")


def told(request):
    """Says of passage N that thing N is near thing N+1."""
    text = request.messages[-1].content
    number = int(re.search(r"Text (\d+)", text).group(1))
    if "named_entities" in text:
        return json.dumps({"named_entities": [f"thing {number}"]})
    return json.dumps({"triples": [[f"thing {number}", "is near", f"thing {number + 1}"]]})


def script(count):
    return ScriptedLLM([told] * (2 * count))


def test_every_passage_is_gone_through_once(memory):
    memory.add([f"Text {number}" for number in range(20)])
    seen = []
    found = find_facts(memory.extractions, Controller(script(20)), concurrency=4, on_progress=seen.append)
    assert (found.done, found.failed, found.facts, found.left) == (20, 0, 20, 0)
    assert [one.done for one in seen] == list(range(1, 21)) and memory.facts.count() == 20
    assert memory.extractions.counts() == {"done": 20, "failed": 0, "pending": 0}
    assert find_facts(memory.extractions, Controller(ScriptedLLM())).total == 0  # no call at all
    memory.add("Text 99")
    assert find_facts(memory.extractions, Controller(script(1))).done == 1
    [fact] = memory.facts.find("thing 99")
    assert memory.get(fact.passages[0]).text == "Text 99"


def test_of_a_conversation_only_what_people_said_is_looked_at(memory):
    for number, role in enumerate(("user", "assistant", "tool", "system")):
        memory.turns.add(f"Text {number}", role=role)
    llm = script(1)
    found = find_facts(memory.extractions, Controller(llm))
    assert (found.done, found.facts, len(llm.requests)) == (4, 1, 2)
    assert [fact.subject for fact in memory.facts.find()] == ["thing 0"]
    assert memory.extractions.pending() == []


def test_a_reply_that_stays_unreadable_fails_its_passage_alone(memory):
    memory.add(["Text 1", "Text 2", "Text 3"])
    llm = ScriptedLLM([told, told, "no", "no", "no", told, told])
    found = find_facts(memory.extractions, Controller(llm), concurrency=1)
    assert (found.done, found.failed) == (2, 1)
    [(id, problem)] = memory.extractions.failed().items()
    assert memory.get(id).text == "Text 2" and "no usable reply in 3 tries" in problem
    assert memory.extractions.pending() == []
    assert memory.extractions.again(failed=True) == 1
    assert find_facts(memory.extractions, Controller(script(1))).done == 1 and memory.extractions.failed() == {}


def test_a_budget_stops_the_job_and_a_higher_one_goes_on(memory):
    memory.add([f"Text {number}" for number in range(6)])
    with pytest.raises(BudgetExceeded):
        find_facts(memory.extractions, Controller(script(6), budget=Budget(calls=5)), concurrency=1)
    assert memory.extractions.counts() == {"done": 2, "failed": 0, "pending": 4}
    assert find_facts(memory.extractions, Controller(script(4)), concurrency=1).done == 4
    assert memory.facts.count() == 6


def test_a_backend_that_fails_stops_the_job_and_loses_nothing(memory):
    memory.add([f"Text {number}" for number in range(4)])
    llm = ScriptedLLM([told, told, BackendError("the server is down")])
    with pytest.raises(BackendError, match="down"):
        find_facts(memory.extractions, Controller(llm, retries=0), concurrency=1)
    assert memory.extractions.counts() == {"done": 1, "failed": 0, "pending": 3}


def test_a_passage_that_goes_meanwhile_is_no_error(memory):
    first, _ = memory.add(["Text 1", "Text 2"])

    def deletes(request):
        memory.delete(first)
        return told(request)

    found = find_facts(memory.extractions, Controller(ScriptedLLM([told, deletes, told, told])), concurrency=1)
    assert (found.done, found.gone) == (1, 1) and memory.facts.count() == 1


def test_an_edit_has_a_passage_gone_through_again_and_takes_its_facts_along(memory):
    [id] = memory.add("Text 1")
    find_facts(memory.extractions, Controller(script(1)))
    memory.edit(id, "Text 5")
    assert memory.facts.count() == 0 and memory.extractions.counts()["pending"] == 1
    find_facts(memory.extractions, Controller(script(1)))
    assert [fact.subject for fact in memory.facts.find()] == ["thing 5"]


def test_another_extraction_takes_the_place_of_the_first_and_leaves_what_others_say(memory):
    [id] = memory.add("Text 1")
    passage = memory.get(id)
    memory.facts.add(Triple("by hand", "is", "kept", passage=id))
    memory.facts.add(Triple("shared", "is", "said", source="a letter"))
    old = Extraction(("a",), (("a", "is", "b"), ("shared", "is", "said"), ("stays", "is", "here")))
    assert memory.extractions.keep(passage, old, by="one") == 3
    assert (
        memory.extractions.keep(passage, Extraction(("c",), (("stays", "is", "here"), ("", "is", "x"))), by="two") == 1
    )
    assert {fact.subject for fact in memory.facts.find()} == {"by hand", "shared", "stays"}
    assert dict(memory.extractions.entities()) == {id: ("c",)} and memory.doctor() == []


def test_deleting_a_passage_leaves_nothing_of_its_extraction(memory):
    first, _ = memory.add(["Text 1", "Text 2"])
    find_facts(memory.extractions, Controller(script(2)))
    memory.delete(first)
    rows = memory.core.file().read("SELECT * FROM extractions")
    assert len(rows) == 1 and memory.facts.count() == 1 and memory.doctor() == []


def test_purged_entities_leave_no_byte(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        [id] = memory.add("Zanzibarine is kept.")
        memory.extractions.keep(memory.get(id), Extraction(("Zanzibarine",), (("Zanzibarine", "is", "kept"),)), by="me")
        memory.purge(id)
    assert not any(b"anzibar" in file.read_bytes().lower() for file in tmp_path.iterdir())


def test_nobody_elses_passages_are_seen_or_counted(memory, tmp_path):
    other = Memory(tmp_path / "m.db", embedder="hashing:64")
    bob = other.bind(user="al")
    memory.add("Text 1")
    [its] = bob.add("Text 2")
    find_facts(memory.extractions, Controller(script(1)))
    assert bob.extractions.counts() == {"done": 0, "failed": 0, "pending": 1} and bob.facts.count() == 0
    with pytest.raises(UsageProblem, match="another scope"):
        memory.extractions.keep(bob.get(its), Extraction(), by="me")
    assert memory.extractions.again() == 1 and bob.extractions.again() == 0
    other.close()


def test_sessions_keep_their_facts_apart(memory):
    one, two = memory.bind(session="1"), memory.bind(session="2")
    one.add("Text 1")
    two.add("Text 2")
    assert find_facts(memory.extractions, Controller(script(2))).done == 2
    assert [fact.subject for fact in one.facts.find()] == ["thing 1"] and memory.facts.count() == 2


def test_an_export_has_extractions_and_an_import_goes_on_with_them(memory, tmp_path):
    memory.add(["Text 1", "Text 2"])
    find_facts(memory.extractions, Controller(script(1)), limit=1)
    memory.export(tmp_path / "e.jsonl")
    with Memory(tmp_path / "other.db", embedder="hashing:64") as other:
        bob = other.bind(user="bob")
        assert bob.import_(tmp_path / "e.jsonl")["extractions"] == 1
        assert bob.extractions.counts() == {"done": 1, "failed": 0, "pending": 1} and bob.facts.count() == 1
        assert "extractions" not in bob.import_(tmp_path / "e.jsonl")
        assert other.doctor() == []


def test_the_real_client_asks_with_a_schema(memory):
    memory.add("Text 7")

    def answered(payload):
        name = payload["response_format"]["json_schema"]["schema"]["required"][0]
        text = {"named_entities": ["thing 7"], "triples": [["thing 7", "is near", "thing 8"]]}[name]
        return json.dumps({name: text})

    with FakeOpenAIServer(answered) as server:
        llm = OpenAI("any", base_url=server.url, api_key="none")
        assert find_facts(memory.extractions, Controller(llm)).facts == 1
        assert len(server.requests) == 2


def test_an_estimate_is_near_what_is_spent(memory):
    memory.add(
        [
            Note("Ida keeps the lamp at Gull Point, where it burns all night. " * 4, title="Ida", id=str(n))
            for n in range(8)
        ]
    )
    controller = Controller("offline")
    found = estimate(memory.extractions.pending(), controller.llm)
    find_facts(memory.extractions, controller)
    assert (found.passages, found.calls, found.cost) == (8, 16, 0.0) and controller.usage.calls == 16
    assert 0.5 < found.input_tokens / controller.usage.input_tokens < 2
    unpriced = estimate(memory.extractions.pending(), ScriptedLLM())
    assert (unpriced.passages, unpriced.cost) == (0, None)


def test_two_jobs_at_once_do_no_harm(memory, tmp_path):
    memory.add([f"Text {number}" for number in range(12)])
    with Memory(tmp_path / "m.db", embedder="hashing:64") as again:
        handles = [memory, again.bind(user="alice")]
        threads = [
            threading.Thread(target=find_facts, args=(one.extractions, Controller(script(12)))) for one in handles
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert memory.facts.count() == 12 and memory.extractions.counts()["done"] == 12 and memory.doctor() == []


def memagent(*arguments):
    return [sys.executable, "-m", "memagent", *map(str, arguments)]


def test_a_killed_job_goes_on_and_comes_to_the_same(tmp_path):
    text = "Ida Berg of Gull Point met Bo Venn in Oslo in {}. They sailed to Bergen on the Petrel."
    notes = [Note(text.format(1800 + number), title=f"Letter {number}") for number in range(300)]
    counts = []
    for name in ("killed.db", "whole.db"):
        with Memory(tmp_path / name, single_user=True) as memory:
            memory.add(notes)
    run = memagent("index", "-m", "offline", "-q", "--db")
    watched = sqlite3.connect(tmp_path / "killed.db")
    for least in (1, 40, 41, 120):
        process = subprocess.Popen([*run, tmp_path / "killed.db"])
        while watched.execute("SELECT count(*) FROM extractions").fetchone()[0] < least:
            assert process.poll() is None, "the job ended before it was to be killed"
            time.sleep(0.002)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    watched.close()
    for name in ("killed.db", "whole.db"):
        subprocess.run([*run, tmp_path / name], check=True)
        with Memory(tmp_path / name, single_user=True) as memory:
            assert memory.extractions.counts() == {"done": 300, "failed": 0, "pending": 0} and memory.doctor() == []
            counts.append({key: value for key, value in memory.graph.counts().items()})
    assert counts[0] == counts[1]


def test_a_passage_that_was_edited_meanwhile_says_nothing_of_the_old_text(memory):
    [id] = memory.add("Ida lives in Oslo.")
    old = memory.get(id)
    memory.edit(id, "Bo likes tea.")
    with pytest.raises(NotFound):
        memory.extractions.keep(old, Extraction(("Ida",), (("Ida", "lives in", "Oslo"),)), by="me")
    assert memory.facts.count() == 0


def test_what_was_said_by_hand_outlives_every_extraction(memory):
    [id] = memory.add("Text 1")
    memory.facts.add(Triple("Ida", "is", "here", passage=id))
    memory.extractions.keep(memory.get(id), Extraction(("Ida",), (("Ida", "is", "here"), ("a", "is", "b"))), by="one")
    memory.extractions.keep(memory.get(id), Extraction(), by="two")
    assert [fact.subject for fact in memory.facts.find()] == ["Ida"]


def test_a_purged_fact_is_named_by_no_extraction(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        [id] = memory.add("She has that illness.")
        found = Extraction(("AnnQQ", "GoutQQ"), (("AnnQQ", "has", "GoutQQ"),))
        memory.extractions.keep(memory.get(id), found, by="me")
        memory.purge(memory.facts.find()[0].id)
        assert dict(memory.extractions.entities()) == {id: ()} and memory.count() == 1
    assert not any(b"goutqq" in file.read_bytes().lower() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        Extraction("Ida"),
        Extraction(("\ud800",)),
        Extraction((), (("a", "b"),)),
        Extraction((), ("abc",)),
        Extraction((), ((1, "r", "o"),)),
    ],
)
def test_what_is_no_extraction_is_refused(memory, wrong):
    [id] = memory.add("Text 1")
    with pytest.raises(UsageProblem):
        memory.extractions.keep(memory.get(id), wrong, by="me")
    assert memory.extractions.counts()["pending"] == 1


@pytest.mark.parametrize("column", ["entities", "facts"])
@pytest.mark.parametrize("value", ["5", "{", '{"a": 1}'])
def test_the_doctor_drops_an_extraction_that_cannot_be_read(memory, column, value):
    memory.add("Text 1")
    find_facts(memory.extractions, Controller(script(1)))
    with memory.core.file().write() as writer:
        writer.execute(f"UPDATE extractions SET {column} = ?", [value])
    assert [one.check for one in memory.doctor()] == ["extractions"]
    memory.doctor(repair=True)
    assert memory.doctor() == [] and memory.extractions.counts()["pending"] == 1


# --- files


def test_a_file_of_extractions_is_taken_up_as_it_was_written(memory, tmp_path):
    lines = [
        {
            "id": 0,
            "title": "Ida",
            "text": "Ida keeps the lamp.",
            "entities": ["Ida", 7, ""],
            "triples": [["Ida", "keeps", "the lamp"]],
        },
        {
            "id": "b",
            "text": "Odd.",
            "triples": [["a", "b"], ["x", 1, 2.5], [None, "r", "o"], ["x", 1, 2.5], "no", ["", "", ""]],
        },
        {"text": "No triples yet."},
    ]
    path = tmp_path / "passages.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    assert load(memory, path) == (3, 2) == load(memory, path)
    assert memory.get("0").title == "Ida" and memory.facts.find("x", "1", "2.5")
    assert memory.extractions.counts() == {"done": 2, "failed": 0, "pending": 1}
    written = [json.loads(line) for line in lines_of(memory)]
    assert written[0] == {**lines[0], "id": "0", "entities": ["Ida", "7"]} and "triples" not in written[2]
    path.write_text("\n".join(lines_of(memory)), encoding="utf-8")
    with Memory(":memory:", single_user=True) as other:
        load(other, path)
        assert [json.loads(line) for line in lines_of(other)] == written


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "no JSON object"),
        ("[]", "no JSON object"),
        ('{"text": ""}', "no text"),
        ('{"text": "x", "id": []}', '"id"'),
        ('{"text": "x", "id": ""}', "empty id"),
        ('{"text": "x", "id": true}', '"id"'),
        ('{"text": "x", "title": 5}', '"title"'),
        ('{"text": "\\ud800"}', "half a character"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(memory, tmp_path, line, what):
    path = tmp_path / "passages.jsonl"
    path.write_text('{"text": "fine"}\n' + line + "\n")
    with pytest.raises(UsageProblem, match=f"line 2.*{what}"):
        load(memory, path)
    assert memory.count() == 0
    with pytest.raises(UsageProblem, match="No such file"):
        load(memory, tmp_path / "nowhere.jsonl")


def test_nothing_is_recorded_of_a_passage_that_has_another_text_now(memory):
    [id] = memory.add("Text 1")
    passage = memory.get(id)
    memory.edit(id, "Text 2")
    with pytest.raises(NotFound):
        memory.extractions.fail(passage, "too late", by="me")


def test_a_refusal_fails_its_passage_and_five_in_a_row_stop_the_job(memory):
    memory.add([f"Text {number}" for number in range(12)])
    refused = Refused("too long for this model")
    script = [told, told, *[refused] * 4, told, told, *[refused] * 5]
    with pytest.raises(Refused):
        find_facts(memory.extractions, Controller(ScriptedLLM(script)), concurrency=1)
    assert memory.extractions.counts() == {"done": 2, "failed": 9, "pending": 1}
    assert set(memory.extractions.failed().values()) == {"too long for this model"}


def test_what_a_listener_raises_ends_the_job_and_comes_out(memory):
    memory.add([f"Text {number}" for number in range(4)])

    def listens(progress):
        raise ZeroDivisionError("a bug of the listener")

    with pytest.raises(ZeroDivisionError):
        find_facts(memory.extractions, Controller(script(4)), concurrency=2, on_progress=listens)
    assert memory.extractions.counts()["done"] >= 1
    assert find_facts(memory.extractions, Controller(script(4))).left == 0


def test_a_bug_in_a_backend_comes_out_as_it_is(memory):
    memory.add("Text 1")

    def breaks(request):
        raise ZeroDivisionError("a bug of the backend")

    with pytest.raises(ZeroDivisionError):
        find_facts(memory.extractions, Controller(ScriptedLLM([breaks])))
    assert memory.extractions.counts() == {"done": 0, "failed": 0, "pending": 1}


def test_pending_can_name_what_would_be_gone_through_again(memory):
    done, failed, pending = memory.add(["Text 1", "Text 2", "Text 3"])
    memory.extractions.keep(memory.get(done), Extraction(), by="me")
    memory.extractions.fail(memory.get(failed), "why", by="me")
    named = memory.extractions.pending
    assert [one.id for one in named()] == [pending]
    assert [one.id for one in named(failed=True)] == [failed, pending]
    assert [one.id for one in named(failed=True, done=True)] == [done, failed, pending]
    assert [one.id for one in named(1, done=True)] == [done]


part = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5) | st.lists(st.text())
)
line = st.fixed_dictionaries(
    {"text": st.text(min_size=1, max_size=8).filter(str.strip)},
    optional={
        "id": st.integers() | st.text(min_size=1, max_size=3),
        "title": st.text(max_size=4) | st.none(),
        "entities": part | st.lists(part, max_size=4),
        "triples": part | st.lists(part | st.lists(part, min_size=2, max_size=4), max_size=4),
    },
)


@settings(max_examples=150)
@given(st.lists(line, max_size=3))
def test_any_file_is_taken_up_and_written_so_that_it_gives_the_same_or_is_refused_whole(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("any") / "any.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with Memory(":memory:", embedder="hashing:16", single_user=True) as memory:
        try:
            load(memory, path)
        except (Conflict, UsageProblem):
            assert memory.count() == 0
            return
        written = list(lines_of(memory))
        path.write_text("\n".join(written), encoding="utf-8")
        with Memory(":memory:", embedder="hashing:16", single_user=True) as other:
            load(other, path)
            assert list(lines_of(other)) == written and other.doctor() == []
