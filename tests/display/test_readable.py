"""Colours and marks of displays: readable on a light page and on a dark one, and never alone in saying something."""

from __future__ import annotations

import re

import made
import pytest
from contrast import LEAST_OF_SHAPES, LEAST_OF_TEXT, PAGES, contrast, faintest, over
from looked_at import BAD, check_display

from memagent.differences import shown_changes, word_changes
from memagent.display import lines, success
from memagent.display.markup import PALE, SOLID, STRONGEST, TINTS, chip, quiet, tag, tinted
from memagent.display.redecided import picture
from memagent.display.view import view
from memagent.methods.redeciding import redecided


def rgb(meaning: str) -> tuple[float, ...]:
    return tuple(float(one) for one in re.findall(r"[\d.]+", TINTS[meaning])[:3])


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("meaning", TINTS)
def test_bars_stand_out_on_a_light_page_and_on_a_dark_one(meaning: str, page: str) -> None:
    behind = PAGES[page][0]
    assert contrast(over(rgb(meaning), SOLID, behind), behind) >= LEAST_OF_SHAPES


@pytest.mark.parametrize("meaning", TINTS)
def test_text_can_be_read_pale_or_on_the_tints_that_it_stands_on(meaning: str) -> None:
    assert faintest(str(quiet("told"))) >= (LEAST_OF_TEXT, "", "")
    assert faintest(str(tag("div", chip("told", meaning), style=f"opacity:{PALE}"))) >= (LEAST_OF_TEXT, "", "")
    assert faintest(str(tinted("told", meaning, STRONGEST))) >= (LEAST_OF_TEXT, "", "")
    assert tinted("told", meaning, 1.0) == tinted("told", meaning, STRONGEST)


def test_the_measure_of_contrast_is_that_of_the_guidelines() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    faint = faintest('<div style="opacity:.5">faint</div>')
    assert faint[0] < LEAST_OF_TEXT and faint[1] == "faint"
    assert faintest('<b style="background:rgba(118, 118, 118, 0.9)">on grey</b>')[1] == "on grey"


def test_what_was_solved_and_what_was_not_differ_in_shape() -> None:
    html = str(success.line([True, False, None], sizes=[1, 2, 2]).html)
    marks = re.findall(r"<(rect|path|circle) [^>]*(?:fill|stroke)=\"rgba", html)
    assert marks == ["rect", "path", "circle"]
    assert "a cross for each that was not" in html


def test_a_token_less_likely_than_not_has_a_frame_and_only_new_words_are_underlined() -> None:
    html = str(view(made.flare_result().value).html)
    marks = re.findall(r'<mark title="([\d.]+)" style="([^"]*)"', html)
    assert {float(likely) for likely, _ in marks} >= {0.21, 0.55, 0.9}
    assert all(("outline" in style) == (float(likely) < 0.5) for likely, style in marks)
    assert "underline" not in re.sub(r">[^<]*<", "><", html)


def test_a_bar_that_would_be_looked_up_ends_below_the_line() -> None:
    again = redecided(made.flare_result(), theta=0.5)
    html = str(picture(again))
    [line] = re.findall(r'<line [^>]*y1="([\d.]+)"[^>]*stroke-dasharray', html)
    tops = [float(top) for top in re.findall(r'<rect [^>]*y="([\d.]+)"', html)]
    measured = [one for one in again.decisions if one.lowest is not None]
    assert [top > float(line) for top in tops] == [one.looked_up for one in measured]
    assert {one.looked_up for one in measured} == {True, False}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("as many in a store. How many?", "as many in a shed. How many?", "as many in a [-store-]{+shed+}. How many?"),
        ("She left the store.", "She left the store, and wept.", "She left the store{+, and wept+}."),
        ("Маяк старый, он стоит.", "Маяк новый, он стоит.", "Маяк [-старый-]{+новый+}, он стоит."),
        ("灯塔很高，也很老。", "灯塔不高，也很老。", "灯塔[-很-]{+不+}高，也很老。"),
        ("It has 1,240 pairs.", "It has 1,250 pairs.", "It has [-1,240-]{+1,250+} pairs."),
        ('They call it "Wren" here.', 'They call it "Petrel" here.', 'They call it "[-Wren-]{+Petrel+}" here.'),
    ],
)  # fmt: skip
def test_a_mark_is_not_struck_with_the_word_beside_it(before: str, after: str, told: str) -> None:
    assert lines.diff(before, after) == told
    for changes in (list(shown_changes(before, after)), list(word_changes(before, after))):
        assert "".join(same + gone for same, gone, _ in changes) == before
        assert "".join(same + come for same, _, come in changes) == after


def test_changes_close_together_are_one_unless_they_are_wanted_word_by_word() -> None:
    before, after = "the old slipway and the harbour office", "the harbour office and the old slipway"
    assert [bool(gone or come) for _, gone, come in lines.changes(before, after, 9)].count(True) == 1
    masked = list(lines.changes("Mara has oil in a lamp", "Bobol has fresur in a glandear", 9, by_word=True))
    assert [gone for _, gone, _ in masked if gone] == ["Mara", "oil", "lamp"]


def test_a_plot_has_the_colour_of_the_page_and_no_word_of_a_token_breaks_out() -> None:
    plots = pytest.importorskip("memagent.display.plots")
    result = made.flare_result()
    plot = plots.probability_along(result, theta=0.8)
    data, about = plot._repr_mimebundle_()
    html = data["text/html"]
    assert html.startswith("<svg ") and len(html.encode()) < 50_000
    assert "currentColor" in html and plots.INK not in html and "1888" in html
    for sign in ("http", "url(", "<style", "<script", "<?xml", "clip-path"):
        assert sign not in html
    assert about["image/png"]["alt"] in html
    axes = plot.axes[0]
    assert {line.get_marker() for line in axes.lines[:-1]} == {"o", "s"}  # the sentences differ in shape as well
    axes.set_title(BAD[:60])
    assert "<img" not in plot._repr_mimebundle_()[0]["text/html"]
    assert plot._repr_mimebundle_()[0]["text/html"].count("<svg ") == 1


def test_lines_of_a_plot_differ_in_more_than_their_colour() -> None:
    plots = pytest.importorskip("memagent.display.plots")
    plot = plots.recall_against_k({name: [["a"]] for name in ("one", "two", "three", "four", "five")}, [["a"]], most=2)
    looks = [(line.get_color(), line.get_linestyle()) for line in plot.axes[0].lines]
    assert len({style for _, style in looks[:4]}) == 4 and len(set(looks)) == 5
    for colour in plots.COLOURS:
        value = tuple(float(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
        assert all(contrast(value, page) >= LEAST_OF_SHAPES for page, _, _ in PAGES.values())


def test_a_score_is_told_once() -> None:
    with made.memory() as kept:
        _, read = check_display(view(kept.search(made.QUESTION, k=2)))
    assert read.count("dense 0.") == 2
