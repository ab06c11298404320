"""What a story knows at one moment: people, places, things, open questions and what happened last."""

from __future__ import annotations

from dataclasses import dataclass, field

from memagent.offline.lists import setting, table
from memagent.offline.text import stable

PHASES = ("dawn", "morning", "noon", "afternoon", "dusk", "evening", "night")
PRONOUNS = {
    "she": {"he": "she", "him": "her", "his": "her", "himself": "herself"},
    "he": {"he": "he", "him": "him", "his": "his", "himself": "himself"},
    "they": {"he": "they", "him": "them", "his": "their", "himself": "themselves"},
}


@dataclass
class Person:
    """Somebody in the story.

    `fresh` people stand in the memory and have not been seen in a paragraph yet. A `state` (missing, dead, far away)
    keeps somebody off the stage; `fate` is the kind of question that the premise asks about them.
    """

    name: str
    role: str = ""
    pronoun: str = "they"
    trait: str = ""
    fresh: bool = False
    state: str = ""
    fate: str = ""

    @property
    def short(self) -> str:
        """What the person is called in a sentence: the first name, or the title and the name."""
        parts = self.name.split()
        titles = table("words")["names"]["titles"]
        names = [part for part in parts if part.rstrip(".") not in titles] or parts
        if len(parts) == 2 and len(names) == 1:
            return self.name
        return names[0] if names else self.name

    def called(self, name: str) -> bool:
        """Whether `name` means this person."""
        name = name.strip()
        return bool(name) and (name == self.name or name == self.short or name in self.name.split())


@dataclass
class Item:
    """A thing that is carried, and the place that it came from."""

    name: str
    origin: str = ""


@dataclass
class Thread:
    """An open question in indirect speech (`who took the ledger`) and what is known of it so far."""

    question: str
    clues: list[str] = field(default_factory=list)


@dataclass
class World:
    """The state of a story, all of it readable in its memory. `loose` holds sentences that a person wrote there."""

    hero: Person
    setting: str = "town"
    genre: str = "quiet"
    premise: str = ""
    goal: str = ""
    people: list[Person] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    promise: tuple[str, str] | None = None
    helper: str = ""
    rival: str = ""
    here: str = ""
    company: str = ""
    day: int = 1
    phase: int = 0
    weather: str = ""

    @property
    def step(self) -> int:
        """A number that grows with the story, as far as its calendar tells."""
        return (self.day - 1) * len(PHASES) + self.phase

    def person(self, name: str) -> Person | None:
        """Return the person whom `name` means, the hero included."""
        return next((each for each in self.everyone if each.called(name)), None)

    @property
    def around(self) -> list[Person]:
        """Those who can be met: everybody but the hero and those who are not there."""
        return [each for each in self.people if not each.state]

    def sides(self, *without: Person | None) -> dict[str, Person]:
        """Who helps and who stands in the way, as `helper` and `rival`, where they are not in the scene already."""
        parts = {"helper": self.helper, "rival": self.rival}
        found = {part: person for part, name in parts.items() for person in self.around if person.short == name}
        return {part: person for part, person in found.items() if all(person is not each for each in without)}

    @property
    def everyone(self) -> list[Person]:
        """The hero and all others."""
        return [self.hero, *self.people]

    def advance(self) -> None:
        """Let some hours pass, and the weather with them."""
        self.phase += 1
        if self.phase == len(PHASES):
            self.phase, self.day = 0, self.day + 1
        options = setting(self.setting)["weather"]
        order = stable(self.setting, self.step // len(options))
        if self.step % 2 == 0:
            self.weather = options[(order + self.step // 2) % len(options)][0]

    @property
    def weather_past(self) -> str:
        """The weather as the narrator tells it."""
        known = {now: then for now, then in setting(self.setting)["weather"]}
        return known.get(self.weather, "") or "the weather had not made up its mind"
