"""The examples of ARM-RAG: by what like problems are looked for, which are found, and how a prompt shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from memagent.errors import UsageProblem
from memagent.flow import Flow, find_rationales, tell
from memagent.methods.attempts import attempted, given, in_words
from memagent.methods.obfuscating import Nouns, listed, obfuscated, structure
from memagent.types import ORIGINAL, Answer, Hit, Part, Rationale

Key = Literal["plain", "obfuscated", "structure"]
"""By what problems are found: as they are; with made-up words for the nouns of the query; both sides by structure."""


def like(
    problem: str,
    *,
    k: int = 5,
    id: str = "",
    leak: bool = False,
    key: Key = "plain",
    nouns: Nouns | None = None,
    seed: int = 0,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Answer]:
    """Find the examples that `solve` would show, and solve nothing: an answer without text whose hits they are.

    One search; one call with `key` and no `nouns` of one's own. The arguments are those of `solve`.
    """
    problems: list[str] = []
    how = yield from looked(problem, key, nouns, seed, timeout, problems)
    aside = ("", "") if leak else (problem, id)
    examples = (yield from found_for(how.query, k, aside, False, search_timeout, problems)) if k else ()
    return answer_with("", examples, how.query, problems)


@dataclass(frozen=True, slots=True)
class Looked:
    """By what like problems are looked for: the query, the key that it is of, and the nouns that were taken out."""

    query: str
    key: Key
    nouns: Sequence[str] | None


def looked(
    problem: str, key: Key, nouns: Nouns | None, seed: int, timeout: float | None, problems: list[str]
) -> Flow[Looked]:
    """Find out what to look for. The key is `plain` where the nouns cannot be listed, which is told."""
    check_key(key)
    found = None if key == "plain" else (yield from nouns_of(problem, nouns, timeout, problems))
    if found is None:
        return Looked(problem, "plain", None)
    query = structure(problem, found) if key == "structure" else obfuscated(problem, found, seed=seed)
    return Looked(query, key, found)


def found_for(
    query: str, k: int, aside: tuple[str, str], refuted: bool, timeout: float | None, problems: list[str]
) -> Flow[Sequence[Rationale]]:
    """Up to k rationales for like problems, and none of the problem `aside`, which is its words and its id."""
    words, id = aside
    found, why = yield from attempted(
        find_rationales(query, k, apart_from=words, apart_from_id=id, refuted=refuted, timeout=timeout)
    )
    if found is None:
        problems.append(f"no examples: {why}")
    return found or ()


def nouns_of(
    problem: str, nouns: Nouns | None, timeout: float | None, problems: list[str]
) -> Flow[Sequence[str] | None]:
    """The nouns of a problem; `None`, which is told, where they cannot be listed, or none of them stands in it.

    Whatever a lister of the caller's raises is lived with, as a model's failure is.
    """
    if nouns is None:
        found, why = yield from attempted(listed(problem, timeout=timeout))
    else:
        found, error = yield from given(lambda: _by(nouns, problem))
        why = in_words(error) if error is not None else ""
    because = "" if found is not None else f"its nouns could not be listed: {why}"
    if found and structure(problem, found) == problem:
        because = f"none of the nouns that were listed stands in it: {', '.join(found)}"
    if because:
        found = None
        problems.append(f"the problem is taken as it is, because {because}")
        yield from tell(f"{problems[-1][0].upper()}{problems[-1][1:]}")
    return found


def _by(nouns: Nouns, problem: str) -> list[str]:
    """List nouns by a function of the caller's. Raises `TypeError` where it lists no texts."""
    found = nouns(problem)
    if isinstance(found, str):
        raise TypeError("the lister of nouns returned one text in place of several")
    several = list(found)
    for one in several:
        if not isinstance(one, str):
            raise TypeError(f"the lister of nouns listed a {type(one).__name__}, which is no text")
    return several


def shown(examples: Sequence[Rationale], failed: Sequence[Rationale], best: str) -> str:
    """The examples as the prompt has them, then wrong attempts, if any, before them."""
    ordered = list(reversed(examples)) if best == "last" else list(examples)
    wrong = [f"Wrong, not to be followed:\n{_example(one)}" for one in failed]
    right = [f"{'Right:' if wrong else ''}\n{_example(one)}".strip() for one in ordered]
    return "\n\n".join([*wrong, *right]) or "(none yet)"


def _example(one: Rationale) -> str:
    return f"Question: {one.metadata.get(ORIGINAL) or one.problem}\n{one.reasoning}"


def answer_with(text: str, examples: Sequence[Rationale], query: str, problems: Sequence[str]) -> Answer:
    """Return an answer whose hits are the examples that were shown for it, the likest first."""
    hits = tuple(
        Hit(
            one.id,
            one.text,
            one.score or 0.0,
            why=_served(one),
            source=one.source,
            kind="rationale",
        )
        for one in examples
    )
    part = Part(text, text, "retrieved" if hits else "first", queries=(query,), hits=hits)
    return Answer(text, hits, (part,), tuple(problems))


def check_key(key: str) -> None:
    """Refuse a key that is not known. Raises `UsageProblem`."""
    if key not in ("plain", "obfuscated", "structure"):
        raise UsageProblem(f"key={key!r} is not known", hint="Use 'plain', 'obfuscated' or 'structure'.")


def _served(one: Rationale) -> str:
    if not one.successes and not one.failures:
        return "not shown before"
    return f"shown before, then {one.successes} right and {one.failures} wrong"
