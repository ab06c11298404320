"""The checks of a story that need no model: what is planted is found, and a clean text gives nothing."""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from memagent import Story
from memagent.errors import UsageProblem
from memagent.story.checks import KINDS, Finding, check, length, names, repetition, tired, unwaived
from memagent.story.config import StoryConfig
from memagent.story.manuscript import Chapter, Manuscript, Place

ROOT = Path(__file__).parents[2]


def book(*chapters: list[str], language: str = "English") -> Manuscript:
    return Manuscript("T", tuple(Chapter("", tuple(texts)) for texts in chapters), language)


def clean_story() -> list[list[str]]:
    text = (ROOT / "tests" / "data" / "clean_story.md").read_text(encoding="utf-8")
    parts = re.split(r"^## .*\n", text, flags=re.MULTILINE)[1:]
    return [[paragraph.strip() for paragraph in part.split("\n\n") if paragraph.strip()] for part in parts]


def texts(findings: list[Finding]) -> list[str]:
    return [f"{finding.place} {finding.text}" for finding in findings]


# Clean texts.


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_text_gives_no_finding(kind):
    told = book(*clean_story())
    assert len(told.paragraphs) == 40
    assert texts(check(told, [kind])) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_book_gives_no_finding(kind):
    assert check(book(), [kind]) == check(book([]), [kind]) == check(book(["", "…"]), [kind]) == []
    assert tired(book()) == []


@pytest.mark.parametrize(
    "premise",
    [
        "A lighthouse keeper stops believing that her brother is dead.",
        "Two sisters inherit a bakery in a town where nobody is allowed to speak of the flood.",
        "A clockmaker's daughter, Ada Finch, finds the diary of her dead mother.",
    ],
)
def test_stories_of_the_offline_writer_contradict_nothing_and_repeat_no_paragraph(premise, tmp_path):
    story = Story.create(tmp_path / "story", premise, StoryConfig(llm="offline"))
    story.write(62)
    told = story.manuscript
    assert len(told.paragraphs) >= 60
    assert texts(check(told, ["names", "timeline", "canon"])) == []
    assert [finding for finding in repetition(told) if "whole paragraph" in finding.text] == []


# Repetition.


def test_a_paragraph_said_again_is_one_finding_and_not_a_phrase_too():
    chapters = clean_story()
    chapters[1].append(chapters[0][1].replace(",", " ,").upper())
    (found,) = repetition(book(*chapters))
    assert (found.place, found.other) == (Place(2, len(chapters[1])), Place(1, 2))
    assert found.text == "the whole paragraph stands in ch.1 ¶2 already"


def test_a_phrase_said_again_is_merged_to_the_longest():
    chapters = clean_story()
    chapters[1][4] += " They hid the money in three different tins, in Mara's way."
    (found,) = repetition(book(*chapters))
    assert (found.kind, found.place, found.other) == ("repeat", Place(2, 5), Place(1, 2))
    assert found.text == "“money in three different tins” also in ch.1 ¶2 (5 words)"
    assert found.quote == "money in three different tins"


def test_a_sentence_said_again_is_found_though_its_parts_stand_elsewhere_too():
    parts = ["When the ferryman came out of", "the orchard gate that morning", "was standing on the other side"]
    told = f"{parts[0]} {parts[1]} {parts[2]} and waved."
    chapters = clean_story()
    for number, part in enumerate(parts):
        chapters[0].insert(number, f"Nobody knew {part} at noon.")
    chapters[0].append(told)
    chapters[1].append(f"It rained. {told}")
    (found,) = [one for one in repetition(book(*chapters)) if one.place == Place(2, len(chapters[1]))]
    assert (found.quote, found.other) == (told.removesuffix("."), Place(1, len(chapters[0])))


