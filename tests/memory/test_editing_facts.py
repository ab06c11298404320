"""`facts.edit`, and what `one_value` declares: the last edit stands, and what fails leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from memagent.errors import NotFound, UsageProblem
from memagent.memory import Memory
from memagent.stores import editing, items
from memagent.types import Triple


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder="hashing:16", single_user=True) as opened:
        yield opened


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("session", [None, "s"])
def test_of_edits_since_one_moment_the_last_stands_also_back_to_what_was_said(session: str | None) -> None:
    with Memory(":memory:", embedder="hashing:16") as memory:
        user, other = memory.bind(user="alice").facts, memory.bind(user="alice", session=session).facts
        user.declare("lives in")
        for place in ("Oslo", "Rome", "Oslo", "Rome", "OSLO"):
            id = (other if place == "Rome" else user).edit("Ida", "lives in", place, at=year(2020))
            [value] = user.read(("Ida", "lives in", None)).values
            assert (value.text.lower(), value.fact.id) == (place.lower(), id)
            assert [fact.id for fact in user.find("Ida", "lives in", as_of=year(2021))] == [id]
        assert len({fact.id for fact in user.history("Ida", "lives in")}) == 2


def test_an_edit_ends_what_was_written_by_a_clock_that_was_ahead(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.facts.declare("lives in")
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with monkeypatch.context() as patched:
        for module in (items, editing):
            patched.setattr(module, "now", lambda: ahead.isoformat(timespec="microseconds"))
        memory.facts.edit("Ida", "lives in", "Oslo")
    memory.facts.add(Triple("Ida", "lives in", "Mars", at=year(2100)))  # to come, and not what is to end
    memory.facts.edit("Ida", "lives in", "Turku")
    memory.facts.edit("Ida", "lives in", "Bergen")
    right_again = ahead + timedelta(minutes=1)
    assert memory.facts.read(("Ida", "lives in", None), as_of=right_again).texts == ("Bergen",)
    assert memory.facts.read(("Ida", "lives in", None), as_of=year(2101)).texts == ("Mars",)


def test_what_fails_declares_and_writes_nothing(memory: Memory) -> None:
    facts = memory.facts
    facts.add([Triple("Ida", "owns", "Tern", at=year(2020)), Triple("Ida", "owns", "Gull", at=year(2021))])
    memory.purge(facts.add(("Bo", "owns", "Gone"))[0])
    for object, at, said in (("", None, "empty"), ("Gone", None, "purged"), ("Tern", datetime(2020, 1, 1), "zone")):
        with pytest.raises(UsageProblem, match=said):
            facts.edit("Bo", "owns", object, at=at, one_value=True)
    assert facts.add(("Bo", "owns", "Gone"), one_value=True) == [""]
    with pytest.raises(NotFound):
        facts.add([("Bo", "owns", "Dove"), Triple("Bo", "owns", "Swan", passage="nowhere")], one_value=True)
    with pytest.raises(UsageProblem, match="many values"):
        facts.edit("Bo", "owns", "Dove")
    assert [relation.how for relation in facts.relations()] == [""]
    assert [fact.object for fact in facts.find()] == ["Tern", "Gull"]


def test_a_relation_is_declared_with_the_triple_that_is_written(memory: Memory) -> None:
    facts = memory.facts
    facts.add([Triple("Ida", "owns", "Tern", at=year(2020)), Triple("Ida", "owns", "Gull", at=year(2021))])
    facts.edit("Bo", " OWNS", "Dove", one_value=True)
    facts.add([("Bo", "sails", "Dove"), ("Bo", "born in", "Oslo")], one_value=True)
    facts.add(("Bo", "knows", "Ida"))
    assert facts.read(("Ida", "owns", None)).texts == ("Gull",)
    said = {relation.name: (relation.functional, relation.how) for relation in facts.relations()}
    declared = (True, "declared")
    assert said == {"born in": declared, "knows": (False, ""), "owns": declared, "sails": declared}
    facts.declare("owns", None)
    assert facts.read(("Ida", "owns", None)).texts == ("Tern", "Gull")
