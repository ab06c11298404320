"""Marks, kin and things in hand, as ordinary prose says them; and what it only seems to say."""

from __future__ import annotations

import pytest

from memagent.story.canon import Known
from memagent.story.manuscript import Place
from memagent.story.noting import noted
from memagent.story.noting_people import of_people
from memagent.story.pronouns import Genders
from memagent.story.reading import read

SHE, HE = ("Ines", "she"), ("Tobias", "he")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Ruth had a scar that ran to her jaw, thin as thread.", ("Ruth", "mark", "a scar that ran to her jaw")),
        ("Ruth had grey eyes and a thin white scar.", ("Ruth", "mark", "a thin white scar")),
        ("Bram, with a limp, went ahead.", ("Bram", "mark", "a limp")),
        ("Ines's mother had been dead for three years.", ("Ines's mother", "is", "dead")),
        ("Nobody asked what Ines's younger brother did.", ("Ines", "has", "a brother")),
        ("Ruth was waiting on the step with the key in her hand.", ("key", "whereabouts", "with Ruth")),
        ("Ruth held the brass key up to the light.", ("brass key", "whereabouts", "with Ruth")),
    ],
)
def test_what_is_plainly_said_of_people_is_noted(text: str, fact: tuple[str, str, str]) -> None:
    assert fact in list(of_people(text))


@pytest.mark.parametrize(
    "text",
    [
        "It was as if Ruth had a scar on her soul.",
        "“Ruth had a scar,” said Bram.",
        "Ruth could have had a scar there.",
        "Ines dreamt that Ines's brother was home.",
        "Ruth never held the key.",
        "The man with the key in his hand was a stranger.",
        "Ruth's mother-in-law came.",
    ],
)
def test_what_is_only_supposed_or_said_of_somebody_else_is_not(text: str) -> None:
    assert noted(text) == []


@pytest.mark.parametrize(
    ("text", "known", "fact"),
    [
        (
            "Somebody was calling a dog. Ines thought of Tobias at twelve. He had brown eyes, and he was lying.",
            (SHE, HE),
            ("Tobias", "eyes", "brown"),
        ),
        ("Ines thought of Tobias. Somebody came in. He had brown eyes.", (SHE, HE), None),
        ("A stranger spoke to Ines of Tobias. He had brown eyes.", (SHE, HE), None),
        ("Tobias was lying. He had brown eyes, or so he said.", (HE,), None),
    ],
)
def test_a_pronoun_is_read_where_only_one_can_be_meant(
    text: str, known: tuple[tuple[str, str], ...], fact: tuple[str, str, str] | None
) -> None:
    found = [(one.subject, one.name, one.value) for one in read(text, Place(1, 1), known)]
    assert found == ([fact] if fact else [])


def test_dead_tired_is_not_dead() -> None:
    assert list(of_people("Ines's mother was dead tired.")) == [("Ines", "has", "a mother")]
    assert list(of_people("Ines's brother Tobias was dead.")) == []  # by name, and so a fact that can contradict


def test_whose_mother_it_is_the_mother_is_not() -> None:
    text = "Ines put on her coat. It was her mother's coat. Her mother had been dead for three years."
    genders = Genders()
    genders.take(text)
    assert ("Ines's mother", "is", "dead") in noted(text, genders.of(text))
    assert noted("Ines put on her mother's coat. Her brother was dead.", (SHE,)) == [("Ines", "has", "a mother")]


def test_what_is_noted_is_told_as_canon_and_contradicts_nothing() -> None:
    known = Known()
    known.take("Ruth held the key. Ruth had a scar.", Place(1, 1))
    known.take("Bram held the key. Ruth had a tattoo. Ruth's brother slept.", Place(1, 2))
    told = {(one.subject, one.relation, one.object) for ones in known.told.values() for one in ones}
    assert {("key", "whereabouts", "with Bram"), ("Ruth", "mark", "a tattoo"), ("Ruth", "has", "a brother")} <= told
    assert known.judge([(Place(1, 3), "Ines held the key. Ruth's sister slept. Ruth had a limp.")]) == []
