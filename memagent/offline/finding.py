"""Finding people, places and things in free text: a premise, or what a person wrote into the memory."""

from __future__ import annotations

import re

from memagent.offline.lists import given_names, pet_nouns, relation_nouns, role_nouns, table
from memagent.offline.past import is_verb
from memagent.offline.text import words
from memagent.offline.world import Person

_UPPER = r"[A-ZÀ-ÖØ-ÞĀ-Ž]"
_NAME = re.compile(
    rf"\b(?:(?:Mr|Mrs|Ms|Dr|St|Prof)\.[ \t]+)?{_UPPER}[\w'’-]*"
    rf"(?:[ \t]+(?:(?:de|van|von|der|of the|del|la)[ \t]+)?{_UPPER}[\w'’-]*)*",
    re.UNICODE,
)
_LEAD = re.compile(
    r"\b(in|at|to|from|near|of|on|off|for|towards?|beyond|around|outside|called|named)\s+(?:the\s+)?$", re.IGNORECASE
)
_NOUN_PHRASE = re.compile(
    r"\b([Aa]n?|[Tt]he|[Hh]er|[Hh]is|[Tt]heir|[Ii]ts|[Mm]y|[Oo]ur|[Yy]our)\s+((?:[a-zà-ÿ'’-]+\s+){0,4}?)([a-zà-ÿ'’-]+)\b",
    re.UNICODE,
)
_ROLE_IS = re.compile(r"^\s*(?:,|is|was)\s+((?:the|an?|her|his|their|my)\s+[^.,;:!?]{2,60})", re.IGNORECASE)
_ROLE_STOP = re.compile(r"\s+(?:who|that|which|whose|and|but|in whose|with whom|named|called)\b.*$", re.IGNORECASE)
_STOP = frozenset(
    "of in on at to from with by for and or but who that which whose when while is was are were has had have be been "
    "his her their its the a an as if into onto over under after before near about against between through than then "
    "so not across alone along without again inside outside upon beside behind".split()
)


def find_names(text: str) -> list[tuple[str, int]]:
    """Return the names in `text` with their positions, places among them, each name once."""
    found: dict[str, int] = {}
    for match in _NAME.finditer(text):
        name, at = _trimmed(match.group().rstrip("."), match.start(), text)
        if name and name not in found and _is_name(name, at, text):
            found[name] = at
    return list(found.items())


def _trimmed(name: str, at: int, text: str) -> tuple[str, int]:
    """Cut common words off the front of a run of capitalised words."""
    parts = name.split()
    while parts and parts[0].lower() in table("verbs")["no_names"]:
        cut = len(parts[0]) + 1
        parts, at = parts[1:], at + cut
    return re.sub(r"['’]s$", "", " ".join(parts)), at


def _is_name(name: str, at: int, text: str) -> bool:
    parts = name.split()
    if parts[0].rstrip(".") in given_names() or len(parts) > 1:
        return not name.isupper() or len(name) > 3
    if not _starts_sentence(text, at):
        return not name.isupper()
    again = re.search(rf"[a-zà-ÿ,]\s+{re.escape(name)}\b", text)
    return bool(again or _ROLE_IS.match(text[at + len(name) :])) and name.lower() not in role_nouns()


def _starts_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \t\"“'‘([")
    return not before or before[-1] in ".!?:;\n…" or text[:at].endswith("\n")


def is_place_name(name: str, at: int, text: str) -> bool:
    """Whether a capitalised name stands for a place."""
    parts = name.split()
    if parts[-1].lower() in table("verbs")["place_endings"]:
        return True
    if parts[0].rstrip(".") in given_names() or parts[0] in table("words")["names"]["titles"]:
        return False
    lead = _LEAD.search(text[max(0, at - 24) : at])
    if not lead:
        return False
    if lead.group(1).lower() in {"called", "named"}:
        before = words(text[:at])[-2:-1]
        return bool(before) and before[0].lower() in table("words")["things"]["places"]
    return lead.group(1).lower() != "of" or len(parts) == 1


_NO_THING = frozenset(
    "other one same first second last rest way time day night year world life end thing dead poor rich old sea sky "
    "rain storm war wind dark fire sun moon lot past future knock sound noise voice dream memory secret truth love "
    "name word story idea job chance game race party wedding funeral murder crime trip journey search sale".split()
)
_SEVERAL = re.compile(
    r"\b(two|three|four|both|some|a few|several)\s+((?:[a-zà-ÿ-]+\s+)?)([a-zà-ÿ]+s|children|women|men)\b", re.IGNORECASE
)
_ONE_OF = {"children": "child", "women": "woman", "men": "man", "wives": "wife", "thieves": "thief", "witches": "witch"}


