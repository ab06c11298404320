"""From a premise to a first state of a story: who, where, what with, and the question that sets it going."""

from __future__ import annotations

import re

from memagent.offline.finding import (
    find_anything,
    find_names,
    find_people,
    find_phrases,
    find_place_names,
    find_plural,
    find_several,
    is_place_name,
    pronoun_of,
    relation_in,
)
from memagent.offline.grammar import possessive
from memagent.offline.lists import given_names, relation_nouns, role_nouns, setting, settings, table
from memagent.offline.past import is_third, past_sentence
from memagent.offline.text import bare, capital, pick, sentences, shuffled, stable, words
from memagent.offline.world import Item, Person, Thread, World

_ORDER = re.compile(
    r"^\s*(?:please\s+)?(?:(?:write|tell|give|make)\s+(?:me\s+)?|this is\s+|it is\s+)?"
    r"(?:an?|the|some)?\s*(?:\w+\s+){0,3}?"
    r"(?:story|novel|tale|fairy tale|thriller|romance|mystery)\s+(?:about|of|in which|where)\s+",
    re.IGNORECASE,
)
_QUIET = (
    "a person of few words", "a bad sleeper", "a quiet observer", "a great asker of questions", "a careful listener",
    "a maker of lists", "somebody who notices things",
)  # fmt: skip
_LOST = re.compile(
    r"\b(?:missing|vanish\w*|disappear\w*|lost|gone|kidnap\w*|never (?:came|comes) back|search\w*)\b", re.I
)
_STOLEN = re.compile(r"\b(?:stole\w*|steal\w*|theft|robb\w*|missing|taken)\b", re.IGNORECASE)
_CUES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bkey\b", re.IGNORECASE), "opened"),
    (re.compile(r"\b(?:letters?|messages?|notes?|postcards?|envelopes?|telegrams?)\b", re.IGNORECASE), "left"),
    (re.compile(r"\b(?:follow|chase|stalk|hunt|watch)(?:s|ed|ing)\b", re.IGNORECASE), "followed"),
    (re.compile(r"\b(?:secrets?|hid(?:es|den|ing)?|conceal\w*)\b", re.IGNORECASE), "hiding"),
    (
        re.compile(r"\b(?:murder\w*|kill\w*|dead|died|dies|death|corpse|body|accident|fire|flood|storm|war)\b", re.I),
        "happened",
    ),
    (re.compile(r"\b(?:lies?|lied|liar|betray\w*)\b", re.IGNORECASE), "lied"),
    (re.compile(r"\b(?:lights?|lamps?|signals?|bells?)\b", re.IGNORECASE), "lamp"),
    (re.compile(r"\b(?:promis\w*|vow\w*|oath)\b", re.IGNORECASE), "promised"),
    (re.compile(r"\b(?:debts?|owes?|owed|loan)\b", re.IGNORECASE), "owed"),
    (re.compile(r"\b(?:box|chest|trunk|parcel|safe|crate)\b", re.IGNORECASE), "inside"),
)


def first_world(premise: str, genre: str, seed: int) -> World:
    """Return the state in which a story from `premise` begins, its first question included."""
    text = _ORDER.sub("", " ".join(premise.split())[:6000], count=1)
    world = World(Person(""), setting=setting_of(f"{genre} {text}"), genre=_genre(genre))
    world.premise = _shortened(text)
    key = stable("premise", premise, genre, seed)
    _people(world, text, key)
    _places(world, text, key)
    things = _things(text)
    world.items = [Item(things[0], world.places[1])] if things and not _STOLEN.search(text) else []
    question = _question(world, text, things, key)
    world.threads = [Thread(question)]
    found = re.fullmatch(r"where (.+) went", question)
    world.goal = f"to find out {question}" if not found else f"to learn {question}"
    world.day, world.phase = 1, key % 3
    world.weather = pick(setting(world.setting)["weather"], key)[0]
    world.here = world.places[0]
    world.known = _facts(world, text)
    if question.startswith("who left the slip of paper"):
        said = "" if told(world) else f"On the slip of paper stand the words '{world.premise}'"
        world.known += [said] if said else []
    return world


def _things(text: str) -> list[str]:
    """The things of a premise, best known kinds first."""
    found = find_phrases(text, "objects") or [find_plural(text)]
    return [thing for thing in found if thing]


def _genre(genre: str) -> str:
    plain = " ".join(words(genre))[:40].lower()
    return re.sub(r"\s+(?:story|novel|tale)$", "", plain) if plain.isascii() and plain else "quiet"


def _shortened(text: str) -> str:
    """The first sentence of a premise, at most thirty words or ninety signs of a script without spaces."""
    first = (sentences(text) or [""])[0].strip()
    first = re.sub(r"[.!?。!?;:\s]+$", "", first).replace('"', "'").replace(";", ",")
    parts = first.split()
    return (" ".join(parts[:30]) if len(parts) > 1 else first[:90]).rstrip(",") if first else ""


