"""`memagent add | search | ask | show` as their users run them, in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import memagent

from memagent import Memory, Note, Triple
from memagent.testing import FakeOpenAIServer


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "lamp.md").write_text(
        "# The lamp\n\nMara Venn keeps the lighthouse at Gull Point.\n\n## Oil\n\nIt burns whale oil.\n"
    )
    (notes / "harbour.txt").write_text("The harbour freezes in March. The council meets in the old customs house.\n")
    (notes / "夜.md").write_text("# 北京\n\n我在北京的图书馆读书。\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_goes_in_and_another_process_finds_it_at_once(place: Path) -> None:
    added = memagent("add", "notes")
    assert added.returncode == 0, added.stderr
    assert added.stdout == ""
    assert "3 files read" in added.stderr
    found = memagent("search", "Who keeps the lighthouse?")
    first = found.stdout.splitlines()[0]
    assert first.startswith("1. ")
    assert "notes/lamp.md" in first
    assert "lighthouse" in found.stdout
    assert "图书馆" in memagent("search", "北京图书馆", "-k", 1).stdout
    hits = [json.loads(line) for line in memagent("search", "harbour", "--json").stdout.splitlines()]
    assert hits[0]["source"] == "notes/harbour.txt"
    assert 0 < hits[0]["score"] <= 1


def test_ask_answers_with_sources(place: Path) -> None:
    memagent("add", "notes")
    done = memagent("ask", "Who keeps the lighthouse?", MEMAGENT_LLM="offline")
    assert done.returncode == 0, done.stderr
    answer, sources = done.stdout.split("\n\n", 1)
    assert "Mara Venn" in answer
    assert "[1] " in sources
    assert "notes/lamp.md" in sources
    data = json.loads(memagent("ask", "Who keeps the lighthouse?", "--json", "-m", "offline").stdout)
    assert "Mara Venn" in data["answer"]
    assert data["usage"]["calls"] == 1


def test_ask_by_way_of_facts_shows_the_answer_and_not_the_reasoning(place: Path) -> None:
    with Memory("facts.db", single_user=True) as memory:
        memory.add(Note("Erik Hort was born in Montebello.", id="hort"))
        memory.facts.add(Triple("Erik Hort", "born in", "Montebello", passage="hort"))
    calls = {"plain": 1, "hipporag": 2, "ircot": 3}
    for method, count in calls.items():
        arguments = ("ask", "Where was Erik Hort born?", "--method", method, "--db", "facts.db", "-m", "offline")
        done = memagent(*arguments)
        assert done.returncode == 0, done.stderr
        assert "Montebello" in done.stdout.splitlines()[0]
        assert "Thought:" not in done.stdout
        assert '"facts"' not in done.stdout
        data = json.loads(memagent(*arguments, "--json").stdout)
        assert data["usage"]["calls"] == count
        assert [source["id"] for source in data["sources"]] == ["hort"]
        assert ("graph" in data["sources"][0]["parts"]) is (method != "plain")
    refused = memagent("ask", "Who?", "--method", "oracle", "--db", "facts.db")
    check(refused, 2, "oracle")


def test_ask_streams_from_a_real_server(place: Path) -> None:
    memagent("add", "notes")
    with FakeOpenAIServer(["Mara Venn keeps it [1]."]) as server:
        done = memagent("ask", "Who keeps the lighthouse?", "-m", f"openai:fake@{server.url}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Mara Venn keeps it [1].\n\n[1] ")
    assert "<passages>" in server.requests[0].payload["messages"][-1]["content"]


def test_no_choice_of_model_is_said_once_on_stderr_and_with_a_key_the_key_decides(place: Path) -> None:
    memagent("add", "notes")
    done = memagent("ask", "Who keeps the lighthouse?")
    assert done.stderr.count("MEMAGENT_LLM") == 2  # one line that names two ways
    assert len([line for line in done.stderr.splitlines() if "offline" in line and "MEMAGENT_LLM" in line]) == 1
    with FakeOpenAIServer(["Mara."]) as server:
        keyed = memagent("ask", "Who keeps it?", OPENAI_API_KEY="k", OPENAI_BASE_URL=server.url)
    assert keyed.stdout.startswith("Mara.")
    assert "offline" not in keyed.stderr


def test_adding_again_replaces_and_keeps_what_did_not_change(place: Path) -> None:
    memagent("add", "notes")
    before = json.loads(memagent("show", "--json").stdout)
    again = json.loads(memagent("add", "notes", "--json").stdout)
    assert again["change"] == 0
    (place / "notes" / "lamp.md").write_text("# The lamp\n\nNobody keeps the lighthouse now.\n")
    memagent("add", "notes")
    after = json.loads(memagent("show", "--json").stdout)
    assert after["passages"] < before["passages"]
    assert "Mara" not in memagent("search", "Who keeps the lighthouse?").stdout


def test_text_and_standard_input(place: Path) -> None:
    memagent("add", "--text", "The parrot is called Ines.")
    memagent("add", "-", stdin="The anchor is rusty.")
    assert "Ines" in memagent("search", "parrot").stdout
    assert "rusty" in memagent("search", "anchor").stdout
    passage = json.loads(memagent("search", "parrot", "-k", 1, "--json").stdout)
    assert "Ines" in memagent("show", passage["id"]).stdout


def test_show(place: Path) -> None:
    memagent("add", "notes")
    assert "notes/lamp.md" in memagent("show").stdout
    assert "whale oil" in memagent("show", "--source", "notes/lamp.md").stdout


def check(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_bad_input_is_one_clear_error(place: Path) -> None:
    check(memagent("search", "x"), 2, "no memory", "memagent add")
    check(memagent("add", "nowhere"), 2, "nowhere")
    check(memagent("add"), 2, "standard input")
    check(memagent("add", "notes", "--db", "missing/memory.db"), 1, "missing")
    memagent("add", "notes")
    check(memagent("search", "  "), 2, "empty")
    check(memagent("search", "x", "--using", "hybird"), 2, "hybrid")
    check(memagent("ask", "x", "-m", "gpt-5-mini"), 2, "openai:gpt-5-mini")
    check(memagent("ask", "lamp", "-m", "openai:gpt-5-mini"), 3, "OPENAI_API_KEY")
    check(memagent("ask", "lamp", "-m", "openai:x@http://127.0.0.1:1/v1"), 4, "127.0.0.1")
    check(memagent("show", "nothing"), 1, "nothing")
    check(memagent("show", "--source", "nothing"), 1, "nothing")
    check(memagent("add", "notes", "--embedder", "hasing"), 2, "hashing")
    check(memagent("add", "notes", "nowhere.md"), 2, "nowhere.md")
    (place / "other.db").write_text("this is no database, and it is longer than a header " * 9)
    check(memagent("add", "notes", "--db", "other.db"), 1, "other.db")
    assert (place / "other.db").read_text().startswith("this is no database")


def test_output_into_a_closed_pipe_is_no_traceback(place: Path) -> None:
    memagent("add", "notes")
    command = f"{sys.executable} -m memagent search lamp | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def sources() -> dict[str, int]:
    return json.loads(memagent("show", "--json").stdout)["sources"]


def test_a_bad_file_is_named_and_the_rest_of_the_folder_goes_in(place: Path) -> None:
    (place / "notes" / "latin.txt").write_bytes(b"caf\xe9")
    (place / "notes" / "lost.md").symlink_to(place / "nowhere.md")
    os.mkfifo(place / "notes" / "pipe.md")
    done = memagent("add", "notes")
    assert done.returncode == 1
    assert "latin.txt is not UTF-8" in done.stderr
    assert "lost.md" in done.stderr
    assert "3 files read" in done.stderr
    assert "Mara" in memagent("search", "lighthouse").stdout


def test_a_file_has_one_name_however_its_path_is_given(place: Path) -> None:
    memagent("add", "notes/lamp.md")
    memagent("add", place / "notes" / "lamp.md")
    memagent("add", "notes/../notes/lamp.md")
    os.chdir(place / "notes")
    memagent("add", "lamp.md", "--db", "../memory.db")
    os.chdir(place)
    assert list(sources()) == ["notes/lamp.md"]


def test_emptied_and_deleted_files_are_not_found_any_more(place: Path) -> None:
    memagent("add", "notes")
    assert "whale oil" in memagent("search", "oil").stdout
    (place / "notes" / "lamp.md").write_text("")
    memagent("add", "notes/lamp.md")
    assert "whale oil" not in memagent("search", "oil").stdout
    (place / "notes" / "harbour.txt").unlink()
    done = memagent("add", "notes")
    assert "1 gone from disk forgotten" in done.stderr
    assert list(sources()) == ["notes/夜.md"]
    (place / "notes" / "夜.md").unlink()
    (place / "notes" / "lamp.md").unlink()
    assert memagent("add", "notes").returncode == 0
    assert sources() == {}


def test_what_lies_elsewhere_is_left_alone(place: Path) -> None:
    (place / "other").mkdir()
    (place / "other" / "a.md").write_text("The herring sings.")
    memagent("add", "notes", "other")
    memagent("add", "--text", "The parrot is called Ines.")
    (place / "other" / "a.md").unlink()
    memagent("add", "notes")
    assert "herring" in memagent("search", "herring").stdout
    memagent("add", ".")
    assert "herring" not in memagent("search", "herring").stdout
    assert "Ines" in memagent("search", "parrot").stdout


def test_quiet_says_nothing_but_errors(place: Path) -> None:
    assert memagent("add", "notes", "-q").stderr == ""
    assert memagent("ask", "Who keeps the lighthouse?", "-q").stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
def test_output_onto_a_full_disk_is_one_clear_error(place: Path) -> None:
    memagent("add", "notes")
    command = f"{sys.executable} -m memagent search lamp > /dev/full"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "bug" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_no_standard_output_at_all_is_no_error(place: Path) -> None:
    memagent("add", "notes")
    done = subprocess.run(
        f"{sys.executable} -m memagent ask lamp -m offline >&-", shell=True, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_only_what_came_from_files_is_ever_dropped(place: Path) -> None:
    with Memory("memory.db", single_user=True) as memory:
        memory.add([Note("From the web.", source="https://example.com/a"), Note("A turn.", source="notes/chat")])
    (place / "x.md").write_text("hi")
    memagent("add", ".")
    assert {"https://example.com/a", "notes/chat", "x.md"} <= sources().keys()


def test_a_deleted_file_or_folder_is_dropped_by_its_name(place: Path) -> None:
    memagent("add", "notes", "notes/lamp.md")
    (place / "notes" / "lamp.md").unlink()
    assert memagent("add", "notes/lamp.md").returncode == 0
    assert "notes/lamp.md" not in sources()
    shutil.rmtree(place / "notes")
    assert memagent("add", "notes").returncode == 0
    assert sources() == {}
    assert memagent("add", "notes").returncode == 2  # nothing of that name any more


def test_links_lead_to_one_file_of_one_name(place: Path) -> None:
    (place / "notes" / "again.md").symlink_to("lamp.md")
    (place / "linked").symlink_to("notes")
    memagent("add", "notes", "linked")
    assert sorted(sources()) == ["notes/harbour.txt", "notes/lamp.md", "notes/夜.md"]
    (place / "notes" / "lamp.md").rename(place / "notes" / "lamps.md")
    memagent("add", "notes")
    assert "notes/lamp.md" not in sources()


def test_two_adds_at_once_both_end_well(place: Path) -> None:
    for number in range(60):
        (place / "notes" / f"{number}.md").write_text(f"Note {number} tells of the lamp.")
    memagent("add", "notes")
    for number in range(60):
        (place / "notes" / f"{number}.md").unlink()
    command = [sys.executable, "-m", "memagent", "add", "notes"]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(one.wait(60), one.stderr.read() and one.stderr.close()) for one in running] == [(0, None)] * 3
    assert len(sources()) == 3


def test_each_user_has_a_memory_of_their_own(place: Path) -> None:
    memagent("add", "notes", "--user", "alice")
    assert memagent("add", "--text", "The lighthouse is a secret.", "--user", "bob", "--session", "s1").returncode == 0
    assert "notes/lamp.md" in memagent("search", "lighthouse", "--user", "alice").stdout
    found = memagent("search", "lighthouse", "--user", "bob").stdout
    assert "secret" in found and "lamp.md" not in found
    assert memagent("search", "lighthouse").stdout == ""
    assert "notes/lamp.md" in memagent("show", "--user", "alice").stdout
    assert "1 passage" in memagent("show", "--user", "bob", "--session", "s1").stdout
    asked = memagent("ask", "Who keeps the lighthouse?", "--user", "alice", "--json", "-m", "offline")
    assert "Mara Venn" in json.loads(asked.stdout)["answer"]
    gone = memagent("ask", "Who keeps the lighthouse?", "--user", "carol", "--json", "-m", "offline")
    assert json.loads(gone.stdout)["sources"] == []


def test_a_secret_is_masked_and_told_without_a_letter_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    key = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    added = memagent("add", "--text", f"Push with {key} from now on.")
    assert added.returncode == 0
    assert "masked a secret: passage: its text held a token of GitHub" in added.stderr and key not in added.stderr
    assert "[masked token]" in memagent("search", "push with").stdout
    refused = memagent("add", "--secrets", "refuse", "--text", f"Push with {key}, again.")
    assert refused.returncode != 0 and key not in refused.stderr and "--secrets" not in refused.stdout
    assert key.encode() not in (tmp_path / "memory.db").read_bytes()
