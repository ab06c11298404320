"""An existing manuscript becomes chapters of paragraphs, and nothing that was written is lost on the way."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.errors import UsageProblem
from memagent.story.chapter_lines import heading
from memagent.story.exporting import FORMATS, export
from memagent.story.import_language import told_by
from memagent.story.importing import Imported, imported, read
from memagent.story.inline import is_break
from memagent.story.manuscript import Chapter, Manuscript


@pytest.fixture
def told(tmp_path: Path):
    """Return what reads a text, or bytes, as a file of some name."""

    def read_as(content: str | bytes, name: str = "a.txt", **options: str) -> Imported:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return imported(path, **options)

    return read_as


def chapters(found: Imported) -> list[tuple[str, tuple[str, ...]]]:
    return [(chapter.title, chapter.paragraphs) for chapter in found.manuscript.chapters]


# Chapters.


def test_markdown_headings_are_chapters_and_the_only_highest_one_is_the_title(told):
    found = told("# The Lamp\n\n*Ann B.*\n\n## One\n\nFog.\n\n## Two ##\n\nRain.\n\n### Within\n\nNight.\n", "a.md")
    assert (found.manuscript.title, found.manuscript.author, found.by) == ("The Lamp", "Ann B.", "headings")
    assert chapters(found) == [("One", ("Fog.",)), ("Two", ("Rain.", "**Within**", "Night."))]


def test_several_highest_headings_are_chapters_themselves(told):
    found = told("Before.\n\n# One\nFog.\n\n# Two\n\nRain.\n", "a.md")
    assert found.manuscript.title == ""
    assert chapters(found) == [("", ("Before.",)), ("One", ("Fog.",)), ("Two", ("Rain.",))]


def test_underlined_titles_are_headings(told):
    found = told("The Lamp\n========\n\nOne\n---\n\nFog.\n\nTwo\n---\n\nRain.\n")
    assert found.manuscript.title == "The Lamp"
    assert chapters(found) == [("One", ("Fog.",)), ("Two", ("Rain.",))]


def test_parts_without_text_go_before_the_title_of_their_first_chapter(told):
    found = told("# Part One\n\n## A\n\na\n\n## B\n\nb\n\n# Part Two\n\n## C\n\nc\n", "a.md")
    assert [title for title, _ in chapters(found)] == ["Part One: A", "B", "Part Two: C"]


def test_a_lone_chapter_heading_is_no_title(told):
    found = told("# Chapter 1\n\nFog.\n", "a.md")
    assert (found.manuscript.title, chapters(found)) == ("", [("Chapter 1", ("Fog.",))])


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 7", "CHAPTER VII", "Chapter VII. The Bells", "Chapter Twenty-One: The End", "CHAPTER 7 — Rain",
        "**Chapter 3**", "Prologue", "Part Two", "Kapitel 3", "Erstes Kapitel", "3. Kapitel", "Chapitre premier",
        "Chapitre IV : La mer", "Capítulo 3", "Capitolo primo", "Hoofdstuk 2", "Rozdział 1", "Глава 3. Дом",
        "Глава первая", "Глава двадцать первая", "Розділ 2", "第三章", "第三章 灯塔", "第十二回 风雨", "第12話 海",
        "第一卷 第三章", "제3장", "3화 바다", "الفصل الأول", "פרק א", "บทที่ 3", "4. Bölüm", "7. fejezet", "Chương 3",
    ],
)  # fmt: skip
def test_a_line_begins_a_chapter(line, told):
    found = told(f"She went.\n\n{line}\n\nHe came, and that was that.\n")
    assert chapters(found) == [("", ("She went.",)), (line.strip("*"), ("He came, and that was that.",))]


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 7 was the best.", "Chapter 7 began badly", "Chapter closed.", "chapter and verse", "Book club",
        "Part of me", "A chapter of accidents, they said.", "глава семьи", "Глава семьи вошёл и сел.", "第三章她走了。",
        "I", "7", "***", "Mix", "“Chapter 7!”",
    ],
)  # fmt: skip
def test_a_sentence_about_chapters_begins_none(line, told):
    assert heading(line) is None
    assert chapters(told(f"She went.\n\n{line}\n\nHe came.\n")) == [("", ("She went.", line, "He came."))]


def test_a_short_line_right_below_a_chapter_line_is_its_title(told):
    found = told("CHAPTER I\nThe Bells\n\nFog.\n\nCHAPTER II\nIt rained, and it rained.\n\nNight.\n")
    assert chapters(found) == [
        ("CHAPTER I: The Bells", ("Fog.",)),
        ("CHAPTER II", ("It rained, and it rained.", "Night.")),
    ]


def test_numbers_that_stand_alone_are_chapters_when_they_count(told):
    found = told("1\n\nFog.\n\n2\n\nRain.\n\n9\n\nIII.\n\nNight.\n")
    assert found.by == "numbers"
    assert [title for title, _ in chapters(found)] == ["1", "2", "III."]
    assert chapters(told("7\n\nFog.\n\n9\n\nRain.\n")) == [("", ("7", "Fog.", "9", "Rain."))]


def test_blank_lines_and_scene_breaks_begin_no_chapter(told):
    found = told("Fog.\n\n\n\nRain.\n\n***\n\nNight.\n\n---\n\nDay.\n\n#\n\nEnd.\n")
    assert chapters(found) == [("", ("Fog.", "Rain.", "***", "Night.", "---", "Day.", "#", "End."))]


def test_a_table_of_contents_is_left_out_and_title_and_author_are_taken(told):
    found = told(
        "The Lamp\n\nby Ann B.\n\nCHAPTER I. Fog\nCHAPTER II. Rain\n\nCHAPTER I. Fog\n\nIt came.\n\n"
        "CHAPTER II. Rain\n\nIt fell.\n"
    )
    assert (found.manuscript.title, found.manuscript.author) == ("The Lamp", "Ann B.")
    assert chapters(found) == [("CHAPTER I. Fog", ("It came.",)), ("CHAPTER II. Rain", ("It fell.",))]


def test_the_head_of_a_markdown_file_says_title_author_and_language(told):
    found = told('---\ntitle: "Die Lampe"\nauthor: Ann\nlang: de\n---\n\nNebel.\n', "a.md").manuscript
    assert (found.title, found.author, found.language) == ("Die Lampe", "Ann", "German")


def test_a_story_that_begins_between_scene_breaks_has_no_head(told):
    assert chapters(told("---\nHe said: no.\n---\n\nShe left.\n", "a.md"))[0][1] == (
        "---",
        "He said: no.",
        "---",
        "She left.",
    )


# Paragraphs.

WRAPPED = """It was the best of times for the keeper of the lamp, who had not slept for
four nights and did not mean to sleep now, since the boat had been seen off
the point at dusk, without a light and with her sail in rags -- a ghost-
ship if ever there was one.

  The second paragraph stands apart, and is wrapped as the first one is, by
