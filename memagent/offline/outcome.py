"""What comes of a scene: a trace, an answer, a thing, a promise, and the question that stays open at its end."""

from __future__ import annotations

from memagent.offline import threads as threads
from memagent.offline.back import spoken
from memagent.offline.plan import WITH
from memagent.offline.premise import trait
from memagent.offline.telling import Telling
from memagent.offline.text import article, bare, normal
from memagent.offline.world import Item, Person, Thread

_TELLING = frozenset({"ask", "confess", "quarrel", "trade", "stranger"})


_NO_CLUE = frozenset({"rest", "decide", "reveal"})


def outcome(telling: Telling) -> None:
    """What comes of it: a trace, an answer, a promise, a thing."""
    world, scene, scribe = telling.world, telling.scene, telling.scribe
    if scene.kind == "reveal" and scene.thread:
        _settle(telling, scene.thread)
        return
    if scene.kind == "rest" and scene.other:
        _confide(telling, scene.other)
        return
    if scene.kind not in _NO_CLUE and scene.thread:
        teller = scene.other if scene.kind in _TELLING else None
        found = threads.clue(scene.thread, world, scribe, teller=teller, confessing=scene.kind == "confess")
        scribe.facts["clue"] = scribe.facts["clueb"] = found
        if teller:
            scribe.facts["clueb"] = spoken(found, teller, "I")
        if scene.kind == "journey":
            scribe.facts["newitem"] = "a " + bare(threads.new_thing(world, scribe))
            _take(telling, bare(str(scribe.facts["newitem"])))
        scene.thread.clues.append(found)
        telling.added.append(f"it is known that {found}")
    telling.part("find")


def _take(telling: Telling, name: str) -> None:
    telling.scribe.facts["newitem"] = article(name)
    telling.world.items.append(Item(f"the {name}", telling.scene.place))
    telling.added.append(f"{telling.world.hero.short} carries the {name}")


def _settle(telling: Telling, thread: Thread) -> None:
    world, scribe = telling.world, telling.scribe
    result = threads.answer(thread, world, scribe)
    scribe.facts["answer"] = result
    telling.part("find")
    _reunite(telling, thread)
    after, rise = threads.following(thread, world, scribe)
    scribe.facts["rise"] = rise
    telling.part("after")
    was_main = normal(thread.question) in normal(world.goal)
    world.threads = [each for each in world.threads if each is not thread] + [after]
    world.settled.append(result)
    if was_main or not world.goal:
        world.goal = f"to find out {world.threads[0].question}"
    scribe.facts["Q"] = after.question
    telling.added += [f"it is settled that {result}", f"a new question is open: {after.question}"]


def _reunite(telling: Telling, thread: Thread) -> None:
    """Whoever was looked for stands there in the end."""
    lost = [each for each in threads.missing(telling.world) if thread.question.endswith(f"{each.short} went")]
    if lost:
        telling.scribe.facts["L"] = lost[0]
        telling.part("found")


def _confide(telling: Telling, other: Person) -> None:
    """A quiet scene: somebody tells of the past, and something is promised."""
    world, scribe = telling.world, telling.scribe
    told = scribe.fill(trait(other, scribe.key), "B")
    scribe.facts["trait"] = told
    telling.part("find")
    other.trait = told
    telling.added.append(f"{other.short} {told}")
    if telling.scene.actor is world.hero and (world.promise is None or scribe.key % 2):
        deed = scribe.fill("{deed}")
        scribe.facts["deed"] = deed
        telling.part("vow")
        world.promise = (other.short, deed)
        telling.added.append(f"{world.hero.short} has made a promise")


def finish(telling: Telling) -> None:
    """Leave something open, and open a second question where there is only one."""
    world, scribe, scene = telling.world, telling.scribe, telling.scene
    if len(world.threads) < 2 and world.step >= 2 and scene.kind != "reveal":
        thread, rise = threads.begin(threads.new_kind(world, scribe), world, scribe)
        scribe.facts["rise"] = rise
        telling.common("close", "second")
        world.threads.append(thread)
        telling.added.append(f"a new question is open: {thread.question}")
        return
    together = scene.other is not None and scene.kind in WITH and scribe.key % 3 == 0
    telling.common("close", "with" if together else "list")
