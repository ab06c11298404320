"""Making a draft about twice as long: its own sentences in their order, with more seen, heard and thought between
them.
"""

from __future__ import annotations

import re

from memagent.offline.grammar import Scribe
from memagent.offline.lists import table
from memagent.offline.text import bare, normal, sentences
from memagent.offline.threads import missing
from memagent.offline.world import Person, World


def extend(draft: str, world: World, scribe: Scribe, most: int) -> str:
    """Return `draft` with about as many sentences again; the draft's own are unchanged and in order."""
    own = sentences(draft)
    if not own:
        return draft
    place = next((each for each in [world.here, *world.places] if bare(each) in draft), world.here)
    lost = missing(world)
    near = [each for each in world.people if each not in lost and re.search(rf"\b{re.escape(each.short)}\b", draft)]
    other = next((each for each in near if each.short == world.company), near[0] if near else None)
    facts: dict[str, Person | str] = {"A": world.hero, "P": place, "W": world.weather_past}
    facts["Q"] = world.threads[0].question if world.threads else "what lay behind it all"
    if other:
        facts["B"], facts["Brole"] = other, other.role
    scribe.facts = facts
    scribe.avoid = {normal(sentence) for sentence in own}
    out: list[str] = []
    met = False
    for at, sentence in enumerate(own):
        out.append(sentence)
        met = met or bool(other and re.search(rf"\b{re.escape(other.short)}\b", sentence))
        if at < len(own) - 1 and not _runs_on(sentence, own[at + 1]) and len(out) + len(own) - at < most:
            leans = own[at + 1].startswith(("He ", "She ", "His ", "Her "))
            out.append(_between(at, met and not leans, leans, scribe))
    return " ".join(each for each in out if each)


def _runs_on(sentence: str, following: str) -> bool:
    """Whether a sentence belongs to the next one, so that nothing may come between."""
    opens = sentence.count('"') % 2 == 1 or following.startswith(('"', "“", "But ", "Then ", "And "))
    return opens or sentence.endswith(":") or following.split(" ", 1)[0] in {"They", "It", "That", "So"}


def _between(at: int, met: bool, leans: bool, scribe: Scribe) -> str:
    """A sentence that changes nothing: what is seen, what is felt, or what the other one does meanwhile."""
    details = table("scenes")["detail"]
    name = ("seen", "felt", "meanwhile")[at % 3]
    if (name == "meanwhile" and not met) or (name == "felt" and leans):
        name = "heard"
    scribe.now_about(None)
    scribe.worn.clear()
    return scribe.say(f"detail/{name}", details[name])
