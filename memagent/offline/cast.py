"""Who is in a story: the people of a premise, the names they get, and whoever joins later."""

from __future__ import annotations

import re

from memagent.offline.absent import mark
from memagent.offline.finding import find_people, find_pets, find_several, pronoun_of, relation_in
from memagent.offline.grammar import Scribe, possessive
from memagent.offline.lists import given_names, pet_nouns, relation_nouns, role_nouns, setting, table
from memagent.offline.text import pick, shuffled, stable
from memagent.offline.world import Person, World

QUIET = (
    "a person of few words", "a bad sleeper", "a quiet observer", "a great asker of questions", "a careful listener",
    "a maker of lists", "somebody who notices things",
)  # fmt: skip


_COMPARED = re.compile(r",?\s*\b(?:as|like|than)\s+(?:her|his|their)\s+[\w\s]{2,30}?\s+(?:did|had|was|before)\b", re.I)
_PET_NAMES = ("Biscuit", "Pepper", "Bramble", "Moss", "Domino", "Tansy")


def people_of(world: World, text: str, key: int) -> None:
    """Find hero, relatives and others in a premise, give them what it does not say, and add who is missing."""
    plain = _COMPARED.sub("", text)
    found = [*(person for person in find_people(plain) if not _is_pet(person))][:6] + find_pets(plain)
    found += _group(plain, found)
    found = [person for person in found if not _unreal(person, plain)]
    for person in found:
        mark(person, plain)
    pets = [person for person in found if not person.state and _is_pet(person)]
    found = [person for person in found if person not in pets]
    main = next((person for person in found if not _belongs(person) and not person.state), None)
    world.hero = main or Person("")
    _name_hero(world.hero, plain, key)
    for person in found:
        if person is not main and len(world.people) < 4:
            _settle(person, world, key)
            world.people.append(person)
    world.people.sort(key=lambda person: not person.fate)
    _add_people(world, key, 2)
    _sides(world)


def _unreal(person: Person, text: str) -> bool:
    phrase = re.escape(person.name or person.role)
    return bool(re.search(rf"\b{phrase} (?:who|that) (?:does not|did not|never|doesn't|didn't) exist", text))


def _is_pet(person: Person) -> bool:
    return person.role.split()[-1:] != [] and person.role.split()[-1] in pet_nouns()


def _sides(world: World) -> None:
    """Say who helps and who stands in the way, among those who are there."""
    around = world.around
    close = [each for each in around if relation_in(each.role)]
    helper = (close or around)[0]
    rest = [each for each in around if each is not helper and not relation_in(each.role)] or around[1:]
    world.helper, world.rival = helper.short, (rest or [helper])[-1].short


def _group(text: str, found: list[Person]) -> list[Person]:
    """Two people where a premise speaks of several and names no one: `two sisters`."""
    group, one = find_several(text)
    if not group or any(not _belongs(person) for person in found):
        return []
    pronoun = role_nouns()[one]
    pronoun = pronoun if pronoun != "they" else ("she", "he")[stable(text) % 2]
    other = f"her {one}" if one in relation_nouns() else f"another of the {group.split(' ', 1)[1]}"
    return [Person("", f"one of {group}", pronoun), Person("", other, pronoun)]


def _belongs(person: Person) -> bool:
    """Whether somebody is spoken of as another's relative: `her brother`."""
    return bool(relation_in(person.role) or _is_pet(person)) and person.role.split()[0] in {
        "her",
        "his",
        "their",
        "my",
        "your",
        "our",
    }


