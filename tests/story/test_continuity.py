"""A paragraph is looked at before it is accepted; nothing that was paid for is lost, and a resumed run is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_canon import opening, reply, told, wanted

from memagent import Budget, Controller, Story
from memagent.errors import BudgetExceeded, StoryError, UsageProblem
from memagent.story.config import StoryConfig
from memagent.story.context import next_request
from memagent.story.continuity import read_all, unread
from memagent.story.drafts import drafts, redo, undo
from memagent.story.log import event
from memagent.story.manuscript import Place
from memagent.story.revising import contradictions, take
from memagent.story.waiving import findings, unwaive, waive, waived
from memagent.story.writing import Progress, write
from memagent.testing import ScriptedLLM
from memagent.types import Usage

OPENING = opening("Mara's eyes were green.", "Tomas died.", "Fog came.")
WRONG, RIGHT = "Mara had brown eyes.", "Mara had green eyes."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lamp"


def begun(folder: Path, **settings: Any) -> Story:
    config = StoryConfig(select="first", **settings)
    story = Story.create(folder, "A lamp goes out.", config)
    facts = [facts_reply()] * 3 if config.continuity == "model" else []
    story.write(3, llm=ScriptedLLM([OPENING, *facts]))
    return story


def go(story: Story, until: int, llm: Any, **options: Any) -> list[str]:
    """Write, and return what was told of contradictions."""
    heard: list[str] = []
    progress = Progress(on_findings=lambda found, problems: heard.extend([*(one.text for one in found), *problems]))
    with story.editing():
        write(story, Controller(llm, story.memory, **options), until, select="first", progress=progress)
    return heard


def facts_reply(*facts: tuple[str, str, str], clashes: tuple[tuple[int, str, str], ...] = ()) -> str:
    told = [{"kind": "character", "subject": s, "relation": r, "object": o} for s, r, o in facts]
    found = [{"fact": number, "quote": quote, "why": why} for number, quote, why in clashes]
    return json.dumps({"contradictions": found, "facts": told})


def text(folder: Path) -> str:
    return (folder / "chapters" / "01.md").read_text()


def test_a_contradiction_is_told_accepted_and_kept_in_the_log(folder):
    story = begun(folder)
    llm = ScriptedLLM([reply(WRONG), reply("Tomas nodded.")])
    assert go(story, 5, llm) == [
        "Mara's eyes: “brown”; “green” in ch.1 ¶1",
        "Tomas is dead since ch.1 ¶2, and acts here",
    ]
    assert len(llm.requests) == 2 and WRONG in text(folder)
    events = [one for one in story.log.events if one["type"] == "written"]
    assert [[finding["place"] for finding in one.get("findings", [])] for one in events] == [
        [],
        ["ch.1 ¶4"],
        ["ch.1 ¶5"],
    ]
    assert ("Mara", "eyes", "brown", "ch.1 ¶4") not in told(story)


def test_with_the_check_off_nothing_is_looked_at(folder, monkeypatch):
    story = begun(folder, continuity_check="off", canon_budget=0)
    with story.editing():
        monkeypatch.setattr("memagent.story.canon_store.CanonStore.known", lambda *_: pytest.fail("looked at"))
        monkeypatch.setattr("memagent.story.canon_store.CanonStore.extend", lambda *_: None)
        write(story, Controller(ScriptedLLM([reply(WRONG)]), story.memory), 4, select="first")
        assert contradictions(story, Place(1, 4), WRONG) == []
    assert WRONG in text(folder)


def test_a_retry_names_the_contradiction_and_takes_the_better_draft(folder):
    story = begun(folder, continuity_check="retry")
    llm = ScriptedLLM([reply(WRONG), reply(RIGHT)])
    assert go(story, 4, llm) == []
    first, second = (request.messages[-1].content for request in llm.requests)
    assert "<wrong>\n“Mara had brown eyes.”: Mara's eyes: “brown”; “green” in ch.1 ¶1\n</wrong>" in second
    assert "<wrong>" not in first and second.startswith(first[: first.index("Everything inside the tags")].rstrip())
    assert RIGHT in text(folder) and WRONG not in text(folder)
    assert [(draft.text, draft.by) for draft in drafts(story, Place(1, 4))] == [(WRONG, "rejected"), (RIGHT, "written")]
    assert story.record.usage.calls == 3  # the opening and both drafts
    assert told(story) == wanted(story)


def test_a_retry_that_is_no_better_is_accepted_and_told_and_there_is_no_third(folder):
    story = begun(folder, continuity_check="retry")
    llm = ScriptedLLM([reply(f"{WRONG} Tomas nodded."), reply(WRONG)])
    still = "it was written once more, and contradicts what was told still"
    assert [one.partition(":")[0] for one in go(story, 4, llm)] == ["Mara's eyes", still]
    worse = ScriptedLLM([reply("Tomas waved."), reply("Tomas smiled. Mara had blue eyes.")])
    assert go(story, 5, worse) == ["Tomas is dead since ch.1 ¶2, and acts here", still]
    assert story.record.paragraphs[3:] == [WRONG, "Tomas waved."]
    assert (len(llm.requests), len(worse.requests)) == (2, 2)


def test_a_second_draft_that_cannot_be_read_does_not_lose_the_first(folder):
    story = begun(folder, continuity_check="retry")
    heard = go(story, 4, ScriptedLLM([reply(WRONG), "no", "no", "no"]))
    assert heard[0].startswith("Mara's eyes") and heard[1].startswith("it could not be written once more")
    assert story.record.paragraphs[3] == WRONG and story.record.usage.calls == 5


def test_the_plan_is_chosen_once_for_both_drafts(folder):
    story = begun(folder, continuity_check="retry")
    llm = ScriptedLLM([json.dumps({"choice": 2}), reply(WRONG), reply(RIGHT)])
    with story.editing():
        write(story, Controller(llm, story.memory), 4, select="model")
    assert [request.label for request in llm.requests] == ["recurrent/choose", "recurrent/step", "recurrent/step"]
    assert all("<plan>\nPlan b.\n</plan>" in request.messages[-1].content for request in llm.requests[1:])


class Killed(BaseException):
    pass


class Dying:
    """A model that dies before it answers the call with this number."""

    def __init__(self, texts: list[str], at: int) -> None:
        self.inner, self.at = ScriptedLLM(texts), at
        self.name, self.can = self.inner.name, self.inner.can

    def complete(self, request: Any) -> Any:
        if len(self.inner.requests) == self.at:
            raise Killed
        return self.inner.complete(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("at", range(1, 9))
def test_a_run_killed_in_any_call_goes_on_to_the_same_story_and_pays_for_nothing_twice(tmp_path, at):
    texts = [
        reply(WRONG), facts_reply(("Mara", "eyes", "brown"), clashes=((1, "brown eyes", "they were green"),)),
        reply(RIGHT), facts_reply(("Mara", "eyes", "green")),
        reply("Rain."), facts_reply(("Mara", "lives in", "the tower")),
        reply("Tomas nodded."), facts_reply(), reply("Night."), facts_reply(),
    ]  # fmt: skip
    whole = begun(tmp_path / "whole", continuity="model", continuity_check="retry")
    go(whole, 6, ScriptedLLM(texts))
    story = begun(tmp_path / "killed", continuity="model", continuity_check="retry")
    dying = Dying(texts, at)
    with pytest.raises(Killed):
        go(story, 6, dying)
    again = Story(story.folder)
    rest = ScriptedLLM(texts[at:])
    go(again, 6, rest)
    assert len(dying.inner.requests) + len(rest.requests) == len(texts)
    assert text(again.folder) == text(whole.folder) and told(again) == told(whole) == wanted(whole)
    beside = ("at", "usage", "lost")  # the call that was killed is paid for too
    strip = lambda story: [{k: v for k, v in one.items() if k not in beside} for one in story.log.events]  # noqa: E731
    assert strip(again) == strip(whole)
    assert again.record.usage.calls - 1 == whole.record.usage.calls == 4 + len(texts)


def test_a_limit_in_the_second_draft_stops_and_a_higher_one_goes_on(folder):
    story = begun(folder, continuity_check="retry")
    llm = ScriptedLLM([reply(WRONG), reply(RIGHT)])
    with pytest.raises(BudgetExceeded):
        go(story, 4, llm, budget=Budget(calls=1))
    assert len(Story(folder).record.paragraphs) == 3
    go(Story(folder), 4, llm)
    assert RIGHT in text(folder) and len(llm.requests) == 2


def test_a_model_reads_facts_in_any_language_and_its_call_is_counted(folder):
    story = begun(folder, continuity="model", language="Russian")
    llm = ScriptedLLM([
        reply("Мара живёт на маяке."), facts_reply(("Мара", "lives in", "маяк")),
        reply("Мара живёт в порту."), facts_reply(("Мара", "lives in", "порт"), clashes=((1, "в порту", "на маяке"),)),
    ])  # fmt: skip
    assert go(story, 5, llm) == ["“в порту”; “Мара lives in маяк” in ch.1 ¶4 (на маяке)"]
    shown = llm.requests[3].messages[-1].content
    assert "1. Мара | lives in | маяк (ch.1 ¶4)" in shown and "<paragraph>\nМара живёт в порту.\n</paragraph>" in shown
    assert story.record.usage.calls == 8
    assert ("Мара", "lives in", "маяк", "ch.1 ¶4") in told(story)
    assert "порт" not in {line[2] for line in told(story)}
    (found,) = findings(story, ["canon"])
    with story.editing():
        waive(story, found.id)
    assert ("Мара", "lives in", "порт", "ch.1 ¶5") not in told(story) and findings(story, ["canon"]) == []
    with story.editing():
        undo(story)
        waive(story, found.id, canon=True)
    assert ("Мара", "lives in", "порт", "ch.1 ¶5") in told(story) and findings(story, ["canon"]) == []


def test_facts_that_cannot_be_read_lose_no_paragraph(folder):
    story = begun(folder, continuity="model")
    heard = go(story, 4, ScriptedLLM([reply("Rain."), "no", "no", "no"]))
    assert heard == [
        "ch.1 ¶4 could not be read for its facts: recurrent/facts: no usable reply in 3 tries; the last problem: "
        "it holds no JSON object"
    ]
    assert story.record.paragraphs[3] == "Rain." and unread(story) == [4]


def test_what_a_model_read_goes_and_comes_with_its_paragraph(folder):
    story = begun(folder, continuity="model")
    go(story, 4, ScriptedLLM([reply("Rain."), facts_reply(("Mara", "lives in", "the tower"))]))
    whole = told(story)
    with story.editing():
        undo(story)
    assert "the tower" not in {line[2] for line in told(story)}
    with story.editing():
        redo(story)
    assert told(story) == whole and Story(folder).record == story.record
    llm = ScriptedLLM([json.dumps({"memory": "Mara."}), facts_reply(("Mara", "lives in", "the inn"))])
    with story.editing():
        take(story, Controller(llm, story.memory), Place(1, 4), "Snow.")
    assert ("Mara", "lives in", "the inn", "ch.1 ¶4") in told(story) == wanted(story)


def test_paragraphs_that_no_model_has_read_are_read_when_asked_and_it_goes_on_where_it_stopped(folder):
    story = begun(folder)
    llm = ScriptedLLM([facts_reply(("Mara", "is a", name)) for name in ("keeper", "sister", "sailor")])
    with story.editing(), pytest.raises(BudgetExceeded):
        read_all(story, Controller(llm, story.memory, budget=Budget(calls=2)), on_read=lambda place, reading: None)
    assert unread(Story(folder)) == [3]
    places: list[Place] = []
    with story.editing():
        assert read_all(story, Controller(llm, story.memory), on_read=lambda place, _: places.append(place)) == []
    assert places == [Place(1, 3)] and story.record.usage.calls == 4
    assert {"keeper", "sister", "sailor"} <= {line[2] for line in told(story)} and told(story) == wanted(story)


def test_revising_tells_what_the_new_text_contradicts_before_it(folder):
    story = begun(folder)
    llm = ScriptedLLM([json.dumps({"memory": "Mara."})])
    with story.editing():
        assert contradictions(story, Place(1, 1), WRONG) == []  # nothing is told before the first
        (found,) = take(story, Controller(llm, story.memory), Place(1, 3), WRONG)
    assert found.text == "Mara's eyes: “brown”; “green” in ch.1 ¶1"
    assert story.log.events[-1]["findings"][0]["id"] == found.id


# What is meant.


def test_a_waiver_has_a_stable_id_is_listed_and_is_told_no_more(folder):
    story = begun(folder)
    go(story, 4, ScriptedLLM([reply(WRONG)]))
    (found,) = findings(story)
    with story.editing():
        assert waive(story, found.id[:5]).waiver == found.waiver
    assert findings(story) == [] and findings(story, all=True) == [found]
    assert [(one.id, one.kind, one.text) for one in waived(story)] == [(found.id, "canon", f"ch.1 ¶4 {found.text}")]
    assert ("Mara", "eyes", "brown", "ch.1 ¶4") not in told(story) == wanted(story)
    assert go(story, 5, ScriptedLLM([reply("Mara had brown eyes, as ever.")])) == [found.text]  # elsewhere
    (other,) = findings(story)
    assert other.id != found.id and other.place == Place(1, 5)
    with story.editing():
        undo(story, 2)  # the paragraph, and then the waiver
    assert findings(story) == [found] and waived(story) == []
    with story.editing():
        redo(story, 1)
        assert [one.id for one in waived(story)] == [found.id]
        unwaive(story, found.id)
    assert findings(story) == [found] and waived(Story(folder)) == []
    assert told(story) == wanted(story)


def test_a_waiver_that_says_so_makes_the_new_value_hold_from_there_on(folder):
    story = begun(folder)
    go(story, 4, ScriptedLLM([reply(WRONG)]))
    (found,) = findings(story)
    with story.editing():
        waive(story, found.id, canon=True)
    assert [(one.id, one.canon) for one in waived(story)] == [(found.id, True)]
    assert ("Mara", "eyes", "brown", "ch.1 ¶4") in told(story) == wanted(story)
    assert go(story, 5, ScriptedLLM([reply("Mara had brown eyes, as ever.")])) == []
    assert go(story, 6, ScriptedLLM([reply("Mara had green eyes once more.")])) == [
        "Mara's eyes: “green”; “brown” in ch.1 ¶4"
    ]
    with story.editing():
        unwaive(story, found.id)
    assert [one.place for one in findings(story)] == [Place(1, 4), Place(1, 5)]


def test_somebody_dead_whose_scene_is_meant_is_told_of_in_the_next(folder):
    story = begun(folder)
    go(story, 4, ScriptedLLM([reply("Tomas nodded.")]))
    (found,) = findings(story)
    with story.editing():
        waive(story, found.id)
    assert go(story, 5, ScriptedLLM([reply("Tomas smiled.")])) == ["Tomas is dead since ch.1 ¶2, and acts here"]


def test_a_waiver_of_an_older_story_holds_wherever_the_finding_stands(folder):
    story = begun(folder)
    with story.editing():
        story.commit(event("waived", kind="canon", key="Mara, eyes: green > brown", text="ch.1 ¶4 as it was"))
    assert go(story, 5, ScriptedLLM([reply(WRONG), reply("Mara had brown eyes, as ever.")])) == []
    (one,) = waived(story)
    assert one.everywhere and ("Mara", "eyes", "brown", "ch.1 ¶4") in told(story) == wanted(story)
    with story.editing():
        unwaive(story, one.id)
    assert len(findings(story)) == 2


def test_only_a_contradiction_can_become_canon(folder):
    story = begun(folder)
    go(story, 5, ScriptedLLM([reply("It was Thursday."), reply("It was Wednesday.")]))
    (found,) = findings(story)
    with story.editing(), pytest.raises(UsageProblem, match="of the kind timeline"):
        waive(story, found.id, canon=True)


def test_an_id_that_nothing_or_too_much_has_is_refused(folder):
    story = begun(folder)
    with story.editing():
        for id in ("", "zz", "deadbeef"):
            with pytest.raises(Exception, match="there is no finding"):
                waive(story, id)
        with pytest.raises(Exception, match="there is no waiver"):
            unwaive(story, "aa")


def test_the_settings_name_what_there_is(folder):
    begun(folder)
    toml = (folder / "story.toml").read_text()
    (folder / "story.toml").write_text(toml.replace('continuity_check = "auto"', 'continuity_check = "askk"'))
    with pytest.raises(StoryError, match="continuity_check = 'askk'") as caught:
        Story(folder)
    assert caught.value.hint == "Use auto, ask, stop, retry, tell or off."


# Tired phrases.


def test_the_prompt_asks_to_leave_tired_phrases_alone_and_context_shows_the_same_bytes(folder):
    story = begun(folder)
    told = [reply(f"A cold iron silence lay on number {number}.") for number in range(3)]
    go(story, 6, ScriptedLLM(told))
    llm = ScriptedLLM([reply("Rain.")])
    with story.editing():
        request = next_request(story, llm, "first")
    assert "<avoid>\na cold iron silence lay" in request.messages[-1].content
    go(story, 7, llm)
    assert llm.requests[0].messages == request.messages
    toml = (folder / "story.toml").read_text()
    (folder / "story.toml").write_text(toml.replace("avoid = 8", "avoid = 0"))
    without = Story(folder)
    with without.editing():
        assert "<avoid>" not in next_request(without, llm, "first").messages[-1].content


def test_only_the_newest_paragraphs_tire(folder):
    story = begun(folder)
    old = [reply(f"A cold iron silence lay on number {number}.") for number in range(3)]
    words = "apple bridge candle donkey engine feather garden hammer island jacket kettle ladder mirror needle".split()
    new = [reply(f"{one.title()} beside {other}.") for one in words for other in words[:4] if one != other][:40]
    go(story, 46, ScriptedLLM([*old, *new]))
    with story.editing():
        assert "cold iron silence" not in next_request(story, ScriptedLLM([]), "first").messages[-1].content


def test_usage_of_a_reading_is_that_of_its_calls(folder):
    story = begun(folder, continuity="model")
    before = story.record.usage
    go(story, 4, ScriptedLLM([reply("Rain."), facts_reply()]))
    event = story.log.events[-1]
    assert event["usage"]["calls"] == 2 and story.record.usage.calls == before.calls + 2
    assert isinstance(before, Usage)
