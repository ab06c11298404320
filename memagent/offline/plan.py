"""Plans: writing three for what may come next, and reading one back, whether it was written here or by a person."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from memagent.offline import threads as threads
from memagent.offline.finding import find_people, find_phrases, find_place_names
from memagent.offline.grammar import Scribe
from memagent.offline.lists import common, setting, table
from memagent.offline.text import bare, normal, pick, sentences, shuffled, stable, words
from memagent.offline.world import Person, Thread, World

TRACING = ("search", "ask", "watch", "study", "confess", "quarrel", "trade", "danger", "journey")
WITH = frozenset({"ask", "quarrel", "confess", "rest", "trade", "reveal"})
_EVENTS = {
    "search": "searched", "ask": "questioned", "journey": "travelled", "study": "examined", "quarrel": "quarrelled",
    "confess": "confided", "danger": "escaped", "rest": "rested", "watch": "kept watch", "trade": "gave",
    "reveal": "confronted", "decide": "came to a decision", "stranger": "came to",
}  # fmt: skip


@dataclass
class Scene:
    """What a paragraph has to tell.

    `free` holds the sentences that a person wrote into the plan, `besides` which obstacles and stakes it names.
    """

    kind: str
    actor: Person
    place: str
    other: Person | None = None
    thing: str = ""
    thread: Thread | None = None
    newcomer: str = ""
    free: list[str] = field(default_factory=list)
    besides: list[tuple[str, int]] = field(default_factory=list)


# --------------------------------------------------------------------------------------------- reading


@lru_cache(maxsize=1)
def _firsts() -> list[tuple[str, re.Pattern[str]]]:
    return [(entry["kind"], _pattern(text)) for entry in table("plans")["plan"] for text in entry["first"]]


@lru_cache(maxsize=1)
def _besides() -> list[tuple[str, int, re.Pattern[str]]]:
    plans = table("plans")
    found = [
        (name, at, _pattern(each["plan"])) for name in ("obstacle", "stake") for at, each in enumerate(plans[name])
    ]
    found += [(name, 0, _pattern(text)) for name in ("tone", "exact") for text in plans["lists"][name]]
    return found + [("reason", 0, _pattern(text)) for text in plans["lists"]["reason"]]


def _pattern(template: str) -> re.Pattern[str]:
    """A template as a pattern: each slot may be anything, a slot that comes twice only the first time by name."""
    out, seen = "", set()
    for at, part in enumerate(re.split(r"\{(\w+)\}", template)):
        if at % 2 == 0:
            out += re.escape(part)
        elif part in {"himself", "his", "him", "he", "bhe", "bhis", "bhim", "Weather"} or part in seen:
            out += ".+?"
        else:
            out += f"(?P<{part}>.+?)"
            seen.add(part)
    return re.compile(out)


def read(plan: str, world: World) -> Scene:
    """Read a plan. Sentences of our own forms say what scene it is; all others are to be carried out as they stand."""
    scene: Scene | None = None
    free: list[str] = []
    besides: list[tuple[str, int]] = []
    company = ""
    for sentence in sentences(plan):
        own = next(((kind, found) for kind, form in _firsts() if (found := form.fullmatch(sentence))), None)
        beside = _beside(sentence)
        if own and scene is None:
            scene = _from_slots(own[0], own[1].groupdict(), world)
        elif beside:
            besides.append(beside[:2])
            company = company or beside[2]
        elif not own:
            free.append(sentence)
    scene = scene or _from_words(plan, world)
    scene.free, scene.besides = list(dict.fromkeys(free))[:6], besides
    if scene.other and scene.other.state:
        scene.other = None
    if scene.other is None and company:
        scene.other = next((each for each in world.people if each.called(company) and each is not scene.actor), None)
    return scene


def _beside(sentence: str) -> tuple[str, int, str] | None:
    """Read a sentence of our own that says more about a scene: what it is, and whom it names."""
    for name, at, form in _besides():
        if found := form.fullmatch(sentence):
            slots = found.groupdict()
            return name, at, slots.get("B") or slots.get("Bmore") or ""
    return None


def _from_slots(kind: str, slots: dict[str, str], world: World) -> Scene:
    actor = world.person(slots.get("A", "")) or world.hero
    other = world.person(slots.get("B", "")) or (_stand_in(actor, world) if "B" in slots else None)
    question = slots.get("Q", "")
    thread = next((each for each in world.threads if normal(each.question) == normal(question)), None)
    if other is actor:
        other = _stand_in(actor, world)
    return Scene(
        kind, actor, slots.get("P") or world.here, other, slots.get("O", ""),
        thread or max(world.threads, key=lambda each: _shared(each.question, question), default=None),
        slots.get("N", ""),
    )  # fmt: skip


def _stand_in(actor: Person, world: World) -> Person | None:
    """Whom a plan means by a name that the memory does not know: somebody new there, else whoever is left."""
    lost = threads.missing(world)
    options = [each for each in world.everyone if each is not actor and each not in lost]
    likely = [each for each in options if each.fresh] + [each for each in options if each.short == world.company]
    return next(iter([*likely, *options[::-1]]), None)


def _from_words(plan: str, world: World) -> Scene:
    """A scene from a plan in free words: whom, where and what it names."""
    known = [
        each
        for each in world.everyone
        if each.name and not each.state and re.search(rf"\b{re.escape(each.short)}\b", plan)
    ]
    actor = world.hero
    if known and plan.lstrip().startswith(known[0].short) and len(known) == 1:
        actor = known[0]
    other = next((each for each in known if each is not actor), None)
    places = [place for place in world.places if bare(place).lower() in plan.lower()]
    places += find_place_names(plan) + find_phrases(plan, "places")
    things = [item.name for item in world.items if bare(item.name) in plan] + find_phrases(plan, "objects")
    thread = max(world.threads, key=lambda each: _shared(each.question, plan), default=None)
    return Scene("free", actor, places[0] if places else world.here, other, things[0] if things else "", thread)


def _shared(left: str, right: str) -> int:
    return len({word for word in words(left.lower()) if len(word) > 3} & set(words(right.lower())))


def newcomers_in(plan: str, world: World) -> list[Person]:
    """Return the people in a person's plan whom the memory does not know."""
    named = [person for person in find_people(plan) if person.name]
    return [each for each in named if not world.person(each.name) and not world.person(each.name.split()[0])]


