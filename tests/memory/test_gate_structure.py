"""What the gate knows by structure: where junk ends, rows, repetitions in any form, direction, roles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from memagent.errors import UsageProblem
from memagent.gate import decision, reasons
from memagent.gate.direction import is_turned
from memagent.gate.echoes import repeats
from memagent.gate.rows import is_row, rows
from memagent.gate.turns import lines
from memagent.gate.unfit import unfit
from memagent.memory import Memory
from memagent.sentences import split_sentences
from memagent.types import Triple

ITS = "Mirko owns a vineyard near Trieste."
MINE = "My cousin Dara repairs clocks in Lyon."
BEFORE = [
    "<memory>\n{its}\n</memory>\n",
    "<memory>\n\n{its}\n\n</memory>\n\n",
    "<user_facts>{its}</user_facts> ",
    "```\n{its}\n```\n",
    "Relevant memories:\n1. {its}\n2. {its}\n\n",
    "Relevant memories:\n- {its}\n",
    "Known facts: {its} {its}\n",
    "Bekannte Fakten: {its}\n\n",
    "已知信息：{its}\n\n",
    "You are a helpful assistant.\n\n",
    "You are Vino, the waiter of a bar. {its} Be brief.\n\n",
    "Du bist ein Kellner. {its}\n\n",
    "Hi!\nYou are Vino.\n",
    "Vino bot guidelines:\n1. {its}\n2. Be brief.\n\n",
]
FORMS = [
    "{0} {1} {2}",
    "- {0} {1} {2}.",
    "2) {0} {1} {2} (since March)",
    "[0.83] {0} {1} {2}",
    "{0} | {1} | {2}",
    "{0},{1},{2}",
    "{0}\t{1}\t{2}",
    "{0} ⇒ {1} ⇒ {2}",
    "{0} — {1} — {2}",
    "{0}: {1}: {2}",
    "{2}; {0} {1} {2}",
    "“{0} {1} {2}.” (12 May)",
    "> {0} {1} {2}",
    "<li>{0} {1} {2}</li>",
    "{0} {1} {2}. {0} {1} {2}.",
    "({0}; {1}; {2}), ({2}; {1}; {0})",
]
DOINGS = [
    "Dana always answers her mail on Sundays.",
    "Ilse answers the phone at Philips.",
    "Pavel replies in Czech.",
    "Tom writes prompts for Acme.",
    "My sister tests chatbots for a bank.",
    "By the way, Pavel replies in Czech.",
]
WISHES = [
    "Always answer her mail on Sundays.",
    "Answers in Czech, please.",
    "Short replies in Czech.",
    "No prompts for Acme.",
    "The assistant always answers in French.",
    "Whatever happens, your replies are in Czech.",
]
ORDERS = [
    ("Bo lives in Turku.", ("Bo", "lives in", "Turku")),
    ("Bo (my brother) has always lived in Turku.", ("Bo", "lived in", "Turku")),
    ("I moved to Oslo.", ("Yuki", "moved to", "Oslo")),
    ("Ida has a kayak.", ("Ida", "has", "kayak")),
    ("Ida was born in Oslo.", ("Ida", "born in", "Oslo")),
    ("Ida was hired by Acme.", ("Ida", "was hired by", "Acme")),
    ("Ida bakes, but she sold the oven.", ("Ida", "sold", "oven")),
    ("Ana vive en Lima.", ("Ana", "vive en", "Lima")),
    ("Ana travaille chez Renault.", ("Ana", "travaille chez", "Renault")),
    ("小明住在北京。", ("小明", "住在", "北京")),
]
FREE = [
    ("Ida was hired by Acme.", ("Acme", "hired", "Ida")),
    ("In Oslo lives Ida.", ("Ida", "lives in", "Oslo")),
    ("Rob is married to Fatima.", ("Fatima", "married to", "Rob")),
    ("The film was directed by Ida.", ("Ida", "directed", "film")),
    ("A film directed by Ida won.", ("Ida", "directed", "film")),
    ("The house that Ida bought is old.", ("Ida", "bought", "house")),
    ("Acme has 3,200 employees.", ("Acme", "employees", "3,200")),
    ("Paris is the capital of France.", ("France", "capital", "Paris")),
    ("Brot backt Ruben.", ("Ruben", "backt", "Brot")),
    ("El pan lo hace Ruben.", ("Ruben", "hace", "pan")),
    ("小明被老王打了。", ("老王", "打", "小明")),
]


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder="hashing:64", single_user=True) as opened:
        yield opened


def asked_about(text: str) -> list[str]:
    told = [line.text for line in lines(text, "Yuki") if not line.why]
    return [sentence for line in told for sentence in split_sentences(line) if not unfit(sentence)]


@pytest.mark.parametrize("before", BEFORE)
def test_junk_ends_where_it_ends_and_what_a_person_says_behind_it_is_kept(before: str) -> None:
    assert asked_about(before.format(its=ITS) + MINE) == [MINE]
    assert asked_about(before.format(its=ITS)) == []


def test_a_line_about_what_is_in_a_tag_belongs_to_the_prompt() -> None:
    assert asked_about(f"<note>\n{ITS}\n</note>\nThe note is material for you.\n{MINE}") == [MINE]


def test_a_paragraph_behind_a_prompt_is_a_persons_where_nothing_of_the_prompt_is_in_it() -> None:
    theirs = "Dana plays the cello in Turku."
    assert asked_about(f"You are a helpful assistant.\n\n{theirs}") == [theirs]
    for rest in (
        "Vino lives in Turku.",
        "The bar sells wine.",
        f"{theirs} Answer in French.",
        f"{theirs} Greet your guests.",
    ):
        assert asked_about(f"You are Vino, the waiter of a bar.\n\n{rest}") == []
    assert asked_about(f"You are Vino, the waiter of a bar.\n{theirs}") == []


def test_a_list_that_nobody_introduces_is_none_of_a_person() -> None:
    items = "- Dana plays the cello.\n- Ilse lives in Bonn."
    assert asked_about(items) == []
    assert {line.why for line in lines(items)} == {reasons.UNLED}
    for text in (f"My friends:\n{items}", f"Two things happened.\n\n{items}", f"{items}\n\nI like both."):
        assert len([one for one in asked_about(text) if one.startswith("-")]) == 2
    assert asked_about("- Dana plays the cello.") != []


def test_what_begins_as_told_back_goes_on_so() -> None:
    assert asked_about("Here is what I remember about you. Your aunt is old. Dana is your sister. She sails.") == []
    assert asked_about("Based on our last chat, you like tea. My sister Dana likes coffee.") != []


@pytest.mark.parametrize("text", [f"Translate: {ITS}", f"Summarise this: {ITS}", f"Переведи: {ITS}", f"翻译：{ITS}"])
def test_the_material_of_a_task_is_no_statement(text: str) -> None:
    assert unfit(text) == reasons.INSTRUCTION


def test_in_a_chat_of_names_only_the_speaker_teaches() -> None:
    assert asked_about(f"Me: where is he?\nVino: {ITS}\nYuki: {MINE}") == [MINE]
    assert asked_about(f"Vino (14:02): {ITS}\nYuki (14:03): {MINE}") == [MINE]
    assert asked_about("Nils: my neighbour, repairs clocks.") != []


@pytest.mark.parametrize("form", FORMS)
def test_what_was_shown_is_known_in_any_form_and_what_is_new_beside_it_is_learnt(memory: Memory, form: str) -> None:
    triple = ("Mirko", "grows", "olives")
    text, shown = form.format(*triple), ["Mirko grows olives."]
    for line in lines(text, shown=shown):
        assert line.why in (reasons.RECALLED, reasons.ROW, reasons.MACHINE, reasons.QUOTED)
    assert memory.facts.learn(triple, text, shown=shown).ids == ()
    assert memory.facts.learn(("Mirko", "sold", "press"), "Mirko grows olives, but he sold the press.", shown=shown).ids
    assert memory.facts.learn(("Mirko", "grows", "figs"), "Mirko grows figs.", shown=shown).ids


def test_repetition_is_of_words_in_their_order_in_any_writing() -> None:
    assert repeats("1、鲁本在基律纳卖面包", ["鲁本在基律纳卖面包。"])
    assert repeats("ИДА ЖИВЁТ В ОСЛО", ["Ида живёт в Осло."])
    assert not repeats("Bo likes Ida", ["Ida likes Bo"])
    assert not repeats("Ida never lives in Oslo", ["Ida lives in Oslo"])
    assert not repeats("In Oslo", ["Ida lives in Oslo"])


def test_what_the_memory_holds_is_known_in_the_forms_in_which_it_is_printed(memory: Memory) -> None:
    memory.add("Ida keeps the lamp of Gull Point.")
    memory.facts.add(("Ida", "sails to", "Visby"))
    for triple, text in [
        (("Ida", "keeps", "lamp"), "2) Ida keeps the lamp of Gull Point"),
        (("Ida", "keeps", "lamp"), "- Ida keeps the lamp."),
        (("Ida", "sails to", "Visby"), "Ida sails to Visby."),
        (("Ida", "sails to", "Visby"), "* Ida sails to Visby"),
    ]:
        learnt = memory.facts.learn(triple, text)
        assert learnt.ids == (), text
        assert "recalled" in learnt.refused[0].why or "holds it already" in learnt.refused[0].why
    assert memory.facts.learn(("Ida", "keeps", "bees"), "- Ida keeps bees.").ids


@pytest.mark.parametrize("form", FORMS[4:11])
def test_rows_are_known_by_their_form_alone(form: str) -> None:
    assert is_row(form.format("Mirko", "grows", "olives"))
    assert unfit(form.format("Mirko", "grows", "olives"))


@pytest.mark.parametrize(
    "text",
    [
        "Bo, my brother, lives in Turku",
        "I came; I saw; I won",
        "Bo - my brother - lives in Turku with Mara",
        "We paid 1,200,000 for it",
        "Bo likes tea; Mara likes coffee; Ida likes beer",
        "Good news: Bo got the job",
        "小张住在北京,在银行工作,养了一只猫",
    ],
)
def test_sentences_of_people_are_no_rows(text: str) -> None:
    assert not is_row(text)


def test_lines_that_are_parted_alike_are_rows_together() -> None:
    assert rows(["Name: Ida Holm", "City: Oslo", "Phone: 555"]) == [True, True, True]
    assert rows(["I like this: tea", "Bo lives here."]) == [False, False]


@pytest.mark.parametrize("text", DOINGS)
def test_what_somebody_does_with_answers_and_prompts_is_a_statement(text: str) -> None:
    assert unfit(text) == ""


@pytest.mark.parametrize("text", WISHES)
def test_how_answers_are_to_be_is_none(text: str) -> None:
    assert unfit(text)


@pytest.mark.parametrize(("sentence", "said"), ORDERS)
def test_a_triple_that_a_sentence_says_the_other_way_round_is_refused(
    sentence: str, said: tuple[str, str, str]
) -> None:
    subject, relation, object = said
    assert decision.why_not(Triple(*said), sentence, speaker="Yuki") == ""
    why = decision.why_not(Triple(object, relation, subject), sentence, speaker="Yuki")
    assert why == "the sentence says it the other way round"


@pytest.mark.parametrize(("sentence", "said"), FREE)
def test_other_orders_that_say_the_same_are_let_pass(sentence: str, said: tuple[str, str, str]) -> None:
    assert not is_turned(Triple(*said), sentence)


def test_only_what_a_user_says_is_learnt(memory: Memory) -> None:
    triple = ("Bo", "lives in", "Turku")
    for role, why in (("system", reasons.PROMPT), ("assistant", reasons.MODEL), ("tool", reasons.RECALLED)):
        learnt = memory.facts.learn(triple, "Bo lives in Turku.", role=role)  # type: ignore[arg-type]
        assert (learnt.ids, [refusal.why for refusal in learnt.refused]) == ((), [why])
    with pytest.raises(UsageProblem, match="is no role"):
        memory.facts.learn(triple, "Bo lives in Turku.", role="robot")  # type: ignore[arg-type]
    assert memory.facts.learn(triple, "Bo lives in Turku.", role="user").ids


def test_a_mine_is_no_speaker(memory: Memory) -> None:
    learnt = memory.facts.learn(("Nils", "works at", "mine"), "Nils works at the mine.", speaker="Yuki")
    assert [triple.object for triple in learnt.kept] == ["mine"]
    assert memory.facts.learn(("Bo", "works in", "IT"), "Bo works in IT.").ids
    assert memory.facts.learn(("boat", "is", "mine"), "The boat is mine.").ids == ()
