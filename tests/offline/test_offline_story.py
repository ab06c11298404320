"""The storyteller: replies as the prompts ask, stories that can be followed, memory and plans that really count."""

import json
import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.llms.offline import Offline
from memagent.offline.text import normal, sentences, unlisted
from memagent.prompts import fill
from memagent.types import Request

OFFLINE = Offline()
PREMISE = "A lighthouse keeper finds her brother missing after a storm."
PREMISES = [
    PREMISE,
    "Rain",
    "Mara Venn keeps the lighthouse at Gull Point. Her brother Tomas has been missing for four days.",
    "两个女孩在北京的一家书店里找到一封旧信。",
    "Старый часовщик получает письмо без подписи.",
    'A robot learns to lie {for "love"} 🤖 <b>bold</b> $100 %s [a|b]',
    "There are no people here, only wind and a very long wall.",
    "Kim walked to the harbour and found a letter. " * 600,
    "I am a nurse and you are my patient.",
]
NEW = "A new character may enter in this paragraph."


AROUND = {"begin": {"before": "", "after": ""}, "step": {"before": "", "after": ""}, "choose": {"planned": ""}}


def ask(name, seed=0, **values):
    values = AROUND.get(name, {}) | values
    return json.loads(OFFLINE.complete(Request(fill(f"recurrent/{name}", **values), seed=seed)).text)


def begin(premise=PREMISE, words="500", **options):
    values = {"language": "English", "genre": "mystery", "sentences": "10", "memory_words": words}
    return ask("begin", premise=premise, **values, **options)


def step(memory, previous, plan, recalled="(nothing yet)", hint="", words="500", sentences="10", seed=0):
    return ask(
        "step",
        seed,
        language="English",
        memory=memory,
        previous=previous,
        plan=plan,
        recalled=recalled,
        hint=hint,
        sentences=sentences,
        memory_words=words,
    )


def choose(memory, previous, paragraph, plans):
    numbered = "\n".join(f"{number}. {plan}" for number, plan in enumerate(plans, 1))
    return ask("choose", memory=memory, previous=previous, paragraph=paragraph, plans=numbered)


def write(steps, premise=PREMISE, words="500", every=10):
    """Run a story as a flow would: the chosen plan, the last paragraph, two earlier ones recalled by the plan."""
    reply = begin(premise, words)
    paragraphs, replies = list(reply["paragraphs"]), [reply]
    for number in range(steps):
        choice = choose(reply["memory"], paragraphs[-2], paragraphs[-1], reply["plans"])["choice"]
        plan = reply["plans"][choice - 1]
        wanted = set(plan.lower().split())
        near = sorted(range(len(paragraphs) - 1), key=lambda at: len(wanted & set(paragraphs[at].lower().split())))[-2:]
        recalled = "\n\n".join(paragraphs[at] for at in sorted(near))
        hint = NEW if number % every == every - 1 else ""
        reply = step(reply["memory"], paragraphs[-1], plan, recalled, hint, words)
        paragraphs.append(reply["paragraph"])
        replies.append(reply)
    return paragraphs, replies


@pytest.fixture(scope="module")
def long_run():
    return write(300)


# ------------------------------------------------------------------------------- the format of replies


@pytest.mark.parametrize("premise", PREMISES)
def test_any_premise_begins_a_story_and_goes_on(premise):
    reply = begin(premise)
    assert list(reply) == ["title", "outline", "paragraphs", "memory", "plans"]
    assert len(reply["paragraphs"]) == len(set(reply["paragraphs"])) == 3
    assert len(reply["plans"]) == len(set(reply["plans"])) == 3
    assert 10 <= len(sentences(reply["memory"])) <= 20
    following = step(reply["memory"], reply["paragraphs"][-1], reply["plans"][0])
    assert list(following) == ["paragraph", "rationale", "memory", "plans"]
    assert len(set(following["plans"])) == 3


@pytest.mark.parametrize("premise", PREMISES)
def test_paragraphs_are_clean_english(premise):
    paragraphs, replies = write(12, premise)
    for text in [*paragraphs, *(plan for reply in replies for plan in reply["plans"])]:
        assert not re.search(r"\{(?:[A-Z]\w*|\w+:\w|he|his|him|\w+_\w+)\}", text), text
        assert not re.search(r"\.\.|,,|\s[,.;]|\s\s| a [aeiou][a-z]+ing\b|\bthe the\b|\ba the\b", text), text
        assert text == text.strip()
        for sentence in sentences(text):
            first = next(char for char in sentence if char.isalpha())
            assert first == first.upper(), sentence


