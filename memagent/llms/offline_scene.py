"""A paragraph: the sentences that carry out one scene, and what becomes known by it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from memagent.llms import offline_threads as threads
from memagent.llms.offline_finding import find_names
from memagent.llms.offline_grammar import Scribe
from memagent.llms.offline_lists import table
from memagent.llms.offline_past import is_base, past_sentence
from memagent.llms.offline_plan import WITH, Scene, newcomers_in
from memagent.llms.offline_premise import newcomer
from memagent.llms.offline_text import bare, capital, normal, sentences, stable
from memagent.llms.offline_world import Item, Person, Thread, World

# How a scene of each kind is remembered.
EVENTS = {
    "search": "{A} searched {P}", "ask": "{A} questioned {B} at {P}", "journey": "{A} travelled to {P}",
    "study": "{A} examined {O} at {P}", "quarrel": "{A} quarrelled with {B} at {P}", "confess": "{B} confided in {A} at {P}",
    "danger": "{A} escaped from a trap at {P}", "rest": "{A} rested at {P} with {B}", "watch": "{A} kept watch at {P}",
    "trade": "{A} gave {O} to {B} at {P}", "reveal": "{A} confronted {B} at {P}",
    "decide": "{A} came to a decision at {P}", "stranger": "{N} came to {P}",
}  # fmt: skip
_GAPS = {"three days": 3, "a week": 7, "nine days": 9, "a fortnight": 14}
_TELLING = frozenset({"ask", "confess", "quarrel", "trade", "stranger"})
_NO_CLUE = frozenset({"rest", "decide", "reveal"})


@dataclass
class Told:
    """A paragraph and what it changed, in words for a rationale."""

    paragraph: str
    added: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


@dataclass
class Telling:
    """One paragraph in the making: the state before it, the scene, and the sentences so far."""

    world: World
    scene: Scene
    scribe: Scribe
    previous: str
    recalled: str
    length: int
    said: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def put(self, pool: str, templates: list[str]) -> bool:
        """Say one sentence from a pool."""
        text = self.scribe.say(pool, templates)
        if text:
            self.said.append(text)
        return bool(text)

    def part(self, name: str) -> bool:
        """Say one sentence that plays a part, such as `act`, in a scene of this kind."""
        scenes = table("scenes")
        kind = self.scene.kind
        templates = scenes[kind].get(name) if kind in scenes else None
        return bool(templates) and self.put(f"{kind}/{name}", templates)

    def common(self, name: str, which: str = "list") -> bool:
        """Say one sentence that any scene may have, such as `sense` or `close`."""
        return self.put(f"{name}/{which}", table("scenes")[name][which])


def tell(world: World, scene: Scene, scribe: Scribe, *, previous: str, recalled: str, length: int, new: bool) -> Told:
    """Write the paragraph of `scene` and change `world` by it."""
    _prepare(world, scene, scribe, previous)
    telling = Telling(world, scene, scribe, previous, recalled, length)
    _facts(telling)
    if new:
        _bring_in(telling)
    _open(telling)
    _middle(telling)
    _finish(telling)
    dropped = _move_on(telling)
    return Told(" ".join(telling.said), telling.added, dropped)


def _prepare(world: World, scene: Scene, scribe: Scribe, previous: str) -> None:
    """See that a scene has everybody it needs."""
    lost = threads.missing(world)
    if scene.other in lost and scene.kind in WITH:
        scene.other = None
    if scene.other is None and scene.kind in WITH:
        scene.other = next((each for each in world.people if each is not scene.actor and each not in lost), None)
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
    from memagent.llms.offline_world import PHASES

    phase, following = PHASES[world.phase], PHASES[(world.phase + 1) % len(PHASES)]
    facts: dict[str, Person | str] = {
        "A": scene.actor, "P": scene.place, "W": world.weather_past,
        "when": when[phase][stable(scribe.key, "when") % 6], "when_next": when[following][stable(scribe.key, "next") % 6],
    }  # fmt: skip
    ask(facts, scene.thread.question if scene.thread else "what lay behind it all", scene.other)
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
    _memories(telling, facts)


def ask(facts: dict[str, Person | str], question: str, other: Person | None) -> None:
    """Set the open question as the narrator has it, as the hero puts it to the other one, and as that one says it."""
    facts["Q"] = facts["Qa"] = facts["Qb"] = question
    if other is not None:
        facts["Qa"], facts["Qb"] = spoken(question, other, "you"), spoken(question, other, "I")
    hero = facts["A"]
    if isinstance(hero, Person):
        facts["Qa"] = spoken(str(facts["Qa"]), hero, "me" if str(facts["Qa"]).endswith(f" {hero.short}") else "I")
        facts["Qb"] = spoken(str(facts["Qb"]), hero, "you")


def spoken(text: str, person: Person, word: str) -> str:
    """Put `you` or `I` for somebody's name, as that person or the one opposite would say it."""
    name = rf"(?:{re.escape(person.name)}|{re.escape(person.short)})"
    be = "were" if word == "you" else "was"
    text = re.sub(rf"\b{name} was\b", f"{word} {be}", text)
    return re.sub(rf"\b{name}\b(?!')", "me" if word == "I" and re.search(rf"(?:to|promised|warned|following) {name}", text) else word, text)


