"""A paragraph: the sentences that carry out one scene, and the state that the story is in afterwards."""

from __future__ import annotations

from memagent.offline import back as back
from memagent.offline import threads as threads
from memagent.offline.cast import newcomer
from memagent.offline.finding import find_names, relation_in
from memagent.offline.free import carry_out, plain, told_in_past
from memagent.offline.grammar import Scribe
from memagent.offline.lists import table
from memagent.offline.outcome import finish, outcome
from memagent.offline.plan import WITH, Scene
from memagent.offline.telling import Telling, Told
from memagent.offline.text import normal, sentences, stable
from memagent.offline.world import PHASES, Person, World

EVENTS = {
    "search": "{A} searched {P}", "ask": "{A} questioned {B} at {P}", "journey": "{A} travelled to {P}",
    "study": "{A} examined {O} at {P}", "quarrel": "{A} quarrelled with {B} at {P}",
    "confess": "{B} confided in {A} at {P}",
    "danger": "{A} escaped from a trap at {P}", "rest": "{A} rested at {P} with {B}", "watch": "{A} kept watch at {P}",
    "trade": "{A} gave {O} to {B} at {P}", "reveal": "{A} confronted {B} at {P}",
    "decide": "{A} came to a decision at {P}", "stranger": "{N} came to {P}",
}  # fmt: skip


_GAPS = {"three days": 3, "a week": 7, "nine days": 9, "a fortnight": 14}


def tell(world: World, scene: Scene, scribe: Scribe, *, previous: str, recalled: str, length: int, new: bool) -> Told:
    """Write the paragraph of `scene` and change `world` by it."""
    _prepare(world, scene, scribe, previous)
    telling = Telling(world, scene, scribe, previous, recalled, length)
    _facts(telling)
    if new:
        _bring_in(telling)
    _open(telling)
    _middle(telling)
    finish(telling)
    dropped = _move_on(telling)
    return Told(" ".join(telling.said), telling.added, dropped)


def _prepare(world: World, scene: Scene, scribe: Scribe, previous: str) -> None:
    """See that a scene has everybody it needs."""
    if scene.other is not None and scene.other.state:
        scene.other = None
    if scene.other is None and scene.kind in WITH:
        scene.other = next((each for each in world.around if each is not scene.actor), None)
    if scene.other is None and scene.kind in WITH:
        scene.other = newcomer(world, scribe.key)
        world.people.append(scene.other)
    if scene.kind in {"study", "trade"} and not scene.thing:
        scene.thing = world.items[0].name if world.items else threads.new_thing(world, scribe)
    last = " ".join(sentences(previous)[:1])
    scribe.openings = {" ".join(normal(last).split()[:3])} - {""}
    scribe.avoid = {normal(sentence) for sentence in sentences(previous)}


def _facts(telling: Telling) -> None:
    world, scene, scribe = telling.world, telling.scene, telling.scribe
    when = table("words")["when"]
    phase, following = PHASES[world.phase], PHASES[(world.phase + 1) % len(PHASES)]
    facts: dict[str, Person | str] = {
        "A": scene.actor, "P": scene.place, "W": world.weather_past,
        "when": when[phase][stable(scribe.key, "when") % 6],
        "when_next": when[following][stable(scribe.key, "next") % 6],
    }  # fmt: skip
    facts |= world.sides(scene.other, scene.actor)
    elsewhere = [place for place in world.places if normal(place) not in {normal(scene.place), normal(world.here)}]
    if elsewhere:
        facts["place2"] = elsewhere[stable(scribe.key, "elsewhere") % len(elsewhere)]
    back.ask(facts, scene.thread.question if scene.thread else "what lay behind it all", scene.other)
    if normal(world.here) != normal(scene.place):
        facts["X"] = world.here
    if scene.other:
        facts["B"], facts["Brole"] = scene.other, scene.other.role
    if scene.thing:
        facts["O"] = scene.thing
    if scene.newcomer:
        person = Person(scene.newcomer, "a stranger")
        facts["N"], facts["Nrole"] = person, person.role
    telling.scribe.facts = facts
    back.memories(telling, facts)


def _bring_in(telling: Telling) -> None:
    """A prompt that allows a new character gets one."""
    world, scene = telling.world, telling.scene
    person = newcomer(world, telling.scribe.key)
    person.fresh = True
    if scene.newcomer:
        person.name = scene.newcomer
    world.people.append(person)
    telling.added.append(f"{person.name} has come into the story")


