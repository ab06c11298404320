"""The memory as text: what is known, written down in plain sentences that are read back from the same forms."""

from __future__ import annotations

import re
from functools import lru_cache

from memagent.offline.finding import find_people
from memagent.offline.lists import settings
from memagent.offline.text import article, count_words, listed, sentences
from memagent.offline.world import PHASES, Item, Person, World

PHASE_TEXT = {
    "dawn": "dawn on the", "morning": "the morning of the", "noon": "noon on the", "afternoon": "the afternoon of the",
    "dusk": "dusk on the", "evening": "the evening of the", "night": "the night of the",
}  # fmt: skip


_ONES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth"
).split()


_TENS = {"twentieth": "twenty", "thirtieth": "thirty", "fortieth": "forty", "fiftieth": "fifty", "sixtieth": "sixty",
         "seventieth": "seventy", "eightieth": "eighty", "ninetieth": "ninety"}  # fmt: skip


Line = tuple[int, str]


@lru_cache(maxsize=1)
def ordinals() -> dict[str, int]:
    """Return the ordinals that are written in words, with their numbers."""
    found = {word: at for at, word in enumerate(_ONES, start=1)}
    for ten, (whole, stem) in enumerate(_TENS.items(), start=2):
        found[whole] = ten * 10
        found.update({f"{stem}-{_ONES[one - 1]}": ten * 10 + one for one in range(1, 10)})
    return found


def ordinal(number: int) -> str:
    """Return `number` as an ordinal: in words up to ninety-ninth, in figures beyond."""
    word = next((word for word, value in ordinals().items() if value == number), "")
    return (
        word
        or f"{number}{'th' if number % 100 in {11, 12, 13} else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
    )


def lines(world: World) -> list[Line]:
    """Return the sentences of a memory with their weight: the higher, the longer it is kept."""
    hero = world.hero
    his = {"she": "her", "he": "his", "they": "their"}[hero.pronoun]
    place = next(each["phrase"] for each in settings() if each["key"] == world.setting)
    found: list[Line] = []
    if world.premise:
        found.append((60, f"It began like this: {world.premise}."))
    found.append((100, f"The story follows {hero.name}, {hero.role}, and stays at {his} side."))
    found.append((70, f"It is {article(f'{world.genre} story'.strip())}, set {place}."))
    if world.goal:
        found.append((90, f"Above all, {hero.short} wants {world.goal}."))
    found += [(89 if person.state else 80 - at, _person_line(person)) for at, person in enumerate(world.people)]
    if world.helper and world.rival and world.helper != world.rival:
        found.append((73, f"{world.helper} helps {hero.short}, and {world.rival} stands in the way."))
    found += [(64, f"Also known: {fact}.") for fact in world.known]
    if world.places:
        found.append((50, f"So far it has led to {listed(world.places)}."))
    if world.items:
        found.append((75, f"{hero.short} carries {listed([_item(item) for item in world.items])}."))
    found += _threads(world)
    if world.promise:
        found.append((66, f"{hero.short} has promised {world.promise[0]} to {world.promise[1]}."))
    found += [(40 + at, f"Settled: {answer}.") for at, answer in enumerate(world.settled)]
    if world.events:
        found.append((55, f"Lately this happened: {'; then '.join(world.events)}."))
    weather = f", and {world.weather}" if world.weather else ""
    found.append((69, f"It is {PHASE_TEXT[PHASES[world.phase]]} {ordinal(world.day)} day{weather}."))
    if world.here:
        company = f"with {world.company}" if world.company else "alone"
        found.append((72, f"{hero.short} is now at {world.here}{',' if not world.company else ''} {company}."))
    return found


def _person_line(person: Person) -> str:
    if person.state:
        return f"{person.name}, {person.role}, is {person.state}; {person.pronoun} {person.trait}."
    return f"{person.name} is {person.role}; {person.pronoun} {person.trait}."


def _item(item: Item) -> str:
    return f"{item.name} from {item.origin}" if item.origin else item.name


def _threads(world: World) -> list[Line]:
    found: list[Line] = []
    for at, thread in enumerate(world.threads):
        found.append((88 - at, f"Still open: {thread.question}."))
        if thread.clues:
            found.append((68 - at, f"So far it is known that {'; that '.join(thread.clues)}."))
    return found


def fitted(found: list[Line], most_sentences: int, most_words: int) -> list[str]:
    """Keep the weightiest sentences within both limits, in their order; nothing is cut unless one alone is too long."""
    order = sorted(range(len(found)), key=lambda at: -found[at][0])
    kept: set[int] = set()
    total = 0
    for at in order:
        length = count_words(found[at][1])
        if len(kept) < most_sentences and total + length <= most_words:
            kept.add(at)
            total += length
    if not kept and found:
        return [" ".join(found[order[0]][1].split()[:most_words]).rstrip(",;. ") + "."]
    return [text for at, (_, text) in enumerate(found) if at in kept]


def write(world: World, most_sentences: int, most_words: int) -> str:
    """Return the memory of `world` within its limits."""
    return " ".join(fitted(lines(world), most_sentences, most_words))


def left_out(world: World, most_sentences: int, most_words: int) -> list[str]:
    """Return in words what of `world` has no room within the limits, in the order in which it would stand."""
    found = lines(world)
    kept = set(fitted(found, most_sentences, most_words))
    gone = [text for _, text in found if text not in kept]
    return list(dict.fromkeys(next(what for form, what in _LEFT if re.match(form, text)) for text in gone))


_LEFT = (
    ("It began like this", "how it began"), ("So far it has led", "where it has led"),
    ("Lately ", "what happened lately"), ("Settled:", "what was settled"), ("Also known:", "a fact beside"),
    ("Still open:", "an open question"), ("So far it is known", "what is known so far"), ("", "some of the rest"),
)  # fmt: skip
"""How a sentence that may have to go begins, and what it is, in words."""


def shorten(memory: str, most_sentences: int, most_words: int) -> str:
    """Return `memory` within its limits: its own sentences, the least needed ones let go, oldest first."""
    found = [(_weight(sentence, at), sentence) for at, sentence in enumerate(sentences(memory))]
    return " ".join(fitted(found, most_sentences, most_words))


def _weight(sentence: str, at: int) -> int:
    """How much a sentence of a memory matters; among equals the later one stays."""
    for pattern, weight in (
        (r"The story follows ", 1000),
        (r"Above all,", 950),
        (r"(?:Still open|Open question)\b|\?\s*$", 900),
        (r"[^;:]+, is (?:missing|dead|far away); ", 850),
        (r"[^;:]+ is [^;]+; (?:she|he|they) ", 800),
        (r"\S+(?: \S+)? helps [^;:]+ stands in the way", 730),
        (r".* carries ", 750),
        (r".* (?:is now at|has promised|promise)", 720),
        (r"It is (?:a|an) (?:.* )?story", 700),
        (r"It is (?:the|dawn|noon|dusk)\b", 690),
        (r"So far it is known", 650),
        (r"It began like this", 600),
        (r"So far it has led", 500),
        (r"Lately ", 450),
        (r"Settled:", 400),
    ):
        if re.match(pattern, sentence):
            return weight + min(at, 40)
    named = bool(find_people(sentence))
    return (640 if named else 550) + min(at, 40)
