"""`memagent triples`: relations listed and declared, what a failing command leaves behind, and one row a triple."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memagent import Memory
from memagent.cli import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(capsys: Capture, *arguments: str) -> list[str]:
    capsys.readouterr()
    assert run(["triples", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def objects(capsys: Capture, *arguments: str) -> list[str]:
    return [json.loads(line)["object"] for line in said(capsys, *arguments, "--json")]


@pytest.mark.parametrize(
    "failing",
    [
        ["add", "X", "owns", "Y", "--confidence", "7", "--one-value"],
        ["add", "X", "owns", "Gone", "--one-value"],
        ["edit", "Ida", "owns", "", "--one-value"],
        ["edit", "X", "owns", "Gone", "--one-value"],
    ],
)
def test_a_command_that_fails_changes_nothing(capsys: Capture, failing: list[str]) -> None:
    for boat, year in (("Tern", "2020"), ("Gull", "2021")):
        assert run(["triples", "add", "Ida", "owns", boat, "--at", f"{year}-01-01"]) == 0
    with Memory("memory.db", single_user=True) as memory:
        memory.purge(memory.facts.add(("X", "owns", "Gone"))[0])
    assert run(["triples", *failing]) == 2
    assert objects(capsys, "show") == ["Tern", "Gull"]
    assert run(["triples", "add", "X", "owns", "Y", "--one-value"]) == 0
    assert objects(capsys, "show", "Ida") == ["Gull"]


def test_a_mistyped_edit_is_taken_back_by_the_same_date(capsys: Capture) -> None:
    assert run(["triples", "add", "Ida", "lives in", "Turku", "--at", "2020-01-01", "--one-value"]) == 0
    for city in ("Oslo", "Rome", "Oslo"):
        assert run(["triples", "edit", "Ida", "lives in", city, "--at", "2023-05-01"]) == 0
        assert objects(capsys, "show", "Ida") == [city]


def test_relations_are_listed_with_a_suggestion_and_declared_and_taken_back(capsys: Capture) -> None:
    with Memory("memory.db", single_user=True) as memory:
        memory.facts.add([(f"Person {n}", "born in", f"Place {n}") for n in range(20)])
        memory.facts.add([("Person 1", "born in", "Oslo"), ("Ida", "knows", "Bo")])
    undeclared = [
        "born in",
        "  20 subjects, 21 facts",
        "  nearly every subject has one value; if it can have no more:",
        "  memagent triples declare 'born in'",
        "knows",
        "  1 subject, 1 fact",
    ]
    born = "show", "Person 1"
    assert (said(capsys, "relations"), objects(capsys, *born)) == (undeclared, ["Place 1", "Oslo"])
    assert said(capsys, "declare", "Born in") == ["Born in has one value at a time"]
    assert said(capsys, "relations")[:3] == ["born in", "  20 subjects, 21 facts, has one value at a time", "knows"]
    assert objects(capsys, *born) == ["Oslo"]
    assert said(capsys, "declare", "born in", "--many", "--json") == ['{"relation": "born in", "functional": false}']
    assert said(capsys, "relations")[1] == "  20 subjects, 21 facts, may have many values at a time"
    assert said(capsys, "declare", "born in", "--unset") == ["born in is declared neither way now"]
    assert (said(capsys, "relations"), objects(capsys, *born)) == (undeclared, ["Place 1", "Oslo"])
    told = json.loads(said(capsys, "relations", "--json")[0])
    counts = {"name": "born in", "subjects": 20, "facts": 21}
    assert told == {**counts, "functional": False, "how": "", "suggested": True}


def test_declared_is_what_was_asked_in_one_way_and_each_user_has_their_own(capsys: Capture) -> None:
    assert run(["triples", "add", "Ida", "born in", "Oslo", "--one-value"]) == 0
    assert run(["triples", "declare", "born in", "--many", "--unset"]) == 2
    assert run(["triples", "declare", " "]) == 2
    assert said(capsys, "relations")[1] == "  1 subject, 1 fact, has one value at a time"
    assert run(["triples", "relations", "--user", "bob"]) == 0
    assert "there are no relations yet" in capsys.readouterr().err


def test_a_triple_is_one_row_whatever_stands_in_it(capsys: Capture) -> None:
    subject = "Ev\nIda | lives in | Rome\r\nBo\u2028\x85\x0bUna"
    assert run(["triples", "add", subject, "is\nnot", "b", "--source", "a\nIda | is | c"]) == 0
    for command in (["show"], ["history", subject, "is\nnot"]):
        row, aside = said(capsys, *command)
        assert row == "Ev Ida | lives in | Rome Bo Una | is not | b"
        assert aside.startswith("  fact:")
        assert aside.endswith(", a Ida | is | c")
    assert said(capsys, "relations")[0] == "is not"
    capsys.readouterr()
    assert run(["triples", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["subject"] == subject
