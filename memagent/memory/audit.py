"""Looking over what a scope holds for what should not be there. It reports and changes nothing.

An audit of 10,134 memories of a running product found nearly all of them to be junk: restated system prompts, recalled
memories that were taken up again as new ones, and copies (mem0 issue 4573). Those are looked for, and secrets.
Everything here is a guess from the look of a text: what it finds is to be read by somebody before it is deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from memagent.errors import UsageProblem
from memagent.gate import signs
from memagent.memory import suspicion
from memagent.memory.core import Core
from memagent.stores.items import LIVE, moment, utc
from memagent.stores.keys import key
from memagent.stores.scoping import visible
from memagent.types import Scope

KINDS = ("secret", "prompt", "recalled", "duplicate", "near-duplicate", "empty", "unused")
"""What an audit looks for, in the order in which it reports."""

Progress = Callable[[int, int], object]

_SHORT = 80  # characters: up to here, a text under two titles is two things, and a text within another a phrase
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at.

    Attributes:
        kind: one of `KINDS`.
        id: the passage or rationale that it is about.
        message: what it looks like, and why.
        other: the id of a second one that has to do with it, or ''.
    """

    kind: str
    id: str
    message: str
    other: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.id}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Text:
    """What is looked at of a passage or a rationale. `whole` is all that it says, its metadata with it."""

    id: str
    title: str
    text: str
    whole: str
    shared: bool = False


def audit(
    core: Core,
    scope: Scope,
    *,
    kinds: Iterable[str] = KINDS,
    unused_after: timedelta = timedelta(days=90),
    near: float = 0.97,
    now: datetime | None = None,
    on_progress: Progress | None = None,
) -> list[Finding]:
    """Look over the live passages that a scope sees, and the rationales that it wrote.

    - `secret`: a key, a token, a password or the number of a payment card. The message has its first letters at most.
    - `prompt`: words that are said to a model, such as a system prompt.
    - `recalled`: a list of memories as a prompt shows it, or the whole of another text of more than 80 characters.
    - `duplicate`: the text of another, but for case, width and spaces.
    - `near-duplicate`: a passage with nearly the vector of another; of a passage, its two nearest are looked at.
    - `empty`: no word in it.
    - `unused`: never marked as used, and written long ago.

    Args:
        core: the open memory.
        scope: whose.
        kinds: what to look for.
        unused_after: how long ago something must have been written to count as unused.
        near: from which cosine on two passages are near duplicates.
        now: the moment (aware) for `unused`; the present one if not given.
        on_progress: called with how many passages were compared with their neighbours, and of how many.

    Raises:
        UsageProblem: there is no such kind, `now` has no time zone, or the memory has no file.
    """
    wanted = _wanted(kinds)
    core.file()
    passages, rationales = list(_passages(core, scope)), list(_rationales(core, scope))
    found = [finding for one in [*passages, *rationales] for finding in _in_one(one)]
    copies = [*_duplicates(passages), *_duplicates(rationales)]
    found += copies
    if "recalled" in wanted:
        found += _contained(passages)
    if "near-duplicate" in wanted:
        found += _near_duplicates(core, scope, passages, near, {one.id: one.other for one in copies}, on_progress)
    if "unused" in wanted:
        found += _unused(core, scope, unused_after, datetime.now(UTC) if now is None else now)
    kept = dict.fromkeys(finding for finding in found if finding.kind in wanted)
    return sorted(kept, key=lambda finding: KINDS.index(finding.kind))


def _wanted(kinds: Iterable[str]) -> set[str]:
    wanted = {kinds} if isinstance(kinds, str) else set(kinds)
    if unknown := sorted(wanted - set(KINDS)):
        raise UsageProblem(f"an audit does not look for {', '.join(unknown)}", hint=f"It knows {', '.join(KINDS)}.")
    return wanted


def _passages(core: Core, scope: Scope) -> Iterator[_Text]:
    for passage in core.passages.passages(scope):
        whole = [passage.full_text, passage.source, *_values(passage.metadata)]
        yield _Text(passage.id, passage.title, passage.text, "\n".join(whole))


def _rationales(core: Core, scope: Scope) -> Iterator[_Text]:
    """Its own only: what others share is for them to look over."""
    condition, params = visible(scope)
    sql = f"SELECT id FROM items WHERE kind = 'rationale' AND {condition} AND {LIVE}"
    own = {row["id"] for row in core.file().read(sql, params)}
    for one in core.rationales.rationales(scope):
        if one.id in own:
            whole = [one.text, one.verified, one.source, *_values(one.metadata)]
            yield _Text(one.id, "", one.text, "\n".join(whole), one.shared)