def _memories(telling: Telling, facts: dict[str, Person | str]) -> None:
    """What of the memory may come up."""
    world, scribe = telling.world, telling.scribe
    items = [item for item in world.items if item.origin and item.name != telling.scene.thing]
    if items:
        item = items[stable(scribe.key, "item") % len(items)]
        facts["C"], facts["Cfrom"] = item.name, item.origin
    events = [event for event in world.events if " began to ask " not in event]
    if events:
        event = events[stable(scribe.key, "event") % len(events)]
        facts["event"] = facts["ev"] = event
        facts["ev"] = _by_pronoun(event, telling)
    if world.settled:
        facts["settled"] = world.settled[stable(scribe.key, "settled") % len(world.settled)]
    if world.promise and (person := world.person(world.promise[0])) and telling.scene.actor is world.hero:
        facts["V"], facts["deed_kept"] = person, world.promise[1]
    if telling.scene.thread and len(telling.scene.thread.clues) >= 2:
        facts["clue1"], facts["clue2"] = telling.scene.thread.clues[0], telling.scene.thread.clues[-1]
    if recall := _recollection(telling):
        facts["recall"] = recall
    for item in items:
        if bare(item.name) in telling.recalled:
            facts["R"], facts["Rfrom"] = item.name, item.origin


def _recollection(telling: Telling) -> str:
    """A clause about an earlier paragraph: one of its plain sentences, with the hero's name as a pronoun."""
    hero = telling.scene.actor
    options: list[str] = []
    for sentence in sentences(telling.recalled):
        starts = next((each for each in telling.world.everyone if sentence.startswith(f"{each.short} ")), None)
        plain = not re.search(r"[\"“”?:;!]|remember|came back|thought|felt|noticed|wondered|did not|had|was|how|It ", sentence)
        named = any(bare(each) in sentence for each in (*telling.world.places, *(item.name for item in telling.world.items)))
        named = named or sum(bool(re.search(rf"\b{re.escape(each.short)}\b", sentence)) for each in telling.world.everyone) > 1
        if starts and plain and named and 6 <= len(sentence.split()) <= 20 and normal(sentence) not in telling.scribe.avoid:
            options.append(sentence.rstrip("."))
    if not options:
        return ""
    chosen = options[stable(telling.scribe.key, "recall") % len(options)]
    return _by_pronoun(chosen, telling)


def _by_pronoun(clause: str, telling: Telling) -> str:
    """A clause with pronouns for the hero, who is named just before it."""
    name = re.escape(telling.scene.actor.short)
    he, him, his = (telling.scribe.pronoun("A", form) for form in ("he", "him", "his"))
    clause = re.sub(rf"^{name}\b(?!')|(?<=and ){name}\b(?!')|(?<=that ){name}\b(?!')", he, clause)
    clause = re.sub(rf"\b{name}'s?(?=\s)", his, clause)
    return re.sub(rf"\b{name}\b(?!')", him, clause)


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
    """The scene itself, with what is recalled in it. Longer paragraphs see, think and do more."""
    extra = max(0, telling.length - 7)
    _carry_out(telling)
    if extra >= 2 and not telling.scene.free:
        telling.common("sense")
    telling.part("act")
    _fresh(telling)
    _besides(telling, "obstacle")
    if extra >= 4:
        telling.part("act")
    _back(telling)
    if extra >= 3:
        telling.part("act")
    if extra >= 6:
        telling.common("sense")
    _outcome(telling)
    _besides(telling, "stake")
    if extra >= 3 and telling.scene.kind not in {"reveal", "decide"}:
        telling.common("think")


def _besides(telling: Telling, name: str) -> None:
    """Carry out what the plan says besides: the obstacle before the outcome, what it leads to after it."""
    for which, at in telling.scene.besides:
        if which == name:
            telling.put(f"{name}/{at}", table("plans")[name][at]["told"])