def test_sections_of_the_premise_reach_the_story():
    reply = begin("Mara Venn keeps the lighthouse at Gull Point. Her brother Tomas has been missing for four days.")
    text = " ".join(reply["paragraphs"])
    assert all(name in text for name in ("Mara", "Tomas", "Gull Point", "brother"))
    assert re.search(r"\bshe\b", text)
    assert "where Tomas went" in reply["memory"]
    assert "Mara Venn kept the lighthouse at Gull Point." in text


def test_a_premise_without_names_gets_them_and_keeps_its_people():
    reply = begin(PREMISE)
    name = re.search(r"The story follows (\w+) (\w+), a lighthouse keeper, and stays at her side", reply["memory"])
    assert name
    assert f"{name[1]} found her brother missing after a storm." in " ".join(reply["paragraphs"])
    assert re.search(rf"\w+ {name[2]}, {name[1]}'s brother, is missing; he ", reply["memory"])


@pytest.mark.parametrize(
    ("premise", "pronoun"),
    [
        ("A retired detective named Rui Costa lost his dog in the fog.", "his"),
        ("Clara, a baker, finds a key.", "her"),
        ("Quill is a dragon. They guard their egg.", "their"),
    ],
)
def test_pronouns_follow_the_premise(premise, pronoun):
    assert f"stays at {pronoun} side" in begin(premise)["memory"]


def test_words_of_another_script_are_quoted():
    text = " ".join(begin("两个女孩在北京的一家书店里找到一封旧信。")["paragraphs"])
    assert '"两个女孩在北京的一家书店里找到一封旧信."' in text


def test_the_number_of_sentences_is_honoured_loosely():
    reply = begin()
    short = step(reply["memory"], reply["paragraphs"][-1], reply["plans"][0], sentences="6")["paragraph"]
    long = step(reply["memory"], reply["paragraphs"][-1], reply["plans"][0], sentences="40")["paragraph"]
    assert 5 <= len(sentences(short)) <= 10
    assert len(sentences(short)) < len(sentences(long)) <= 16


# ------------------------------------------------------------------------------- plans are carried out


def state():
    reply = begin("Mara Venn keeps the lighthouse at Gull Point. Her brother Tomas has been missing for four days.")
    return reply["memory"], reply["paragraphs"][-1], reply["plans"]


def test_our_own_plan_brings_its_place_its_people_and_its_kind():
    memory, previous, _ = state()
    other = re.search(r"with (\w+)\.", memory)[1]
    plan = f"Mara loses patience with {other} at the red chapel and demands to be told where Tomas went."
    written = step(memory, previous, f"{plan} But {other} would rather leave it alone and says so.")
    assert all(word in written["paragraph"] for word in ("Mara", other, "red chapel"))
    assert f"Mara quarrelled with {other} at the red chapel" in written["memory"]
    assert f"Mara is now at the red chapel with {other}." in written["memory"]


def new_place(sentence):
    return any(words in sentence for words in ("none of them has been yet", "for the first time", "with a small bag"))


def test_each_of_our_plans_is_understood_as_what_it_says(long_run):
    for reply in long_run[1][:40]:
        places = unlisted(re.search(r"So far it has led to (.*?)\.", reply["memory"])[1])
        for plan in reply["plans"]:
            first = sentences(plan)[0]
            named = [place for place in places if f" {place} " in f"{first} " or f" {place}," in first]
            written = step(reply["memory"], "", plan)
            where = written["memory"].split("is now ")[1]
            assert not named or any(f"at {place}" in where for place in named) or new_place(first)
            assert first not in written["paragraph"]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ("Mara burns the letter and sails for Lisbon.", "Mara burned the letter and sailed for Lisbon."),
        ("Burn the letter and sail for Lisbon", "Mara burned the letter and sailed for Lisbon."),
        ("I hide my coat and go to the mill.", "Mara hid her coat and went to the mill."),
        ("Mara will not wait.", "Mara would not wait."),
        ('Mara says "I am here" and leaves.', 'Mara said "I am here" and left.'),
    ],
)
def test_a_plan_in_free_words_is_told_in_the_past(plan, told):
    memory, previous, _ = state()
    reply = step(memory, previous, plan)
    assert told in reply["paragraph"]
    assert told.rstrip(".").replace('"', '"')[:40] in reply["memory"]


def test_a_plan_that_cannot_be_turned_is_quoted():
    memory, previous, _ = state()
    reply = step(memory, previous, "Мария сжигает письмо.")
    assert '"Мария сжигает письмо."' in reply["paragraph"]
    assert "Мария сжигает письмо" in reply["memory"]


def test_a_sentence_added_to_our_plan_is_carried_out_too():
    memory, previous, plans = state()
    reply = step(memory, previous, f"{plans[0]} Mara takes the silver bell with her.")
    assert "Mara took the silver bell with her." in reply["paragraph"]


