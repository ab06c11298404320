"""The word and scene lists beside this file, read once when they are first needed."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@lru_cache(maxsize=8)
def table(name: str) -> dict[str, Any]:
    """Return the lists of `{name}.toml`."""
    with (HERE / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


@lru_cache(maxsize=1)
def common() -> dict[str, list[str]]:
    """Return the small phrases that every setting shares, by the name of their slot."""
    words = table("words")
    return {**words["lists"], "motive": words["motives"]["list"], "trait": words["traits"]["list"]}


@lru_cache(maxsize=16)
def setting(key: str) -> dict[str, Any]:
    """Return the places, people, things, sights and weathers of a setting."""
    found: list[dict[str, Any]] = [each for each in table("words")["setting"] if each["key"] == key]
    return found[0]


def settings() -> list[dict[str, Any]]:
    """Return all settings."""
    return list(table("words")["setting"])


@lru_cache(maxsize=1)
def given_names() -> dict[str, str]:
    """Return given names with the pronoun that usually goes with them."""
    names = table("words")["names"]
    return {name: pronoun for pronoun in ("they", "she", "he") for name in names[pronoun]}


@lru_cache(maxsize=1)
def role_nouns() -> dict[str, str]:
    """Return nouns for people with their pronoun; `they` where the noun does not say."""
    words = table("words")
    found: dict[str, str] = {}
    for group in (words["roles"], words["relations"]):
        for pronoun in ("they", "she", "he"):
            found.update(dict.fromkeys(group[pronoun], pronoun))
    return found


@lru_cache(maxsize=1)
def pet_nouns() -> frozenset[str]:
    """Return nouns for animals that belong to somebody, which may be lost but never speak."""
    return frozenset(table("words")["things"]["pets"])


@lru_cache(maxsize=1)
def portable() -> frozenset[str]:
    """Return the things that a person can carry about."""
    things = table("words")["things"]
    return frozenset(things["objects"]) - frozenset(things["heavy"])


@lru_cache(maxsize=1)
def relation_nouns() -> frozenset[str]:
    """Return nouns for relatives and friends, who belong to somebody."""
    relations = table("words")["relations"]
    return frozenset(word for pronoun in ("she", "he", "they") for word in relations[pronoun])
