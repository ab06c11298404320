"""The tasks of a story: what each prompt asks for, answered as the JSON that it describes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from memagent.offline import memory as memory
from memagent.offline import opening as opening
from memagent.offline import plan as plans
from memagent.offline import recollect as recollect
from memagent.offline import scene as scenes
from memagent.offline import threads as threads
from memagent.offline import titles as titles
from memagent.offline.cast import trait
from memagent.offline.extend import extend
from memagent.offline.grammar import Scribe
from memagent.offline.premise import first_world
from memagent.offline.prompt import Prompt
from memagent.offline.telling import Told
from memagent.offline.text import bare, listed, normal, sentences, stable
from memagent.offline.world import World

MOST_SENTENCES = 20


def tell(prompt: Prompt) -> str:
    """Return the reply to a story prompt: a JSON object with the fields of its task, in the prompt's order."""
    writers = {"begin": _begin, "step": _step, "choose": _choose, "extend": _extend, "compress": _compress,
               "rewrite": _rewrite, "plan": _plan, "follow": _follow, "more": _more}  # fmt: skip
    written = writers[prompt.task](prompt)
    order = [name for name in prompt.fields if name in written] or list(written)
    return json.dumps({name: written[name] for name in order}, ensure_ascii=False)


def _scribe(world: World, prompt: Prompt, *shown: str) -> Scribe:
    story = stable("story", world.hero.name, world.premise, prompt.seed)
    return Scribe({}, world.setting, stable(prompt.task, prompt.seed, *shown), world.step, story)


def _begin(prompt: Prompt) -> dict[str, object]:
    world = first_world(prompt.get("premise"), prompt.get("genre"), prompt.seed)
    scribe = _scribe(world, prompt, prompt.get("premise"), prompt.get("genre"))
    scribe.facts = opening.facts_of(world)
    scribe.facts["rise"] = threads.rise_of(world.threads[0], world, scribe)
    written: dict[str, object] = {"title": opening.title(world, scribe), "outline": opening.outline(world, scribe)}
    written["paragraphs"] = opening.paragraphs(world, scribe)
    other = scribe.facts["B"]
    world.company = str(getattr(other, "short", ""))
    world.events = [f"{world.hero.short} began to ask {world.threads[0].question}"]
    world.here, world.day = world.places[1], 2
    world.advance()
    written["memory"] = memory.write(world, MOST_SENTENCES, prompt.memory_words)
    written["plans"] = plans.propose(world, scribe, "")
    return written


def _step(prompt: Prompt) -> dict[str, object]:
    shown = (prompt.get("plan"), prompt.get("previous"), prompt.get("memory"))
    world = recollect.read(prompt.get("memory"), prompt.get("previous"))
    scribe = _scribe(world, prompt, *shown)
    scene = plans.read(prompt.get("plan"), world)
    told = scenes.tell(
        world, scene, scribe, previous=prompt.get("previous"), recalled=prompt.get("recalled"),
        length=prompt.sentences, new=prompt.newcomer,
    )  # fmt: skip
    squeezed = memory.left_out(world, MOST_SENTENCES, prompt.memory_words)
    written: dict[str, object] = {"paragraph": told.paragraph, "rationale": _rationale(told, squeezed)}
    written["memory"] = memory.write(world, MOST_SENTENCES, prompt.memory_words)
    written["plans"] = plans.propose(world, _scribe(world, prompt, *shown, "plans"), prompt.get("plan"))
    return written


def _rationale(told: Told, squeezed: Sequence[str]) -> str:
    names = {
        "events": "the oldest event", "settled": "the oldest settled question", "places": "a place not seen for long",
        "items": "the thing carried longest", "threads": "a question", "known": "the oldest fact",
    }  # fmt: skip
    added = [each.replace(";", ",") for each in told.added[:4]]
    kept = (
        f"To be added, because the next paragraphs build on it: {'; '.join(added)}."
        if added
        else "Nothing new to note."
    )
    gone = listed([names.get(name, name) for name in told.dropped])
    needed = [f"No longer needed: {gone}."] if gone else []
    needed += [f"No room within the limit: {listed(list(squeezed))}."] if squeezed else []
    return f"{' '.join(needed) or 'Nothing has to go yet.'} {kept}"


def _choose(prompt: Prompt) -> dict[str, object]:
    world = recollect.read(prompt.get("memory"), prompt.get("paragraph"))
    options = numbered(prompt.get("plans"))
    scored = [(_interest(plan, world, prompt), -at) for at, plan in enumerate(options)] or [((0, ""), 0)]
    (_, why), at = max(scored)
    return {"reason": why or "It is the first that was offered.", "choice": 1 - at}


def numbered(text: str) -> list[str]:
    """Return the plans of a numbered list, or of paragraphs where there are no numbers."""
    parts = [part.strip() for part in re.split(r"(?:^|\n)\s*(?:Plan\s*)?\[?(?:[1-9])[.):\]]\s+", text) if part.strip()]
    return parts if len(parts) > 1 else [part.strip() for part in re.split(r"\n\s*\n|\n", text) if part.strip()]


