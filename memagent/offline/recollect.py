"""Reading a memory: what its sentences say, in our own forms and in a person's."""

from __future__ import annotations

import re
from collections.abc import Callable

from memagent.offline import threads as threads
from memagent.offline.absent import mark
from memagent.offline.finding import find_people, find_phrases, find_place_names
from memagent.offline.lists import settings
from memagent.offline.memory import PHASE_TEXT, ordinals
from memagent.offline.past import past_of
from memagent.offline.premise import complete
from memagent.offline.text import sentences, unlisted
from memagent.offline.world import PHASES, Item, Person, Thread, World

Reader = Callable[[World, re.Match[str]], None]


def _read_hero(world: World, found: re.Match[str]) -> None:
    name, role = found["name"].strip(), found["role"].strip()
    pronoun = {"her": "she", "his": "he", "their": "they"}[found["his"]]
    world.hero = Person(name, role, pronoun)


def _read_setting(world: World, found: re.Match[str]) -> None:
    world.genre = (found["genre"] or "").strip()
    for each in settings():
        if each["phrase"] in found["phrase"]:
            world.setting = each["key"]


def _read_person(world: World, found: re.Match[str]) -> None:
    world.people.append(Person(found["name"], found["role"], found["he"], found["trait"]))


def _read_absent(world: World, found: re.Match[str]) -> None:
    world.people.append(Person(found["name"], found["role"], found["he"], found["trait"], state=found["state"]))


def _read_sides(world: World, found: re.Match[str]) -> None:
    world.helper, world.rival = found["helper"], found["rival"]


def _read_items(world: World, found: re.Match[str]) -> None:
    for text in unlisted(found["items"]):
        name, _, origin = text.rpartition(" from ")
        world.items.append(Item(name or origin, origin if name else ""))


def _read_time(world: World, found: re.Match[str]) -> None:
    world.phase = next((at for at, phase in enumerate(PHASES) if PHASE_TEXT[phase] == found["phase"]), 0)
    world.day = max(1, _number(found["day"]))
    world.weather = found["weather"] or ""


def _read_now(world: World, found: re.Match[str]) -> None:
    world.here, world.company = found["place"], found["who"] or ""


def _read_question(world: World, found: re.Match[str]) -> None:
    asked = found.group().rstrip().endswith("?") or not found.group().startswith("Still open")
    world.threads.append(Thread(indirect(found["q"]) if asked else found["q"]))


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
    (
        re.compile(r"The story follows (?P<name>[^,]+), (?P<role>.+), and stays at (?P<his>her|his|their) side\."),
        _read_hero,
    ),
    (re.compile(r"It is an?(?P<genre> .+?)? story, set (?P<phrase>.+)\."), _read_setting),
    (re.compile(r"Above all, .+? wants (?P<x>to .+)\."), _set("goal")),
    (
        re.compile(
            r"(?P<name>[^;:,]+), (?P<role>[^;:]+), is (?P<state>missing|dead|far away); "
            r"(?P<he>she|he|they) (?P<trait>.+)\."
        ),
        _read_absent,
    ),
    (re.compile(r"(?P<helper>[^,;:]+?) helps [^,;:]+, and (?P<rival>[^,;:]+?) stands in the way\."), _read_sides),
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
    (
        re.compile(r"(?:Still open|Open questions?|Question|Unanswered):\s*(?P<q>.+?)[.?]*", re.IGNORECASE),
        _read_question,
    ),
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
    threads.mark_absent(world)
    complete(world, previous)
    threads.mark_absent(world)
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
        joined = Person(person.name, role, person.pronoun, fact, fresh=True)
        mark(joined, text)
        joined.fresh = not joined.state
        world.people.append(joined)
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


def indirect(question: str) -> str:
    """Turn a direct question into an indirect one: `What does the key open` becomes `what the key opened`."""
    text = question.strip().rstrip("?.! ")
    first, _, rest = text.partition(" ")
    if first.lower() in {"who", "what", "where", "why", "how", "when", "whose", "which"}:
        text = f"{first.lower()} {rest}".strip()
    found = re.fullmatch(r"((?:what|where|why|how|when|who)) (did|does|do|is|was|are|were|has|had) (.+)", text)
    return _turned(found) if found else text


def _turned(found: re.Match[str]) -> str:
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


def _number(word: str) -> int:
    figures = re.match(r"\d{1,6}", word)
    return int(figures.group()) if figures else ordinals().get(word.lower(), 1)
