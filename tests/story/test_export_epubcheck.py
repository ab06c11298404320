"""Books that EPUBCheck finds nothing in, however awkward their titles are."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from memagent.story.exporting import export
from memagent.story.manuscript import Chapter, Manuscript

# Debian's /usr/bin/epubcheck is the archive itself, which not every kernel can start.
ARCHIVE = Path("/usr/share/java/epubcheck.jar")
AWKWARD = "a & b < c > \"d\" 'e' ]]> --> &amp; &nbsp; \\ % # ? / \x07"

needed = pytest.mark.skipif(
    not ARCHIVE.is_file() or shutil.which("java") is None, reason="not installed: Debian's epubcheck, or Java"
)


def story(title: str, language: str, chapters: int = 2, author: str = "", heading: str | None = None) -> Manuscript:
    text = (f"It is *{title}*, **{title}**.", "***", f"One\nTwo {title}", "---", "", "“*What*”, ***all***, `x` <b>")
    heading = title if heading is None else heading
    return Manuscript(title, tuple(Chapter(heading, text) for _ in range(chapters)), language, author)


BOOKS = {
    "awkward": story(AWKWARD, "English", author=AWKWARD),
    "chinese": story("灯塔与《海》", "Chinese", author="王芳"),
    "arabic": story("المنارة & البحر", "Arabic", author="كاتب"),
    "empty": story("", "Klingon", heading=""),
    "one": story("Língua", "pt-BR", chapters=1, heading=""),
    "many": story("Many", "Russian", chapters=120, heading=""),
    "without text": Manuscript("T", (Chapter("Part One", ()), Chapter("", ("x",)), Chapter("", ("\x00",)))),
}


@needed
def test_epubcheck_finds_no_error_and_no_warning(tmp_path):
    for name, book in BOOKS.items():
        export(book, tmp_path / f"{name}.epub")
    reports = checked(tmp_path)
    assert len(reports) == len(BOOKS)
    assert {name: report["messages"] for name, report in reports.items() if report["messages"]} == {}


@needed
def test_epubcheck_would_find_what_is_wrong(tmp_path):
    export(BOOKS["one"], tmp_path / "a.epub")
    data = (tmp_path / "a.epub").read_bytes()
    (tmp_path / "a.epub").write_bytes(data.replace(b"application/epub+zip", b"application/epub+zap"))
    assert checked(tmp_path)["a"]["messages"]


def checked(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what EPUBCheck says of each book in a folder, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(report, sorted(folder.glob("*.epub"))))


def report(path: Path) -> tuple[str, dict[str, Any]]:
    out = path.with_suffix(".json")
    program = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(ARCHIVE)]  # half the time to start
    subprocess.run([*program, str(path), "--json", str(out), "--quiet"], capture_output=True, timeout=120, check=False)
    return path.stem, json.loads(out.read_text(encoding="utf-8"))