# --------------------------------------------------------------------------------------------- writing


def propose(world: World, scribe: Scribe, current: str) -> list[str]:
    """Return three different plans: on with the question nearest to its answer, another one, and a turn aside."""
    last = _last_kinds(world)
    used: set[str] = set()
    scenes = [_onward(world, scribe, last), _second(world, scribe, last), _aside(world, scribe, last)]
    plans: list[str] = []
    places: set[str] = set()
    avoid = {normal(sentence) for sentence in sentences(current)}
    for at, scene in enumerate(scenes):
        if scene.kind in used:
            scene.kind = next(
                kind for kind in ("search", "watch", "danger", "decide", "rest") if kind not in {*used, *last[-1:]}
            )
        if scene.place in places:
            scene.place = _elsewhere(world, scribe, places | {world.here}, at)
        used.add(scene.kind)
        places.add(scene.place)
        plans.append(_worded(scene, world, scribe, at, avoid))
    ripe = scenes[0].kind == "reveal"
    return plans if ripe and scribe.key % 4 else shuffled(plans, scribe.key, "order")


def _last_kinds(world: World) -> list[str]:
    """The kinds of the last scenes, as the memory tells of them."""
    return [kind for event in world.events for kind, verb in _EVENTS.items() if f" {verb} " in f"{event} "]


def _onward(world: World, scribe: Scribe, last: list[str]) -> Scene:
    thread = max(world.threads, key=lambda each: (threads.enough(each, world), len(each.clues)), default=None)
    return _towards(thread, world, scribe, last, 0)


def _second(world: World, scribe: Scribe, last: list[str]) -> Scene:
    thread = min(world.threads, key=lambda each: len(each.clues), default=None)
    return _towards(thread, world, scribe, last, 1)


def _towards(thread: Thread | None, world: World, scribe: Scribe, last: list[str], at: int) -> Scene:
    """A scene that brings a question forward."""
    if thread and threads.enough(thread, world) and (guilty := threads.suspect(thread, world)):
        return Scene("reveal", world.hero, _elsewhere(world, scribe, {world.here}, at), guilty, "", thread)
    options = [kind for kind in TRACING if kind not in last[-3:] and (world.items or kind not in {"study", "trade"})]
    kind = options[(world.step + 4 * at + stable(scribe.story)) % len(options)]
    place = _new_place(world, scribe) if kind == "journey" else _elsewhere(world, scribe, {world.here}, at)
    thing = pick(world.items, scribe.key, at).name if world.items else ""
    return Scene(kind, world.hero, place, _partner(world, scribe, thread, at), thing, thread)