def _name_hero(hero: Person, text: str, key: int) -> None:
    said = re.search(r"\b(she|her|he|his|him)\b", text, re.IGNORECASE)
    if hero.pronoun == "they" and said and hero.name not in given_names():
        hero.pronoun = "she" if said.group(1).lower() in {"she", "her"} else "he"
    if not hero.name:
        if hero.pronoun == "they" and not re.search(r"\b(?:they|their|them)\b", text, re.IGNORECASE):
            hero.pronoun = ("she", "he")[key % 2]
        hero.name = new_name(hero.pronoun, [], key)
    if not hero.role and (kept := re.search(rf"{re.escape(hero.name)}\s+(?:keeps|kept|tends)\s+the\s+(\w+)\b", text)):
        hero.role = f"the {kept.group(1)} keeper"
    if not hero.role:
        hero.role = pick(QUIET, key, "role")
    hero.role = re.sub(r"^(?:her|his|their|my|your|our)\s+", "the ", hero.role)
    hero.role = re.sub(r"\s+(?:in|at|on|from|near|of\s+(?:the\s+)?(?=[A-Z]))\s.*$", "", hero.role)


def _settle(person: Person, world: World, key: int) -> None:
    """Give somebody what the premise does not say: a name, and whose relative."""
    hero = world.hero
    kin = relation_in(person.role) in {"sister", "brother", "mother", "father", "daughter", "son", "wife", "husband"}
    person.name = person.name or (pick(_PET_NAMES, key, "pet") if _is_pet(person) else "")
    if kin and person.name in given_names() and len(hero.name.split()) == 2:
        person.name = f"{person.name} {hero.name.split()[-1]}"
    if not person.name:
        family = hero.name.split()[-1] if kin and len(hero.name.split()) > 1 else ""
        name = new_name(person.pronoun, [each.name for each in world.everyone], key + len(world.people), family)
        person.name = name
        if person.pronoun == "they":
            person.pronoun = pronoun_of(name)
    if person.role:
        owned(person, hero)
    person.role = person.role or pick(setting(world.setting)["roles"], key, person.name)
    person.trait = person.trait or trait(person, key)


def new_name(pronoun: str, taken: list[str], key: int, family: str = "") -> str:
    """Return a full name that shares no part with those `taken`."""
    names = table("words")["names"]
    parts = {part for name in taken for part in name.split()}
    given = names[pronoun if pronoun in {"she", "he"} else ("she", "he")[key % 2]][:36]
    begun = {part[:2] for part in parts}
    order = shuffled(given, key, "first")
    first = next((name for name in order if name[:2] not in begun), next(name for name in order if name not in parts))
    return f"{first} {family or next(name for name in shuffled(names['family'], key, 'last') if name not in parts)}"


def trait(person: Person, key: int) -> str:
    """Return something about a person's past that is not known yet."""
    for attempt in range(4):
        scribe = Scribe({"A": person}, "town", stable(key, person.name, attempt))
        told = scribe.fill("{trait}", "A")
        if told != person.trait:
            break
    return told


def newcomer(world: World, key: int) -> Person:
    """Return somebody who has not been in the story."""
    taken = [each.name for each in world.everyone]
    pronoun = ("she", "he")[stable(key, "new") % 2]
    roles = [role for role in setting(world.setting)["roles"] if all(role != each.role for each in world.people)]
    person = Person(new_name(pronoun, taken, key), pick(roles or ["a stranger"], key, "role"), pronoun)
    told_of = {each.trait for each in world.people}
    for attempt in range(4):
        person.trait = trait(person, key + attempt)
        if person.trait not in told_of:
            break
    return person


def _add_people(world: World, key: int, least: int) -> None:
    while len(world.around) < least:
        world.people.append(newcomer(world, stable(key, len(world.people))))


def fill_up(world: World, key: int) -> None:
    """See that a story read from a strange memory has company, and that the company takes sides."""
    for person in world.people:
        person.role = person.role or "one of the people here"
        owned(person, world.hero)
    _add_people(world, key, 2)
    known = {each.short for each in world.around}
    if world.helper not in known or world.rival not in known:
        _sides(world)


def owned(person: Person, hero: Person) -> None:
    """Put the hero's name for `her` in `her brother`."""
    if re.match(r"(?:her|his|their|my|your|our)\b", person.role):
        person.role = re.sub(r"^\w+", possessive(hero.short), person.role)