def _values(metadata: object) -> list[str]:
    """Metadata as lines of `name: value`, so that a password is seen by its name."""
    if not isinstance(metadata, dict):
        return []
    return [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in metadata.items()]


def _in_one(one: _Text) -> Iterator[Finding]:
    """What a text shows by itself."""
    for secret in suspicion.secrets(one.whole):
        seen = ", and every scope can read it" if one.shared else ""
        yield Finding("secret", one.id, f"holds what looks like {secret}{seen}")
    if said := signs.said_to_a_model(one.text):
        yield Finding("prompt", one.id, f"has what is said to a model: {said}")
    if shown := signs.recalled(one.text):
        yield Finding("recalled", one.id, f"looks like memories that a prompt showed: {shown}")
    if not any(character.isalnum() for character in one.text):
        yield Finding("empty", one.id, "has no word, so that it is found by nothing but its title")


def _duplicates(texts: Iterable[_Text]) -> Iterator[Finding]:
    """Equal texts under different ids; a short one under two titles says two things."""
    first: dict[tuple[str, str], _Text] = {}
    for one in texts:
        folded = key(one.text)
        title = key(one.title) if len(folded) <= _SHORT else ""
        before = first.setdefault((title, folded), one)
        if before.id != one.id:
            yield Finding("duplicate", one.id, f"says the same as {before.id}", before.id)


def _contained(passages: Iterable[_Text]) -> Iterator[Finding]:
    """Passages that hold the whole of another. One is looked for only where its first characters are found."""
    folded = [(one, _core_of(key(one.text))) for one in passages]
    begins: dict[str, list[tuple[_Text, str]]] = {}
    for one, text in folded:
        if len(text) > _SHORT:
            begins.setdefault(text[:_SHORT], []).append((one, text))
    for one, text in folded:
        for start in suspicion.word_starts(text, before=len(text) - _SHORT):
            for other, inner in begins.get(text[start : start + _SHORT], ()):
                if len(inner) < len(text) and other.id != one.id and text.startswith(inner, start):
                    yield Finding("recalled", one.id, f"holds the whole text of {other.id}", other.id)


def _core_of(text: str) -> str:
    """A folded text from its first word on, and without the marks at its end."""
    first = next(iter(suspicion.word_starts(text)), len(text))
    last = len(text)
    while last > first and not text[last - 1].isalnum():
        last -= 1
    return text[first:last]


def _near_duplicates(
    core: Core,
    scope: Scope,
    passages: Sequence[_Text],
    near: float,
    copy_of: dict[str, str],
    on_progress: Progress | None,
) -> Iterator[Finding]:
    """Pairs that are close, the newer first, each once; copies of one text are known already and passed over."""
    order = {one.id: place for place, one in enumerate(passages)}
    seen: set[tuple[str, str]] = set()
    for done, (id, vector) in enumerate(_vectors(core, scope), 1):
        for match in core.passages.nearest(scope, vector, 3):
            new, old = sorted((id, match.passage.id), key=lambda one: order.get(one, -1), reverse=True)
            known = new == old or (new, old) in seen or copy_of.get(new, new) == copy_of.get(old, old)
            if match.score >= near and not known:
                seen.add((new, old))
                yield Finding("near-duplicate", new, f"says nearly the same as {old} (cosine {match.score:.3f})", old)
        if on_progress is not None:
            on_progress(done, max(done, len(passages)))


def _vectors(core: Core, scope: Scope) -> Iterator[tuple[str, np.ndarray[tuple[int], np.dtype[np.float32]]]]:
    condition, params = visible(scope)
    sql = f"""SELECT items.rid, items.id, vectors.vector FROM items JOIN vectors ON vectors.rid = items.rid
              WHERE items.kind = 'passage' AND {condition} AND {LIVE} AND items.rid > ?
              ORDER BY items.rid LIMIT {_PAGE}"""
    last = 0
    while rows := core.file().read(sql, [*params, last]):
        yield from ((row["id"], np.frombuffer(row["vector"], dtype="<f4")) for row in rows)
        last = rows[-1]["rid"]


def _unused(core: Core, scope: Scope, after: timedelta, now: datetime) -> Iterator[Finding]:
    condition, params = visible(scope)
    sql = f"""SELECT items.id, items.recorded_at FROM items LEFT JOIN rationales ON rationales.rid = items.rid
              WHERE items.kind IN ('passage', 'rationale') AND {condition} AND {LIVE} AND items.uses = 0
              AND coalesce(rationales.successes + rationales.failures, 0) = 0 AND items.recorded_at < ?
              ORDER BY items.rid"""
    for row in core.file().read(sql, [*params, utc(now - after, "now")]):
        days = (now - moment(row["recorded_at"])).days
        yield Finding("unused", row["id"], f"was written {days} days ago and never marked as used")