def find_several(text: str) -> tuple[str, str]:
    """Return the first group of people as it stands and one of it: `two old friends`, `friend`."""
    for match in _SEVERAL.finditer(text):
        noun = match.group(3).lower()
        one = _ONE_OF.get(noun, noun.removesuffix("s"))
        if one in role_nouns():
            return match.group().lower(), one
    return "", ""


def find_people(text: str) -> list[Person]:
    """Return the people in `text`: named ones with their roles, and roles that nobody is named for (name is empty)."""
    named = [(name, at) for name, at in find_names(text) if not is_place_name(name, at, text)]
    named = [(name, at) for name, at in named if not _named_thing(name, at, text)]
    placed: list[tuple[int, Person]] = []
    taken: list[int] = []
    for name, at in named:
        role, start = _role_of(name, at, text)
        if start >= 0:
            taken.append(start)
        if not any(person.name and name in person.name.split() for _, person in placed):
            placed.append((at, Person(name, role, pronoun_of(name, role, text))))
    for start, phrase, noun in find_roles(text):
        if not any(start <= other < start + len(phrase) + 1 for other in taken):
            placed.append((start, Person("", phrase, _by_role(phrase) or role_nouns()[noun])))
    return [person for _, person in sorted(placed, key=lambda pair: pair[0])]


def _named_thing(name: str, at: int, text: str) -> bool:
    """Whether a name is that of a thing, a vessel or an animal: `the boat Wren`, `her dog Biscuit`, `the Wren`."""
    things = table("words")["things"]
    nouns = {*things["objects"], *things["vessels"], *things["places"], *things["pets"]}
    before = words(text[max(0, at - 40) : at])[-2:]
    if before and before[-1].lower() in nouns and re.search(r"[a-z] (?:called |named )?$", text[:at]):
        return True
    if len(before) == 2 and before[1].lower() in {"called", "named"} and before[0].lower() in nouns:
        return True
    return bool(before) and before[-1] == "the" and name not in given_names() and len(name.split()) == 1


def find_pets(text: str) -> list[Person]:
    """Return the animals that belong to somebody in `text`, with a name where they have one."""
    found: list[Person] = []
    pets = "|".join(sorted(pet_nouns()))
    lead = rf"\b([Hh]er|[Hh]is|[Tt]heir|[Aa]n?|[Tt]he|[A-Z]\w+'s)\s+(?:[a-z]+\s+)?({pets})\b"
    for match in re.finditer(rf"{lead}(?:,?\s+(?:called\s+|named\s+)?({_UPPER}\w+))?", text):
        owner = match.group(1).lower()
        owner = owner if owner in {"her", "his", "their"} else "the"
        found.append(Person(match.group(3) or "", f"{owner} {match.group(2)}", "he"))
    return found[:1]


def find_roles(text: str) -> list[tuple[int, str, str]]:
    """Return (position, phrase, noun) of noun phrases that mean a person: `her brother`, `a lighthouse keeper`."""
    found: list[tuple[int, str, str]] = []
    seen: set[str] = set()
    for match in _NOUN_PHRASE.finditer(text):
        phrase, noun = _cut(match, text, frozenset(role_nouns()))
        if noun and noun not in seen:
            seen.add(noun)
            found.append((match.start(), phrase, noun))
    return found


def _cut(match: re.Match[str], text: str, nouns: frozenset[str]) -> tuple[str, str]:
    """Extend a noun phrase from its article to the last noun of `nouns` before it ends."""
    rest = re.match(r"(?:[^\W\d_]+(?:['’-][^\W\d_]+)*)(?:\s+[^\W\d_]+(?:['’-][^\W\d_]+)*){0,4}", text[match.start(2) :])
    parts = rest.group().split() if rest else []
    best = ("", "")
    for at, word in enumerate(parts[:5]):
        if word.lower() in _STOP or (at and is_verb(word) and (best[1] or word.lower() not in nouns)):
            break
        if word.lower() in nouns:
            best = (f"{match.group(1).lower()} {' '.join(parts[: at + 1])}", word.lower())
    return best


