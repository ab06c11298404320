"""Names and facts by rule: plain English, and what must not go wrong in other scripts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memagent import Controller, Memory, Note
from memagent.indexing.facts import find_facts
from memagent.indexing.openie import extract
from memagent.offline.openie import entities, mentions, triples

DATA = Path(os.environ.get("MEMAGENT_TEST_DATA") or Path(__file__).parents[3] / "shared/data/musique")
"""Read before each test gets a clean environment."""

ENGLISH = (
    "The Journal of Mathematical Physics is a peer-reviewed journal published by the American Institute of Physics. "
    "It was first published in January 1960. Dr. Jan Philip Solovej of the University of Oslo became its editor."
)


def test_names_of_a_text():
    found = entities(ENGLISH, "Journal of Mathematical Physics")
    assert found[0] == "Journal of Mathematical Physics"
    for name in ("American Institute of Physics", "January 1960", "University of Oslo"):
        assert name in found
    assert not {"The", "It"} & set(found)


def test_facts_of_a_text():
    found = triples(ENGLISH, "Journal of Mathematical Physics")
    by_object = {object: (subject, relation) for subject, relation, object in found}
    assert by_object["peer-reviewed journal"] == ("Journal of Mathematical Physics", "is")
    assert by_object["January 1960"] == ("Journal of Mathematical Physics", "was first published in")
    assert by_object["American Institute of Physics"][1].endswith("published by the")


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("He read “War and Peace” in Paris, France.", ["War and Peace", "Paris", "France"]),
        ("Apollo 11 landed on 20 July 1969.", ["Apollo 11", "20 July 1969"]),
        ("In 1874 Ludwig van Beethoven's house burned.", ["1874", "Ludwig van Beethoven"]),
        ("Анна Иванова живёт в Москве с 2010 года.", ["Анна Иванова", "Москве", "2010"]),
        ("王选毕业于北京大学。", ["王选", "北京大学"]),
        ("no names here", []),
    ],
)
def test_mentions(sentence, names):
    assert [mention.text for mention in mentions(sentence)] == names


@pytest.mark.parametrize(
    ("texts", "question", "wanted"),
    [
        (["北京大学位于北京。", "王选毕业于北京大学。", "上海在长江口。"], "王选毕业的大学位于哪里？", {0, 1}),
        (["Москва стоит на реке.", "Анна живёт в городе Москва.", "Обь впадает в море."], "Где живёт Анна?", {0, 1}),
        (
            ["Gull Point is a cape in Norway.", "Ida Berg lives at Gull Point.", "Oslo is a city."],
            "Where does Ida Berg live?",
            {0, 1},
        ),
    ],
)
def test_a_corpus_of_any_of_these_works_from_passages_to_hits(texts, question, wanted):
    with Memory(":memory:", single_user=True) as memory:
        memory.add([Note(text, id=str(number)) for number, text in enumerate(texts)])
        found = find_facts(memory.extractions, Controller("offline"))
        assert found.done == 3 and found.failed == 0 and found.facts
        hits = memory.search(question, 2, using="graph")
        assert {int(hit.id) for hit in hits} == wanted


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=200), st.text(max_size=30))
@example("B:B:A0", " ")
def test_any_text_gives_whole_triples_and_never_an_error(text, title):
    for parts in triples(text, title):
        assert len(parts) == 3 and all(part.strip() for part in parts)
    found = Controller("offline").run(extract(text or "x", title=title)).value
    assert all(all(parts) for parts in found.triples)


@pytest.mark.parametrize(
    ("title", "text", "wanted"),
    [
        ("Ludwig", "He moved to Vienna in 1792.", ("Ludwig", "moved to", "Vienna")),
        ("Ludwig", "In 1792 he moved to Vienna.", ("Ludwig", "moved to", "Vienna")),
        ("Ludwig", "The composer wrote “Fidelio”.", ("Ludwig", "The composer wrote", "Fidelio")),
        ("Log", "Ida Berg lives at Gull Point.", ("Ida Berg", "lives at", "Gull Point")),
        ("Log", "In 1874 Ida Berg sailed to Oslo.", ("Ida Berg", "In", "1874")),
        ("Log", "In 1874 Ida Berg sailed to Oslo.", ("Ida Berg", "sailed to", "Oslo")),
        ("Log", "The captain Ida Berg sailed to Oslo.", ("Ida Berg", "sailed to", "Oslo")),
        ("Oslo", "It lies in Norway, Europe.", ("Norway", "in", "Europe")),
        ("Обь", "Обь впадает в Карское море.", ("Обь", "впадает в", "Карское")),
        ("Чайковский", "Он родился 7 мая 1840 года.", ("Чайковский", "родился", "7 мая 1840")),
        ("Обь", "Длина реки составляет 3650 км.", ("Длина", "реки составляет", "3650 км")),
        ("鲁迅", "1918年，他在《新青年》上发表了《狂人日记》。", ("鲁迅", "上发表了", "狂人日记")),
        ("长江", "长江发源于青藏高原，流经上海。", ("长江", "流经", "上海")),
        ("富士山", "富士山は静岡県にある。", ("富士山", "は", "静岡県")),
    ],
)
def test_who_a_sentence_is_about_and_what_it_says(title, text, wanted):
    assert wanted in triples(text, title)


def test_small_numbers_and_openings_are_no_names():
    found = entities("Founded with 12 members near Bergen, it grew to 1,500 people. According to Ida, 20 left in 1974.")
    assert found == ["Bergen", "1,500 people", "Ida", "1974"]


def test_it_finds_most_names_that_a_model_finds():
    """On Wikipedia passages whose entities a language model extracted."""
    path = DATA / "passages.jsonl"
    if not path.exists():
        pytest.skip("needs a MuSiQue sample: name its folder in MEMAGENT_TEST_DATA")
    hits = wanted = found = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        ours = {name.lower() for name in entities(one["text"], one["title"])}
        theirs = {str(name).lower() for name in one["entities"]}
        hits, wanted, found = hits + len(ours & theirs), wanted + len(theirs), found + len(ours)
    assert hits / wanted > 0.78 and hits / found > 0.62
