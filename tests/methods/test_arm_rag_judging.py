"""ARM-RAG where a check changes its mind, or fails: known answers that are corrected, judges that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Controller, Memory
from memagent.budget import Budget
from memagent.errors import BackendError, BudgetExceeded, Busy, UsageProblem
from memagent.flow import CountOutcome, Flow, KeepRationales, Tell, generate
from memagent.methods.arm_rag import Learnt, Solved, attempts, learn, solve
from memagent.methods.verifying import Verdict, exact, judge, judged, numeric, passes
from memagent.testing import ScriptedLLM
from memagent.trace import Trace
from memagent.types import REFUTED, Rationale

CLIPS = "Natalia sold 48 clips in April and half as many in May. How many clips did she sell?"
LIKE = "Natalia sold 10 clips in June and half as many in July. How many clips did she sell?"
GOOD, BAD = r"48 / 2 = 24, 48 + 24 = 72. \boxed{72}", r"48 * 2 = 96. \boxed{96}"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


def ran(memory: Memory, flow: Flow[Any], llm: Any = None, **options: Any) -> Any:
    return Controller(llm or ScriptedLLM(), memory, retries=0, **options).run(flow).value


def served(memory: Memory, problem: str = LIKE) -> list[str]:
    return [one.reasoning for one in memory.rationales.like(problem)]


def contrasted(memory: Memory) -> list[str]:
    return [one.reasoning for one in memory.rationales.like(LIKE, refuted=True)]


# --- a known answer that is corrected


def test_7_what_was_refuted_is_right_when_the_known_answer_is_corrected(memory: Memory) -> None:
    first: Learnt = ran(memory, learn(CLIPS, [GOOD, BAD], numeric("96"), failures=True))
    assert (served(memory), contrasted(memory)) == ([BAD], [GOOD])
    again: Learnt = ran(memory, learn(CLIPS, [GOOD, BAD], numeric("72"), failures=True))
    assert (served(memory), contrasted(memory)) == ([GOOD], [BAD])
    assert set(again.changed) == set(first.ids)
    assert memory.rationales.count() == 2
    [right] = memory.rationales.like(LIKE)
    assert (right.verified, right.metadata["agreement"]) == ("numeric", 0.5)
    assert ran(memory, learn(CLIPS, [GOOD, BAD], numeric("72"), failures=True)).changed == ()


def test_7_what_was_right_is_served_no_more_also_where_failures_are_not_kept(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [BAD], numeric("96")))
    again: Learnt = ran(memory, learn(CLIPS, [GOOD, BAD], numeric("72")))
    assert served(memory) == [GOOD]
    assert len(again.ids) == len(again.changed) == 1
    [refuted] = memory.rationales.like(LIKE, refuted=True)
    assert (refuted.verified, refuted.metadata["agreement"]) == (f"{REFUTED} by numeric", 0.0)
    llm = ScriptedLLM([r"\boxed{15}"])
    ran(memory, solve(LIKE), llm)
    assert BAD not in llm.requests[0].messages[-1].content


def test_7_a_verdict_that_turns_leaves_the_counts_of_what_followed(memory: Memory) -> None:
    [id] = ran(memory, learn(CLIPS, [BAD], numeric("96"))).ids
    for answer in ("15", "15", "14"):
        ran(memory, solve(LIKE, check=numeric("15")), ScriptedLLM([rf"\boxed{{{answer}}}"]))
    for gold in ("72", "96", "96", "72", "96"):
        ran(memory, learn(CLIPS, [BAD], numeric(gold)))
        one = memory.rationales.get(id)
        assert (one.successes, one.failures) == (2, 1)
        assert one.verified.startswith(REFUTED) == (gold == "72")
    ran(memory, learn(CLIPS, [BAD], numeric("72")))
    ran(memory, solve(LIKE, check=numeric("15"), leak=True), ScriptedLLM([r"\boxed{15}"]))
    assert memory.rationales.get(id).successes == 2  # it was no example


def test_7_an_attempt_is_known_by_its_problem_and_words_whatever_it_was_kept_with(memory: Memory) -> None:
    """From another file, in another spelling of the problem, with another kind of check, kept by its structure."""
    ran(memory, learn(CLIPS.upper().rstrip("?"), [BAD], numeric("96"), source="a.jsonl"))
    ran(memory, learn(CLIPS, [BAD], lambda attempt: True, source="b.jsonl"))
    ran(memory, learn(CLIPS, [BAD], exact("96"), key="structure", nouns=lambda _: ["Natalia", "clips"]))
    ran(memory, learn(LIKE, [BAD], numeric("96")))  # another problem, where the same words were right
    assert memory.rationales.count() == 4
    again = ran(memory, learn(CLIPS, [BAD], numeric("72"), source="c.jsonl"))
    assert len(again.changed) == 3
    [kept] = [one for one in memory.rationales.all() if not one.verified.startswith(REFUTED)]
    assert kept.problem == LIKE


def test_7_what_was_forgotten_comes_back_as_it_is_judged_now(memory: Memory) -> None:
    [id] = ran(memory, learn(CLIPS, [GOOD], numeric("96"), failures=True)).ids
    memory.forget([id])
    again: Learnt = ran(memory, learn(CLIPS, [GOOD], numeric("72")))
    assert again.ids == (id,)
    assert served(memory) == [GOOD]


def test_7_attempts_of_before_are_judged_again_and_not_kept_anew(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [BAD], numeric("96"), source="a.jsonl"))
    learnt: Learnt = ran(memory, learn(CLIPS, [GOOD], numeric("72"), again=[BAD, GOOD + " "], source="b.jsonl"))
    assert (learnt.right, learnt.wrong, len(learnt.verdicts), len(learnt.changed)) == (1, 0, 1, 1)
    assert memory.rationales.count() == 2
    assert served(memory) == [GOOD]
    assert memory.rationales.get(learnt.ids[0]).metadata["agreement"] == 2 / 3


def test_7_a_corrected_answer_changes_all_that_the_memory_has_whatever_is_given(memory: Memory) -> None:
    """With other attempts, with none, in another spelling; by `again=()` what is given is judged, and no more."""
    kept = {}
    for attempt in (BAD, GOOD):
        [kept[attempt]] = ran(memory, learn(CLIPS, [attempt], numeric("96"), failures=True)).ids
    learnt: Learnt = ran(memory, learn(f"{CLIPS.upper()} ", [r"No. \boxed{3}"], numeric("72")))
    assert (learnt.right, learnt.wrong, learnt.unclear, len(learnt.verdicts)) == (0, 1, 0, 1)
    assert set(learnt.changed) == set(kept.values())
    assert (served(memory), contrasted(memory)) == ([GOOD], [BAD])
    assert memory.rationales.get(kept[GOOD]).metadata["agreement"] == pytest.approx(1 / 3)
    assert ran(memory, learn(CLIPS, [], numeric("96"))).changed == learnt.changed
    assert (served(memory), contrasted(memory)) == ([BAD], [GOOD])
    assert ran(memory, learn(CLIPS, [], numeric("72"), again=())).changed == ()
    assert served(memory) == [BAD]
    memory.forget([kept[BAD]])
    assert set(ran(memory, learn(CLIPS, [], numeric("72"))).changed) == set(kept.values())
    memory.restore([kept[BAD]])
    assert (served(memory), contrasted(memory)) == ([GOOD], [BAD])


def test_7_a_solution_is_judged_with_what_the_memory_has_of_the_problem(memory: Memory) -> None:
    ids = ran(memory, learn(CLIPS, [BAD, GOOD], numeric("96"), failures=True)).ids
    solved: Solved = ran(memory, solve(CLIPS, check=numeric("72")), ScriptedLLM([r"Half of it. \boxed{72}"]))
    assert set(solved.changed) == set(ids)
    assert len(solved.learnt) == 1
    assert memory.rationales.get(solved.learnt[0]).metadata["agreement"] == pytest.approx(2 / 3)
    assert contrasted(memory) == [BAD]
    unsure: Solved = ran(memory, solve(CLIPS, check=numeric("96")), ScriptedLLM(["I give up."]))
    assert (unsure.changed, contrasted(memory)) == ((), [BAD])


def test_7_a_check_by_a_model_is_asked_of_what_is_known_too_unless_told_not_to(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [GOOD], numeric("72")))
    llm = ScriptedLLM(['{"right": false, "reason": "no"}'] * 3)
    ran(memory, learn(CLIPS, [BAD], judge(CLIPS), again=()), llm)
    assert (len(llm.requests), served(memory)) == (1, [GOOD])
    ran(memory, learn(CLIPS, [BAD], judge(CLIPS)), llm)
    assert (len(llm.requests), served(memory)) == (3, [])


def test_7_an_unclear_verdict_changes_nothing(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [GOOD], numeric("72")))
    assert ran(memory, learn(CLIPS, [GOOD], lambda attempt: Verdict(None))).changed == ()
    assert served(memory) == [GOOD]


def test_7_what_others_have_shared_is_judged_by_them_alone() -> None:
    with Memory(":memory:") as opened:
        ida, bo = opened.bind(user="ida"), opened.bind(user="bo")
        ran(ida, learn(CLIPS, [BAD], numeric("96"), shared=True))
        assert ran(bo, learn(CLIPS, [BAD], numeric("72"))).changed == ()
        assert served(ida) == served(bo) == [BAD]
        assert len(ran(ida, learn(CLIPS, [BAD], numeric("72"))).changed) == 1
        assert served(ida) == served(bo) == []


def test_an_attempt_without_an_answer_is_kept_by_no_choice(memory: Memory) -> None:
    learnt: Learnt = ran(memory, learn(CLIPS, ["I give up.", BAD], lambda attempt: False, failures=True))
    assert (learnt.wrong, len(learnt.ids)) == (2, 1)
    assert [one.reasoning for one in memory.rationales.all()] == [BAD]


@pytest.mark.parametrize("using", ["dense", "keyword", "hybrid"])
def test_behind_many_attempts_at_the_problem_itself_others_are_found(memory: Memory, using: str) -> None:
    ran(memory, learn(CLIPS, [f"{GOOD} Way {number}." for number in range(70)], numeric("72")))
    ran(memory, learn(LIKE, [r"\boxed{15}"], numeric("15")))
    assert [hit.text[:12] for hit in memory.rationales.search(CLIPS, 1, apart_from=CLIPS, using=using)] == [LIKE[:12]]
    assert [one.problem for one in memory.rationales.like(CLIPS, 1, apart_from=CLIPS, using=using)] == [LIKE]


def test_attempts_that_others_share_are_seen_until_they_forget_them() -> None:
    with Memory(":memory:") as opened:
        ida, bo = opened.bind(user="ida"), opened.bind(user="bo")
        [shared] = ran(ida, learn(CLIPS, [GOOD], numeric("72"), shared=True)).ids
        ran(ida, learn(CLIPS, [r"Mine. \boxed{72}"], numeric("72")))
        [own] = ran(bo, learn(CLIPS, [BAD], numeric("96"))).ids
        assert [one.reasoning for one in bo.rationales.of(f" {CLIPS.upper()}")] == [GOOD, BAD]
        ida.forget([shared])
        bo.forget([own])
        assert [one.reasoning for one in bo.rationales.of(CLIPS)] == [BAD]
        assert bo.rationales.of("Another problem?") == []
        with pytest.raises(UsageProblem, match="the problem is empty"):
            bo.rationales.of(" ")


def test_7_what_is_judged_otherwise_is_so_after_reopening(tmp_path: Any) -> None:
    for gold, right in (("96", [BAD]), ("72", [GOOD])):
        with Memory(tmp_path / "m.db", single_user=True) as memory:
            ran(memory, learn(CLIPS, [GOOD, BAD], numeric(gold), failures=True))
        with Memory(tmp_path / "m.db", single_user=True) as memory:
            assert served(memory) == right


def test_rationales_are_judged_again_by_hand(memory: Memory) -> None:
    [id] = memory.rationales.add([Rationale(CLIPS, BAD, "96", "exact", metadata={"level": 1})])
    assert memory.rationales.rejudge(Rationale(CLIPS, BAD, "")) == []  # it says nothing of who checked it
    assert memory.rationales.rejudge(Rationale(CLIPS, GOOD, "96", f"{REFUTED} by hand")) == []
    assert memory.rationales.rejudge(Rationale(CLIPS, BAD, "", f"{REFUTED} by hand", metadata={"by": "me"})) == [id]
    one = memory.rationales.get(id)
    assert (one.answer, one.verified, one.metadata) == ("96", "refuted by hand", {"level": 1, "by": "me"})
    with pytest.raises(UsageProblem, match="is a str"):
        memory.rationales.rejudge([CLIPS])  # type: ignore[list-item]


@given(st.lists(st.tuples(st.sampled_from([GOOD, BAD]), st.sampled_from(["72", "96"]), st.booleans()), max_size=8))
def test_what_is_served_is_what_the_last_check_found_right(said: list[tuple[str, str, bool]]) -> None:
    kept: set[str] = set()
    with Memory(":memory:", single_user=True) as memory:
        for attempt, gold, failures in said:
            ran(memory, learn(CLIPS, [attempt], numeric(gold), failures=failures))
            kept |= {attempt} if failures or numeric(gold)(attempt).right else set()
            right = {one.reasoning for one in memory.rationales.all() if not one.verified.startswith(REFUTED)}
            assert right == {one for one in kept if numeric(gold)(one).right}


# --- a check that fails


def falls_at(number: int, error: Exception) -> Any:
    seen: list[str] = []

    def check(attempt: str) -> bool:
        seen.append(attempt)
        if len(seen) == number:
            raise error
        return True

    return check


ERRORS = [
    RuntimeError("boom"),
    AssertionError("boom"),
    TypeError("boom"),
    BackendError("boom"),
    UsageProblem("boom"),
    Busy("boom"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_check_that_raises_costs_no_solution(memory: Memory, error: Exception) -> None:
    ran(memory, learn(CLIPS, [GOOD], numeric("72")))
    llm = ScriptedLLM([r"10 + 5. \boxed{15}"])
    result = Controller(llm, memory, retries=0).run(solve(LIKE, check=falls_at(1, error)))
    solved: Solved = result.value
    assert (solved.answer.text, solved.boxed, solved.learnt) == (r"10 + 5. \boxed{15}", "15", ())
    assert solved.verdict is not None
    assert (solved.verdict.right, solved.verdict.answer) == (None, "15")
    assert "boom" in solved.verdict.why
    assert any("could not be judged" in one and "boom" in one for one in solved.answer.problems)
    assert any("boom" in record.step.text for record in result.trace if isinstance(record.step, Tell))
    assert not any(isinstance(record.step, CountOutcome) for record in result.trace)
    assert memory.rationales.count() == 1


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_check_that_raises_at_one_attempt_costs_no_other(memory: Memory, error: Exception) -> None:
    tried = [GOOD, BAD, GOOD + "!"]
    controller = Controller(ScriptedLLM(), memory)
    flow = learn(CLIPS, tried, falls_at(2, error))
    if isinstance(error, UsageProblem):  # what the caller has to set right is still said, when the others are kept
        with pytest.raises(UsageProblem, match="boom"):
            controller.run(flow)
    else:
        result = controller.run(flow)
        learnt: Learnt = result.value
        assert (learnt.right, learnt.wrong, learnt.unclear) == (2, 0, 1)
        assert "boom" in learnt.verdicts[1].why
        [told] = [record.step.text for record in result.trace if isinstance(record.step, Tell)]
        assert "1 of 3 attempts could not be judged" in told
    assert {one.reasoning for one in memory.rationales.all()} == {GOOD, GOOD + "!"}


def test_a_judge_that_is_not_there_costs_no_attempt(memory: Memory) -> None:
    replies: list[Any] = ['{"right": true, "reason": "yes"}', BackendError("gone"), '{"right": false, "reason": "no"}']
    learnt: Learnt = ran(memory, learn(CLIPS, [GOOD, "?", BAD], judge(CLIPS)), ScriptedLLM(replies))
    assert [verdict.right for verdict in learnt.verdicts] == [True, None, False]
    assert served(memory) == [GOOD]
    solved: Solved = ran(memory, solve(LIKE, check=judge(LIKE)), ScriptedLLM([r"\boxed{15}", BackendError("gone")]))
    assert (solved.boxed, solved.verdict and solved.verdict.right) == ("15", None)
    assert solved.answer.problems == ("the solution could not be judged: gone",)


def test_a_check_that_fails_in_the_middle_of_its_flow_is_lived_with(memory: Memory) -> None:
    def check(attempt: str) -> Flow[Verdict]:
        reply = yield from generate("Is it right?")
        raise ValueError(reply.text)

    solved: Solved = ran(memory, solve(LIKE, check=check), ScriptedLLM([r"\boxed{15}", "who knows"]))
    assert (solved.boxed, solved.verdict and solved.verdict.why) == ("15", "the check failed: ValueError: who knows")


def test_programs_that_may_not_run_cost_no_solution(memory: Memory) -> None:
    llm = ScriptedLLM(["```python\nprint(1)\n```"])
    solved: Solved = ran(memory, solve("Print 1.", check=passes("pass")), llm)
    assert "print(1)" in solved.answer.text
    assert "allow_programs" in solved.answer.problems[0]


def test_a_stop_during_a_check_is_an_order_and_no_failure(memory: Memory) -> None:
    def twice(attempt: str) -> Flow[Verdict]:
        yield from generate("Is it right?")
        yield from generate("Really?")
        return Verdict(True)

    with pytest.raises(BudgetExceeded) as stopped:
        ran(memory, judged(twice, GOOD), ScriptedLLM(["yes"] * 2), budget=Budget(calls=1))
    assert stopped.value.partial is None  # and not a verdict that nothing can be told


def test_a_memory_that_cannot_keep_costs_no_solution(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any, **options: Any) -> Any:
        raise Busy("another process writes")

    monkeypatch.setattr(type(memory.rationales), "add", busy)
    solved: Solved = ran(memory, solve(LIKE, check=numeric("15")), ScriptedLLM([r"\boxed{15}"]))
    assert (solved.boxed, solved.verdict and solved.verdict.right, solved.learnt) == ("15", True, ())
    assert solved.answer.problems == ("not all of it could be learnt: another process writes",)


@pytest.mark.parametrize(("attempt", "why"), [("", "empty"), (" \n", "empty"), ("\ud83d \\boxed{1}", "Unicode")])
def test_a_reply_that_cannot_be_kept_is_unclear_and_costs_no_other(memory: Memory, attempt: str, why: str) -> None:
    learnt: Learnt = ran(memory, learn(CLIPS, [attempt, GOOD], lambda attempt: True))
    assert (learnt.right, learnt.unclear) == (1, 1)
    assert why in learnt.verdicts[0].why
    assert served(memory) == [GOOD]


# --- failures that are kept, attempts that come


@pytest.mark.parametrize("failures", [False, True])
def test_a_wrong_solution_is_kept_by_choice_and_shown_as_wrong(memory: Memory, failures: bool) -> None:
    flow = solve(CLIPS, check=numeric("72"), failures=failures)
    solved: Solved = ran(memory, flow, ScriptedLLM([BAD]))
    assert len(solved.learnt) == memory.rationales.count() == failures
    assert (served(memory), contrasted(memory)) == ([], [BAD] * failures)
    llm = ScriptedLLM([r"\boxed{15}"])
    ran(memory, solve(LIKE, contrast=1), llm)
    assert (f"Wrong, not to be followed:\nQuestion: {CLIPS}" in llm.requests[0].messages[-1].content) == failures


def test_attempts_are_handed_over_as_they_come(memory: Memory) -> None:
    came: list[str] = []
    llm = ScriptedLLM([r"\boxed{1}", BackendError("gone"), r"\boxed{3}"])
    tried = ran(memory, attempts(CLIPS, 3, seed=7, came=came.append), llm)
    assert sorted(came) == sorted(tried) == [r"\boxed{1}", r"\boxed{3}"]
    assert tried.problems == ("gone",)
    assert sorted(request.seed or 0 for request in llm.requests) == [7, 8, 9]


def test_a_run_of_learning_is_replayed_without_a_memory(memory: Memory, tmp_path: Any) -> None:
    path = tmp_path / "trace.jsonl"
    flow = learn(CLIPS, [GOOD, BAD], numeric("72"), failures=True)
    learnt = Controller(ScriptedLLM(), memory).run(flow, trace=path).value
    again = Trace.load(path).replay(learn(CLIPS, [GOOD, BAD], numeric("72"), failures=True))
    assert again == learnt
    assert sum(isinstance(record.step, KeepRationales) for record in Trace.load(path)) == 1