def setting_of(text: str) -> str:
    """Return the setting whose cues occur most in `text`; an old town where none does."""
    found = words(text.lower())
    plain = {word for word in found} | {word.removesuffix("s") for word in found}
    joined = " ".join(found)
    scored = [
        (sum(c in plain or (" " in c and c in joined) for c in each["cues"]) * each.get("weight", 1), each["key"])
        for each in settings()
    ]
    best = max(score for score, _ in scored)
    return next(key for score, key in scored if score == best) if best else "town"


# ---------------------------------------------------------------------------------------------- people


def _people(world: World, text: str, key: int) -> None:
    found = find_people(text)[:6]
    found = [person for person in found if not re.search(r"\b(?:dead|late|deceased)\b", person.role)]
    found += _group(text, found)
    loved = [person for person in found if _belongs(person)]
    main = next((person for person in found if not _belongs(person)), None)
    world.hero = main or Person("")
    _name_hero(world.hero, text, key)
    for person in found:
        if person is not main and len(world.people) < 4:
            _settle(person, world, key)
            world.people.append(person)
    _add_people(world, key, 3 if loved else 2)


def _group(text: str, found: list[Person]) -> list[Person]:
    """Two people where a premise speaks of several and names no one: `two sisters`."""
    group, one = find_several(text)
    if not group or any(not _belongs(person) for person in found):
        return []
    pronoun = role_nouns()[one]
    other = f"her {one}" if one in relation_nouns() else f"another of the {group.split(' ', 1)[1]}"
    return [Person("", f"one of {group}", pronoun), Person("", other, pronoun)]


def _belongs(person: Person) -> bool:
    """Whether somebody is spoken of as another's relative: `her brother`."""
    return bool(relation_in(person.role)) and person.role.split()[0] in {"her", "his", "their", "my", "your", "our"}


def _name_hero(hero: Person, text: str, key: int) -> None:
    said = re.search(r"\b(she|her|he|his|him)\b", text, re.IGNORECASE)
    if hero.pronoun == "they" and said and hero.name not in given_names():
        hero.pronoun = "she" if said.group(1).lower() in {"she", "her"} else "he"
    if not hero.name:
        if hero.pronoun == "they" and not re.search(r"\b(?:they|their|them)\b", text, re.IGNORECASE):
            hero.pronoun = ("she", "he")[key % 2]
        hero.name = new_name(hero.pronoun, [], key)
    if not hero.role:
        hero.role = pick(_QUIET, key, "role")
    hero.role = re.sub(r"^(?:her|his|their|my|your|our)\s+", "the ", hero.role)
    hero.role = re.sub(r"\s+(?:in|at|on|from|near|of\s+(?:the\s+)?(?=[A-Z]))\s.*$", "", hero.role)


def _settle(person: Person, world: World, key: int) -> None:
    """Give somebody what the premise does not say: a name, and whose relative."""
    hero = world.hero
    kin = relation_in(person.role) in {"sister", "brother", "mother", "father", "daughter", "son", "wife", "husband"}
    if not person.name:
        family = hero.name.split()[-1] if kin and len(hero.name.split()) > 1 else ""
        name = new_name(person.pronoun, [each.name for each in world.everyone], key + len(world.people), family)
        person.name = name
        if person.pronoun == "they":
            person.pronoun = pronoun_of(name)
    if _belongs(person):
        person.role = re.sub(r"^\w+", possessive(hero.short), person.role)
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
    from memagent.offline.grammar import Scribe

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
    while len(world.people) < least:
        world.people.append(newcomer(world, stable(key, len(world.people))))


# ------------------------------------------------------------------------------- places, things, facts


def _places(world: World, text: str, key: int) -> None:
    own = [f"the {word}" for word in world.hero.role.split()[-2:-1] if word in table("words")["things"]["places"]]
    found = [*own, *(name for name in find_place_names(text) if not _region(name, text)), *find_phrases(text, "places")]
    common: list[str] = setting(world.setting)["places"]
    world.places = list(dict.fromkeys([*found[:3], *shuffled(common, key, "places")]))[: max(4, min(len(found), 3) + 2)]


def _region(name: str, text: str) -> bool:
    """Whether a name is that of a town or country, which is no place for a single scene: `in Lisbon`."""
    return bool(re.search(rf"\b[Ii]n {re.escape(name)}\b", text)) and len(name.split()) == 1


