"""Questions over edited facts: 1,000 facts with 300 later corrections, one hop and two, now and before the corrections.

    python benchmarks/edited.py

By code alone (`walk`), and with a model that turns questions into paths and makes known mistakes: its shares of wrong
answers are printed beside what the mistakes themselves must cost.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from memagent import Controller, Memory, Triple
from memagent.methods.memllm_walk import edited, walk
from memagent.testing import ScriptedLLM
from memagent.types import Request

FIRST, BETWEEN, LATER = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2021, 2022))
RELATIONS = ["works for", "based in"]
MISTAKES = {
    "another relation": 0.04,
    "another name": 0.04,
    "another length": 0.03,
    "an unknown relation": 0.02,
    "no JSON": 0.02,
}


class Asked(NamedTuple):
    """A question, its path, and the right answers before the corrections and now."""

    question: str
    subject: str
    relations: list[str]
    before: str
    now: str


def world(seed: int = 1) -> tuple[list[Triple], list[Asked]]:
    """Return 1,000 facts with 300 corrections, in the order of writing, which is not that of time, and questions."""
    chance = random.Random(seed)
    firms = [f"Firm {n}" for n in range(300)]
    people = [f"Person {n}" for n in range(700)]
    works = {person: chance.choice(firms) for person in people}
    based = {firm: f"City {chance.randrange(80)}" for firm in firms}
    moved = {person: chance.choice([f for f in firms if f != works[person]]) for person in chance.sample(people, 200)}
    shifted = {firm: f"Town {chance.randrange(80)}" for firm in chance.sample(firms, 100)}
    facts = [Triple(s, r, o, at=at) for r, at, some in _told(works, based, moved, shifted) for s, o in some.items()]
    chance.shuffle(facts)
    works_now, based_now = works | moved, based | shifted
    asked = [Asked(f"For whom does {p} work?", p, ["works for"], works[p], works_now[p]) for p in people]
    asked += [Asked(f"Where is {f} based?", f, ["based in"], based[f], based_now[f]) for f in firms]
    asked += [
        Asked(f"Where is the firm of {p} based?", p, RELATIONS, based[works[p]], based_now[works_now[p]])
        for p in people
    ]
    return facts, asked


def _told(
    works: dict[str, str], based: dict[str, str], moved: dict[str, str], shifted: dict[str, str]
) -> Iterator[tuple[str, datetime, dict[str, str]]]:
    yield "works for", FIRST, works
    yield "based in", FIRST, based
    yield "works for", LATER, moved
    yield "based in", LATER, shifted


def filled(memory: Memory, facts: list[Triple]) -> None:
    """Write the facts; both relations have one value at a time."""
    for relation in RELATIONS:
        memory.facts.declare(relation)
    memory.facts.add(facts)


def mistaken(chance: random.Random) -> ScriptedLLM:
    """Return a model that finds the right path but for the mistakes above."""

    def reply(request: Request) -> str:
        question = re.search(r"<question>\n(.*)\n</question>", request.messages[1].content)
        text = question[1] if question else ""
        name = re.search(r"(?:Person|Firm) \d+", text)
        path = RELATIONS if "firm of" in text else ["works for"] if text.startswith("For") else ["based in"]
        drawn, mistake = chance.random(), ""
        for kind, share in MISTAKES.items():
            if drawn < share:
                mistake = kind
                break
            drawn -= share
        other = [RELATIONS[1 - RELATIONS.index(path[0])], *path[1:]]
        longer = path[:1] if len(path) > 1 else [*path, RELATIONS[1]]
        path = {"another relation": other, "another length": longer, "an unknown relation": ["lives in"]}.get(
            mistake, path
        )
        subject = name[0] if name else ""
        if mistake == "another name":
            kind, _, number = subject.partition(" ")
            subject = f"{kind} {(int(number) + 1) % (700 if kind == 'Person' else 300)}"
        made = json.dumps({"subject": subject, "relations": path})
        return "I would rather not say." if mistake == "no JSON" else made

    return ScriptedLLM([reply] * 100_000, can=["schema"])


def main() -> None:
    """Measure and print."""
    print("$ python benchmarks/edited.py", *sys.argv[1:])
    facts, asked = world()
    with Memory(":memory:", embedder="hashing:256", single_user=True) as memory:
        filled(memory, facts)
        print(f"{len(facts)} triples written, {memory.facts.count()} hold now, {len(asked)} questions")
        for hops in (1, 2):
            some = [one for one in asked if len(one.relations) == hops]
            for name, as_of in (("now", None), ("before the corrections", BETWEEN)):
                start = time.perf_counter()
                found = [walk(memory, one.subject, one.relations, as_of=as_of).value for one in some]
                took = (time.perf_counter() - start) * 1000 / len(some)
                right = sum(f == (one.before if as_of else one.now) for f, one in zip(found, some, strict=True))
                print(f"by code, {hops} hop, {name:<23} {right}/{len(some)} right, {took:.2f} ms each")
                mapped(memory, some, hops, name, as_of)


def mapped(memory: Memory, some: list[Asked], hops: int, name: str, as_of: datetime | None) -> None:
    """Ask the same with a model that makes mistakes."""
    controller = Controller(mistaken(random.Random(2)), memory)
    found = [controller.run(edited(one.question, RELATIONS, as_of=as_of)).value for one in some]
    wanted = [one.before if as_of else one.now for one in some]
    right = sum(f.text == w for f, w in zip(found, wanted, strict=True))
    silent = sum(not f.text for f in found)
    print(
        f"with a model, {hops} hop, {name:<18} {right}/{len(some)} right ({right / len(some):.1%}), {silent} without "
        f"an answer and told so, {len(some) - right - silent} wrong, {controller.usage.calls} calls"
    )


if __name__ == "__main__":
    main()