def _open(telling: Telling) -> None:
    world, scene, scribe = telling.world, telling.scene, telling.scribe
    pool = "free" if scene.free and scene.kind == "free" else ("move" if "X" in scribe.facts else "stay")
    if any("confronted" in event for event in world.events[-1:]):
        gap = list(_GAPS)[stable(scribe.key, "gap") % len(_GAPS)]
        scribe.facts["gap"] = gap
        world.day += _GAPS[gap]
        pool = "turn"
    telling.common("open", pool)
    if pool == "turn":
        telling.common("open", "arrive")
    if scene.kind != "free":
        telling.part("intent")


def _middle(telling: Telling) -> None:
    """The scene itself: attempt, obstacle, another attempt with what is recalled, the result and what it means."""
    beside = len(telling.scene.besides)
    carry_out(telling)
    telling.part("act")
    back.fresh(telling)
    if telling.room(7 + beside):
        telling.common("sense")
    _besides(telling, "obstacle")
    if telling.room(5) or "recall" in telling.scribe.facts:
        back.back(telling)
    if telling.room(5):
        telling.part("act")
    outcome(telling)
    _besides(telling, "stake")
    if telling.room(3) and telling.scene.kind not in {"reveal", "decide"}:
        telling.common("think")


def _besides(telling: Telling, name: str) -> None:
    """Carry out what the plan says besides: the obstacle before the outcome, what it leads to after it."""
    for which, at in telling.scene.besides:
        if which == name:
            telling.put(f"{name}/{at}", table("plans")[name][at]["told"])


def _move_on(telling: Telling) -> list[str]:
    """Bring the state to where the paragraph ends, and let go of what is oldest."""
    world, scene, scribe = telling.world, telling.scene, telling.scribe
    dropped: list[str] = []
    scribe.facts.setdefault("O", scene.thing or "it")
    world.events.append(_event(telling))
    if scene.kind == "trade":
        world.items = [item for item in world.items if item.name != scene.thing]
    world.places = [*(place for place in world.places if normal(place) != normal(scene.place)), scene.place]
    for name, most in (("events", 4), ("settled", 3), ("places", 7), ("items", 4), ("threads", 3), ("known", 3)):
        kept = getattr(world, name)
        if len(kept) > most:
            dropped.append(name)
            setattr(world, name, kept[-most:] if name != "threads" else kept[:most])
    if not world.threads:
        world.threads = [threads.begin(threads.new_kind(world, scribe), world, scribe)[0]]
        world.goal = world.goal or f"to find out {world.threads[0].question}"
    _let_go(world, scene, dropped)
    _keep_sides(world)
    for thread in world.threads:
        thread.clues = thread.clues[-6:]
    world.here = scene.place
    world.company = scene.other.short if scene.other and scene.other is not world.hero else ""
    world.advance()
    return dropped


def _event(telling: Telling) -> str:
    scene = telling.scene
    if scene.kind in EVENTS and not scene.free:
        return telling.scribe.fill(EVENTS[scene.kind])
    names = {part for each in telling.world.everyone for part in each.name.split()}
    names |= {part for sentence in scene.free for name, _ in find_names(sentence) for part in name.split()}
    for sentence in scene.free[:1]:
        if text := told_in_past(sentence, scene.actor, names):
            return plain(" ".join(text.rstrip(".").replace(";", ",").split()[:24]))
        quoted = " ".join(sentence.split()[:16]).rstrip(".,;!?").replace('"', "'").replace(";", ",")
        return f'{scene.actor.short} acted on the words "{plain(quoted)}"'
    return f"{scene.actor.short} was at {scene.place}"


def _keep_sides(world: World) -> None:
    """Where the one who helps or the one in the way has left the story, another takes the part."""
    names = [each.short for each in world.around]
    for side, other in (("helper", "rival"), ("rival", "helper")):
        if getattr(world, side) not in names:
            free = [name for name in names if name != getattr(world, other)]
            setattr(world, side, free[-1] if free else "")


def _let_go(world: World, scene: Scene, dropped: list[str]) -> None:
    """Five people besides the hero are as many as a short memory can hold; the ones in open questions stay."""
    needed = " ".join([world.goal, *(f"{each.question} {' '.join(each.clues)}" for each in world.threads)])
    bound = {world.helper, world.rival}
    while len(world.people) > 5:
        spare = [each for each in world.people if each.short not in needed and each is not scene.other]
        loose = [each for each in spare if not each.state and each.short not in bound and not relation_in(each.role)]
        spare = loose or spare or world.people
        world.people.remove(spare[0])
        dropped.append(spare[0].short)
