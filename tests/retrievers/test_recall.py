"""The retriever `recall`: what its scores and reasons are made of. Its contract: `test_conformance.py`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from memagent import Memory, Note
from memagent.retrievers.recall import MOST, Recall
from memagent.stores.base import Match, RareWords, VectorStore
from memagent.types import Scope


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


class Plain:
    """A store that offers nothing but the contract: each word is looked up by itself, and all it finds is read."""

    def __init__(self, store: VectorStore) -> None:
        self._store = store

    def nearest(self, *of: Any, **more: Any) -> list[Match]:
        return self._store.nearest(*of, **more)

    def match(self, *of: Any, **more: Any) -> list[Match]:
        return self._store.match(*of, **more)


DAY = datetime(2024, 5, 1, tzinfo=UTC)


def book(memory: Memory) -> None:
    """Two hundred paragraphs of words that many have, that few have, and that one has, in three scripts."""
    pick = Random(3).choice
    names, common = "Mara Tomas Ilse Joren".split(), "lamp sea wind boat stairs door rain night".split()
    rare = [f"thing{n}" for n in range(60)] + "ключ фонарь якорь 燈台 羅針 海図".split()
    memory.add(
        [
            Note(f"{pick(names)} saw the {pick(common)}. {pick(names)}, of the {pick(rare)}, {pick(rare)}.", id=f"p{n}",
                 at=DAY + timedelta(hours=n))
            for n in range(200)
        ]
    )  # fmt: skip
    memory.delete("p7")


QUERIES = (
    "Mara looks for the thing7 of Tomas.\n\nIlse had the thing9. The door was open.\n\nJoren keeps thing3.",
    "Где ключ Mara?\n\nякорь и фонарь",
    "燈台の羅針\n\n海図 thing1",
    "the sea",
    "nothing of it",
)


@pytest.mark.parametrize("query", QUERIES)
def test_a_store_that_reads_rare_words_alone_recalls_what_one_that_reads_all_does(memory: Memory, query: str) -> None:
    book(memory)
    assert isinstance(memory.store, RareWords) and not isinstance(Plain(memory.store), RareWords)
    plain = Recall(Plain(memory.store), memory.embedder).retrieve(query, 9, memory.scope)  # type: ignore[arg-type]
    assert memory.search(query, 9, using="recall") == plain != []
    then = DAY + timedelta(hours=60)
    assert {hit.id for hit in memory.search(query, 9, using="recall", as_of=then)} <= {f"p{n}" for n in range(61)}


def test_rare_words_come_with_their_matches_and_frequent_ones_are_not_read(memory: Memory) -> None:
    book(memory)
    words = ["thing7", "燈台", "mara", "nowhere"]
    found = memory.store.rare(memory.scope, words, 24)
    assert found[2] is None and found[3] == []
    assert found[:2] == [memory.store.match(memory.scope, word, 24) for word in words[:2]]
    assert memory.store.rare(Scope(user="another"), words, 24) == [[], [], [], []]


def test_a_word_that_is_told_of_somebody_counts_more_than_one_that_lies_about(memory: Memory) -> None:
    told = "Rain fell. It was the fiddle that Corvin had pawned. The door was shut."
    memory.add([Note("It was noon. There the fiddle lay. Then Corvin came.", id="lies"), Note(told, id="told")])
    memory.add([Note("Die Tür. Dort lag ein Anker, und Élise schwieg.", id="German")])
    for word, counts in (("the fiddle", {"told": 0.75, "lies": 0.5}), ("ein Anker", {"German": 3.0})):
        hits = memory.search(word, 4, using="recall")
        assert {hit.id: hit.parts["words"] for hit in hits if "words" in hit.parts} == counts
