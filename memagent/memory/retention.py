"""What a memory may let go of, by rules that a caller turns on: age, number, and fading like human memory.

`memory.retain(Faded(), dry_run=True)` says what would go and why; without `dry_run` it is forgotten, which `restore`
takes back. A policy chooses among rows and changes nothing itself. What is pinned (an importance of `PINNED` or more)
is let go by no policy.

Fading follows MemoryBank (Zhong et al., 2023, arXiv:2305.10250), after Ebbinghaus: retention is exp(-t / S), where S
starts at 1, grows by 1 with each recall, and a recall sets t back to 0. Departures: a half-life in place of the natural
constant, S multiplied by how important an item is, and a fixed threshold in place of chance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Protocol, runtime_checkable

from memagent.errors import NotFound, UsageProblem
from memagent.memory.core import Core
from memagent.memory.dry_run import undoable
from memagent.stores import removal
from memagent.stores.base import Row, Writer
from memagent.stores.items import LIVE, moment, pages, utc
from memagent.stores.scoping import marks, visible
from memagent.types import Receipt, Scope

PINNED = 1e6
"""The importance from which on an item is never let go by a policy."""

HALF_LIFE = timedelta(days=30)
"""How long it takes until an unused item of importance 1 has half its strength."""


@runtime_checkable
class Policy(Protocol):
    """A rule that chooses what may go."""

    def choose(self, rows: Sequence[Row], now: datetime) -> dict[int, str]:
        """Return the rids of the rows of `items` that may go at a moment (aware), each with the reason in words."""
        ...


@dataclass(frozen=True)
class OlderThan:
    """Lets go what was written more than `age` ago, however much it is used: a promise about how long things are kept.

    An edit counts as writing anew. What has a time of its own later than that, such as an appointment, counts from
    then.

    Raises:
        UsageProblem: the age is negative.
    """

    age: timedelta

    def __post_init__(self) -> None:
        _check(isinstance(self.age, timedelta) and self.age >= timedelta(0), "an age of at least 0", self.age)

    def choose(self, rows: Sequence[Row], now: datetime) -> dict[int, str]:
        """Return the rids of what is too old."""
        ages = {row["rid"]: now - moment(_written(row)) for row in rows if not _pinned(row)}
        return {
            rid: f"{_days(age)} old, and {_days(self.age)} is the limit" for rid, age in ages.items() if age > self.age
        }


@dataclass(frozen=True)
class AtMost:
    """Keeps the `count` items that were written or used last, of all kinds together; pinned ones first.

    Raises:
        UsageProblem: the count is negative.
    """

    count: int

    def __post_init__(self) -> None:
        whole = isinstance(self.count, int) and not isinstance(self.count, bool)
        _check(whole and self.count >= 0, "a whole count of at least 0", self.count)

    def choose(self, rows: Sequence[Row], now: datetime) -> dict[int, str]:
        """Return the rids of what does not fit."""
        ranked = sorted(rows, key=lambda row: (_pinned(row), _touched(row), row["rid"]), reverse=True)
        over = [(place, row) for place, row in enumerate(ranked[self.count :], self.count + 1) if not _pinned(row)]
        return {row["rid"]: f"number {place} by last use, and {self.count} are kept" for place, row in over}


@dataclass(frozen=True)
class Faded:
    """Lets go what has faded below a threshold; see `strength`.

    Args:
        threshold: in (0, 1); at 0.1 and 30 days, an item that is never used goes after about 100 days, and one that
            was used once 200 days after its use.
        half_life: how long an unused item of importance 1 keeps half its strength.

    Raises:
        UsageProblem: the threshold is not between 0 and 1, or the half-life is not positive.
    """

    threshold: float = 0.1
    half_life: timedelta = HALF_LIFE

    def __post_init__(self) -> None:
        _check(0 < self.threshold < 1, "a threshold between 0 and 1", self.threshold)
        _check_half_life(self.half_life)

    def choose(self, rows: Sequence[Row], now: datetime) -> dict[int, str]:
        """Return the rids of what has faded."""
        left = {row["rid"]: strength(row, now, self.half_life) for row in rows}
        reason = "its strength is {:.2g}, below {:g}"
        return {rid: reason.format(rest, self.threshold) for rid, rest in left.items() if rest < self.threshold}


@dataclass(frozen=True)
class AnyOf:
    """Lets go what any of several policies would, for the reasons of all that would.

    Raises:
        UsageProblem: one of them is no policy.
    """

    policies: Sequence[Policy]

    def __post_init__(self) -> None:
        object.__setattr__(self, "policies", tuple(self.policies))
        for policy in self.policies:
            _check_policy(policy)

    def choose(self, rows: Sequence[Row], now: datetime) -> dict[int, str]:
        """Return the rids of what one of the policies lets go."""
        reasons: dict[int, list[str]] = {}
        for policy in self.policies:
            for rid, reason in policy.choose(rows, now).items():
                reasons.setdefault(rid, []).append(reason)
        return {rid: "; ".join(found) for rid, found in reasons.items()}


def strength(row: Row, now: datetime, half_life: timedelta = HALF_LIFE) -> float:
    """Return how strong the memory of an item still is, in (0, 1]; 1 for what is pinned.

    2 ** (-t / (half_life * S)), where S = importance * (1 + uses), and t is the time since the item was last used or
    written, whichever is later. A time of its own that is later still, such as an appointment's, counts instead: until
    then nothing fades. One that lies in the past does not: news of long ago is news.

    Args:
        row: a row of `items`.
        now: the moment (aware) at which it is asked.
        half_life: how long an unused item of importance 1 keeps half its strength.
    """
    _check_half_life(half_life)
    if _pinned(row):
        return 1.0
    stability = float(row["importance"]) * (1 + int(row["uses"]))
    elapsed = max(timedelta(0), now - moment(_touched(row))) / half_life
    return max(sys.float_info.min, 2.0 ** -min(elapsed / stability, 1e4)) if elapsed else 1.0


def retain(
    core: Core,
    scope: Scope,
    policy: Policy,
    *,
    kinds: Sequence[str] = removal.OWN,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Receipt:
    """Forget what a policy lets go, in one transaction; return what went and why.

    Only what is live and was written in this scope is looked at. To erase it for good, purge the ids of the receipt.

    Args:
        core: the open memory.
        scope: whose.
        policy: what may go.
        kinds: of which kinds: `passage`, `fact`, `rationale`.
        dry_run: change nothing and say what would go.
        now: the moment (aware) at which the policy is asked; the present one if not given.

    Raises:
        UsageProblem: this is no policy or no such kind, `now` has no time zone, or the memory has no file.
    """
    _check_policy(policy)
    unknown = [kind for kind in kinds if kind not in removal.OWN]
    if unknown or isinstance(kinds, str):
        raise UsageProblem(f"no such kinds: {kinds!r}", hint=f"Give some of {', '.join(removal.OWN)}, as a list.")
    at = datetime.now(UTC) if now is None else moment(utc(now, "now") or "")
    with undoable(core.file(), dry_run) as writer:
        rows, reasons = _chosen(writer, scope, policy, kinds, at)
        counts = removal.retire(writer, rows)
    by_id = {row["id"]: reasons[row["rid"]] for row in rows}
    return Receipt("retain", dict(counts), tuple(row["id"] for row in rows), by_id, dry_run=dry_run)


def used(core: Core, scope: Scope, ids: Iterable[str]) -> int:
    """Count one more use of passages, facts and rationales, now, in one write; return how many were found.

    Ids that are not there are passed over, and one that is given twice counts once. A shared rationale can be used by
    every scope that sees it.
    """
    wanted = list(dict.fromkeys(ids))
    own, params = visible(scope)
    sql = f"""UPDATE items SET uses = uses + 1, used_at = ? WHERE rid IN (
                  SELECT rid FROM items WHERE kind IN ({marks(removal.OWN)}) AND {own} AND {LIVE} AND id IN ({{ids}})
                  UNION SELECT rid FROM items WHERE kind = 'rationale' AND shared = 1 AND {LIVE} AND id IN ({{ids}}))"""
    stamp, count = utc(datetime.now(UTC)), 0
    with core.file().write() as writer:
        for some in pages(wanted):
            values = [stamp, *removal.OWN, *params, *some, *some]
            count += writer.execute(sql.format(ids=marks(some)), values)
    return count


def weigh(core: Core, scope: Scope, id: str, importance: float) -> None:
    """Say how important an item is: 1 is what all begin with, 2 fades half as fast, and `PINNED` or more never goes.

    Raises:
        UsageProblem: the importance is not above 0 and finite.
        NotFound: nothing live of this scope has that id.
    """
    number = isinstance(importance, int | float) and not isinstance(importance, bool)
    _check(number and isfinite(importance) and importance > 0, "an importance above 0 and finite", importance)
    condition, params = visible(scope)
    sql = f"UPDATE items SET importance = ? WHERE kind IN ({marks(removal.OWN)}) AND {condition} AND {LIVE} AND id = ?"
    with core.file().write() as writer:
        if not writer.execute(sql, [float(importance), *removal.OWN, *params, id]):
            hint = "It was never added, was forgotten, or belongs to another user, session or agent."
            raise NotFound(f"nothing has the id {id!r}", hint=hint)


def _chosen(
    writer: Writer, scope: Scope, policy: Policy, kinds: Sequence[str], now: datetime
) -> tuple[list[Row], dict[int, str]]:
    condition, params = visible(scope)
    sql = f"SELECT * FROM items WHERE kind IN ({marks(kinds)}) AND {condition} AND {LIVE} ORDER BY rid"
    rows = writer.read(sql, [*kinds, *params])
    reasons = policy.choose(rows, now)
    return [row for row in rows if row["rid"] in reasons and not _pinned(row)], reasons


def _pinned(row: Row) -> bool:
    return bool(row["importance"] >= PINNED)


def _written(row: Row) -> str:
    """When it counts as written; times are stored so that their texts are in the order of time."""
    return max(str(row["recorded_at"]), row["at"] or "")


def _touched(row: Row) -> str:
    """When it was last written or used."""
    return max(_written(row), row["used_at"] or "")


def _days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):.3g} days"


def _check_policy(policy: object) -> None:
    fits = isinstance(policy, Policy) and not isinstance(policy, type)
    _check(fits, "a policy such as OlderThan(timedelta(days=365))", policy)


def _check_half_life(half_life: object) -> None:
    positive = isinstance(half_life, timedelta) and half_life > timedelta(0)
    _check(positive, "a half-life above 0, as a timedelta", half_life)


def _check(condition: bool, wanted: str, got: object) -> None:
    if not condition:
        raise UsageProblem(f"retention needs {wanted}, got {got!r}")
