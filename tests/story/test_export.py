"""A story as a file: what each format holds, that nothing half written is left, and that the same story is the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from memagent import files
from memagent.errors import ConfigError, StorageFull, StoryError, UsageProblem
from memagent.story.exporting import FORMATS, export
from memagent.story.manuscript import Chapter, Manuscript

LAMP = Manuscript(
    "The Lamp & <Co>",
    (
        Chapter("The *Fog*", ("It was *very* **dark** — and 2 * 3 < 7.", "***", 'She said "no".\nHe said yes.')),
        Chapter("", ("Nobody came.",)),
        Chapter("The End", ("They left.", "Nothing.")),
    ),
    "English",
    'Ann "A" B',
)


def written(manuscript: Manuscript, path: Path, **options: object) -> str:
    export(manuscript, path, **options)  # type: ignore[arg-type]
    return path.read_text(encoding="utf-8")


# What each format holds.


def test_markdown_is_the_prose_as_it_was_written(tmp_path):
    assert written(LAMP, tmp_path / "lamp.md") == (
        '# The Lamp & <Co>\n\n*Ann "A" B*\n\n## The *Fog*\n\nIt was *very* **dark** — and 2 * 3 < 7.\n\n***\n\n'
        'She said "no".\nHe said yes.\n\n## Chapter 2\n\nNobody came.\n\n## The End\n\nThey left.\n\nNothing.\n'
    )


def test_a_story_of_one_chapter_has_no_heading_for_it(tmp_path):
    told = Manuscript("Lamp", (Chapter("", ("One.", "Two.")),))
    assert written(told, tmp_path / "a.md") == "# Lamp\n\nOne.\n\nTwo.\n"
    assert written(told, tmp_path / "a.txt") == "Lamp\n====\n\nOne.\n\nTwo.\n"
    assert "<h2>" not in written(told, tmp_path / "a.html")


def test_a_line_of_the_story_is_no_heading_of_the_markdown(tmp_path):
    told = Manuscript("T", (Chapter("", ("## Not one", "a\n---\nb", "#hashtag")),))
    assert written(told, tmp_path / "a.md") == "# T\n\n\\## Not one\n\na\n\\---\nb\n\n#hashtag\n"


def test_plain_text_has_no_marks_left(tmp_path):
    assert written(LAMP, tmp_path / "lamp.txt") == (
        'The Lamp & <Co>\n===============\n\nAnn "A" B\n\nThe *Fog*\n---------\n\nIt was very dark — and 2 * 3 < 7.\n\n'
        '* * *\n\nShe said "no".\nHe said yes.\n\n\nChapter 2\n---------\n\nNobody came.\n\n\n'
        "The End\n-------\n\nThey left.\n\nNothing.\n"
    )


def test_jsonl_has_one_object_a_paragraph_and_loses_nothing(tmp_path):
    told = Manuscript("T", (Chapter("One", ("a\u2028b\x85c", "“d”")), Chapter("", ("e",))))
    text = written(told, tmp_path / "a.jsonl")
    assert len(text.splitlines()) == 3
    assert [json.loads(line) for line in text.splitlines()] == [
        {"chapter": 1, "title": "One", "paragraph": 1, "text": "a\u2028b\x85c"},
        {"chapter": 1, "title": "One", "paragraph": 2, "text": "“d”"},
        {"chapter": 2, "title": "", "paragraph": 1, "text": "e"},
    ]


def test_html_has_the_marks_as_elements_and_all_else_escaped(tmp_path):
    page = written(LAMP, tmp_path / "lamp.html")
    assert "<title>The Lamp &amp; &lt;Co&gt;</title>" in page
    assert '<p class="first">It was <em>very</em> <strong>dark</strong> — and 2 * 3 &lt; 7.</p>\n<hr/>' in page
    assert "She said &quot;no&quot;.<br/>\nHe said yes." in page
    assert '<a href="#ch2">Chapter 2</a>' in page
    assert '<section id="ch2">' in page


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_html_needs_nothing_else_and_nothing_in_a_story_can_run(tmp_path):
    hostile = '<script>alert(1)</script><img src="http://x" onerror=x> "onload="x'
    told = Manuscript(hostile, (Chapter(hostile, (hostile,)), Chapter("", (f"*{hostile}*",))), "English", hostile)
    page = written(told, tmp_path / "a.html")
    elements = _Elements()
    elements.feed(page)
    assert not {tag for tag, _ in elements.found} & {"script", "img", "link", "iframe", "object", "form"}
    addresses = [value for _, given in elements.found for name, value in given.items() if name in ("href", "src")]
    assert addresses == ["#ch1", "#ch2"]
    assert not [name for _, given in elements.found for name in given if name.startswith("on")]
    assert not re.search(r"url\(|@import", page)


def test_html_has_styles_for_light_dark_and_paper(tmp_path):
    page = written(LAMP, tmp_path / "lamp.html")
    assert "color-scheme: light dark" in page
    assert "@media (prefers-color-scheme: dark)" in page
    assert "@media print" in page


@pytest.mark.parametrize(
    ("language", "text", "tag", "way"),
    [
        ("Arabic", "x", "ar", "rtl"),
        ("Hebrew", "x", "he", "rtl"),
        ("Chinese", "x", "zh", "ltr"),
        ("Brazilian Portuguese", "x", "pt-BR", "ltr"),
        ("pt_br", "x", "pt-BR", "ltr"),
        ("Chinese (simplified)", "x", "zh", "ltr"),
        ("Klingon", "tlhIngan", "und", "ltr"),
        ("", "سلام دنیا", "und", "rtl"),
        ('"><script>', "x", "und", "ltr"),
    ],
)
def test_language_and_direction_are_said(language, text, tag, way, tmp_path):
    told = Manuscript("T", (Chapter("", (text,)),), language)
    assert f'<html lang="{tag}" dir="{way}">' in written(told, tmp_path / "a.html")
    export(told, tmp_path / "a.epub")
    package = zipfile.ZipFile(tmp_path / "a.epub").read("EPUB/package.opf").decode()
    assert f"<dc:language>{tag}</dc:language>" in package
    assert f'<spine page-progression-direction="{way}">' in package


@pytest.mark.parametrize(
    ("language", "heading"),
    [("German", "Kapitel 2"), ("Chinese", "第2章"), ("Russian", "Глава 2"), ("Klingon", "2"), ("English", "Chapter 2")],
)
def test_a_chapter_without_a_title_is_counted_in_the_language_of_the_story(language, heading, tmp_path):
    told = Manuscript("T", (Chapter("A", ("x",)), Chapter("", ("y",))), language)
    assert f"## {heading}\n" in written(told, tmp_path / "a.md")


# EPUB.


def test_an_epub_begins_with_its_kind_uncompressed(tmp_path):
    export(LAMP, tmp_path / "lamp.epub")
    data = (tmp_path / "lamp.epub").read_bytes()
    assert data[30:58] == b"mimetypeapplication/epub+zip"
    archive = zipfile.ZipFile(tmp_path / "lamp.epub")
    assert archive.testzip() is None
    assert archive.namelist()[:3] == ["mimetype", "META-INF/container.xml", "EPUB/package.opf"]
    assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED


def test_an_epub_lists_title_page_and_chapters_in_order(tmp_path):
    export(LAMP, tmp_path / "lamp.epub")
    archive = zipfile.ZipFile(tmp_path / "lamp.epub")
    nav = archive.read("EPUB/nav.xhtml").decode()
    assert re.findall(r'<a href="(.*?)">(.*?)</a>', nav) == [
        ("title.xhtml", "The Lamp &amp; &lt;Co&gt;"),
        ("chapter-1.xhtml", "The *Fog*"),
        ("chapter-2.xhtml", "Chapter 2"),
        ("chapter-3.xhtml", "The End"),
    ]
    package = archive.read("EPUB/package.opf").decode()
    assert re.findall(r'idref="(.*?)"', package) == ["title", "chapter-1", "chapter-2", "chapter-3"]
    assert "<dc:creator>Ann &quot;A&quot; B</dc:creator>" in package


def test_what_no_xml_file_may_hold_is_removed(tmp_path):
    bad = "a\x00\x08\x0b\x1b[31m\ud800\ufffe\uffff\U0001ffff\x7f\x9fz"
    told = Manuscript(bad, (Chapter(bad, (bad,)), Chapter("", (f"x {bad}",))), "English", bad)
    export(told, tmp_path / "a.epub")
    archive = zipfile.ZipFile(tmp_path / "a.epub")
    for name in archive.namelist():
        if name.endswith((".xhtml", ".opf")):
            ElementTree.fromstring(archive.read(name))
    for suffix in (".html", ".txt", ".md"):
        text = written(told, tmp_path / f"a{suffix}")
        assert "a[31mz" in text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", text)


def test_the_identifier_is_that_of_the_content(tmp_path):
    def identifier(manuscript: Manuscript, **options: int) -> str:
        export(manuscript, tmp_path / "a.epub", overwrite=True, **options)
        package = zipfile.ZipFile(tmp_path / "a.epub").read("EPUB/package.opf").decode()
        return re.findall(r">(urn:uuid:.*?)<", package)[0]

    other = Manuscript(LAMP.title, (*LAMP.chapters[:2], Chapter("The End", ("They stayed.",))), "English", LAMP.author)
    assert identifier(LAMP) == identifier(LAMP)
    assert len({identifier(LAMP), identifier(other), identifier(LAMP, last=2)}) == 3


def test_the_date_is_that_of_the_environment_where_it_sets_one(tmp_path, monkeypatch):
    def modified() -> str:
        export(LAMP, tmp_path / "a.epub", overwrite=True)
        package = zipfile.ZipFile(tmp_path / "a.epub").read("EPUB/package.opf").decode()
        return re.findall(r'"dcterms:modified">(.*?)<', package)[0]

    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert modified() == "1980-01-01T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert modified() == "2023-11-14T22:13:20Z"
    assert zipfile.ZipFile(tmp_path / "a.epub").infolist()[0].date_time == (2023, 11, 14, 22, 13, 20)
    for moment in ("0", "9" * 11):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", moment)
        assert modified() in ("1980-01-01T00:00:00Z", "2107-12-31T23:59:58Z")
    for wrong in ("today", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
        with pytest.raises(ConfigError, match="is no moment"):
            modified()


# The same story is the same file.

_SCRIPT = """
import sys
from pathlib import Path
from memagent.story.exporting import FORMATS, export
from memagent.story.importing import read
for suffix in FORMATS:
    export(read(Path(sys.argv[1])), Path(sys.argv[2]) / f"lamp{suffix}")
