"""The lorebook from the command line: adding, editing in an editor, what fires and why, books of other programs."""

from __future__ import annotations

import json
import re
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from commands import Terminal, command, memagent

from memagent import Story
from memagent.cli import run
from memagent.testing import FakeOpenAIServer

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story") / "lamp"
    assert memagent("story", "init", folder, "--premise", PREMISE, "-m", "offline").returncode == 0
    assert memagent("story", "write", folder, "-n", 4, "--auto", "-q").returncode == 0
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "lamp")


def lore(*arguments: Any, **more: str) -> subprocess.CompletedProcess[str]:
    return memagent("story", "lore", *arguments, **more)


def here(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    """Run a command in this process, which is faster; return its exit code, and what it wrote."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        code = run(["story", "lore", *map(str, arguments)])
    finally:
        signal.signal(signal.SIGTERM, before)
    return code, *capsys.readouterr()


def told(*arguments: Any, **more: str) -> Any:
    done = lore(*arguments, "--json", **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def put(folder: Path, stem: str, text: str) -> None:
    (folder / "lore").mkdir(exist_ok=True)
    (folder / "lore" / f"{stem}.md").write_text(text, encoding="utf-8")


def test_an_entry_is_added_listed_shown_and_edited(folder: Path) -> None:
    added = lore("add", "The Wren", folder, "-k", "boat", "-k", "/wrens?/i", "--from", "ch.2", "--text", "A boat.")
    assert (added.returncode, added.stdout) == (0, "")
    text = '+++\nname = "The Wren"\nkeys = ["boat", "/wrens?/i"]\nfrom = "ch.2"\n+++\nA boat.\n'
    assert (folder / "lore" / "the-wren.md").read_text() == text == lore("show", "the wren", folder).stdout
    assert lore("add", "灯塔", folder, "--always", "--text", "-", stdin="塔很高。").returncode == 0
    listed = lore("list", folder)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["the-wren", "灯塔"]
    assert max(map(len, listed.stdout.splitlines())) <= 80 and "from ch.2 · boat, /wrens?/i" in listed.stdout
    (wren, tower) = told("list", folder)
    assert (wren["name"], wren["file"], wren["keys"], wren["from"]) == (
        "The Wren", "the-wren.md", ["boat", "/wrens?/i"], "ch.2",
    )  # fmt: skip
    assert (tower["always"], tower["tokens"]) == (True, 4)
    changed = text.replace("A boat.", "A boat.\n\n## From ch.6\n\nA wreck.")
    assert lore("edit", "the-wren", folder, "--text", changed).returncode == 0
    assert lore("show", "the-wren", folder, "--at", "ch.6").stdout == "A boat.\n\nA wreck.\n"
    assert told("show", "the-wren", folder, "--at", "ch.2")["text"] == "A boat."
    assert "nothing changed" in lore("edit", "the-wren", folder, "--text", changed).stderr


def test_what_is_wrong_is_said_and_leaves_the_entry_as_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, "bell", "It cracked.\n")
    for wrong, code, words in (
        (("add", "Bell", folder, "--text", "x"), 2, "lore edit bell"),
        (("add", " ", folder, "--text", "x"), 2, "no name"),
        (("add", "x", folder), 2, "--text"),
        (("add", "x", folder, "--from", "soon", "--text", "x"), 2, "no place"),
        (("add", "x", folder, "-k", "/(a+)+/", "--text", "x"), 1, "x.md:"),
        (("edit", "bell", folder, "--text", "+++\nkyes = 1\n+++"), 1, "Did you mean 'keys'?"),
        (("edit", "bel", folder, "--text", "x"), 2, "Did you mean 'bell'?"),
        (("show", "nobody", folder), 2, "there is no entry"),
        (("why", folder, "--plan", 9), 2, "there is no plan 9"),
        (("test", "x", folder, "--at", "x"), 2, "no place"),
        (("shwo", folder), 2, "Did you mean 'show'?"),
    ):
        exit_code, out, err = here(capsys, *wrong)
        assert (exit_code, words in err, out) == (code, True, ""), (wrong, err)
    assert [path.name for path in (folder / "lore").iterdir()] == ["bell.md"]
    assert (folder / "lore" / "bell.md").read_text() == "It cracked.\n"


def test_why_shows_what_fires_and_what_is_held_back(folder: Path) -> None:
    assert memagent("story", "pick", folder, "--text", "Maria rings the bell of the Wren.").returncode == 0
    put(folder, "bell", '+++\nkeys = ["ring*"]\nsecondary = ["storm"]\n+++\nIt cracked.\n')
    put(folder, "wren", "A boat. Its captain is Anders.\n")
    put(folder, "anders", "Tall.\n")
    data = told("why", folder)
    assert (data["place"], data["budget"]) == ("ch.1 ¶5", 1000)
    assert [(one["name"], one["why"]) for one in data["fired"]] == [
        ("anders", "“anders” in lore: wren"), ("wren", "“wren” in the plan"),
    ]  # fmt: skip
    assert [one["why"] for one in data["held"]] == ["“ring*” in the plan, but none of “storm” is there"]
    shown = lore("why", folder)
    assert re.search(r"^ +\d+  wren +“wren” in the plan$", shown.stdout, re.MULTILINE)
    assert "2 shown" in shown.stderr and "1 held back" in shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 80 and "\x1b" not in shown.stdout


def test_any_text_may_be_tried_in_any_script(folder: Path) -> None:
    put(folder, "灯塔", '+++\nkeys = ["灯"]\n+++\n塔很高。\n')
    put(folder, "мара", '+++\nkeys = ["мар*"]\nfrom = "ch.4"\n+++\nСмотритель.\n')
    assert [one["name"] for one in told("test", "Он увидел Марой. 他点了灯。", folder)["fired"]] == ["灯塔"]
    both = told("test", "-", folder, "--at", "ch.4", stdin="Он увидел Марой. 他点了灯。")
    assert [one["name"] for one in both["fired"]] == ["мара", "灯塔"]


def test_the_context_itemises_the_lore_and_shows_just_what_is_sent(folder: Path) -> None:
    put(folder, "bell", '+++\nkeys = ["ring*"]\nsticky = 1\n+++\nIt cracked, & no <plan>\n</plan>.\n')
    put(folder, "maria", "+++\nalways = true\n+++\nGreen eyes.\n")
    plans = ["Row.", "Wait.", "Sleep."]
    step = {"paragraph": "She rows.", "rationale": "New.", "memory": "Maria keeps the lamp.", "plans": plans}
    assert memagent("story", "pick", folder, "--text", "Somebody rings.").returncode == 0
    with FakeOpenAIServer([json.dumps(step)] * 2) as server:
        model = f"openai:fake@{server.url}"
        contexts = []
        for _ in range(2):
            contexts.append(json.loads(memagent("story", "context", folder, "-m", model, "--json").stdout))
            assert memagent("story", "write", folder, "-m", model, "--auto", "-q").returncode == 0
            assert memagent("story", "pick", folder, 1).returncode == 0
        sent = [one.payload["messages"] for one in server.requests]
    for shown, messages in zip(contexts, sent, strict=True):
        assert [(one["role"], one["content"]) for one in shown["messages"]] == [
            (one["role"], one["content"]) for one in messages
        ]
        assert "## bell\nIt cracked, & no ‹plan›\n‹/plan›.\n\n## maria\nGreen eyes.\n</lore>" in messages[-1]["content"]
        assert shown["tokens"]["lore"] > 0
    assert [[one["why"] for one in shown["lore"]["fired"]] for shown in contexts] == [
        ["“ring*” in the plan", "always"], ["stays for the last time", "always"],
    ]  # fmt: skip
    listed = memagent("story", "context", folder, "--plan", 1).stdout
    assert re.search(r"\d+  lore .*\n +\d+  maria +always\n", listed) and max(map(len, listed.splitlines())) <= 80
    assert Story(folder).record.lore == {5: ("bell", "maria"), 6: ("bell", "maria")}


def test_a_broken_entry_stops_writing_with_its_file_and_line(folder: Path) -> None:
    put(folder, "bell", "It cracked.\n\n## From the sea\n")
    for done in (memagent("story", "write", folder, "--auto"), memagent("story", "context", folder)):
        assert (done.returncode, done.stdout) == (1, "")
        assert "bell.md:3: '## From the sea' names no place in the story" in done.stderr
        assert "backslash" in done.stderr
    put(folder, "bell", "+++\nalways = true\n+++\nIt cracked.\n")
    done = memagent("story", "write", folder, "--auto")
    assert (done.returncode, "\n   lore: bell\n" in done.stderr) == (0, True)


def test_a_run_that_was_killed_fires_what_an_uninterrupted_one_fires(folder: Path, tmp_path: Path) -> None:
    put(folder, "rope", '+++\nkeys = ["rope walk", "lamp room", "station"]\nsticky = 1\ncooldown = 1\n+++\nLong.\n')
    put(folder, "maria", '+++\nkeys = ["danger"]\ncooldown = 2\nname = "x"\n+++\nBrave.\n')
    whole = shutil.copytree(folder, tmp_path / "whole")
    assert memagent("story", "write", whole, "-n", 16, "--auto", "-q").returncode == 0
    for upto in (6, 9, 14):
        process = subprocess.Popen(
            command("story", "write", folder, "-n", "16", "--auto", "-q"), stdout=subprocess.DEVNULL
        )
        log = folder / ".memagent" / "events.jsonl"
        while log.read_text().count('"type": "written"') < upto and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert memagent("story", "write", folder, "-n", 16, "--auto", "-q").returncode == 0
    fired = Story(whole).record.lore
    assert {"rope", "maria"} <= {stem for stems in fired.values() for stem in stems}
    assert len(fired) < 16  # some rested
    assert Story(folder).record.lore == fired
    assert (folder / "chapters" / "01.md").read_bytes() == (whole / "chapters" / "01.md").read_bytes()


def test_a_book_comes_in_and_goes_out_as_it_was(folder: Path, tmp_path: Path) -> None:
    one = {
        "uid": 0, "key": ["wren"], "keysecondary": [], "comment": "The Wren", "content": "A boat.", "order": 100,
        "probability": 20, "useProbability": True, "group": "boats", "own": [None],
    }  # fmt: skip
    world = tmp_path / "harbour.json"
    world.write_text(json.dumps({"entries": {"0": one}}, indent=4))
    tried = lore("import", world, folder, "--dry-run")
    assert (tried.returncode, "would be taken up" in tried.stderr, [*(folder / "lore").iterdir()]) == (0, True, [])
    done = lore("import", world, folder)
    assert done.returncode == 0 and done.stdout.split() == ["the-wren", "wren"]
    assert "probability: it comes whenever it is called up (The Wren)" in done.stderr and "group:" in done.stderr
    out = tmp_path / "out.json"
    assert lore("export", out, folder).returncode == 0
    assert out.read_bytes() == world.read_bytes()
    assert lore("export", out, folder).returncode == 2
    assert lore("export", out, folder, "--overwrite", "--format", "card", "-q").returncode == 0
    card = json.loads(out.read_text())
    assert (card["spec"], card["data"]["character_book"]["entries"][0]["content"]) == ("chara_card_v2", "A boat.")
    assert json.loads(lore("export", "-", folder, "--format", "world").stdout)["entries"]["0"] == one
    put(folder, "the-wren", "Mine.\n")
    refused = lore("import", world, folder)
    assert (refused.returncode, "--replace" in refused.stderr) == (2, True)
    assert len(told("import", world, folder, "--replace")["entries"]) == 1
    assert lore("import", tmp_path / "none.json", folder).returncode == 2


def test_every_command_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    _, shown, _ = here(capsys, "--help")
    for name in ("list", "show", "add", "edit", "why", "test", "import", "export"):
        assert re.search(rf"^  {name} ", shown, re.MULTILINE)
        code, out, _ = here(capsys, name, "--help")
        assert (code, "--json" in out, max(map(len, out.splitlines())) <= 80) == (0, True, True)


# A person at a terminal.


def editor(path: Path, *texts: str) -> str:
    """Return an editor that writes one text after the other into what it is given."""
    for number, text in enumerate(texts):
        (path / f"{number}.txt").write_text(text, encoding="utf-8")
    script = path / "editor.sh"
    script.write_text(
        f'#!/bin/sh\nn=$(cat {path}/n 2>/dev/null || echo 0)\ncp {path}/$n.txt "$1"\necho $((n+1)) > {path}/n\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def test_an_entry_that_cannot_be_read_is_edited_again(folder: Path, tmp_path: Path) -> None:
    put(folder, "bell", "It cracked.\n")
    broken, right = "+++\nkyes = ['ring']\n+++\nIt cracked.\n", "+++\nkeys = ['ring']\n+++\nIt cracked, 钟.\n"
    with Terminal("story", "lore", "edit", "bell", folder, EDITOR=editor(tmp_path, broken, right)) as terminal:
        terminal.expect("Did you mean 'keys'?")
        assert (folder / "lore" / "bell.md").read_text() == "It cracked.\n"
        terminal.expect("Edit it again?")
        terminal.type("y\n")
        terminal.expect("taken up")
        assert terminal.end() == 0
    assert (folder / "lore" / "bell.md").read_text() == right


def test_an_entry_is_added_in_the_editor(folder: Path, tmp_path: Path) -> None:
    with Terminal("story", "lore", "add", "The Bell", folder, EDITOR=editor(tmp_path, "Cracked.\n")) as terminal:
        terminal.expect("added")
        assert terminal.end() == 0
    assert (folder / "lore" / "the-bell.md").read_text() == "Cracked.\n"


def test_a_file_that_cannot_be_read_is_left_out_of_the_list_and_nothing_is_written_without_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "bell", "The bell is cracked.")
    put(folder, "bad", "---\nkeys: {a: [1\n---\nNo.\n")
    code, out, said = here(capsys, "list", folder)
    assert (code, "bell" in out, "bad.md" in said, "1 file left out" in said) == (6, True, True, True)
    code, out, _ = here(capsys, "list", folder, "--json")
    assert (code, "bad.md" in json.loads(out)[-1]["problem"]) == (6, True)
    assert here(capsys, "show", "bell", folder)[0] == 0
    assert here(capsys, "add", "lamp", folder, "--text", "It is out.")[0] == 0
    before = (folder / ".memagent" / "events.jsonl").read_bytes()
    stopped = memagent("story", "write", folder, "--auto")
    assert (stopped.returncode, "bad.md" in stopped.stderr) == (1, True)
    assert Story(folder).record.paragraphs == Story(folder).record.paragraphs[:4]
    assert b'"written"' not in (folder / ".memagent" / "events.jsonl").read_bytes()[len(before) :]
    assert memagent("story", "cost", folder).returncode == 0
    (folder / "lore" / "gone.md").symlink_to(folder / "nowhere")
    code, out, said = here(capsys, "list", folder)
    assert (code, "bell" in out, "gone.md" in said, "2 files left out" in said) == (6, True, True, True)
    code, _, said = here(capsys, "why", folder)
    assert (code, "bad.md" in said) == (1, True)
    assert f"another file; for all of them: memagent story lore list {folder}" in said
    assert "2 files of lore/ cannot be read" in memagent("story", "status", folder).stdout
    assert '"lore_unreadable": 2' in memagent("story", "diag", folder).stdout
    branched = memagent("story", "branch", folder.with_name("other"), folder)
    assert (branched.returncode, "[" in branched.stderr, folder.with_name("other").exists()) == (1, False, False)
    assert "gone.md' could not be copied: No such file or directory" in branched.stderr
    (folder / "lore" / "bad.md").unlink()
    (folder / "lore" / "gone.md").unlink()
    assert here(capsys, "list", folder)[0] == 0
    shutil.rmtree(folder / "lore")
    assert all(len(line) < 80 for line in here(capsys, "list", folder)[2].replace(str(folder), "").splitlines())


def test_an_export_says_what_it_writes_and_why_whatever_was_imported_last(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, card = tmp_path / "world.json", tmp_path / "card.json"
    world.write_text(json.dumps({"entries": {"0": {"uid": 0, "key": ["boat"], "content": "It leaks."}}}))
    data = {"name": "Mara", "character_book": {"entries": [{"keys": ["bell"], "content": "It is cracked."}]}}
    card.write_text(json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}))
    kinds = []
    for number, source in enumerate((None, world, card, world)):
        if source is not None:
            assert here(capsys, "import", source, folder)[0] == 0
        code, out, said = here(capsys, "export", tmp_path / f"{number}.json", folder, "--json")
        assert code == 0
        assert f"--kind {'card' if json.loads(out)['kind'] == 'world' else 'world'}" in " ".join(said.split())
        kinds.append(json.loads(out)["kind"])
    assert kinds == ["card", "world", "card", "card"]
    code, out, _ = here(capsys, "export", "-", folder, "--kind", "world")
    assert (code, isinstance(json.loads(out)["entries"], dict)) == (0, True)
