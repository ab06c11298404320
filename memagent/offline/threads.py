"""Open questions: how one begins, what traces lead on, whom they point to, and how it is answered."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from memagent.offline.grammar import Scribe
from memagent.offline.lists import common, pet_nouns, setting, table
from memagent.offline.text import article, bare, normal, pick, stable
from memagent.offline.world import Person, Thread, World

ENOUGH = 3
LOST = frozenset({"went", "became", "died"})


@lru_cache(maxsize=1)
def _kinds() -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in table("threads")["thread"]}


@lru_cache(maxsize=64)
def _asked(key: str) -> re.Pattern[str]:
    """The question of a kind as a pattern that reads its slots back."""
    ask = re.escape(_kinds()[key]["ask"])
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", ask))


def recognise(question: str) -> tuple[str, dict[str, str]]:
    """Return the kind of a question and what fills its slots; a question in free words has no kind."""
    for key in _kinds():
        if found := _asked(key).fullmatch(question):
            return key, found.groupdict()
    return "", {}


def enough(thread: Thread, world: World) -> bool:
    """Whether so much is known that the question can be settled; the one that matters most takes longest."""
    main = normal(thread.question) in normal(world.goal)
    return len(thread.clues) >= (ENOUGH + 3 if main else ENOUGH)


def suspect(thread: Thread, world: World) -> Person | None:
    """Return whom the traces point to: the one they name, else somebody whom the question leaves over."""
    kind, slots = recognise(thread.question)
    if kind and _kinds()[kind].get("about") == "person" and (person := world.person(slots["person"])):
        return person
    if slots.get("S") and (person := world.person(slots["S"])):
        return person
    free = [each for each in world.around if not (kind and each.called(slots.get("person", "")))]
    for clue in reversed(thread.clues):
        for person in free:
            if re.search(rf"\b{re.escape(person.short)}\b", clue):
                return person
    rival = next((each for each in free if each.short == world.rival), None)
    if rival and normal(thread.question) in normal(world.goal):
        return rival
    return pick(sorted(free, key=lambda each: each.name), thread.question) if free else None


def missing(world: World) -> list[Person]:
    """Return the people who are not there: missing, dead or far away."""
    return [person for person in world.people if person.state]


def mark_absent(world: World) -> None:
    """Whoever an open question looks for is not there, whatever else a memory says."""
    for thread in world.threads:
        kind, slots = recognise(thread.question)
        person = world.person(slots.get("person", "")) if kind in LOST else None
        if person is not None and person is not world.hero and not person.state:
            person.state, person.fresh = ("dead" if kind == "died" else "missing"), False
            person.trait = person.trait or "has not been seen since"


def lost_in(thread: Thread, world: World) -> Person | None:
    """Return whom a question looks for."""
    kind, slots = recognise(thread.question)
    return world.person(slots["person"]) if kind in LOST else None


def fate(thread: Thread, world: World) -> str:
    """How somebody who is looked for has fared: `hidden`, `far` or `dead`; it never changes in a story."""
    kind, slots = recognise(thread.question)
    lost = lost_in(thread, world)
    if kind == "died":
        return "died"
    if lost and lost.role.split()[-1:] and lost.role.split()[-1] in pet_nouns():
        return "hidden"
    return pick(("hidden", "far", "dead"), world.hero.name, slots.get("person", ""), "fate")


def clue(
    thread: Thread, world: World, scribe: Scribe, *, teller: Person | None = None, confessing: bool = False
) -> str:
    """Return the next trace: the first names nobody, the next point to somebody, the last are as good as proof."""
    guilty = suspect(thread, world)
    level = _level(len(thread.clues), normal(thread.question) in normal(world.goal))
    own = guilty is not None and teller is not None and teller.name == guilty.name
    if guilty is None or (own and not confessing):
        level = "first"
    options = [each for each in _traces(thread, world, level) if guilty or "{S}" not in each]
    if own and confessing:
        options = [each for each in options if each.startswith("{S} had") and each.count("{S}") == 1] or options
    seen = normal(" ".join([*(known for each in world.threads for known in each.clues), *world.settled]))
    facts = scribe.facts
    slots = recognise(thread.question)[1]
    scribe.facts = {**facts, **slots, "A": world.hero, "place": _place(world, thread.question, len(thread.clues))}
    if lost := world.person(slots.get("person", "")):
        scribe.facts["person"] = lost
    if guilty:
        scribe.facts["S"] = guilty
    text = ""
    for attempt in range(8):
        at = stable(scribe.story, level, world.step // len(options)) + world.step + attempt
        text = scribe.fill(options[at % len(options)], "S", attempt)
        if normal(text) not in seen:
            break
    scribe.facts = facts
    return text


def _level(known: int, main: bool) -> str:
    order = ("first", "first", "second", "second", "first", "third") if main else ("first", "second", "third")
    return order[known] if known < len(order) else ("first", "second")[known % 2]


def _traces(thread: Thread, world: World, level: str) -> list[str]:
    """The traces that bear on a question: those of its own kind, and for a deed or a secret those of any."""
    kind, slots = recognise(thread.question)
    group = _kinds()[kind].get("traces", "") if kind else ""
    lost = lost_in(thread, world)
    if lost and lost.role.split()[-1:] and lost.role.split()[-1] in pet_nouns():
        group = "pet"
    traces = table("threads")["traces"]
    if group == "absent" and level == "third":
        level = f"third_{fate(thread, world)}"
    if group:
        own: list[str] = traces[group][level]
        return own
    thing: list[str] = traces["thing"][level] if "object" in slots else []
    return [*thing, *traces[level]]


def _place(world: World, *key: object) -> str:
    return pick([place for place in world.places if place != world.here] or [world.here], *key)


def answer(thread: Thread, world: World, scribe: Scribe) -> str:
    """Return the sentence that settles a question."""
    kind, slots = recognise(thread.question)
    guilty = suspect(thread, world) or world.hero
    facts: dict[str, Person | str] = {**scribe.facts, "S": guilty, **slots}
    facts["A"] = world.hero
    facts["place"] = slots.get("place") or _place(world, thread.question)
    others = [place for place in world.places if place != facts["place"]]
    facts["place2"] = pick(others or [world.here], thread.question, "second")
    lost = lost_in(thread, world)
    if person := world.person(slots.get("person", "")):
        facts["person"] = person
        if person is guilty:
            facts["S"] = pick([each for each in world.around if each is not person] or [world.hero], thread.question)
    before, scribe.facts = scribe.facts, facts
    name = f"answer_{fate(thread, world)}" if lost else "answer"
    template = pick(_kinds()[kind][name], thread.question) if kind else _free(thread.question)
    text = scribe.fill(template, "S")
    scribe.facts = before
    return text


def proofs(thread: Thread, world: World) -> list[str]:
    """Return the two traces that settle a question: the best one that names somebody, and the best of the others."""
    guilty = suspect(thread, world)
    named = [each for each in thread.clues if guilty and re.search(rf"\b{re.escape(guilty.short)}\b", each)]
    last = named[-1:] or thread.clues[-1:]
    return [*[each for each in thread.clues if each not in last][:1], *last]


def _free(question: str) -> str:
    """An answer to a question in a person's own words."""
    found = re.fullmatch(r"who (.+)", question)
    if found:
        return "it was {S} who " + found.group(1).replace("{", "(").replace("}", ")") + ", because {motive}"
    return (
        "{S} had known from the beginning "
        + question.replace("{", "(").replace("}", ")")
        + ", and had said nothing, because {motive}"
    )


