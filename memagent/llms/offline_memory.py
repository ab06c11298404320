"""The memory as text: what is known, written down in plain sentences and read back from them.

The same sentences are used in both directions, so whatever a person changes in one is what the story knows from then on. A
sentence of any other form is kept as a fact, and the people, places and things in it join the story.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from memagent.llms.offline_finding import find_people, find_phrases, find_place_names
from memagent.llms.offline_lists import settings
from memagent.llms.offline_text import article, count_words, listed, sentences, unlisted
from memagent.llms.offline_world import PHASES, Item, Person, Thread, World

_PHASE_TEXT = {
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
def _ordinals() -> dict[str, int]:
    found = {word: at for at, word in enumerate(_ONES, start=1)}
    for ten, (whole, stem) in enumerate(_TENS.items(), start=2):
        found[whole] = ten * 10
        found.update({f"{stem}-{_ONES[one - 1]}": ten * 10 + one for one in range(1, 10)})
    return found


def ordinal(number: int) -> str:
    """Return `number` as an ordinal: in words up to ninety-ninth, in figures beyond."""
    word = next((word for word, value in _ordinals().items() if value == number), "")
    return word or f"{number}{'th' if number % 100 in {11, 12, 13} else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _number(word: str) -> int:
    figures = re.match(r"\d{1,6}", word)
    return int(figures.group()) if figures else _ordinals().get(word.lower(), 1)


# ----------------------------------------------------------------------------------------------------------------- writing


def lines(world: World) -> list[Line]:
    """Return the sentences of a memory with their weight: the higher, the longer it is kept."""
    hero = world.hero
    his = {"she": "her", "he": "his", "they": "their"}[hero.pronoun]
    place = next(each["phrase"] for each in settings() if each["key"] == world.setting)
    found: list[Line] = []
    if world.premise:
        found.append((60, f"It began like this: {world.premise}."))
    found.append((100, f"The story follows {hero.name}, {hero.role}, and stays at {his} side."))
    found.append((70, f"It is {article(world.genre)} story, set {place}."))
    if world.goal:
        found.append((90, f"Above all, {hero.short} wants {world.goal}."))
    found += [(80 - at, _person_line(person)) for at, person in enumerate(world.people)]
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
    found.append((69, f"It is {_PHASE_TEXT[PHASES[world.phase]]} {ordinal(world.day)} day{weather}."))
    if world.here:
        company = f"with {world.company}" if world.company else "alone"
        found.append((72, f"{hero.short} is now at {world.here}{',' if not world.company else ''} {company}."))
    return found


def _person_line(person: Person) -> str:
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
        (r"[^;:]+ is [^;]+; (?:she|he|they) ", 800),
        (r".* carries ", 750),
        (r".* (?:is now at|has promised|promise)", 720),
        (r"It is (?:a|an) .* story", 700),
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


# ----------------------------------------------------------------------------------------------------------------- reading

Reader = Callable[[World, re.Match[str]], None]


def _read_hero(world: World, found: re.Match[str]) -> None:
    name, role = found["name"].strip(), found["role"].strip()
    pronoun = {"her": "she", "his": "he", "their": "they"}[found["his"]]
    world.hero = Person(name, role, pronoun)


def _read_setting(world: World, found: re.Match[str]) -> None:
    world.genre = re.sub(r"^an? ", "", found["genre"])
    for each in settings():
        if each["phrase"] in found["phrase"]:
            world.setting = each["key"]


def _read_person(world: World, found: re.Match[str]) -> None:
    world.people.append(Person(found["name"], found["role"], found["he"], found["trait"]))


def _read_items(world: World, found: re.Match[str]) -> None:
    for text in unlisted(found["items"]):
        name, _, origin = text.rpartition(" from ")
        world.items.append(Item(name or origin, origin if name else ""))


def _read_time(world: World, found: re.Match[str]) -> None:
    world.phase = next((at for at, phase in enumerate(PHASES) if _PHASE_TEXT[phase] == found["phase"]), 0)
    world.day = max(1, _number(found["day"]))
    world.weather = found["weather"] or ""


def _read_now(world: World, found: re.Match[str]) -> None:
    world.here, world.company = found["place"], found["who"] or ""


def _read_question(world: World, found: re.Match[str]) -> None:
    world.threads.append(Thread(indirect(found["q"])))


def _read_clues(world: World, found: re.Match[str]) -> None:
    if world.threads:
        world.threads[-1].clues.extend(found["clues"].split("; that "))
    else:
        world.loose.append(found.group())


def _read_promise(world: World, found: re.Match[str]) -> None:
    world.promise = (found["who"], found["deed"])


def _set(name: str) -> Reader:
    def read(world: World, found: re.Match[str]) -> None:
        setattr(world, name, found["x"])

    return read


def _add(name: str) -> Reader:
    def read(world: World, found: re.Match[str]) -> None:
        getattr(world, name).append(found["x"])

    return read


def _read_places(world: World, found: re.Match[str]) -> None:
    world.places = unlisted(found["x"])


def _read_events(world: World, found: re.Match[str]) -> None:
    world.events = re.split(r"; then ", found["x"])


_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"It began like this: (?P<x>.+?)[.!?]?"), _set("premise")),
    (re.compile(r"The story follows (?P<name>[^,]+), (?P<role>.+), and stays at (?P<his>her|his|their) side\."), _read_hero),
    (re.compile(r"It is (?P<genre>an? .+?) story, set (?P<phrase>.+)\."), _read_setting),
    (re.compile(r"Above all, .+? wants (?P<x>to .+)\."), _set("goal")),
    (re.compile(r"(?P<name>[^;:,]+?) is (?P<role>[^;]+); (?P<he>she|he|they) (?P<trait>.+)\."), _read_person),
    (re.compile(r"So far it has led to (?P<x>.+)\."), _read_places),
    (re.compile(r"[^;:]+? carries (?P<items>(?:the|an?|his|her|their) .+)\."), _read_items),
    (
        re.compile(
            r"It is (?P<phase>(?:dawn on|noon on|dusk on|the (?:morning|afternoon|evening|night) of) the) "
            r"(?P<day>[\w-]+) day(?:, and (?P<weather>.+))?\."
        ),
        _read_time,
    ),
    (re.compile(r"[^;:]+? is now at (?P<place>.+?)(?: with (?P<who>[^,]+)|, alone)?\."), _read_now),
    (re.compile(r"(?:Still open|Open questions?|Question|Unanswered):\s*(?P<q>.+?)[.?]*", re.IGNORECASE), _read_question),
    (re.compile(r"(?P<q>(?:Who|What|Where|Why|How|When|Whose|Which)\b.+)\?"), _read_question),
    (re.compile(r"So far it is known that (?P<clues>.+)\."), _read_clues),
    (re.compile(r"[^;:]+? has promised (?P<who>.+?) to (?P<deed>.+)\."), _read_promise),
    (re.compile(r"Settled: (?P<x>.+?)\.?"), _add("settled")),
    (re.compile(r"Lately this happened: (?P<x>.+)\."), _read_events),
    (re.compile(r"Also known: (?P<x>.+?)[.!]?"), _add("known")),
)


def read(memory: str, previous: str = "") -> World:
    """Read a memory. What is missing is taken from the previous paragraph, or made up in the same way each time."""
    world = World(Person(""))
    for sentence in sentences(memory):
        for pattern, reader in _READERS:
            if found := pattern.fullmatch(sentence):
                reader(world, found)
                break
        else:
            world.loose.append(sentence)
    _take_up(world)
    _complete(world, previous)
    return world


def _take_up(world: World) -> None:
    """Let the people and places of sentences in other forms join the story."""
    text = "\n".join(world.loose)
    for person in find_people(text):
        if not person.name or world.person(person.name):
            continue
        if not world.hero.name:
            world.hero = person
            continue
        role, fact = _role_and_fact(person, world.loose)
        world.people.append(Person(person.name, role, person.pronoun, fact, fresh=True))
    for place in [*find_place_names(text), *find_phrases(text, "places")]:
        if place not in world.places:
            world.places.append(place)


def _role_and_fact(person: Person, loose: list[str]) -> tuple[str, str]:
    """Part `Old Ines is the harbour pilot and knows the tides` into the role and what is said of her besides."""
    for sentence in loose:
        found = re.match(rf"{re.escape(person.name)} is (.+?)(?:,? (?:and|who) (.+?))?[.!]?$", sentence)
        if found and found.group(1).split()[0] in {"the", "a", "an", "her", "his", "their"}:
            return found.group(1), (found.group(2) or "")
    return person.role, ""


def _complete(world: World, previous: str) -> None:
    """Fill in what a story cannot do without."""
    from memagent.llms.offline_premise import complete

    complete(world, previous)


def indirect(question: str) -> str:
    """Turn a direct question into an indirect one: `What does the key open` becomes `what the key opened`."""
    text = question.strip().rstrip("?.! ")
    first, _, rest = text.partition(" ")
    if first.lower() in {"who", "what", "where", "why", "how", "when", "whose", "which"}:
        text = f"{first.lower()} {rest}".strip()
    found = re.fullmatch(r"((?:what|where|why|how|when|who)) (did|does|do|is|was|are|were|has|had) (.+)", text)
    return _turned(found) if found else text


def _turned(found: re.Match[str]) -> str:
    from memagent.llms.offline_past import past_of

    ask, helper, rest = found.groups()
    if ask == "who" and helper != "did" and helper != "does":
        return found.group()
    parts = rest.split()
    if helper in {"did", "does", "do"}:
        for at, word in enumerate(parts):
            if at and (turned := past_of(word)):
                return " ".join([ask, *parts[:at], turned, *parts[at + 1 :]])
        return f"{ask} {helper} {rest}"
    tense = {"is": "was", "are": "were", "has": "had"}.get(helper, helper)
    last = parts[-1] if len(parts) > 1 and parts[-1].endswith(("ing", "ed", "en", "hidden", "ing")) else ""
    return " ".join([ask, *parts[:-1], tense, last]) if last else f"{ask} {rest} {tense}"