def _interest(plan: str, world: World, prompt: Prompt) -> tuple[int, str]:
    """How much a plan promises: an open question carried on, another place than the last, another kind of scene."""
    scene = plans.read(plan, world)
    score, reasons = 0, []
    if scene.kind == "reveal":
        score += 4
        reasons.append("it brings an open question to its answer")
    elif any(normal(each.question) in normal(plan) for each in world.threads) and scene.kind not in {"rest", "decide"}:
        score += 2
        reasons.append("it carries on an open question")
    if bare(scene.place) not in prompt.get("paragraph"):
        score += 2
        reasons.append(f"it leads on to {scene.place}")
    if scene.other and scene.other.short not in prompt.get("paragraph"):
        score += 1
        reasons.append(f"it brings in {scene.other.short}")
    rested = any(" rested " in f"{event} " or " decision " in event for event in world.events[-4:])
    if scene.kind in {"rest", "decide"} and not rested and len(world.events) > 3:
        score += 3
        reasons.append("it gives the story a rest")
    why = f"I choose it because {listed(reasons)}." if reasons else "It is as good as the others and comes first."
    return score, why


def _extend(prompt: Prompt) -> dict[str, object]:
    world = recollect.read(prompt.get("memory"), prompt.get("previous"))
    scribe = _scribe(world, prompt, prompt.get("paragraph"), prompt.get("plan"), prompt.get("memory"))
    most = prompt.number(r"(\d{1,3}) sentences at most", 50)
    exact = plans.exact(prompt.get("plan"), world, _scribe(world, prompt, prompt.get("plan")))
    return {"paragraph": extend(prompt.get("paragraph"), world, scribe, most), "plan": exact}


def _compress(prompt: Prompt) -> dict[str, object]:
    return {"memory": memory.shorten(prompt.get("memory"), prompt.memory_sentences, prompt.memory_words)}


def _rewrite(prompt: Prompt) -> dict[str, object]:
    """Shorter where that is wished, else with more seen and heard; anew where the draft is not shown."""
    draft, wish = prompt.get("paragraph"), prompt.get("wish")
    world = recollect.read(prompt.get("memory"), prompt.get("previous"))
    scribe = _scribe(world, prompt, draft, wish, prompt.get("memory"))
    if not draft:
        scene = plans.read(wish, world)
        told = scenes.tell(world, scene, scribe, previous=prompt.get("previous"), recalled="", length=8, new=False)
        return {"paragraph": told.paragraph}
    if re.search(r"(?i)\b(?:short|cut|trim|less|tight|brief)", wish):
        own = sentences(draft)
        return {"paragraph": " ".join(own[: max(1, 2 * len(own) // 3)])}
    return {"paragraph": extend(draft, world, scribe, 50)}


def _plan(prompt: Prompt) -> dict[str, object]:
    """Chapters by the questions that the premise opens: each has a place, somebody and a turn of its own."""
    known = prompt.get("memory")
    begun = bool(known) and not known.startswith("(")
    world = recollect.read(known, "") if begun else first_world(prompt.get("premise"), prompt.get("genre"), prompt.seed)
    count = prompt.number(r"exactly (\d{1,3}) chapters", 3)
    chapters, used = [], titles.taken(prompt.get("planned"))
    for at in range(count):
        scribe = _scribe(world, prompt, prompt.get("premise"), str(at))
        place = world.places[at % len(world.places)]
        beats = plans.propose(world, scribe, "")
        chapters.append(
            {
                "title": titles.title(place, world.phase, used),
                "beats": [" ".join(sentences(beat)[:1]) for beat in beats],
            }
        )
        world.here = place
        world.advance()
    return {"chapters": chapters}


def _follow(prompt: Prompt) -> dict[str, object]:
    """Notes of who and what is in a part that somebody else wrote; they are read back as those of a step are."""
    before, passage = prompt.get("memory"), prompt.get("passage")
    known = "" if before.startswith("(") else before
    told = [each for each in sentences(passage) if '"' not in each and "\u201c" not in each]
    world = recollect.read(" ".join([known, *told[:MOST_SENTENCES]]).strip(), passage)
    scribe = _scribe(world, prompt, passage, before)
    for person in world.people:
        person.trait = person.trait or trait(person, scribe.key)
    noted = [(30 + at, each) for at, each in enumerate(told[-6:])]
    found = memory.fitted([*memory.lines(world), *noted], MOST_SENTENCES, prompt.memory_words)
    return {"memory": " ".join(found), "plans": plans.propose(world, scribe, "")}


def _more(prompt: Prompt) -> dict[str, object]:
    """Three plans, of which none was shown, where the world holds so many."""
    seen = numbered(prompt.get("plans"))
    world = recollect.read(prompt.get("memory"), prompt.get("paragraph"))
    found: list[str] = []
    for attempt in range(8):
        scribe = _scribe(world, prompt, prompt.get("plans"), f"more {attempt}")
        found += [plan for plan in plans.propose(world, scribe, "") if plan not in found]
    return {"plans": [*(plan for plan in found if plan not in seen), *found][:3]}
