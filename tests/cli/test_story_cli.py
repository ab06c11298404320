"""`memagent story` as its users run it: real processes, a real server, a real terminal, and what they get wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Terminal, memagent

from memagent import Story
from memagent.testing import FakeOpenAIServer, Fault

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert memagent("story", "init", tmp_path / "lamp", "--premise", PREMISE).returncode == 0
    return tmp_path / "lamp"


OPENING = {
    "title": "The Lamp",
    "outline": "It goes out.",
    "paragraphs": ["First comes fog.", "Second comes rain.", "Third comes night."],
    "memory": "Mara keeps the lamp.",
    "plans": ["Plan a, of fog.", "Plan b, of rain.", "Plan c, of night."],
}
STEP = {
    "paragraph": "Fourth comes the boat.",
    "rationale": "New.",
    "memory": "Mara keeps the lamp. There is a boat.",
    "plans": ["Row.", "Wait.", "Sleep."],
}
CHOICE = '{"reason": "It is the best.", "choice": 2}'


@pytest.fixture
def server() -> Iterator[FakeOpenAIServer]:
    with FakeOpenAIServer([json.dumps(OPENING), CHOICE, json.dumps(STEP)]) as server:
        yield server


def model(server: FakeOpenAIServer) -> str:
    return f"openai:fake@{server.url}"


# What comes out where.


def test_prose_goes_to_stdout_and_everything_else_to_stderr(folder: Path, server: FakeOpenAIServer) -> None:
    done = memagent("story", "write", folder, "-n", 4, "-m", model(server))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "First comes fog.\n\nSecond comes rain.\n\nThird comes night.\n\nFourth comes the boat.\n\n"
    assert "2 calls" in done.stderr
    assert "4 paragraphs" in done.stderr
    assert "¶1 «First comes fog» " in done.stderr
    assert all(request.payload["stream"] for request in server.requests)
    usage = Story(folder).record.usage
    assert (usage.calls, usage.estimated) == (3, False)


def test_quiet_says_nothing_but_the_story_and_json_is_a_line_an_event(folder: Path, server: FakeOpenAIServer) -> None:
    quiet = memagent("story", "write", folder, "-n", 3, "-m", model(server), "-q")
    assert (quiet.stderr, quiet.stdout.count("\n\n")) == ("", 3)
    done = memagent("story", "write", folder, "-n", 1, "-m", model(server), "--json", "-q")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["type"] for event in events] == ["paragraph", "recall", "usage", "done"]
    assert events[0] == {"type": "paragraph", "number": 4, "text": "Fourth comes the boat."}


def test_status_show_memory_and_export(folder: Path, server: FakeOpenAIServer, tmp_path: Path) -> None:
    assert "next: memagent story write" in memagent("story", "status", folder).stdout
    memagent("story", "write", folder, "-n", 4, "-m", model(server))
    status = json.loads(memagent("story", "status", folder, "--json").stdout)
    assert (status["title"], status["paragraphs"], status["plans"]) == ("The Lamp", 4, ["Row.", "Wait.", "Sleep."])
    assert "There is a boat." in memagent("story", "memory", "show", folder).stdout
    memory = json.loads(memagent("story", "memory", "show", folder, "--json").stdout)
    assert memory["long"]["3"] == "Third comes night."
    manuscript = (folder / "chapters" / "01.md").read_text()
    assert memagent("story", "show", folder).stdout == manuscript
    assert memagent("story", "export", folder, tmp_path / "out.md").returncode == 0
    assert (tmp_path / "out.md").read_text() == manuscript
    again = memagent("story", "export", folder, tmp_path / "out.md")
    assert (again.returncode, "exists" in again.stderr) == (2, True)
    assert memagent("story", "export", folder, tmp_path / "out.md", "--overwrite").returncode == 0
    wrong = memagent("story", "export", folder, tmp_path / "out.pdf")
    assert (wrong.returncode, "Use .md, .txt, .html, .epub or .jsonl." in wrong.stderr) == (2, True)


def test_picks_and_edits_reach_the_writer(folder: Path, server: FakeOpenAIServer) -> None:
    memagent("story", "write", folder, "-n", 3, "-m", model(server))
    assert "Plan b, of rain." in memagent("story", "pick", folder).stdout
    assert memagent("story", "pick", folder, 3).returncode == 0
    assert memagent("story", "memory", "edit", folder, "--text", "The lamp is out.").returncode == 0
    assert (
        memagent("story", "memory", "edit", folder, "--paragraph", 1, "--text", "-", stdin="A parrot.").returncode == 0
    )
    server.next_reply({})  # the choice is not asked for: a person has made it
    assert memagent("story", "write", folder, "-n", 1, "-m", model(server)).returncode == 0
    prompt = server.requests[-1].payload["messages"][-1]["content"]
    assert "<plan>\nPlan c, of night.\n</plan>" in prompt
    assert "<memory>\nThe lamp is out.\n</memory>" in prompt


# A backend that misbehaves.


def test_two_broken_replies_are_asked_for_again_and_the_story_goes_on(folder: Path) -> None:
    with FakeOpenAIServer(["Sorry, no.", '{"title": "x"}', json.dumps(OPENING)]) as server:
        done = memagent("story", "write", folder, "-n", 3, "-m", model(server))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("First comes fog.")
    assert len(server.requests) == 3
    assert "no JSON object" in server.requests[1].payload["messages"][-1]["content"]


def test_a_reply_in_labelled_sections_is_read_without_asking_again(folder: Path) -> None:
    labelled = "\r\n".join(
        [f"**Title:** {OPENING['title']}", "**Outline:** It goes out."]
        + [f"**Paragraph {n}:** {text}" for n, text in enumerate(OPENING["paragraphs"], 1)]
        + ["**Summary:** Mara keeps the lamp."]
        + [f"**Instruction {n}:** {text}" for n, text in enumerate(OPENING["plans"], 1)]
    )
    with FakeOpenAIServer([labelled]) as server:
        assert memagent("story", "write", folder, "-n", 3, "-m", model(server)).returncode == 0
    assert Story(folder).record.paragraphs == OPENING["paragraphs"]


def test_a_third_broken_reply_stops_with_code_4_keeps_the_reply_and_changes_nothing(folder: Path) -> None:
    with FakeOpenAIServer([json.dumps(OPENING), CHOICE, "bad", "worse", "the worst, at length"]) as server:
        assert memagent("story", "write", folder, "-n", 3, "-m", model(server)).returncode == 0
        before = {path: path.read_bytes() for path in folder.rglob("*.md")}
        failed = memagent("story", "write", folder, "-n", 1, "-m", model(server))
    assert failed.returncode == 4
    assert failed.stdout == ""
    [kept] = (folder / ".memagent" / "rejected").glob("*.txt")
    assert kept.read_text() == "the worst, at length"
    assert str(kept) in failed.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*.md")} == before


def test_a_stream_that_breaks_off_is_asked_for_again(folder: Path) -> None:
    with FakeOpenAIServer([Fault(cut_after=3, reply=json.dumps(OPENING)), json.dumps(OPENING)]) as server:
        done = memagent("story", "write", folder, "-n", 3, "-m", model(server))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("First comes fog.") == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [(Fault(status=401, message="bad key"), "401"), (Fault(status=404, message="no such model"), "404")],
)
def test_a_server_that_refuses_is_code_4_and_one_clear_line(folder: Path, fault: Fault, words: str) -> None:
    with FakeOpenAIServer([fault]) as server:
        failed = memagent("story", "write", folder, "-n", 3, "-m", model(server))
    assert failed.returncode == 4
    assert words in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_limit_stops_with_code_5_and_the_same_command_goes_on(folder: Path, server: FakeOpenAIServer) -> None:
    stopped = memagent("story", "write", folder, "-n", 4, "-m", model(server), "--max-calls", 1)
    assert stopped.returncode == 5
    assert "1 calls" in stopped.stderr
    done = memagent("story", "write", folder, "-n", 4, "-m", model(server))
    assert (done.returncode, done.stdout) == (0, "Fourth comes the boat.\n\n")


# What people get wrong.


def check(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_bad_input_is_one_clear_error_and_what_to_do(folder: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    check(memagent("story", "init", new, "--premise-file", tmp_path / "none.md"), 2, "none.md", "No such file")
    check(memagent("story", "init", new, "--premise", "  "), 2, "premise is empty")
    check(memagent("story", "init", new), 2, "needs a premise", "--premise")
    check(memagent("story", "init", new, "--premise", PREMISE, "-m", "opnai:gpt-5"), 2, "openai:gpt-5")
    check(memagent("story", "init", folder, "--premise", PREMISE), 1, "already", "memagent story write")
    check(memagent("story", "write", tmp_path), 1, "no story in", "memagent story init")
    check(memagent("story", "write", folder, "-m", "ofline"), 2, "offline")
    check(memagent("story", "write", folder, "-m", "openai:gpt-5-mini"), 3, "OPENAI_API_KEY")
    check(memagent("story", "write", folder, "--ask"), 2, "terminal")
    check(memagent("story", "write", folder, "-n", 0), 2)
    check(memagent("story", "pick", folder, 2), 1, "has not begun")
    check(memagent("story", "wirte", folder), 2, "write")
    check(memagent("stroy"), 2, "story")
    assert not new.exists()
    latin = tmp_path / "latin.md"
    latin.write_bytes("Ein Leuchtturmwärter".encode("latin-1"))
    check(memagent("story", "init", new, "--premise-file", latin), 2, "not UTF-8")


def test_a_second_writer_on_the_same_story_is_code_7(folder: Path) -> None:
    with Story(folder).editing():
        check(memagent("story", "write", folder, "-n", 1, "-m", "offline"), 7, "another process")
        assert memagent("story", "status", folder).returncode == 0


def test_a_manuscript_edited_by_hand_is_code_7_until_sync(folder: Path, server: FakeOpenAIServer) -> None:
    memagent("story", "write", folder, "-n", 3, "-m", model(server))
    page = folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("rain", "snow"))
    check(memagent("story", "write", folder, "-n", 1, "-m", model(server)), 7, "edited by hand", "memagent story sync")
    assert "1 paragraph taken up" in memagent("story", "sync", folder).stderr
    assert memagent("story", "write", folder, "-n", 1, "-m", model(server)).returncode == 0
    assert "Second comes snow." in page.read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; the read-only mount below covers root")
def test_an_unwritable_folder_is_one_clear_error(folder: Path) -> None:
    (folder / ".memagent").chmod(0o500)
    check(memagent("story", "write", folder, "-n", 1, "-m", "offline"), 1, "Permission denied")


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own: 3 MB, so that it can be filled, and remounted read-only."""
    place = tmp_path / "mount"
    place.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"needs the right to mount a small file system: {tried.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_one_clear_error_and_nothing_is_lost(mounted: Path) -> None:
    folder = mounted / "lamp"
    memagent("story", "init", folder, "--premise", PREMISE)
    assert memagent("story", "write", folder, "-n", 4, "-m", "offline").returncode == 0
    before = memagent("story", "show", folder).stdout
    filler = mounted / "filler"
    for size in (200_000, 20_000, 1_000, 1):
        with filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    check(memagent("story", "write", folder, "-n", 2, "-m", "offline", "-q"), 1, "full")
    assert memagent("story", "show", folder).stdout == before
    filler.unlink()
    assert memagent("story", "write", folder, "-n", 2, "-m", "offline").returncode == 0
    assert memagent("story", "show", folder).stdout.startswith(before)


