"""Slips as people make them are found, and what good prose does is let pass: time, names, and what was told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from test_checks import book, texts

from memagent.story.checks import check
from memagent.story.finding import Finding
from memagent.story.pronouns import Genders, resolved
from memagent.story.ranking import by_kind, worst_first

ROOT = Path(__file__).parents[2]
KINDS = ("names", "timeline", "canon")
BETWEEN = "The carts stood three deep along the wall."


def found(*paragraphs: str) -> list[str]:
    """What the checks find; `***` begins a chapter."""
    chapters: list[list[str]] = [[]]
    for text in paragraphs:
        if text == "***":
            chapters.append([])
        else:
            chapters[-1].append(text)
    return texts(check(book(*chapters), KINDS))


@pytest.mark.parametrize(
    ("paragraphs", "finding"),
    [
        (["On Saturday they buried him.", "Three weeks later, on a Tuesday, he woke."], "Tuesday, three weeks"),
        (["It was the tenth of April.", "Two weeks later, on the first of June, it snowed."], "June, two weeks after"),
        (["It was a Friday.", "***", "The next day, a Wednesday, he rose late."], "Wednesday, the day after Friday"),
        (["It was October 1930.", "Six months later, in December, he came home."], "December, six months after"),
        (["It was 1900.", "Three years later it was 1910."], "1910, three years after 1900"),
        (["It was noon on Thursday.", "It was Wednesday evening, and it rained."], "Wednesday comes after Thursday"),
        (["On 4 May 1926 it began.", "It was now 2 May, and still they came."], "2 May comes after 4 May"),
        (["It was June 1920.", "***", "The next day it rained.", "It was June 1919."], "1919, the day after 1920"),
        (["Ann was nineteen.", "Thirty years later Ann was thirty-one."], "Ann is “31”, 30 years after “19”"),
        (["It was past midnight. The sun blazed on the roofs."], "“the sun blazed” at midnight"),
        (["It was midnight. An hour later it was morning."], "morning, an hour after midnight"),
        (["Ben lodged in Mill Street.", "Ben's house on Chapel Lane was cold."], "Ben's home: “Chapel Lane”"),
        (["Grace was a thin girl with fair hair.", "Grace pushed back her black hair."], "Grace's hair: “black”"),
        (["Arthur sat. He had blue eyes.", "Arthur rubbed his brown eyes."], "Arthur's eyes: “brown”; “blue”"),
        (["Thomas tore up the contract.", "Thomas signed the contract."], "the contract is gone"),
        (["Ada lost her spectacles.", "Ben picked up the spectacles."], "the spectacles are gone"),
        (["Rosa had three sisters.", "All five of Rosa's sisters came."], "Rosa's sisters: “5”; “3”"),
        (["The trunk held six shirts.", "He folded the nine shirts."], "how many shirts: “the 9”; “6”"),
        (["There was a tattoo on Ned's left arm.", "Ned had a tattoo on his right arm."], "Ned's tattoo on the arm"),
        (["Julia had never been in Rome.", "Julia had spent her childhood in Rome."], "Julia and Rome: “from there”"),
        (["Nell had no brothers.", "Nell's brother Fred laughed."], "whether Nell has a brother: “yes”; “no”"),
        (["Kate had the old sword.", "Piers had the old sword."], "who has the old sword: “Piers”; “Kate”"),
        (["Mabel wept for her sister Joan.", "Joan, who was Mabel's niece, sang."], "Joan is Mabel's “niece”"),
    ],
)
def test_a_slip_is_found(paragraphs, finding):
    told = [paragraphs[0], BETWEEN, *paragraphs[1:]]
    (one,) = found(*told)
    assert finding in one


@pytest.mark.parametrize(
    "paragraphs",
    [
        ["It was Sunday.", "By the time she wrote, it was Saturday."],
        ["On Friday he proposed. The day after, she said yes. On Sunday they told his mother."],
        ["It was Friday.", "On Tuesday she left; three days later, on Friday, she was home."],
        ["It was Monday.", "That night he slept badly. The next day was Wednesday."],
        ["It was 1930.", "In 1916 he lost a leg. It was 1930 still."],
        ["It was June.", "She had met him in the war. In May 1915 he was a boy. It was 1915, and it was May."],
        ["It was 1955.", "***", "I was a boy then. We lived in Leeds.", "It was 1916, and bread was dear."],
        ["It was Thursday.", "The letter said: it was Monday when we left.", "It was dated the first of May 1801."],
        ["It was the twentieth of April.", "Two weeks later, on the fourth of May, it snowed."],
        ["It was midnight. In the morning the sun was on the water."],
        ["It was midnight. The sun was shining in her dream."],
        ["Ben was fifty.", "When he was nine, Ben was small. Ben was nine and had no friends."],
        ["Ann's hair was black.", "Forty years later Ann had white hair."],
        ["Ann had grey eyes.", "Ann's eyes were red from weeping.", "Ann had red eyes that night."],
        ["Ann's hair was brown.", "She wore a wig. Ann's red hair came down to her waist."],
        ["Anna lived on Mill Street.", "Anna moved away in May.", "Anna walked home to Chapel Lane."],
        ["Anna had lived on Mill Street as a girl.", "Anna lived on Chapel Lane."],
        ["There were six cups on the table.", "Ben broke one of the cups.", "Ben washed the five cups."],
        ["There were seven islands in the bay.", "The two islands to the north were green."],
        ["Ben had two brothers.", "One of Ben's brothers died in the war.", "Ben had one brother left."],
        ["Ben had the old watch.", "He gave the old watch to Ann.", "Ann had the old watch."],
        ["Ben lost the key.", "Ben had a new key cut. Ben opened the door with the key."],
        ["Ann dropped the ring in the well.", "Ben brought up the ring. Ann turned the ring on her finger."],
        ["Ben had a scar on his left hand. He had another scar on his right hand."],
        ["Ann had never been to Paris.", "In the spring Ann went to Paris.", "Ann came home from Paris."],
        ["Ann had never married.", "Ann married Piet in June.", "Ann's husband snored."],
        ["Bram died, or so they said.", "Bram walked in at the door."],
        ["Hamish opened the door to her. She had blue eyes and a basket.", "Hamish had brown eyes."],
        ["Ann opened the door to Ruth. Her eyes were blue.", "Ann's eyes were brown.", "Ruth's eyes were grey."],
        ["Mary Whitlock sat down. Marie Whitlock sat up.", "Mary Whitlock slept.", "Marie Whitlock slept."],
        ["May had blue eyes.", "April sang. June came in and sat down.", "May's eyes were blue. June was cold to her."],
    ],
)
def test_what_good_prose_does_is_no_slip(paragraphs):
    assert found(*paragraphs) == []


@pytest.mark.parametrize(
    ("often", "once"),
    [
        (["Tobias"] * 2, "Tobais"), (["Gabriel"] * 2, "Garbiel"), (["Alexander"] * 8, "Aleksander"),
        (["Ruth Amory"], "Ruth Amery"), (["Catherine Doyle"], "Katherine Doyle"), (["Leonora"] * 6, "Lenora"),
    ],
)  # fmt: skip
def test_a_name_that_drifts_at_the_head_of_sentences_is_found(often, once):
    did = "sat stood ran wept slept sang dug rowed".split()
    told = [f"{name} {what} alone." for name, what in zip(often, did, strict=False)]
    (one,) = found(*told, f"{once} swore.")
    assert f"«{once}» 1×" in one


@pytest.mark.parametrize(
    ("one", "other"), [("Dora Finch", "Nora Finch"), ("Mario Rossi", "Maria Rossi"), ("Jean Hale", "Joan Hale")]
)
def test_two_of_one_family_are_two_people(one, other):
    assert found(f"{one} sat.", f"{other} stood.", f"{one} ran.", f"{other} wept.") == []


@pytest.mark.parametrize(
    ("before", "sentence", "told"),
    [
        ("Ruth came in. ", "She had grey eyes.", "Ruth had grey eyes."),
        ("", "Ruth closed her eyes.", "Ruth closed Ruth's eyes."),
        ("Ruth saw Ann. ", "She had grey eyes.", ""),
        ("Ruth saw the woman. ", "She had grey eyes.", ""),
        ("Ruth came in. ", "He had grey eyes.", ""),
        ("Ruth spoke to her brother Bram. ", "He had grey eyes.", "Bram had grey eyes."),
        ("Oriel came in. ", "She had grey eyes.", ""),
    ],
)
def test_a_pronoun_is_read_where_it_can_mean_only_one(before, sentence, told):
    assert resolved(sentence, before, Genders().of(before + sentence)) == (told or sentence)


def test_who_is_a_she_is_learned_from_the_story():
    genders = Genders()
    for text in ("Oriel rose, and she sang.", "Oriel put on a coat from her trunk.", "Oriel sat. She slept."):
        genders.take(text)
    assert dict(genders.of("Oriel")) == {"Oriel": "she"}
    assert found("Oriel rose, and she sang.", "Oriel sat. She slept. Her eyes were grey.", "Oriel's eyes were brown.")


def test_the_worst_comes_first_and_kinds_are_counted():
    said = "Seven grey herons stalked between rotting jetties"
    told = book([f"{said} at dawn.", f"{said} at noon.", "Ann had green eyes.", "Ann's eyes were brown."])
    ones = worst_first([*check(told), Finding("repeat", check(told)[0].place, "", quote="two words")])
    assert [one.kind for one in ones] == ["canon", "repeat", "repeat"] and ones[-1].quote == "two words"
    assert by_kind(ones) == {"canon": 1, "repeat": 2}


def test_the_benchmark_finds_most_slips_and_none_in_clean_stories(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import story_slips

    for name, slips, least in (("development", story_slips.DEVELOPMENT, 14), ("held out", story_slips.HELD_OUT, 13)):
        row = story_slips.measure(name, slips)
        assert row.slips - len(row.missed) >= least and row.false == [], name
    for name in story_slips.CLEAN:
        assert len(story_slips.clean(name).paragraphs) >= 40
        assert story_slips.measure_clean(name).false == []
