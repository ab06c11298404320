"""RecurrentGPT's conformance checks: init, replies, recall, embeddings, failure, edits, limits, resumption."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Controller, Memory, Note, retrieve
from memagent.embedders.base import Kind, Vectors
from memagent.embedders.hashing import Hashing
from memagent.errors import ReplyError, UsageProblem
from memagent.methods import recurrent
from memagent.methods.recurrent import NEW_CHARACTER, Settings, State, advance, begin, choose, step, write
from memagent.methods.recurrent_reply import read_choice, read_opening, read_paragraph
from memagent.sentences import count_words, split_sentences
from memagent.structured import Unreadable
from memagent.testing import ScriptedLLM


class CountingEmbedder:
    """Counts what it embeds, by kind."""

    def __init__(self) -> None:
        self._inner = Hashing()
        self.name, self.dim = self._inner.name, self._inner.dim
        self.seen: dict[str, list[str]] = {"document": [], "query": []}

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        self.seen[kind].extend(texts)
        return self._inner.embed(texts, kind)


class TableEmbedder:
    """Has the vector of each text in a table."""

    name, dim = "table", 2

    def __init__(self, table: dict[str, tuple[float, float]]) -> None:
        self.table = table

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        return np.array([self.table[text] for text in texts], dtype=np.float32).reshape(-1, 2)


def opening(**changes: Any) -> str:
    fields = {
        "title": "The Lamp",
        "outline": "A lamp goes out.",
        "paragraphs": ["One.", "Two.", "Three."],
        "memory": "Mara keeps the lamp.",
        "plans": ["She rows out.", "A stranger knocks.", "The council meets."],
    }
    return json.dumps({**fields, **changes})


def paragraph(number: int = 4, **changes: Any) -> str:
    fields = {
        "paragraph": f"Paragraph number {number}.",
        "rationale": "The bells are new.",
        "memory": f"Mara keeps the lamp. This is known after {number}.",
        "plans": [f"Plan {letter} after {number}." for letter in "abc"],
    }
    return json.dumps({**fields, **changes})


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


def texts(memory: Memory) -> list[str]:
    return [passage.text for passage in memory.passages()]


STATE = State(3, "Three.", "Mara keeps the lamp.", ("She rows out.", "A stranger knocks.", "The council meets."))


# 1. Init with nine fields; a missing outline is tolerated; a missing summary is asked for again, then an error.

NINE = """Name: The Lamp
Outline: A lamp goes out.
Paragraph 1: One.
Paragraph 2: Two.
Paragraph 3: Three.
Summary: Mara keeps the lamp.
Instruction 1: She rows out.
Instruction 2: A stranger knocks.
Instruction 3: The council meets."""


@pytest.mark.parametrize("reply", [NINE, opening()], ids=["labels", "json"])
def test_1_init_fills_memory_plans_and_current_paragraph(reply: str, memory: Memory) -> None:
    state = Controller(ScriptedLLM([reply]), memory).run(begin("A lamp.")).value
    assert state.memory == "Mara keeps the lamp."
    assert texts(memory) == ["One.", "Two."]
    assert state.plans == ("She rows out.", "A stranger knocks.", "The council meets.")
    assert (state.paragraph, state.paragraphs, state.title) == ("Three.", 3, "The Lamp")


def test_1_init_tolerates_a_missing_outline(memory: Memory) -> None:
    reply = NINE.replace("Outline: A lamp goes out.\n", "")
    state = Controller(ScriptedLLM([reply]), memory).run(begin("A lamp.")).value
    assert (state.title, state.outline) == ("The Lamp", "")


def test_1_init_without_a_summary_is_asked_for_again_and_then_fails(memory: Memory) -> None:
    reply = NINE.replace("Summary: Mara keeps the lamp.\n", "")
    assert Controller(ScriptedLLM([reply, NINE]), memory).run(begin("A lamp.")).value.memory == "Mara keeps the lamp."
    llm = ScriptedLLM([reply] * 3)
    with pytest.raises(ReplyError, match='"memory" is missing'):
        Controller(llm, memory).run(begin("A lamp."))


def test_an_empty_premise_is_refused_before_anything_is_asked(memory: Memory) -> None:
    with pytest.raises(UsageProblem, match="premise is empty"):
        Controller(ScriptedLLM([]), memory).run(begin("  \n"))


# 2. Bold headers, CRLF, a third plan of two lines.

BOLD = (
    "**Output Paragraph:**\r\nThe fog came in.\r\n\r\nIt stayed.\r\n\r\n"
    "**Output Memory:**\r\n**Rational:** The fog is new; drop the bells.\r\n"
    "**Updated Memory:** Mara keeps the lamp. There is fog.\r\n\r\n"
    "**Output Instruction:**\r\n**Instruction 1:** Row out.\r\n**Instruction 2:** Wait.\r\n"
    "**Instruction 3:** go\r\neast\r\n"
)


@pytest.mark.parametrize(
    "reply",
    [
        BOLD,
        BOLD.replace("**", ""),
        BOLD.replace("**", "").replace("Output ", "## ").replace("Instruction ", "Plan "),
        BOLD.replace("\r\n", "\n").replace("Instruction 1", "Instruction #1"),
    ],
    ids=["bold", "plain", "headings", "numbered"],
)
def test_2_labelled_replies_are_read_to_the_end(reply: str) -> None:
    read = read_paragraph(reply)
    assert read.text == "The fog came in.\nIt stayed."
    assert read.plans == ("Row out.", "Wait.", "go east")
    assert read.memory == "Mara keeps the lamp. There is fog."
    assert "drop the bells" in read.rationale


def test_labels_inside_prose_do_not_end_it() -> None:
    text = paragraph(paragraph='Memory is a harbour. Plan or no plan, she said: "Memory fails."')
    assert read_paragraph(text).text.endswith('"Memory fails."')
    labelled = "Paragraph: Memory is a harbour.\nPlans were made.\nMemory: M.\nPlan 1: a\nPlan 2: b\nPlan 3: c"
    assert read_paragraph(labelled).text == "Memory is a harbour.\nPlans were made."


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"plans": ["a", "b"]}, "holds 2"),
        ({"plans": ["a", "b", "A"]}, "the same"),
        ({"memory": ""}, '"memory" is missing'),
        ({"paragraph": None}, '"paragraph" is missing'),
    ],
)
def test_an_incomplete_reply_is_unreadable_and_says_why(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unreadable, match=problem):
        read_paragraph(paragraph(**change))


@given(st.text())
def test_any_reply_is_read_or_unreadable(text: str) -> None:
    for read in (read_paragraph, read_opening, lambda reply: read_choice(reply, 3)):
        try:
            read(text)
            read("Paragraph: " + text)
            read("{" + text)
        except Unreadable:
            pass


# 3. Rationale text never enters the memory.


@pytest.mark.parametrize("reply", [BOLD, paragraph(rationale="SECRET reason", memory="Mara keeps the lamp.")])
def test_3_the_rationale_never_enters_the_memory(reply: str, memory: Memory) -> None:
    state = Controller(ScriptedLLM([reply]), memory).run(step(replace(STATE, plan="Wait."))).value
    assert state.rationale
    assert state.rationale not in state.memory
    assert "drop the bells" not in state.memory
    assert "SECRET" not in state.memory


# 4. The retrieval key is the plan.


def test_4_the_plan_is_the_key_to_long_memory() -> None:
    embedder = TableEmbedder(
        {"item 1": (1, 0), "item 2": (0, 1), "item 3": (0.8, 0.6), "the plan": (0.6, 0.8), "Three.": (-1, 0)}
    )
    with Memory(":memory:", embedder=embedder, single_user=True) as memory:
        memory.add([Note(f"item {number}", id=f"p{number:06d}") for number in (1, 2, 3)])
        hits = Controller(ScriptedLLM([]), memory).run(retrieve("the plan", k=2, using="dense")).value
        assert [hit.text for hit in hits] == ["item 3", "item 2"]
        assert [hit.parts["dense"] for hit in hits] == pytest.approx([0.96, 0.8], abs=1e-3)
        llm = ScriptedLLM([paragraph()])
        state = Controller(llm, memory).run(step(replace(STATE, paragraphs=4, plan="the plan"))).value
    assert state.recalled == ("p000003", "p000002")
    prompt = llm.requests[0].messages[-1].content
    assert prompt.index("item 2") < prompt.index("item 3")  # shown in the order of the story
    assert "item 1" not in prompt


def test_4_fewer_memories_than_k_are_no_error(memory: Memory) -> None:
    assert Controller(ScriptedLLM([paragraph()]), memory).run(step(replace(STATE, plan="Wait."))).value.recalled == ()


# 5. n steps embed n paragraphs, and one plan each.


def test_5_each_step_embeds_one_new_paragraph_and_one_plan() -> None:
    embedder = CountingEmbedder()
    with Memory(":memory:", embedder=embedder, single_user=True) as memory:
        llm = ScriptedLLM([opening(), *(paragraph(number) for number in range(4, 16))])
        state = Controller(llm, memory).run(begin("A lamp.")).value
        for count in embedder.seen.values():
            count.clear()
        Controller(llm, memory).run(write(state, 12, select="first"))
    assert len(embedder.seen["document"]) == len(set(embedder.seen["document"])) == 12
    assert len(embedder.seen["query"]) == 12


# 6. Three unreadable replies: an error, and nothing has changed.


def test_6_three_unreadable_replies_leave_everything_as_it_was(memory: Memory) -> None:
    memory.add([Note("One.", id="p000001"), Note("Two.", id="p000002")])
    before = texts(memory)
    llm = ScriptedLLM(["nonsense"] * 3)
    state = replace(STATE, plan="Wait.")
    with pytest.raises(ReplyError):
        Controller(llm, memory).run(step(state))
    assert len(llm.requests) == 3
    assert texts(memory) == before
    assert state == replace(STATE, plan="Wait.")


# 7. Edits by a person reach the writer, verbatim.


def test_7_an_edited_memory_and_an_edited_plan_reach_the_writer_verbatim(memory: Memory) -> None:
    llm = ScriptedLLM([opening(), paragraph()])
    state = Controller(llm, memory).run(begin("A lamp.")).value
    edited = replace(state, memory="Her brother is <alive> & well.\nHe costs $5.", plan="Burn the {letter}, slowly.")
    Controller(llm, memory).run(step(edited))
    prompt = llm.requests[1].messages[-1].content
    assert edited.memory in prompt
    assert edited.plan in prompt


def test_7_an_edited_long_memory_reaches_the_writer(memory: Memory) -> None:
    llm = ScriptedLLM([opening(), paragraph()])
    state = Controller(llm, memory).run(begin("A lamp.")).value
    memory.edit("p000001", "One, but with a parrot.")
    Controller(llm, memory).run(step(replace(state, plan="The parrot speaks.")))
    assert "One, but with a parrot." in llm.requests[1].messages[-1].content


# 8. The memory stays within its limits.


def sentences_of(words: int) -> str:
    return " ".join(f"Fact {number} is one of many that are known here." for number in range(words // 10))


@pytest.mark.parametrize(
    ("compressed", "calls"),
    [("Short now.", 2), (sentences_of(650), 2)],
    ids=["model shortens", "model does not"],
)
def test_8_a_memory_of_700_words_is_brought_within_the_limits(compressed: str, calls: int, memory: Memory) -> None:
    llm = ScriptedLLM([paragraph(memory=sentences_of(700)), json.dumps({"memory": compressed})])
    state = Controller(llm, memory).run(step(replace(STATE, plan="Wait."))).value
    assert 0 < count_words(state.memory) <= 500
    assert len(split_sentences(state.memory)) <= 20
    assert len(llm.requests) == calls
    if compressed != "Short now.":
        assert state.memory.endswith("Fact 64 is one of many that are known here.")  # the newest is kept


def test_8_one_endless_sentence_is_cut_at_the_limit(memory: Memory) -> None:
    endless = "and " * 700
    llm = ScriptedLLM([paragraph(memory=endless), json.dumps({"memory": endless})])
    state = Controller(llm, memory).run(step(replace(STATE, plan="Wait."))).value
    assert count_words(state.memory) == 500


# 9. Saved after step 3 and opened again, step 4 is the same.


def test_9_a_reopened_story_goes_on_with_the_same_prompts(tmp_path: Path) -> None:
    replies = [opening(), *(paragraph(number) for number in range(4, 8))]

    def last_prompts(reopen: bool) -> Any:
        llm = ScriptedLLM(replies)
        path = tmp_path / f"{reopen}.db"
        with Memory(path, single_user=True) as memory:
            state = Controller(llm, memory).run(write("A lamp.", 6, select="first")).value.state
            if not reopen:
                Controller(llm, memory).run(advance(state, select="first"))
                return llm.requests[-1]
        with Memory(path, single_user=True) as memory:
            Controller(llm, memory).run(advance(state, select="first"))
        return llm.requests[-1]

    assert last_prompts(reopen=True) == last_prompts(reopen=False)


# 10. Selector modes.


def chosen(select: Any, *replies: str) -> State:
    return Controller(ScriptedLLM(replies)).run(choose(STATE, select=select)).value


def test_10_selectors() -> None:
    assert chosen("first").plan == "She rows out."
    assert chosen("model", '{"reason": "better", "choice": 2}').plan == "A stranger knocks."
    assert chosen("model", "Selected Plan: 3\nReason: better").plan == "The council meets."
    assert chosen("model", '{"choice": 9}', '{"choice": 1}').plan == "She rows out."
    assert chosen(lambda state: 2).plan == "A stranger knocks."
    assert chosen(lambda state: "She burns the letter.").plan == "She burns the letter."
    for bad in (lambda state: 7, lambda state: " ", "oracle"):
        with pytest.raises(UsageProblem):
            chosen(bad)


def test_10_the_simulator_chooses_extends_and_sharpens_the_plan() -> None:
    extension = '{"paragraph": "Three, at length.", "plan": "The council meets at noon."}'
    state = chosen("simulator", '{"choice": 3}', extension)
    assert (state.paragraph, state.plan) == ("Three, at length.", "The council meets at noon.")


def test_10_what_the_simulator_extended_is_what_long_memory_keeps(memory: Memory) -> None:
    def extended(number: int) -> list[str]:
        return ['{"choice": 1}', json.dumps({"paragraph": f"Extended {number}.", "plan": f"Plan {number}, exactly."})]

    llm = ScriptedLLM([opening(), *extended(3), paragraph(4), *extended(4)])
    novel = Controller(llm, memory).run(write("A lamp.", 4, select="simulator")).value
    assert novel.paragraphs == ("One.", "Two.", "Extended 3.", "Extended 4.")
    assert texts(memory) == ["One.", "Two.", "Extended 3."]
    assert novel.state.plan == "Plan 4, exactly."


# 11. A fixed seed gives the same prompts; a chance of 0 never hints, of 1 always.


def prompts_of(settings: Settings) -> list[Any]:
    llm = ScriptedLLM([opening(), *(paragraph(number) for number in range(4, 34))])
    with Memory(":memory:", single_user=True) as memory:
        Controller(llm, memory).run(write("A lamp.", 33, select="first", settings=settings))
    return llm.requests


def hints(settings: Settings) -> list[bool]:
    return [NEW_CHARACTER in request.messages[-1].content for request in prompts_of(settings)[1:]]


def test_11_the_new_character_hint_follows_the_seed() -> None:
    assert prompts_of(Settings(seed=5)) == prompts_of(Settings(seed=5))
    assert hints(Settings(seed=5, new_character=0.3)) != hints(Settings(seed=6, new_character=0.3))
    assert not any(hints(Settings(new_character=0)))
    assert all(hints(Settings(new_character=1)))
    share = sum(recurrent.new_character(number, Settings()) for number in range(2000)) / 2000
    assert 0.07 < share < 0.13


def test_the_look_up_can_be_any_flow(memory: Memory) -> None:
    memory.add([Note("A parrot.", id="p000001"), Note("An anchor.", id="p000002")])
    llm = ScriptedLLM([paragraph()])
    by_words: Callable[..., Any] = lambda query, k: retrieve(query, k, using="keyword")  # noqa: E731
    state = Controller(llm, memory).run(step(replace(STATE, plan="anchor"), look_up=by_words)).value
    assert state.recalled == ("p000002",)


def test_a_step_without_a_plan_is_refused() -> None:
    with pytest.raises(UsageProblem, match="no plan is chosen"):
        Controller(ScriptedLLM([])).run(step(STATE))
