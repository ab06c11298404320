"""Deciding again at another threshold, and taking revisions back: no call is made, and nothing is invented."""

from __future__ import annotations

from dataclasses import replace

import made
import pytest
from looked_at import check_display

from memagent import Answer, flare
from memagent.display.view import view
from memagent.errors import UsageProblem
from memagent.methods.redeciding import redecided
from memagent.methods.taking_back import accept, exchanged, refused, reject
from memagent.types import Part

FLARE = made.flare_result()
RAT = made.rat_result().value
LOST = made.rat_result(lost=True).value


def test_at_its_own_thresholds_a_run_is_decided_as_it_was() -> None:
    again = redecided(FLARE, theta=0.8, beta=0.4)
    assert [one.looked_up for one in again.decisions] == [False, False, True, True, False]
    assert not any(one.changed for one in again.decisions)
    queries = [part.queries for part in FLARE.value.parts[2:4]]
    assert [(one.query,) for one in again.decisions if one.looked_up] == queries


def test_another_threshold_decides_over_the_recorded_probabilities() -> None:
    counts = [redecided(FLARE.value, theta=theta).looked_up for theta in (0.0, 0.21, 0.3, 0.35, 0.95, 1.0)]
    assert counts == sorted(counts) and counts[0] == 0 and counts[2:4] == [1, 2] and counts[-1] == 4
    low = redecided(FLARE, theta=0.3, beta=0.1).decisions[2]
    assert low.query == "She has kept it since 1888 alone." and low.doubtful == ()
    assert redecided(FLARE, theta=0.3, beta=0.6).decisions[2].doubtful == ("1888 alone.",)
    text, read = check_display(redecided(FLARE, theta=0.3))
    assert "stands (otherwise in the run)" in text and "1 of 4" in read


def test_what_was_not_measured_cannot_be_decided_again() -> None:
    with pytest.raises(UsageProblem, match="no recorded probabilities"):
        redecided(RAT)
    with pytest.raises(UsageProblem, match="a str has no decisions"):
        redecided("Mara")
    with pytest.raises(UsageProblem, match=r"theta=1\.2 is no probability"):
        redecided(FLARE, theta=1.2)
    half = replace(FLARE.value, parts=(*FLARE.value.parts, Part(" So.", "So.", "kept", queries=("what?",))))
    assert redecided(half, theta=0.0).decisions[-1].looked_up


def test_a_rejected_revision_is_gone_from_the_step_and_from_the_answer() -> None:
    assert "1892" in RAT.text
    without = reject(RAT, 1)
    assert "first lit in 1890" in without.text and "1892" not in without.text
    assert without.text.startswith("Here is the story.") and "since her brother sailed" in without.text
    assert (without.parts[0].decision, without.parts[0].text) == ("kept", made.DRAFTED[0])
    assert "1892" in RAT.text and without.notes == ()
    both = reject(RAT, 1, 3)
    assert "rings the bell." in both.text and "1890" in both.text
    check_display(without)


def test_a_rejected_revision_can_be_accepted_again() -> None:
    for number in (1, 2, 3):
        back = accept(reject(RAT, number), number)
        assert back.text == RAT.text
        assert [part.text for part in back.parts] == [part.text for part in RAT.parts]
    assert refused(reject(RAT, 2).parts[1]) is not None


def test_a_refused_revision_can_be_accepted() -> None:
    bare = replace(LOST, text="\n\n".join(part.text.strip() for part in LOST.parts))
    change = refused(bare.parts[1])
    assert change is not None and change.after == "Mara rings it."
    own = replace(
        bare,
        parts=(
            bare.parts[0],
            replace(bare.parts[1], changes=(replace(change, before=bare.parts[1].draft),)),
            bare.parts[2],
        ),
    )
    taken = accept(own, 2)
    assert taken.parts[1].text.strip() == "Mara rings it." and taken.parts[1].decision == "revised"
    assert taken.text == "\n\n".join([bare.parts[0].text, "Mara rings it.", bare.parts[2].text.strip()])


def test_where_the_answer_tells_a_step_in_other_words_the_steps_are_the_answer() -> None:
    other = replace(RAT, text="A light was lit long ago, and someone tends it.")
    without = reject(other, 1)
    assert without.text == "".join(part.text for part in without.parts).strip()
    assert "in other words" in without.notes[-1]


def test_a_change_that_no_passage_is_credited_with_was_not_refused() -> None:
    part = RAT.parts[1]
    assert (part.decision, part.changes[0].taken, refused(part)) == ("revised", False, None)
    text, read = check_display(RAT)
    assert "by no passage" in text and "by no passage" in read and "refused 0" in text
    assert "refused 1" in view(LOST).text


def test_steps_without_a_revision_are_named() -> None:
    kept = replace(RAT, parts=(replace(RAT.parts[0], decision="kept", changes=()), *RAT.parts[1:]))
    with pytest.raises(UsageProblem, match="step 1 was not revised: kept") as problem:
        reject(kept, 1)
    assert problem.value.hint == "Steps with one that was revised: 2, 3."
    with pytest.raises(UsageProblem, match="there is no step 4"):
        reject(RAT, 4)
    with pytest.raises(UsageProblem, match="step 1 has no revision that was refused"):
        accept(kept, 1)


def test_a_plan_keeps_the_form_of_its_steps() -> None:
    step = replace(RAT.parts[0], text="STEP 1: Light it in 1892.", draft="1. Light it in 1890.", decision="revised")
    assert reject(Answer("STEP 1: Light it in 1892.", parts=(step,)), 1).text == "STEP 1: Light it in 1890."


LIT = ("It was lit in 1892.", "It was lit in 1890.")


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("So: lit in 1892 by Ann.", *LIT, None),
        ("So: lit in 1892. Then it burnt.", *LIT, "So: lit in 1890. Then it burnt."),
        ("lit in 1892. She came in 1892.", *LIT, "lit in 1890. She came in 1892."),
        ("灯塔建于1892年。", "灯塔建于1892年。", "灯塔建于1890年。", "灯塔建于1890年。"),
        ("", "a b", "a c", None),
    ],
)
def test_words_are_exchanged_only_where_they_stand_once(text: str, old: str, new: str, expected: str | None) -> None:
    assert exchanged(text, old, new) == expected


def test_the_view_of_an_answer_of_flare_is_that_of_flare() -> None:
    assert callable(flare) and "sentences 5" in view(FLARE.value).text and "steps 3" in view(RAT).text
