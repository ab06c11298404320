"""What a story says of its people and things is read by rule; what contradicts it is found before it is accepted."""

from __future__ import annotations

import json

import pytest
from test_checks import book, clean_story, texts

from memagent.story.checks import attributes, canon, contradictions, moment, timeline, triples
from memagent.story.manuscript import Place
from memagent.types import Triple


def read(*paragraphs: str) -> list[tuple[str, str, str]]:
    return [(fact.subject, fact.name, fact.value) for fact in attributes(book(list(paragraphs)))]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Mara's eyes were green.", ("Mara", "eyes", "green")),
        ("James' eyes were dark brown, and tired.", ("James", "eyes", "dark brown")),
        ("She saw that Mara’s grey-green eyes were open.", ("Mara", "eyes", "grey-green")),
        ("Green-eyed Mara sat down.", ("Mara", "eyes", "green")),
        ("Élise, blue-eyed and tired, sat down.", ("Élise", "eyes", "blue")),
        ("Mara had long black hair.", ("Mara", "hair", "black")),
        ("Mara's coat was still red.", ("Mara", "coat", "red")),
        ("Mara Voss was thirty-four years old.", ("Mara Voss", "age", "34")),
        ("Mara, 34, sat down.", ("Mara", "age", "34")),
        ("It was the nineteen-year-old Mara.", ("Mara", "age", "19")),
        ("Tomas was Mara's brother.", ("Tomas", "kin of Mara", "brother")),
        ("Tomas was the brother of Mara.", ("Tomas", "kin of Mara", "brother")),
        ("Mara's brother Tomas sat down.", ("Tomas", "kin of Mara", "brother")),
        ("The Wren was white.", ("Wren", "colour", "white")),
        ("The boat Wren is white.", ("Wren", "colour", "white")),
        ("They saw the white boat Wren.", ("Wren", "colour", "white")),
        ("Tomas died in his sleep.", ("Tomas", "state", "dead")),
        ("The Wren sank off the bar.", ("Wren", "state", "gone")),
        ("The letter was burnt to ashes.", ("letter", "state", "gone")),
        ("Mara dyed her hair red.", ("Mara", "hair", "red")),
        ("Tomas painted the Wren green.", ("Wren", "colour", "green")),
    ],
)
def test_an_attribute_is_read(text, fact):
    assert fact in read(text)


