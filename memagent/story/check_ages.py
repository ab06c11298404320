"""People who grow younger, or older than the years gone by make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memagent.story.check_canon import Canon
from memagent.story.finding import Finding
from memagent.story.manuscript import Place
from memagent.story.reading import Attribute


def ages(
    facts: Iterable[Attribute], gone: Sequence[tuple[Place, int]] = (), named: Sequence[tuple[Place, int]] = ()
) -> list[Finding]:
    """Return where somebody is younger than before, or older than the years gone by make them, as of the timeline.

    Args:
        facts: all attributes of the story, in order.
        gone: where so many years are told to have gone by.
        named: where it is said which year it is; whoever is younger in an earlier year is none of these.
    """
    known, found = Canon(), []
    for fact in facts:
        if fact.name != "age":
            continue
        before = known.now(fact)
        back = _earlier(named, before.place, fact.place) if before else 0
        if before and back and abs(int(before.value) - int(fact.value) - back) <= 2:
            continue  # so much younger in so much earlier a year
        finding = known.judge(fact)
        if finding is None and before:
            finding = _grown(known.called(fact.subject), before, fact, gone)
        found += [finding] if finding else []
    return found


def _earlier(named: Sequence[tuple[Place, int]], before: Place, now: Place) -> int:
    """Return by how many years it is earlier than it was, as far as the years are named; 0 if it is not."""
    then, here = (next((year for where, year in reversed(named) if where <= place), 0) for place in (before, now))
    return max(0, then - here) if here else 0


def _grown(subject: str, before: Attribute, now: Attribute, gone: Sequence[tuple[Place, int]]) -> Finding | None:
    """Compare two ages with the years told between them."""
    years = sum(many for place, many in gone if before.place < place <= now.place)
    if not years or abs(int(now.value) - int(before.value) - years) <= 1 + years // 10:
        return None
    what = f"{subject} is “{now.value}”, {years} year{'s' * (years > 1)} after “{before.value}” in {before.place}"
    key = f"{subject}, age: {before.value} + {years} > {now.value}"
    return Finding("timeline", now.place, what, before.place, now.quote, key)
