"""Facts that somebody tells of themselves, with `I` for who they are: `I live in Lisbon`, `My sister is Ana`. English.

A name behind `I` is joined with the verb between; what is theirs is joined with its name, or with what it is. The
memory puts the speaker's name in the place of `I`.
"""

from __future__ import annotations

import re

from memagent.offline.openie import mentions
from memagent.offline.past import is_base, third_of

_I = re.compile(
    r"(?:^|[,;.!?]\s+|\b(?:and|but|so|that|because|now|well|hi|hello)\s+)(?:I|i)(?P<be>['’]m| am|['’]ve)?\b"
)
_CLAUSE = re.compile(r"[,;.!?]|\b(?:and|but|because|while|when|so|which|who|that)\b")
_MINE = re.compile(
    r"\b[Mm]y\s+(?P<what>(?:[a-z]+\s+){0,2}?[a-z]+)(?:['’]s\s+name)?\s+(?:is|are|was)\s+(?:called\s+|named\s+)?(?P<who>[^,;.!?]{2,60})"
)
_BEING = re.compile(r"^\s*(?P<what>(?:an?|the)\s+[a-z][\w -]{2,40}|[a-z]+\s+to\s+[\w ]{3,40})$")
_AUXILIARY = frozenset("will would can could may might must shall should do did don't didn't have had was".split())
_FEW = 5  # words between `I` and a name


def own_facts(sentence: str) -> list[tuple[str, str, str]]:
    """Return the facts that a sentence says of its speaker."""
    found: dict[tuple[str, str, str], None] = {}
    for mine in _MINE.finditer(sentence):
        what = re.sub(r"\s+name$", "", mine["what"]).removesuffix("'s")
        found[("I", what, mine["who"].strip())] = None
    for said in _I.finditer(sentence):
        end = _CLAUSE.search(sentence, said.end())
        clause = sentence[said.end() : end.start() if end else len(sentence)].rstrip()
        found.update(dict.fromkeys(_of_clause(clause, being=bool(said["be"]) and "ve" not in said["be"])))
    return list(found)


def _of_clause(clause: str, *, being: bool) -> list[tuple[str, str, str]]:
    """The facts of what stands behind `I`, or behind `I am`."""
    if being and (what := _BEING.match(clause)):
        return [("I", "is", what["what"].strip())]
    facts: list[tuple[str, str, str]] = []
    verb, start = "", 0
    for name in mentions(clause):
        between = clause[start : name.start].split()
        if not facts:
            verb = between[0] if between else ""
            relation = between if len(between) <= _FEW and "I" not in between else []
        else:
            relation = [verb, *between] if 0 < len(between) <= 2 and verb not in _AUXILIARY else []
        if relation or (being and not facts):
            facts.append(("I", _in_the_third(relation, being), name.text))
        start = name.end
    return facts


def _in_the_third(relation: list[str], being: bool) -> str:
    """The words of a relation as they are said of somebody: `lives in` for `live in`, `is from` for `am from`."""
    if being:
        return " ".join(["is", *relation])
    first = relation[0].lower() if relation else ""
    first = {"have": "has", "am": "is"}.get(first) or (third_of(first) if is_base(first) else first)
    return " ".join([first, *relation[1:]])
