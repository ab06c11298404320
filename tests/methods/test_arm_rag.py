"""ARM-RAG: the nine checks of its specification, by number, and what it learns, forgets and survives."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Controller, Memory
from memagent.budget import Budget
from memagent.errors import BackendError, BudgetExceeded, UsageProblem
from memagent.flow import FindRationales, Flow, Tell
from memagent.methods.amounts import value
from memagent.methods.arm_rag import Learnt, Solved, attempts, learn, solve
from memagent.methods.obfuscating import nouns_in, obfuscated, structure
from memagent.methods.verifying import Verdict, boxed, checked, exact, judge, numeric, passes
from memagent.stores.keys import problem_key
from memagent.testing import ScriptedLLM
from memagent.types import REFUTED

CLIPS = "Natalia sold 48 clips in April and half as many in May. How many clips did she sell?"
CART = "Ann paints 3 carts with art in 2 days. How many carts does Ann paint in 6 days?"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


def right(answer: str, way: str = "It follows.") -> str:
    return rf"{way} So \boxed{{{answer}}}."


def ran(memory: Memory, flow: Flow[Any], llm: Any = None, **options: Any) -> Any:
    return Controller(llm or ScriptedLLM(), memory, retries=0, **options).run(flow).value


# --- the checks


@pytest.mark.parametrize(
    ("found", "gold", "same"),
    [
        ("70,000", "70000", True),
        ("1080", "1,080", True),
        ("$70000", "70000", True),
        ("70000.0", "70000", True),
        ("7", "70000", False),
        (r"\$70,000", "70000", True),
        ("70,000 dollars", "70000", True),
        ("70 thousand", "70000", True),
        (r"\frac{1}{2}", "0.5", True),
        (r"25\%", "25", True),
        (r"\text{5 apples}", "5", True),
        ("x = 12", "12", True),
        ("−3", "-3", True),
        (".5", "1/2", True),
        ("1,2,3", "123", None),
        ("5 or 6", "5", None),
        ("many", "5", None),
        ("1/0", "0", None),
    ],
)
def test_1_numbers_are_compared_by_value(found: str, gold: str, same: bool | None) -> None:
    assert numeric(gold)(right(found)).right is same


def test_1_without_a_box_nothing_is_kept(memory: Memory) -> None:
    learnt: Learnt = ran(memory, learn(CLIPS, ["It is 72."], numeric("72")))
    assert (learnt.right, learnt.wrong, learnt.unclear, learnt.ids) == (0, 0, 1, ())
    assert memory.rationales.count() == 0


@pytest.mark.parametrize(
    ("text", "box"),
    [
        (r"First \boxed{5} then {x} done \boxed{7}.", "7"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{a} and \boxed{b", "a"),
        (r"\fboxed {3}", "3"),
        ("none", None),
        (r"\boxed{}", ""),
    ],
)
def test_2_the_last_balanced_box_counts(text: str, box: str | None) -> None:
    assert boxed(text) == box


def test_3_one_rationale_a_problem_and_as_many_problems_as_there_are(memory: Memory) -> None:
    attempts = [right("72", "Long and winding."), right("72", "Short."), right("72", "Middling way."), right("1"), "?"]
    learnt = ran(memory, learn(CLIPS, attempts, numeric("72")))
    assert (learnt.right, learnt.wrong, learnt.unclear, len(learnt.ids)) == (3, 1, 1, 3)
    assert len(memory.rationales.like(CLIPS, 5)) == 1
    for number in range(3):
        ran(
            memory, learn(f"How many clips did seller {number} sell?", [right("1"), right("1", "Or so.")], numeric("1"))
        )
    found = memory.rationales.like(CLIPS, 5)
    assert len(found) == len({one.problem for one in found}) == 4
    assert found[0].reasoning == right("72", "Short.")
    assert found[0].metadata["agreement"] == 3 / 5


def test_4_the_problem_itself_is_no_example_unless_asked_for(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [right("72")], numeric("72")))
    for leak in (False, True):
        solved: Solved = ran(memory, solve(CLIPS, leak=leak), ScriptedLLM([right("72")]))
        assert len(solved.answer.hits) == leak


KEYS = ("plain", "obfuscated", "structure")


def nouns_of(problem: str) -> list[str]:
    known = ("Natalia", "clips", "April", "May", "Bo", "pies", "Al", "cakes", "June", "July", "clip", "pie")
    return [word for word in known if word in problem]


@pytest.mark.parametrize("kept", KEYS)
@pytest.mark.parametrize("asked", KEYS)
def test_4_the_problem_itself_is_no_example_whatever_the_keys(memory: Memory, kept: Any, asked: Any) -> None:
    ran(memory, learn(CLIPS, [right("72")], numeric("72"), key=kept, nouns=nouns_of))
    for leak in (False, True):
        flow = solve(CLIPS, key=asked, nouns=nouns_of, leak=leak)
        solved: Solved = ran(memory, flow, ScriptedLLM([right("1")]))
        assert len(solved.answer.hits) == leak


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "spelt",
    [CLIPS.rstrip("?"), CLIPS.replace("sell?", "sell ?"), CLIPS.upper(), f" {CLIPS}  ", CLIPS.replace("?", "\uff1f")],
)
def test_4_the_problem_is_itself_however_it_is_spelt(memory: Memory, key: Any, spelt: str) -> None:
    ran(memory, learn(CLIPS, [right("72")], numeric("72"), key=key, nouns=nouns_of))
    solved: Solved = ran(memory, solve(spelt, key=key, nouns=nouns_of, contrast=1), ScriptedLLM([right("1")]))
    assert solved.answer.hits == ()


def test_4_other_problems_of_the_same_structure_are_examples(memory: Memory) -> None:
    for problem in ("Bo bakes 3 pies.", "Al bakes 3 cakes."):
        ran(memory, learn(problem, [right("3")], numeric("3"), key="structure", nouns=nouns_of))
    llm = ScriptedLLM([right("3")])
    solved: Solved = ran(memory, solve("Natalia bakes 3 clips.", key="structure", nouns=nouns_of), llm)
    assert {memory.rationales.get(hit.id).metadata["problem"] for hit in solved.answer.hits} == {
        "Bo bakes 3 pies.",
        "Al bakes 3 cakes.",
    }


def test_4_a_problem_in_other_words_is_left_out_by_its_id(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [right("72")], numeric("72"), id="p17"))
    other = "In April 48 clips were sold, and half as many in May. What is the sum?"
    for id, examples in (("p17", 0), ("p1", 1), ("", 1)):
        solved: Solved = ran(memory, solve(other, id=id), ScriptedLLM([right("72")]))
        assert len(solved.answer.hits) == examples
    ran(memory, solve(other, id="p17", check=numeric("72")), ScriptedLLM([right("72")]))
    assert [one.metadata["problem_id"] for one in memory.rationales.all()] == ["p17", "p17"]
    assert len(memory.rationales.search(other, apart_from_id="p17")) == 0
    assert len(memory.rationales.search(other, apart_from=other)) == 1


@given(st.text(max_size=30), st.sampled_from(["", "?", " ?", "...", "\u3002", "!"]))
def test_4_last_signs_and_case_make_no_other_problem(text: str, last: str) -> None:
    if problem_key(text)[-1:].isdigit() or not problem_key(text).strip(" .?!,:;\u2026\u3002\u3001\u061f\u06d4\u0964"):
        return  # a figure, of which "!" is a part, or nothing but such signs
    assert problem_key(f" {text}{last}".upper().lower()) == problem_key(text.upper().lower())
    assert problem_key("What is 5!") != problem_key("What is 5?") == problem_key("what is  5")


@pytest.mark.parametrize("key", ["obfuscated", "structure"])
def test_5_the_prompt_has_the_nouns_and_the_query_has_none(memory: Memory, key: Any) -> None:
    llm = ScriptedLLM(['{"nouns": ["Natalia", "clip", "April", "May"]}', right("72")])
    result = Controller(llm, memory).run(solve(CLIPS, key=key))
    [step] = [record.step for record in result.trace if isinstance(record.step, FindRationales)]
    assert not any(noun in step.problem for noun in ("Natalia", "clip", "April", "May"))
    assert "48" in step.problem
    assert CLIPS in llm.requests[1].messages[-1].content
    assert CLIPS not in step.problem


def test_6_words_are_replaced_as_words_the_same_each_time_and_without_a_limit() -> None:
    assert "cart" in obfuscated(CART, ["art"])
    assert " art" not in obfuscated(CART, ["art"])
    assert obfuscated(CART, ["Ann", "cart"], seed=1) == obfuscated(CART, ["Ann", "cart"], seed=1)
    assert obfuscated(CART, ["Ann", "cart"], seed=1) != obfuscated(CART, ["Ann", "cart"], seed=2)
    nouns = [f"noun{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(30)]
    words = obfuscated(" ".join(nouns), nouns).split()
    assert len(set(words)) == 30
    assert not set(words) & set(nouns)


@pytest.mark.parametrize(
    ("listed", "forms"),
    [
        ("city", ["city", "cities", "Cities"]),
        ("cities", ["city", "cities"]),
        ("clips", ["clip", "clips"]),
        ("box", ["box", "boxes"]),
        ("boxes", ["box", "boxes"]),
        ("knife", ["knife", "knives"]),
        ("wolves", ["wolf", "wolves"]),
        ("child", ["child", "children"]),
        ("people", ["person", "people"]),
        ("glass", ["glass", "glasses"]),
        ("toy", ["toy", "toys"]),
        ("hotel bill", ["hotel bill", "hotel bills"]),
    ],
)
def test_5_a_noun_is_replaced_in_both_its_forms_and_by_one_word(listed: str, forms: list[str]) -> None:
    problem = " and ".join(forms)
    words = obfuscated(problem, [listed]).split(" and ")
    single = min(words, key=len)
    assert not {part for word in words for part in word.split()} & {part for form in forms for part in form.split()}
    assert set(words) <= {single, f"{single}s", f"{single}es"}
    assert set(structure(problem, [listed]).split(" and ")) <= {"thing1", "thing1s", "thing1es"}


def test_6_words_are_the_same_in_every_process() -> None:
    script = (
        f"from memagent.methods.obfuscating import obfuscated; print(obfuscated({CART!r}, ['Ann', 'cart'], seed=1))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert said == {obfuscated(CART, ["Ann", "cart"], seed=1)}


def test_6_structure_numbers_what_a_problem_is_about() -> None:
    assert structure(CART, ["cart", "Ann"]) == (
        "thing1 paints 3 thing2s with art in 2 days. How many thing2s does thing1 paint in 6 days?"
    )
    assert structure("Bo bakes 3 pies.", ["Bo", "pie"]) == structure("Al bakes 3 cakes.", ["Al", "cake"])
    assert structure(CART, []) == CART


def test_7_right_answers_are_there_at_once_and_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with Memory(path, single_user=True) as memory:
        wrong: Solved = ran(memory, solve(CLIPS, check=numeric("72")), ScriptedLLM([right("71")]))
        assert (wrong.verdict and wrong.verdict.right, wrong.learnt, memory.rationales.count()) == (False, (), 0)
        solved: Solved = ran(memory, solve(CLIPS, check=numeric("72")), ScriptedLLM([right("72")]))
        assert (solved.boxed, len(solved.learnt), memory.rationales.count()) == ("72", 1, 1)
        assert [one.id for one in memory.rationales.like(CLIPS)] == list(solved.learnt)
    with Memory(path, single_user=True) as memory:
        assert [one.id for one in memory.rationales.like(CLIPS)] == list(solved.learnt)


@pytest.mark.parametrize("reply", [BackendError("gone"), "none", '{"nouns": 3}'])
def test_8_without_a_list_of_nouns_the_problem_is_taken_as_it_is_and_that_is_told(memory: Memory, reply: Any) -> None:
    replies = [reply] if isinstance(reply, Exception) else [reply, reply]
    result = Controller(ScriptedLLM([*replies, right("72")]), memory, retries=0).run(solve(CLIPS, key="obfuscated"))
    [step] = [record.step for record in result.trace if isinstance(record.step, FindRationales)]
    [told] = [record.step for record in result.trace if isinstance(record.step, Tell)]
    assert step.problem == CLIPS
    assert "nouns could not be listed" in told.text
    assert "nouns could not be listed" in result.value.answer.problems[0]
    assert result.value.boxed == "72"


@pytest.mark.parametrize("best", ["last", "first"])
def test_9_the_prompt_has_k_examples_in_order_and_the_problem_last(memory: Memory, best: Any) -> None:
    for number in range(5):
        ran(memory, learn(f"{CLIPS} {'And more? ' * number}", [right(str(number))], numeric(str(number))))
    llm = ScriptedLLM([right("72")])
    solved: Solved = ran(memory, solve("How many clips did Natalia sell in May?", k=3, best=best), llm)
    content = llm.requests[0].messages[-1].content
    assert content.count("Question: ") == 3
    places = [content.index(memory.rationales.get(hit.id).reasoning) for hit in solved.answer.hits]
    assert places == sorted(places, reverse=best == "last")
    assert content.index("<problem>") > max(places)
    assert f"the likest {best}" in content


@pytest.mark.parametrize("refusal", ["Sorry.\n\nPlease ask again.", "", "\n\n", "None that I see"])
def test_8_a_reply_without_a_list_is_not_an_empty_list(refusal: str) -> None:
    with pytest.raises(ValueError, match="no list"):
        nouns_in(refusal)


# --- learning and forgetting


def test_an_example_that_is_followed_by_failure_sinks_and_rises_again(memory: Memory) -> None:
    ran(memory, learn(f"{CLIPS} Now?", [right("72", "Bad way.")], numeric("72")))
    ran(memory, learn("Natalia sold hats in May. How many hats and clips?", [right("7", "Fair way.")], numeric("7")))
    question = f"{CLIPS} Really?"
    first = memory.rationales.like(question)
    for _ in range(8):
        memory.rationales.record(first[0].id, success=False)
    assert [one.id for one in memory.rationales.like(question)] == [first[1].id, first[0].id]
    for _ in range(12):
        memory.rationales.record(first[0].id, success=True)
    assert [one.id for one in memory.rationales.like(question)] == [one.id for one in first]


def test_the_hits_of_a_solution_say_how_like_they_are_best_first(memory: Memory) -> None:
    for number, problem in enumerate((CLIPS, "Natalia sold 3 hats in May.", "How many ships are in May at sea?")):
        ran(memory, learn(problem, [right(str(number))], numeric(str(number))))
    question = f"{CLIPS} Really?"
    hits = ran(memory, solve(question), ScriptedLLM([right("5")])).answer.hits
    scores = [hit.score for hit in hits]
    assert len(scores) == 3
    assert 1 > scores[0] > scores[1] > scores[2] > 0
    assert scores == [pytest.approx(hit.score) for hit in memory.rationales.search(question, 3)]
    for _ in range(4):
        memory.rationales.record(hits[0].id, success=False)
    after = ran(memory, solve(question), ScriptedLLM([right("5")])).answer.hits
    assert [hit.score for hit in after] == sorted((hit.score for hit in after), reverse=True)
    [sunk] = [hit for hit in after if hit.id == hits[0].id]
    assert sunk.score == pytest.approx(scores[0] * 2 / 6)  # twice the rate by the rule of succession, (0 + 1) / (4 + 2)


def test_outcomes_are_counted_for_the_examples_that_were_shown(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [right("72")], numeric("72")))
    for answer in ("5", "6", "5"):
        ran(memory, solve("How many clips are 2 and 3 clips?", check=numeric("5")), ScriptedLLM([right(answer)]))
    [example] = [one for one in memory.rationales.all() if one.problem == CLIPS]
    assert (example.successes, example.failures) == (2, 1)
    ran(memory, solve("How many clips are 2 and 3 clips?", check=numeric("5")), ScriptedLLM(["I give up."]))
    assert memory.rationales.get(example.id).failures == 1  # it could not be judged


def test_wrong_attempts_are_kept_only_if_asked_and_never_shown_as_right(memory: Memory) -> None:
    ran(memory, learn(CLIPS, [right("1", "Wrong way.")], numeric("72"), failures=True))
    [kept] = memory.rationales.all()
    assert kept.verified == f"{REFUTED} by numeric"
    assert memory.rationales.like(CLIPS) == []
    assert memory.rationales.like(CLIPS, refuted=True) == [kept]
    llm = ScriptedLLM([right("9")] * 2)
    ran(memory, solve("How many clips are there?"), llm)
    ran(memory, solve("How many clips are there?", contrast=1), llm)
    assert ["Wrong way." in request.messages[-1].content for request in llm.requests] == [False, True]
    assert "Wrong, not to be followed:\nQuestion: Natalia" in llm.requests[1].messages[-1].content


def test_right_examples_behind_wrong_ones_have_a_heading_of_their_own(memory: Memory) -> None:
    for number, way in (("1", "Wrong way."), ("72", "Right way.")):
        ran(memory, learn(CLIPS, [right(number, way)], numeric("72"), failures=True))
    llm = ScriptedLLM([right("9")] * 2)
    for contrast in (0, 1):
        ran(memory, solve("How many clips are there?", contrast=contrast), llm)
    alone, beside = (request.messages[-1].content for request in llm.requests)
    assert f"Right:\nQuestion: {CLIPS}\nRight way." in beside
    assert beside.index("Wrong way.") < beside.index("Right:")
    assert "Right:" not in alone


def test_kept_by_structure_it_is_found_by_structure_and_shown_as_it_was(memory: Memory) -> None:
    def nouns(problem: str) -> list[str]:
        return [word for word in ("Natalia", "clip", "April", "May", "Bo", "pie", "June", "July") if word in problem]

    ran(memory, learn(CLIPS, [right("72")], numeric("72"), key="structure", nouns=nouns))
    pies = "Bo sold 10 pies in June and half as many in July. How many pies did he sell?"
    llm = ScriptedLLM([right("15")])
    solved: Solved = ran(memory, solve(pies, key="structure", nouns=nouns, check=numeric("15")), llm)
    assert f"Question: {CLIPS}" in llm.requests[0].messages[-1].content
    assert len(solved.learnt) == 1
    assert len(llm.requests) == 1
    again: Solved = ran(memory, solve(pies, key="structure", nouns=nouns), ScriptedLLM([right("15")]))
    assert [memory.rationales.get(hit.id).metadata["problem"] for hit in again.answer.hits] == [CLIPS]


def test_what_is_not_shared_stays_with_its_user() -> None:
    with Memory(":memory:") as opened:
        ida, bo = opened.bind(user="ida"), opened.bind(user="bo")
        ran(ida, learn(CLIPS, [right("72")], numeric("72")))
        assert bo.rationales.like(CLIPS) == []
        ran(ida, learn("2 + 3?", [right("5")], numeric("5"), shared=True))
        assert [one.answer for one in bo.rationales.like("2 + 3?")] == ["5"]


# --- checks


def test_words_are_compared_apart_from_case_and_blanks() -> None:
    assert exact("Gull Point")(right(" gull  point. ")).right is True
    assert exact("Gull Point")(right("Oslo")).right is False
    with pytest.raises(UsageProblem, match="exact"):
        numeric("Oslo")


def test_programs_are_run_with_tests(memory: Memory) -> None:
    attempt = "```python\ndef double(x):\n    return 2 * x\n```"
    verdicts = [
        ran(memory, checked(passes(tests), attempt), allow_programs=True)
        for tests in ("assert double(2) == 4", "assert double(2) == 5", "raise SystemExit(0)")
    ]
    assert [verdict.right for verdict in verdicts] == [True, False, False]
    assert "AssertionError" in verdicts[1].why
    with pytest.raises(UsageProblem):
        ran(memory, checked(passes("pass"), attempt))


YES = (
    "class Yes(int):\n    def __eq__(self, other):\n        return True\n    def __repr__(self):\n        return '4'\n"
)


@pytest.mark.parametrize(
    ("program", "passed", "words"),
    [
        ("def double(x):\n    return 2 * x", True, "it passes"),
        ("def double(x):\n    return 2.0 * x", False, "double(2) returned '4.0' and not '4'"),
        (f"{YES}def double(x):\n    return Yes(0)", False, "it is a Yes"),
        (f"{YES}def double(x):\n    return [Yes(0)]", False, "it is a Yes"),
        ("def double(x):\n    print('noise')\n    return x + 2", False, "double(3) returned '5' and not '6'"),
        ("def double(x):\n    raise SystemExit", False, "ended before its tests"),
        ("def double(x):\n    return int", False, "it is a type"),
        ("double = None", False, "TypeError"),
    ],
)
def test_programs_are_judged_by_what_they_return(memory: Memory, program: str, passed: bool, words: str) -> None:
    check = passes([("double(2)", 4), ("double(3)", 6)])
    verdict = ran(memory, checked(check, f"```python\n{program}\n```"), allow_programs=True)
    assert (verdict.right, words in verdict.why) == (passed, True), verdict.why


def test_returned_values_are_compared_by_type_and_content(memory: Memory) -> None:
    attempt = "```python\ndef same(x):\n    return x\n```"
    for call, expected, passed in [
        ("same({'b': {2, 1}, 'a': None})", {"a": None, "b": {1, 2}}, True),
        ("same((1, 'é\\n'))", (1, "é\n"), True),
        ("same([1])", (1,), False),
        ("same(True)", 1, False),
        ("same(float('nan'))", float("nan"), True),
    ]:
        assert ran(memory, checked(passes([(call, expected)]), attempt), allow_programs=True).right is passed
    for wrong in ([], [("x =", 1)], [("same(1)", object())]):
        with pytest.raises(UsageProblem, match="test"):
            ran(memory, checked(passes(wrong), attempt), allow_programs=True)


@pytest.mark.parametrize(
    ("replies", "verdict"),
    [
        (['{"right": true, "reason": "It  holds."}'], True),
        (['{"right": "no", "reason": null}'], False),
        (["I think so."] * 2, None),
    ],
)
def test_a_model_may_judge(memory: Memory, replies: list[str], verdict: bool | None) -> None:
    found: Verdict = ran(memory, checked(judge(CLIPS, "72"), right("72")), ScriptedLLM(replies))
    assert (found.right, found.answer, found.by) == (verdict, "72", "judge")


def test_a_check_of_ones_own_may_be_a_function(memory: Memory) -> None:
    def short(attempt: str) -> bool:
        return len(attempt) < 100

    assert ran(memory, learn(CLIPS, [right("72"), right("72", "x" * 200)], short)).right == 1
    with pytest.raises(UsageProblem, match="a check returned"):
        ran(memory, learn(CLIPS, [right("72")], lambda attempt: "yes"))


# --- going wrong


@pytest.mark.parametrize("reply", [BackendError("the server is gone"), "", "  \n"])
def test_a_model_that_fails_or_says_nothing_ends_with_a_reason(memory: Memory, reply: Any) -> None:
    solved: Solved = ran(memory, solve(CLIPS, check=numeric("72")), ScriptedLLM([reply]))
    assert (solved.answer.text, solved.boxed, solved.verdict) == ("", None, None)
    assert solved.answer.problems[0] in ("the server is gone", "the model wrote nothing")


def test_a_stopped_run_hands_out_what_there_is(memory: Memory) -> None:
    def check(attempt: str) -> Flow[Verdict]:
        return judge(CLIPS)(attempt)  # type: ignore[no-any-return]

    with pytest.raises(BudgetExceeded) as stopped:
        ran(memory, solve(CLIPS, check=check), ScriptedLLM([right("72")] * 2), budget=Budget(calls=1))
    assert stopped.value.partial.boxed == "72"
    assert stopped.value.partial.answer.problems[0].startswith("stopped:")


@pytest.mark.parametrize(
    "wrong", [lambda: solve(CLIPS, k=-1), lambda: solve(CLIPS, key="x"), lambda: solve(CLIPS, best="middle")]
)
def test_a_wrong_argument_is_refused(memory: Memory, wrong: Callable[[], Flow[Solved]]) -> None:
    with pytest.raises(UsageProblem):
        ran(memory, wrong())


@given(st.text(max_size=60), st.text(max_size=40))
def test_any_text_has_a_box_and_a_value_or_none(text: str, noun: str) -> None:
    boxed(text)
    found = value(text)
    assert found is None or value(str(found)) == found
    assert obfuscated(text, [noun]) == obfuscated(text, [noun])
    structure(text, [noun])


def test_ten_thousand_mangled_replies() -> None:
    rng = random.Random(3)
    parts = [
        r"\boxed{",
        "}",
        "{",
        "7",
        ",",
        ".",
        "/",
        "$",
        '"nouns": [',
        "]",
        '"a"',
        "- x\n",
        "\ud83d",
        " ",
        "null",
        "[",
    ]
    for _ in range(10_000):
        reply = "".join(rng.choice(parts) for _ in range(rng.randrange(14)))
        assert boxed(reply) is None or isinstance(boxed(reply), str)
        assert numeric("7")(reply).right in (True, False, None)
        try:
            assert all(noun == noun.strip() and noun for noun in nouns_in(reply))
        except ValueError:
            continue


# --- real attempts

DATA = Path(os.environ.get("MEMAGENT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "gsm8k"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"needs {DATA}")
def test_real_attempts_are_learnt_and_five_problems_found_for_each_question(tmp_path: Path) -> None:
    attempts = [json.loads(line) for line in (DATA / "attempts.jsonl").read_text().splitlines()]
    questions = [json.loads(line) for line in (DATA / "questions.jsonl").read_text().splitlines()]
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        controller = Controller(ScriptedLLM(), memory)
        learnt = [
            controller.run(learn(one["question"], one["attempts"], numeric(one["gold"]))).value for one in attempts
        ]
        assert sum(one.wrong + one.unclear for one in learnt) == 0  # by value all of them are right
        assert len(questions) == 200
        for question in questions:
            found = memory.rationales.like(question["question"], 5)
            assert len({one.problem for one in found}) == 5


VALUES = [  # what stands in a box, the known answer, and what a check by value says
    *[(text, "70000", True) for text in ("70,000", "$70000", "70000.00", "70 thousand", "70k", "7e4", "70{,}000")],
    *[(text, "70000", True) for text in (r"70\,000", "70 000", r"7\times10^4", r"7 \times 10^{4}", "70,000 dollars")],
    *[(text, "0.5", True) for text in (r"\frac{1}{2}", r"\frac12", "½", "1/2", ".5", "x = 1/2")],
    ("50%", "0.5", None),  # the text alone does not say whether the sign counts
    *[(text, "2.5", True) for text in (r"2\frac{1}{2}", "2 1/2", "2½", "2.50")],
    *[(text, "-5", True) for text in ("−5", "–5", "-$5", "$-5")],
    *[(text, "25", True) for text in ("25 m²", r"25\text{ cm}^2", r"\text{25 apples}", "25-inch", "(25)", "25 = x")],
    ("Rs.5", "5", True),
    ("$1.5M", "1500000", True),
    ("12 dozen", "144", True),
    ("50%", "50", True),
    ("6", "5", False),
    *[(text, "12", None) for text in (r"\sqrt{144}", "12!", "12²", "3^2", "7+5", "x-12", "not 12", r"x \neq 12")],
    *[(text, "3", None) for text in ("3 hours 3 minutes", "x = 3, y = 7", "3 < 4", "3¢", "3:30")],
]


@pytest.mark.parametrize(("text", "gold", "right"), VALUES)
def test_what_is_not_read_surely_is_unclear_and_never_another_value(text: str, gold: str, right: bool | None) -> None:
    assert numeric(gold)(rf"So it is \boxed{{{text}}}.").right is right


@given(st.fractions(min_value=-(10**7), max_value=10**7, max_denominator=1000))
def test_a_number_is_read_back_however_it_is_written(number: Fraction) -> None:
    whole = f"{number.numerator:,}"
    for text in (f"{whole}/{number.denominator}", rf"\frac{{{number.numerator}}}{{{number.denominator}}}"):
        assert value(text) == number
    if number.denominator == 1:
        assert value(f"${whole}.00") == value(f"{number.numerator} apples") == value(f"x = {whole}") == number


def test_boxes_without_end_take_no_time() -> None:
    began = time.perf_counter()
    assert boxed("\\boxed{" * 50_000) is None
    assert boxed("\\boxed{" * 20_000 + "7" + "}" * 20_000) == "7"
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("kept", "asked"), [("plain", "structure"), ("structure", "plain"), ("structure", "structure")]
)
def test_the_problem_itself_is_no_example_by_whatever_key_it_was_kept(kept: Any, asked: Any) -> None:
    own, other = "Bo bakes 3 pies. How many?", "Al bakes 3 cakes. How many?"
    nouns = {own: ["Bo", "pies"], other: ["Al", "cakes"]}

    def named(problem: str) -> list[str]:
        return nouns[problem.rstrip("?") + "?"]

    with Memory(":memory:", single_user=True) as memory:
        controller = Controller(ScriptedLLM([r"\boxed{3}"]), memory)
        for problem in (own, other):
            controller.run(learn(problem, [right("3", problem)], numeric("3"), key=kept, nouns=named))
        solved = controller.run(solve(own.rstrip("?"), key=asked, nouns=named)).value
    # Another problem of the same structure is the best example that there is.
    assert [hit.text.splitlines()[0] for hit in solved.answer.hits] == [
        other if kept == "plain" else "thing1 bakes 3 thing2. How many?"
    ]


def test_attempts_that_all_fail_are_an_error_and_some_are_told() -> None:
    def falls(request: Any) -> str:
        raise BackendError("the server is gone")

    with pytest.raises(BackendError, match="the server is gone"):
        Controller(ScriptedLLM([falls] * 9), retries=0).run(attempts("How many?", 3))
    heard: list[Any] = []
    llm = ScriptedLLM([falls, r"\boxed{3}", r"\boxed{3}"])
    assert len(Controller(llm, retries=0, on_event=heard.append).run(attempts("How many?", 3)).value) == 2
    assert any("1 of 3 attempts" in str(event) for event in heard)
