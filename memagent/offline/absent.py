"""People who are not there: the dead, the missing and the lost of a premise, and what is said of them."""

from __future__ import annotations

import re

from memagent.offline.past import past_sentence
from memagent.offline.text import pick, sentences
from memagent.offline.world import Person

_BE = r"(?:is|are|was|were|been|be|goes|went|go|declared|presumed|thought|believed|reported|found|finds)"
_STATE = r"(?:missing|gone|lost|dead|kidnapped|abducted|taken|murdered|killed|drowned|buried|vanished|stolen)"
_GAP = r"\b(?!['’]s\b)(?:(?!\b(?:her|his|their)\b)[^.;])"
_AFTER = (
    rf"{{M}}{_GAP}{{{{0,60}}}}?\b{_BE}\s+(?:(?!her|his|their)\w+\s+){{{{0,2}}}}?{_STATE}\b"
    rf"(?!\s+(?:in love|of|his|her|a|the)\b)",
    r"{M}\s+(?:missing|gone|dead)\b",
    rf"{{M}}{_GAP}{{{{0,40}}}}?\b(?:vanish\w*|disappear\w*|drown(?:s|ed)|died|dies|ran away|run away|runs away|"
    r"never\s+(?:came|comes|returned|returns)|(?:did|does|has|had)\s+not\s+(?:come|return\w*|been seen))\b",
    rf"{{M}}{_GAP}{{{{0,110}}}}\b(?:declared|presumed|believed|thought)\s+(?:him|her|them)\s+(?:dead|lost|drowned)\b",
    r"{M}['’]s?\s+(?:death|disappearance|murder|killer)\b",
)
_BEFORE = (
    r"\b(?:missing|lost|vanished|kidnapped|drowned|murdered|disappeared|stolen)\s+(?:[\w-]+\s+)?{N}\b",
    r"\b(?:lost|loses|search(?:es|ing|ed)?\s+for|looks?\s+for|looking\s+for|looked\s+for|hunt(?:s|ing)\s+for|"
    r"disappearance\s+of|murder\s+of|death\s+of|killer\s+of|kidnaps|kidnapped|killed|murdered)\s+"
    r"(?:(?:an?|the|her|his|their|my)\s+)?(?:[\w-]+\s+)?{N}\b",
)
_LATE = re.compile(r"\b(?:dead|late|deceased)\b", re.IGNORECASE)
_DEAD = re.compile(r"\b(?:dead|died|dies|murder\w*|killed|killer|drown\w*|buried|death)\b", re.IGNORECASE)
_DOUBT = re.compile(
    r"\b(?:declared|presumed|believ\w*|thought|thinks|refus\w*|stop(?:s|ped)|suppos\w*|not)\b[^.]{0,50}"
    r"\b(?:dead|drowned|lost|died)\b",
    re.IGNORECASE,
)
_TOLD = (
    r"((?:went|left|sailed|walked|drove|rode|flew|vanish\w*|disappear\w*|drowned|died|ran|set out|never|did not|was "
    r"(?:taken|kidnapped|last seen))\b[^.;,]*?)(?=\s+and\s+(?:the|has|her|his|everybody|everyone|nobody)\b|[.,;]|$)"
)
_FOR = re.compile(r"\bfor ((?:[\w-]+ ){1,2}?(?:hours|days|weeks|months|years|winters))\b")
_SPANS = ("a week", "nine days", "a fortnight", "three days")


def mark(person: Person, text: str) -> None:
    """Set the state of somebody whom `text` says to be missing or dead; `went`, `became` or `died` is the question."""
    if _LATE.search(person.role) and not _DOUBT.search(text):
        person.role = re.sub(r"\b(?:dead|late|deceased)\s+", "", person.role)
        person.state, person.trait = "dead", person.trait or "died long ago"
        return
    found = _said(person, text)
    if not found:
        return
    if _DEAD.search(found) and re.match(r"[^.]*?\bwho\b", found):
        person.state, person.trait = "dead", "died long ago"
        return
    if _DOUBT.search(text):
        person.fate, person.state = "became", "missing"
    elif _DEAD.search(found):
        person.fate, person.state = "died", "dead"
    else:
        person.fate, person.state = "went", "missing"
    person.trait = _clause(person, text)


def _mentions(person: Person) -> tuple[str, str]:
    """How a text speaks of somebody: a pattern for the whole phrase, and one for its last word."""
    noun = person.role.split()[-1] if person.role else ""
    names = [re.escape(each) for each in (person.name, person.name.split(" ")[0], noun) if each]
    return f"(?:{'|'.join(names)})", f"(?:{'|'.join(names)})"


def _said(person: Person, text: str) -> str:
    """The words in which `text` says that somebody is not there."""
    whole, noun = _mentions(person)
    if whole == "(?:)":
        return ""
    for form in (*_AFTER, *_BEFORE):
        pattern = form.format(M=rf"\b{whole}", N=noun)
        if found := re.search(pattern, text, re.IGNORECASE):
            return found.group()
    return ""


def _clause(person: Person, text: str) -> str:
    """What is said of the going, without the name: `went out in the boat Wren eleven days ago`."""
    whole, _ = _mentions(person)
    for sentence in sentences(text):
        if found := re.search(rf"\b{whole}\s+(?:\w+\s+)?{_TOLD}", sentence, re.IGNORECASE):
            told = past_sentence(f"Tomas {found.group(1)}", {"Tomas"})
            if told and len(told.split()) <= 14:
                return told.removeprefix("Tomas ").replace(";", ",").strip()
    if person.state == "dead":
        return "died, and nobody said how"
    spoken = _FOR.search(text)
    return f"went out {spoken.group(1) if spoken else pick(_SPANS, text)} ago and did not come back"
