"""What frames a line: a label, a source, a task, a part to be played, a wish; and what people say themselves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from memagent.errors import UsageProblem
from memagent.gate import reasons
from memagent.gate.echoes import repeats
from memagent.gate.languages import in_first_person, language_of
from memagent.gate.statements import ASKS
from memagent.gate.turns import lines
from memagent.gate.unfit import unfit
from memagent.memory import Memory
from memagent.types import Triple

ITS = "Mirko owns a vineyard near Trieste."
MINE = "My cousin Dara repairs clocks in Lyon."


def whys(text: str) -> list[str]:
    return [line.why or unfit(line.text) for line in lines(text, "Yuki")]


@pytest.mark.parametrize(
    "line",
    [
        f"Context for the reader: {ITS}",
        "Kontext: Mirko besitzt einen Weinberg.",
        "Contexte : Mirko possède une vigne.",
        "Mirko Senn: owns a vineyard.",
    ],
)
def test_what_stands_under_a_label_of_a_text_or_a_name_teaches_nothing(line: str) -> None:
    assert whys(line)[0] in (reasons.LABELLED, reasons.RECALLED)


@pytest.mark.parametrize(
    "line",
    [f"Good news: {ITS}", f"Weekend plans: {ITS}", "Context: I own a vineyard.", "Mara: the cat is called Felix."],
)
def test_what_people_put_before_a_colon_is_no_label(line: str) -> None:
    assert whys(line) == [""]


@pytest.mark.parametrize(
    "frame",
    [
        "According to our earlier chats, {0}",
        "The notes say that {0}",
        "From the archive, entry 44: {0}",
        "Going back through our history, {0}",
        "You told the assistant that {0}",
        "{0} (confidence: high)",
        "{0} [mem-14]",
    ],
)
def test_a_line_that_says_it_comes_from_talk_before_or_from_notes_is_recalled(frame: str) -> None:
    assert whys(frame.format(ITS))[0] == reasons.RECALLED
    assert whys(frame.format(ITS))[0] != whys(ITS)[0] == ""


@pytest.mark.parametrize(
    "line",
    [
        "Laut früheren Gesprächen besitzt Mirko einen Weinberg.",
        "D'après nos échanges précédents, Mirko possède une vigne.",
        "Recuerdo que Mirko tiene una viña.",
        "Ricordo che Mirko ha una vigna.",
        "Ik herinner me dat Mirko een wijngaard heeft.",
        "Я помню, что у Мирко есть виноградник.",
        "根据之前的对话，米尔科有一个葡萄园。",
        "以前の会話によると、ミルコさんは葡萄園を持っています。",
    ],
)
def test_so_it_is_in_other_languages(line: str) -> None:
    assert whys(line) == [reasons.RECALLED]


def test_other_sources_and_memories_of_ones_own_are_a_persons() -> None:
    for line in ("According to my doctor, I have low iron.", "I remember my grandmother's house, it was in Kochi."):
        assert whys(line) == [""]


@pytest.mark.parametrize(
    "first",
    [
        "Complete the dialogue.",
        "The following is a letter.",
        "Only use the information in this message.",
        "Act as my interviewer.",
        "In this scenario, Dana is a nurse.",
        "This GPT helps bakers in Turku.",
        "Your users are guests of the Hotel Aurora.",
    ],
)
def test_the_material_of_a_task_and_the_rest_of_a_prompt_go_with_their_first_sentence(first: str) -> None:
    assert whys(f"{first} {ITS}") == [reasons.PROMPT]
    assert "" in whys(f"{first}\n\n{MINE}")


@pytest.mark.parametrize(
    "line",
    [
        "Erinnere mich daran, Mirko anzurufen.",
        "Rappelle-moi d'appeler Mirko.",
        "Préviens Dana que Mirko est à Trieste.",
        "Dile a Dana que Mirko vive en Trieste.",
        "Ricordami di chiamare Mirko.",
        "Metti Mirko in copia.",
        "Avise a Dana que o Mirko está em Trieste.",
        "Vertel Dana dat Mirko in Triëst woont.",
        "Помогите Мирко с домом.",
        "提醒我给米尔科打电话。",
        "ミルコさんに伝えて。",
    ],
)
def test_a_request_is_known_by_its_form_in_each_language(line: str) -> None:
    assert whys(line)[0] in (reasons.INSTRUCTION, ASKS)


@pytest.mark.parametrize(
    "line",
    [
        "Saludos desde Lisboa.",
        "Tanti auguri a Jonas e a tutta la famiglia!",
        "Bises à Jonas et aux enfants de Bergen.",
        "Поздравляю Йонаса с новой работой в Бергене!",
        "Hi Petra, greetings from Lisbon!",
        "Jonas and Petra wish you a happy Easter!",
    ],
)
def test_a_greeting_is_known_by_its_noun_and_a_wish_by_its_verb(line: str) -> None:
    assert whys(line) == [reasons.GREETING]


def test_a_name_and_an_office_under_a_closing_are_a_signature_and_a_sentence_there_is_none() -> None:
    assert set(whys("Kind regards,\nPetra Nunes\nHead of Sales, Lisbon")) == {reasons.GREETING}
    assert whys(f"Kind regards,\n{MINE}") == [reasons.GREETING, ""]


def test_a_turn_that_speaks_of_its_answer_before_is_a_models() -> None:
    assert whys("Sorry, I made a mistake in my previous answer. I should have checked.") == [reasons.MODEL]


def test_a_triple_in_the_words_of_a_sentence_is_repeated_and_a_denial_of_it_is_not() -> None:
    shown = ["Dov | husband of | Ilka Brandt"]
    assert repeats("Dov is the husband of Ilka Brandt.", shown)
    assert not repeats("Dov is not the husband of Ilka Brandt.", shown)


def test_a_language_is_known_by_the_words_of_its_speakers_and_dutch_is_one() -> None:
    assert language_of("Du hast mir erzählt, dass Dana malt.") == "de"
    assert language_of("Mi avevi detto che Dana dipinge.") == "it"
    assert language_of("Mijn zus Dana schildert.") == "nl"
    assert in_first_person("Lavoro a Torino.")
    assert not in_first_person("Perché Marco viene da Torino.")
    assert not in_first_person("Pablo es médico.")


def test_a_judge_is_asked_once_of_what_the_gate_let_through_and_its_refusals_are_listed_beside_the_gates() -> None:
    asked: list[tuple[str, tuple[Triple, ...]]] = []

    def judge(sentence: str, triples: Sequence[Triple]) -> Sequence[str]:
        asked.append((sentence, tuple(triples)))
        return ["nobody would say so" if one.object == "ship" else "" for one in triples]

    said = "Mirko owns a vineyard, and Mirko owns a ship."
    triples = [Triple("Mirko", "owns", what) for what in ("vineyard", "ship", "castle")]
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        learnt = memory.facts.learn(triples, said, judge=judge)
        assert [one.object for one in learnt.kept] == ["vineyard"]
        assert [(one.triple and one.triple.object, one.why) for one in learnt.refused][-1] == (
            "ship",
            "nobody would say so",
        )
        assert len(learnt.refused) == 2
        assert [(sentence, [one.object for one in of]) for sentence, of in asked] == [(said, ["vineyard", "ship"])]
        memory.facts.learn(triples, "Hello!", judge=judge)
        assert len(asked) == 1  # there was nothing to ask about
        with pytest.raises(UsageProblem, match="2 triples"):
            memory.facts.learn(triples, said, judge=lambda *_: [])
        assert memory.facts.count() == 1


def test_facts_of_dutch_and_portuguese_are_kept_for_who_says_them() -> None:
    said = [
        ("Ik werk bij de haven.", Triple("ik", "werk bij", "haven")),
        ("Eu trabalho no porto.", Triple("eu", "trabalho", "porto")),
    ]
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        for sentence, triple in said:
            assert memory.facts.learn(triple, sentence, speaker="Yuki").kept[0].subject == "Yuki"