the same hand and at the same margin.
  A third is told by its indent alone, as it was done in many old books that
were typed by people who saved paper.

     Roll on, thou deep
     and dark blue ocean,
     roll!
"""


def test_hard_wrapped_lines_are_joined_and_verses_keep_theirs(told):
    first, second, third, verse = chapters(told(WRAPPED))[0][1]
    assert first.startswith("It was the best of times for the keeper of the lamp, who had not slept for four nights")
    assert first.endswith("in rags -- a ghost-ship if ever there was one.")
    assert second.endswith("by the same hand and at the same margin.")
    assert third.startswith("A third is told by its indent alone, as it was done in many old books that were typed")
    assert verse == "Roll on, thou deep\nand dark blue ocean,\nroll!"


def test_wrapped_chinese_is_joined_without_blanks(told):
    text = (
        "她在灯塔里等了四个晚上没有睡觉因为那条船在黄昏时分被人看见没有灯也没有\n"
        "帆只有一个人站在船头望着岸上的火光一动也不动好像已经死了很久很久了一样\n"
        "她想。\n\n他走了。\n"
    )
    assert chapters(told(text))[0][1] == (text.split("\n\n")[0].replace("\n", ""), "他走了。")


def test_lines_are_paragraphs_where_no_blank_lines_part_them(told):
    assert chapters(told("She went.\nHe came.\nThey spoke.\n"))[0][1] == ("She went.", "He came.", "They spoke.")
    found = told("第一章 灯塔\n　　她走了。\n　　他说：“好。”\n第二章\n　　完。\n")
    assert chapters(found) == [("第一章 灯塔", ("她走了。", "他说：“好。”")), ("第二章", ("完。",))]


def test_long_paragraphs_are_not_wrapped_ones(told):
    long = "It was dark and the rain came down upon the roof of the house and upon the sea. " * 5
    assert len(chapters(told(f"{long}\n{long}\n{long}\n"))[0][1]) == 3


def test_line_breaks_in_a_paragraph_stay_where_blank_lines_part_paragraphs(told):
    text = "Dear Ann,\nI am well.\n\nShe read it.\n\nShe read it again.\n\nHe waited.\n"
    assert chapters(told(text))[0][1][0] == "Dear Ann,\nI am well."


# Files as they come.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_encoding_is_read(encoding, told):
    text = "The lamp — and the “fog”.\n\nÉtienne, the keeper of it.\n"
    found = told(text.encode(encoding))
    assert chapters(found)[0][1] == tuple(text.strip().split("\n\n"))
    assert not [note for note in found.notes if "Windows" in note]


def test_old_western_text_is_read_and_said_to_be(told):
    text = "He said “caf\u00e9” – and that it was na\u00efve of them to ask.\n\nShe left.\n"
    found = told(text.encode("cp1252"))
    assert chapters(found)[0][1] == tuple(text.strip().split("\n\n"))
    assert "read as Windows-1252" in found.notes[0]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "gb18030", "shift-jis"])
def test_other_old_encodings_are_not_garbled_but_asked_for(encoding, told):
    text = "Она ушла домой.\n\nОн остался.\n" if encoding in ("cp1251", "koi8-r") else "中国的大海\n\n完了\n" * 3
    with pytest.raises(UsageProblem, match="is not UTF-8") as error:
        told(text.encode(encoding))
    assert "name its encoding" in error.value.hint
    assert chapters(told(text.encode(encoding), encoding=encoding))[0][1][0] == text.split("\n")[0]


def test_damaged_utf8_is_refused_and_the_byte_named(told):
    data = "Она ушла домой — и всё.".encode()
    with pytest.raises(UsageProblem, match="byte 7 is not right"):
        told(data[:7] + b"\xff" + data[7:])


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028"])
def test_line_ends_of_any_kind_part_lines(end, told):
    assert chapters(told(f"# T{end}{end}## One{end}{end}a{end}{end}b{end}", "a.md")) == [("One", ("a", "b"))]


def test_a_new_page_parts_paragraphs_and_control_characters_are_dropped(told):
    text = "It rained upon\x07 the roof all night.\x0cThen it was day, and she went.\x1a"
    assert chapters(told(text))[0][1] == ("It rained upon the roof all night.", "Then it was day, and she went.")


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "a.txt", "is empty"),
        (b"\xef\xbb\xbf \r\n\t", "a.md", "is empty"),
        (bytes(range(256)) * 4, "a.txt", "is not text"),
        (b"\x00\x01\x02\xff" * 50, "a.txt", "is not text"),
        (b"%PDF-1.7 x", "a.txt", "is a PDF"),
        (b"PK\x03\x04" + bytes(99), "a.txt", "is a zip file"),
        (b"{\\rtf1 x}", "a.txt", "is an RTF"),
        (b"x", "a.docx", "is a Word file"),
        (b"x", "a.epub", "is no EPUB book"),
        (b"", "a.epub", "is empty"),
        (b"<html><body><script>x</script></body></html>", "a.html", "holds no paragraph"),
        (b"# Only a title\n", "a.md", "holds no paragraph"),
        (b'{"chapter": 1}\n', "a.jsonl", "line 1 .* is no paragraph"),
        (b"[1]\n", "a.jsonl", "line 1 .* is no paragraph"),
    ],
)
def test_what_holds_no_story_is_refused_with_what_to_do(content, name, why, told):
    with pytest.raises(UsageProblem, match=why) as error:
        told(content, name)
    assert error.value.hint


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path, tmp_path / "none.epub"):
        with pytest.raises(UsageProblem, match="cannot be read"):
            read(path)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The lamp was in the house and she had it.", "English"),
        ("她走了，他说。", "Chinese"),
        ("彼女は行った。", "Japanese"),
        ("그녀는 갔다.", "Korean"),
        ("Η θάλασσα.", "Greek"),
        ("Sie ging in das Haus am Meer.", "German"),
        ("Lorem ipsum.", ""),
        ("Она ушла.", ""),
    ],
)
def test_the_language_is_told_by_the_script_or_left_open(text, language, told):
    found = told(text)
    assert found.manuscript.language == language
    assert bool(found.notes) == (not language)
    assert told(text, language="German").manuscript.language == "German"


# HTML and EPUB.


def test_a_page_of_html_is_read_with_its_emphasis(told):
    found = told(
        """<html lang="de"><head><title>T</title><meta name=author content="Ann"><style>p {}</style></head><body>
        <nav><a href=x>Menu</a></nav><h1>Die  Lampe</h1><h2 id=a>Nebel</h2>
        <p>Es war <i>sehr </i>dunkel<br>und <b>kalt</b>, 2*3, a_b &amp; &#8212;.<p>Dann
        <b></b>Tag.</p><p>* * *</p><blockquote><p>Zitat</p></blockquote><hr>
        <script>alert(1)</script><h2>Regen</h2><div>Er <em>fiel</em>.</div></body></html>""",
        "a.html",
    )
    told_ = found.manuscript
    assert (told_.title, told_.author, told_.language) == ("Die Lampe", "Ann", "German")
    assert chapters(found) == [
        ("Nebel", ("Es war *sehr* dunkel\nund **kalt**, 2\\*3, a_b & —.", "Dann Tag.", "* * *", "Zitat", "* * *")),
        ("Regen", ("Er *fiel*.",)),
    ]


def test_a_page_may_name_an_old_encoding(told):
    found = told('<meta charset="windows-1251"><p>Она ушла.</p>'.encode("cp1251"), "a.html")
    assert chapters(found) == [("", ("Она ушла.",))]


def test_a_book_of_another_maker_is_read_by_its_table_of_contents(tmp_path):
    path = tmp_path / "a.epub"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", '<c xmlns="x"><rootfile full-path="OPS/b.opf"/></c>')
        archive.writestr(
            "OPS/b.opf",
            '<package xmlns:dc="d"><dc:title>The Lamp</dc:title><dc:creator>Ann</dc:creator>'
            "<dc:language>en</dc:language>"
            '<item id="n" href="t.ncx" media-type="application/x-dtbncx+xml"/>'
            '<item id="b" href="b%20b.html" media-type="application/xhtml+xml"/>'
            '<item id="a" href="a.html" media-type="application/xhtml+xml"/>'
            '<itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></package>',
        )
        archive.writestr(
            "OPS/t.ncx",
            "<ncx><navPoint><navLabel><text>Fog</text></navLabel><content src='a.html#x'/></navPoint>"
            "<navPoint><navLabel><text>Rain</text></navLabel><content src='b%20b.html'/></navPoint></ncx>",
        )
        archive.writestr("OPS/a.html", "<html><body><p>It came.</p></body></html>")
        archive.writestr("OPS/b b.html", "<html><body><p>It fell.</p></body></html>")
    found = imported(path)
    assert (found.manuscript.title, found.manuscript.author) == ("The Lamp", "Ann")
    assert chapters(found) == [("Fog", ("It came.",)), ("Rain", ("It fell.",))]


def test_a_protected_or_damaged_book_is_refused(tmp_path):
    export(LAMP, tmp_path / "a.epub")
    with zipfile.ZipFile(tmp_path / "a.epub", "a") as archive:
        archive.writestr("META-INF/rights.xml", "<rights/>")
    with pytest.raises(UsageProblem, match="is protected"):
        read(tmp_path / "a.epub")
    with zipfile.ZipFile(tmp_path / "b.epub", "w") as archive:
        archive.writestr("META-INF/container.xml", "<c")
    with pytest.raises(UsageProblem, match="is damaged"):
        read(tmp_path / "b.epub")
    with zipfile.ZipFile(tmp_path / "c.epub", "w") as archive:
        archive.writestr("x", "y")
    with pytest.raises(UsageProblem, match="lacks 'META-INF"):
        read(tmp_path / "c.epub")


# There and back.

LAMP = Manuscript(
    "The Lamp & <Co>",
    (
        Chapter("The Fog", ("It was *very* **dark** — and 2 < 3.", "* * *", 'She said "no".\nHe said yes.')),
        Chapter("The Rain", ("Nobody came, and it was the end of it.", "She waited.")),
    ),
    "English",
    "Ann B.",
)


@pytest.mark.parametrize("suffix", [".md", ".html", ".epub"])
def test_what_was_exported_is_read_back_as_it_was(suffix, tmp_path):
    export(LAMP, tmp_path / f"a{suffix}")
    assert read(tmp_path / f"a{suffix}") == LAMP


def test_json_lines_are_read_back_with_all_but_title_and_author(tmp_path):
    export(LAMP, tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl").chapters == LAMP.chapters
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])["chapter"] == 1


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_long_book_comes_back_whole(suffix, tmp_path):
    text = tuple(f"Paragraph {n} of the story of the lamp, and what was in it." for n in range(10))
    book = Manuscript("Long", tuple(Chapter(f"The {n}th Night", text) for n in range(1, 121)))
    export(book, tmp_path / f"a{suffix}")
    assert read(tmp_path / f"a{suffix}").chapters == book.chapters


words = (  # without `_`: italics in italics, which pages can hold and the little Markdown cannot, come back plain
    st.text(alphabet="abé*#-= .!你“\\<&", min_size=1, max_size=30)
    .map(str.strip)
    .filter(str.strip)
    .filter(lambda text: not is_break(text.replace("\\", "")))  # in a page, a lone sign of a scene break is one
)


@given(st.lists(words, min_size=1, max_size=6))
def test_html_reads_as_it_was_written_whatever_the_signs(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("there")
    told = Manuscript("T", (Chapter("A", ("x", *texts)), Chapter("B", ("y",))))
    export(told, folder / "a.html")
    back = read(folder / "a.html")
    export(told, folder / "a.txt")
    export(back, folder / "b.txt")
    assert (folder / "b.txt").read_text().split() == (folder / "a.txt").read_text().split()


@given(st.binary(max_size=200), st.sampled_from(["a.txt", "a.md", "a.html", "a.epub", "a.jsonl"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    try:
        assert read(path).paragraphs
    except UsageProblem as error:
        assert error.hint


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("Russian", "Утром она вышла на крыльцо и смотрела на море. Её брат пропал, и о нём не говорили."),
        ("Ukrainian", "Вранці вона вийшла і довго дивилася на море. Її брат зник, і в селищі про нього не було мови."),
        ("Bulgarian", "Сутринта тя гледа морето. Брат ѝ беше изчезнал, но в селото не се говореше за него."),
        ("German", "Am Morgen ging sie auf den Steg. Der Bruder war nicht mehr da, und das wusste sie."),
        ("French", "Le matin, elle regarda la mer. Son frère avait disparu, et il ne se trouvait pas dans le port."),
        ("Spanish", "Por la mañana miró el mar. Su hermano había desaparecido, y en el pueblo no se hablaba de él."),
        ("Polish", "Rano długo patrzyła na morze. Jej brat zniknął i nie było o nim mowy, a to było źle."),
        ("", "Lorem ipsum dolor sit amet, consectetur adipiscing elit."),
    ],
)  # fmt: skip
def test_the_language_is_told_by_its_commonest_words(language: str, text: str) -> None:
    assert told_by([text]) == language