def _carry_out(telling: Telling) -> None:
    """Tell what a person's plan says, each sentence in the past tense or, where that fails, as an intention."""
    hero = telling.scene.actor
    names = {part for each in telling.world.everyone for part in each.name.split()}
    names |= {part for sentence in telling.scene.free for name, _ in find_names(sentence) for part in name.split()}
    for sentence in telling.scene.free:
        text = told_in_past(sentence, hero, names)
        if not text:
            quoted = sentence.strip().rstrip(".!?").replace('"', "'")
            text = capital(telling.scribe.fill(f'{{A}} had put it to {{himself}} in these words: "{_plain(quoted)}."'))
        telling.said.append(_plain(text))
        telling.scribe.avoid.add(normal(text))
    if telling.scene.free:
        telling.scribe._mentioned = frozenset()
        for name in newcomers_in(" ".join(telling.scene.free), telling.world)[:2]:
            _know(telling, name)


def _plain(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def told_in_past(sentence: str, hero: Person, names: set[str]) -> str:
    """Return a sentence of a plan as it is told: third person, past tense; nothing when that cannot be done."""
    text = sentence.strip().rstrip(".!")
    swapped = re.sub(r"\b(?:I am|I'm|You are|You're)\b", f"{hero.short} is", text)
    swapped = re.sub(r"\b(?:I|You|We|you|we)\b", hero.short, swapped)
    their = {"she": ("her", "her"), "he": ("his", "him"), "they": ("their", "them")}[hero.pronoun]
    swapped = re.sub(r"\b(?:my|your|our)\b", their[0], swapped)
    swapped = re.sub(r"\b(?:me|us)\b", their[1], swapped)
    imperative = swapped != text
    first = swapped.split(" ", 1)[0] if swapped else ""
    if is_base(first.rstrip(",")):
        swapped, imperative = f"{hero.short} {first.lower()}{swapped[len(first) :]}", True
    turned = past_sentence(swapped, names, imperative=imperative)
    return capital(turned) + "." if turned and turned.isprintable() else ""


def _know(telling: Telling, name: str) -> None:
    """Take somebody whom a person's plan names into the story."""
    from memagent.llms.offline_finding import pronoun_of
    from memagent.llms.offline_premise import trait

    text = " ".join(telling.scene.free)
    person = Person(name, "somebody new here", pronoun_of(name, "", text))
    person.trait = trait(person, telling.scribe.key)
    telling.world.people.append(person)
    telling.added.append(f"{name} has come into the story")


def _fresh(telling: Telling) -> None:
    """Let people and facts that a person wrote into the memory come up, and mark them as told."""
    from memagent.llms.offline_premise import trait

    world, scribe = telling.world, telling.scribe
    seen = f"{telling.previous}\n{' '.join(telling.said)}"
    for person in [each for each in world.people if each.fresh][:2]:
        if person is not telling.scene.other:
            scribe.facts.update({"F": person, "Frole": person.role or "one of the people here"})
            telling.common("back", "fresh")
        if person.trait and person.trait not in seen:
            scribe.facts.update({"F": person, "fact": _as_past(person)})
            telling.common("back", "fact")
        person.fresh = False
        person.trait = _as_past(person) if person.trait else trait(person, scribe.key)
        telling.added.append(f"{person.name} is part of it now")
    for fact in world.loose[:2]:
        _state(telling, fact)
    world.known += [_clean(fact) for fact in world.loose if not _about_person(fact, world)]
    world.loose = []


def _as_past(person: Person) -> str:
    turned = past_sentence(f"{person.short} {person.trait}", {*person.name.split()})
    return turned.split(" ", len(person.short.split()))[-1] if turned else person.trait


def _about_person(fact: str, world: World) -> bool:
    return any(re.match(rf"{re.escape(each.name)} is ", fact) for each in world.people)


def _state(telling: Telling, fact: str) -> None:
    if not _about_person(fact, telling.world):
        telling.scribe.facts["known"] = _clean(fact)
        telling.common("back", "known")
        telling.added.append("what was noted by hand has been taken up")


def _clean(fact: str) -> str:
    return _plain(re.sub(r"[.!?]+$", "", fact.strip()).replace('"', "'").replace(";", ","))


def _back(telling: Telling) -> None:
    """Refer back: to what was recalled, and to something that the memory holds."""
    facts = telling.scribe.facts
    if "R" in facts and "recall" in facts and telling.scribe.key % 4 == 0:
        telling.common("back", "recall_item")
        return
    if "recall" in facts:
        telling.common("back", "recall")
    options = [name for name, needed in (("item", "C"), ("event", "event"), ("settled", "settled"), ("promise", "V"))
               if needed in facts]  # fmt: skip
    if options and ("recall" not in facts or telling.length >= 9):
        telling.common("back", options[(telling.scribe.step + telling.scribe.key % 2) % len(options)])
    elif telling.world.known and "recall" not in facts:
        facts["known"] = telling.world.known[telling.scribe.step % len(telling.world.known)]
        telling.common("back", "known")


def _outcome(telling: Telling) -> None:
    """What comes of it: a trace, an answer, a promise, a thing."""
    world, scene, scribe = telling.world, telling.scene, telling.scribe
    if scene.kind == "reveal" and scene.thread:
        _settle(telling, scene.thread)
        return
    if scene.kind == "rest" and scene.other:
        _confide(telling, scene.other)
        return
    if scene.kind not in _NO_CLUE and scene.thread:
        teller = scene.other if scene.kind in _TELLING else None
        found = threads.clue(scene.thread, world, scribe, teller=teller, confessing=scene.kind == "confess")
        scribe.facts["clue"] = scribe.facts["clueb"] = found
        if teller:
            scribe.facts["clueb"] = spoken(found, teller, "I")
        if scene.kind == "journey":
            scribe.facts["newitem"] = "a " + bare(threads.new_thing(world, scribe))
            _take(telling, bare(str(scribe.facts["newitem"])))
        scene.thread.clues.append(found)
        telling.added.append(f"it is known that {found}")
    telling.part("find")


def _take(telling: Telling, name: str) -> None:
    from memagent.llms.offline_text import article

    telling.scribe.facts["newitem"] = article(name)
    telling.world.items.append(Item(f"the {name}", telling.scene.place))
    telling.added.append(f"{telling.world.hero.short} carries the {name}")


def _settle(telling: Telling, thread: Thread) -> None:
    world, scribe = telling.world, telling.scribe
    result = threads.answer(thread, world, scribe)
    scribe.facts["answer"] = result
    telling.part("find")
    _reunite(telling, thread)
    after, rise = threads.following(thread, world, scribe)
    scribe.facts["rise"] = rise
    telling.part("after")
    was_main = normal(thread.question) in normal(world.goal)
    world.threads = [each for each in world.threads if each is not thread] + [after]
    world.settled.append(result)
    if was_main or not world.goal:
        world.goal = f"to find out {world.threads[0].question}"
    scribe.facts["Q"] = after.question
    telling.added += [f"it is settled that {result}", f"a new question is open: {after.question}"]


def _reunite(telling: Telling, thread: Thread) -> None:
    """Whoever was looked for stands there in the end."""
    lost = [each for each in threads.missing(telling.world) if thread.question.endswith(f"{each.short} went")]
    if lost:
        telling.scribe.facts["L"] = lost[0]
        telling.part("found")


def _confide(telling: Telling, other: Person) -> None:
    """A quiet scene: somebody tells of the past, and something is promised."""
    from memagent.llms.offline_premise import trait

    world, scribe = telling.world, telling.scribe
    told = scribe.fill(trait(other, scribe.key), "B")
    scribe.facts["trait"] = told
    telling.part("find")
    other.trait = told
    telling.added.append(f"{other.short} {told}")
    if telling.scene.actor is world.hero and (world.promise is None or scribe.key % 2):
        deed = scribe.fill("{deed}")
        scribe.facts["deed"] = deed
        telling.part("vow")
        world.promise = (other.short, deed)
        telling.added.append(f"{world.hero.short} has made a promise")


def _finish(telling: Telling) -> None:
    """Leave something open, and open a second question where there is only one."""
    world, scribe, scene = telling.world, telling.scribe, telling.scene
    if len(world.threads) < 2 and world.step >= 2 and scene.kind != "reveal":
        thread, rise = threads.begin(threads.new_kind(world, scribe), world, scribe)
        scribe.facts["rise"] = rise
        telling.common("close", "second")
        world.threads.append(thread)
        telling.added.append(f"a new question is open: {thread.question}")
        return
    together = scene.other is not None and scene.kind in WITH and scribe.key % 3 == 0
    telling.common("close", "with" if together else "list")


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
    _let_go(world, scene, dropped)
    for thread in world.threads:
        thread.clues = thread.clues[-5:]
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
            return _plain(" ".join(text.rstrip(".").replace(";", ",").split()[:24]))
        quoted = " ".join(sentence.split()[:16]).rstrip(".,;!?").replace('"', "'").replace(";", ",")
        return f'{scene.actor.short} acted on the words "{_plain(quoted)}"'
    return f"{scene.actor.short} was at {scene.place}"


def _let_go(world: World, scene: Scene, dropped: list[str]) -> None:
    """Five people besides the hero are as many as a short memory can hold; the ones in open questions stay."""
    needed = " ".join([world.goal, *(f"{each.question} {' '.join(each.clues)}" for each in world.threads)])
    while len(world.people) > 5:
        spare = [each for each in world.people if each.short not in needed and each is not scene.other] or world.people
        world.people.remove(spare[0])
        dropped.append(spare[0].short)