def test_a_person_whom_a_plan_names_joins_the_memory():
    memory, previous, _ = state()
    reply = step(memory, previous, "Mara meets an old sailor called Bruno and tells him everything.")
    assert "Mara met an old sailor called Bruno and told him everything." in reply["paragraph"]
    assert re.search(r"Bruno is an old sailor; he ", reply["memory"])


# --------------------------------------------------------------------------- the memory is really read


def test_somebody_added_by_hand_appears_in_the_next_paragraph():
    memory, previous, plans = state()
    without = step(memory, previous, plans[0])
    reply = step(f"{memory} Old Ines is the harbour pilot and knows the tides.", previous, plans[0])
    assert "Old Ines" not in without["paragraph"]
    assert "Old Ines" in reply["paragraph"]
    assert "harbour pilot" in reply["paragraph"]
    assert "knew the tides" in reply["paragraph"]
    assert "Old Ines is the harbour pilot; she knew the tides." in reply["memory"]


def test_a_fact_added_by_hand_is_said_and_kept():
    memory, previous, plans = state()
    reply = step(f"{memory} The bridge at Orsk is broken.", previous, plans[0])
    assert "The bridge at Orsk is broken" in reply["paragraph"]
    assert "Also known: The bridge at Orsk is broken." in reply["memory"]


def test_a_changed_name_is_used_from_then_on():
    memory, previous, _ = state()
    other = re.search(r"with (\w+)\.", memory)[1]
    plan = f"Mara meets {other} at Gull Point and asks straight out where Tomas went."
    reply = step(re.sub(rf"\b{other}\b", "Zebulon", memory), previous, plan)
    assert "Zebulon" in reply["paragraph"]
    assert other not in reply["paragraph"]
    assert "Zebulon" in reply["memory"]


def test_another_hero_in_the_memory_takes_over():
    memory, previous, plans = state()
    reply = step(memory.replace("Mara", "Nora"), previous, plans[0])
    assert "Nora" in reply["paragraph"]
    assert "Mara" not in reply["paragraph"]


def test_a_question_added_by_hand_becomes_one_of_the_plans():
    memory, previous, _ = state()
    reply = step(f"{memory} Open question: who rang the bells?", previous, "Mara waits.")
    assert "Still open: who rang the bells." in reply["memory"]
    assert any("who rang the bells" in plan for plan in reply["plans"])


def test_a_memory_in_other_words_goes_on_with_its_people():
    memory = "Anna Petrov is a doctor in a small town. She has lost her son Misha. A wolf was seen near the school."
    reply = step(memory, "Anna closed the door.", "Anna goes to the school.")
    assert "Anna went to the school." in reply["paragraph"]
    assert "The story follows Anna Petrov, a doctor in a small town, and stays at her side." in reply["memory"]
    assert "Misha, Anna's son, is missing; he " in reply["memory"]


def test_a_recalled_paragraph_comes_up_again():
    memory, previous, plans = state()
    earlier = "Mara carried the green lantern through the chapel at Gull Point. It was late."
    texts = [step(memory, previous, plan, recalled=earlier)["paragraph"] for plan in plans]
    assert any("she carried the green lantern through the chapel at Gull Point" in text for text in texts)


def test_a_thing_that_is_carried_is_spoken_of_with_its_origin():
    memory, previous, plans = state()
    memory += " Mara carries the brass key from the chandlery."
    texts = [step(memory, previous, plan)["paragraph"] for plan in plans]
    assert any("the brass key" in text.lower() and "the chandlery" in text for text in texts)


def test_the_hint_brings_in_somebody_new():
    memory, previous, plans = state()
    before = set(re.findall(r"(\w+ \w+) is [^;.]+; ", memory))
    reply = step(memory, previous, plans[0], hint=NEW)
    new = set(re.findall(r"(\w+ \w+) is [^;.]+; ", reply["memory"])) - before
    assert len(new) == 1
    assert new.pop().split()[0] in reply["paragraph"]


# ------------------------------------------------------------------------------------------- long runs


def test_no_paragraph_comes_twice_in_300_steps(long_run):
    paragraphs, _ = long_run
    assert len(paragraphs) == 303
    assert len({normal(each) for each in paragraphs}) == 303


def test_few_sentences_come_twice_in_100_steps(long_run):
    said = [normal(sentence) for text in long_run[0][:103] for sentence in sentences(text)]
    again = sum(count - 1 for count in Counter(said).values())
    assert len(said) > 800
    assert again / len(said) < 0.08


def test_neighbours_begin_differently(long_run):
    begun = [normal(text).split()[:3] for text in long_run[0]]
    assert all(one != two for one, two in pairwise(begun))


def test_the_memory_stays_within_its_limits(long_run):
    for reply in long_run[1]:
        assert 10 <= len(sentences(reply["memory"])) <= 20
        assert len(reply["memory"].split()) <= 500


