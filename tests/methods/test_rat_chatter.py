"""What a model says to whoever asked is left out of a text, and what belongs to the text is not."""

from __future__ import annotations

import random
import time

import pytest

from memagent import Controller, Memory, rat
from memagent.methods.rat_chatter import without_chatter, without_offers
from tests.methods.test_rat import A2, TASK, A, B, C, Finder, author, correct, hit, so_far, steps

MARA, CAPE = "Mara keeps the lighthouse at Gull Point.", "Gull Point is a cape in Norway."
BEFORE = f"{MARA}\n\nGull Point is a cape in Denmark."
SOURCES = [
    "In which country is the lighthouse that Mara keeps?",
    BEFORE,
    "Gull Point is a cape in Norway, lit in 1892.",
]
TEXT = f"{MARA}\n\n{CAPE}"

BEHIND = [
    "**Changes made:** I corrected the cape.",
    "Changes made:\n\n- Denmark is now Norway\n- nothing else",
    "---\n*Note: I updated the cape according to passage [1].*",
    "I hope this helps! Let me know if you have any questions.",
    "I've corrected Denmark to Norway.",
    "Denmark was changed to Norway, based on the provided passage.",
    "Would you like me to go on?",
    "Bananas ripen faster beside apples, which many cooks find surprising.",
    "**Änderungen:** Norwegen statt Dänemark.",
    "Ich habe das Kap korrigiert. Ich hoffe, das hilft!",
    "J'ai corrigé le pays. N'hésitez pas à me demander plus.",
    "Cambios realizados:\n- el país",
    "He corregido el país. Espero que te sirva.",
    "Ho corretto il paese.",
    "Я исправил страну. Надеюсь, это поможет!",
    "修改说明：我更正了国家。",
    "希望对您有帮助！如果有其他问题，请告诉我。",
    "変更点：国名を修正しました。",
]
BEFORE_IT = [
    "Here is the revised text:\n\n",
    "Here is the revised step: ",
    "Sure! Here's the updated version of the text so far:\n\n",
    "**Revised text:** ",
    "I have corrected the country.\n\n",
    "Hier ist der überarbeitete Text:\n",
    "Voici le texte révisé : ",
    "Aquí está el texto revisado: ",
    "Вот исправленный текст: ",
    "修改后的文本：",
    "以下是修订后的步骤：\n",
]


@pytest.mark.parametrize("chatter", BEHIND)
def test_what_stands_behind_the_text_is_left_out_and_told(chatter):
    kept, left = without_chatter(f"{TEXT}\n\n{chatter}", BEFORE, SOURCES)
    assert kept == TEXT and left == " ".join(chatter.split())


@pytest.mark.parametrize("chatter", BEFORE_IT)
def test_what_stands_before_the_text_is_left_out_and_told(chatter):
    kept, left = without_chatter(chatter + TEXT, BEFORE, SOURCES)
    assert kept == TEXT and left == " ".join(chatter.split())


@pytest.mark.parametrize(
    "chatter", ["I corrected the cape.", "Let me know if you need any changes.", "Надеюсь, это поможет!"]
)
def test_sentences_at_the_end_of_a_paragraph_are_left_out_too(chatter):
    assert without_chatter(f"{TEXT} {chatter} {chatter}", BEFORE, SOURCES)[0] == TEXT


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"{TEXT} Nobody knew.",
        f"{TEXT}\n\nThe lighthouse was lit in 1892.",
        f'{TEXT} "I hope this helps," she said.',
        f'{TEXT}\n\n"Let me know," said Mara of the lighthouse at Gull Point.',
        f"{MARA} I corrected the cape.\n\n{CAPE}",  # inside the text nothing is left out
        f"{MARA}\n\nBananas ripen beside apples.",  # in the place of a step, which is refused as a whole
        f"{TEXT}\n\n- one apple\n- two bananas",
        f"{TEXT}\n\n```\nfruit = 3\n```",
        "I hope this helps!",
        "",
        "Here is the revised text:",
    ],
)
def test_what_may_belong_to_the_text_stays(text):
    assert without_chatter(text, BEFORE, SOURCES) == (text, "")


@pytest.mark.parametrize(
    "own",
    [
        "I changed trains at Bergen. I added a coat.",
        "Let me know if you need anything else.",
        "Changes: the cape is new.",
        "Here is the revised plan: we sail at dawn.",
    ],
)
def test_a_text_that_speaks_so_itself_keeps_what_it_says(own):
    text = f"{own}\n\n{MARA}\n\n{own}"
    assert without_chatter(text, text, SOURCES)[0] == text
    assert without_chatter(f"{text} {CAPE}", text, SOURCES)[0] == f"{text} {CAPE}"


@pytest.mark.parametrize("text", [f"{TEXT}\n\nI hope this helps!", f"Sure, here is a draft:\n\n{TEXT}"])
@pytest.mark.parametrize("letters", [False, True])
def test_offers_round_a_text_written_anew_are_left_out(text, letters):
    assert without_offers(text, letters=letters) == TEXT


FERRY = (
    "The ferry was replaced by the passage under the fjord in 1932. If you need assistance, ring the bell at the gate."
)
NOTES = "Corrections: the department of prisons says that 400 were freed."


@pytest.mark.parametrize(
    ("added", "source"),
    [
        ("The ferry was replaced by the passage under the fjord in 1932.", FERRY),
        ("If you need assistance, ring the bell at the gate.", FERRY),
        (NOTES, NOTES),
        ("Let me know when the lamp is lit, wrote Mara.", "Let me know when the lamp is lit, wrote Mara."),
    ],
)
def test_what_stands_in_a_passage_is_no_chatter(added, source):
    for text in (f"{TEXT} {added}", f"{TEXT}\n\n{added}"):
        assert without_chatter(text, BEFORE, [*SOURCES, source]) == (text, "")


