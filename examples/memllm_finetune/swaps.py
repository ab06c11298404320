"""Counterfactual copies of annotated documents: entities take the names of others of their type.

A model that is trained on the documents as they are may learn their facts; in a copy only the memory can know them. The
paper trains on 10 such buckets of the annotated documents, or 2; how its names are drawn it does not say in full. Here
every entity of a document gets the names of one entity of another document, each once, and keeps all its places and
relations. Dates and numbers stay, so that the text does not contradict its own arithmetic.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, combinations
from typing import Any

SWAPPED = ("PER", "ORG", "LOC", "MISC")
"""The types whose names are exchanged; of DocRED's, TIME and NUM are left."""

_DRAWS = 20

Raw = Mapping[str, Any]
Names = tuple[tuple[str, ...], ...]
"""What an entity is called, as tokens, in the order of its mentions, each once."""

Said = Mapping[int, tuple[int, tuple[str, ...]]]
"""What is said in place of names: the first token of one -> the token after it, and the new ones."""


def swapped(documents: Sequence[Raw], bucket: int, *, seed: int = 0, types: Collection[str] = SWAPPED) -> list[Raw]:
    """Return a copy of each document with other names, in the same format.

    An entity keeps its names where a mention of it overlaps with another, or where no other document has names
    of its type that this one has not. What the annotation does not mark as a mention keeps the old name.

    Args:
        documents: in the format of `documents.py`.
        bucket: which copy; another one draws other names.
        seed: of the draws.
        types: the types of entities whose names are exchanged.
    """
    pool: dict[str, list[Names]] = {kind: [] for kind in types}
    for raw in documents:
        for entity in raw["vertexSet"]:
            if entity and entity[0]["type"] in pool:
                pool[entity[0]["type"]].append(_names(raw, entity))
    return [
        _renamed(raw, _drawn(raw, pool, random.Random(f"{seed}/{bucket}/{number}/{raw.get('title', '')}")))
        for number, raw in enumerate(documents)
    ]


def _names(raw: Raw, entity: Sequence[Raw]) -> Names:
    return tuple(dict.fromkeys(_tokens(raw, mention) for mention in entity))


def _tokens(raw: Raw, mention: Raw) -> tuple[str, ...]:
    first, after = mention["pos"]
    return tuple(raw["sents"][mention["sent_id"]][first:after])


def _drawn(raw: Raw, pool: Mapping[str, list[Names]], chance: random.Random) -> dict[int, Names]:
    """Return the new names of each entity that gets any."""
    stays = _overlapping(raw)
    taken = {name for entity in raw["vertexSet"] for name in _names(raw, entity)}
    drawn: dict[int, Names] = {}
    for place, entity in enumerate(raw["vertexSet"]):
        if place in stays or not entity:
            continue
        names = _other(pool.get(entity[0]["type"], ()), taken, chance)
        if names:
            drawn[place] = names
            taken |= {*names}
    return drawn


def _other(pool: Sequence[Names], taken: Collection[tuple[str, ...]], chance: random.Random) -> Names | None:
    """Return names of which the document has none; looks through all only if a few draws miss."""
    drawn = [chance.choice(pool) for _ in range(_DRAWS)] if pool else []
    fits = (names for names in chain(drawn, pool) if not any(name in taken for name in names))
    return next(fits, None)


def _overlapping(raw: Raw) -> set[int]:
    """Return the entities with a mention that shares a token with another one."""
    placed = [(place, mention) for place, entity in enumerate(raw["vertexSet"]) for mention in entity]
    return {
        place
        for (one, a), (other, b) in combinations(placed, 2)
        if a["sent_id"] == b["sent_id"] and a["pos"][0] < b["pos"][1] and b["pos"][0] < a["pos"][1]
        for place in (one, other)
    }


def _renamed(raw: Raw, drawn: Mapping[int, Names]) -> Raw:
    """Return a document in which entities have new names: the first for the first, and so on."""
    said: dict[tuple[int, int], tuple[int, tuple[str, ...]]] = {}  # (sentence, first token) -> (after, new)
    for place, names in drawn.items():
        old = _names(raw, raw["vertexSet"][place])
        for mention in raw["vertexSet"][place]:
            name = names[old.index(_tokens(raw, mention)) % len(names)]
            said[mention["sent_id"], mention["pos"][0]] = mention["pos"][1], name
    sents, moved = [], []
    for number, tokens in enumerate(raw["sents"]):
        written, places = _written(tokens, {first: new for (of, first), new in said.items() if of == number})
        sents.append(written)
        moved.append(places)
    entities = [[_moved(mention, sents, moved) for mention in entity] for entity in raw["vertexSet"]]
    return {**raw, "sents": sents, "vertexSet": entities}


def _written(tokens: Sequence[str], said: Said) -> tuple[list[str], dict[int, int]]:
    """Return the new tokens of a sentence, and where each place between two old ones is in it."""
    written: list[str] = []
    places: dict[int, int] = {}
    at = 0
    while at < len(tokens):
        places[at] = len(written)
        after, new = said.get(at, (at + 1, (tokens[at],)))
        written += new
        at = after
    return written, {**places, at: len(written)}


def _moved(mention: Raw, sents: Sequence[Sequence[str]], moved: Sequence[Mapping[int, int]]) -> dict[str, Any]:
    sentence = mention["sent_id"]
    first, after = (moved[sentence][place] for place in mention["pos"])
    return {**mention, "pos": [first, after], "name": " ".join(sents[sentence][first:after])}