def test_a_disk_that_fills_while_writing_is_one_clear_error_and_the_run_goes_on(mounted: Path, tmp_path: Path) -> None:
    folder, whole = mounted / "lamp", tmp_path / "whole"
    for story in (folder, whole):
        memagent("story", "init", story, "--premise", PREMISE)
    (mounted / "filler").write_bytes(b"x" * 1_200_000)
    stopped = memagent("story", "write", folder, "-n", 60, "-m", "offline", "-q")
    assert stopped.returncode == 1
    assert "full" in stopped.stderr
    (mounted / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=60m", mounted], check=True)
    assert memagent("story", "write", folder, "-n", 60, "-m", "offline").returncode == 0
    memagent("story", "write", whole, "-n", 60, "-m", "offline")
    assert memagent("story", "show", folder).stdout == memagent("story", "show", whole).stdout


def test_a_read_only_disk_is_one_clear_error(mounted: Path) -> None:
    folder = mounted / "lamp"
    memagent("story", "init", folder, "--premise", PREMISE)
    memagent("story", "write", folder, "-n", 3, "-m", "offline")
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    check(memagent("story", "write", folder, "-n", 1, "-m", "offline", "-q"), 1, "could not be written")
    check(memagent("story", "init", mounted / "other", "--premise", PREMISE), 1, "could not be written")
    assert memagent("story", "show", folder).returncode == 0


# A person at a terminal.


def test_a_person_chooses_writes_a_plan_edits_the_memory_and_quits(folder: Path, tmp_path: Path) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text("#!/bin/sh\nprintf 'The parrot is alive.' > \"$1\"\ntouch -d '+1 hour' \"$1\"\n")
    editor.chmod(0o755)
    with FakeOpenAIServer(
        [json.dumps(OPENING), json.dumps(STEP), json.dumps(STEP | {"paragraph": "Fifth."})]
    ) as server:
        with Terminal("story", "write", folder, "-m", model(server), EDITOR=str(editor)) as terminal:
            assert "First comes fog." in terminal.expect("What happens next?")
            assert "2  Plan b, of rain." in terminal.expect("q quit")
            terminal.type("2\n")
            terminal.expect("Fourth comes the boat.")
            terminal.expect("q quit")
            terminal.type("M\n")
            terminal.expect("taken up")
            terminal.expect("q quit")
            terminal.type("x\n")
            terminal.expect("not one of the choices")
            terminal.expect("q quit")
            terminal.type("w\n")
            terminal.expect("What happens next:")
            terminal.type("The parrot speaks.\n")
            terminal.expect("Fifth.")
            terminal.expect("q quit")
            terminal.type("q\n")
            assert terminal.end() == 0
    second, third = (request.payload["messages"][-1]["content"] for request in server.requests[1:])
    assert "<plan>\nPlan b, of rain.\n</plan>" in second
    assert "<plan>\nThe parrot speaks.\n</plan>" in third
    assert "<memory>\nThe parrot is alive.\n</memory>" in third


def test_prose_is_shown_on_a_terminal_while_it_is_being_written(folder: Path) -> None:
    with FakeOpenAIServer([Fault(pause=0.05, reply=json.dumps(OPENING))]) as server:
        with Terminal("story", "write", folder, "--auto", "-n", 3, "-m", model(server)) as terminal:
            seen = terminal.expect("Second comes")
            assert "¶3" not in seen  # the reply is still coming in
            assert "First comes fog." in seen
            rest = terminal.expect("3 paragraphs")
            assert terminal.end() == 0
    assert (seen + rest).count("First comes fog.") == 1


def test_ctrl_c_at_the_question_keeps_everything(folder: Path) -> None:
    with FakeOpenAIServer([json.dumps(OPENING)]) as server:
        with Terminal("story", "write", folder, "-m", model(server)) as terminal:
            terminal.expect("q quit")
            terminal.interrupt()
            terminal.expect("3 paragraphs kept. Go on with")
            assert terminal.end() == 130
    assert len(Story(folder).record.paragraphs) == 3


def test_a_second_ctrl_c_stops_inside_the_paragraph_and_keeps_the_rest(folder: Path) -> None:
    with FakeOpenAIServer([json.dumps(OPENING), CHOICE, Fault(pause=0.2, reply=json.dumps(STEP))]) as server:
        with Terminal("story", "write", folder, "--auto", "-n", 4, "-m", model(server)) as terminal:
            terminal.expect("Fourth")
            terminal.process.send_signal(2)
            terminal.expect("stopping after this paragraph")
            terminal.process.send_signal(2)
            terminal.expect("Go on with")
            assert terminal.end() == 130
    assert len(Story(folder).record.paragraphs) == 3


def test_a_second_ctrl_c_does_not_wait_for_a_server_that_does_not_answer(folder: Path) -> None:
    with FakeOpenAIServer([Fault(delay=60, reply=json.dumps(OPENING))]) as server:
        with Terminal("story", "write", folder, "--auto", "-n", 3, "-m", model(server)) as terminal:
            terminal.expect("writes")
            while not server.requests:
                time.sleep(0.01)
            terminal.process.send_signal(2)
            terminal.expect("stopping after this paragraph")
            terminal.process.send_signal(2)
            assert terminal.end(seconds=20) == 130


def test_a_limit_on_seconds_is_code_5(folder: Path) -> None:
    with FakeOpenAIServer([Fault(delay=30, reply="late")] * 3) as server:
        stopped = memagent("story", "write", folder, "-n", 3, "-m", model(server), "--max-seconds", 1)
    assert stopped.returncode == 5, stopped.stderr
    assert "time limit" in stopped.stderr


def test_the_same_run_killed_at_its_very_end_is_not_begun_again(folder: Path) -> None:
    assert memagent("story", "write", folder, "-n", 6, "-m", "offline").returncode == 0
    log = folder / ".memagent" / "events.jsonl"
    log.write_bytes(log.read_bytes()[: log.read_bytes().rindex(b'{"type": "reached"')])
    again = memagent("story", "write", folder, "-n", 6, "-m", "offline")
    assert (again.returncode, again.stdout) == (0, "")
    assert len(Story(folder).record.paragraphs) == 6
    memagent("story", "write", folder, "-n", 6, "-m", "offline")
    assert len(Story(folder).record.paragraphs) == 12


def test_a_story_in_a_folder_with_a_blank_says_commands_that_work(tmp_path: Path) -> None:
    folder = tmp_path / "my story ü"
    said = memagent("story", "init", folder, "--premise", PREMISE).stderr
    command = said.split("Next: memagent ")[1].strip()
    done = subprocess.run(f"{sys.executable} -m memagent {command} -m offline -q", shell=True, capture_output=True)
    assert done.returncode == 0


def test_chinese_prose_is_shown_letter_by_letter(folder: Path) -> None:
    chinese = dict(OPENING, paragraphs=["雾来了，灯塔亮着。", "雨来了。", "夜来了。"])
    with FakeOpenAIServer([lambda payload: json.dumps(chinese, ensure_ascii=False)]) as server:
        with Terminal("story", "write", folder, "--auto", "-n", 3, "-m", model(server)) as terminal:
            terminal.expect("雾来了，灯塔亮着。")
            terminal.expect("3 paragraphs")


def test_a_missing_editor_does_not_end_the_session(folder: Path) -> None:
    with FakeOpenAIServer([json.dumps(OPENING)]) as server:
        with Terminal("story", "write", folder, "-m", model(server), EDITOR="no-such-editor") as terminal:
            terminal.expect("q quit")
            terminal.type("M\n")
            terminal.expect("EDITOR says which editor is used")
            terminal.expect("q quit")
            terminal.type("q\n")
            assert terminal.end() == 0