def test_a_phrase_of_five_words_is_found_across_the_book_and_four_are_not():
    filler = [f"Number {n} of {n * 7} went by, {n * 13} or so." for n in range(80)]
    again = [
        "Cold steel glittered beneath broken lanterns.",
        *filler,
        "There cold steel glittered beneath broken glass.",
    ]
    assert texts(repetition(book(again))) == [
        "ch.1 ¶82 “Cold steel glittered beneath broken” also in ch.1 ¶1 (5 words)"
    ]
    again[-1] = "There cold steel glittered beneath our glass."
    assert repetition(book(again)) == []


def test_how_often_a_phrase_is_said_is_counted_once():
    said = [
        f"Then {who} heard the grey geese crying over marshland {what}." for who, what in zip("abc", "xyz", strict=True)
    ]
    (found,) = repetition(book(said))
    assert found.text.endswith("also in ch.1 ¶1, ch.1 ¶3 (7 words, 3× in all)")
    assert found.places == (Place(1, 1), Place(1, 2), Place(1, 3))


def test_phrases_of_stop_words_and_dialogue_tags_are_tolerated():
    told = book(
        ['"No," he said with a nod, and that was that, as it had been before.'],
        [
            '"Yes," he said with a nod, and so it was as it had been before.',
            "All of them were there at the time of it.",
        ],
        ["She said it as it had been before, and all of them were there at the time of it."],
    )
    assert repetition(told) == []


def test_words_are_the_same_in_any_case_and_with_any_quotes_but_not_across_sentences():
    assert (
        len(repetition(book(["THE TALL BEEKEEPER'S HONEY CAKE FELL.", "The tall beekeeper’s honey cake fell."]))) == 1
    )
    assert repetition(book(["Rain fell. Geese cried over.", "A rain fell geese! Cried over."])) == []


def test_three_paragraphs_in_a_row_that_begin_alike_are_a_finding_and_two_are_not():
    begin = [f"The bell rang {x}." for x in ("late", "softly")]
    assert repetition(book(begin)) == []
    assert texts(repetition(book([*begin, "The bell rang thrice."]))) == [
        "ch.1 ¶3 3 paragraphs in a row begin “The bell rang”"
    ]


def test_three_sentences_in_a_row_that_begin_alike_are_a_finding():
    (found,) = repetition(book(["Mara had a plan. Mara had a rope. Mara had a boat. Then she slept."]))
    assert found.text == "3 sentences in a row begin “mara had a”"


def test_chinese_is_compared_by_characters():
    told = book(
        ["灯塔的看守人不再相信她的哥哥已经死了。", "他把旧船推进水里，没有回头。"],
        ["村里人都说，灯塔的看守人不再相信她的弟弟。"],
        language="Chinese",
    )
    (found,) = repetition(told)
    assert (found.place, found.other) == (Place(2, 1), Place(1, 1))
    assert found.quote.replace(" ", "") == "灯塔的看守人不再相信她的"


def test_russian_is_compared_without_an_english_list():
    told = book(
        ["Старый фонарь медленно качался над водой."],
        ["Опять старый фонарь медленно качался над рекой."],
        language="Russian",
    )
    assert len(repetition(told)) == 1


# Tired phrases.


def test_the_most_tired_phrase_comes_first_and_things_of_the_story_do_not_come():
    told = clean_story()
    for number in range(6):
        told[0][number] += " Cold metal hummed nearby."
    for number in range(8, 12):
        told[0][number] += " It had a gilded melancholy to it."
    for number in range(10):
        told[1][number] += f" They {'abcdefghij'[number] * 3} the fish market."
    assert tired(book(*told), 2) == ["Cold metal hummed nearby", "It had a gilded melancholy to it"]


def test_of_a_sentence_that_comes_again_no_two_scraps_are_told_that_overlap():
    told = clean_story()
    again = "nobody counted painted bells beside Harrow chapel under seven broken lanterns near Wick"
    for number in range(5):
        told[0][number] += f" {again.capitalize()}."
    scraps = [phrase for phrase in tired(book(*told), 9) if phrase.lower() in again.lower()]
    spans = sorted((at := again.lower().find(phrase.lower()), at + len(phrase)) for phrase in scraps)
    assert spans and all(end <= start for (_, end), (start, _) in pairwise(spans)), scraps


