"""Filling the braces of a template: people with their pronouns, what the scene holds, and phrases from the lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from memagent.offline.lists import common, setting
from memagent.offline.text import capital, normal, pick, stable
from memagent.offline.world import PRONOUNS, Person

_SLOT = re.compile(r"\{([^{}]+)\}( was\b)?")
_INNER = re.compile(r"((?:[.!?]|\.[\"”])\s+[\"“]?|[:.!?]\s[\"“])([a-zà-ÿ])")
_PEOPLE = frozenset({"A", "B", "F", "L", "N", "S", "V", "person", "rival", "helper"})
_B_FORMS = {"bhe": "he", "bhim": "him", "bhis": "his"}


@lru_cache(maxsize=4096)
def needs(template: str) -> frozenset[str]:
    """Return the people and facts without which `template` makes no sentence."""
    found: set[str] = set()
    for slot, _ in _SLOT.findall(template):
        name, _, focus = slot.partition(":")
        name = name.removesuffix("'s").removesuffix(" was")
        found.update({focus} if focus else set())
        if name in _B_FORMS:
            found.add("B")
        elif name in _FACTS:
            found.add(name)
        elif name[:1].lower() + name[1:] in _FACTS:
            found.add(name[:1].lower() + name[1:])
    return frozenset(found)


_FACTS = _PEOPLE | frozenset(
    "Aname Arole Bmore Bname Brole C Cfrom Fhe Frole L Lfact Lname Lrole Nrole O Oname P Placename Pnew Q Qa Qb R "
    "RP Rfrom Rolename W Weather who When_next X anobject answer beginning calm clue clue1 clue2 clue3 clueb count "
    "deed_kept deed_told disturbance ev event fact found_at gap helper known newitem object place place2 "
    "place_word plan premise proof1 proof2 recall rise rivalname rivalrole settled slip trait_told when when_low "
    "when_next".split()
)


# How many asides of a kind one paragraph may have.
MOST = {"smell": 1, "sight": 1, "sound": 2, "body": 1, "feeling": 2, "trifle": 1, "like": 1, "food": 1, "disaster": 1}
_KIN = {"small_sound": "sound", "sound_np": "sound"}


@lru_cache(maxsize=4096)
def asides(template: str) -> Counter[str]:
    """Count what `template` has of smells, sounds, sights, feelings and small things."""
    names = (slot.partition(":")[0] for slot, _ in _SLOT.findall(template))
    plain = (name[:1].lower() + name[1:] for name in names)
    return Counter(name for each in plain if (name := _KIN.get(each, each)) in MOST)


@dataclass
class Scribe:
    """Writes sentences of one scene. The same facts and the same key write the same sentences.

    Attributes:
        facts: slot -> person or text.
        setting: key of the setting, for its smells, sounds and sights.
        key: decides every choice of a phrase.
        step: where in the story the scene stands; templates are used in turn as it grows.
        story: what stays the same all through a story; decides the order in which templates are used.
        avoid: normalised sentences that must not be written again.
    """

    facts: dict[str, Person | str]
    setting: str
    key: int
    step: int = 0
    story: int = 0
    avoid: set[str] = field(default_factory=set)
    openings: set[str] = field(default_factory=set)
    worn: Counter[str] = field(default_factory=Counter)
    _uses: dict[str, int] = field(default_factory=dict)
    _recent: list[str] = field(default_factory=list)
    _mentioned: frozenset[str] = frozenset()
    _pronouns: int = 0

    def say(self, pool: str, templates: Sequence[str]) -> str:
        """Return a sentence from one of `templates`: the next in turn that can be said and was not said before."""
        usable = [each for each in templates if needs(each) <= self.facts.keys()]
        usable = [each for each in usable if not self._too_much(each)] or usable
        if not usable:
            return ""
        used = self._uses.get(pool, 0)
        self._uses[pool] = used + 1
        text = ""
        for attempt in range(6):
            template = self._turn(pool, usable, used + attempt)
            text = self.write(template, attempt)
            if not self._said(text):
                break
        self._remember(template, text)
        return text

    def _too_much(self, template: str) -> bool:
        """Whether a template would be one aside of its kind too many for this paragraph."""
        return any(self.worn[name] + count > MOST.get(name, 99) for name, count in asides(template).items())

    def _turn(self, pool: str, templates: Sequence[str], use: int) -> str:
        """The templates of a pool come round in an order that changes after three rounds."""
        at = self.step + use * (len(templates) // 2 + 1)
        round_ = self.step // (3 * len(templates))
        order = sorted(templates, key=lambda each: stable(self.story, pool, round_, each))
        return order[at % len(order)]

    def write(self, template: str, attempt: int = 0) -> str:
        """Fill one template. A name at its beginning becomes a pronoun where nobody can be confused."""
        if template.startswith("{A} ") and self._may_say_he():
            template = "{he} " + template[4:]
        text = self.fill(template, "A", attempt)
        text = capital(re.sub(r"\s+", " ", text).strip())
        return _INNER.sub(lambda found: found.group(1) + found.group(2).upper(), text)

    def fill(self, template: str, focus: str = "A", attempt: int = 0) -> str:
        """Replace each slot of `template`; pronouns are those of `focus`."""

        def replace(found: re.Match[str]) -> str:
            slot, was = found.group(1), found.group(2) or ""
            text = self._slot(slot, focus, f"{found.start()}/{attempt}")
            return text + (" were" if was and text == "they" else was)

        return _SLOT.sub(replace, template)

    def _slot(self, slot: str, focus: str, at: str) -> str:
        if slot.endswith(" was"):
            text = self._slot(slot[:-4], focus, at)
            return text + (" were" if text == "they" else " was")
        if slot.endswith("'s"):
            return possessive(self._slot(slot[:-2], focus, at))
        name, _, other = slot.partition(":")
        if name in PRONOUNS["she"]:
            return self.pronoun(other or focus, name)
        if name in _B_FORMS:
            return self.pronoun("B", _B_FORMS[name])
        if name in {"He", "His", "Him"}:
            return capital(self.pronoun(other or focus, name.lower()))
        if name in self.facts:
            value = self.facts[name]
            return value.short if isinstance(value, Person) else value
        return self._phrase(name, other or focus, at)

    def _phrase(self, name: str, focus: str, at: str) -> str:
        """A phrase from a list; a capital in the slot's name is a capital in the text."""
        lower = name[:1].lower() + name[1:]
        if lower in self.facts:
            return capital(str(self.facts[lower]))
        options = self._options(lower)
        fresh = [each for each in options if each not in self._recent] or options
        chosen = pick(fresh, self.key, self.step, lower, at, len(self._recent))
        self._recent.append(chosen)
        text = self.fill(chosen, focus, 0)
        return text if lower == name else capital(text)

    def _options(self, name: str) -> Sequence[str]:
        local: Mapping[str, Sequence[str]] = setting(self.setting)
        return local[name] if name in {"smell", "sound", "sight"} else common()[name]

    def now_about(self, hero: Person | None) -> None:
        """Say whom the last sentence was about, where it was not written here: the hero alone, or nobody."""
        self._mentioned = frozenset({"A"} if hero else ())
        self._pronouns = 0

    def pronoun(self, who: str, form: str) -> str:
        """Return a pronoun of the person in the slot `who`."""
        person = self.facts.get(who)
        if not isinstance(person, Person):
            return PRONOUNS["they"][form]
        return PRONOUNS[person.pronoun][form]

    def _may_say_he(self) -> bool:
        hero = self.facts.get("A")
        if not isinstance(hero, Person) or "A" not in self._mentioned or self._pronouns >= 2:
            return False
        others = (self.facts[name] for name in self._mentioned - {"A"})
        return all(isinstance(each, Person) and each.pronoun != hero.pronoun for each in others) and (
            hero.pronoun != "they" or len(self._mentioned) == 1
        )

    def _remember(self, template: str, text: str) -> None:
        self.worn.update(asides(template))
        self._pronouns = self._pronouns + 1 if template.startswith("{A} ") and self._may_say_he() else 0
        named = {name for name in _PEOPLE & self.facts.keys() if isinstance(self.facts[name], Person)}
        tail = normal(text)
        self._mentioned = frozenset(
            name for name in named if normal(self._slot(name, "A", "")) in tail or (name == "A" and "{A" in template)
        )
        self.avoid.add(tail)

    def _said(self, text: str) -> bool:
        tail = normal(text)
        return tail in self.avoid or " ".join(tail.split()[:3]) in self.openings


def possessive(name: str) -> str:
    """Return `name` with the sign of possession."""
    return f"{name}'s"
