"""What is asked of a memory of triples and what it answers: queries, limits, what was read, what was learnt or refused.

All are frozen values. The semantics of a query are those of MemLLM (arXiv:2404.11672): see `stores.reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, TypeAlias

from memagent.errors import UsageProblem
from memagent.shown import Shown
from memagent.types import Fact, Triple

EXACT = 0.001
"""A pair that is nearer than this says what was asked; with `Limits.exact`, nothing that is further off counts then."""

Relations = Literal["stated", "any"]
"""Whether a sentence has to have a word of a triple's relation, or one that stands for it; or any relation will do."""

Judge: TypeAlias = Callable[[str, Sequence[Triple]], Sequence[str]]
"""A second opinion on what the gate let through: of a sentence and its triples, why each is not to be kept, or ''.

It is asked once for all triples of a sentence, may call whatever it likes (a model, a person), and lets nothing in that
the gate refuses.
"""


@dataclass(frozen=True, slots=True)
class Query:
    """A triple with one empty place: `subject` or `object` is `None`, and what stands there is looked for.

    Raises:
        UsageProblem: by `checked`, where not exactly one of the two is empty, or there is no relation.
    """

    subject: str | None
    relation: str
    object: str | None

    @property
    def entity(self) -> str:
        """What is given: the subject, or the object where that is looked for."""
        return (self.subject if self.subject is not None else self.object) or ""

    def checked(self) -> Query:
        """Return this query if it can be asked."""
        given = [part for part in (self.subject, self.object) if part is not None]
        if len(given) != 1 or not all(isinstance(one, str) and one.strip() for one in (*given, self.relation)):
            raise UsageProblem(
                f"{self!r} cannot be asked",
                hint='Give a relation and one of subject and object: Query("Ida", "lives in", None).',
            )
        return self


@dataclass(frozen=True, slots=True)
class Limits:
    """How near a stored triple must be to a query. A distance is 1 - cosine, in [0, 2]; each limit is exclusive.

    With the numbers that stand here `pair` decides alone: where the mean of two distances is that small, so is each.

    Attributes:
        entity: distance of the entity, less than this.
        relation: distance of the relation, less than this.
        pair: mean of the two, less than this.
        exact: where the nearest triple is nearer than 0.001, only triples that are so near count.
        values: how many values are read at most, over all queries of a call.
        entities: how many entities are tried at most, nearest first, each name once.
        relations: how many relations likewise.
        literal: compare spellings in place of vectors, apart from case, width and spaces: all distances are 0.
        newest: values that are as near stand newest first, by since when they hold, and not as they were first written.

    Raises:
        UsageProblem: a distance is no number above 0, or a count no whole number of at least 1: nothing could be found.
    """

    entity: float = 0.1
    relation: float = 0.1
    pair: float = 0.001
    exact: bool = True
    values: int = 30
    entities: int = 300
    relations: int = 25
    literal: bool = False
    newest: bool = False

    def __post_init__(self) -> None:
        for name in ("entity", "relation", "pair"):
            distance = getattr(self, name)
            if isinstance(distance, bool) or not isinstance(distance, Real) or not float(distance) > 0:
                hint = "A distance is 1 - cosine; only what is nearer counts. See triples.PRESETS for such limits."
                raise UsageProblem(f"the limit {name}={distance!r} is no number above 0", hint=hint)
        for name in ("values", "entities", "relations"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, Integral) or int(count) < 1:
                hint = "Say how many may be read or tried."
                raise UsageProblem(f"the limit {name}={count!r} is no whole number of at least 1", hint=hint)


PRESETS: Mapping[str, Limits] = {
    "default": Limits(),
    "training": Limits(0.1, 0.1, 0.1, exact=False),
    "perplexity": Limits(0.15, 0.15, 0.1),
    "editing": Limits(0.15, 0.8, 0.5),
    "literal": Limits(literal=True),
}
"""The limits of the paper's published code: of its controller, for building read-training data, for measuring
perplexity, and for edited knowledge, where a relation may be said in quite other words; and our own, by spelling."""


@dataclass(frozen=True, slots=True)
class Value:
    """One thing that was read: its text, the distance of the pair that led to it, and the fact it stands in."""

    text: str
    distance: float
    fact: Fact


@dataclass(frozen=True, slots=True)
class Reading(Shown):
    """What the queries of one call found, nearest first, each value once.

    `truncated` says that there was more than the limit on values gives, or that there may have been, since a limit on
    entities or relations left something out that was near enough.
    """

    values: tuple[Value, ...] = ()
    truncated: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """The values alone, nearest first."""
        return tuple(value.text for value in self.values)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was not learnt: the line or sentence, why in words, and the triple if it was one of several."""

    text: str
    why: str
    triple: Triple | None = None


@dataclass(frozen=True, slots=True)
class Learnt(Shown):
    """What became of triples on their way into memory: the facts that are kept now, by id, and what was refused."""

    ids: tuple[str, ...] = ()
    kept: tuple[Triple, ...] = ()
    refused: tuple[Refusal, ...] = ()


def limits(preset: str | Limits) -> Limits:
    """Return the limits of a preset's name, or those given. Raises `UsageProblem` for a name that there is not."""
    if isinstance(preset, Limits):
        return preset
    if not isinstance(preset, str) or preset not in PRESETS:
        raise UsageProblem(f"no limits are called {preset!r}", hint=f"There are: {', '.join(PRESETS)}.")
    return PRESETS[preset]
