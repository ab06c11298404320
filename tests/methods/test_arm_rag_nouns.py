"""Problems without their nouns (ARM-RAG): in every writing, apart from names, and by listers of one's own that fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from memagent import Controller, Flow, Memory, learn, solve
from memagent.flow import FindRationales
from memagent.methods.obfuscating import structure
from memagent.methods.verifying import numeric
from memagent.testing import ScriptedLLM

CLIPS = "Natalia sold 48 clips in April and half as many in May. How many clips did she sell altogether?"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as opened:
        yield opened


def right(answer: str) -> str:
    return rf"It follows. So \boxed{{{answer}}}."


def ran(memory: Memory, flow: Flow[Any]) -> Any:
    return Controller(ScriptedLLM(), memory, retries=0).run(flow).value


@pytest.mark.parametrize("key", ["obfuscated", "structure"])
@pytest.mark.parametrize(
    ("problem", "nouns"),
    [
        ("小明有三个苹果，小红有五个苹果。一共几个？", ["小明", "小红", "苹果"]),
        ("リンゴが3個あります。太郎はりんごを2個食べました。", ["リンゴ", "太郎", "りんご"]),
        ("Tom有3个apple，小明有2个。", ["Tom", "apple", "小明"]),
        ("У Лены три яблока.", ["Лены", "яблока"]),
    ],
)
def test_5_the_query_has_no_nouns_in_writing_without_blanks_either(
    memory: Memory, problem: str, nouns: list[str], key: Any
) -> None:
    llm = ScriptedLLM([json.dumps({"nouns": nouns}), right("8")])
    result = Controller(llm, memory).run(solve(problem, key=key))
    [step] = [record.step for record in result.trace if isinstance(record.step, FindRationales)]
    assert not [noun for noun in nouns if noun in step.problem]
    assert result.value.answer.problems == ()


def test_6_signs_of_no_word_part_what_is_replaced_from_figures() -> None:
    assert structure("苹果3个，Tom有苹果。", ["苹果", "Tom"]) == "thing1 3个，thing2 有 thing1。"
    assert structure("苹果汁和苹果", ["苹果", "苹果汁"]) == "thing1 和 thing2"


def test_6_a_name_takes_no_word_with_a_small_letter_along() -> None:
    assert structure("May has 3 pears. She may buy 2.", ["May", "pear"]) == "thing1 has 3 thing2s. She may buy 2."
    assert structure("Tom and Rose met as the rose rose.", ["Rose"]) == "Tom and thing1 met as the rose rose."
    assert structure("Pears cost 3. He eats 2 pears.", ["Pears"]) == "thing1 cost 3. He eats 2 thing1."
    assert structure("The Rose and the rose.", ["Rose", "rose"]) == "The thing1 and the thing1."


def raising(error: Exception) -> Callable[[str], Any]:
    def lister(problem: str) -> Any:
        raise error

    return lister


@pytest.mark.parametrize(
    ("lister", "why"),
    [
        *[(raising(kind("no tagger here")), "no tagger here") for kind in (RuntimeError, TypeError, AttributeError)],
        (raising(NameError("name 'spacy' is not defined")), "NameError: name 'spacy' is not defined"),
        (lambda problem: None, "'NoneType' object is not iterable"),
        (lambda problem: "clips", "one text in place of several"),
        (lambda problem: ["clip", None], "listed a NoneType"),
    ],
)
def test_8_a_lister_of_ones_own_that_fails_is_lived_with_and_told(memory: Memory, lister: Any, why: str) -> None:
    ran(memory, learn(CLIPS, [right("72")], numeric("72"), key="structure", nouns=lister))
    assert [one.problem for one in memory.rationales.all()] == [CLIPS]
    result = Controller(ScriptedLLM([right("72")]), memory).run(solve(CLIPS, key="obfuscated", nouns=lister))
    [step] = [record.step for record in result.trace if isinstance(record.step, FindRationales)]
    assert step.problem == CLIPS
    assert why in result.value.answer.problems[0]
    assert result.value.boxed == "72"


def test_8_nouns_that_do_not_stand_in_the_problem_are_told(memory: Memory) -> None:
    problem = "У Лены три яблока. Сколько яблок?"
    llm = ScriptedLLM(['{"nouns": ["Лена", "груша"]}', right("3")])
    result = Controller(llm, memory).run(solve(problem, key="structure"))
    [step] = [record.step for record in result.trace if isinstance(record.step, FindRationales)]
    assert step.problem == problem
    [told] = result.value.answer.problems
    assert told.endswith("none of the nouns that were listed stands in it: Лена, груша")
