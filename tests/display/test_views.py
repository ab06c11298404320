"""Every display: safe whatever a model wrote, small, and useful as plain text too."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import made
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from looked_at import BAD, check_display, check_html, poisoned

from memagent import Answer, Controller, Hit, Message, Receipt, Request, Result, Trace, Usage
from memagent.differences import in_runs, shown_changes
from memagent.display import lines, show, story, view
from memagent.display.compare import compare
from memagent.display.timeline import alone, placed, total
from memagent.display.told import told as step_told
from memagent.errors import BackendError, UsageProblem
from memagent.flow import gather, generate, retrieve, tell
from memagent.methods.recurrent import Novel
from memagent.methods.redeciding import redecided
from memagent.steps import (
    CountOutcome,
    Generate,
    KeepRationales,
    ReadTriples,
    Rejudge,
    Retrieve,
    Step,
    Tell,
    TriedBefore,
)
from memagent.story.record import StoryRecord
from memagent.testing import ScriptedLLM
from memagent.trace import Record
from memagent.triples import Query, Reading
from memagent.types import Completion, Part, Rationale

HIT = Hit("h1", "Mara keeps the light.", 0.72, {"dense": 0.6}, "dense 0.60 (rank 1)", "Keeper", "notes/keeper.md")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    flare, rat = made.flare_result(), made.rat_result(lost=True)
    states = made.states()
    fact = replace(HIT, kind="fact", triple=("Mara", "keeps", "the light"), path=("Mara", "light"))
    return {
        "hit": fact,
        "hits": view([HIT, fact]),
        "usage": Usage(3, 1200, 240, None, True),
        "receipt": Receipt("forget", {"passages": 2}, ("p1", "p2"), {"p1": "older than a year"}, dry_run=True),
        "trace": rat.trace,
        "flare": flare.value,
        "flare result": flare,
        "again": redecided(flare, theta=0.3),
        "rat": rat.value,
        "rat result": rat,
        "plain": made.plain_result(),
        "story": made.story(tmp_path_factory.mktemp("told") / "light"),
        "state": states[-1],
        "states": view(states),
        "novel": Novel(("First comes fog.", "Then night."), states[-1]),
        "comparison": compare(made.QUESTION, {"flare": flare, "rat": rat, "broken": BackendError("it is down")}),
    }


def events(value: Any) -> StoryRecord:
    return StoryRecord.fold([{"type": "created", "version": 1}, *(poisoned(one) for one in value.record.done)])


def spoilt(value: Any) -> Any:
    if isinstance(value, Trace):
        trace = Trace()
        for record in value:
            trace.add(poisoned(record))
        return trace
    if isinstance(value, Result):
        return Result(poisoned(value.value), spoilt(value.trace))
    return events(value) if hasattr(value, "record") else poisoned(value)


def test_every_display_is_safe_small_and_tidy(results: dict[str, Any]) -> None:
    for value in results.values():
        check_display(value)


def test_no_field_of_any_value_can_break_out(results: dict[str, Any]) -> None:
    for name, value in results.items():
        if name in ("hits", "states", "usage"):
            continue  # views already, and numbers alone
        _, read = check_display(spoilt(value), most=150_000, own=False)
        assert "onerror=alert(1)" in read, name
    check_display(view([poisoned(HIT)]), own=False)


def test_a_step_of_every_kind_is_told_and_none_breaks_out() -> None:
    request = Request((Message("user", BAD),), label=BAD)
    trace = Trace()
    trace.add(Record((0,), Generate(request), Completion(BAD)))
    trace.add(Record((1,), Retrieve(BAD), [poisoned(HIT)]))
    trace.add(Record((2,), Tell(BAD)))
    trace.add(Record((3,), Generate(request), error=BackendError(BAD)))
    _, read = check_display(trace, own=False)
    assert "BackendError" in read and "1 hit for" in read


def test_long_values_are_cut_and_say_so(results: dict[str, Any]) -> None:
    flare, answer = results["flare"], results["rat"]
    long = replace(flare, text="Wort " * 20_000, parts=flare.parts * 40, hits=flare.hits * 40)
    text, read = check_display(long, most=200_000)
    assert "characters more" in read and "170 more sentences" in read and "170 more sentences" in text
    _, read = check_display(view([replace(HIT, text="灯" * 30_000)] * 500))
    assert "and 480 more" in read and "characters more" in read
    check_display(
        replace(answer, parts=tuple(replace(part, draft="x" * 50_000) for part in answer.parts)), most=200_000
    )
    trace = Trace()
    for number in range(2000):
        trace.add(Record((number,), Generate(Request((Message("user", "Q" * 5000),))), Completion("A" * 5000)))
    _, read = check_display(trace)
    assert "and 1968 more" in read


def test_a_flare_answer_of_a_dozen_sentences_stays_under_fifty_kilobytes(results: dict[str, Any]) -> None:
    result = results["flare result"]
    longer = Result(
        replace(result.value, parts=(*result.value.parts, *result.value.parts[1:], *result.value.parts[1:])),
        result.trace,
    )
    check_display(longer)


def test_hits_tell_rank_score_why_and_path() -> None:
    fact = replace(HIT, kind="fact", triple=("Mara", "keeps", "the light"), path=("Mara", "light"))
    text, read = check_display(view([HIT, fact]))
    for said in (text, read):
        for told in ("0.72", "Keeper", "dense 0.60", "notes/keeper.md", "Mara | keeps | the light", "Mara → light"):
            assert told in said
    assert view([]).text == "no hits"


def test_costs_say_what_is_unknown_and_what_is_estimated() -> None:
    assert view(Usage(1, 2000, 10, None, True)).text.endswith(
        "tokens in about 2,000 · out about 10 · cost price unknown"
    )
    assert "cost $0.0150" in view(Usage(1, 2, 3, 0.015)).text


def test_flare_shows_doubtful_tokens_queries_and_the_rewrite(results: dict[str, Any]) -> None:
    text, read = check_display(results["flare"])
    html = results["flare"]._repr_mimebundle_()["text/html"]
    assert 'title="0.21" style="background:rgba(214, 69, 65' in html
    assert 'title="0.97"> kept</span>' in html
    assert "<del" in html and "1888 alone</del>" in html and "her brother sailed</ins>." in html
    assert "looked up 2 of 4 after the first" in text and "looked up: The lamp burns  oil." in text
    assert "[-whale-]{+colza+}" in text
    assert [f"theta {theta}" in read for theta in ("0.2", "0.5", "0.8")] == [True] * 3
    assert html.count("<svg") == 3


def test_flare_without_log_probabilities_says_what_it_went_by() -> None:
    replies = [made.said("Gull Point has a light."), *[made.said("Mara keeps it.", more=False)] * 4]
    bare = [replace(reply, tokens=()) for reply in replies]
    with made.memory() as memory:
        from memagent import flare

        result = Controller(ScriptedLLM([*bare, "one", "two"], can=("prefill", "stop", "seed")), memory).run(
            flare("Who?")
        )
    text, read = check_display(result)
    assert "confidence by agreement of a few samples" in " ".join(text.split())
    assert "the model gives no log-probabilities" in read


def test_rat_shows_thought_query_passage_and_what_each_changed(results: dict[str, Any]) -> None:
    text, read = check_display(results["rat"])
    assert "[-1890-]{+1892+}." in text and "because of Lamp" in text
    assert "looked up: Gull Point lamp, keeper and bell" in text
    assert "refused" in read and "14 characters where" in read and made.DRAFTED[0] in read


def test_a_trace_is_a_waterfall_with_branches_at_once() -> None:
    trace = Trace()
    for path, seconds in (((0,), 1.0), ((1, 0, 0), 2.0), ((1, 0, 1), 1.0), ((1, 1, 0), 4.0), ((2,), 0.5)):
        trace.add(Record(path, Tell(f"step {path}"), seconds=seconds))
    found = [(one.depth, one.start, one.seconds) for one in placed(trace)]
    assert found == [(0, 0.0, 1.0), (0, 1.0, 4.0), (1, 1.0, 2.0), (1, 3.0, 1.0), (1, 1.0, 4.0), (0, 5.0, 0.5)]
    assert total(trace) == 5.5
    text, _ = check_display(trace)
    assert "at once" in text and "2 branches" in text and "    ·" not in text.splitlines()[1]


def test_what_ran_beside_nothing_stands_where_it_ran() -> None:
    trace = Trace()
    for path in ((0,), (1, 0, 0), (2, 0, 0), (2, 0, 1, 0, 0), (2, 0, 1, 1, 0), (3,)):
        trace.add(Record(path, Tell(f"step {path}"), seconds=1.0))
    told = [(one.depth, one.record.step.text if one.record else one.branches) for one in alone(placed(trace))]
    assert told == [
        (0, "step (0,)"), (0, "step (1, 0, 0)"), (0, "step (2, 0, 0)"), (0, 2), (1, "step (2, 0, 1, 0, 0)"),
        (1, "step (2, 0, 1, 1, 0)"), (0, "step (3,)"),
    ]  # fmt: skip


def test_a_call_shows_what_of_the_reply_stood_there_already() -> None:
    _, read = check_display(made.flare_result())
    assert "the reply as far as it is there" in read and "every call and search: calls" in read


def test_scores_of_several_ways_are_not_set_beside_each_other() -> None:
    compared = compare(made.QUESTION, {"plain": made.plain_result(), "flare": made.flare_result()})
    scores = {f"{hit.score:.2f}" for row in compared.rows for hit in row.evidence}
    _, read = check_display(compared)
    assert scores and not any(score in read for score in scores)


def test_a_revision_that_lost_the_text_is_told_as_it_came_and_not_as_a_difference() -> None:
    text, read = check_display(made.rat_result(lost=True))
    assert "all that came back: Mara rings it." in " ".join(text.split()) and "[-The lamp" not in text
    assert "all that came back: Mara rings it." in read


def test_the_bars_of_a_short_memory_have_their_limit() -> None:
    view_of = story.of_states(made.states(), 20)
    assert "limit 20" in check_html(view_of.html) and "limit" not in check_html(story.of_states(made.states()).html)
    assert view_of.html.count("stroke-dasharray") == 1


def test_a_call_is_told_whole_where_there_is_room_and_else_with_its_beginning_and_its_end() -> None:
    trace = Trace()
    asked = f"THE PLAN{' .' * 2000}THE PARAGRAPH BEFORE"
    trace.add(Record((0,), Generate(Request((Message("user", asked),))), Completion("Done.")))
    _, read = check_display(trace)
    assert asked in read and "characters more" not in read
    for number in range(1, 9):
        trace.add(Record((number,), Generate(Request((Message("system", "Be brief."),))), Completion(f"{number}!")))
        trace.add(Record((9 + number,), Generate(Request((Message("user", asked),))), Completion("Done.")))
    _, read = check_display(trace)
    for said in ("THE PLAN", "THE PARAGRAPH BEFORE", "characters more", "Be brief.", "8!"):
        assert said in read, said


def test_every_step_of_a_run_has_a_name_in_words() -> None:
    problem = Rationale("Two and two?", "2 + 2 = 4.", "4")
    steps: list[tuple[Step, Any, str]] = [
        (TriedBefore(problem.problem), [], "look back no attempts kept before for Two and two?"),
        (KeepRationales((problem,)), ["r1"], "keep 1 rationale for Two and two?"),
        (Rejudge((problem,)), ["r1"], "judge again 1 verdict changed, of attempts kept for Two and two?"),
        (ReadTriples((Query(None, "built", "the Wren"),)), Reading(), "read ? · built · the Wren"),
        (CountOutcome(("r1", "r2"), success=False), 2, "count 2 examples shown before a wrong answer"),
    ]
    trace = Trace()
    for number, (step, answer, _) in enumerate(steps):
        trace.add(Record((number,), step, answer))
    text, _ = check_display(trace)
    for step, answer, said in steps:
        assert " ".join(step_told(Record((0,), step, answer))) == said
        assert step_told(Record((0,), step, answer))[0] in text


def test_a_trace_says_which_steps_were_replayed(tmp_path: Path) -> None:
    def flow() -> Any:
        yield from tell("first")
        yield from gather(retrieve("lamp"), generate("Who?"))

    with made.memory() as memory:
        path = tmp_path / "run.jsonl"
        fresh = Controller(ScriptedLLM(["Mara."]), memory).run(flow(), trace=path).trace
        again = Controller(ScriptedLLM([]), memory).run(flow(), trace=path).trace
    assert "replayed" not in view(fresh).text
    assert "replayed 3" in view(again).text and view(again).text.count("(replayed)") == 3
    again.add(Record((0,), Tell("first")))
    assert "replayed 2" in view(again).text


def test_a_story_shows_memory_as_a_diff_and_the_plan_that_was_followed(results: dict[str, Any]) -> None:
    text, read = check_display(results["story"])
    story = results["story"]
    assert "the short memory was edited by hand" in text and "{+ She keeps his letter under the" in text
    assert story.state.followed and read.count("chosen") >= 3
    assert "came to mind: ¶" in text and "words of the short memory, step by step" in read
    _, read = check_display(results["states"])
    assert "2. chosen A boat is seen in the rain." in read and "¶2" in read


def test_a_long_story_shows_its_newest_steps_and_the_others_in_a_line_each(results: dict[str, Any]) -> None:
    record = results["story"].record
    more = [{**event, "memory": f"{event['memory']} Rain {n}.", "plans": event["plans"]}
            for n in range(30) for event in record.done[-1:]]  # fmt: skip
    longer = StoryRecord.fold([{"type": "created", "version": 1}, *record.done, *more])
    text, read = check_display(longer)
    assert "paragraphs 36" in text and "¶36 " in text and "earlier steps" in read
    assert "steps before" in read


def test_the_chosen_plan_is_in_the_log_of_the_story(results: dict[str, Any]) -> None:
    reopened = StoryRecord.fold(type(results["story"])(results["story"].folder).log.read())
    assert reopened.state is not None
    assert reopened.state.followed == results["story"].state.followed != ""
    assert view(reopened).text == view(results["story"]).text


def test_a_comparison_is_one_table_of_all(results: dict[str, Any]) -> None:
    text, read = check_display(results["comparison"])
    rows = {row.method: row for row in results["comparison"].rows}
    assert (rows["flare"].usage.calls, rows["flare"].searches, len(rows["flare"].evidence)) == (7, 3, 3)
    assert rows["rat"].usage.calls == results["rat result"].usage.calls
    assert "BackendError: it is down" in text and "BackendError: it is down" in read
    with pytest.raises(UsageProblem, match="nothing to compare"):
        compare("?", {})
    with pytest.raises(UsageProblem, match="plain: a str is no result"):
        compare("?", {"plain": "Mara"})  # type: ignore[dict-item]


def test_recitations_are_shown_as_unverified() -> None:
    recited = Part("", "Mara was born in 1860.", "recited", "unverified")
    text, read = check_display(Answer("Mara.", (HIT,), (recited, Part("Mara.", "Mara.", "first"))))
    assert "recited, unverified: Mara was born in 1860." in text and "unverified" in read


def test_what_is_no_answer_is_shown_as_text() -> None:
    text, _ = check_display(Result("Twelve bells. " * 20, Trace()))
    assert text.startswith("Twelve bells.")


@contextlib.contextmanager
def printed() -> Iterator[io.StringIO]:
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        yield sys.stdout
    finally:
        sys.stdout = before


def test_show_prints_hits_and_other_values_in_a_terminal() -> None:
    with printed() as out:
        show([HIT], Usage(2, 3, 4))
    assert "0.72" in out.getvalue() and "calls 2" in out.getvalue()
    mixed = view([HIT, Usage(2, 3, 4)])
    assert "0.72" in mixed.text and "calls 2" in mixed.text
    with pytest.raises(UsageProblem, match="a dict has no view"):
        view([HIT, {}])


@given(st.text(st.characters(codec="utf-8"), max_size=400), st.sampled_from(["", "    ", "灯 "]))
@example("0\n\n0", "灯 ")
def test_wrapped_text_has_all_its_signs_and_no_line_of_more_than_eighty_columns(text: str, indent: str) -> None:
    wrapped = lines.wrapped(text, indent, "")
    assert max(lines.columns(line) for line in wrapped.split("\n")) <= lines.WIDTH
    kept = "".join(f"{line} ".removeprefix(indent) for line in wrapped.split("\n"))
    assert "".join(kept.split()) == "".join(lines.clean(text.strip()).split())


@given(st.lists(st.sampled_from(["a", "b.", "灯", "c d", "\n", "e" * 30, "f g, h i"]), max_size=60), st.data())
def test_a_diff_with_few_words_around_has_every_change(words: list[str], data: st.DataObject) -> None:
    other = data.draw(st.permutations(words)) if len(words) < 12 else words[3:]
    before, after = " ".join(words), " ".join(other)
    around = list(lines.changes(before, after, 2))
    full = list(in_runs(shown_changes(before.strip(), after.strip())))
    assert [(gone, come) for _, gone, come in around] == [(gone, come) for _, gone, come in full]
    assert sum(len(same) for same, _, _ in around) <= sum(len(same) for same, _, _ in full) + 3 * len(full)


def test_chinese_is_wrapped_by_columns() -> None:
    text, _ = check_display(view([replace(HIT, text="在雾中，灯塔看守人每分钟敲一次钟。" * 12, title="")]))
    assert len(text.splitlines()) > 4
