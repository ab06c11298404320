"""From a premise to a first state of a story: who, where, what with, and the question that sets it going."""

from __future__ import annotations

import re

from memagent.offline.cast import QUIET, fill_up, newcomer, people_of
from memagent.offline.drive import found_thing, question, things_of
from memagent.offline.finding import (
    find_anything,
    find_names,
    find_phrases,
    find_place_names,
    find_several,
    is_place_name,
    pronoun_of,
    relation_in,
)
from memagent.offline.grammar import possessive
from memagent.offline.lists import portable, role_nouns, setting, settings, table
from memagent.offline.past import is_third, past_sentence
from memagent.offline.text import bare, capital, pick, sentences, shuffled, stable, words
from memagent.offline.world import Item, Person, Thread, World

_ORDER = re.compile(
    r"^\s*(?:please\s+)?(?:(?:write|tell|give|make)\s+(?:me\s+)?|this is\s+|it is\s+)?"
    r"(?:an?|the|some)?\s*(?:\w+\s+){0,3}?"
    r"(?:story|novel|tale|fairy tale|thriller|romance|mystery)\s+(?:about|of|in which|where)\s+",
    re.IGNORECASE,
)
_CUES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bkey\b", re.IGNORECASE), "opened"),
    (re.compile(r"\b(?:follow|chase|stalk|hunt|watch)(?:s|ed|ing)\b", re.IGNORECASE), "followed"),
    (re.compile(r"\b(?:secrets?|hid(?:es|den|ing)?|conceal\w*)\b", re.IGNORECASE), "hiding"),
    (re.compile(r"\b(?:lies?|lied|liar|betray\w*)\b", re.IGNORECASE), "lied"),
    (re.compile(r"\b(?:promis\w*|vow\w*|oath)\b", re.IGNORECASE), "promised"),
    (re.compile(r"\b(?:debts?|owes?|owed|loan)\b", re.IGNORECASE), "owed"),
)


def first_world(premise: str, genre: str, seed: int) -> World:
    """Return the state in which a story from `premise` begins, its first question included."""
    text = _ORDER.sub("", " ".join(premise.split())[:6000], count=1)
    world = World(Person(""), setting=setting_of(f"{genre} {text}"), genre=_genre(genre))
    world.premise = _shortened(text)
    key = stable("premise", premise, genre, seed)
    people_of(world, text, key)
    _places(world, text, key)
    asked = _question(world, text, key)
    world.threads = [Thread(asked)]
    _take_sides(world, asked, key)
    carried = found_thing(text)
    if carried and bare(carried).split()[-1] in portable() and not asked.startswith("who took"):
        world.items = [Item(carried, world.places[1])]
    world.goal = f"to learn {asked}" if asked.startswith("where ") else f"to find out {asked}"
    world.day, world.phase = 1, key % 3
    world.weather = pick(setting(world.setting)["weather"], key)[0]
    world.here = world.places[0]
    world.known = _facts(world, text)
    if asked.startswith("who left the slip of paper"):
        said = "" if told(world) else f"On the slip of paper stand the words '{world.premise}'"
        world.known += [said] if said else []
    return world


def _take_sides(world: World, asked: str, key: int) -> None:
    """Whoever the question is about cannot be the one who helps to answer it."""
    about = next((each for each in world.around if re.search(rf"\b{re.escape(each.short)}\b", asked)), None)
    if about is None:
        return
    while len(world.around) < 3:
        world.people.append(newcomer(world, stable(key, "side", len(world.people))))
    others = [each.short for each in world.around if each is not about]
    world.helper = others[0]
    world.rival = others[1] if asked.startswith("whether ") else about.short


def _genre(genre: str) -> str:
    plain = " ".join(words(genre))[:40].lower()
    plain = re.sub(r"\s*\b(?:story|novel|tale)$", "", plain)
    return plain if plain.isascii() and plain not in {"any", "none", "general", "unknown"} else ""


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


# ------------------------------------------------------------------------------- places, things, facts


def _places(world: World, text: str, key: int) -> None:
    own = [f"the {word}" for word in world.hero.role.split()[-2:-1] if word in table("words")["things"]["places"]]
    plain = [place for place in find_phrases(text, "places") if bare(place).split()[-1] not in _AFLOAT]
    found = [*own, *(name for name in find_place_names(text) if not _region(name, text)), *plain]
    common: list[str] = setting(world.setting)["places"]
    world.places = list(dict.fromkeys([*found[:3], *shuffled(common, key, "places")]))[: max(4, min(len(found), 3) + 2)]