def _question(world: World, text: str, things: list[str], key: int) -> str:
    kin = next((person for person in world.people if relation_in(person.role)), None)
    if _LOST.search(text) and kin:
        return f"where {kin.short} went"
    if things and _STOLEN.search(text):
        return f"who took {things[0]}"
    other = kin or world.people[0]
    place, far = world.places[0], world.places[-1]
    asks = {
        "opened": f"what {things[0] if things else 'the key'} was made to open",
        "followed": f"who was following {world.hero.short}",
        "hiding": f"what {other.short} was keeping back",
        "happened": f"what happened at {far} on the night of {pick(_NIGHTS, key)}",
        "lied": f"why {other.short} lied about {far}",
        "lamp": f"who lit the lamp at {far} every night",
        "promised": f"what {other.short} had promised {world.people[1].short}",
        "owed": f"what {other.short} owed to {world.people[1].short}",
        "left": f"who left {things[0] if things else 'the letter'} at {place}",
        "inside": f"what was inside the sealed case at {place}",
    }
    for pattern, kind in _CUES:
        if pattern.search(text):
            return asks[kind]
    if things:
        return f"who left {things[0]} at {place}"
    if odd := find_anything(text):
        return f"why {other.short} wanted {odd}"
    return f"who left the slip of paper at {place}"


_NIGHTS = ("the fire", "the flood", "the long storm", "the accident", "the last feast")


def _named(name: str, rest: str) -> str:
    """Put a name for a role; where it stood in a place, the place comes first: `In a mountain village Bruno finds`."""
    rest = re.sub(r"^\s+(?:who|that)\b", "", rest)
    where = re.match(r"\s+((?:in|at|on|near|aboard)\s+(?:[\w'’-]+\s+){1,5}?)(?=([a-z]+s)\b)", rest)
    if where and is_third(where.group(2)):
        return f"{capital(where.group(1))}{name} {rest[where.end() :]}"
    return name + rest


def trade(hero: Person) -> str:
    """What the hero is known for; for somebody who is only `a man`, a trait."""
    plain = bare(hero.role) in {"man", "woman", "boy", "girl", "child", "teenager", "stranger"}
    return pick(_QUIET, hero.name, "trade") if plain else hero.role


def disturbs(text: str) -> bool:
    """Whether a sentence tells of what sets a story going, rather than of how things are."""
    return any(pattern.search(text) for pattern in (_LOST, _STOLEN, *(pattern for pattern, _ in _CUES)))


def _facts(world: World, text: str) -> list[str]:
    """The next sentences of the premise, as facts that stay known."""
    rest = [sentence for sentence in sentences(text)[1:7] if 4 <= len(sentence.split()) <= 24]
    told_of = [
        sentence for sentence in rest if not re.search(r"\b(?:I|you|we|my|your|our|me)\b", sentence, re.IGNORECASE)
    ]
    own = possessive(world.hero.short)
    plain = [re.sub(r"[.!?]+$", "", sentence).replace('"', "'").replace(";", ",") for sentence in told_of[:2]]
    return [re.sub(r"^(?:Her|His|Their)\b", own, sentence) for sentence in plain]


def told(world: World) -> str:
    """Return the premise in the past tense with the hero's name in it, or nothing if it cannot be turned."""
    hero = world.hero
    names = {part for each in world.everyone for part in each.name.split()}
    text = world.premise
    role = bare(hero.role).lower()
    if (
        hero.short not in text
        and role
        and (found := re.match(rf"(?:an?|the)\s+{re.escape(role)}\b", text, re.IGNORECASE))
    ):
        text = _named(hero.short, text[found.end() :])
    elif hero.short not in text and not find_several(text)[0]:
        return ""
    turned = past_sentence(text, names | {hero.role.split()[-1]})
    return capital(turned.strip()) + "." if turned else ""


# ----------------------------------------------------------------------- a memory that lacks something


def complete(world: World, previous: str) -> None:
    """Give a state that was read from a strange memory what a story needs: a hero, company, places, a question."""
    text = "\n".join([*world.loose, world.premise, previous])
    if not world.hero.name:
        world.hero = _somebody(text)
    hero = world.hero
    hero.role = hero.role or pick(_QUIET, hero.name)
    key = stable("complete", hero.name)
    if not world.places:
        world.setting = setting_of(text)
    for person in world.people:
        person.role = person.role or "one of the people here"
        if _belongs(person):
            person.role = re.sub(r"^\w+", possessive(hero.short), person.role)
    _add_people(world, key, 2)
    if len(world.places) < 3:
        local = shuffled(setting(world.setting)["places"], key)
        world.places += [place for place in local if place not in world.places][: 4 - len(world.places)]
    if not world.threads:
        things = _things(text)
        world.threads = [Thread(_question(world, text, things, key))]
        world.goal = world.goal or f"to find out {world.threads[0].question}"
    world.here = world.here or _mentioned(world.places, previous) or world.places[0]
    world.weather = world.weather or pick(setting(world.setting)["weather"], key)[0]


def _somebody(text: str) -> Person:
    for name, at in find_names(text):
        if not is_place_name(name, at, text) and name.lower() not in role_nouns():
            return Person(name, "", pronoun_of(name, "", text))
    return Person("Mara Venn", "", "she")


def _mentioned(places: list[str], text: str) -> str:
    return next((place for place in places if bare(place) in text), "")
