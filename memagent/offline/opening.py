"""The beginning of a story: title, outline, three paragraphs."""

from __future__ import annotations

from memagent.offline import threads as threads
from memagent.offline.grammar import Scribe
from memagent.offline.lists import table
from memagent.offline.premise import disturbs, told, trade
from memagent.offline.text import bare, capital, pick, words
from memagent.offline.world import Person, World


def facts_of(world: World) -> dict[str, Person | str]:
    """Return what the first sentences can speak of."""
    other = next((each for each in world.people if each not in threads.missing(world)), world.people[0])
    when = table("words")["when"]
    phase = ("dawn", "morning", "noon")[world.phase]
    facts: dict[str, Person | str] = {
        "A": world.hero, "B": other, "P": world.here, "Q": world.threads[0].question, "W": world.weather_past,
        "when": pick(when[phase], world.premise, "when"), "Arole": trade(world.hero), "Brole": other.role,
        "Aname": world.hero.name, "Bname": other.name, "place2": world.places[1], "X": world.places[1],
        "Rolename": " ".join(word.capitalize() for word in words(bare(world.hero.role))[-2:]),
        "Placename": _placename(world.here),
    }  # fmt: skip
    if lost := next(iter(threads.missing(world)), None):
        facts["L"], facts["Lname"], facts["Lrole"] = lost, lost.name, lost.role
    if world.items:
        facts["O"] = world.items[0].name
        facts["Oname"] = "The " + " ".join(word.capitalize() for word in bare(world.items[0].name).split())
    return facts


def _placename(place: str) -> str:
    """A place as a title has it: `the Old Slipway`."""
    name = " ".join(capital(word) for word in bare(place).split())
    return f"the {name}" if place.startswith("the ") else name


def title(world: World, scribe: Scribe) -> str:
    """Return a title made of what the story has."""
    return scribe.say("title", table("openings")["title"]).rstrip(".")


def outline(world: World, scribe: Scribe) -> str:
    """Return an outline of the first chapter."""
    return " ".join(scribe.say(f"outline/{at}", pool) for at, pool in enumerate(table("openings")["outline"]))


def paragraphs(world: World, scribe: Scribe, length: int) -> list[str]:
    """Return three paragraphs: the day as it always is, what disturbs it, and the first talk about it."""
    if world.threads[0].question.startswith("who left the slip of paper"):
        turned = told(world)
        words_on_it = f'these words: "{_plain(world)}."' if not turned else f'one word: "{scribe.fill("{oneword}")}."'
        scribe.facts["slip"] = f"On it stood {words_on_it}"
        scribe.facts["disturbance" if turned else "beginning"] = turned or _small(world)
    elif disturbs(world.premise):
        scribe.facts["disturbance"] = _quoted(world)
    else:
        scribe.facts["calm"] = _quoted(world)
        scribe.facts["beginning"] = _small(world)
    return [_paragraph(part, scribe, length, world) for part in ("first", "second", "third")]


def _small(world: World) -> str:
    return f"It began with something small at {world.here}."


def _quoted(world: World) -> str:
    text = told(world)
    if text:
        return text
    return f'Later people told it in few words: "{_plain(world)}."'


def _plain(world: World) -> str:
    """The premise as it can stand between quotation marks."""
    said = world.premise.replace("{", "(").replace("}", ")").replace('"', "'").strip()
    return said or "Come at once"


def _paragraph(part: str, scribe: Scribe, length: int, world: World) -> str:
    pools: list[list[str]] = table("openings")[part]
    said = [scribe.say(f"{part}/{at}", pool) for at, pool in enumerate(pools)]
    scenes = table("scenes")
    for at in range(max(0, min(3, length - len(pools) - 1))):
        name = "sense" if part == "first" or at % 2 else "think"
        said.insert(len(said) // 2, scribe.say(name, scenes[name]["list"]))
    return " ".join(each for each in said if each)