def test_a_small_memory_stays_small():
    _, replies = write(40, words="120")
    assert all(len(reply["memory"].split()) <= 120 for reply in replies)
    assert all(reply["memory"].count("The story follows") == 1 for reply in replies)


def test_the_plans_of_a_run_differ(long_run):
    plans = [plan for reply in long_run[1] for plan in reply["plans"]]
    assert len(plans) - len(set(plans)) <= 0.01 * len(plans)
    assert all(len(set(plans[at : at + 15])) == len(plans[at : at + 15]) for at in range(len(plans)))
    assert all(2 <= len(sentences(plan)) <= 5 for plan in plans)


def test_questions_are_settled_and_others_open(long_run):
    settled = [number for number, reply in enumerate(long_run[1][1:]) if "it is settled that" in reply["rationale"]]
    assert 20 <= len(settled) <= 100
    assert all(later - sooner <= 25 for sooner, later in pairwise(settled))
    assert all("Still open: " in reply["memory"] for reply in long_run[1])


def test_a_run_has_many_kinds_of_scenes(long_run):
    last = [reply["memory"].split("then ")[-1].split(".")[0] for reply in long_run[1][4:64]]
    verbs = Counter(word for event in last for word in event.split()[1:2])
    assert len(verbs) >= 8
    assert max(verbs.values()) < 20


def test_the_calendar_moves_on(long_run):
    days = [re.search(r"It is [\w ]+ the ([\w-]+) day", reply["memory"])[1] for reply in long_run[1]]
    assert len(set(days)) > 40


# --------------------------------------------------------------------------------- the other questions


def test_choose_prefers_a_plan_that_settles_a_question_elsewhere():
    memory, _, _ = state()
    plans = [
        "Mara rests at Gull Point with Joss, and they speak of anything but the question where Tomas went.",
        "Mara faces Joss at the customs house with everything that is known, and it comes out where Tomas went.",
        "Mara walks alone to Gull Point and decides whether to go on asking where Tomas went.",
    ]
    reply = choose(memory, "", "Mara stood at Gull Point.", plans)
    assert list(reply) == ["reason", "choice"]
    assert reply["choice"] == 2
    assert "customs house" in reply["reason"]
    assert choose(memory, "", "Mara stood at Gull Point.", plans[::-1])["choice"] == 2


def test_extend_keeps_the_draft_in_order_and_doubles_it():
    memory, previous, plans = state()
    draft = step(memory, previous, plans[0])["paragraph"]
    reply = ask("extend", language="English", memory=memory, previous=previous, paragraph=draft, plan=plans[1])
    assert list(reply) == ["paragraph", "plan"]
    at = -1
    for sentence in sentences(draft):
        at = reply["paragraph"].find(sentence, at + 1)
        assert at >= 0, sentence
    assert 1.4 * len(sentences(draft)) <= len(sentences(reply["paragraph"])) <= 2.4 * len(sentences(draft))
    assert 5 <= len(sentences(reply["plan"])) <= 7
    assert reply["plan"].startswith(plans[1])


def test_an_extended_plan_is_still_understood():
    memory, previous, plans = state()
    exact = ask("extend", language="English", memory=memory, previous="", paragraph=previous, plan=plans[0])["plan"]
    reply = step(memory, previous, exact)
    for sentence in sentences(exact):
        assert sentence not in reply["paragraph"]


def test_compress_keeps_what_matters():
    memory, _, _ = state()
    longer = memory + " " + " ".join(f"On day {number} it rained on the old roof." for number in range(40))
    reply = ask("compress", language="English", sentences="12", memory_words="150", memory=longer)
    kept = sentences(reply["memory"])
    assert list(reply) == ["memory"]
    assert len(kept) <= 12
    assert len(reply["memory"].split()) <= 150
    assert "The story follows Mara Venn" in reply["memory"]
    assert "Still open: where Tomas went." in kept
    assert set(kept) <= set(sentences(longer))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_nothing_breaks_it(memory, previous, plan):
    reply = step(memory, previous, plan, recalled=plan, words="60")
    assert reply["paragraph"]
    assert reply["memory"]
    assert len(reply["memory"].split()) <= 60
    assert len(set(reply["plans"])) == 3


def test_the_reason_for_a_memory_names_what_its_limit_left_no_room_for():
    memory = begin(PREMISE)["memory"]
    whole, tight = (step(memory, "", "Mara goes to the harbour.", words=words) for words in ("500", "100"))
    gone = {"It began like this": "how it began", "Lately this happened": "what happened lately"}
    for form, what in gone.items():
        assert form in whole["memory"] and f"{what}" not in whole["rationale"]
        assert (form in tight["memory"]) != (what in tight["rationale"].partition("No room within the limit: ")[2])
    assert any(form not in tight["memory"] for form in gone)
