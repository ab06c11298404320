"""Why a memory is as it is, why it was not found, and what was known at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from memagent.errors import NotFound, UsageProblem
from memagent.memory import Memory
from memagent.types import Note, Rationale, Triple

THEN = datetime(2020, 5, 1, tzinfo=UTC)


@pytest.fixture
def alice(tmp_path):
    with Memory(tmp_path / "notes.db", embedder="hashing:256") as opened:
        yield opened.bind(user="alice")


def test_why_a_passage(alice):
    [id] = alice.bind(session="monday").add(Note("Ida keeps the lamp.", source="log.md", at=THEN))
    alice.bind(session="monday").facts.add(Triple("Ida", "keeps", "the lamp", passage=id))
    alice.used(id)
    found = alice.why(id)
    assert (found.id, found.kind, found.verdict) == (id, "passage", "live")
    for part in ("session 'monday'", "'log.md'", "2020-05-01", "1 fact hangs on it", "used 1 times", "importance 1"):
        assert part in str(found)
    alice.forget(id)
    assert alice.why(id).verdict == "forgotten" and "restore(" in str(alice.why(id))
    with pytest.raises(NotFound):
        alice.why("nobody")


def test_why_a_fact_that_was_superseded(alice):
    alice.facts.declare("lives in")
    [old] = alice.facts.add(Triple("Ida", "lives in", "Paris", source="a", at=THEN))
    assert alice.why(old).verdict == "live"
    [new] = alice.facts.add(Triple("Ida", "lives in", "Oslo", source="b", at=THEN + timedelta(days=30)))
    found = alice.why(old)
    assert (
        found.verdict == "superseded" and new in str(found) and "declared" in str(found) and "source 'a'" in str(found)
    )
    assert "until 2020-05-31" in str(found) and alice.why(new).verdict == "live"
    [later] = alice.facts.add(Triple("Ida", "meets", "Bo", at=datetime.now(UTC) + timedelta(days=9)))
    assert alice.why(later).verdict == "not yet" and alice.facts.find("Ida", "meets") == []
    [past] = alice.facts.add(Triple("Ida", "met", "Bo", at=THEN, until=THEN + timedelta(days=1)))
    assert alice.why(past).verdict == "ended"


def test_why_a_rationale(alice):
    [id] = alice.rationales.add(Rationale("2 + 2?", "count", "4", verified="exact"))
    alice.rationales.record(id, success=True)
    assert "verified by exact; followed by success 1 times and by failure 0 times" in str(alice.why(id))


def test_why_not_names_the_cut(alice):
    ids = alice.add(["The harbour freezes in March.", *(f"The harbour froze in {year}." for year in range(1900, 1912))])
    assert alice.why_not(ids[0], "When does the harbour freeze?").verdict == "found"
    far = alice.why_not(ids[12], "harbour freezes March", k=2)
    assert (
        far.verdict == "rank"
        and "keyword: rank" in str(far)
        and "k=2 shows ranks up to 2" in str(far)
        and "the last of the 2" in str(far)
    )
    [odd] = alice.add("Zebra.")
    assert alice.why_not(odd, "harbour", using="keyword").verdict == "no match"
    alice.forget(odd)
    assert alice.why_not(odd, "zebra").verdict == "forgotten"
    assert alice.why_not("nobody", "zebra").verdict == "absent"
    [late] = alice.add(Note("The yacht sank.", at=THEN))
    early = alice.why_not(late, "yacht", as_of=THEN - timedelta(days=1))
    assert early.verdict == "not yet" and "2020-05-01" in str(early)


def test_why_not_of_facts_and_rationales(alice):
    alice.facts.declare("lives in")
    [old] = alice.facts.add(Triple("Ida", "lives in", "Paris", at=THEN))
    alice.facts.add(Triple("Ida", "lives in", "Oslo", at=THEN + timedelta(days=30)))
    assert alice.why_not(old, "where does Ida live").verdict == "superseded"
    assert alice.why_not(old, "where does Ida live", as_of=THEN + timedelta(days=1)).verdict == "found"
    [id] = alice.rationales.add(Rationale("2 + 2?", "count", "4"))
    assert alice.why_not(id, "2 + 2?").verdict == "found"


def test_why_not_goes_by_what_it_is_and_not_by_the_spelling_of_its_id(alice):
    alice.rationales.add(Rationale("What is 2 + 2?", "Count.", "4", id="mine"))
    alice.add([Note("The fog bell rings.", id="fact:1"), Note("The lamp burns.", id="rationale:1")])
    assert alice.why_not("mine", "What is 2 + 2?").verdict == "found"
    assert alice.why_not("fact:1", "fog bell").verdict == "found"
    assert alice.why_not("rationale:1", "lamp", using="keyword").verdict == "found"
    assert alice.why_not("mine", "zebra", using="keyword").kind == "rationale"


def test_search_as_of_a_moment_sees_what_had_happened_by_then(alice):
    ids = alice.add([Note("Fog in May.", at=THEN), Note("Fog in June.", at=THEN + timedelta(days=31)), "Fog now."])
    for using in ("hybrid", "dense", "keyword"):
        find = lambda at, using=using: {hit.id for hit in alice.search("fog", as_of=at, using=using)}  # noqa: E731
        assert find(THEN - timedelta(seconds=1)) == set()
        assert find(THEN) == {ids[0]}
        assert find(THEN + timedelta(days=40)) == set(ids[:2])
        assert find(None) == find(datetime.now(UTC)) == set(ids)
    with pytest.raises(UsageProblem, match="no time zone"):
        alice.search("fog", as_of=datetime(2020, 1, 1))
    with pytest.raises(UsageProblem, match="as_of"):
        alice.search("fog", as_of=THEN, using=object())


def test_why_not_takes_the_retriever_of_facts(alice):
    [passage] = alice.add("Mara keeps the lamp.")
    alice.facts.add(Triple("Mara", "keeps", "the lamp", passage=passage))
    [fact] = alice.facts.find("Mara")
    alice.facts.add(Triple("Ida", "sails", "the boat"))
    assert alice.why_not(fact.id, "boat", using="facts", k=1).verdict == "no match"
    assert "keyword: not found" in str(alice.why_not(fact.id, "boat", using="facts", k=1))
    assert "finds facts, not passages" in str(alice.why_not(passage, "boat", using="facts", k=1))
