"""What a story spends: no call that its limit cannot pay, no reply without an end, and all that was paid is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spending_models import Priced, endless, usual

from memagent import Budget, Controller, Story, Usage
from memagent.errors import BudgetExceeded, Interrupted, MemagentError, ReplyError
from memagent.flow import StepStarted, TokenReceived
from memagent.story import drafts, estimate, planning, reading_back, revising, spending
from memagent.story.check_deep import look_deep, unlooked
from memagent.story.config import StoryConfig
from memagent.story.continuity import read_all
from memagent.story.manuscript import Place
from memagent.story.more_plans import think_again
from memagent.types import Request


def begun(folder: Path, paragraphs: int = 5, **settings: Any) -> tuple[Story, Priced]:
    story, llm = Story.create(folder, "A lamp goes out.", StoryConfig(select="first", **settings)), Priced()
    if paragraphs:
        story.write(paragraphs, llm=llm)
    return story, llm


def all_of(story: Story) -> Usage:
    """What `memagent story cost` says in all."""
    story = Story(story.folder)
    return story.record.usage + story.unfinished()


def bill(usage: Usage) -> tuple[int, int, int, float]:
    """A usage as one compares it."""
    return usage.calls, usage.input_tokens, usage.output_tokens, round(usage.cost or 0.0, 9)


def once_endless(label: str) -> Callable[[Request], str]:
    return lambda request: endless(request) if request.label.endswith(label) else usual(request)


STEPS: dict[str, Callable[[Story, Controller], Any]] = {
    "more": think_again,
    "plan": lambda story, controller: planning.propose(story, controller, 1, 3, 3),
    "rewrite": lambda story, controller: revising.offer(story, controller, Place(1, 2), "shorter"),
    "refresh": lambda story, controller: revising.take(story, controller, Place(1, 2), "Another text."),
    "follow": lambda story, controller: reading_back.read_back(story, controller),
}


def go(story: Story, llm: Priced, label: str, limit: float | None = None) -> None:
    """Take a step whose call has this label."""
    with story.editing():
        STEPS[label](story, spending.controller(story, llm, story.memory, budget=Budget(cost=limit)))


def test_no_call_is_made_that_a_limit_cannot_pay_as_usual_so_that_none_is_cut(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 0)
    with pytest.raises(BudgetExceeded, match="the next call may need") as stop:
        story.write(30, llm=llm, budget=Budget(cost=0.25))
    assert len(llm.requests) >= 3 and stop.value.cut is None
    assert bill(all_of(story)) == bill(llm.billed) and (llm.billed.cost or 0) < 0.25
    assert story.unfinished() == Usage()  # every call became a paragraph
    assert stop.value.need["cost"] + (llm.billed.cost or 0) > 0.25


def test_what_is_usual_is_learnt_from_the_story_itself(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 6, sentences=2)  # a few words are asked for, and 200 come
    [heard] = {one["usage"]["output_tokens"] for one in story.log.events if one.get("number", 0) > 3}
    guessed = spending.usual(story.config)["recurrent/step"]
    assert guessed > heard // 2
    calls, said = len(llm.requests), spending.replies(Story(story.folder), llm.name)
    assert said.heard["recurrent/step"] == heard
    with pytest.raises(BudgetExceeded):
        Story(story.folder).write(1, llm=llm, budget=Budget(tokens=llm.requests[-1].max_tokens and heard + 500))
    assert len(llm.requests) == calls
    assert spending.replies(story, "openai:another").heard == {}  # of another model nothing is known
    newest = max((story.folder / ".memagent" / "runs").glob("*.jsonl"))
    newest.write_bytes(newest.read_bytes()[:-300])  # a torn line says nothing of lengths
    assert spending.replies(story, llm.name).heard["recurrent/step"] == heard


def test_every_reply_has_an_end_with_a_limit_and_without(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 6)
    for label in STEPS:
        go(story, llm, label)
    assert llm.longest <= 16_000
    runaway = Priced(endless)
    for budget in (None, Budget(cost=5.0)):
        with pytest.raises(ReplyError, match="the reply had no end: it was cut at"):
            story.write(1, llm=runaway, budget=budget)
    assert runaway.longest <= 8_000 and len(runaway.requests) == 2  # and is not asked for a second time
    (story.folder / "story.toml").write_text('select = "first"\nreply_tokens = 900\n')
    with pytest.raises(ReplyError, match="cut at 900 tokens"):
        Story(story.folder).write(1, llm=runaway)


@pytest.mark.parametrize("label", ["step", *STEPS])
def test_a_reply_without_an_end_is_a_failed_step_that_names_its_model_and_its_price(tmp_path: Path, label: str) -> None:
    story, first = begun(tmp_path / "lamp", 5)
    before, runaway = story.record.paragraphs, Priced(once_endless(label))
    for limit in (None, 0.3):
        with pytest.raises(ReplyError, match="had no end") as failed:
            if label == "step":
                story.write(1, llm=runaway, budget=Budget(cost=limit))
            else:
                go(story, runaway, label, limit)
        assert "rejected" in failed.value.hint
    story = Story(story.folder)
    assert story.record.paragraphs == before and story.unfinished() == Usage()
    assert bill(story.record.usage) == bill(first.billed + runaway.billed) and len(runaway.requests) == 2
    assert estimate.by_model(story).keys() == {"openai:fake"}
    assert bill(estimate.by_kind(story)["failed steps"]) == bill(runaway.billed)


def test_what_a_limit_cut_all_the_same_is_told_and_counted_once(tmp_path: Path) -> None:
    story, first = begun(tmp_path / "lamp", 5)
    longer = Priced(lambda request: usual(request).replace("word", "word word"))  # than ever before
    with pytest.raises(BudgetExceeded) as stop:
        story.write(1, llm=longer, budget=Budget(tokens=1_650))
    assert stop.value.cut is not None and stop.value.cut.output_tokens == longer.billed.output_tokens
    assert bill(story.unfinished()) == bill(longer.billed) and bill(all_of(story)) == bill(first.billed + longer.billed)
    story.write(1, llm=longer)
    assert Story(story.folder).unfinished() == Usage() and bill(all_of(story)) == bill(first.billed + longer.billed)
    written = story.log.events[-1] if "usage" in story.log.events[-1] else story.log.events[-2]
    assert written["lost"]["output_tokens"] == stop.value.cut.output_tokens
    assert estimate.measured(story).usage.output_tokens < 2_000  # what was cut is no part of a paragraph's price


def test_a_step_that_was_stopped_and_is_not_gone_on_with_stays_counted(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 5, continuity="model")
    with pytest.raises(BudgetExceeded):
        story.write(1, llm=llm, budget=Budget(calls=1))
    assert bill(all_of(story)) == bill(llm.billed)
    with story.editing():
        drafts.undo(story)
    assert bill(all_of(story)) == bill(llm.billed)
    story.write(2, llm=llm)  # the trace of the step that was left holds another prompt: its answer is of no use now
    assert bill(all_of(story)) == bill(llm.billed) and story.unfinished() == Usage()


def test_a_call_that_is_left_counts_as_far_as_it_was_heard(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 5)
    heard: list[str] = []

    def listener(event: Any) -> None:
        if isinstance(event, TokenReceived):
            heard.append(event.text)
            if len(heard) == 50:
                raise Interrupted("enough")

    with pytest.raises(Interrupted):
        story.write(1, llm=llm, on_event=listener)
    left = Story(story.folder).unfinished()
    assert left.calls == 1 and left.estimated and left.input_tokens > 100 and left.output_tokens >= 40
    with pytest.raises(KeyboardInterrupt):  # before anything was heard: what was sent is billed at least

        def at_once(request: Request) -> str:
            raise KeyboardInterrupt

        story.write(1, llm=Priced(at_once))
    again = Story(story.folder).unfinished()
    assert again.calls == 2 and again.output_tokens == left.output_tokens
    assert again.input_tokens >= 1.9 * left.input_tokens


def test_a_model_is_not_answered_from_what_another_found(tmp_path: Path) -> None:
    story, first = begun(tmp_path / "lamp", 5)
    second = Priced(name="openai:other")
    for llm in (first, second):
        calls = len(llm.requests)
        with story.editing():
            look_deep(story, spending.controller(story, llm, story.memory), unlooked(story, llm))
        assert len(llm.requests) == calls + 1
    assert bill(all_of(story)) == bill(first.billed + second.billed)
    used = {name: bill(usage) for name, usage in estimate.by_model(story).items()}
    assert used == {"openai:fake": bill(first.billed), "openai:other": bill(second.billed)}
    assert estimate.by_chapter(story).keys() == {"ch.1", "checks"}


@pytest.mark.parametrize("says", [endless, lambda request: "no"])
def test_a_model_of_no_use_is_not_asked_for_every_paragraph(tmp_path: Path, says: Callable[[Request], str]) -> None:
    story, _ = begun(tmp_path / "lamp", 9)
    llm, told = Priced(says), list[str]()
    with story.editing():
        controller = spending.controller(story, llm, story.memory)
        problems = read_all(story, controller, on_read=lambda *_: None, on_problem=told.append)
    assert problems == told and len(problems) == 4 and "enough" in problems[-1]
    assert sum(one["type"] == "failed" for one in story.log.events) == 3
    assert bill(estimate.by_kind(story)["failed steps"]) == bill(llm.billed)


def test_more_is_reckoned_from_paragraphs_alone(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 8)
    before = estimate.measured(story)
    assert before.paragraphs == 5 and before.words >= 1_000
    with story.editing():
        controller = spending.controller(story, llm, story.memory)
        think_again(story, controller)
        planning.propose(story, controller, 1, 3, 3)
        revising.offer(story, controller, Place(1, 2), "shorter")
        look_deep(story, controller, unlooked(story, llm))
        read_all(story, controller, on_read=lambda *_: None)
    with pytest.raises(ReplyError):
        story.write(1, llm=Priced(endless))
    story = Story(story.folder)
    assert estimate.measured(story) == before
    story.write(1, llm=llm)
    with story.editing():
        drafts.undo(story)  # nor what is not in the story any more
    assert estimate.measured(story) == before
    guess = estimate.estimate(story.config, 10, so_far=before, have=8)
    assert guess.words == 2 * before.words and guess.output_tokens == 2 * before.usage.output_tokens


def test_an_imported_story_is_reckoned_as_one_of_which_nothing_is_known(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 3)
    fresh = estimate.estimate(story.config, 10, have=3)
    with story.editing():
        look_deep(story, spending.controller(story, llm, story.memory), unlooked(story, llm))
    assert estimate.estimate(story.config, 10, so_far=estimate.measured(story), have=3) == fresh


def test_the_guess_for_a_fresh_story_holds_what_offline_and_long_paragraphs_use(tmp_path: Path) -> None:
    for select in ("first", "model"):
        for long in (False, True):
            config = StoryConfig(llm="offline", select=select)  # type: ignore[arg-type]
            story = Story.create(tmp_path / f"{select}{long}", "A thief inherits a bakery.", config)
            guess = estimate.estimate(config, 10, model="openai:gpt-4o", beside=estimate.beside(story))
            if long:
                says = lambda request: usual(request).replace("word ", "word word ")  # noqa: E731 - of 400 words each
                story.write(10, llm=Priced(says))
            else:
                story.write(10)
            used = story.record.usage
            paid = estimate.cost_of("openai:gpt-4o", used.input_tokens, used.output_tokens)
            assert guess.low is not None and guess.high is not None and paid is not None
            assert guess.low < paid < guess.high, (select, long)


def test_backends_of_this_machine_keep_their_own_end(tmp_path: Path) -> None:
    story, _ = begun(tmp_path / "lamp", 0)
    for name in ("offline", "transformers:tiny"):
        assert not spending.replies(story, name).most
    assert spending.replies(story, "openai:gpt-5-mini").most["recurrent/step"] > 8_000
    long = spending.replies(story, "openai:gpt-5-mini", chapters=100)
    assert long.guessed["recurrent/plan"] > 4_000 and long.most["recurrent/plan"] > 8_000


def test_a_log_from_before_traces_were_named_counts_nothing_twice(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 5)
    log = story.log.path
    text = log.read_text(encoding="utf-8")
    for name in {one["trace"] for one in story.log.events if "trace" in one}:
        text = text.replace(f', "trace": "{name}"', "")
    log.write_text(text, encoding="utf-8")
    assert bill(all_of(story)) == bill(llm.billed)


def test_what_is_heard_is_heard_by_who_listens_too(tmp_path: Path) -> None:
    story, llm = begun(tmp_path / "lamp", 0)
    heard: list[Any] = []
    story.write(3, llm=llm, on_event=heard.append)
    assert any(isinstance(event, StepStarted) for event in heard)
    with pytest.raises(MemagentError):
        story.write(1, llm=Priced(endless), on_event=heard.append)
