"""Forms that the gate knows in any language: scores, openings, exercises, courtesies joined by `and`; and its verbs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from memagent import finite
from memagent.finite import has_verb
from memagent.gate.courteous import beside_courtesies
from memagent.gate.openings import without_opening
from memagent.gate.reading import asks_what_was_said
from memagent.gate.scored import is_scored
from memagent.gate.turns import lines

VERBS: dict[str, dict[str, Any]] = tomllib.loads(Path(finite.__file__).with_suffix(".toml").read_text("utf-8"))


@pytest.mark.parametrize("language", finite.LATIN)
def test_each_listed_stem_makes_a_statement_and_is_no_verb_behind_an_article(language: str) -> None:
    lists = VERBS[language]
    stems = [(name, stem) for name, found in lists["stems"].items() for stem in found.split()]
    assert len(stems) >= 150
    small = {word for one in finite.LATIN for key in ("small", "nominal") for word in VERBS[one][key].split()}
    for name, stem in stems:
        form = stem + lists["endings"][name].split()[0]
        if form not in small:
            assert has_verb(f"Nora {form} Lund", language), form


@pytest.mark.parametrize(
    "line",
    [
        "Treffer 2 von 3 (Relevanz 0,81): Nora wohnt in Lund",
        "— Нора: живёт в Лунде (0.83)",
        "Совпадение 0,7: Нора живёт в Лунде",
        "3. note, score 0.44",
        "[aus dem Gedächtnis] Nora wohnt in Lund",
        "检索结果2/3：诺拉住在隆德",
    ],
)
def test_a_score_a_rank_or_a_heading_shows_what_was_found(line: str) -> None:
    assert is_scored(line)


@pytest.mark.parametrize(
    "line",
    [
        "Nora has (since May) two cats.",
        "Nora paid 0.5 litres of milk (about 1.2 pints).",
        "[laughs] Nora left for Lund.",
    ],
)
def test_numbers_with_a_unit_and_other_brackets_are_no_scores(line: str) -> None:
    assert not is_scored(line)


def test_what_leads_to_a_statement_is_no_part_of_it() -> None:
    assert without_opening("Te cuento: Nora vive en Lund") == "Nora vive en Lund"
    assert without_opening("comunque la Nora vive a Lund") == "la Nora vive a Lund"
    assert without_opening("Übrigens habe ich eine Katze") == "Übrigens habe ich eine Katze"
    assert without_opening("Nora vive en Lund") == "Nora vive en Lund"


def test_a_question_in_the_words_before_it_makes_an_exercise_and_one_about_something_else_does_not() -> None:
    assert asks_what_was_said(["Nora runs the mill at Lund.", "Who runs the mill at Lund?"])
    assert not asks_what_was_said(["Nora runs the mill at Lund.", "What flour should she buy?"])


def test_courtesies_joined_by_and_are_one_and_a_statement_joined_to_them_is_none() -> None:
    assert beside_courtesies("Muchas gracias por todo y que tenga un feliz día") == ""
    assert beside_courtesies("Gracias por todo y Nora vive en Lund") != ""


def test_a_quotation_under_a_request_is_its_material_and_a_paragraph_of_ones_own_is_not() -> None:
    assert all(
        line.why for line in lines("Fix the grammar in this:\n\n'Nora have a mill in Lund.'") if line.text[:1] == "'"
    )
    assert not lines("Please help me with this:\n\nMy sister Nora runs a mill.")[-1].why