def find_phrases(text: str, kind: str) -> list[str]:
    """Return noun phrases that end in one of the things of `kind` (`places` or `objects`), with `the`."""
    nouns = frozenset(table("words")["things"][kind])
    people = frozenset(role_nouns())
    found: list[str] = []
    for match in _NOUN_PHRASE.finditer(text):
        phrase, noun = _cut(match, text, nouns | people)
        if noun and noun not in people:
            found.append("the " + phrase.split(" ", 1)[1])
    return list(dict.fromkeys(found))


def find_plural(text: str) -> str:
    """Return the first thing that is spoken of in the plural, as one of them: `the letter` for `letters`."""
    objects = frozenset(table("words")["things"]["objects"])
    found = (word.lower().removesuffix("s") for word in words(text) if word.lower().endswith("s"))
    return next((f"the {word}" for word in found if word in objects), "")


def find_anything(text: str) -> str:
    """Return the first noun phrase of `text` that is no person and no place, such as `the toaster`."""
    for match in re.finditer(r"\b(?:[Aa]n?|[Tt]he)\s+((?:[a-zà-ÿ-]+\s?){1,4})", text):
        parts: list[str] = []
        for word in match.group(1).split():
            if word in _STOP or (parts and is_verb(word)) or word.endswith("ly"):
                break
            parts.append(word)
        if _is_thing(parts):
            return "the " + " ".join(parts)
    return ""


def _is_thing(parts: list[str]) -> bool:
    known = frozenset(role_nouns()) | frozenset(table("words")["things"]["places"]) | _NO_THING
    return 0 < len(parts) <= 3 and len(parts[-1]) > 2 and not known & set(parts) and parts[0] not in {"story", "novel"}


def find_place_names(text: str) -> list[str]:
    """Return capitalised names of places."""
    return [name for name, at in find_names(text) if is_place_name(name, at, text)]


def _role_of(name: str, at: int, text: str) -> tuple[str, int]:
    """Return the role that `text` gives to a name, and where the role stands."""
    after = _ROLE_IS.match(text[at + len(name) :])
    if after:
        phrase = _ROLE_STOP.sub("", after.group(1)).strip()
        is_person = any(word in role_nouns() for word in phrase.lower().split())
        if is_person or len(phrase.split()) <= 5:
            return phrase, at + len(name) + after.start(1)
    before = text[max(0, at - 60) : at]
    lead = re.search(
        r"\b((?:the|an?|her|his|their|my)\s+(?:[\w'’-]+\s+){0,3}?([\w'’-]+)),?\s+(?:(?:named|called|old|young|little|poor|dear)\s+)*$",
        before,
        re.I,
    )
    if lead and lead.group(2).lower() in role_nouns():
        return lead.group(1)[0].lower() + lead.group(1)[1:], max(0, at - 60) + lead.start(1)
    return "", -1


def _by_role(role: str) -> str:
    nouns = role_nouns()
    for word in reversed(role.lower().split()):
        if nouns.get(word) in {"she", "he"}:
            return nouns[word]
    return ""


def pronoun_of(name: str, role: str = "", text: str = "") -> str:
    """Return she, he or they: by the role, by the given name, by the title, or by a pronoun close behind the name."""
    if found := _by_role(role):
        return found
    parts = [part.rstrip(".") for part in name.split()]
    titles = {"Mrs": "she", "Miss": "she", "Ms": "she", "Sister": "she", "Aunt": "she", "Lady": "she", "Queen": "she",
              "Princess": "she", "Madame": "she", "Granny": "she", "Mother": "she", "Mr": "he", "Father": "he",
              "Brother": "he", "Uncle": "he", "Sir": "he", "Lord": "he", "King": "he", "Prince": "he"}  # fmt: skip
    for part in parts:
        if part in titles or part in given_names():
            return titles.get(part) or given_names()[part]
    near = re.search(rf"{re.escape(name)}\b[^.!?]*?\b(she\b|he\b|they\b|(?:her|his|their)\s+[a-z])", text)
    if near:
        return {"s": "she", "t": "they"}.get(near.group(1)[0], "she" if near.group(1).startswith("her") else "he")
    ending = parts[0][-1] if parts and parts[0].isascii() else ""
    return {"a": "she", "o": "he"}.get(ending, "they")


def relation_in(role: str) -> str:
    """Return the relation that a role names (`brother` in `her brother`), or nothing."""
    return next((word for word in reversed(role.lower().split()) if word in relation_nouns()), "")