def _aside(world: World, scribe: Scribe, last: list[str]) -> Scene:
    options = [kind for kind in ("rest", "journey", "decide", "danger", "watch", "quarrel") if kind not in last[-4:]]
    kind = options[(world.step + stable(scribe.story, "aside")) % len(options)] if options else "rest"
    place = _new_place(world, scribe) if kind == "journey" else _elsewhere(world, scribe, set(), 2)
    thread = world.threads[world.step % len(world.threads)] if world.threads else None
    return Scene(kind, world.hero, place, _partner(world, scribe, thread, 2), "", thread)


def _partner(world: World, scribe: Scribe, thread: Thread | None, at: int) -> Person | None:
    """Whom to meet: somebody fresh first, then one whom the traces do not point to, in turn."""
    present = world.around
    guilty = threads.suspect(thread, world) if thread else None
    free = [each for each in present if each is not guilty and each.short != world.company] or present
    fresh = [each for each in free if each.fresh]
    if fresh and at == 0:
        return fresh[0]
    return free[(world.step + at + stable(scribe.story, at)) % len(free)] if free else None


def _elsewhere(world: World, scribe: Scribe, without: set[str], at: int) -> str:
    options = [place for place in world.places if place not in without]
    if not options:
        return _new_place(world, scribe)
    return options[(world.step + at * 2 + stable(scribe.key, at) % 2) % len(options)]


def _new_place(world: World, scribe: Scribe) -> str:
    """A place where the story has not been: one of the setting, or somebody's house."""
    local: list[str] = [place for place in setting(world.setting)["places"] if place not in world.places]
    if local and stable(scribe.key, "new place") % 3:
        return pick(local, scribe.key, "local")
    family = pick(table("words")["names"]["family"], scribe.key, "family")
    return f"the {family} {pick(common()['house'], scribe.key, 'house')}"


def _worded(scene: Scene, world: World, scribe: Scribe, at: int, avoid: set[str]) -> str:
    """Write a plan out: what is done, what stands in the way, what comes of it, how it is told."""
    plans = table("plans")
    carried = pick(world.items, scribe.key, at).name if world.items else ""
    facts: dict[str, Person | str] = {"A": scene.actor, "P": scene.place, "Q": _question(scene, world)}
    facts["Weather"] = (world.weather[:1].upper() + world.weather[1:]) or "It is late"
    if scene.place not in world.places:
        facts["Pnew"] = scene.place
    if scene.other:
        facts["B"] = scene.other
        if scene.kind not in WITH:
            facts["Bmore"] = scene.other
    if scene.thing:
        facts["O"] = scene.thing
    if carried:
        facts["C"] = carried
    facts |= world.sides(scene.other, scene.actor)
    writer = Scribe(facts, world.setting, stable(scribe.key, at), world.step + at * 7, scribe.story)
    writer.avoid = avoid
    first = next(entry["first"] for entry in plans["plan"] if entry["kind"] == scene.kind)
    said = [writer.say(f"plan/{scene.kind}", first)]
    if scene.thread and scene.thread.clues and scene.kind not in {"rest", "decide", "reveal"}:
        writer.facts["clue"] = scene.thread.clues[-1]
        said.append(_plain(writer, "reason"))
    said += [_plain(writer, name) for name in ("obstacle", "stake")[: 2 - (len(said) > 1 and at == 2)]]
    return " ".join(each for each in said if each)


def _plain(writer: Scribe, name: str) -> str:
    """A plan uses names throughout: it is read on its own."""
    writer.now_about(None)
    plans = table("plans")
    helps = "B" in writer.facts and "helper" not in writer.facts
    fitting = [each["plan"] for each in plans.get(name, []) if not (helps and each.get("against"))]
    templates = fitting or plans["lists"][name]
    return writer.say(f"plan/{name}", templates)


def _question(scene: Scene, world: World) -> str:
    if scene.thread:
        return scene.thread.question
    return world.threads[0].question if world.threads else "what lies behind it all"


def exact(plan: str, world: World, scribe: Scribe) -> str:
    """Return a plan with more exact sentences: five to seven in all, the plan's own first."""
    scene = read(plan, world)
    facts: dict[str, Person | str] = {"A": scene.actor, "P": scene.place}
    if other := scene.other or next(iter(world.people), None):
        facts["B"] = other
    if world.items:
        facts["C"] = world.items[-1].name
    writer = Scribe(facts, world.setting, scribe.key, world.step, scribe.story)
    said = sentences(plan)[:7]
    writer.avoid = {normal(sentence) for sentence in said}
    while len(said) < 6 and (more := _plain(writer, "exact")):
        said.append(more)
    return " ".join(said)
