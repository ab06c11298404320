"""What comes of a scene: a trace, an answer, a thing, a promise, and the question that stays open at its end."""

from __future__ import annotations

import re

from memagent.offline import threads as threads
from memagent.offline.back import spoken
from memagent.offline.cast import trait
from memagent.offline.lists import pet_nouns
from memagent.offline.plan import WITH
from memagent.offline.telling import Telling
from memagent.offline.text import article, bare, normal
from memagent.offline.world import Item, Person, Thread

_TELLING = frozenset({"ask", "confess", "quarrel", "trade", "stranger"})


_NO_CLUE = frozenset({"rest", "decide", "reveal"})


def outcome(telling: Telling) -> None:
    """What comes of it: a trace, an answer, a promise, a thing."""
    scene = telling.scene
    if scene.kind == "reveal" and scene.thread:
        _settle(telling, scene.thread)
        return
    if scene.kind == "rest" and scene.other:
        _confide(telling, scene.other)
        return
    if scene.kind not in _NO_CLUE and scene.thread:
        _find(telling, scene.thread)
        return
    telling.part("find")


def _find(telling: Telling, thread: Thread) -> None:
    """A trace is found, and it is said what it goes together with."""
    world, scene, scribe = telling.world, telling.scene, telling.scribe
    teller = scene.other if scene.kind in _TELLING else None
    before = list(thread.clues)
    found = threads.clue(thread, world, scribe, teller=teller, confessing=scene.kind == "confess")
    scribe.facts["clue"] = scribe.facts["clueb"] = found
    if teller:
        scribe.facts["clueb"] = spoken(found, teller, "I")
    if scene.kind == "journey":
        scribe.facts["newitem"] = "a " + bare(threads.new_thing(world, scribe))
        _take(telling, bare(str(scribe.facts["newitem"])))
    thread.clues.append(found)
    telling.added.append(f"it is known that {found}")
    telling.part("find")
    scribe.facts["count"] = _COUNT[min(len(thread.clues), len(_COUNT) - 1)]
    guilty = threads.suspect(thread, world)
    if guilty and re.search(rf"\b{re.escape(guilty.short)}\b", found) and guilty is not scene.other:
        scribe.facts["S"] = guilty
    if before:
        scribe.facts["clue1"] = before[scribe.key % len(before)]
    telling.common("sum", "enough" if threads.enough(thread, world) and guilty else "list" if before else "first")


_COUNT = ("no traces", "one trace", "two traces", "three traces", "four traces", "five traces", "six traces")


def _take(telling: Telling, name: str) -> None:
    telling.scribe.facts["newitem"] = article(name)
    telling.world.items.append(Item(f"the {name}", telling.scene.place))
    telling.added.append(f"{telling.world.hero.short} carries the {name}")


def _settle(telling: Telling, thread: Thread) -> None:
    """An answer: what it is, which two traces prove it, and what it leaves open."""
    world, scribe = telling.world, telling.scribe
    result = threads.answer(thread, world, scribe)
    proofs = threads.proofs(thread, world)
    scribe.facts["answer"] = result
    if len(proofs) == 2:
        scribe.facts["proof1"], scribe.facts["proof2"] = proofs
        telling.common("sum", "proof")
    telling.part("find")
    _end_absence(telling, thread, result)
    after, rise = threads.following(thread, world, scribe)
    scribe.facts["rise"] = rise
    telling.part("after")
    was_main = normal(thread.question) in normal(world.goal)
    world.threads = [each for each in world.threads if each is not thread] + [after]
    world.settled.append(f"{result}; it was proved by this, that {' and that '.join(proofs)}" if proofs else result)
    if was_main or not world.goal:
        world.goal = f"to find out {world.threads[0].question}"
    scribe.facts["Q"] = after.question
    telling.added += [f"it is settled that {result}", f"a new question is open: {after.question}"]


def _end_absence(telling: Telling, thread: Thread, result: str) -> None:
    """Whoever was looked for is back, or far away, or dead, and stays so."""
    lost = threads.lost_in(thread, telling.world)
    if lost is None:
        return
    fate = threads.fate(thread, telling.world)
    lost.state = {"hidden": "", "far": "far away"}.get(fate, "dead")
    told = result.split(", because", 1)[0]
    lost.trait = told.removeprefix(f"{lost.short} ").replace(";", ",") if told.startswith(lost.short) else lost.trait
    if lost.pronoun == "they":
        lost.trait = re.sub(r"^was\b", "were", lost.trait)
    telling.scribe.facts["L"] = lost
    telling.common("fate", fate)
    if not lost.state and lost.role.split()[-1:] and lost.role.split()[-1] in pet_nouns():
        telling.world.people.remove(lost)
        telling.world.known.append(f"{lost.short} was back and slept at the foot of the bed")


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
    if len(world.threads) < 2 and world.step >= 13 and scene.kind != "reveal":
        thread, rise = threads.begin(threads.new_kind(world, scribe), world, scribe)
        scribe.facts["rise"] = rise
        telling.common("close", "second")
        world.threads.append(thread)
        telling.added.append(f"a new question is open: {thread.question}")
        return
    together = scene.other is not None and scene.kind in WITH and scribe.key % 3 == 0
    telling.common("close", "with" if together else "list")