"""


def test_two_processes_write_the_same_bytes_whatever_their_hash_seed_zone_and_locale(tmp_path):
    export(LAMP, tmp_path / "story.jsonl")
    found = []
    for seed, zone, locale in (("1", "Pacific/Kiritimati", "C"), ("4242", "America/Los_Angeles", "C.UTF-8")):
        folder = tmp_path / seed
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        environment.pop("SOURCE_DATE_EPOCH", None)
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(tmp_path / "story.jsonl"), str(folder)],
            check=True,
            env=environment,
            timeout=60,
        )
        found.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert found[0].keys() == {f"lamp{suffix}" for suffix in FORMATS}
    assert found[0] == found[1]


# Which chapters, and what is refused.


def test_a_range_keeps_the_numbers_of_its_chapters(tmp_path):
    done = export(LAMP, tmp_path / "a.txt", first=2, last=3)
    assert (done.chapters, done.total, done.words, done.format) == (2, 3, 5, "plain text")
    text = (tmp_path / "a.txt").read_text()
    assert "Chapter 2" in text
    assert "Fog" not in text
    export(LAMP, tmp_path / "a.jsonl", first=3)
    assert [json.loads(line)["chapter"] for line in (tmp_path / "a.jsonl").read_text().splitlines()] == [3, 3]


@pytest.mark.parametrize(("first", "last"), [(0, 1), (4, None), (3, 2), (None, 4), (-1, None)])
def test_a_range_without_chapters_is_refused(first, last, tmp_path):
    with pytest.raises(UsageProblem, match=r"there is no chapter|comes after chapter"):
        export(LAMP, tmp_path / "a.md", first=first, last=last)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path):
    (tmp_path / "there.md").write_text("mine")
    (tmp_path / "folder.md").mkdir()
    for path, why in [
        ("a.pdf", "format .pdf is not known"),
        ("a", "without a suffix"),
        ("there.md", "exists"),
        ("folder.md", "is a folder"),
        ("nowhere/a.md", "no folder"),
    ]:
        with pytest.raises(UsageProblem, match=why):
            export(LAMP, tmp_path / path)
    with pytest.raises(StoryError, match="nothing is written"):
        export(Manuscript("T", (Chapter("One", ()),)), tmp_path / "a.md")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.md", "there.md"]
    assert (tmp_path / "there.md").read_text() == "mine"


def test_the_case_of_a_suffix_does_not_matter(tmp_path):
    export(LAMP, tmp_path / "A.EPUB")
    assert zipfile.is_zipfile(tmp_path / "A.EPUB")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_disk_that_fills_up_leaves_the_old_file_and_nothing_beside_it(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"a{suffix}"
    path.write_text("old")

    def write(descriptor: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "write", write)
    with pytest.raises(StorageFull):
        export(LAMP, path, overwrite=True)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