def test_a_tired_phrase_is_whole_and_none_is_contained_in_another():
    told = clean_story()
    ends = ("sea", "hill", "ferry", "mill")
    for number, end in enumerate(ends):
        told[0][number] += f" Nobody knew whence the grey letter came, and {end} gulls cried."
        told[0][number + 4] += " She had got the answer ready."
        told[0][number + 8] += f" He hung copper kettles over the {end}."
    found = tired(book(*told), 9)
    assert "Nobody knew whence the grey letter came" in found
    assert "She had got the answer ready" in found and "He hung copper kettles over" in found
    assert not any(one != other and one.lower() in other.lower() for one in found for other in found)


def test_a_tired_phrase_of_chinese_and_russian_is_whole():
    chinese = [f"{letter * 9}。她把旧铜钥匙放在窗台上。" for letter in "甲乙丙丁戊"]
    assert tired(book(chinese, language="Chinese"), 9) == ["她把旧铜钥匙放在窗台上"]
    russian = [f"Слово{at} иное{at}. Она спрятала ржавый ключ под камнем." for at in range(5)]
    assert tired(book(russian, language="Russian"), 9) == ["Она спрятала ржавый ключ под камнем"]


def test_as_many_tired_phrases_come_as_are_asked_for():
    said = [f"Pale {a} danced, bright {b} sang." for a in ("gulls",) * 4 for b in ("gulls",)]
    assert len(tired(book(said), 1)) == 1
    assert tired(book(said), 0) == []


# Names.


def named(once: str, often: str, times: int = 23, language: str = "English") -> list[str]:
    usual = [f"In the end, {often} took it, number {n}." for n in range(times)]
    return texts(names(book([*usual, f"On the stairs {once} wept."], language=language)))


@pytest.mark.parametrize(
    ("once", "often"),
    [
        ("Tomás", "Tomas"), ("McKay", "Mckay"), ("Katherine", "Catherine"), ("Jon", "John"), ("Elana", "Elena"),
        ("Bartolomew", "Bartholomew"), ("Wililam", "William"), ("Harbor", "Harbour"), ("Lindquist", "Lindqvist"),
        ("Анастосия", "Анастасия"),
    ],
)  # fmt: skip
def test_a_name_that_drifts_is_found(once, often):
    assert named(once, often) == [f"ch.1 ¶24 «{once}» 1×, elsewhere «{often}» 23×"]


@pytest.mark.parametrize(
    ("once", "often"),
    [
        ("Maria", "Mara"), ("Mary", "Mara"), ("Mario", "Maria"), ("Julian", "Julia"), ("Harmons", "Harmon"),
        ("Tom", "Tomas"), ("Ada", "Ida"), ("Jane", "James"), ("Sunday", "Monday"),
    ],
)  # fmt: skip
def test_another_name_is_no_drift(once, often):
    assert named(once, often) == []


def test_two_common_names_and_two_of_one_sentence_are_two_people():
    both = [f"Here {who} sang {n} songs." for n in range(9) for who in ("Elena", "Elana")]
    assert names(book(both)) == []
    together = [f"Here Elena sang {n} songs." for n in range(9)]
    assert names(book([*together, "Then Elena met Elana."])) == []


def test_cases_of_a_russian_name_and_german_nouns_are_no_drift():
    assert named("Мариной", "Марина", language="Russian") == []
    assert named("Fluges", "Flugel", language="German") == []


# Length.


def test_a_chapter_off_by_more_than_a_fifth_is_a_finding():
    told = book(["word " * 80], ["word " * 79], ["word " * 121], ["word"])
    assert texts(length(told, [100, 100, 100])) == ["ch.2 79 of 100 words asked", "ch.3 121 of 100 words asked"]
    assert length(told, [100, None, 0]) == []
    assert len(length(told, [100], tolerance=0.1)) == 1


# All together.


