"""Carrying out a plan that a person wrote in free words: each sentence in the past tense, or else as an
intention.
"""

from __future__ import annotations

import re

from memagent.offline import threads as threads
from memagent.offline.cast import trait
from memagent.offline.finding import find_names
from memagent.offline.past import is_base, past_sentence
from memagent.offline.plan import newcomers_in
from memagent.offline.telling import Telling
from memagent.offline.text import capital, normal
from memagent.offline.world import Person


def carry_out(telling: Telling) -> None:
    """Tell what a person's plan says, each sentence in the past tense or, where that fails, as an intention."""
    come_back(telling)
    hero = telling.scene.actor
    names = {part for each in telling.world.everyone for part in each.name.split()}
    names |= {part for sentence in telling.scene.free for name, _ in find_names(sentence) for part in name.split()}
    for sentence in telling.scene.free:
        text = told_in_past(sentence, hero, names)
        if not text:
            quoted = sentence.strip().rstrip(".!?").replace('"', "'")
            text = capital(telling.scribe.fill(f'{{A}} had put it to {{himself}} in these words: "{plain(quoted)}."'))
        telling.said.append(plain(text))
        telling.scribe.avoid.add(normal(text))
    if telling.scene.free:
        others = [each.short for each in telling.world.people if each.short in telling.said[-1]]
        telling.scribe.now_about(hero if hero.short in telling.said[-1] and not others else None)
        for person in newcomers_in(" ".join(telling.scene.free), telling.world)[:2]:
            _know(telling, person)


def told_in_past(sentence: str, hero: Person, names: set[str]) -> str:
    """Return a sentence of a plan as it is told: third person, past tense; nothing when that cannot be done."""
    text = sentence.strip().rstrip(".!")
    parts = re.split(r"(\"[^\"]*\"|“[^”]*”)", text)
    swapped = "".join(part if at % 2 else _third_person(part, hero) for at, part in enumerate(parts))
    imperative = swapped != text
    first = swapped.split(" ", 1)[0] if swapped else ""
    if is_base(first.rstrip(",")):
        swapped, imperative = f"{hero.short} {first.lower()}{swapped[len(first) :]}", True
    turned = past_sentence(swapped, names, imperative=imperative)
    return capital(turned) + "." if turned and turned.isprintable() else ""


def _third_person(text: str, hero: Person) -> str:
    """Put the hero for the `I` or `you` of somebody who plays that part."""
    his, him = {"she": ("her", "her"), "he": ("his", "him"), "they": ("their", "them")}[hero.pronoun]
    text = re.sub(r"\b(?:I am|I'm|You are|You're)\b", f"{hero.short} is", text)
    text = re.sub(r"\b(?:I|You|We|you|we)\b", hero.short, text)
    return re.sub(r"\b(?:me|us)\b", him, re.sub(r"\b(?:my|your|our)\b", his, text))


def _know(telling: Telling, person: Person) -> None:
    """Take somebody whom a person's plan names into the story."""
    person.role = person.role or "somebody new here"
    person.trait = trait(person, telling.scribe.key)
    telling.world.people.append(person)
    telling.scribe.facts.setdefault("B", person)
    telling.scribe.facts.setdefault("Brole", person.role)
    telling.added.append(f"{person.name} has come into the story")


def plain(text: str) -> str:
    """Return `text` without braces, which would be slots."""
    return text.replace("{", "(").replace("}", ")")


_SEEN = "finds|meets|sees|frees|rescues|embraces|brings|brings back|recognises|find|meet|free|bring"
_ACTS = "is alive|comes|returns|appears|walks|stands|sits|says|speaks|opens"


def come_back(telling: Telling) -> None:
    """Let a person's plan bring somebody back who was not there: the question about them is settled by it."""
    world = telling.world
    for person in [each for each in world.people if each.state in {"missing", "far away"}]:
        if not any(_brings(person, sentence) for sentence in telling.scene.free):
            continue
        person.state, person.trait = "", "came back alive"
        gone = [each for each in world.threads if threads.lost_in(each, world) is person]
        world.threads = [each for each in world.threads if each not in gone]
        world.settled.append(f"{person.short} was alive and came back")
        telling.added.append(f"{person.short} is back")
        if any(each.question in world.goal for each in gone):
            world.goal = f"to find out {world.threads[0].question}" if world.threads else ""


def _brings(person: Person, sentence: str) -> bool:
    name = rf"(?:{re.escape(person.name)}|{re.escape(person.short)})"
    back = rf"\b(?:{_SEEN}) {name}\b(?!['’])|^{name} (?:{_ACTS})\b"
    return bool(re.search(back, sentence)) and not re.search(r"\b(?:dead|grave|body|picture|name)\b", sentence)
