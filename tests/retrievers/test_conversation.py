"""The retriever `conversation`, through `Memory.search`: who said it, when, and what stood beside it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from memagent import Memory, Note
from memagent.embedders.hashing import Hashing
from memagent.errors import UsageProblem
from memagent.retrievers.conversation import Conversation
from memagent.types import Hit

MAY = datetime(2023, 5, 10, 18, tzinfo=UTC)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


def say(memory: Memory, *turns: tuple[str, str], at: datetime = MAY, first: int | None = None) -> None:
    """Keep turns of (speaker, text); ids go on from what is there, or from `first`."""
    first = memory.count() if first is None else first
    notes = [
        Note(text, id=f"t{first + n}", at=at + timedelta(seconds=n), metadata={"speaker": speaker})
        for n, (speaker, text) in enumerate(turns)
    ]
    memory.add(notes)


def texts(memory: Memory, query: str, k: int = 3, **options: datetime) -> list[str]:
    return [hit.text for hit in memory.search(query, k, using="conversation", **options)]


def hit_of(hits: list[Hit], text: str) -> Hit:
    return next(hit for hit in hits if hit.text == text)


def test_whoever_is_asked_about_comes_first(memory: Memory) -> None:
    say(memory, ("Ana", "I painted a lake."), ("Ben", "I painted a lake."), ("Ana", "Ben, look at the rain!"))
    for who, where in (("Ana", "t0"), ("Ben", "t1")):
        best, second = memory.search(f"What did {who} paint?", 2, using="conversation")
        assert best.id == where and best.parts["speaker"] > 0 and f"({who.lower()})" in best.why
        assert "speaker" not in second.parts


def test_a_name_that_is_called_is_no_word_of_the_question(memory: Memory) -> None:
    say(memory, ("Ben", "Ana! Ana, dear Ana!"), ("Ana", "I keep bees on the roof."))
    assert texts(memory, "Does Ana keep bees?", 1) == ["I keep bees on the roof."]
    assert "Ana! Ana, dear Ana!" not in texts(memory, "Ana's bees")[:1]


@pytest.mark.parametrize("prefix", ["Ana: ", "[10 May 2023] Ana: ", "Ana (10 May): "])
def test_a_name_before_the_text_is_its_speaker(memory: Memory, prefix: str) -> None:
    other = prefix.replace("Ana", "Ben")
    memory.add([Note(f"{prefix}I bake rye bread."), Note(f"{other}I bake rye bread, Ana.")])
    best, second = memory.search("What does Ana bake?", 2, using="conversation")
    assert best.text.startswith(prefix) and "speaker" in best.parts and "speaker" not in second.parts


def test_i_and_you_are_told_apart_by_role(memory: Memory) -> None:
    memory.add(
        [
            Note("The blue tent is good.", id="u", at=MAY, metadata={"role": "user"}),
            Note("The blue tent is good.", id="a", at=MAY, metadata={"role": "assistant"}),
        ]
    )
    assert memory.search("What did I say about the tent?", 1, using="conversation")[0].id == "u"
    assert memory.search("Which tent did you recommend?", 1, using="conversation")[0].id == "a"


def test_an_answer_is_found_by_its_question(memory: Memory) -> None:
    say(memory, ("Ana", "Did you finish the kayak?"), ("Ben", "Yes, at last, and it floats."), ("Ana", "Bravo to you."))
    say(memory, ("Ben", "Rain again, and no end."), at=MAY + timedelta(days=3))
    hits = memory.search("Is the kayak of Ben done?", 4, using="conversation")
    answer = hit_of(hits, "Yes, at last, and it floats.")
    assert "words" not in answer.parts and answer.parts["neighbour"] > 0 and "neighbour" in answer.why
    assert "Rain again, and no end." not in [hit.text for hit in hits if hit.parts.get("neighbour", 0) > 0.01]


def test_neighbours_end_with_the_sitting_and_with_the_session(memory: Memory) -> None:
    with Memory(":memory:") as memory:
        for session in ("one", "two"):
            handle = memory.bind(user="ana", session=session)
            say(handle, ("Ben", f"The kayak of {session}?"), ("Ana", f"Certainly {session}."))
        say(memory.bind(user="ana", session="two"), ("Ana", "Much later."), at=MAY + timedelta(days=1))
        hits = memory.bind(user="ana").search("kayak two", 9, using="conversation")
        assert {hit.text for hit in hits[:2]} == {"The kayak of two?", "Certainly two."}
        assert all("neighbour" not in hit.parts for hit in hits if hit.text == "Much later.")
        only = memory.bind(user="ana", session="one").search("kayak two", 9, using="conversation")
        assert {hit.text for hit in only} <= {"The kayak of one?", "Certainly one."} and only
        assert memory.bind(user="ben").search("kayak", 9, using="conversation") == []


def test_an_event_is_found_by_its_day_and_not_by_when_it_was_told(memory: Memory) -> None:
    say(memory, ("Ana", "We sailed two weeks ago."))
    say(memory, ("Ana", "We sailed today."), at=MAY + timedelta(days=60))
    assert texts(memory, "Where did Ana sail in April 2023?", 1) == ["We sailed two weeks ago."]
    assert texts(memory, "Where did Ana sail in July 2023?", 1) == ["We sailed today."]
    assert "(2023-05-10)" in memory.search("sail in April 2023?", 1, using="conversation")[0].why


def test_last_week_is_reckoned_from_the_newest_turn_or_the_moment_of_the_search(memory: Memory) -> None:
    say(memory, ("Ana", "The oven broke."))
    say(memory, ("Ana", "The oven broke once more."), at=MAY + timedelta(days=60))
    say(memory, ("Ana", "Hello."), at=MAY + timedelta(days=67))
    assert texts(memory, "What happened to the oven last week?", 1) == ["The oven broke once more."]
    assert texts(memory, "What happened to the oven last week?", as_of=MAY + timedelta(days=7)) == ["The oven broke."]


def test_who_asks_when_gets_turns_that_tell_a_time(memory: Memory) -> None:
    say(memory, ("Ana", "I fetched the dog, so joyful."), ("Ana", "I fetched the dog on Friday."))
    timed = memory.search("When did Ana get the dog?", 2, using="conversation")
    assert timed[0].id == "t1" and timed[0].parts["date"] > 0
    assert all("date" not in hit.parts for hit in memory.search("Who has the dog?", 2, using="conversation"))


def test_a_day_before_the_name_dates_a_turn_that_has_no_other(memory: Memory) -> None:
    memory.add(
        [Note("[1:56 pm on 8 May, 2023] Ana: I sailed."), Note("[3:10 pm on 2 July, 2023] Ana: I sailed last week.")]
    )
    assert "8 May" in texts(memory, "When in May 2023 did Ana sail?", 1)[0]
    assert "2 July" in texts(memory, "Did Ana sail in June 2023?", 1)[0]


def test_before_and_after_an_event_are_told_apart(memory: Memory) -> None:
    say(memory, ("Ana", "I swim every day."), at=MAY)
    say(memory, ("Ana", "We moved house."), at=MAY + timedelta(days=30))
    say(memory, ("Ana", "I swim every day."), at=MAY + timedelta(days=60))
    for side, first in (("before", "t0"), ("after", "t2")):
        hits = memory.search(f"Did Ana swim every day {side} the house was moved?", 3, using="conversation")
        swims = [hit for hit in hits if "swim" in hit.text]
        assert swims[0].id == first and "date" in swims[0].parts and "date" not in swims[1].parts


def test_a_day_alone_finds_what_was_said_of_it(memory: Memory) -> None:
    say(memory, ("Ana", "Rain."), at=MAY)
    say(memory, ("Ana", "Snow."), at=MAY + timedelta(days=200))
    assert texts(memory, "May 2023", 1) == ["Rain."]


def test_nothing_after_the_moment_is_seen_or_lends_its_words(memory: Memory) -> None:
    say(memory, ("Ana", "Guess what came."))
    say(memory, ("Ben", "The kayak?"), at=MAY + timedelta(minutes=5))
    before = memory.search("kayak", 5, using="conversation", as_of=MAY + timedelta(minutes=1))
    assert all(hit.text != "The kayak?" and "neighbour" not in hit.parts for hit in before)
    assert texts(memory, "kayak", 1, as_of=MAY + timedelta(minutes=5)) == ["The kayak?"]


def test_what_is_deleted_forgotten_or_edited_is_gone_at_once_and_lends_no_words(memory: Memory) -> None:
    say(memory, ("Ana", "The kayak floats."), ("Ben", "Lovely news today."))
    assert "neighbour" in memory.search("kayak", 2, using="conversation")[1].parts
    memory.forget("t0")
    assert all("neighbour" not in hit.parts for hit in memory.search("kayak", 2, using="conversation"))
    memory.restore("t0")
    assert texts(memory, "kayak", 1) == ["The kayak floats."]
    memory.edit("t0", "The canoe floats.")
    found = memory.search("canoe", 2, using="conversation")
    assert [hit.id for hit in found] == ["t0", "t1"] and found[1].parts["neighbour"] > 0
    memory.delete("t0")
    assert "t0" not in [hit.id for hit in memory.search("canoe", 2, using="conversation")]


def _write(path: Path) -> None:
    with Memory(path, single_user=True) as memory:
        memory.delete("t0")
        say(memory, ("Ben", "A zeppelin!"), first=2)


def test_what_another_process_does_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "talk.db"
    with Memory(path, single_user=True) as memory:
        say(memory, ("Ana", "The zither plays."), ("Ana", "Nothing else."))
        assert texts(memory, "zither zeppelin", 1) == ["The zither plays."]
        process = multiprocessing.get_context("spawn").Process(target=_write, args=(path,))
        process.start()
        process.join(60)
        assert process.exitcode == 0
        assert texts(memory, "zither zeppelin", 1) == ["A zeppelin!"]


def test_an_index_that_has_changed_answers_as_one_made_anew(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    words = "kayak bread lake rain yesterday dog roof? bees last week May".split()
    path = tmp_path / "talk.db"
    with Memory(path, single_user=True) as memory:
        for step in range(30):
            said = [(str(random.choice(["Ana", "Ben"])), " ".join(random.choice(words, 6))) for _ in range(4)]
            say(memory, *said, at=MAY + timedelta(days=step), first=4 * step)
            memory.search("kayak", using="conversation")
            if step % 2:
                memory.delete(f"t{4 * step - int(random.integers(4))}")
        queries = ["Did Ana see the lake?", "When did Ben bake bread?", "dog bees last week"]
        grown = [memory.search(query, 20, using="conversation") for query in queries]
    with Memory(path, single_user=True) as memory:
        assert [memory.search(query, 20, using="conversation") for query in queries] == grown


@pytest.mark.parametrize(
    ("one", "other", "query"),
    [
        (("安娜", "我昨天买了一辆自行车。"), ("小明", "天气很好。"), "安娜买了什么车?"),
        (("Анна", "Я купила новую машину вчера."), ("Борис", "Погода хорошая."), "Когда Анна купила машину?"),
    ],
)
def test_other_scripts_are_searched_with_speakers_and_dates(
    memory: Memory, one: tuple[str, str], other: tuple[str, str], query: str
) -> None:
    say(memory, other, one, (other[0], other[1] + other[1]))
    best = memory.search(query, 1, using="conversation")[0]
    assert best.text == one[1] and best.parts["words"] > 0 and best.parts["speaker"] > 0
    if "Когда" in query:
        assert best.parts["date"] > 0


def test_a_russian_word_is_found_in_another_case(memory: Memory) -> None:
    say(memory, ("Анна", "У меня новая машина."), ("Борис", "Погода хорошая."))
    assert "words" in memory.search("машину", 1, using="conversation")[0].parts


def test_a_past_form_is_found_by_the_common_one(memory: Memory) -> None:
    say(memory, ("Ana", "I bought shoes and ran home."), ("Ana", "Sunny outside right now."))
    assert memory.search("buy", 1, using="conversation")[0].why.startswith("words")
    assert "run" in memory.search("Who does run?", 1, using="conversation")[0].why


def test_passages_that_are_no_turns_and_captions_are_found(memory: Memory) -> None:
    memory.add([Note("Look!", id="t0", at=MAY, metadata={"speaker": "Ana", "photo_caption": "a puppy in a basket"})])
    memory.add([Note("The lighthouse has a green lamp.", title="Lighthouse", source="guide.md")])
    assert memory.search("lighthouse lamp", 1, using="conversation")[0].source == "guide.md"
    assert memory.search("puppy", 1, using="conversation")[0].id == "t0"


def test_scores_and_parts_belong_together(memory: Memory) -> None:
    say(memory, ("Ana", "I bake bread, bread and bread."), ("Ben", "Bread is fine."), ("Ana", "Yes, last week."))
    hits = memory.search("When did Ana bake bread?", 5, using="conversation")
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert 0 < hit.score < 1
        assert hit.score == pytest.approx(1 - np.exp(-sum(hit.parts.values())))
        assert set(hit.parts) <= {"words", "meaning", "neighbour", "speaker", "date"}


@pytest.mark.parametrize("query", ["", " ", "…", "Ana", "when", "?", "the"])
def test_odd_queries_are_no_error(memory: Memory, query: str) -> None:
    assert texts(memory, query) == []
    say(memory, ("Ana", "The bells rang."))
    assert len(texts(memory, query)) <= 1


def test_a_moment_without_a_time_zone_is_refused(memory: Memory) -> None:
    say(memory, ("Ana", "The bells rang."))
    with pytest.raises(UsageProblem, match="no time zone"):
        texts(memory, "bells", as_of=datetime(2024, 1, 1))


def test_a_store_that_does_not_tell_its_changes_is_refused() -> None:
    class Plain:
        def match(self) -> None: ...

    with pytest.raises(UsageProblem, match="tells what changes"):
        Conversation(Plain(), Hashing())  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["word ", "x", "Ana: on 5 May, hello Bob, a few of 3. ", "字", "Hi! "])
def test_a_very_long_turn_is_taken_in_in_a_time_that_grows_with_its_length(unit: str) -> None:
    """Four times the text may take a few times as long; what is quadratic takes sixteen times."""

    def seconds(size: int) -> float:
        with Memory(":memory:", single_user=True) as memory:
            memory.turns.add((unit * size)[:size])
            memory.turns.add("I moved to Lisbon.")
            began = time.process_time()
            assert memory.search("Who moved to Lisbon?", 1, using="conversation")[0].text == "I moved to Lisbon."
            return time.process_time() - began

    seconds(1_000)
    assert seconds(80_000) < 8 * seconds(20_000) + 0.5