def test_findings_come_in_the_order_of_the_book_and_survive_json():
    chapters = clean_story()
    chapters[1][3] += " Mara's eyes were brown. It cost Tommas money in three different tins."
    findings = check(book(*chapters), asked=[0, 9000])
    assert [finding.place for finding in findings] == sorted(finding.place for finding in findings)
    assert {finding.kind for finding in findings} == {"repeat", "length", "name"}
    assert json.loads(json.dumps([finding.to_dict() for finding in findings]))[0]["place"] == "ch.2"


def test_a_waiver_that_went_through_json_hides_its_finding_and_no_other():
    chapters = [["Mara's eyes were green.", "Mara's eyes were brown.", "Mara's eyes were blue."]]
    first, second = check(book(*chapters), ["canon"])
    waivers = json.loads(json.dumps([first.waiver]))
    assert check(book(*chapters), ["canon"], waivers=waivers) == [second]
    moved = check(book(["Dawn."], *chapters), ["canon"], waivers=waivers)
    assert [finding.text.split(";")[0] for finding in moved] == ["Mara's eyes: “blue”"]
    assert unwaived([first, second], []) == [first, second]


def test_a_check_that_there_is_not_is_refused():
    with pytest.raises(UsageProblem, match="there is no check 'spelling'"):
        check(book(["a"]), ["spelling"])


# The benchmark.


def test_the_benchmark_finds_all_that_it_plants_and_nothing_else(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import story_checks

    rows = story_checks.measure(400, 7)
    assert [row.kind for row in rows] == [
        "repetition",
        "names",
        "canon",
        "timeline",
        "canon, freely said",
        "canon, freely, unseen",
    ]
    for row in rows:
        assert (row.false, row.clean) == ([], []), row.kind
        assert row.missed == [] or row.kind.startswith("canon, freely")


@pytest.mark.parametrize(
    "prose",
    [
        # broken into lines by an editor
        "The lamp swung on its hook and threw its long shadow\nover the table where they sat, and nobody said a word\n"
        "until the kettle began to sing and the old man rose.",
        "Лампа качалась на крюке и бросала длинную тень\nна стол, за которым они сидели, и никто не сказал\nни слова.",
        "那盏灯在钩子上摇晃着把长长的影子投在他们吃饭的桌\n子上谁也没有说一句话直到水壶开始唱歌老人站了起来。",
        # what somebody says
        "“The lamp swung on its hook, and threw its long shadow over the table where they all sat at supper.”",
        "「你昨天晚上到底去了哪里，为什么没有人告诉我你不在家里？」",
    ],
)
def test_prose_is_no_verse_whoever_breaks_its_lines_and_speech_is_prose(prose: str) -> None:
    told = [list(chapter) for chapter in clean_story()]
    told[0].insert(1, prose)
    told[1].append(prose)
    assert len([one for one in repetition(book(*told)) if "the whole paragraph" in one.text]) == 1


@pytest.mark.parametrize(
    "refrain",
    [
        "Row, brothers, row, the stream runs fast,\nthe rapids are near and the daylight is past.",
        "*Row, brothers, row, the stream runs fast, and the night is dark.*",
        "“Row, brothers, row, the stream runs fast, and the night is dark.”",
        "> Row, brothers, row, the stream runs fast,\n> and the night is dark.",
        "«Ой, мороз, мороз, не морозь меня, не морозь меня, моего коня»",
        "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。",
        "“Row, brothers, row,” sang the men, “the stream runs fast, and the night is dark.”",
        "Shall I compare thee to a summer's day? Thou,\nThou art more lovely and more temperate by far",
    ],
)
def test_a_refrain_that_is_set_off_may_be_said_again_and_prose_may_not(refrain: str) -> None:
    chapters = clean_story()
    prose = " ".join(refrain.replace(">", "").split()).strip("*“”«»")
    for text, found in ((refrain, 0), (prose, 1)):
        told = [list(chapter) for chapter in chapters]
        told[0].insert(1, text)
        told[1].append(text)
        assert len([one for one in repetition(book(*told)) if "the whole paragraph" in one.text]) == found
