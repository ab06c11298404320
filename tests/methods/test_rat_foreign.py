"""RAT keeps the best text so far, whatever a backend, a reviser, a gate or a retriever does."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from memagent import Controller, Memory, rat
from memagent.errors import BackendError, CapabilityError, ConfigError, Interrupted, UsageProblem
from memagent.flow import retrieve, run
from memagent.methods import rat_run
from memagent.types import Completion, Hit, Token
from tests.methods.test_rat import A2, B2, DRAFT, TASK, A, B, C, Finder, author, correct, hit, labels, so_far, steps

FOREIGN = [
    TypeError("'NoneType' object is not subscriptable"),
    AttributeError("no choices"),
    NameError("json"),
    KeyError("choices"),
    StopIteration(),
    MemoryError("m"),
]
KINDS = [type(error).__name__ for error in FOREIGN]


@pytest.fixture(scope="module")
def memory():
    with Memory(":memory:", single_user=True) as opened:
        yield opened


@pytest.fixture
def told(memory):
    def tell(flow, llm=None, finder=None, **controller):
        llm, finder = llm or author(), finder or Finder([hit("one")])
        result = Controller(llm, memory, retriever=finder, **controller).run(flow)
        return result.value, llm, finder, result

    return tell


@pytest.mark.parametrize("error", FOREIGN, ids=KINDS)
def test_a_reviser_may_raise_anything_after_good_steps(told, error):
    def revise(request):
        if so_far(request, "step") == C:
            raise error
        return correct(request)

    answer, _, _, result = told(rat(TASK), author(revise=revise))
    assert steps(answer) == [A2, B2, C] and answer.text == "The story."
    [problem] = answer.problems
    assert problem.startswith("step 3: revision not taken: the call 'revise_prefix' failed")
    assert str(error).strip("'") in problem or isinstance(error, StopIteration)
    assert [part.decision for part in answer.parts] == ["revised", "revised", "kept"]
    assert sum(record.error is not None for record in result.trace) == 1


@pytest.mark.parametrize("error", FOREIGN, ids=KINDS)
@pytest.mark.parametrize("where", ["query", "final"])
def test_so_may_the_other_calls(told, error, where):
    answer, _, _, _ = told(rat(TASK), author(**{where: error}))
    assert steps(answer) == [A2, B2, C] and answer.problems
    assert answer.text == ("\n\n".join(steps(answer)) if where == "final" else "The story.")


@pytest.mark.parametrize("error", FOREIGN, ids=KINDS)
def test_so_may_a_retriever(told, error):
    answer, _, finder, _ = told(rat(TASK), finder=Finder(error, [hit("one")]))
    assert len(finder.queries) == 3 and steps(answer) == [A2, B2, C]
    assert answer.problems[0].startswith("step 1: the search failed: ")


@pytest.mark.parametrize("error", [*FOREIGN, ValueError("odd")], ids=[*KINDS, "ValueError"])
@pytest.mark.parametrize("late", [False, True])
def test_so_may_a_gate_and_the_step_is_looked_up(told, error, late):
    def gate(task, before, step):
        raise error

    def flow(task, before, step):
        yield from retrieve("x", 1)
        raise error

    answer, llm, _, _ = told(rat(TASK, gate=flow if late else gate))
    assert labels(llm).count("query") == 3 and steps(answer) == [A2, B2, C]
    assert [problem.split(": ")[1] for problem in answer.problems] == ["the gate failed"] * 3
    assert [part.confidence for part in answer.parts] == [None] * 3


@pytest.mark.parametrize("found", [None, 5, "x", [None], ["x"], [Hit("1", None, 1.0)], [Hit("1", "", 1.0)]], ids=repr)
def test_a_retriever_may_return_what_is_no_passages(told, found):
    class Junk(Finder):
        def retrieve(self, query, k, scope):
            self.queries.append(query)
            return found

    answer, _, finder, _ = told(rat(TASK), finder=Junk())
    assert len(finder.queries) == 3 and steps(answer) == [A, B, C] and answer.text == "The story."
    assert all(part.decision == "kept" and "no passage was found" in part.why for part in answer.parts)
    if not (isinstance(found, list) and isinstance(found[0], Hit)):
        assert [problem.split(": ")[1] for problem in answer.problems] == ["the search failed"] * 3


def test_a_retriever_that_returns_more_than_it_was_asked_for_is_cut(told):
    class Generous(Finder):
        def retrieve(self, query, k, scope):
            return [hit(str(number), f"Alder lit lamp number {number} in 1892.") for number in range(9)]

    answer, llm, _, _ = told(rat(TASK, k=2), finder=Generous())
    assert [one.id for one in answer.hits] == ["0", "1"] and "number 2" not in llm.requests[2].messages[-1].content


def test_a_backend_that_returns_no_text_is_told(told):
    def revise(request):
        return Completion(None) if so_far(request, "step") == A else correct(request)

    answer, _, _, _ = told(rat(TASK), author(revise=revise))
    assert "the call 'revise_prefix' returned None for a text" in answer.parts[0].why and answer.text == "The story."


@pytest.mark.parametrize("error", [UsageProblem("u"), ConfigError("c"), CapabilityError("a"), AssertionError("x")])
def test_what_comes_out_loud_has_the_answer_so_far(told, error):
    def revise(request):
        if so_far(request, "step") == B:
            raise error
        return correct(request)

    with pytest.raises(type(error)) as raised:
        told(rat(TASK), author(revise=revise))
    partial = raised.value.partial
    assert steps(partial) == [A2, B, C] and partial.text == f"{A2}\n\n{B}\n\n{C}"
    assert partial.problems[-1].startswith(f"the run ended at step 2 of 3: {type(error).__name__}")


def test_a_gate_that_says_no_number_is_a_mistake_that_costs_no_text(told):
    replies = iter([0.1, "sure"])
    with pytest.raises(UsageProblem, match="the gate said 'sure'") as raised:
        told(rat(TASK, gate=lambda *_: next(replies)))
    assert steps(raised.value.partial) == [A2, B, C]


def test_a_mistake_of_our_own_is_not_hidden_and_has_the_answer_so_far(told, monkeypatch):
    def broken(*arguments):
        raise TypeError("a mistake in RAT itself")

    monkeypatch.setattr(rat_run, "credited", broken)
    with pytest.raises(TypeError, match="RAT itself") as raised:
        told(rat(TASK))
    assert steps(raised.value.partial)[1:] == [B, C]


# A draft that never ends.


class Endless:
    """Streams a draft for ever; whatever else it is asked, it says it was asked."""

    name, can = "endless", frozenset()

    def __init__(self, words, fail=None):
        self.words, self.fail = words, fail
        self.asked = []
        self.stopped = threading.Event()

    def complete(self, request):
        self.asked.append(request.label)
        self.stopped.wait(30)
        raise BackendError("stopped")

    def stream(self, request):
        self.asked.append(request.label)
        for word in self.words:
            yield Token(word)
        if self.fail:
            raise self.fail
        self.stopped.wait(30)
        raise BackendError("stopped")

    async def acomplete(self, request):
        raise NotImplementedError

    async def astream(self, request):
        self.asked.append(request.label)
        for word in self.words:
            yield Token(word)
        if self.fail:
            raise self.fail
        await asyncio.sleep(30)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_of_a_draft_that_never_ends_what_came_is_the_draft_and_nothing_more_is_asked(memory, asynchronous):
    llm, finder = Endless(["Alder lit ", "the lamp.\n\n", "Birch kept", " it for"]), Finder([hit("one")])
    controller = Controller(llm, memory, retriever=finder, on_event=lambda event: None)
    before = time.monotonic()
    flow = rat(TASK, timeout=0.3)
    answer = (asyncio.run(controller.arun(flow)) if asynchronous else controller.run(flow)).value
    assert time.monotonic() - before < 20
    llm.stopped.set()
    assert answer.text == "Alder lit the lamp.\n\nBirch kept it for" and llm.asked == ["rat/draft_writing"]
    assert steps(answer) == ["Alder lit the lamp.", "Birch kept it for"] and finder.queries == []
    [problem] = answer.problems
    assert problem.startswith("the draft was broken off, and stands as far as it came: BackendError: endless did not")
    assert {part.why for part in answer.parts} == {"not looked up: the draft was broken off"}


def test_a_connection_that_breaks_while_the_draft_is_streamed_keeps_it(memory):
    llm = Endless([A], BackendError("the line is dead"))
    answer = Controller(llm, memory, retriever=Finder([]), on_event=lambda event: None).run(rat(TASK)).value
    assert answer.text == A and "the line is dead" in answer.problems[0]


@pytest.mark.parametrize("words", [[], ["  "], ["<think>Alder? Birch?"]])
def test_a_draft_that_fails_before_it_says_anything_raises(memory, words):
    llm = Endless(words, BackendError("the line is dead"))
    with pytest.raises(BackendError, match="dead"):
        Controller(llm, memory, on_event=lambda event: None).run(rat(TASK))


def test_a_run_that_is_stopped_while_the_draft_is_written_has_what_had_come(memory):
    def hear(event):
        if getattr(event, "text", "") == " Birch":
            controller.stop()

    llm = Endless([A, "\n\nThen", " Birch", " came"])
    controller = Controller(llm, memory, on_event=hear)
    with pytest.raises(Interrupted) as stopped:
        controller.run(rat(TASK))
    assert stopped.value.partial.text == f"{A}\n\nThen Birch"
    assert stopped.value.partial.problems == ("the run was stopped while the draft was written",)


# Look-ups of one's own.


def test_a_look_up_of_ones_own_takes_the_place_of_the_retriever(told):
    asked = []

    def own(query, k):
        asked.append((query, k))
        hits = yield from retrieve(query, k + 1)
        return hits[::-1]

    finder = Finder([hit("one"), hit("two", "Nothing."), hit("three")])
    answer, _, _, result = told(rat(TASK, k=2, query="step", look_up=own), finder=finder)
    assert [count for _, count in asked] == [2, 2, 2] and [query for query, _ in asked] == [A, B, C]
    assert [one.id for one in answer.hits] == ["three", "two"] and steps(answer) == [A2, B2, C]
    assert result.trace.replay(rat(TASK, k=2, query="step", look_up=own)) == answer


def test_a_look_up_of_ones_own_is_held_to_its_time(told):
    hang = threading.Event()

    class Hanging(Finder):
        def retrieve(self, query, k, scope):
            self.queries.append(query)
            hang.wait(30)
            return []

    before = time.monotonic()
    answer, _, finder, _ = told(rat(TASK, search_timeout=0.2, look_up=lambda q, k: retrieve(q, k)), finder=Hanging())
    assert time.monotonic() - before < 20
    hang.set()
    assert len(finder.queries) == 1 and "did not end within 0.2 s" in answer.problems[0] and answer.text == "The story."


@pytest.mark.parametrize("error", FOREIGN[:4], ids=KINDS[:4])
def test_a_look_up_of_ones_own_may_raise_anything(told, error):
    def raises(query, k):
        raise error

    def flow(query, k):
        yield from retrieve(query, k)
        raise error

    for own in (raises, flow):
        answer, _, _, _ = told(rat(TASK, look_up=own))
        assert steps(answer) == [A, B, C] and len(answer.problems) == 3


def test_a_look_up_that_is_no_flow_is_a_mistake(told):
    with pytest.raises(UsageProblem, match="no flow"):
        told(rat(TASK, look_up=lambda query, k: []))


@pytest.mark.parametrize(
    "arguments",
    [
        {"k": "3"},
        {"k": 2.5},
        {"k": True},
        {"theta": 0.8},  # without a gate
        {"gate": "doubt", "theta": "0.8"},
        {"survival": None},
        {"ratio": (1,)},
        {"ratio": 2},
        {"ratio": ("a", "b")},
        {"timeout": -1},
        {"timeout": "60"},
        {"max_tokens": 1.5},
        {"program_seconds": None},
        {"using": None},
        {"look_up": "hybrid"},
        {"gate": "surely"},
        {"gate": len},  # of one argument
    ],
    ids=repr,
)
def test_wrong_arguments_are_told_before_anything_is_asked(arguments):
    with pytest.raises(UsageProblem):
        run(rat(TASK, **arguments), lambda step, path: pytest.fail(f"it asked {step}"))


@pytest.mark.parametrize("task", ["", " \n", None, 5])
def test_no_task_is_refused(task):
    with pytest.raises(UsageProblem):
        run(rat(task), lambda step, path: pytest.fail(f"it asked {step}"))


def test_no_limit_of_time_is_none(told):
    answer, llm, _, result = told(rat(TASK, timeout=None, search_timeout=None))
    assert answer.text == "The story." and {request.timeout for request in llm.requests} == {None}
    assert DRAFT.startswith(answer.parts[0].draft) and result.usage.calls == 8
