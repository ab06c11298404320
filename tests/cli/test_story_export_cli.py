"""`memagent story export` as its users run it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from memagent import Story
from memagent.cli.story_export import export
from memagent.errors import MemagentError
from memagent.story.manuscript import Chapter, Manuscript

TOLD = Manuscript(
    "The Lamp",
    tuple(Chapter(title, (f"{title} begins here.", "It *ends*.")) for title in ("Fog", "Rain", "Night")),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Story.create(tmp_path / "lamp", "A keeper waits.")
    monkeypatch.setattr(Story, "manuscript", property(lambda _: TOLD))
    monkeypatch.chdir(tmp_path / "lamp")
    return tmp_path / "lamp"


def run(*arguments: object) -> tuple[int, str, str]:
    """Run the command; return its exit code (2 for an error of ours), its output, and what it says."""
    done = CliRunner().invoke(export, [str(one) for one in arguments])
    if isinstance(done.exception, MemagentError):
        return 2, done.stdout, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_the_suffix_says_the_format_and_one_line_says_what_was_written(folder, tmp_path):
    for suffix, name in {
        "md": "Markdown", "txt": "plain text", "html": "HTML", "epub": "EPUB 3", "jsonl": "JSON lines"
    }.items():  # fmt: skip
        out = tmp_path / f"lamp.{suffix}"
        assert run(folder, out) == (0, "", f"{out}: 3 chapters, 15 words, {name}\n")
        assert out.stat().st_size


def test_the_story_that_you_are_in_needs_no_name(folder):
    assert run("lamp.epub", "--from", 2, "--to", "ch.3")[2] == "lamp.epub: 2 of 3 chapters, 10 words, EPUB 3\n"
    package = zipfile.ZipFile(folder / "lamp.epub").read("EPUB/package.opf").decode()
    assert 'href="chapter-2.xhtml"' in package
    assert 'href="chapter-1.xhtml"' not in package


def test_title_and_author_can_be_given(folder):
    assert run("a.md", "--title", "The Light", "--author", "Ann B.", "--to", 1, "-q") == (0, "", "")
    assert (folder / "a.md").read_text().startswith("# The Light\n\n*Ann B.*\n\n## Fog\n")


def test_json_says_what_was_written(folder):
    code, out, _ = run("a.html", "--json")
    assert code == 0
    assert json.loads(out) == {"path": "a.html", "chapters": 3, "total": 3, "words": 15, "format": "HTML"}


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(folder):
    (folder / "a.md").write_text("mine")
    assert run("a.md")[::2] == (2, "'a.md' exists\nChoose another name, or add --overwrite.")
    assert (folder / "a.md").read_text() == "mine"
    assert run("a.md", "--overwrite")[0] == 0
    assert (folder / "a.md").read_text().startswith("# The Lamp")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.pdf",), "Use .md, .txt, .html, .epub or .jsonl."),
        (("lamp",), "Write: memagent story export lamp OUT.md"),
        ((), "no file is named"),
        (("a.md", "--from", "x"), "'x' is no chapter"),
        (("a.md", "--from", "2 p3"), "is a paragraph"),
        (("a.md", "--from", 4), "It has 1 to 3."),
        (("a.md", "--from", 3, "--to", 2), "chapter 3 comes after chapter 2"),
        (("nowhere/a.md",), "no folder 'nowhere'"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(arguments, said, folder):
    code, _, message = run(*arguments)
    assert code == 2
    assert said in message
    assert not list(folder.glob("*.md.*")) + list(folder.glob("a.*"))


@pytest.mark.parametrize("name", ["chapters/01.md", "chapters/09.md", "memory/short.md", "lore/x.md", "premise.md"])
def test_nothing_that_a_story_is_made_of_is_written_over(name, folder):
    before = {path: path.read_bytes() for path in folder.rglob("*.md")}
    code, _, said = run(folder, folder / name, "--overwrite")
    assert (code, "belongs to the story itself" in said) == (2, True)
    assert {path: path.read_bytes() for path in folder.rglob("*.md")} == before


def test_help_fits_80_columns():
    text = export.get_help(click.Context(export, info_name="export", terminal_width=80))
    assert "EPUB 3" in text
    assert max(map(len, text.splitlines())) <= 80
