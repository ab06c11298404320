"""Panels, driven as a person would: by clicks and by values that are set. And plots."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import made
import pytest
from looked_at import BAD, check_display, check_html

from memagent import Controller, Memory, Story, Trace
from memagent.errors import BackendError, ExtraMissing, UsageProblem
from memagent.methods.recurrent import Settings
from memagent.story.config import StoryConfig
from memagent.testing import ScriptedLLM

pytest.importorskip("ipywidgets")
pytest.importorskip("matplotlib")

from memagent.display import plots, widgets

WIDGET = "application/vnd.jupyter.widget-view+json"


def test_a_moved_slider_decides_again_without_a_call() -> None:
    panel = widgets.ThresholdPanel(made.flare_result())
    assert panel.again.looked_up == 2 and "2 of 4" in check_html(panel.page.value)
    panel.theta.value = 0.3
    assert panel.again.looked_up == 1 and "1 of 4" in check_html(panel.page.value)
    panel.beta.value = 0.1
    assert panel.again.decisions[2].query == "She has kept it since 1888 alone."
    check_display(panel)
    assert WIDGET in panel._repr_mimebundle_() and set(panel._repr_mimebundle_(exclude=[WIDGET])) == {
        "text/plain",
        "text/html",
    }


def test_a_click_takes_a_revision_back_and_the_next_one_takes_it_again() -> None:
    answer = made.rat_result().value
    panel = widgets.RevisionPanel(answer)
    assert [button.description for button in panel.buttons.values()] == ["reject 1", "reject 2", "reject 3"]
    panel.buttons[1].click()
    assert "1890" in panel.answer.text and panel.buttons[1].description == "accept 1"
    told = check_html(panel.page.value)
    assert "taken back by hand" in told and panel.page.value.count("<summary style") > 2
    assert panel.page.value.index("taken back") < panel.page.value.index(
        "<details", panel.page.value.index("taken back")
    )
    panel.buttons[3].click()
    assert panel.turned == {1, 3} and "once a minute" not in panel.answer.text
    panel.buttons[1].click()
    panel.buttons[3].click()
    assert panel.answer == answer
    with pytest.raises(UsageProblem, match="there is no step 9"):
        panel.turn(9)
    check_display(panel)


def test_what_cannot_be_accepted_is_told_in_the_panel() -> None:
    answer = made.rat_result(lost=True).value
    kept = replace(answer.parts[1], decision="kept", text=f"\n\n{answer.parts[1].draft}", draft="Something else.")
    panel = widgets.RevisionPanel(replace(answer, parts=(answer.parts[0], kept, answer.parts[2])))
    assert panel.buttons[2].description == "accept 2"
    panel.buttons[2].click()
    assert "cannot be told from the steps before it" in check_html(panel.notice.value)
    assert panel.turned == set() and panel.buttons[2].description == "accept 2"


def test_a_click_on_a_plan_writes_the_next_paragraph_of_a_story(tmp_path: Path) -> None:
    story = made.story(tmp_path / "light", 5)
    controller = Controller("offline")
    panel = widgets.StoryPanel(story, controller)
    third = panel.plans[2].tooltip
    panel.plans[2].click()
    assert len(story.record.paragraphs) == 6 and story.state is not None and story.state.followed == third
    assert check_html(panel.notice.value) == "" and controller.memory is None
    assert panel.plans[0].tooltip == story.state.plans[0] != third

    panel.memory.value = f"{panel.memory.value} Zora has a red kite."
    panel.own.value = "Maria flies the kite."
    panel.write_own.click()
    assert story.state.followed == "Maria flies the kite." and panel.own.value == ""
    assert [event["type"] for event in story.record.done[-3:]] == ["memory", "picked", "written"]
    check_display(panel)
    reopened = Story(tmp_path / "light")
    assert reopened.record.paragraphs == story.record.paragraphs


def test_a_story_begins_with_a_click_and_a_failure_is_told_in_the_panel(tmp_path: Path) -> None:
    Story.create(tmp_path / "light", made.PREMISE, StoryConfig(select="first", sentences=3))
    story = Story(tmp_path / "light")
    panel = widgets.StoryPanel(story, Controller("offline"))
    with pytest.raises(UsageProblem, match="has not begun"):
        panel.pick(1)
    panel.begin.click()
    assert len(story.record.paragraphs) == 3 and len(panel.plans) == 3
    panel.controller = Controller(ScriptedLLM([BackendError(f"it is down {BAD}")]), retries=0)
    panel.plans[0].click()
    assert "it is down" in check_html(panel.notice.value) and len(story.record.paragraphs) == 3
    assert not any(button.disabled for button in panel.plans)
    panel.memory.value = " "
    panel.plans[0].click()
    assert "short memory is empty" in check_html(panel.notice.value)


def test_a_panel_of_a_state_tells_on_in_the_memory_of_its_controller() -> None:
    state = made.states()[-1]
    with Memory(":memory:", single_user=True) as memory:
        panel = widgets.StoryPanel(state, Controller("offline", memory), settings=Settings(sentences=3))
        panel.plans[1].click()
        assert [one.paragraphs for one in panel.states] == [5, 6]
        assert panel.state is not None and panel.state.followed == state.plans[1]
        assert panel.pick("The lamp goes out.").followed == "The lamp goes out."
        panel.memory.value = "My own words."
        panel.controller = Controller(ScriptedLLM([BackendError("it is down")]), memory, retries=0)
        panel.plans[0].click()
        assert "it is down" in check_html(panel.notice.value)
        assert (panel.memory.value, len(panel.states)) == ("My own words.", 3)
        with pytest.raises(UsageProblem, match="there is no plan 7"):
            panel.pick(7)
        assert len(memory.search("lamp", k=5)) >= 1
    check_display(panel)


def test_a_panel_of_several_states_shows_them_all_and_numbers_plans_that_were_offered_alone() -> None:
    states = made.states()
    with Memory(":memory:", single_user=True) as memory:
        panel = widgets.StoryPanel(states, Controller("offline", memory), settings=Settings(sentences=3))
        panel.pick("The lamp goes out.")
        assert panel.states[:-1] == list(states)
        text = check_html(panel.page.value)
        assert "chosen The lamp goes out." in text and ". chosen The lamp goes out." not in text
        alone = check_html(widgets.StoryPanel(states[-1], panel.controller).page.value)
    assert f"chosen {states[-1].followed[:20]}" in alone and ". chosen" not in alone
    assert "the plan it was written from" in alone


@pytest.mark.parametrize(("module", "library"), [("widgets", "ipywidgets"), ("plots", "matplotlib")])
def test_a_missing_library_is_named_with_what_installs_it(
    module: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"memagent.display.{module}")
    with pytest.raises(ExtraMissing, match=f"need {library}") as problem:
        importlib.import_module(f"memagent.display.{module}")
    assert problem.value.hint == 'pip install "memagent[notebook]"'


def is_drawn(plot: Any) -> bool:
    data = plot._repr_png_()
    return bool(data.startswith(b"\x89PNG")) and len(data) > 5000


def test_probability_is_drawn_along_the_text() -> None:
    result = made.flare_result()
    plot = plots.probability_along(result, theta=0.8)
    axes = plot.axes[0]
    heights = [round(float(y), 2) for drawn in axes.lines for y in drawn.get_ydata()]
    assert 0.21 in heights and 0.34 in heights
    assert {"1888", "whale", "theta 0.8"} <= {text.get_text() for text in axes.texts}
    assert is_drawn(plot) and repr(plot) == "the probability of 31 tokens in 5 sentences"
    assert plot._repr_mimebundle_()[1]["image/png"]["alt"] == repr(plot)
    odd = replace(
        result.value.parts[2], tokens=tuple(replace(token, text=" 灯$x^") for token in result.value.parts[2].tokens)
    )
    assert is_drawn(plots.probability_along(replace(result.value, parts=(odd,))))
    with pytest.raises(UsageProblem, match="no recorded probabilities"):
        plots.probability_along(made.plain_result())


def test_cost_is_drawn_over_the_steps_of_several_runs() -> None:
    flare, rat = made.flare_result(), made.rat_result()
    axes = plots.cost_over_steps({"flare $": flare, "rat": rat.trace}).axes[0]
    assert [max(drawn.get_ydata()) for drawn in axes.lines] == [flare.usage.tokens, rat.usage.tokens]
    assert is_drawn(plots.cost_over_steps({"flare $": flare, "rat": rat.trace}))
    assert is_drawn(plots.cost_over_steps(Trace()))
    with pytest.raises(UsageProblem, match="no run to draw"):
        plots.cost_over_steps({})


def test_recall_is_the_share_of_what_should_be_found() -> None:
    found, wanted = [["a", "b", "c"], ["c", "a"], ["x"]], [{"b"}, {"a", "c"}, set()]
    assert [plots.recall_at(found, wanted, k) for k in (1, 2, 3)] == [0.25, 1.0, 1.0]
    plot = plots.recall_against_k({"dense": found}, wanted, most=3)
    assert list(plot.axes[0].lines[0].get_ydata()) == [0.25, 1.0, 1.0] and is_drawn(plot)
    with pytest.raises(UsageProblem, match="2 rankings for 3 questions"):
        plots.recall_at(found[:2], wanted, 1)
    with pytest.raises(UsageProblem, match="no question has an id"):
        plots.recall_at([["a"]], [[]], 1)