@pytest.mark.parametrize(
    "text",
    [
        '"Mara\'s eyes were green," said Tomas.', "It was as if Mara's eyes were green.", "Mara's eyes were not green.",
        "Mara dreamt that Tomas died.", "David was given up for dead.", "Were Mara's eyes green?",
        "Mara's face was green with envy.", "Mara's hair was white with flour.", "When Mara was nine, it rained.",
        "The door was red.", "Perhaps the Wren was lost.", "Mara was lost in thought.", "„Tomas ist tot“, sagte Mara.",
        "Mara's eyes were red from weeping.", "Ned was dead tired.", "Jory drowned his sorrows.", "Otto died laughing.",
        "Anton was buried in paperwork.", "The Swan was lost to view.", "The Heron burned coal.",
    ],
)  # fmt: skip
def test_what_is_said_or_supposed_is_not_read(text):
    assert [fact for fact in read(text) if fact[2] not in ("red", "")] == []


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("Mara's eyes were green.", "Mara had brown eyes.", "ch.1 ¶2 Mara's eyes: “brown”; “green” in ch.1 ¶1"),
        ("Mara Voss had black hair.", "Mara's hair was red.", "ch.1 ¶2 Mara's hair: “red”; “black” in ch.1 ¶1"),
        ("The Wren was green.", "The Wren was white.", "ch.1 ¶2 Wren is “white”; “green” in ch.1 ¶1"),
        (
            "Tomas was Mara's brother.",
            "Tomas was the uncle of Mara.",
            "ch.1 ¶2 Tomas is Mara's “uncle”; “brother” in ch.1 ¶1",
        ),
        (
            "Mara's father, Piet, sang.",
            "Mara's father, Jan, wept.",
            "ch.1 ¶2 Mara's father: “Jan”; “Piet” in ch.1 ¶1",
        ),
        ("Tomas died.", "Tomas nodded and sat down.", "ch.1 ¶2 Tomas is dead since ch.1 ¶1, and acts here"),
        ("Tomas Voss died.", '"No," said Tomas.', "ch.1 ¶2 Tomas is dead since ch.1 ¶1, and acts here"),
        ("The Wren sank.", "They boarded the Wren.", "ch.1 ¶2 the Wren is gone since ch.1 ¶1, and is used here"),
        (
            "The letter was burnt.",
            "Mara unfolded the letter.",
            "ch.1 ¶2 the letter is gone since ch.1 ¶1, and is used here",
        ),
        (
            "Mara's boat burned.",
            "He rowed Mara's boat home.",
            "ch.1 ¶2 Mara's boat is gone since ch.1 ¶1, and is used here",
        ),
    ],
)
def test_a_contradiction_is_found_in_the_book_and_in_a_new_paragraph(before, after, finding):
    assert texts(canon(book([before, after]))) == [finding]
    assert texts(contradictions(attributes(book([before])), after, Place(1, 2))) == [finding]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Mara's eyes were grey.", "Mara's eyes were grey-green."),
        ("Mara's hair was blond.", "Mara's hair was golden."),
        ("Mara's eyes were green.", "Tomas's eyes were brown."),
        ("Mara's hair was black. Mara dyed her hair red.", "Mara's hair was red."),
        ("Mara's hair was black. Mara's hair had gone grey.", "Mara had grey hair."),
        ("Mara's hair was black. She dyed it; Mara liked her hair so.", "Mara's hair was red."),
        ("The Wren was green. Then Tomas painted the Wren white.", "The Wren was white."),
        ("Mara's brown dog barked.", "Mara's white dog barked back."),
        ("Tomas was Mara's twin.", "Tomas was Mara's brother."),
        ("Tomas was Mara's friend.", "Tomas was Mara's brother."),
        ("Mara's brother Tomas sang.", "Mara's brother Jan sang."),
        ("Mara's husband Piet died. Mara married again.", "Mara's second husband, Jan, sang."),
        ("Tomas died.", "Mara remembered how Tomas laughed."),
        ("Tomas died.", "Tomas had opened that window once."),
        ("Tomas died.", "Tomas's son nodded. The ghost of Tomas nodded."),
        ("Tomas Voss died.", "Tomas Hale nodded."),
        ("Tomas died, or so they said. Tomas was alive.", "Tomas nodded."),
        ("The Wren sank. They raised the Wren at last.", "They boarded the Wren."),
        ("The letter was burnt. Another letter came.", "Mara opened the letter."),
        ("The lamp was smashed to pieces.", "She bought a lamp. She lit the lamp."),
        ("Mara threw the key into the sea. Tomas fished the key out.", "Mara took the key."),
        ("Mara nearly burned the letter.", "Mara read the letter."),
        ("Mara burned the toast and threw the bone to the dog.", "Mara took the bone."),
        ("Mara burned the letter.", "She thought of the letter, and of what the letter had said."),
        ("It was June.", "The next day it was July. Three months later it was October."),
        ("It was December 1922.", "It was January 1923."),
        ("It was Wednesday.", "The next day was Thursday. The following day, a Friday, it rained."),
    ],
)
def test_what_agrees_or_was_changed_is_no_contradiction(before, after):
    assert texts(canon(book([before, after]))) == []


def test_after_a_change_the_old_value_contradicts():
    told = book(["Mara's hair was black.", "Mara dyed her hair red.", "Mara's hair was black."])
    assert texts(canon(told)) == ["ch.1 ¶3 Mara's hair: “black”; “red” in ch.1 ¶2"]


def test_what_is_found_of_the_dead_does_not_wake_them():
    told = book(["Tomas died.", "Mara found the coat of Tomas.", "Tomas nodded."])
    assert [finding.place for finding in canon(told)] == [Place(1, 3)]


def test_somebody_dead_who_acts_on_is_told_once():
    told = book(["Tomas died.", "Tomas nodded.", "Tomas smiled."])
    assert [finding.place for finding in canon(told)] == [Place(1, 2)]


