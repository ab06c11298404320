"""Why a memory is as it is, and why it was not found: answers in words, from what is on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memagent.errors import NotFound, UsageProblem
from memagent.memory.core import Core
from memagent.memory.retention import strength
from memagent.stores import removal
from memagent.stores.base import Database, Row
from memagent.stores.items import moment, utc
from memagent.stores.keys import key
from memagent.stores.scoping import of_row, visible
from memagent.stores.validity import standing
from memagent.types import Fact, Hit, Scope

if TYPE_CHECKING:
    from memagent.memory.memory import Memory

_DEEPEST = 100_000


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explanation of one memory; as text, its lines.

    Attributes:
        id: which memory.
        kind: `passage`, `fact` or `rationale`; '' where there is none.
        verdict: for `why`: `live`, `forgotten`, `ended`, `superseded` or `not yet`. For `why_not`, which cut it missed:
            `absent`, `forgotten`, `not yet`, `ended`, `superseded`, `no match`, `rank`; or `found`, if it is among the
            hits.
        lines: the explanation, one thing a line.
    """

    id: str
    kind: str
    verdict: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def why(core: Core, scope: Scope, id: str) -> Explanation:
    """Explain a passage, a fact or a rationale; see `Memory.why`."""
    row = _row(core.file(), scope, id)
    if row is None:
        raise NotFound(f"nothing here has the id {id!r}", hint=_ABSENT)
    own = bool(removal.chosen(core.file(), scope, [id]))
    lines = [_origin(row, own), _use(row)]
    verdict = "forgotten" if row["retired_at"] else "live"
    if row["kind"] == "passage":
        lines.insert(1, _carried(core.file(), row))
    if row["kind"] == "rationale":
        lines.insert(1, _outcomes(core.file(), row))
    if row["kind"] == "fact" and not row["retired_at"]:
        stretches = core.triples.facts(scope, ids=[id], history=True)
        verdict = standing(stretches, datetime.now(UTC)) if stretches else "forgotten"
        lines[1:1] = [_held(fact) for fact in stretches] or ["every passage that says so is forgotten"]
        lines[1:1] = _functional(core, scope, stretches)
    if row["retired_at"]:
        lines.append(f"forgotten at {_shown(row['retired_at'])}; restore({id!r}) brings it back")
    return Explanation(id, row["kind"], verdict, tuple(lines))


def why_not(memory: Memory, id: str, query: str, k: int, using: str, as_of: datetime | None) -> Explanation:
    """Explain which cut a memory misses in a search; see `Memory.why_not`."""
    core, scope = memory.core, memory.scope
    row = _row(core.file(), scope, id)
    hits = _searched(memory, row["kind"] if row is not None else "passage", query, k, using, as_of)
    if row is None:
        return Explanation(id, "", "absent", (f"nothing here has the id {id!r}", _ABSENT))
    found = next((rank for rank, hit in enumerate(hits, 1) if hit.id == id), None)
    if found is not None:
        return Explanation(id, row["kind"], "found", (f"it is found: rank {found} of {k}, {hits[found - 1].why}",))
    if row["retired_at"]:
        line = f"it was forgotten at {_shown(row['retired_at'])}; restore({id!r}) brings it back"
        return Explanation(id, row["kind"], "forgotten", (line,))
    early = _out_of_time(core, scope, row, as_of)
    if early is not None:
        return early
    return _outranked(memory, row, query, k, using, as_of, hits)


def _searched(memory: Memory, kind: str, query: str, k: int, using: str, as_of: datetime | None) -> list[Hit]:
    if kind == "fact":
        using = "hybrid" if using == "facts" else using  # what searches passages calls it so
        return memory.facts.search(query, k, using=using, as_of=as_of)
    if kind == "rationale":
        return memory.rationales.search(query, k, using=using)
    return memory.search(query, k, using=using, as_of=as_of)


def _out_of_time(core: Core, scope: Scope, row: Row, as_of: datetime | None) -> Explanation | None:
    at = as_of or datetime.now(UTC)
    if row["kind"] == "fact":
        stretches = core.triples.facts(scope, ids=[row["id"]], history=True)
        if not stretches:
            line = "every passage that says so is forgotten"
            return Explanation(row["id"], "fact", "forgotten", (line,))
        state = standing(stretches, at)
        return None if state == "live" else Explanation(row["id"], "fact", state, tuple(map(_held, stretches)))
    happened = row["at"] or row["recorded_at"]
    if as_of is not None and row["kind"] == "passage" and happened > (utc(as_of, "as_of") or ""):
        line = f"it counts as of {_shown(happened)}, which is after {_shown(utc(as_of) or '')}"
        return Explanation(row["id"], "passage", "not yet", (line,))
    return None


