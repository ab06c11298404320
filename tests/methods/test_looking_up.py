"""Looking up by a flow of one's own: within its time, checked, and shown by what was looked up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from memagent import Answer, Controller, Flow, Hit, Memory, Note, flare, flare_instruct, plain, recite, reranked
from memagent.errors import Late, MemoryProblem, UsageProblem
from memagent.flow import Gather, Generate, Retrieve, gather, generate, retrieve, run
from memagent.methods.looking_up import bounded, looked_up
from memagent.methods.passive import every, once, previous_sentence, self_ask
from memagent.methods.plain import shortened
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Scope, Token

QUESTION = "In which country is the lighthouse that Mara keeps?"
FILLER = "The lighthouse that Mara keeps is in a country of many lighthouses, said the keeper of the country. " * 700
FACT = "Gull Point belongs to the realm of Zembla since 1812."


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        memory.add([Note(f"{FILLER} {FACT} {FILLER}", "Almanac"), "Mara keeps the light at Gull Point."])
        yield memory


class Hangs:
    """A retriever that never ends, until the test has."""

    name = "hangs"

    def __init__(self) -> None:
        self.released = threading.Event()

    def retrieve(self, query: str, k: int, scope: Scope, *, facts: Any = None) -> list[Hit]:
        self.released.wait(30)
        return []


@pytest.fixture
def hangs() -> Iterator[Hangs]:
    retriever = Hangs()
    yield retriever
    retriever.released.set()


def own(query: str, k: int) -> Flow[list[Hit]]:
    return (yield from retrieve(query, k))


@pytest.mark.parametrize("look_up", [own, lambda query, k: reranked(query, k, pool=3)])
def test_a_search_that_hangs_behind_a_flow_of_ones_own_is_given_up(
    memory: Memory, hangs: Hangs, look_up: Callable[[str, int], Flow[list[Hit]]]
) -> None:
    replies = ["Mara keeps the light. And", "So the answer is: Norway.", "Mara keeps it.", "Norway."]
    controller = Controller(ScriptedLLM(replies), memory, retriever=hangs)
    answer = controller.run(flare(QUESTION, trigger="never", look_up=look_up, search_timeout=0.2)).value
    assert "did not end within 0.2 s" in answer.problems[0] and answer.text.endswith("Norway.")
    recited = controller.run(recite(QUESTION, look_up=look_up, search_timeout=0.2)).value
    assert "did not end within 0.2 s" in recited.problems[0] and recited.text
    with pytest.raises(Late, match=r"0\.2 s"):
        controller.run(plain(QUESTION, look_up=look_up, search_timeout=0.2))


def test_recite_lives_without_a_search_that_hangs_or_fails(memory: Memory, hangs: Hangs) -> None:
    llm = ScriptedLLM(["Mara keeps it.", "Mara.", "NONE"])
    controller = Controller(llm, memory, retriever=hangs)
    answer = controller.run(recite(QUESTION, search_timeout=0.1)).value
    assert (answer.text, answer.hits) == ("Mara.", ())
    assert [part.decision for part in answer.parts] == ["recited", "first"]
    nothing = controller.run(recite(QUESTION, search_timeout=0.1)).value
    assert nothing.text == "" and "did not end" in nothing.problems[0]  # not: the memory holds nothing


def test_every_step_of_a_flow_gets_the_limit_and_keeps_a_shorter_one() -> None:
    def inner() -> Flow[list[Any]]:
        yield from retrieve("a", 3)
        yield from retrieve("b", 3, timeout=0.5)
        yield from generate("c", timeout=9.0)
        return (yield from gather(retrieve("d", 3), retrieve("e", 3)))

    seen: list[float | None] = []

    def answer(step: Any, path: tuple[int, ...]) -> Any:
        assert not isinstance(step, Gather)
        seen.append(step.request.timeout if isinstance(step, Generate) else step.timeout)
        return Completion("") if isinstance(step, Generate) else []

    assert run(bounded(inner(), 2.0), answer) == [[], []]
    assert seen == [2.0, 0.5, 2.0, 2.0, 2.0]
    seen.clear()
    run(bounded(inner(), None), answer)
    assert seen == [None, 0.5, 9.0, None, None]


def test_a_failing_step_is_the_flows_own_to_live_with() -> None:
    def inner() -> Flow[str]:
        try:
            yield from retrieve("a", 3)
        except OSError as error:
            return f"lived with {error}"
        return ""

    def answer(step: Any, path: tuple[int, ...]) -> Any:
        raise OSError("it")

    assert run(bounded(inner(), 1.0), answer) == "lived with it"


@pytest.mark.parametrize("found", [None, 7, "text", [None], ["x"], [Hit("1", "a", 1.0), 3], {"a": 1}])
def test_what_is_no_passages_is_a_search_that_failed(found: Any) -> None:
    with pytest.raises(MemoryProblem, match="returned"):
        run(looked_up("what?", 3), lambda step, path: found)


def test_an_iterator_of_passages_will_do_and_nothing_is_nothing() -> None:
    hit = Hit("1", "a", 1.0)
    assert run(looked_up("what?", 3), lambda step, path: iter([hit])) == [hit]
    assert run(looked_up("what?", 3), lambda step, path: ()) == []


@pytest.mark.parametrize("found", [None, [None], ["x"]])
def test_an_answer_goes_on_without_it(memory: Memory, found: Any) -> None:
    class Odd(Hangs):
        def retrieve(self, query: str, k: int, scope: Scope, *, facts: Any = None) -> list[Hit]:
            return found  # type: ignore[no-any-return]

    llm = ScriptedLLM(["Mara keeps it. And", "So the answer is: Norway."])
    answer = Controller(llm, memory, retriever=Odd()).run(flare(QUESTION, trigger="never")).value
    assert answer.text == "Mara keeps it. So the answer is: Norway."
    assert len(answer.problems) == 1


@pytest.mark.parametrize("method", [flare, plain, recite])
def test_what_is_no_flow_is_refused(memory: Memory, method: Any) -> None:
    controller = Controller(ScriptedLLM(["Mara."] * 3), memory)
    with pytest.raises(UsageProblem, match="no flow"):
        controller.run(method(QUESTION, look_up="graph"))
    with pytest.raises(UsageProblem, match="no flow"):
        controller.run(method(QUESTION, look_up=lambda query, k: []))


# Long passages.


def sentence(text: str, chance: float = 0.99, more: bool = True) -> Completion:
    tokens = tuple(Token(f" {word}", -0.01 if chance > 0.5 else -3.0) for word in text.split(" "))
    return Completion("".join(token.text for token in tokens), tokens, "length" if more else "stop")


def prompts(llm: ScriptedLLM) -> list[str]:
    return ["\n".join(message.content for message in request.messages) for request in llm.requests]


STEPS = [
    sentence("Mara keeps it at Gull Point. More"),
    sentence("Gull Point belongs to the realm of Oz. More", 0.1),
    sentence("Gull Point belongs to Zembla. More"),
    sentence("So the answer is: Zembla.", more=False),
]


@pytest.mark.parametrize("documents", ["current", "initial", "all"])
def test_a_long_passage_is_cut_by_what_the_step_looked_up(memory: Memory, documents: Any) -> None:
    llm = ScriptedLLM(STEPS, can=["logprobs", "prefill"])
    answer = Controller(llm, memory).run(flare(QUESTION, k=2, beta=0.0, documents=documents)).value
    assert answer.parts[1].queries == ("Gull Point belongs to the realm of Oz.",)
    assert ["Zembla since 1812" in prompt for prompt in prompts(llm)][2]
    assert "Zembla since 1812" not in prompts(llm)[0]
    assert max(map(len, prompts(llm))) < 20_000


@pytest.mark.parametrize("method", [previous_sentence, every])
def test_so_it_is_by_the_baselines(memory: Memory, method: Any) -> None:
    first = sentence("Gull Point belongs to the realm of a king. More")
    llm = ScriptedLLM([first, sentence("So the answer is: Zembla.", more=False)], can=["prefill"])
    Controller(llm, memory).run(method(QUESTION, k=2))
    assert ["Zembla since 1812" in prompt for prompt in prompts(llm)] == [False, True]


def test_so_it_is_by_the_models_own_searches_and_questions(memory: Memory) -> None:
    replies = ["It is [Search(the realm that Gull Point belongs to)", " Zembla. More", "END"]
    llm = ScriptedLLM(replies, can=["prefill", "stop"])
    Controller(llm, memory).run(flare_instruct(QUESTION, k=2))
    assert ["Zembla since 1812" in prompt for prompt in prompts(llm)] == [False, True, True]
    llm = ScriptedLLM(["Follow up: To which realm does Gull Point belong?", "So the answer is: Zembla"])
    Controller(llm, memory).run(self_ask(QUESTION, k=2))
    assert ["Zembla since 1812" in prompt for prompt in prompts(llm)] == [False, True]
    assert max(map(len, prompts(llm))) < 20_000


@pytest.mark.parametrize("method", [plain, recite, once])
def test_one_search_shows_what_is_most_like_the_question_and_keeps_the_passage_whole(
    memory: Memory, method: Any
) -> None:
    llm = ScriptedLLM(["Zembla [1]."] * 2)
    question = "To which realm has Gull Point belonged since 1812?"
    answer: Answer = Controller(llm, memory).run(method(question, k=2)).value
    assert "Zembla since 1812" in prompts(llm)[-1] and len(prompts(llm)[-1]) < 40_000
    assert FACT in answer.hits[0].text + answer.hits[-1].text
    assert max(len(hit.text) for hit in answer.hits) > 100_000
    if method is not once:
        assert "1 passage was too long, and shown by the pieces most like the question" in answer.notes


def test_passages_keep_their_numbers_whatever_there_is_room_for() -> None:
    hits = [Hit(str(n), f"Passage {n} of the sea. " * 60, 1.0) for n in range(9)]
    shown = shortened(hits, "the passage 8", 200)
    assert [hit.id for hit in shown] == [hit.id for hit in hits]
    assert {hit.text for hit in shown} & {"[…]"} and any("Passage" in hit.text for hit in shown)
    assert shortened(hits[:1], "x", 9999) == hits[:1]


def test_the_limit_of_passages_is_an_argument(memory: Memory) -> None:
    llm = ScriptedLLM(["Zembla."] * 3)
    Controller(llm, memory).run(plain(QUESTION, k=2, passage_tokens=300))
    assert len(prompts(llm)[0]) < 3000
    Controller(llm, memory).run(recite(QUESTION, k=2, passage_tokens=300))
    assert len(prompts(llm)[-1]) < 3000


def test_retrieve_is_asked_with_the_limit(memory: Memory) -> None:
    llm = ScriptedLLM(["So the answer is: Norway."] * 3)
    result = Controller(llm, memory).run(once(QUESTION, search_timeout=7.0, using="keyword"))
    assert [(r.step.timeout, r.step.using) for r in result.trace if isinstance(r.step, Retrieve)] == [(7.0, "keyword")]


class Lazy:
    """A retriever that yields one by one, and hangs before the first."""

    name = "lazy"

    def __init__(self, inner: Hangs) -> None:
        self._inner = inner

    def retrieve(self, query: str, k: int, scope: Scope, *, facts: Any = None) -> Iterator[Hit]:
        yield from self._inner.retrieve(query, k, scope)


def test_passages_that_are_yielded_one_by_one_are_fetched_within_the_time(memory: Memory, hangs: Hangs) -> None:
    llm = ScriptedLLM(["So the answer is: Norway."])
    controller = Controller(llm, memory, retriever=Lazy(hangs))  # type: ignore[arg-type]
    begun = time.monotonic()
    answer = controller.run(once(QUESTION, search_timeout=0.2)).value
    assert time.monotonic() - begun < 3
    assert answer.text == "So the answer is: Norway." and "0.2" in answer.problems[0]


@pytest.mark.parametrize("error", [AttributeError, TypeError, NameError, KeyError])
def test_a_flow_of_ones_own_may_raise_anything(memory: Memory, error: type[Exception]) -> None:
    searched: list[str] = []

    def failing(query: str, k: int) -> Flow[list[Hit]]:
        searched.append(query)
        if len(searched) == 2:
            raise error("no such index")
        return (yield from retrieve(query, k))

    replies = ["He is old. And", "He read law. And", "He read law.", "So the answer is: law."]
    answer = Controller(ScriptedLLM(replies, can=["prefill"]), memory).run(
        flare(QUESTION, look_up=failing, confidence=lambda *_: 0.1)
    )
    assert answer.value.text.startswith("He is old.")
    assert any("no such index" in problem for problem in answer.value.problems)


def test_a_passage_without_a_text_is_none() -> None:
    broken = Hit("a", None, 0.5)  # type: ignore[arg-type]
    with pytest.raises(MemoryProblem, match="for a passage"):
        run(looked_up("x", 1), lambda step, path: [broken])


def test_what_ends_a_run_carries_what_had_been_written(memory: Memory) -> None:
    def wrong(*_: str) -> float:
        raise AssertionError("a test speaks")

    replies = ["He is old. And", "He read law."]
    with pytest.raises(AssertionError) as raised:
        Controller(ScriptedLLM(replies, can=["prefill"]), memory).run(flare(QUESTION, confidence=wrong))
    assert raised.value.partial.text == "He is old."  # type: ignore[attr-defined]
