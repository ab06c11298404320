"""A paragraph in the making: the sentences so far, and ways to add one."""

from __future__ import annotations

from dataclasses import dataclass, field

from memagent.offline.grammar import Scribe
from memagent.offline.lists import table
from memagent.offline.plan import Scene
from memagent.offline.text import sentences
from memagent.offline.world import World


@dataclass
class Told:
    """A paragraph and what it changed, in words for a rationale."""

    paragraph: str
    added: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


@dataclass
class Telling:
    """One paragraph in the making: the state before it, the scene, and the sentences so far."""

    world: World
    scene: Scene
    scribe: Scribe
    previous: str
    recalled: str
    length: int
    said: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def put(self, pool: str, templates: list[str]) -> bool:
        """Say one sentence from a pool."""
        text = self.scribe.say(pool, templates)
        if text:
            self.said.append(text)
        return bool(text)

    def room(self, needed: int) -> bool:
        """Whether more can be said when `needed` sentences are still to come."""
        return len(sentences(" ".join(self.said))) + needed <= self.length

    def part(self, name: str) -> bool:
        """Say one sentence that plays a part, such as `act`, in a scene of this kind."""
        scenes = table("scenes")
        kind = self.scene.kind
        templates: list[str] = scenes.get(kind, {}).get(name, [])
        return self.put(f"{kind}/{name}", templates)

    def common(self, name: str, which: str = "list") -> bool:
        """Say one sentence that any scene may have, such as `sense` or `close`."""
        return self.put(f"{name}/{which}", table("scenes")[name][which])
