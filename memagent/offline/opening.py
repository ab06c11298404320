"""The beginning of a story: title, outline, three paragraphs."""

from __future__ import annotations

import re

from memagent.offline import threads as threads
from memagent.offline.back import spoken
from memagent.offline.grammar import Scribe
from memagent.offline.lists import table
from memagent.offline.premise import in_past, told, trade
from memagent.offline.text import bare, capital, normal, pick, words
from memagent.offline.world import Person, World


def facts_of(world: World) -> dict[str, Person | str]:
    """Return what the first sentences can speak of."""
    around = world.around
    other = next((each for each in around if each.short == world.helper), around[0])
    rival = next((each for each in around if each.short == world.rival), around[-1])
    when = table("words")["when"]
    phase = ("dawn", "morning", "noon")[world.phase]
    facts: dict[str, Person | str] = {
        "A": world.hero, "B": other, "P": world.here, "Q": world.threads[0].question, "W": world.weather_past,
        "when": pick(when[phase], world.premise, "when"), "Arole": trade(world.hero), "Brole": other.role,
        "rival": rival, "rivalname": rival.name, "rivalrole": rival.role,
        "Aname": world.hero.name, "Bname": other.name, "place2": world.places[1], "X": world.places[1],
        "Rolename": " ".join(word.capitalize() for word in words(bare(world.hero.role))[-2:]),
        "Placename": _placename(world.here),
    }  # fmt: skip
    if lost := next(iter(threads.missing(world)), None):
        facts["L"], facts["Lname"], facts["Lrole"], facts["Lfact"] = (
            lost,
            lost.name,
            lost.role,
            re.sub(r"\bago\b", "before", lost.trait),
        )
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


def paragraphs(world: World, scribe: Scribe) -> list[str]:
    """Return three paragraphs: how things always were, what happened, and the first talk about it."""
    first, rest = told(world) or _quoted(world), _rest(world)
    if world.threads[0].question.startswith("who left the slip of paper"):
        turned = told(world)
        words_on_it = f'these words: "{_plain(world)}."' if not turned else f'one word: "{scribe.fill("{oneword}")}."'
        scribe.facts["slip"] = f"On it stood {words_on_it}"
        scribe.facts["disturbance" if turned else "beginning"] = turned or _small(world)
    elif rest and not told(world):
        scribe.facts["disturbance"] = f"{first} {rest}"
    elif rest:
        scribe.facts["calm"], scribe.facts["disturbance"] = first, rest
    else:
        scribe.facts["disturbance"] = first
    if normal(str(scribe.facts.get("Lfact", ""))).replace(" ago", " before") in normal(rest):
        scribe.facts.pop("Lfact", None)
    if "calm" not in scribe.facts:
        scribe.facts["who"] = world.hero.name
    found = [_paragraph(part, scribe) for part in ("first", "second")]
    _first_trace(world, scribe)
    return [*found, _paragraph("third", scribe)]


def _rest(world: World) -> str:
    """What the premise tells after its first sentence, in the past tense."""
    turned = [in_past(world, f"{fact}.") for fact in world.known]
    return " ".join(f"{each}." for each in turned if each)


def _first_trace(world: World, scribe: Scribe) -> None:
    """The first thing that is known about the question, from whoever helps."""
    thread = world.threads[0]
    teller = world.person(world.helper) or world.around[0]
    found = threads.clue(thread, world, scribe, teller=teller)
    scribe.facts["clue"], scribe.facts["clueb"] = found, spoken(found, teller, "I")
    thread.clues.append(found)


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


def _paragraph(part: str, scribe: Scribe) -> str:
    pools: list[list[str]] = table("openings")[part]
    scribe.worn.clear()
    scribe.now_about(None)
    said = [scribe.say(f"{part}/{at}", pool) for at, pool in enumerate(pools)]
    return " ".join(each for each in said if each)
