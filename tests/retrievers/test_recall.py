"""The retriever `recall`: what its scores and reasons are made of. Its contract: `test_conformance.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from memagent import Memory, Note
from memagent.retrievers.recall import MOST


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


def test_a_word_counts_by_how_few_passages_have_it(memory: Memory) -> None:
    memory.add([Note(f"A lantern stands on step {n}.", id=f"l{n}") for n in range(4)])
    memory.add([Note("A sextant lies on the table.", id="s")])
    hits = memory.search("lantern or sextant", 5, using="recall")
    assert hits[0].id == "s"
    assert hits[0].parts["words"] == 1.0
    assert {hit.parts["words"] for hit in hits[1:]} == {0.25}


def test_a_word_that_too_many_passages_have_counts_nothing(memory: Memory) -> None:
    memory.add([Note(f"A lantern stands on step {n}.", id=f"l{n}") for n in range(MOST)])
    assert all("words" not in hit.parts for hit in memory.search("lantern", 5, using="recall"))
    memory.delete("l0")
    assert all("words" in hit.parts for hit in memory.search("lantern", 5, using="recall"))


def test_a_word_is_found_with_another_ending(memory: Memory) -> None:
    memory.add([Note("The bells rang.", id="b"), Note("The gulls cried.", id="g")])
    assert memory.search("Which bell?", 1, using="recall")[0].why.startswith("named: bell")


def test_what_was_told_just_now_counts_less_than_what_is_asked(memory: Memory) -> None:
    memory.add([Note("The sextant is broken.", id="s"), Note("The lantern is lit.", id="l")])
    hits = memory.search("Where is the sextant?\n\nHe had the lantern.\n\nA summary.", 2, using="recall")
    assert [hit.id for hit in hits] == ["s", "l"]
    assert "told just now: lantern" in hits[1].why


def test_scores_are_in_order_and_below_one_and_ties_go_by_id(memory: Memory) -> None:
    memory.add([Note(f"A lantern stands on step {n}.", id=f"l{n}") for n in (3, 1, 2)])
    hits = memory.search("zzz\n\nlantern", 3, using="recall")
    assert all(0 < hit.score < 1 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [hit.id for hit in hits if hit.parts.keys() == {"around"}] == sorted(
        hit.id for hit in hits if hit.parts.keys() == {"around"}
    )


@pytest.mark.parametrize("query", ["", " \n\n ", "…", "\n\nonly around"])
def test_odd_queries_are_no_error(memory: Memory, query: str) -> None:
    memory.add([Note("The bells rang.", id="b")])
    assert len(memory.search(query, 2, using="recall")) <= 1
