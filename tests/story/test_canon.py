"""The canon: what the manuscript says, kept as facts that follow it whatever happens to it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from memagent import Controller, Story
from memagent.methods.recurrent_facts import Told
from memagent.story.branching import branch
from memagent.story.canon import Doubt, Known, Reading, digest_of, doubts
from memagent.story.canon_store import fold, next_places, place_of
from memagent.story.check_canon import moment, place_at
from memagent.story.config import StoryConfig
from memagent.story.drafts import redo, restore, undo
from memagent.story.manuscript import Place
from memagent.story.noting import noted
from memagent.story.revising import offer, take
from memagent.testing import ScriptedLLM

TEXTS = [
    "Mara Voss's eyes were green. Tomas was Mara's brother.",
    "Mara lived in Gull Point. Mara promised Tomas to keep the lamp.",
    "It was Tuesday. Tomas gave Mara the brass key.",
    "Tomas drowned off the bar. Mara dyed her hair red.",
    "Mara hid the brass key under the stairs. It was Wednesday.",
]


def reply(text: str) -> str:
    plans = [f"Plan {letter} after {text[:20]}" for letter in "abc"]
    return json.dumps({"paragraph": text, "rationale": "", "memory": "Mara keeps the lamp.", "plans": plans})


def opening(*texts: str) -> str:
    fields = {"title": "The Lamp", "outline": "It goes out.", "paragraphs": list(texts), "memory": "Mara."}
    return json.dumps({**fields, "plans": ["Plan a.", "Plan b.", "Plan c."]})


def script() -> ScriptedLLM:
    return ScriptedLLM([opening(*TEXTS[:3]), *map(reply, TEXTS[3:])])


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(select="first"))
    story.write(5, llm=script())
    return story


def told(story: Story) -> list[tuple[str, str, str, str]]:
    """All that the store holds of the story, with the places that say it."""
    with story.editing():
        found = story.memory.facts.find(history=True)
        standing = story.canon.facts(history=True)
    lines = [(fact.subject, fact.relation, fact.object, source) for fact in found for source in fact.sources]
    assert len(standing) == len(found)
    return sorted(lines)


def wanted(story: Story) -> list[tuple[str, str, str, str]]:
    """What a fold of nothing but the manuscript gives."""
    triples = [triple for some in fold(Story(story.folder).record).told.values() for triple in some]
    return sorted((one.subject, one.relation, one.object, one.source) for one in triples)


def lines(story: Story, **which: object) -> list[str]:
    with story.editing():
        found = story.canon.facts(**which)  # type: ignore[arg-type]
    return [f"{one.subject} | {one.relation} | {one.object} | {one.since}" for one in found]


def test_what_a_story_says_is_kept_as_facts_with_the_place_they_hold_from(story):
    assert lines(story) == [
        "Mara Voss | eyes | green | ch.1 ¶1",
        "Tomas | brother of | Mara Voss | ch.1 ¶1",
        "Mara Voss | lives in | Gull Point | ch.1 ¶2",
        "Mara Voss | promised | Tomas to keep the lamp | ch.1 ¶2",
        "Mara Voss | hair | red | ch.1 ¶4",
        "Tomas | is | dead | ch.1 ¶4",
        "brass key | whereabouts | under the stairs | ch.1 ¶5",
        "the story | day | Wednesday | ch.1 ¶5",
    ]
    assert told(story) == wanted(story)


def test_a_newer_value_ends_the_older_and_the_history_has_both(story):
    with story.editing():
        found = story.canon.facts(about="BRASS KEY", history=True)
        kinds = {one.kind for one in story.canon.facts()}
    assert [(one.object, str(one.since), str(one.until)) for one in found] == [
        ("with Mara", "ch.1 ¶3", "ch.1 ¶5"),
        ("under the stairs", "ch.1 ¶5", "None"),
    ]
    assert kinds == {"fact", "promise", "time"}
    assert lines(story, about="brass key", at=Place(1, 4)) == ["brass key | whereabouts | with Mara | ch.1 ¶3"]
    assert len(lines(story, at=Place(1))) == len(lines(story))  # the end of the chapter is the end of the story


def test_the_canon_follows_undo_redo_revision_and_hand_edits(story):
    whole = told(story)
    with story.editing():
        undo(story, 2)
    assert "dead" not in {line[2] for line in told(story)}
    assert told(story) == wanted(story)
    with story.editing():
        redo(story, 2)
    assert told(story) == whole
    llm = ScriptedLLM([json.dumps({"paragraph": "Tomas sailed home."}), json.dumps({"memory": "Tomas is home."})])
    with story.editing():
        controller, place = Controller(llm, story.memory), Place(1, 4)
        draft = offer(story, controller, place, "he lives")
        assert told_inside(story) == whole  # a draft is no canon
        assert take(story, controller, place, draft) == []
    assert {line[2] for line in told(story)} & {"dead", "red"} == set()
    with story.editing():
        restore(story, place, TEXTS[3])
    assert told(story) == whole
    page = story.folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("eyes were green", "eyes were grey").replace("drowned", "swam"))
    with story.editing(adopt=False):
        assert story.sync() == 2
    after = told(story)
    assert ("Mara Voss", "eyes", "grey", "ch.1 ¶1") in after and "dead" not in {line[2] for line in after}
    assert after == wanted(story)


def told_inside(story: Story) -> list[tuple[str, str, str, str]]:
    found = story.memory.facts.find(history=True)
    return sorted((fact.subject, fact.relation, fact.object, source) for fact in found for source in fact.sources)


def test_a_paragraph_put_in_front_moves_every_place(story):
    page = story.folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("Mara Voss's", "Fog came.\n\nMara Voss's", 1))
    with story.editing(adopt=False):
        story.sync()
    assert told(story) == wanted(story)
    assert ("Mara Voss", "eyes", "green", "ch.1 ¶2") in told(story)


def test_the_canon_is_rebuilt_where_the_memory_file_or_its_mark_is_gone(story):
    whole = told(story)
    for name in ("memory.db", "canon.json"):
        for path in (story.folder / ".memagent").glob(f"{name}*"):
            path.unlink()
        assert told(Story(story.folder)) == whole
    (story.folder / ".memagent" / "canon.json").write_text("[]")
    assert told(Story(story.folder)) == whole


def test_facts_left_by_a_kill_between_the_log_and_the_memory_are_mended(story):
    whole = told(story)
    with story.editing():
        story.memory.delete(source="ch.1 ¶4")
        story.memory.facts.add(("Mara", "is", "a ghost"))  # of nobody's paragraph: it is not the canon's
        (story.folder / ".memagent" / "canon.json").unlink()
        story.canon._stands = ""
        story.canon._known = None
        story.canon.follow(story.record)
        assert [line for line in told_inside(story)] == whole
        assert story.memory.facts.find("Mara", "is", "a ghost")
        assert "a ghost" not in {one.object for one in story.canon.facts()}


def test_a_memory_file_that_stands_for_this_manuscript_is_not_read_again(story, monkeypatch):
    told(story)
    monkeypatch.setattr("memagent.story.canon_store.fold", lambda *record: pytest.fail("it was read again"))
    with Story(story.folder).editing():
        pass
    old = (story.folder / ".memagent" / "memory.db").read_bytes()
    os.replace(story.folder / ".memagent" / "memory.db", story.folder / "aside")
    (story.folder / ".memagent" / "memory.db").write_bytes(old)
    with pytest.raises(pytest.fail.Exception, match="read again"), Story(story.folder).editing():
        pass


def test_a_branch_has_a_canon_of_its_own(story, tmp_path):
    copy = branch(story, tmp_path / "fork", Place(1, 3))
    assert {line[2] for line in told(copy)} & {"dead", "red", "under the stairs"} == set()
    assert told(copy) == wanted(copy)
    assert "dead" in {line[2] for line in told(story)}


def test_appended_facts_equal_those_of_a_rebuilt_memory_in_every_chapter(tmp_path):
    config = StoryConfig(select="first", chapter_words=20)
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", config)
    story.write(5, llm=script())
    assert len(story.record.chapters) > 1
    appended = told(story)
    shutil.rmtree(story.folder / ".memagent" / "runs")
    (story.folder / ".memagent" / "memory.db").unlink()
    assert told(Story(story.folder)) == appended == wanted(story)
    assert {line[3][:5] for line in appended} > {"ch.1 "}


# The fold.


def take_all(known: Known, *texts: str) -> list[tuple[str, str, str]]:
    found = [one for at, text in enumerate(texts, 1) for one in known.take(text, Place(1, at))]
    return [(one.subject, one.relation, one.object) for one in found]


def test_what_contradicts_is_told_and_is_not_canon_unless_it_is_meant():
    texts = ("Mara's eyes were green.", "Mara had brown eyes.", "Mara's eyes were green.")
    known = Known()
    assert take_all(known, *texts) == [("Mara", "eyes", "green")] * 2
    (finding,) = known.judge([(Place(1, 4), texts[1])])
    assert known.judge([(Place(1, 4), texts[1])]) == [finding]  # to judge changes nothing
    meant = Known({finding.waiver})
    assert take_all(meant, *texts) == [("Mara", "eyes", "green")] * 2
    assert meant.judge([(Place(1, 4), texts[1])]) == []
    assert [one.place for one in meant.judge([(Place(1, 4), "Mara had brown eyes, as ever.")])] == [Place(1, 4)]
    canon = Known({(*finding.waiver, "canon")})
    assert take_all(canon, *texts[:2]) == [("Mara", "eyes", "green"), ("Mara", "eyes", "brown")]
    assert [one.quote for one in canon.judge([(Place(1, 4), texts[1]), (Place(1, 5), texts[2])])] == [texts[2]]


def test_changes_hold_and_the_dead_who_live_are_alive_again():
    assert take_all(Known(), "Mara's hair was black.", "Mara dyed her hair.", "Mara's hair was white.")[1:] == [
        ("Mara", "hair", "otherwise since, not said how"),
        ("Mara", "hair", "white"),
    ]
    alive = take_all(Known(), "Tomas died.", "Mara found the coat of Tomas.", "Tomas was alive.", "Tomas nodded.")
    assert alive == [("Tomas", "is", "dead"), ("Tomas", "is", "alive")]
    assert take_all(Known(), "The Wren sank.", "They raised the Wren.")[-1] == ("Wren", "is", "there again")


def test_paragraphs_are_judged_one_after_the_other():
    known = Known()
    found = known.judge([(Place(1, 1), "Mara's eyes were green."), (Place(1, 2), "Mara had brown eyes.")])
    assert [str(one.place) for one in found] == ["ch.1 ¶2"] and known.count == 0


def test_one_person_is_one_subject_by_the_name_that_came_first():
    texts = ("Mara lived in Gull Point.", "Mara Voss's eyes were green.", "Mara promised Tomas to stay.")
    assert {subject for subject, _, _ in take_all(Known(), *texts)} == {"Mara"}


def test_a_models_facts_are_taken_up_and_what_it_doubts_is_left_out():
    known = Known()
    first, second = "玛拉的眼睛是绿色的。", "玛拉用棕色的眼睛看着他。"
    known.take(first, Place(1, 1), Reading((Told("character", "玛拉", "eyes", "绿色"),)))
    doubt = Doubt(("玛拉", "eyes", "绿色"), digest_of(first), "棕色的眼睛", "绿色")
    reading = Reading((Told("character", "玛拉", "eyes", "棕色"), Told("place", "玛拉", "lives in", "海边")), (doubt,))
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading
    (finding,) = known.judge([(Place(1, 2), second)], {digest_of(second): reading})
    assert finding.text == "“棕色的眼睛”; “玛拉 eyes 绿色” in ch.1 ¶1 (绿色)"
    added = known.take(second, Place(1, 2), reading)
    assert [(one.relation, one.object) for one in added] == [("lives in", "海边")]
    assert [entry.triple.object for entry in known.about("玛拉走了。")] == ["绿色", "海边"]
    told_twice = [(Place(1, 1), first), (Place(1, 2), second)]
    assert doubts(told_twice, {digest_of(second): reading}) == [finding]
    assert doubts(told_twice[1:], {digest_of(second): reading}) == []  # what it contradicts is told no more


def test_what_a_text_names_is_found_and_bounded():
    known = Known()
    names = [f"A{one}{other}a" for one in "bcdfghjklm" for other in "bcdfghjklm"]
    for number, name in enumerate(names, 1):
        known.take(f"{name} promised Bob to go {number} times.", Place(1, number))
    for number in range(400, 440):
        known.take(f"Mara promised Tomas to row {number} miles.", Place(1, number))
    found = known.about("Mara and Abga sat down.")
    assert [entry.triple.object for entry in found][-2:] == ["Tomas to row 439 miles", "Bob to go 5 times"]
    assert len(found) == 9 and len(known.about(" ".join(names))) == 40
    assert known.about("Nobody sat down.") == []


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Mara lived in Gull Point.", ("Mara", "lives in", "Gull Point")),
        ("Mara moved to the lighthouse.", ("Mara", "lives in", "the lighthouse")),
        ("Tomas was born in Oslo.", ("Tomas", "was born in", "Oslo")),
        ("Gull Point was a small village.", ("Gull Point", "is a", "small village")),
        ("Mara promised Tomas that she would never go.", ("Mara", "promised", "Tomas that she would never go")),
        ("Mara swore to burn it.", ("Mara", "promised", "to burn it")),
        ("Mara kept her promise to Tomas, and slept.", ("Mara", "kept the promise", "to Tomas")),
        ("Tomas broke his word.", ("Tomas", "broke the promise", "not said which")),
        ("Tomas gave Mara the brass key.", ("brass key", "whereabouts", "with Mara")),
        ("Tomas handed the letter to Mara.", ("letter", "whereabouts", "with Mara")),
        ("Mara took the map.", ("map", "whereabouts", "with Mara")),
        ("Mara hid the ring behind the clock.", ("ring", "whereabouts", "behind the clock")),
        ("It was Tuesday.", ("the story", "day", "Tuesday")),
        ("The year was 1848.", ("the story", "year", "1848")),
    ],
)
def test_places_promises_things_and_time_are_read(text, fact):
    assert noted(text) == [fact]


@pytest.mark.parametrize(
    "text",
    [
        '"I promise," said Mara. "Mara promised Tomas to go."', "Mara never promised Tomas to go.",
        "If Mara promised to go, she went.", "Perhaps Tomas gave Mara the key.", "Mara took the stairs.",
        "It had been Tuesday when Mara came.", "Mara was a stranger.", "She lived in hope.",
    ],
)  # fmt: skip
def test_what_is_said_or_supposed_is_not_noted(text):
    assert noted(text) == []


def test_places_and_moments_stand_for_each_other(story):
    assert place_at(moment(Place(3, 7))) == Place(3, 7)
    assert place_of("ch.3 ¶7") == Place(3, 7) and place_of("story") is None
    assert next_places(story.record, 2, begins=False) == [Place(1, 6), Place(1, 7)]
    assert next_places(story.record, 1, begins=True) == [Place(2, 1)]


def test_a_noun_before_another_noun_is_not_what_somebody_is():
    assert noted("Mara Pell was a lighthouse keeper; Ida was a ship owner.") == []
    assert noted("Gull Point was a village on the coast.") == [("Gull Point", "is a", "village")]
    assert noted("The Dunlin was a red sloop.") == [("Dunlin", "is a", "red sloop")]
