"""Export and import: lossless, all or nothing, into the same or another scope."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memagent.embedders.hashing import Hashing
from memagent.errors import Conflict, MemagentError, StorageError, UsageProblem
from memagent.memory import Memory, forgetting
from memagent.memory.core import Core, opened
from memagent.memory.doctor import doctor
from memagent.memory.transfer import export, import_
from memagent.stores.base import Link
from memagent.types import Note, Rationale, Scope, Triple

ALICE, BOB, NOBODY = Scope(user="alice"), Scope(user="bob"), Scope()
S1, S2 = Scope(user="alice", session="s1"), Scope(user="alice", session="s2", agent="a")
S3 = Scope(user="alice", session="s3")


@contextmanager
def new_core(dim: int = 16) -> Iterator[Core]:
    core = opened(":memory:", Hashing(dim=dim))
    with closing(core.file()):
        yield core


@pytest.fixture
def core() -> Iterator[Core]:
    with new_core() as made:
        yield made


@pytest.fixture
def empty() -> Iterator[Core]:
    with new_core() as made:
        yield made


def add_notes(core: Core, scope: Scope, *notes: Note) -> list[str]:
    return core.passages.add(scope, notes, core.embed([f"{n.title}\n{n.text}" if n.title else n.text for n in notes]))


def add_triples(core: Core, scope: Scope, *triples: Triple) -> list[str]:
    texts = core.triples.unknown(scope, triples)
    return core.triples.add(scope, triples, dict(zip(texts, core.embed(texts), strict=True)))


def add_rationales(core: Core, scope: Scope, *rationales: Rationale) -> list[str]:
    return core.rationales.add(scope, rationales, core.embed([one.problem for one in rationales]))


def fill(core: Core, scope: Scope) -> None:
    """A little of everything."""
    at = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    ids = add_notes(
        core,
        scope,
        Note("Ida keeps the lamp.", title="Log", source="log.md", at=at, metadata={"page": 3, "ü": [1.5, None]}),
        Note("夜 \u2028 \r\n \x00 end", id="own id"),
        Note("Forgotten."),
    )
    core.passages.retire(scope, ids[2:])
    add_triples(
        core,
        scope,
        Triple("Ida", "Keeps", "the  Lamp", passage=ids[0], at=at, confidence=0.5),
        Triple("ida", "keeps", "the lamp", source="elsewhere", at=at, until=at + timedelta(days=1)),
        Triple("Bo", "keeps", "bees", source="elsewhere"),
    )
    core.triples.retire(scope, add_triples(core, scope, Triple("Bo", "is", "old")))
    core.graph.link(scope, [Link("bo", "bees", 0.25), Link("the lamp", "ida", 1.5, "near")])
    core.triples.declare(scope, "keeps", True)
    own = add_rationales(
        core,
        scope,
        Rationale("1+1?", "Count.", "2", "by hand", "s", True, {"x": 1}),
        Rationale("q", "r", "", id="mine"),
    )
    core.rationales.record(scope, own[0], success=True)


def exported(core: Core, scope: Scope, **options: Any) -> str:
    file = io.StringIO()
    export(core, scope, file, **options)
    return file.getvalue()


def imported(core: Core, scope: Scope, text: str) -> dict[str, int]:
    return dict(import_(core, scope, io.StringIO(text)))


def lines(text: str, kind: str | None = None) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.split("\n")[:-1]]
    return found if kind is None else [line for line in found if line.get("kind") == kind]


def changed(text: str, change: Callable[[list[dict[str, Any]]], object]) -> str:
    found = lines(text)
    change(found)
    return "".join(json.dumps(line) + "\n" for line in found)


def test_into_an_empty_file_and_out_again_gives_the_same_bytes(core: Core, empty: Core, tmp_path: Path) -> None:
    for scope in (ALICE, S1, S2):
        fill(core, scope)
    fill(core, BOB)
    counts = export(core, ALICE, tmp_path / "a.jsonl")
    import_(empty, ALICE, tmp_path / "a.jsonl")
    assert export(empty, ALICE, tmp_path / "b.jsonl") == counts
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert doctor(empty) == []
    for scope in (ALICE, S1, S2):
        assert list(empty.passages.passages(scope)) == list(core.passages.passages(scope))
        assert empty.triples.facts(scope, history=True) == core.triples.facts(scope, history=True)
        assert empty.graph.links(scope) == core.graph.links(scope)
        assert empty.triples.relations(scope) == core.triples.relations(scope)
        query = core.embed_query("Ida")
        assert empty.passages.nearest(scope, query, 9) == core.passages.nearest(scope, query, 9)
        assert empty.passages.match(scope, "lamp", 9) == core.passages.match(scope, "lamp", 9)
    assert not any("bob" in json.dumps(line) for line in lines((tmp_path / "a.jsonl").read_text()))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.jsonl", "b.jsonl"]


texts = st.text(st.characters(codec="utf-8"), max_size=12)
words = texts.filter(lambda text: bool(text.strip()))
names = st.sampled_from(["Ida", "ida", "Bo", "the lamp", "夜", "Straße", "ﬁre"]) | words
times = st.none() | st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))
metadata = st.dictionaries(
    texts,
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    max_size=2,
)
notes = st.builds(Note, text=words, title=texts, source=texts, at=times, metadata=metadata, id=st.none() | words)
scopes = st.sampled_from([NOBODY, Scope(session="s1"), Scope(session="s2", agent="a")])
triples = st.builds(
    Triple, names, names, names, source=texts, at=times, confidence=st.floats(0.01, 1.0, exclude_min=True)
)
solved = st.builds(Rationale, words, texts, words, texts, texts, st.booleans(), metadata)
acts = st.lists(
    st.tuples(
        st.sampled_from(["note", "triple", "rationale"]), scopes, notes, triples, solved, st.booleans(), st.booleans()
    ),
    max_size=8,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts, st.booleans())
def test_round_trip_of_random_contents(acts: list[Any], vectors: bool) -> None:
    with new_core(8) as core, new_core(8) as empty:
        for what, scope, note, triple, rationale, forgets, said_by_it in acts:
            try:
                carry_out(core, what, scope, note, triple, rationale, forgets, said_by_it)
            except MemagentError:  # such as an id that is taken: then it was not written
                continue
        text = exported(core, NOBODY, vectors=vectors)
        imported(empty, NOBODY, text)
        assert exported(empty, NOBODY, vectors=vectors) == text
        assert exported(empty, NOBODY) == exported(core, NOBODY)  # an embedder makes the same vectors again
        assert not any(imported(empty, NOBODY, text).values())
        assert doctor(empty) == []


def carry_out(
    core: Core, what: str, scope: Scope, note: Note, triple: Triple, rationale: Rationale, forgets: bool, by_it: bool
) -> None:
    if what == "rationale":
        ids = add_rationales(core, scope, rationale)
        return core.rationales.retire(scope, ids * forgets) and None
    if what == "note" or by_it:
        ids = add_notes(core, scope, note)
        if not by_it:
            return core.passages.retire(scope, ids * forgets) and None
        triple = Triple(triple.subject, triple.relation, triple.object, passage=ids[0], at=triple.at)
    facts = add_triples(core, scope, triple)
    core.triples.retire(scope, facts * forgets)
    return None


def test_into_another_user_and_into_one_session(core: Core) -> None:
    fill(core, S1)
    text = exported(core, ALICE)
    imported(core, BOB, text)
    assert [p.text for p in core.passages.passages(BOB)] == [p.text for p in core.passages.passages(ALICE)]
    assert {p.scope for p in core.passages.passages(BOB)} == {Scope(user="bob", session="s1")}
    carol = Scope(user="carol", session="s9", agent="x")
    imported(core, carol, text)
    assert {p.scope for p in core.passages.passages(Scope(user="carol"))} == {carol}
    assert len(core.triples.facts(carol, history=True)) == len(core.triples.facts(S1, history=True))
    assert doctor(core) == []


def test_two_passages_that_would_become_one_are_refused(core: Core) -> None:
    for scope in (S1, S3):
        add_notes(core, scope, Note("same"))
    text = exported(core, ALICE)
    with pytest.raises(Conflict, match="lines 2 and 3"):
        imported(core, Scope(user="bob", session="s"), text)
    assert core.passages.count(BOB) == 0


def test_facts_of_two_sessions_become_one_with_all_that_says_it(core: Core) -> None:
    add_triples(core, S1, Triple("Ida", "keeps", "bees", source="one"))
    add_triples(core, S3, Triple("ida", "keeps", "bees", source="two"))
    target = Scope(user="bob", session="s")
    imported(core, target, exported(core, ALICE))
    assert [fact.sources for fact in core.triples.facts(target)] == [("one", "two")]
    assert doctor(core) == []


def test_twice_is_once_and_what_is_there_stays(core: Core, empty: Core) -> None:
    fill(core, ALICE)
    text = exported(core, ALICE)
    assert sum(imported(empty, ALICE, text).values()) == len(lines(text)) - 2
    assert imported(empty, ALICE, text) == {}
    assert imported(core, ALICE, text) == {}
    gone = next(empty.passages.passages(ALICE)).id
    empty.passages.retire(ALICE, [gone])
    imported(empty, ALICE, text)
    assert gone not in [passage.id for passage in empty.passages.passages(ALICE)]
    empty.passages.delete(ALICE, [gone])
    assert imported(empty, ALICE, text)["passages"] == 1
    assert doctor(empty) == []


def test_an_id_of_another_text_is_a_conflict_and_nothing_is_written(core: Core, empty: Core) -> None:
    fill(core, ALICE)
    add_notes(empty, ALICE, Note("something else", id="own id"))
    before = exported(empty, ALICE)
    with pytest.raises(Conflict, match="own id"):
        imported(empty, ALICE, exported(core, ALICE))
    assert exported(empty, ALICE) == before


def test_another_declaration_is_a_conflict(core: Core, empty: Core) -> None:
    core.triples.declare(ALICE, "keeps", True)
    empty.triples.declare(ALICE, "keeps", False)
    with pytest.raises(Conflict, match="keeps"):
        imported(empty, ALICE, exported(core, ALICE))


def test_a_file_that_was_cut_anywhere_is_refused(core: Core, empty: Core) -> None:
    fill(core, ALICE)
    text = exported(core, ALICE)
    for cut in [*range(0, len(text) - 1, 97), text.rindex("\n", 0, -1) + 1]:
        with pytest.raises(UsageProblem):
            imported(empty, ALICE, text[:cut])
    assert empty.file().read("SELECT count(*) AS n FROM items")[0]["n"] == 0


BAD: dict[str, tuple[Callable[[list[dict[str, Any]]], object], str]] = {
    "unknown kind": (lambda found: found[1].update(kind="passages"), "line 2 .*passages"),
    "lacks": (lambda found: found[1].pop("title"), "line 2 .*lacks 'title'"),
    "unknown field": (lambda found: found[1].update(colour="red"), "line 2 .*colour"),
    "no text": (lambda found: found[1].update(text=5), "line 2 .*text is no text"),
    "surrogate": (lambda found: found[1].update(text="\ud800"), "line 2 .*Unicode"),
    "time": (lambda found: found[1].update(at="yesterday"), "line 2 .*at "),
    "time without zone": (lambda found: found[1].update(recorded_at="2024-01-01"), "line 2 .*time zone"),
    "flag": (lambda found: found[1].update(shared=1), "line 2 .*shared"),
    "count": (lambda found: found[1].update(uses=-1), "line 2 .*uses"),
    "importance": (lambda found: found[1].update(importance="high"), "line 2 .*importance"),
    "metadata": (lambda found: found[1].update(metadata=[1]), "line 2 .*metadata"),
    "base64": (lambda found: found[1].update(vector="?"), "line 2 .*base64"),
    "vector": (lambda found: found[1].update(vector="AAAA"), "line 2 .*16 numbers"),
    "session": (lambda found: found[1].update(session=" "), "line 2 .*blank"),
    "twice": (
        lambda found: (found.insert(2, found[1]), found[-1]["counts"].update(passage=4)),
        "line 3 .*line 2 again",
    ),
    "counts": (lambda found: found.pop(1), "promises"),
    "after the end": (lambda found: found.append(found[1]), "after the end"),
    "no passage": (lambda found: of(found, "evidence").update(passage="none"), "line .*passage that is not in"),
    "no fact": (lambda found: of(found, "evidence").update(fact="none"), "line .*fact that is not in"),
    "another fact": (lambda found: of(found, "evidence").update(subject="Otto"), "line .*says another fact"),
    "fact id": (lambda found: of(found, "fact").update(subject="bo"), "line .*fact of another id"),
    "phrase": (lambda found: of(found, "phrase").update(id="IDA"), "line .*plain form"),
    "surely": (lambda found: of(found, "evidence").update(confidence=1.5), "line .*confidence"),
    "end": (lambda found: of(found, "evidence").update(until="1999-01-01T00:00:00+00:00"), "line .*before it begins"),
    "confidence": (lambda found: of(found, "evidence").update(confidence=0), "line .*confidence"),
    "link": (lambda found: of(found, "link").update(a="none"), "line .*phrase that is not in"),
    "weight": (lambda found: of(found, "link").update(weight=-1), "line .*weight"),
    "header": (lambda found: found[0].update(memagent="story"), "no export"),
    "header without embedder": (lambda found: found[0].pop("embedder"), "line 1 .*embedder"),
    "newer": (lambda found: found[0].update(version=2), "version 2"),
}


def of(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(line for line in found if line.get("kind") == kind)


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_line_is_named_and_nothing_is_written(core: Core, empty: Core, case: str) -> None:
    fill(core, ALICE)
    change, message = BAD[case]
    with pytest.raises(UsageProblem, match=message):
        imported(empty, ALICE, changed(exported(core, ALICE), change))
    assert empty.file().read("SELECT count(*) AS n FROM items")[0]["n"] == 0


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_one_of_our_errors_or_goes_in_whole(core: Core, data: st.DataObject) -> None:
    if not core.passages.count(ALICE):
        fill(core, ALICE)
    text = exported(core, ALICE).encode()
    place = data.draw(st.integers(0, len(text) - 1))
    garbled = text[:place] + data.draw(st.binary(max_size=5)) + text[place + data.draw(st.integers(0, 30)) :]
    with new_core() as target:
        try:
            import_(target, ALICE, io.BytesIO(garbled))
        except MemagentError:
            assert target.file().read("SELECT count(*) AS n FROM items")[0]["n"] == 0
        else:
            assert [one for one in doctor(target) if one.check != "vectors"] == []


def test_vectors_of_another_embedder_are_made_anew(core: Core) -> None:
    fill(core, ALICE)
    with new_core(24) as other, new_core(24) as direct:
        imported(other, ALICE, exported(core, ALICE))
        assert doctor(other) == []
        imported(direct, ALICE, exported(core, ALICE, vectors=False))
        assert exported(other, ALICE) == exported(direct, ALICE)


def test_what_is_there_is_not_embedded_again(core: Core, empty: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(core, ALICE)
    text = exported(core, ALICE, vectors=False)
    assert "vector" not in lines(text)[1]
    imported(empty, ALICE, text)
    asked: list[str] = []
    monkeypatch.setattr(empty, "embed", lambda texts: asked.extend(texts) or core.embed(texts))
    assert imported(empty, ALICE, text) == {}
    assert asked == []


def purged(core: Core, scope: Scope) -> str:
    (id,) = add_triples(core, scope, Triple("Ida", "owes", "Bo", source="chat"))
    forgetting.purge(core, scope, [id], None, answers=True, dry_run=False)
    return id


def test_what_was_purged_stays_so_in_an_import_of_the_whole_memory(core: Core, empty: Core) -> None:
    purged(core, NOBODY)
    text = exported(core, NOBODY)
    assert "ida" not in text.lower()
    imported(empty, NOBODY, text)
    assert exported(empty, NOBODY) == text
    assert add_triples(empty, NOBODY, Triple("Ida", "owes", "Bo", source="chat")) == [""]


def test_a_users_export_has_no_key_and_its_digests_work_where_they_came_from(
    core: Core, empty: Core, caplog: pytest.LogCaptureFixture
) -> None:
    purged(core, ALICE)
    text = exported(core, ALICE)
    salt = core.file().read("SELECT value FROM meta WHERE key = 'salt'")[0]["value"]
    assert salt not in text
    with caplog.at_level(logging.WARNING):
        assert imported(empty, ALICE, text) == {}
    assert "1 digests" in caplog.text
    core.file().read("SELECT 1")
    with core.file().write() as writer:
        writer.execute("DELETE FROM purged")
    assert imported(core, ALICE, text) == {"purged": 1}
    assert add_triples(core, ALICE, Triple("Ida", "owes", "Bo", source="chat")) == [""]


def test_an_old_export_does_not_bring_back_what_was_purged(core: Core) -> None:
    add_triples(core, ALICE, Triple("Ida", "owes", "Bo", source="chat"), Triple("Ida", "likes", "tea", source="chat"))
    core.graph.link(ALICE, [Link("bo", "ida", 1.0)])
    text = exported(core, ALICE)
    purged(core, ALICE)
    assert imported(core, ALICE, text) == {"refused": 1}
    assert [fact.object for fact in core.triples.facts(ALICE)] == ["tea"]
    assert doctor(core) == []


def test_what_one_session_purged_goes_into_another_that_never_saw_it(core: Core) -> None:
    one, two = (Scope(user="alice", session=name) for name in ("one", "two"))
    for scope in (one, two):
        add_triples(core, scope, Triple("Ida", "owes", "Bo", source="chat"))
    text = exported(core, ALICE)
    purged(core, one)
    core.triples.delete(two, source="chat")
    assert imported(core, ALICE, text) == {"facts": 1, "phrases": 2, "relations": 1, "evidence": 1, "refused": 1}
    assert core.triples.facts(one) == [] and len(core.triples.facts(two)) == 1
    assert imported(core, one, text) == {"refused": 2}
    assert doctor(core) == []


def test_an_export_appears_whole_or_not_at_all(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(core, ALICE)
    (tmp_path / "out.jsonl").write_text("before")
    with monkeypatch.context() as patch:
        patch.setattr("memagent.memory.transfer.as_base64", None)
        patch.setitem(__import__("memagent.memory.transfer", fromlist=["_SHOWN"])._SHOWN, "vector", fail)
        with pytest.raises(KeyboardInterrupt):
            export(core, ALICE, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(StorageError, match="nowhere"):
        export(core, ALICE, tmp_path / "nowhere" / "out.jsonl")
    with pytest.raises(UsageProblem, match="missing"):
        import_(core, ALICE, tmp_path / "missing.jsonl")


def fail(value: object) -> str:
    raise KeyboardInterrupt


def test_a_handle_writes_to_an_open_file_and_takes_one_up(tmp_path):
    told, out = [], io.StringIO()
    with Memory(tmp_path / "a.db", embedder="hashing:32") as memory:
        memory.bind(user="alice").add("Fog.")
        assert memory.bind(user="alice").export(out) == {"passages": 1}
        assert memory.bind(user="bob").import_(io.StringIO(out.getvalue())) == {"passages": 1}
        memory.reembed("hashing:16", on_progress=lambda *done: told.append(done))
        memory.doctor(on_progress=lambda *done: told.append(done))
        memory.bind(user="bob").audit(on_progress=lambda *done: told.append(done))
    assert told[0] == (2, 2) and told[1][2] == "integrity" and told[-1] == (1, 1)
