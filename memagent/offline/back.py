"""What comes up again in a paragraph: things carried, earlier scenes, promises, and what a person wrote into the
memory.
"""

from __future__ import annotations

import re

from memagent.offline.cast import trait
from memagent.offline.free import plain
from memagent.offline.past import past_sentence
from memagent.offline.telling import Telling
from memagent.offline.text import bare, normal, sentences, stable
from memagent.offline.world import Person, World


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
    return re.sub(
        rf"\b{name}\b(?!')",
        "me" if word == "I" and re.search(rf"(?:to|promised|warned|following) {name}", text) else word,
        text,
    )


def memories(telling: Telling, facts: dict[str, Person | str]) -> None:
    """What of the memory may come up."""
    world, scribe = telling.world, telling.scribe
    items = [item for item in world.items if item.origin and item.name != telling.scene.thing]
    if items:
        item = items[stable(scribe.key, "item") % len(items)]
        facts["C"], facts["Cfrom"] = item.name, item.origin
    events = [event for event in world.events if " began to ask " not in event]
    if events:
        event = events[stable(scribe.key, "event") % len(events)]
        facts["event"] = event
        facts["ev"] = _by_pronoun(event, telling)
    if world.settled:
        settled = world.settled[stable(scribe.key, "settled") % len(world.settled)]
        facts["settled"] = settled.split("; it was proved", 1)[0].split(", because", 1)[0]
    if world.promise and (person := world.person(world.promise[0])) and telling.scene.actor is world.hero:
        facts["V"], facts["deed_kept"] = person, world.promise[1]
    if telling.scene.thread and len(telling.scene.thread.clues) >= 2:
        facts["clue1"], facts["clue2"] = telling.scene.thread.clues[0], telling.scene.thread.clues[1]
    if recall := _recollection(telling):
        facts["recall"] = recall
        if normal(recall.split(" ", 1)[-1]) in normal(str(facts.get("event", ""))):
            del facts["event"], facts["ev"]
    for item in items:
        if bare(item.name) in telling.recalled:
            facts["R"], facts["Rfrom"] = item.name, item.origin


def _recollection(telling: Telling) -> str:
    """A clause about an earlier paragraph: one of its plain sentences, with the hero's name as a pronoun."""
    options: list[str] = []
    for sentence in sentences(telling.recalled):
        starts = next((each for each in telling.world.everyone if sentence.startswith(f"{each.short} ")), None)
        plain = telling.world.hero.name not in sentence and not re.search(
            r"[\"“”?:;!]|remember|came back|thought|felt|noticed|wondered|wanted|did not|had|was|how|It ", sentence
        )
        named = any(
            bare(each) in sentence for each in (*telling.world.places, *(item.name for item in telling.world.items))
        )
        named = (
            named
            or sum(bool(re.search(rf"\b{re.escape(each.short)}\b", sentence)) for each in telling.world.everyone) > 1
        )
        if (
            starts
            and plain
            and named
            and 6 <= len(sentence.split()) <= 20
            and normal(sentence) not in telling.scribe.avoid
        ):
            options.append(sentence.rstrip("."))
    if not options:
        return ""
    chosen = options[stable(telling.scribe.key, "recall") % len(options)]
    return _by_pronoun(chosen, telling)


def _by_pronoun(clause: str, telling: Telling) -> str:
    """A clause with pronouns for the hero, who is named just before it."""
    actor = telling.scene.actor
    family = actor.name.partition(f"{actor.short} ")[2]
    name = re.escape(actor.short) + (rf"(?: {re.escape(family)}\b)?" if family else "")
    he, him, his = (telling.scribe.pronoun("A", form) for form in ("he", "him", "his"))
    clause = re.sub(rf"^{name}\b(?!')|(?<=and ){name}\b(?!')|(?<=that ){name}\b(?!')", he, clause)
    clause = re.sub(rf"\b{name}'s?(?=\s)", his, clause)
    return re.sub(rf"\b{name}\b(?!')", him, clause)


def back(telling: Telling) -> None:
    """Refer back: to what was recalled, and to something that the memory holds."""
    facts = telling.scribe.facts
    if telling.scribe.key % 5 > 3:
        facts.pop("recall", None)
    if "R" in facts and "recall" in facts and telling.scribe.key % 4 == 0:
        telling.common("back", "recall_item")
        return
    if "recall" in facts:
        telling.common("back", "recall")
    if telling.scribe.key % 3 and "recall" not in facts:
        facts.pop("event", None)
    if telling.scribe.key % 2:
        facts.pop("settled", None)
    options = [name for name, needed in (("item", "C"), ("event", "event"), ("settled", "settled"), ("promise", "V"))
               if needed in facts]  # fmt: skip
    if options and ("recall" not in facts or telling.length >= 9):
        which = options[(telling.scribe.step + telling.scribe.key % 2) % len(options)]
        if which == "promise" and telling.scribe.key % 2:
            which, telling.world.promise = "kept", None
        telling.common("back", which)
    elif told := [fact for fact in telling.world.known if telling.world.hero.short not in fact]:
        if "recall" in facts or "known" in facts:
            return
        facts["known"] = told[telling.scribe.step % len(told)]
        telling.common("back", "known")


def fresh(telling: Telling) -> None:
    """Let people and facts that a person wrote into the memory come up, and mark them as told."""
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
    named = [re.sub(r"^(?:She|He|They)\b", world.hero.short, fact) for fact in world.loose]
    for fact in named[:2]:
        _state(telling, fact)
    world.known += [_clean(fact) for fact in named if not _about_person(fact, world)]
    world.loose = []


def _as_past(person: Person) -> str:
    turned = past_sentence(f"{person.short} {person.trait}", {*person.name.split()})
    return turned.split(" ", len(person.short.split()))[-1] if turned else person.trait


def _about_person(fact: str, world: World) -> bool:
    return any(re.match(rf"{re.escape(each.name)} is ", fact) for each in world.everyone)


def _state(telling: Telling, fact: str) -> None:
    if not _about_person(fact, telling.world):
        telling.scribe.facts["known"] = _clean(fact)
        telling.common("back", "known")
        telling.added.append("what was noted by hand has been taken up")


def _clean(fact: str) -> str:
    """A fact as it can be quoted: one clause, no end, no quotation marks of its own."""
    return plain(re.sub(r"[.!?]+$", "", fact.strip()).replace('"', "'").replace(";", ","))
