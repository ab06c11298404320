"""What drives a premise: the question that it asks by itself, before one has to be invented."""

from __future__ import annotations

import re
from collections.abc import Callable

from memagent.offline.finding import find_people, find_phrases, find_plural, relation_in
from memagent.offline.past import past_sentence
from memagent.offline.text import bare, sentences, words
from memagent.offline.world import Person, World

_MAIL = r"letter|message|note|postcard|telegram|parcel|package|envelope|email|invitation|photograph|call|signal|map"
_SENT = re.compile(
    rf"\b(?:receiv\w*|gets?|got|(?:is|was) sent|opens)\s+(?:an?|the|some|two)\s+(?:[\w-]+\s+){{0,3}}?({_MAIL})s?\b"
    rf"|\b(?:[\w-]+\s+)?({_MAIL})s?\s+(?:[\w-]+\s+)?(?:arriv\w*|comes?|came|reach\w*|turns? up)\b",
    re.IGNORECASE,
)
_RINGS = re.compile(
    r"\b(?:the|an?|her|his)\s+((?:[\w-]+\s+){0,2}?(?:bell|bells|telephone|phone|alarm|gong))\s+"
    r"(?:that\s+\w+\s+)?(?:\w+ly\s+)?(?:ring\w*|rang|rung|sound\w*|toll\w*|strik\w*|struck)\b",
    re.IGNORECASE,
)
_LIT = re.compile(
    r"\b(?:the|an?)\s+((?:[\w-]+\s+){0,2}?(?:light|lamp|lantern|beacon))\s+(?:burns|burned|shines|shone|appears|"
    r"goes on|flashes|is lit|was lit|comes on)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\b(?:wants?|wanted|offers?|tries|insists?|longs?|hopes?)\s+(?:(?:to|on)\s+)?(?:buy|have|get|own|steal|for|buying)"
    r"\s+((?:the|an?|her|his|its|their)\s+[a-z]+|it)\b",
    re.IGNORECASE,
)
_TAUGHT = re.compile(
    r"\blearn(?:s|ed)?\s+(?:how\s+)?to\s+([a-z]+(?:\s+(?:a|the|in|to)?\s*[a-z]+)??)"
    r"(?=[.,;!?]|\s+and|$|\s+\W|\s+from|\s+by|\s+for)"
)
_PLAN = re.compile(
    r"\b(?:plan\w*|decide\w*|agree\w*|want\w*|prepar\w*|conspir\w*|going|about)\s+to\s+"
    r"((?:rob|steal|break into|kidnap|burn|blow up)\b[^.;,!?]{0,50}?)"
    r"(?=[.;,!?]|\s+(?:on|before|after|during|when|while|but|and)\b|$)",
    re.IGNORECASE,
)
_LOVES = re.compile(r"\b(?:fall\w*|fell)\s+in\s+love\b|\b(?:loves|loved|marr(?:y|ies|ied))\b|\blove\b", re.IGNORECASE)
_THAT = re.compile(
    r"\b(?:discovers?|discovered|finds?\s+out|found\s+out|learns|learned|notices?|noticed|reali[sz]e[sd]?|hears|heard|"
    r"sees|saw|suspects?|finds|found)\s+that\s+([^.;!?]{8,110})"
)
_FINDS = re.compile(
    r"\b(?:finds?|found|discovers?|discovered|inherit\w*|digs? up|comes? across|pulls?)\b", re.IGNORECASE
)
_STOLEN = re.compile(
    r"\b(?:stole|stolen|steals|theft|robbed|missing|taken|vanish\w*|disappear\w*|gone|lost|loses)\b", re.IGNORECASE
)


def question(world: World, text: str) -> str:
    """Return the question that a premise asks, in indirect speech, or nothing when none can be told."""
    finders: tuple[Callable[[World, str], str], ...] = (
        _absent, _stolen, _planned, _sent, _rung, _wanted, _learned, _discovered, _loved, _strange,
    )  # fmt: skip
    return next((asked for finder in finders if (asked := finder(world, text))), "")


def things_of(text: str) -> list[str]:
    """The things of a premise, in their order."""
    found = find_phrases(text, "objects") or [find_plural(text)]
    return [thing for thing in found if thing]