def test_a_clean_paragraph_contradicts_nothing_and_a_waiver_lets_one_pass():
    chapters = clean_story()
    known = attributes(book(*chapters))
    assert contradictions(known, "Mara put the kettle on.") == []
    told = [*known, *attributes(book(["Mara's eyes were grey."]))]
    (found,) = contradictions(told, "Mara's eyes were brown.", Place(3, 1))
    assert contradictions(told, "Mara's eyes were brown.", waivers=json.loads(json.dumps([found.waiver]))) == []
    (age,) = contradictions(attributes(book(["Mara was forty years old."])), "Mara was thirty years old.")
    assert age.kind == "timeline"


def test_attributes_become_triples_that_hold_from_their_place():
    told = book(["Mara's eyes were green."], ["Tomas was Mara's brother.", "Tomas died. She painted Mara's door."])
    assert triples(attributes(told)) == [
        Triple("Mara", "eyes", "green", source="ch.1 ¶1", at=moment(Place(1, 1))),
        Triple("Tomas", "brother of", "Mara", source="ch.2 ¶1", at=moment(Place(2, 1))),
        Triple("Tomas", "is", "dead", source="ch.2 ¶2", at=moment(Place(2, 2))),
    ]
    assert moment(Place(1, 2)) < moment(Place(2)) < moment(Place(2, 1))


# Time.


@pytest.mark.parametrize(
    ("paragraphs", "finding"),
    [
        (["It was Tuesday.", "Three days later it was Saturday."], "Saturday, 3 days after Tuesday (ch.1 ¶1): Friday"),
        (["It was a Monday.", "The next morning was wet.", "It was Wednesday."], "Wednesday, the day after Monday"),
        (["It was Thursday.", "It was Wednesday morning."], "Wednesday comes after Thursday (ch.1 ¶1)"),
        (["It was late March.", "Rain.", "It was February."], "February comes after March (ch.1 ¶1)"),
        (["It was summer.", "It was early spring."], "spring comes after summer (ch.1 ¶1)"),
        (["The year was 1848.", "It was 1846."], "1846 comes after 1848 (ch.1 ¶1)"),
        (["Mara was thirty-four years old.", "Mara, thirty-one, sat."], "Mara is “31”; “34” in ch.1 ¶1"),
    ],
)
def test_time_that_does_not_add_up_is_found(paragraphs, finding):
    (found,) = timeline(book(paragraphs))
    assert found.text.startswith(finding)
    assert (found.kind, found.place, found.other) == ("timeline", Place(1, len(paragraphs)), Place(1, 1))


@pytest.mark.parametrize(
    "paragraphs",
    [
        ["It was Tuesday.", "Three days later it was Friday."],
        ["It was Friday.", "It was Saturday.", "It was Monday."],
        ["It was Thursday.", "A week went by.", "It was Wednesday."],
        ["It was Thursday.", "It had been Wednesday when she came."],
        ["It was Thursday.", '"It was Wednesday," he said.'],
        ["It was December.", "It was January."],
        ["It was winter.", "It was spring."],
        ["It was summer.", "Months passed.", "It was spring."],
        ["The year was 1848.", "She remembered that it was 1846 then."],
        ["Mara was thirty-four years old.", "When Mara was nine, it rained.", "Mara was thirty-five years old."],
    ],
)
def test_time_that_goes_on_or_is_remembered_is_no_finding(paragraphs):
    assert texts(timeline(book(paragraphs))) == []


def test_another_chapter_may_be_another_time():
    assert timeline(book(["It was Thursday."], ["It was Wednesday."])) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Mara threw the brass key into the sea.", "Mara took the brass key from her pocket.", "the brass key is gone"),
        ("She flung the key into the harbour.", "She opened the door with the key.", "the key is gone"),
        ("Mara burned the letter.", "Mara read the letter again.", "the letter is gone"),
        ("It was Wednesday.", "The next day was Sunday.", "Sunday, the day after Wednesday"),
        ("On Wednesday the ferry came.", "The next day, Sunday, it did not run.", "Sunday, the day after"),
        ("It was June.", "The next day it was May.", "May, the day after June"),
        ("It was June 1923.", "It was May 1922.", "1922 comes after 1923"),
    ],
)
def test_plain_errors_of_time_and_of_things_that_are_gone_are_found(before: str, after: str, told: str) -> None:
    manuscript = book([before, "The carts stood three deep.", after])
    (found,) = [*timeline(manuscript), *canon(manuscript)]
    assert told in found.text
