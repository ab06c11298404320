"""`memagent triples`, as its users run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memagent import Memory
from memagent.cli import run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_triple_is_added_edited_shown_retired_and_its_history_told(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["triples", "add", "Ida", "lives in", "Gull Point", "--at", "2020-01-01", "--one-value", "--json"]) == 0
    (added,) = lines(capsys)
    assert (added["object"], added["at"], added["until"]) == ("Gull Point", "2020-01-01T00:00:00+00:00", None)
    assert (
        run(["triples", "edit", "ida", "Lives in", "Oslo", "--at", "2023-05-01T12:00+02:00", "--source", "chat"]) == 0
    )
    assert "until 2023-05-01 10:00 UTC" in capsys.readouterr().out
    assert run(["triples", "show", "Ida", "--json"]) == 0
    (shown,) = lines(capsys)
    assert (shown["object"], shown["sources"]) == ("Oslo", ["chat"])
    assert run(["triples", "show", "--as-of", "2021-01-01", "--json"]) == 0
    assert [one["object"] for one in lines(capsys)] == ["Gull Point"]
    assert run(["triples", "history", "Ida", "lives in", "--json"]) == 0
    history = lines(capsys)
    assert [(one["object"], one["superseded_by"]) for one in history] == [("Gull Point", shown["id"]), ("Oslo", None)]
    assert run(["triples", "retire", shown["id"], "--json"]) == 0
    assert lines(capsys)[0]["counts"]["facts"] == 1
    assert run(["triples", "show"]) == 0
    assert capsys.readouterr().out.startswith("Ida | lives in | Gull Point\n")


def test_each_user_has_their_own(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for user, city in (("alice", "Oslo"), ("bob", "Bergen")):
        assert run(["triples", "add", "Ida", "lives in", city, "--user", user]) == 0
    capsys.readouterr()
    assert run(["triples", "show", "--user", "bob", "--json"]) == 0
    assert [one["object"] for one in lines(capsys)] == ["Bergen"]
    assert run(["triples", "show", "--user", "carl"]) == 0
    assert capsys.readouterr().err == "nothing holds that fits\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["edit", "Ida", "knows", "Bo"], 2, "--one-value"),
        (["add", "Ida", "", "Bo"], 2, "the relation is empty: 'Ida' | '' | 'Bo'\n"),
        (["add", " ", r"a\b", "Bo"], 2, "the subject is empty: '' | 'a\\b' | 'Bo'\n"),
        (["add", "Ida", "knows", "Bo", "--confidence", "2"], 2, "confidence"),
        (["add", "Ida", "knows", "Bo", "--at", "soon"], 2, "no date or time"),
        (["retire", "ice"], 1, "memagent triples show"),
        (["shwo"], 2, "Did you mean 'show'"),
        (["show", "--db", "nowhere.db"], 2, "there is no memory"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    with Memory("memory.db", single_user=True) as memory:
        memory.add("The harbour freezes.")
    assert run(["triples", *arguments]) == code
    assert said in capsys.readouterr().err


def test_what_was_purged_is_not_added_again_and_more_than_the_limit_is_told(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Memory("memory.db", single_user=True) as memory:
        ids = memory.facts.add([("Ida", "knows", name) for name in ("Bo", "Mara", "Ines")])
        memory.purge(ids[0])
    assert run(["triples", "add", "Ida", "knows", "Bo"]) == 2
    assert "purged" in capsys.readouterr().err
    assert run(["triples", "show", "--limit", "1"]) == 0
    assert "1 triple more" in capsys.readouterr().err


def test_ask_reads_triples_and_takes_no_retriever(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["triples", "add", "Ida", "lives in", "Oslo"]) == 0
    assert run(["ask", "Where does Ida live?", "--method", "memllm", "-m", "offline", "-k", "3", "--json"]) == 0
    capsys.readouterr()
    assert run(["ask", "Where does Ida live?", "--method", "memllm", "--using", "dense"]) == 2
    assert "reads triples" in capsys.readouterr().err
