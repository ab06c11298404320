"""The names and nouns of a problem in English, by where they stand: behind a number, an article, a word of amount."""

from __future__ import annotations

import json
import re

from memagent.offline.finding import find_names
from memagent.offline.reader import terms

_BEFORE = re.compile(
    r"\b(?:an?|the|his|her|their|its|my|some|many|few|each|every|several|of|\d[\d,.]*|two|three|four|five|six|seven|eight"
    r"|nine|ten|twelve|twenty|dozen|both|these|those|per)\s+((?:[a-z]+-)?[a-z]{3,})\b(?:\s+([a-z]{3,}s)\b)?",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"\b[A-Z][a-z]+\b")
_NEVER = frozenset(
    "if after before during because since while until there here let suppose given find calculate determine assuming "
    "on at however finally then next later today yesterday tomorrow "
    "number amount total half third quarter times rest sum difference average more less least most other same "
    "first second last next each every all both many much few percent dollars dollar cents cent hours hour "
    "minutes minute days day weeks week months month years year miles mile feet foot inches inch pounds pound "
    "ounces ounce gallons gallon grams gram meters meter kilometers liters how what which who when where will "
    "would can could does did has have had are were was and the that this than then them they there those "
    "these with from into onto for not only also twice per way time left one two three four five six seven "
    "eight nine ten twelve twenty dozen hundred thousand remaining".split()
)


def reply(problem: str) -> str:
    """Return the names and nouns of a problem as the reply that the prompt asks for."""
    found = [name for name, _ in find_names(problem)]
    found += [word for word in _CAPITAL.findall(problem) if terms(word) and word.lower() not in _NEVER]
    for match in _BEFORE.finditer(problem):
        found += [word for word in match.groups() if word and word.lower() not in _NEVER]
    return json.dumps({"nouns": list(dict.fromkeys(found))}, ensure_ascii=False)
