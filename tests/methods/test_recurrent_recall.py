"""What a plan calls to mind: by the paper's key and by ours, in several languages, and how it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from memagent import Controller, Memory
from memagent.errors import UsageProblem
from memagent.flow import Retrieve, run
from memagent.methods.recurrent import State, note, paragraph_id, step
from memagent.methods.recurrent_recall import Recalled, Recalling, by_story, look_up_by
from memagent.testing import ScriptedLLM
from memagent.types import Hit

SCENES = (
    "Mara lit the lamp and looked out at the water. The fog was thick, and Joren said nothing.",
    "Joren mended the net by the door. Mara asked him about the council, and he shrugged.",
    "The council met at the inn. Mara spoke for the harbour, and Joren against it.",
    "It rained all day. Mara and Joren carried the barrels in and did not speak.",
    "Joren slept badly. In the morning Mara brought him bread and looked out at the water.",
)
PAWNED = "The rain had stopped. Corvin had left his fiddle in pawn with the ferryman's widow. Mara went home."
BROTHER = "On the stairs she met Tomas, Mara's brother, who had come home with a limp. He greeted her and went on."
BOAT = "Tomas had called his boat the Wren, after a girl in another town. The gulls cried, and it was cold."
LAMP = "The keeper counted the bells. “Four bells when I come home,” he had told her, “and you may put the lamp out.”"


def story(planted: dict[int, str], count: int = 40) -> list[str]:
    scenes = [f"{SCENES[number % len(SCENES)]} That was on day {number}." for number in range(1, count + 1)]
    return [planted.get(number, scene) for number, scene in enumerate(scenes, 1)]


def stands(paragraphs: Sequence[str], newest: str = "Mara waited.", memory: str = "Mara keeps the lamp.") -> State:
    return State(len(paragraphs) + 1, newest, memory, ("She rows out.",), plan="She rows out.")


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        yield memory


def told(memory: Memory, paragraphs: Sequence[str]) -> None:
    memory.add([note(number, text) for number, text in enumerate(paragraphs, 1)])


def recalled(memory: Memory, state: State, plan: str, k: int = 2, by: str = "story") -> list[Hit]:
    return Controller(ScriptedLLM([]), memory).run(look_up_by(by, state)(plan, k)).value


def numbers(hits: Sequence[Hit]) -> list[int]:
    return [int(hit.id[1:]) for hit in hits]


def test_a_thing_that_one_paragraph_has_brings_it_back(memory: Memory) -> None:
    told(memory, story({7: PAWNED}))
    plan = "Mara and Joren quarrel at the inn about the council. A fiddle hangs in a shop window. It rains."
    hits = recalled(memory, stands(story({})), plan)
    assert 7 in numbers(hits)
    assert "fiddle" in next(hit for hit in hits if hit.id == paragraph_id(7)).why


def test_the_boat_of_her_brother_is_found_over_his_name(memory: Memory) -> None:
    told(memory, story({5: BROTHER, 12: BOAT, 20: "Pavel had sold his boat. It was raining, and Mara wept."}))
    hits = recalled(memory, stands(story({})), "Mara takes her brother's boat out past the mole.")
    assert numbers(hits)[0] == 12
    assert hits[0].path[1] == "Tomas"
    assert "brother > Tomas > boat" in hits[0].why


def test_the_boat_of_somebody_elses_brother_comes_behind(memory: Memory) -> None:
    other = "On the mole stood Ludo, Joren's brother, who greeted nobody."
    his = "Ludo had called his boat the Gannet, after a bird that he had shot. It was hot."
    told(memory, story({2: his, 3: other, 5: BROTHER, 12: BOAT}))
    found = numbers(recalled(memory, stands(story({})), "Mara takes her brother's boat out past the mole.", 8))
    assert found.index(12) < found.index(2)


def test_a_link_in_the_short_memory_serves_as_one_in_a_paragraph_does(memory: Memory) -> None:
    told(memory, story({12: BOAT, 20: "Pavel had sold his boat. A boat is a boat. It was raining, and Mara wept."}))
    plan = "Mara takes her brother's boat out past the mole."
    knows = stands(story({}), memory="The council has met. Mara's brother is Tomas.")
    assert numbers(recalled(memory, knows, plan, 1)) == [12]
    assert recalled(memory, knows, plan, 1)[0].path == ("brother", "Tomas", "boat")
    assert recalled(memory, stands(story({})), plan, 1)[0].path == ("boat",)


def test_what_the_newest_paragraph_names_comes_back_for_a_plan_that_names_nothing(memory: Memory) -> None:
    told(memory, story({7: PAWNED}))
    plan = "Now the whole of it has to be told."
    newest = "Joren came in. And then he spoke of it again, of that fiddle."
    assert 7 in numbers(recalled(memory, stands(story({}), newest), plan))
    assert 7 not in numbers(recalled(memory, stands(story({})), plan))


def test_a_name_in_every_paragraph_brings_nothing_by_itself(memory: Memory) -> None:
    told(memory, story({7: PAWNED}))
    hits = recalled(memory, stands(story({})), "Mara and Mara and Mara: and a fiddle.")
    assert numbers(hits)[0] == 7
    assert "Mara" not in hits[0].why


def test_the_newest_paragraph_is_left_out(memory: Memory) -> None:
    paragraphs = [*story({7: PAWNED}), "The fiddle was gone."]
    told(memory, paragraphs)
    state = State(41, "The fiddle was gone.", "Mara waits.", ("x",))
    assert 41 not in numbers(recalled(memory, state, "Who has the fiddle?", 8))
    assert numbers(recalled(memory, state, "Who has the fiddle?", 1)) == [7]


def test_another_scene_goes_before_the_one_beside_and_before_the_same_one_again(memory: Memory) -> None:
    beside = "“The fiddle is worth ten crowns,” said the widow, and hung the fiddle up."
    far = "Somebody played a fiddle behind the wall, and Joren cursed."
    told(memory, story({7: PAWNED, 8: beside, 30: far, 35: PAWNED}))
    found = numbers(recalled(memory, stands(story({})), "A fiddle in pawn with a widow.", 2))
    assert 30 in found
    assert len({7, 8, 35} & set(found)) == 1


@pytest.mark.parametrize("by", ["plan", "story"])
def test_an_empty_story_recalls_nothing(memory: Memory, by: str) -> None:
    assert recalled(memory, State(3, "Three.", "", ("x",)), "She rows out.", by=by) == []


def test_an_empty_plan_recalls_nothing(memory: Memory) -> None:
    told(memory, story({}))
    assert recalled(memory, stands(story({})), " \n ") == []
    assert recalled(memory, stands(story({})), "Mara waits.", 0) == []


def test_a_story_of_one_name_only_still_recalls_by_the_plan(memory: Memory) -> None:
    told(memory, ["Mara."] * 3 + ["Mara, Mara."])
    hits = recalled(memory, State(6, "Mara.", "Mara.", ("x",)), "Mara.", 2)
    assert len(hits) <= 2
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_a_chinese_story_recalls_what_is_named_and_what_is_linked(memory: Memory) -> None:
    scenes = [
        "玛拉点亮了灯，望着海面。雾很浓，约伦没有说话。",
        "议会在客栈开会。玛拉替港口说话。",
        "整天下着雨，他们没有说话。",
    ]
    planted = {
        4: "雨停了。科尔把提琴当给了船夫的寡妇。玛拉回家了。",
        6: "玛拉的哥哥托马斯回来了。",
        9: "托马斯的渔船叫做海燕。天很冷。",
        12: "帕维尔卖掉了渔船，旧渔船。雨停了。",
    }
    told(memory, [planted.get(number, scenes[number % 3] + f"第{number}天。") for number in range(1, 40)])
    state = State(40, "玛拉等着。", "玛拉看守着灯。", ("x",))
    assert numbers(recalled(memory, state, "约伦和玛拉争吵。橱窗里挂着一把提琴。", 1)) == [4]
    boat = recalled(memory, state, "玛拉要用她哥哥的渔船出海。", 1)
    assert numbers(boat) == [9]
    assert "linked: 哥哥 > 托马 > " in boat[0].why


def test_a_russian_story_recalls_what_is_named_and_what_is_linked(memory: Memory) -> None:
    scenes = [
        "Мара зажгла лампу и смотрела на воду.",
        "Совет собрался. Мара говорила за гавань.",
        "Шёл дождь.",
    ]
    planted = {
        4: "Дождь кончился. Корвин заложил скрипку у вдовы паромщика. Мара ушла домой.",
        6: "Пришёл Томас, брат Мары, и сел у окна.",
        9: "Свою шхуну Томас назвал «Чайка». Было холодно.",
        12: "Павел продал шхуну, старую шхуну.",
    }  # fmt: skip
    told(memory, [planted.get(number, f"{scenes[number % 3]} День {number}.") for number in range(1, 40)])
    state = State(40, "Мара ждала.", "Мара хранит лампу.", ("x",))
    assert numbers(recalled(memory, state, "Мара и Йорен спорят. Она видит в лавке скрипку.", 1)) == [4]
    boat = recalled(memory, state, "Мара берёт шхуну, которой владел её брат.", 1)
    assert numbers(boat) == [9]
    assert "linked: брат > Томас > шхуну" in boat[0].why


def test_ours_is_at_least_as_good_as_the_key_of_the_paper(memory: Memory) -> None:
    told(memory, story({3: LAMP, 5: BROTHER, 7: PAWNED, 12: BOAT}))
    asked = {
        "The keeper wonders which sign with the bells was agreed upon. Mara and Joren look out at the water.": 3,
        "Mara and Joren argue at the inn. The fiddle has been sold.": 7,
        "Mara asks the council for her brother's boat. Joren is against it.": 12,
    }
    state = stands(story({}))
    right = {by: sum(want in numbers(recalled(memory, state, plan, by=by)) for plan, want in asked.items())
             for by in ("plan", "story")}  # fmt: skip
    assert right["story"] == len(asked) > right["plan"]


def test_sync_and_async_find_the_same_and_twice_the_same(memory: Memory) -> None:
    told(memory, story({5: BROTHER, 7: PAWNED, 12: BOAT}))
    state, plan = stands(story({})), "Mara sees the fiddle on her brother's boat."
    controller = Controller(ScriptedLLM([]), memory)
    one = controller.run(by_story(state)(plan, 4)).value
    assert one == controller.run(by_story(state)(plan, 4)).value
    assert one == asyncio.run(controller.arun(by_story(state)(plan, 4))).value


def test_one_look_up_is_one_step_that_asks_for_few(memory: Memory) -> None:
    asked: list[Retrieve] = []

    def answer(step: object, path: object) -> list[Hit]:
        assert isinstance(step, Retrieve)
        asked.append(step)
        return []

    run(by_story(stands(["One."], "Two lines.\n\nOf two paragraphs."))("A plan.\n\nAnd more.", 2), answer)
    assert [(step.using, step.k) for step in asked] == [("recall", 7)]
    assert asked[0].query == "A plan. And more.\n\nTwo lines. Of two paragraphs.\n\nMara keeps the lamp."


def test_a_step_shows_what_was_recalled_and_a_listing_says_why(memory: Memory) -> None:
    told(memory, story({3: LAMP}))
    reply = '{"paragraph": "P.", "rationale": "r", "memory": "m.", "plans": ["a", "b", "c"]}'
    llm = ScriptedLLM([reply])
    state = State(41, "Mara waited.", "Mara keeps the lamp.", ("x",), plan="She listens for the bells he spoke of.")
    look_up = Recalling(by_story(state))
    after = Controller(llm, memory).run(step(state, look_up=look_up)).value
    assert after.recalled[0] == paragraph_id(3)
    assert LAMP in "\n".join(message.content for message in llm.requests[0].messages)
    first = look_up.found[0]
    assert str(first) == f"¶3 «{first.quote}» ({first.score:.2f})"
    assert "bells" in first.quote.lower() and first.quote.strip("…") in LAMP
    assert "the plan names: bells" in first.why


def test_the_key_of_the_paper_is_told_in_words_too(memory: Memory) -> None:
    told(memory, story({3: LAMP}))
    look_up = Recalling(look_up_by("plan", stands(story({}))))
    Controller(ScriptedLLM([]), memory).run(look_up("The keeper counted the bells.", 1))
    assert look_up.found[0].number == 3
    assert look_up.found[0].why == f"like the plan ({look_up.found[0].score:.2f})"
    assert "bells" in look_up.found[0].quote


@pytest.mark.parametrize(
    "text",
    ["word " * 60 + "bells " + "word " * 60, "雨" * 100 + "bells" + "雪" * 100, "“—”", "", "bells" * 40],
    ids=["long", "spaceless", "signs", "empty", "one word"],
)
def test_a_quote_is_short_and_has_what_came_to_mind(text: str) -> None:
    quote = Recalled.of(Hit("p000002", text, 0.5, path=("bells",)), "no matter").quote
    assert len(quote) <= 56
    assert ("bells" in quote) == ("bells" in text)


def test_what_is_no_paragraph_has_no_number() -> None:
    assert str(Recalled.of(Hit("lore-wren", "The Wren is a boat.", 1.0), "the boat")) == "«The Wren is a boat» (1.00)"


def test_another_key_is_refused(memory: Memory) -> None:
    with pytest.raises(UsageProblem, match="recall by 'dream' is not known"):
        look_up_by("dream", stands(["One."]))