@pytest.mark.parametrize(
    "text",
    [
        "The final text of the treaty: Norway is free.",
        "Here is the final text of the treaty: Norway is free.",
        "Here are the corrected figures: 5 and 7.",
        "Final answer: 42.",
        "STEP 1: Go to the gate.\nSTEP 2: If you need assistance, ring the bell.",
        "Go to the gate. If you have questions, ask the keeper.",
        "She gave it away. I hope this bread will help the poor.",
        "1. Sail.\n2. Let me know.",
    ],
)
def test_what_a_draft_says_of_other_things_stays(text):
    assert without_offers(text) == text


def test_in_a_story_of_oneself_work_is_ones_own():
    before = "I lit the fire.\n\nThe pot was old."
    told = "I lit the fire.\n\nThe pot was old. I added salt to the soup."
    assert without_chatter(told, before, [before]) == (told, "")
    talk = "I removed a mistake from the text."
    assert without_chatter(f"{before} {talk}", before, [before]) == (before, talk)


@pytest.mark.parametrize(
    "label",
    [
        "Here's my revision: ",
        "Revised: ",
        "Revision:\n",
        "Based on the passages, here is the text: ",
        "Updated step 2: ",
    ],
)
def test_more_labels_are_left_out(label):
    assert without_chatter(label + TEXT, BEFORE, SOURCES) == (TEXT, " ".join(label.split()))


def test_what_is_left_out_of_a_draft_and_of_the_answer_is_told():
    with Memory(":memory:", single_user=True) as memory:
        memory.add("Gull Point is a cape in Norway.")
        answer = Controller(author(f"{MARA}\n\n{CAPE}\n\nI hope this helps!"), memory).run(rat(TASK, k=1)).value
    assert "I hope this helps" not in answer.text
    assert any("the draft: left out" in note and "I hope this helps!" in note for note in answer.notes)


def test_a_letter_may_take_its_leave_itself():
    letter = f"Dear Mara,\n\n{CAPE}\n\nPlease let me know if you have any questions."
    assert without_offers(letter, letters=True) == letter
    assert without_offers(letter).endswith(CAPE)
    story = "I changed trains at Bergen.\n\nI added salt to the soup."
    assert without_offers(story) == without_offers(story, letters=True) == story
    assert without_offers("I hope this helps!") == "I hope this helps!"


def test_any_text_of_any_length_is_read_in_bounded_time():
    generator = random.Random(7)
    pieces = [*BEHIND, *BEFORE_IT, "\n\n", "\n", " ", "-", "*", "“", "I ", "here is the ", "Sure, ", "我", ":", "```\n"]
    before = time.process_time()
    for _ in range(10_000):
        text = "".join(
            generator.choice(pieces) * generator.choice([1, 1, 1, 40]) for _ in range(generator.randrange(9))
        )
        kept, _ = without_chatter(text, BEFORE, SOURCES)
        assert kept == text or len(kept) < len(text)
        assert len(without_offers(text)) <= len(text)
    for piece in (" ", "-", "*", "I ", "here is the ", "I have ", "\n", "“", "我", "Sure, ", "Changes ", "was "):
        long = piece * (200_000 // len(piece))
        for text in (long, f"{long}x", f"{MARA}\n{long}x", f"{MARA}\n\n{long}x"):
            without_chatter(text, BEFORE, SOURCES)
            without_chatter(BEFORE, text, SOURCES)
            without_offers(text)
    assert time.process_time() - before < 60  # each of them takes minutes where a pattern looks back without bounds


@pytest.fixture(scope="module")
def memory():
    with Memory(":memory:", single_user=True) as opened:
        yield opened


@pytest.mark.parametrize("scope", ["prefix", "step"])
def test_rat_takes_no_chatter_into_its_text_its_queries_or_its_prompts(memory, scope):
    def revise(request):
        text = correct(request)
        return f"Here is the revised text: {text}\n\n**Changes made:** I corrected the year.\n\nI hope this helps!"

    llm, finder = author(revise=revise), Finder([hit("one")])
    answer = Controller(llm, memory, retriever=finder).run(rat(TASK, scope=scope, query="draft")).value
    assert steps(answer)[0] == A2 and steps(answer)[2] == C
    assert all("hope" not in part.text and "hanges" not in part.text for part in answer.parts)
    assert not any("I hope this helps" in text for text in (*finder.queries, *map(str, llm.requests[2:])))
    assert "left out, as no part of the text: 'Here is the revised text: **Changes made:**" in answer.parts[0].why
    assert all("hope" not in change.after for part in answer.parts for change in part.changes)


def test_a_plan_is_its_steps_alone(memory):
    plan = "STEP 1: find wood\nSTEP 2: craft a table"

    def revise(request):
        before = so_far(request)
        text = so_far(request, "step") if before.startswith("(nothing") else f"{before}\n{so_far(request, 'step')}"
        return f"{text}\n\nLet me know if you need more details."

    llm = author(f"Sure! Here is a plan:\n{plan}\n\nI hope this helps!", revise=revise)
    answer = Controller(llm, memory, retriever=Finder([hit("one", "Wood makes a table.")])).run(
        rat("Make a table.", domain="planning")
    )
    assert answer.value.text == plan


def test_the_answer_has_no_offers_round_it(memory):
    llm = author(final=f"Certainly! Here is the story:\n\n{A} {B}\n\nWould you like me to make it longer?")
    answer = Controller(llm, memory, retriever=Finder([hit("one")])).run(rat(TASK)).value
    assert answer.text == f"{A} {B}"
