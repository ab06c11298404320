"""Carrying out a plan that a person wrote in free words: each sentence in the past tense, or else as an
intention.
"""

from __future__ import annotations

import re

from memagent.offline.finding import find_names
from memagent.offline.past import is_base, past_sentence
from memagent.offline.plan import newcomers_in
from memagent.offline.premise import trait
from memagent.offline.telling import Telling
from memagent.offline.text import capital, normal
from memagent.offline.world import Person


def carry_out(telling: Telling) -> None:
    """Tell what a person's plan says, each sentence in the past tense or, where that fails, as an intention."""
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
