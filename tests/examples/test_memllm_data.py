"""Training samples for MemLLM: each rule of the data, on documents of a few words."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import data
import documents
import pytest
from documents import read_document
from hypothesis import given, settings
from hypothesis import strategies as st
from memories import TripleMemory
from reads import AMBIGUOUS, calls, read_samples
from samples import Sample, as_lines, load_samples
from swaps import swapped
from writes import write_samples

from memagent.errors import UsageProblem
from memagent.methods.memllm_grammar import find_read, parse_query, parse_read, parse_write
from memagent.testing import ScriptedLLM
from memagent.triples import Query

FOLDER = Path(__file__).parents[2] / "examples" / "memllm_finetune"
NAMES = {name: name for name in ("lives in", "country", "child", "author", "knows")}


def raw(*lines, labels=(), title="A title"):
    """A document of sentences such as `[0|PER Ida Holm] lives in [1|LOC Oslo] .`"""
    sents, entities = [], {}
    for number, line in enumerate(lines):
        tokens = []
        for piece in line.replace("[", "\0[").replace("]", "]\0").split("\0"):
            words = piece.split()
            if piece.startswith("["):
                entity, kind = words[0][1:].split("|")
                words = " ".join(words[1:])[:-1].split()
                place = [len(tokens), len(tokens) + len(words)]
                mention = {"name": " ".join(words), "sent_id": number, "pos": place, "type": kind}
                entities.setdefault(int(entity), []).append(mention)
            tokens += words
        sents.append(tokens)
    return {
        "title": title,
        "sents": sents,
        "vertexSet": [entities[number] for number in range(len(entities))],
        "labels": [{"h": h, "r": r, "t": t, "evidence": list(evidence)} for h, r, t, *evidence in labels],
    }


def document(*lines, labels=(), title="A title"):
    return read_document(raw(*lines, labels=labels, title=title), NAMES)


def finds(known=None):
    """A memory that finds what a query, as it is printed, has in `known`."""
    asked = []

    def look_up(query):
        asked.append(query)
        return (known or {}).get(f"{query.subject or ''}>>{query.relation}>>{query.object or ''}", ())

    look_up.asked = asked
    return look_up


def asked(found):
    return [[f"{q.subject or '*'} {q.relation} {q.object or '*'}" for q in call.queries] for call in found]


def own():
    names = documents.load_names(FOLDER / "sample_relations.json")
    return [read_document(one, names) for one in documents.load(FOLDER / "sample_docs.json")]


IDA = (
    "[0|PER Ida Holm] lives in [1|LOC Oslo] .",
    "[1|LOC Oslo] is in [2|LOC Norway] , says [0|PER Ida] .",
)
IDA_LABELS = ((0, "lives in", 1, 0), (1, "country", 2, 1), (0, "country", 2, 0, 1))


# --- documents


def test_a_document_becomes_text_and_mentions_stand_where_it_says() -> None:
    ida = document(*IDA, labels=IDA_LABELS)
    assert ida.text == "Ida Holm lives in Oslo . Oslo is in Norway , says Ida ."
    assert [ida.text[m.start : m.end] for m in ida.mentions] == ["Ida Holm", "Oslo", "Oslo", "Norway", "Ida"]
    assert [m.text for m in ida.mentions] == ["Ida Holm", "Oslo", "Oslo", "Norway", "Ida"]
    assert [ida.sentence(0), ida.sentence(1)] == ["Ida Holm lives in Oslo .", "Oslo is in Norway , says Ida ."]
    assert (ida.before(0, 25), ida.before(1, 25), ida.before(1, 0)) == ("", "Ida Holm lives in Oslo .", "")


def test_natural_spacing_writes_no_blank_where_people_write_none() -> None:
    one = raw('" Come ( [0|PER Ida] ) , " she said .', "It is [1|LOC Oslo] 's ; isn't it ?")
    natural = read_document(one, NAMES, "natural")
    assert natural.text == "\"Come (Ida),\" she said. It is Oslo's; isn't it?"
    assert [natural.text[m.start : m.end] for m in natural.mentions] == ["Ida", "Oslo"]
    with pytest.raises(UsageProblem, match="spacing='none'"):
        read_document(one, NAMES, "none")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.pop("sents"), "KeyError"),
        (lambda one: one["sents"].append([]), "a sentence has no token"),
        (lambda one: one["labels"][0].update(r="P0"), "the relation 'P0' has no name"),
        (lambda one: one["labels"][0].update(t=7), "no entities 0 and 7"),
        (lambda one: one["labels"][0].update(evidence=[9]), r"no sentences \(9,\)"),
        (lambda one: one["vertexSet"][0][0].update(pos=[0, 99]), "no tokens 0 to 99 in sentence 0"),
        (lambda one: one["vertexSet"][0][0].update(sent_id=-1), "in sentence -1"),
    ],
)
def test_a_document_that_is_not_in_the_format_is_refused_by_its_title(change, said) -> None:
    broken = raw(*IDA, labels=IDA_LABELS, title="Broken")
    change(broken)
    with pytest.raises(UsageProblem, match=f"'Broken'.*{said}"):
        read_document(broken, NAMES)


# --- samples that read


def test_a_read_stands_just_before_the_second_argument_and_its_call_and_continuation_are_learnt() -> None:
    memory = finds({"Ida Holm>>lives in>>": ("Oslo", "Bergen"), "Oslo>>country>>": ("Norway",)})
    first, second = read_samples(document(*IDA, labels=IDA_LABELS), memory)
    assert first.text == ("Ida Holm lives in({MEM_READ(Ida Holm>>lives in>>)-->Oslo;Bergen}) Oslo . Oslo is in({")
    assert first.learnt() == ("Ida Holm lives in({MEM_READ(Ida Holm>>lives in>>)-->", " Oslo . Oslo is in({")
    assert second.text == (
        "Ida Holm lives in Oslo . Oslo is in({MEM_READ(Oslo>>country>>;Ida Holm>>country>>)-->Norway})"
        " Norway , says Ida ."
    )
    assert second.learnt() == (
        "({MEM_READ(Oslo>>country>>;Ida Holm>>country>>)-->",
        " Norway , says Ida .",
    )
    assert (first.ends, second.ends) == (False, True)
    assert {first.kind, second.kind} == {"read"}


def test_the_earlier_argument_is_the_key_be_it_subject_or_object() -> None:
    book = document("[0|PER Ida] wrote [1|MISC The Ferry] .", labels=[(1, "author", 0)])
    assert asked(calls(book, finds())) == [["* author Ida"]]


def test_every_name_that_the_key_has_had_is_asked_once_and_at_most_three_queries_are() -> None:
    lines = ("[0|PER Ida Holm] , [0|PER Holm] , [0|PER Ida] and [0|PER Holm] live in [1|LOC Oslo] .",)
    labels = [(0, "lives in", 1), (1, "knows", 0)]
    assert asked(calls(document(*lines, labels=labels), finds())) == [
        ["Ida Holm lives in *", "Holm lives in *", "Ida lives in *"]
    ]
    [call] = calls(document(*lines, labels=labels), finds(), most_queries=5)
    assert asked([call]) == [
        ["Ida Holm lives in *", "Holm lives in *", "Ida lives in *", "* knows Ida Holm", "* knows Holm"]
    ]


def test_there_is_no_read_where_the_target_string_has_occurred() -> None:
    said = document("[0|PER Ida] likes the Oslo fjord .", "She lives in [1|LOC Oslo] .", labels=[(0, "lives in", 1)])
    assert list(calls(said, finds())) == []


def test_only_the_first_mention_of_the_second_argument_has_a_read() -> None:
    twice = document("[0|PER Ida] lives in [1|LOC Oslo] , [1|LOC Norway's capital] .", labels=[(0, "lives in", 1)])
    assert [call.target.text for call in calls(twice, finds())] == ["Oslo"]


def test_ambiguous_patterns_are_not_asked_and_the_list_is_a_parameter() -> None:
    lines, labels = ("[0|LOC Norway] has a port in [1|LOC Brekke] .",), [(1, "country", 0)]
    assert parse_query(">>country>>X") in AMBIGUOUS
    assert list(calls(document(*lines, labels=labels), finds())) == []
    assert asked(calls(document(*lines, labels=labels), finds(), ambiguous=())) == [["* country Norway"]]
    lines, labels = ("[0|LOC Brekke] is in [1|LOC Norway] .",), [(0, "country", 1)]
    assert asked(calls(document(*lines, labels=labels), finds())) == [["Brekke country *"]]
    assert list(calls(document(*lines, labels=labels), finds(), ambiguous=[parse_query("X>>country>>")])) == []


def test_the_patterns_that_are_left_out_are_those_of_the_published_code() -> None:
    assert len(AMBIGUOUS) == len({*AMBIGUOUS}) == 25
    assert {query.relation for query in AMBIGUOUS if query.subject} == {
        "continent",
        "contains administrative territorial entity",
    }
    for name in ("employer", "date of birth", "located in the administrative territorial entity", "work location"):
        assert Query(None, name, "X") in AMBIGUOUS
    lines, labels = ("[0|ORG Acme] pays [1|PER Ida] .",), [(1, "employer", 0)]
    known = read_document(raw(*lines, labels=labels), {"employer": "employer"})
    assert list(calls(known, finds())) == []


@pytest.mark.parametrize(("count", "kept"), [(29, True), (30, False)])
def test_a_query_with_thirty_results_is_left_out(count: int, kept: bool) -> None:
    many = {"Ida>>lives in>>": tuple(f"town {n}" for n in range(count))}
    one = document("[0|PER Ida] lives in [1|LOC Oslo] .", labels=[(0, "lives in", 1), (1, "knows", 0)])
    [call] = calls(one, finds(many))
    assert asked([call]) == [["Ida lives in *", "* knows Ida"] if kept else ["* knows Ida"]]
    assert len(call.results) == (29 if kept else 1)


def test_the_results_of_all_queries_together_stay_below_thirty_each_once_and_in_order() -> None:
    known = {
        "Ida>>lives in>>": tuple(f"town {n}" for n in range(20)),
        ">>knows>>Ida": tuple(f"friend {n}" for n in range(10)),
        "Ida>>country>>": ("town 3", "Oslo"),
    }
    one = document("[0|PER Ida] , [1|LOC Oslo]", labels=[(0, "lives in", 1), (1, "knows", 0), (0, "country", 1)])
    [call] = calls(one, finds(known))
    assert asked([call]) == [["Ida lives in *", "Ida country *"]]
    assert call.results == (*known["Ida>>lives in>>"], "Oslo")


def test_where_nothing_is_found_the_gold_target_is_shown() -> None:
    [sample] = read_samples(document("[0|PER Ida] lives in [1|LOC Oslo] .", labels=[(0, "lives in", 1)]), finds())
    assert parse_read(sample.text).results == ("Oslo",)


def test_a_call_that_repeats_the_one_before_is_left_out() -> None:
    labels = [(0, "child", 1), (0, "child", 2)]
    family = document("[0|PER Ida] has [1|PER Mara] and [2|PER Nils] .", labels=labels)
    assert [call.target.text for call in calls(family, finds())] == ["Mara"]
    [sample] = read_samples(family, finds())
    assert sample.text.endswith("}) Mara and Nils .")
    assert sample.ends


def test_a_name_inside_another_is_no_key_before_it_has_ended() -> None:
    nested = raw("[0|ORG Oslo College] is old .", labels=[(0, "lives in", 1)])
    nested["vertexSet"].append([{"name": "College", "sent_id": 0, "pos": [1, 2], "type": "ORG"}])
    assert list(calls(read_document(nested, NAMES), finds())) == []


NAME = st.text(st.sampled_from("ab;>-\\{}()."), min_size=1, max_size=8)


@given(st.lists(NAME, min_size=3, max_size=3, unique=True), st.lists(NAME, max_size=4, unique=True))
@settings(max_examples=200)
def test_every_block_is_read_back_by_the_parser_and_without_it_stands_the_document(names, found) -> None:
    one = raw("[0|PER a] , [1|PER b] , [2|PER c] .", labels=[(0, "knows", 1), (2, "author", 1)])
    one["sents"] = [[names[0], ",", names[1], ",", names[2], "."]]
    text = " ".join(one["sents"][0])
    made = read_document(one, NAMES)
    expected = list(calls(made, lambda query: found))
    samples = read_samples(made, lambda query: found)
    assert len(samples) == len(expected)
    for sample, call in zip(samples, expected, strict=True):
        (_, asks), (goes_on, end) = sample.loss
        block = sample.text[len(made.text[: call.target.start].rstrip()) : goes_on]
        read = parse_read(block)
        assert (read.queries, read.results, read.problems) == (call.queries, call.results, ())
        assert sample.text[:asks].endswith("-->")
        assert end == len(sample.text)
        shown = sample.text.replace(block, "", 1)
        assert shown == text if sample.ends else text.startswith(shown.removesuffix("({"))


# --- samples that write


def test_a_triple_belongs_to_its_evidence_once_both_arguments_are_there_and_one_is_in_the_sentence() -> None:
    lines = ("[0|PER Ida] came .", "[1|LOC Oslo] is cold .", "It snows .", "[0|PER Ida] went .")
    stated = {evidence: [] for evidence in range(4)}
    for evidence in stated:
        samples = write_samples(document(*lines, labels=[(0, "lives in", 1, evidence)]))
        stated[evidence] = [len(parse_write(sample.text).triples) for sample in samples]
    assert stated == {0: [0, 0, 0, 0], 1: [0, 1, 0, 0], 2: [0, 0, 0, 0], 3: [0, 0, 0, 1]}
    both = write_samples(document(*lines, labels=[(0, "lives in", 1, 1, 3)]))
    assert [len(parse_write(sample.text).triples) for sample in both] == [0, 1, 0, 1]


def test_a_write_shows_the_sentences_before_and_learns_the_call_alone() -> None:
    first, second = write_samples(document(*IDA, labels=IDA_LABELS[:2]))
    assert first.text == "({USER_ST})Ida Holm lives in Oslo .({USER_END})({MEM_WRITE-->Ida Holm>>lives in>>Oslo})"
    assert first.learnt() == ("({MEM_WRITE-->Ida Holm>>lives in>>Oslo})",)
    assert second.text == (
        "Ida Holm lives in Oslo .({USER_ST})Oslo is in Norway , says Ida .({USER_END})"
        "({MEM_WRITE-->Oslo>>country>>Norway})"
    )
    assert second.learnt() == ("({MEM_WRITE-->Oslo>>country>>Norway})",)
    assert [(one.kind, one.ends) for one in (first, second)] == [("write", True)] * 2


def test_a_sentence_that_states_nothing_teaches_an_empty_list_and_the_context_is_limited() -> None:
    samples = write_samples(document("One .", "Two .", "Three .", "Four ."), context=2)
    assert samples[3].text == "Two . Three .({USER_ST})Four .({USER_END})({MEM_WRITE-->})"
    assert len(samples) == 4


def test_one_pair_of_names_is_drawn_for_a_relation_by_the_seed() -> None:
    lines = ("[0|PER Ida Holm] , [0|PER Holm] .", "[0|PER Ida] , [0|PER she] , [1|LOC Oslo] .", "[0|PER Mrs Holm] .")
    one = document(*lines, labels=[(0, "lives in", 1, 1)])
    drawn = [parse_write(write_samples(one, seed=seed)[1].text).triples for seed in range(60)]
    assert {len(triples) for triples in drawn} == {1}
    assert {triples[0][0] for triples in drawn} == {"Ida Holm", "Holm", "Ida", "she"}  # not what comes only later
    assert drawn == [parse_write(write_samples(one, seed=seed)[1].text).triples for seed in range(60)]


def test_the_pair_has_a_mention_in_the_sentence_itself() -> None:
    lines = ("[0|PER Ida] is in [1|LOC Oslo] .", "[0|PER Holm] likes it .")
    one = document(*lines, labels=[(0, "lives in", 1, 1)])
    assert {parse_write(write_samples(one, seed=seed)[1].text).triples for seed in range(20)} == {
        (("Holm", "lives in", "Oslo"),)
    }


def test_triples_stand_in_the_order_in_which_the_text_completes_them() -> None:
    lines, labels = ("[0|PER Ida] , [1|LOC Oslo] , [2|LOC Rome]",), [(0, "knows", 2, 0), (1, "knows", 0, 0)]
    [sample] = write_samples(document(*lines, labels=labels))
    assert parse_write(sample.text).triples == (("Oslo", "knows", "Ida"), ("Ida", "knows", "Rome"))


@pytest.mark.parametrize(("count", "kept"), [(31, 1), (32, 0)])
def test_samples_with_thirty_two_triples_or_more_are_dropped(count: int, kept: int) -> None:
    line = " ".join(["[0|PER Ida]", *(f"[{n}|LOC Town{n}]" for n in range(1, count + 1))])
    labels = [(0, "lives in", n, 0) for n in range(1, count + 1)]
    assert len(write_samples(document(line, labels=labels))) == kept


def test_without_evidence_a_filter_says_where_and_else_it_is_the_last_possible_sentence() -> None:
    lines = (
        "[0|PER Ida] came .",
        "[1|LOC Oslo] is cold .",
        "[0|PER Ida] went .",
        "[1|LOC Oslo] stayed .",
        "It snows .",
    )
    one = document(*lines, labels=[(0, "lives in", 1)])

    def stated(says=None):
        return [len(parse_write(sample.text).triples) for sample in write_samples(one, says=says)]

    asked = []

    def never(before, sentence, triple):
        asked.append((before, sentence, triple))
        return False

    assert stated() == [0, 0, 0, 1, 0]
    assert stated(never) == [0, 0, 0, 1, 0]
    assert asked[0] == ("Ida came .", "Oslo is cold .", ("Ida", "lives in", "Oslo"))
    assert [sentence for _, sentence, _ in asked] == ["Oslo is cold .", "Ida went .", "Oslo stayed ."]
    assert stated(lambda before, sentence, triple: "Ida" in sentence) == [0, 0, 1, 0, 0]
    assert stated(lambda before, sentence, triple: "stayed" not in sentence) == [0, 1, 1, 0, 0]


def test_a_missing_evidence_key_is_as_an_empty_one() -> None:
    one = raw(*IDA, labels=IDA_LABELS)
    del one["labels"][0]["evidence"]
    assert read_document(one, NAMES).relations[0].evidence == ()


def test_a_model_of_memagent_is_a_filter() -> None:
    llm = ScriptedLLM(["Yes.", " no", "I cannot say"])
    says = data.judge(llm)
    assert [says("", "Ida lives in Oslo .", ("Ida", "lives in", "Oslo")) for _ in range(3)] == [True, False, False]


@given(st.lists(NAME, min_size=2, max_size=2, unique=True))
@settings(max_examples=200)
def test_every_write_is_read_back_by_the_parser(names) -> None:
    one = raw("[0|PER a] , [1|PER b] .", labels=[(0, "knows", 1, 0)])
    one["sents"] = [[names[0], ",", names[1], "."]]
    [sample] = write_samples(read_document(one, NAMES))
    read = parse_write(sample.learnt()[0])
    assert (read.triples, read.problems) == (((names[0], "knows", names[1]),), ())


# --- counterfactual copies

PAIR = (
    raw(*IDA, "In [3|TIME 1990] .", labels=IDA_LABELS, title="one"),
    raw("[0|PER Jon Arild Aske] , [0|PER Aske] , [1|LOC New York] , [2|LOC Rome] , [3|TIME 2001]", title="two"),
)


def test_a_copy_has_the_names_of_another_document_in_every_place_and_keeps_relations_and_dates() -> None:
    before = copy.deepcopy(PAIR)
    one, _ = swapped(PAIR, 1)
    assert before == PAIR
    made = read_document(one, NAMES)
    assert made.mentions[0].text == "Jon Arild Aske"
    assert made.mentions[4].text == "Aske"
    places = {mention.text for mention in made.mentions[1:4]}
    assert places == {"New York", "Rome"}
    assert made.mentions[1].text == made.mentions[2].text
    assert [mention["name"] for entity in one["vertexSet"] for mention in entity] == [
        " ".join(one["sents"][mention["sent_id"]][slice(*mention["pos"])])
        for entity in one["vertexSet"]
        for mention in entity
    ]
    assert made.text.endswith("In 1990 .")
    assert one["labels"] == PAIR[0]["labels"]
    assert not {"Ida", "Holm", "Oslo", "Norway"} & {*made.text.split()}


def test_copies_are_the_same_by_seed_and_bucket_and_differ_between_them() -> None:
    raws = documents.load(FOLDER / "sample_docs.json")
    assert swapped(raws, 1) == swapped(raws, 1)
    assert swapped(raws, 1) != swapped(raws, 2)
    assert swapped(raws, 1) != swapped(raws, 1, seed=5)


def test_names_that_overlap_stay_and_are_still_found_when_others_before_them_change() -> None:
    nested = raw("[0|PER Ida] of [1|ORG Oslo College] .", title="nested")
    nested["vertexSet"].append([{"name": "Oslo", "sent_id": 0, "pos": [2, 3], "type": "LOC"}])
    one, _ = swapped([nested, PAIR[1]], 1)
    made = read_document(one, NAMES)
    assert made.text.endswith("Aske of Oslo College .")
    assert [mention.text for mention in made.mentions][1:] == ["Oslo College", "Oslo"]


def test_a_name_with_no_other_of_its_type_stays() -> None:
    alone, _ = swapped([raw("[0|MISC The Ferry] sank ."), raw("[0|PER Ida] came .")], 1)
    assert alone["sents"] == [["The", "Ferry", "sank", "."]]


# --- the memory, files and the command


def test_the_memory_has_all_names_of_all_documents_and_nothing_ends_another() -> None:
    towns = [document(f"[0|PER P{n}] , [1|LOC T{n}]", labels=[(0, "lives in", 1)], title=str(n)) for n in range(40)]
    again = document("[0|PER P7] , [0|PER Ida Holm] , [1|LOC Oslo]", labels=[(0, "lives in", 1)])
    with TripleMemory([*towns, again]) as memory:
        assert memory(Query("P7", "lives in", None)) == ("T7", "Oslo")
        assert memory(Query("Ida Holm", "lives in", None)) == ("Oslo",)
        assert memory(Query(None, "lives in", "T30")) == ("P30",)
        assert memory(Query("P7", "author", None)) == ()


def test_samples_come_back_from_their_file(tmp_path: Path) -> None:
    made = [Sample("read", "é", "abc\nd", ((0, 1), (3, 5)), False, 2), Sample("write", "", "x", ((0, 1),), True)]
    (tmp_path / "s.jsonl").write_text(as_lines(made), encoding="utf-8")
    assert load_samples(tmp_path / "s.jsonl") == made


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", '{"kind": "read"}', as_lines([Sample("read", "", "x", ((0, 2),), True)])]
)
def test_a_line_that_is_no_sample_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "s.jsonl").write_text(as_lines([Sample("read", "", "x", ((0, 1),), True)]) + line, encoding="utf-8")
    with pytest.raises(UsageProblem, match="line 2 is no sample"):
        load_samples(tmp_path / "s.jsonl")


def command(out: Path, *more: str) -> list[str]:
    return [
        str(FOLDER / "sample_docs.json"),
        "--relations",
        str(FOLDER / "sample_relations.json"),
        "--out",
        str(out),
        *more,
    ]


def test_the_command_makes_the_same_samples_in_every_process(tmp_path: Path) -> None:
    for number in (1, 2):
        run = [sys.executable, str(FOLDER / "data.py"), *command(tmp_path / f"{number}.jsonl", "--buckets", "2")]
        environment = {**os.environ, "PYTHONHASHSEED": str(number)}
        done = subprocess.run(run, capture_output=True, text=True, env=environment, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        assert "read and" in done.stderr
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_the_options_reach_the_samples(tmp_path: Path) -> None:
    out = tmp_path / "s.jsonl"
    (tmp_path / "patterns").write_text("X>>inception>>\n\n>>country>>X\n", encoding="utf-8")
    assert data.main(command(out, "--kind", "read", "--ambiguous", str(tmp_path / "patterns"), "--queries", "1")) == 0
    made = load_samples(out)
    assert {sample.kind for sample in made} == {"read"}
    read = [parse_read(sample.text).queries for sample in made]
    assert {len(queries) for queries in read} == {1}
    assert "inception" not in {query.relation for queries in read for query in queries}
    options = ("--kind", "write", "--context", "0", "--triples", "2", "--spacing", "natural", "--buckets", "1")
    assert data.main(command(out, *options)) == 0
    made = load_samples(out)
    assert all(sample.text.startswith("({USER_ST})") and " ." not in sample.text for sample in made)
    assert {len(parse_write(sample.text).triples) for sample in made} == {0, 1}
    assert {sample.bucket for sample in made} == {0, 1}


def test_what_is_wrong_is_said_in_words_and_nothing_is_written(tmp_path: Path, capsys) -> None:
    (tmp_path / "names.json").write_text('{"P17": "country"}', encoding="utf-8")
    arguments = command(tmp_path / "s.jsonl")
    arguments[2] = str(tmp_path / "names.json")
    assert data.main(arguments) == 1
    assert "has no name" in capsys.readouterr().err
    assert data.main(["nowhere.json", *command(tmp_path / "s.jsonl")[1:]]) == 1
    (tmp_path / "patterns").write_text("country\n", encoding="utf-8")
    assert data.main(command(tmp_path / "s.jsonl", "--ambiguous", str(tmp_path / "patterns"))) == 1
    assert "One pattern a line" in capsys.readouterr().err
    assert not (tmp_path / "s.jsonl").exists()


def test_the_documents_that_come_with_the_example_show_every_rule() -> None:
    raws, names = (
        documents.load(FOLDER / "sample_docs.json"),
        json.loads((FOLDER / "sample_relations.json").read_text()),
    )
    assert 6 <= len(raws) <= 10
    assert {label["r"] for one in raws for label in one["labels"]} == {*names}
    made = own()
    assert all(
        m["name"] == " ".join(one["sents"][m["sent_id"]][slice(*m["pos"])])
        for one in raws
        for e in one["vertexSet"]
        for m in e
    )
    with TripleMemory(made) as memory:
        reads = [sample for one in made for sample in read_samples(one, memory)]
    assert all(find_read(sample.text).start >= 0 for sample in reads)
    writes = [sample for one in made for sample in write_samples(one)]
    assert max(len(parse_read(sample.text).queries) for sample in reads) == 3
    assert 0 in {len(parse_write(sample.text).triples) for sample in writes}
    assert any("\\>" in sample.text for sample in reads)
    assert any(not label["evidence"] for one in raws for label in one["labels"])
    assert len(writes) == sum(len(one["sents"]) for one in raws)