def _outranked(
    memory: Memory, row: Row, query: str, k: int, using: str, as_of: datetime | None, hits: list[Hit]
) -> Explanation:
    """Look as deep as it takes, by each way of searching, and say where it stands."""
    lines, best = [], ""
    ways = (
        ("keyword", "dense")
        if (using in ("hybrid", "facts") and row["kind"] != "passage") or using == "hybrid"
        else (using,)
    )
    for way in ways:
        deep = _searched(memory, row["kind"], query, _DEEPEST, way, as_of)
        place = next((rank for rank, hit in enumerate(deep, 1) if hit.id == row["id"]), None)
        lines.append(_standing(way, place, deep, k))
        best = best or ("rank" if place else "")
    if best and hits:
        lines.append(f"the last of the {len(hits)} that were found has the score {hits[-1].score:.2f}: {hits[-1].id}")
    return Explanation(row["id"], row["kind"], best or "no match", tuple(lines))


def _standing(way: str, place: int | None, deep: list[Hit], k: int) -> str:
    if place is not None:
        score = deep[place - 1].score
        return f"{way}: rank {place} with {score:.2f}, where k={k} shows ranks up to {k}; k={place} would show it"
    reason = {
        "keyword": "it has none of the words that are searched (very common ones are left out)",
        "dense": "its vector does not point the same way as the query's",
        "facts": "this retriever finds facts, not passages",
    }
    return f"{way}: not found; {reason.get(way, 'this retriever gives no reason')}"


def _row(database: Database, scope: Scope, id: str) -> Row | None:
    if not isinstance(id, str):
        raise UsageProblem(f"an id must be a str, not {type(id).__name__}")
    rows = removal.chosen(database, scope, [id])
    if not rows:
        condition, params = visible(scope, shared=True)
        sql = f"SELECT * FROM items WHERE kind = 'rationale' AND id = ? AND {condition} AND retired_at IS NULL"
        rows = database.read(sql, [id, *params])
    return rows[-1] if rows else None


def _origin(row: Row, own: bool) -> str:
    """What it is and where it comes from; of what another scope shares, only what it is and when it was written."""
    if not own:
        return f"{row['kind']}, written {_shown(row['recorded_at'])}, shared by another scope"
    scope = of_row(row)
    where = [f"{name} {value!r}" for name in ("session", "agent") if (value := getattr(scope, name)) is not None]
    parts = [f"{row['kind']}, written {_shown(row['recorded_at'])}"]
    parts += [f"in {' and '.join(where)}"] * bool(where)
    parts += [f"from {row['source']!r}"] * bool(row["source"])
    parts += [f"of {_shown(row['at'])}"] if row["at"] else []
    return ", ".join(parts)


def _use(row: Row) -> str:
    used = f"used {row['uses']} times, last {_shown(row['used_at'])}" if row["uses"] else "never marked as used"
    return f"{used}; importance {row['importance']:g}, strength {strength(row, datetime.now(UTC)):.2f}"


def _carried(database: Database, row: Row) -> str:
    sql = "SELECT count(DISTINCT fact) AS n FROM evidence WHERE passage = ?"
    count = database.read(sql, [row["rid"]])[0]["n"]
    return f"{count} {'fact hangs' if count == 1 else 'facts hang'} on it"


def _outcomes(database: Database, row: Row) -> str:
    sql = "SELECT verified, successes, failures FROM rationales WHERE rid = ?"
    found = database.read(sql, [row["rid"]])[0]
    verified = f"verified by {found['verified']}" if found["verified"] else "not verified"
    return f"{verified}; followed by success {found['successes']} times and by failure {found['failures']} times"


def _held(fact: Fact) -> str:
    until = "and holds" if fact.until is None else f"until {_when(fact.until)}"
    line = f"{fact.text!r} from {_when(fact.at)} {until}"
    said = [*(f"source {source!r}" for source in fact.sources), *(f"passage {id!r}" for id in fact.passages[:5])]
    line += f"; said by {', '.join(said)}" if said else "; said without a source"
    return f"{line}; superseded by {fact.superseded_by}" if fact.superseded_by else line


def _functional(core: Core, scope: Scope, stretches: list[Fact]) -> list[str]:
    """Whether a newer value takes the place of an older one here, and who says so."""
    if not stretches or not core.triples.functional(scope, stretches[0].relation):
        return []
    for relation in core.triples.relations(scope):
        if relation.name == key(stretches[0].relation):
            counts = f"{relation.subjects} subjects, {relation.facts} facts"
            return [f"{relation.name!r} has one value at a time ({relation.how}; {counts})"]
    return []


def _shown(stored: str) -> str:
    return _when(moment(stored))


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


_ABSENT = "It was never added, was deleted or purged, or belongs to another user, session or agent."
