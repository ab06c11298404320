"""Whether two things that are said of somebody cannot be both, and in which words that is told."""

from __future__ import annotations

from memagent.story.reading_plain import BEEN, COUNT, HOLDER, MARRIED, NUMBER_OF

_SAID = {COUNT: "how many {x}", HOLDER: "who has the {x}", MARRIED: "whether {x} is married"}


def told_of(subject: str, name: str) -> str:
    """Say what of somebody a finding is about."""
    if name.startswith("kin of "):
        return f"{subject} is {name.removeprefix('kin of ')}'s"
    if name in ("colour", "age"):
        return f"{subject} is"
    if name in _SAID:
        return f"{_SAID[name].format(x=subject)}:"
    if name.startswith("any "):
        return f"whether {subject} has a {name.removeprefix('any ')}:"
    if name.startswith(BEEN):
        return f"{subject} and {name.removeprefix(BEEN)}:"
    return f"{subject}'s {name.removeprefix(NUMBER_OF).removeprefix('side of ')}:"


def exclude(name: str, before: str, now: str) -> bool:
    """Say whether two homes, counts, holders or sides cannot be both. "The two keys" may be two of any number."""
    if name == COUNT:
        return now.startswith("the ") and _miscounted(before.removeprefix("the "), now.removeprefix("the "))
    if name == HOLDER:
        return before.split()[0] != now.split()[0]
    return before != now


def _miscounted(before: str, now: str) -> bool:
    """Say whether things are another number than before: "the two on the desk" may be some of the four in the safe."""
    (had, _, where), (has, _, here) = before.partition(" "), now.partition(" ")
    return int(has) > int(had) or (int(has) < int(had) and (not here or here.split()[-1:] == where.split()[-1:]))


def same_kin(one: str, other: str) -> bool:
    """Say whether two relations may be one: a twin is a brother, a widow was a wife."""
    pair = {one.removeprefix("half-").removeprefix("step"), other.removeprefix("half-").removeprefix("step")}
    return len(pair) == 1 or any(
        pair <= may for may in ({"twin", "brother"}, {"twin", "sister"}, {"widow", "wife"}, {"widower", "husband"})
    )
