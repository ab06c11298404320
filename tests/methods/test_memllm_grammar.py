"""The calls of MemLLM as text: conformance checks 1 and 2, the round trip of any text, and mangled replies."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.methods import memllm_grammar as grammar
from memagent.triples import Query

PLACE = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)
TROUBLE = st.lists(st.sampled_from([">>", ";", "-->", "})", "({", "\\", "-", ">", ")", "(", "a", "n", "\n"])).map(
    "".join
)
WORDS = st.one_of(PLACE, TROUBLE.map(str.strip).filter(bool))


def test_1_a_query_has_a_relation_and_one_of_subject_and_object() -> None:
    read = grammar.parse_read("({MEM_READ(Dancing on Coral>>author>>)-->")
    assert read == grammar.ReadCall((Query("Dancing on Coral", "author", None),))
    read = grammar.parse_read("({MEM_READ(>>author>>Glenda Adams)-->")
    assert read.queries == (Query(None, "author", "Glenda Adams"),)


@pytest.mark.parametrize(
    "bad", ["a>>b>>c", ">>>>x", "a>>>>", "x", ">>b>>", "a>>b", "a>>b>>c>>d", "a>>" + "b" * 2000 + ">>"]
)
def test_1_a_bad_query_is_refused_and_the_others_of_the_call_are_asked(bad: str) -> None:
    read = grammar.parse_read(f"({{MEM_READ({bad};Ida>>lives in>>)-->")
    assert read.queries == (Query("Ida", "lives in", None),)
    assert len(read.problems) == 1
    with pytest.raises(grammar.BadQuery):
        grammar.parse_query(bad)


def test_2_a_write_keeps_what_is_a_triple() -> None:
    written = grammar.parse_write("({MEM_WRITE-->a>>r>>b;bad>>item;c>>r2>>d})")
    assert written.triples == (("a", "r", "b"), ("c", "r2", "d"))
    assert [problem.text for problem in written.problems] == ["bad>>item"]
    assert grammar.parse_write("({MEM_WRITE-->})") == grammar.WriteCall(())


def test_2_what_has_not_exactly_three_fields_is_no_triple() -> None:
    found = grammar.parse_write("({MEM_WRITE-->a>>r>>b;a>>r>>b>>c;a>>r;>>r>>b>>})")
    assert found.triples == (("a", "r", "b"),)
    assert len(found.problems) == 3


def test_a_write_is_read_from_its_last_arrow_and_need_not_be_closed() -> None:
    assert grammar.parse_write("Sure: ({MEM_WRITE--> -->a>>r>>b").triples == (("a", "r", "b"),)
    assert grammar.parse_write("nothing to write").problems[0].why == "has no MEM_WRITE"
    assert grammar.parse_write("({MEM_WRITE a>>r>>b})").problems[0].why == "has no -->"


def test_a_name_in_brackets_keeps_its_bracket() -> None:
    read = grammar.parse_read("({MEM_READ(>>capital of>>Georgia (country))-->Tbilisi})")
    assert read.queries == (Query(None, "capital of", "Georgia (country)"),)
    assert read.results == ("Tbilisi",)


def test_the_first_call_of_a_text_is_found() -> None:
    text = "She lives in ({MEM_READ(Ida>>lives in>>)-->Oslo}) and ({MEM_READ(x"
    found = grammar.find_read(text)
    assert found is not None
    assert text[found.start : found.end] == "({MEM_READ(Ida>>lives in>>)-->"
    assert grammar.find_read("no call") is None


def test_a_bare_opening_begins_a_call_at_the_end_of_a_text_or_where_it_is_a_token_of_its_own() -> None:
    for text in ("a ({ b", "foo({a: 1})", "({m: 1})"):
        assert grammar.find_read(text) is None
        assert grammar.find_read(text, bare=True) == grammar.Opened(text.find("({"), text.find("({") + 2, "")
        assert grammar.without_calls(text) == text
    for text in ("a ({", "a ({ ", "a ({M", "a ({mem", "a ({MEM_WRITE-->", "a ({ MEM_x"):
        assert grammar.find_read(text) == grammar.Opened(2, 4, "")
        assert grammar.without_calls(text) == "a "
    text = "foo({a: 1}) of ({MEM_READ(Ida>>owns>>)-->"
    assert grammar.find_read(text) == grammar.Opened(15, len(text), "Ida>>owns>>)")


def test_half_of_a_character_is_told_and_the_rest_is_read() -> None:
    read = grammar.parse_read("({MEM_READ(\ud83d>>lives in>>;Ida>>lives in>>)-->")
    assert read.queries == (Query("Ida", "lives in", None),)
    write = grammar.parse_write("({MEM_WRITE-->Bo>>owns>>\udc00;Bo>>owns>>\U0001f600})")
    assert write.triples == (("Bo", "owns", "\U0001f600"),)
    assert [one.why.rpartition("' ")[2] for one in (*read.problems, *write.problems)] == ["is not valid Unicode"] * 2


@given(st.lists(st.tuples(WORDS, WORDS, st.booleans()), min_size=1, max_size=4), st.lists(WORDS, max_size=4))
def test_every_read_comes_back_as_it_was_printed(asked: list[tuple[str, str, bool]], results: list[str]) -> None:
    queries = tuple(Query(one, two, None) if first else Query(None, two, one) for one, two, first in asked)
    text = "before it " + grammar.print_read(queries, results)
    assert grammar.parse_read(text) == grammar.ReadCall(queries, results=tuple(results))
    assert grammar.parse_read(grammar.print_read(queries)) == grammar.ReadCall(queries)
    assert grammar.blocks(text) == 1


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=4, unique=True))
def test_every_write_comes_back_as_it_was_printed(triples: list[tuple[str, str, str]]) -> None:
    assert grammar.parse_write(grammar.print_write(triples)) == grammar.WriteCall(tuple(triples))


def test_ten_thousand_mangled_replies_are_read_or_refused() -> None:
    chance = random.Random(7)
    whole = [
        "Ida ({MEM_READ(Ida>>lives in>>;>>knows>>Mara)-->Oslo;Bergen}) and more.",
        "({MEM_WRITE-->Ida>>lives in>>Oslo;Oslo>>capital of>>Norway})",
        '{"triples": [["a", "r", "b"]]} ({MEM_READ(',
    ]
    odd = ["({", "})", "-->", ">>", ";", "\\", "MEM_READ(", "MEM_WRITE", "\x00", "\ud800", "🌊", "\n", ")", ""]
    for _ in range(10_000):
        text = chance.choice(whole)
        for _ in range(chance.randrange(1, 8)):
            start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
            text = text[:start] + chance.choice(odd) * chance.randrange(1, 4) + text[chance.choice([start, end]) :]
        read, written = grammar.parse_read(text), grammar.parse_write(text)
        assert all(query.checked() is query for query in read.queries)
        assert all(all(triple) for triple in written.triples)
        grammar.without_calls(text)


def test_a_long_reply_is_read_in_time_that_grows_with_its_length() -> None:
    assert len(grammar.parse_write("({MEM_WRITE-->" + "a>>r>>b;" * 50_000).triples) == 1
    assert grammar.find_read("({MEM_READ(" + "\\" * 200_000) is not None


@pytest.mark.parametrize("sign", ["-", "(", ">", "{"])
def test_a_place_of_a_million_single_signs_is_read_and_refused(sign: str) -> None:
    read = grammar.parse_read("({MEM_READ(" + sign * 1_000_001 + ";Ida>>owns>>)-->")
    assert read.queries == (Query("Ida", "owns", None),)
    assert len(read.problems) == 1