def _region(name: str, text: str) -> bool:
    """Whether a name is that of a town or country, which is no place for a single scene: `in Lisbon`."""
    return bool(re.search(rf"\b[Ii]n {re.escape(name)}\b", text)) and len(name.split()) == 1


_AFLOAT = frozenset("boat ship train trawler yacht ferry town city kingdom planet".split())


def _question(world: World, text: str, key: int) -> str:
    """The question that the premise asks; where it asks none, one that names its people, places and things."""
    return question(world, text) or _cued(world, text) or _invented(world, text, key)


def _cued(world: World, text: str) -> str:
    things = things_of(text)
    other = next((each for each in world.around if relation_in(each.role)), world.around[0])
    asks = {
        "opened": f"what {things[0] if things else 'the key'} was made to open",
        "followed": f"who was following {world.hero.short}",
        "hiding": f"what {other.short} was keeping back",
        "lied": f"why {other.short} lied about {world.places[0]}",
        "promised": f"what {other.short} had promised {world.hero.short}",
        "owed": f"what {other.short} owed to {world.hero.short}",
    }
    return next((asks[kind] for pattern, kind in _CUES if pattern.search(text)), "")


def _invented(world: World, text: str, key: int) -> str:
    things = things_of(text)
    place = world.places[0]
    if thing := found_thing(text):
        return f"where {thing} came from"
    if things:
        return f"who left {things[0]} at {place}"
    if odd := find_anything(text):
        return f"what {odd} was for"
    if own := next((each for each in find_place_names(text) + find_phrases(text, "places") if each == place), ""):
        return f"what happened at {own} on the night of {pick(_NIGHTS, key)}"
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
    return pick(QUIET, hero.name, "trade") if plain else hero.role


def _facts(world: World, text: str) -> list[str]:
    """The next sentences of the premise, in the past tense, as facts that stay known."""
    rest = [sentence for sentence in sentences(text)[1:5] if 4 <= len(sentence.split()) <= 28]
    turned = [in_past(world, sentence) for sentence in rest]
    return [each.rstrip(".").replace('"', "'").replace(";", ",") for each in turned if each][:3]


def in_past(world: World, sentence: str) -> str:
    """Return a sentence of the premise as the narrator tells it, without its end; nothing if it cannot be turned."""
    names = {part for each in world.everyone for part in each.name.split()}
    hero = world.hero
    text = re.sub(r"[.!?。]+$", "", sentence.strip())
    text = re.sub(r"^(?:Then|And|But|So|Now|One day),?\s+", "", text)
    own = next((each for each in world.people if each.role.startswith(f"{hero.short}'s ")), None)
    text = re.sub(r"^(?:Her|His|Their)\b", possessive(hero.short), text)
    if not own or own.pronoun != hero.pronoun or hero.short in text:
        text = re.sub(rf"^{hero.pronoun.capitalize()}\b", hero.short, text)
    turned = past_sentence(text, names | {hero.role.split()[-1]})
    return capital(re.sub(r"\bago\b", "before", turned)).strip() if turned else ""


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
        text = in_past(world, text)
    turned = past_sentence(text, names | {hero.role.split()[-1]})
    return capital(re.sub(r"\bago\b", "before", turned.strip())) + "." if turned else ""


# ----------------------------------------------------------------------- a memory that lacks something


def complete(world: World, previous: str) -> None:
    """Give a state that was read from a strange memory what a story needs: a hero, company, places, a question."""
    text = "\n".join([*world.loose, world.premise, previous])
    if not world.hero.name:
        world.hero = _somebody(text)
    hero = world.hero
    hero.role = hero.role or pick(QUIET, hero.name)
    key = stable("complete", hero.name)
    if not world.places:
        world.setting = setting_of(text)
    fill_up(world, key)
    if len(world.places) < 3:
        local = shuffled(setting(world.setting)["places"], key)
        world.places += [place for place in local if place not in world.places][: 4 - len(world.places)]
    if not world.threads:
        world.threads = [Thread(_question(world, text, key))]
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