def begin(kind: str, world: World, scribe: Scribe, given: dict[str, str] | None = None) -> tuple[Thread, str]:
    """Return a new question of `kind` and the clause that brings it up."""
    facts = _fillings(kind, world, scribe, given or {})
    before, scribe.facts = scribe.facts, {**scribe.facts, **facts}
    entry = _kinds()[kind]
    question = scribe.fill(entry["ask"])
    rise = scribe.fill(pick(entry["rise"], scribe.key, question))
    scribe.facts = before
    return Thread(question), rise


def _fillings(kind: str, world: World, scribe: Scribe, given: dict[str, str]) -> dict[str, Person | str]:
    key = (scribe.key, kind)
    taken = [slot for thread in world.threads for slot in recognise(thread.question)[1].values()]
    people = [each for each in world.around if each.name not in taken and each.short != world.helper]
    people = people or world.around or [world.hero]
    person = world.person(given.get("person", "")) or pick(people, *key, "person")
    rest = [each for each in world.around if each is not person] or [world.hero]
    other = world.person(given.get("S", "")) or pick(rest, *key, "S")
    places = [place for place in world.places if place not in taken and place != world.here] or [world.here]
    key_only = f"the {scribe.fill('{adjective}')} key" if kind == "opened" else ""
    thing = given.get("object") or key_only or new_thing(world, scribe)
    return {
        "A": world.hero, "person": person, "S": other,
        "place": given.get("place") or pick(places, *key, "place"),
        "disaster": pick(common()["disaster"], *key), "object": thing, "anobject": article(bare(thing)),
    }  # fmt: skip


def rise_of(thread: Thread, world: World, scribe: Scribe) -> str:
    """Return the clause that brings up a question which is there already."""
    kind, slots = recognise(thread.question)
    if not kind:
        return f"nobody could say {thread.question}"
    facts: dict[str, Person | str] = {**scribe.facts, "place": world.places[0], **slots}
    facts["anobject"] = article(bare(slots.get("object", "thing")))
    for name in ("person", "S"):
        if person := world.person(slots.get(name, "")):
            facts[name] = person
    before, scribe.facts = scribe.facts, facts
    text = scribe.fill(pick(_kinds()[kind]["rise"], scribe.key))
    scribe.facts = before
    return text


def following(thread: Thread, world: World, scribe: Scribe) -> tuple[Thread, str]:
    """Return the question that an answer leaves behind; it takes up the person whom the answer named."""
    kind, _ = recognise(thread.question)
    options = list(_kinds()[kind]["next"]) if kind else ["hiding", "owed", "lamp"]
    open_kinds = {recognise(each.question)[0] for each in world.threads}
    new = [each for each in options if each not in open_kinds] or options
    guilty = suspect(thread, world)
    return begin(pick(new, scribe.key, "next"), world, scribe, {"person": guilty.name} if guilty else {})


def new_kind(world: World, scribe: Scribe) -> str:
    """Return a kind of question that is not open at the moment."""
    open_kinds = {recognise(each.question)[0] for each in world.threads}
    options = [key for key, each in _kinds().items() if key not in open_kinds and not each.get("once")]
    at = world.step // 2 + stable(scribe.story, "kind")
    return options[at % len(options)]


def new_thing(world: World, scribe: Scribe) -> str:
    """Return a thing that the story has not had lately, with `the`."""
    things: list[str] = setting(world.setting)["things"]
    seen = normal(" ".join([item.name for item in world.items] + [thread.question for thread in world.threads]))
    for attempt in range(6):
        at = stable(scribe.key, "thing", attempt)
        plain = things[at % len(things)]
        name = scribe.fill("{adjective} {thing}", "A", attempt) if at % 3 == 0 else plain
        if normal(name) not in seen:
            return f"the {name}"
    return "the " + things[scribe.key % len(things)]