def _absent(world: World, _: str) -> str:
    asks = {"went": "where {} went", "became": "what became of {}", "died": "how {} died"}
    lost = next((each for each in world.people if each.fate), None)
    return asks[lost.fate].format(lost.short) if lost else ""


def _stolen(_: World, text: str) -> str:
    """Something is gone: the thing is named in the same sentence, close by."""
    for sentence in sentences(text):
        things = [bare(thing) for thing in things_of(sentence)]
        for thing in things:
            near = re.search(
                rf"{re.escape(thing)}\b.{{0,40}}?{_STOLEN.pattern}|{_STOLEN.pattern}.{{0,40}}?{re.escape(thing)}",
                sentence,
                re.I,
            )
            if near:
                return f"who took the {thing}"
    return ""


def _planned(_: World, text: str) -> str:
    found = _PLAN.search(text)
    return f"who had talked about the plan to {found.group(1).strip()}" if found else ""


def _sent(_: World, text: str) -> str:
    found = _SENT.search(text)
    return f"who sent the {(found.group(1) or found.group(2)).lower()}" if found else ""


def _rung(_: World, text: str) -> str:
    if found := _RINGS.search(text):
        return f"who rang the {found.group(1).lower()}"
    if found := _LIT.search(text):
        return f"who lit the {found.group(1).lower()}"
    return ""


def _wanted(world: World, text: str) -> str:
    found = _WANTS.search(text)
    if not found:
        return ""
    before = text[: found.start()]
    clause = re.split(r"[.;]", before)[-1]
    person = next((each for each in world.around if _in(each, clause)), None)
    things = things_of(before) or things_of(text)
    thing = f"the {bare(found.group(1))}" if found.group(1) != "it" else (things[0] if things else "")
    return f"why {person.short} wanted {thing}" if person and thing else ""


def _in(person: Person, text: str) -> bool:
    names = [person.short, relation_in(person.role)]
    return any(name and re.search(rf"\b{re.escape(name)}\b", text) for name in names)


def _learned(world: World, text: str) -> str:
    found = _TAUGHT.search(text)
    return f"who taught {world.hero.short} to {found.group(1)}" if found else ""


def _discovered(world: World, text: str) -> str:
    """What somebody finds out raises the question why it is so."""
    found = _THAT.search(text)
    if not found:
        return ""
    names = {part for each in world.everyone for part in each.name.split()}
    clause = found.group(1).strip().rstrip(",")
    for person in world.people:
        noun = relation_in(person.role)
        clause = re.sub(rf"\b(?:her|his|their)\s+{noun}\b", person.short, clause) if noun else clause
    his = f"{world.hero.short}'s"
    clause = re.sub(r"\b(?:her|his|their)\b", his, clause, count=1) if not clause.startswith("she") else clause
    clause = re.sub(r"^(?:she|he|they)\b", world.hero.short, clause)
    turned = past_sentence(clause, names)
    return f"why {turned}" if turned and len(turned.split()) <= 16 else ""


def _loved(world: World, text: str) -> str:
    if not _LOVES.search(text) or not world.around:
        return ""
    known = [each for each in world.around if _in(each, text) or bare(each.role).split()[-1] in words(text)]
    return f"whether {known[0].short} loved {world.hero.short}" if known else ""


def _strange(world: World, text: str) -> str:
    """Something that happens by itself, with nobody in the sentence: `The clock stops every night at four.`"""
    first = re.sub(r"[.!?]+$", "", next(iter(sentences(text)), ""))
    if not re.match(r"(?:The|Every|All|It|Each)\b", first) or find_people(first) or len(first.split()) > 16:
        return ""
    turned = past_sentence(first, {part for each in world.everyone for part in each.name.split()})
    return f"why {turned[0].lower()}{turned[1:]}".replace(";", ",") if turned else ""


def found_thing(text: str) -> str:
    """Return the thing that somebody finds or inherits in a premise."""
    found = _FINDS.search(text)
    things = things_of(text[found.end() :].split(".")[0]) if found else []
    return things[0] if things else ""
