"""What a user's memory holds: to look at, search, edit, forget, restore and purge.

Every function has a handle that is bound to who is logged in. An id of somebody else's is one that there is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from login import User
from pydantic import BaseModel, Field

from memagent import Chat, Fact, Hit, Memory, Passage, Receipt
from memagent.memory.conversation import is_turn
from memagent.memory.forgotten import Forgotten

PAGE = 30
FOUND = 20

router = APIRouter(prefix="/api/memories")
Kind = Literal["turns", "facts", "notes", "forgotten"]
Shown = Mapping[str, Any]


def mine(request: Request, user: User) -> Memory:
    """Return the memory of who is logged in."""
    memory: Memory = request.app.state.memory
    return memory.bind(user=user)


Mine = Annotated[Memory, Depends(mine)]
Id = Annotated[str, Field(min_length=1, max_length=200)]


class Edit(BaseModel):
    """Another text for a memory."""

    id: Id
    text: str = Field(min_length=1, max_length=20_000)


class Choice(BaseModel):
    """A memory, and whether only to say what would be done."""

    id: Id
    dry_run: bool = True


@router.get("")
def listed(mine: Mine, kind: Kind = "turns", skip: Annotated[int, Query(ge=0, le=100_000)] = 0) -> Shown:
    """Return a page of what there is of a kind, the latest first where it has a time."""
    found = list(islice(_all(mine, kind), skip, skip + PAGE + 1))
    return {"memories": [_as_json(one) for one in found[:PAGE]], "more": len(found) > PAGE}


@router.get("/search")
def searched(mine: Mine, q: Annotated[str, Query(min_length=1, max_length=400)]) -> Shown:
    """Return what a search finds: turns and notes as a conversation recalls them, and facts."""
    hits = mine.search(q, FOUND, using="conversation") + mine.search(q, FOUND, using="facts")
    passages = {one.id: one for one in mine.turns.passages(hit.id for hit in hits)}
    found = sorted(hits, key=lambda hit: -hit.score)
    return {"memories": [_found(hit, passages.get(hit.id)) for hit in found], "more": False}


@router.get("/why")
def explained(mine: Mine, id: Annotated[str, Query(min_length=1, max_length=200)]) -> Shown:
    """Say where a memory comes from, what hangs on it, and what has become of it."""
    why = mine.why(id)
    return {"verdict": why.verdict, "lines": why.lines}


@router.post("/edit")
def edited(mine: Mine, edit: Edit) -> Shown:
    """Give a turn or note another text; facts that only the old text said go."""
    mine.edit(edit.id, edit.text)
    return _as_json(mine.get(edit.id))


@router.post("/forget")
def forgotten(mine: Mine, choice: Choice) -> Shown:
    """Hide a memory, and what was answered to it, until they are restored."""
    return _receipt(mine, mine.forget(choice.id, dry_run=choice.dry_run))


@router.post("/restore")
def restored(mine: Mine, choice: Choice) -> Shown:
    """Bring a memory back that was forgotten."""
    return _receipt(mine, mine.restore(choice.id, dry_run=choice.dry_run))


@router.post("/purge")
def purged(mine: Mine, choice: Choice) -> Shown:
    """Erase a memory and what was answered to it, so that no byte of them is left in any file."""
    return _receipt(mine, mine.purge(choice.id, dry_run=choice.dry_run))


@router.post("/learn")
def learned(request: Request, user: User) -> Shown:
    """Take facts from what this user said since the last time; a model may be asked once a sentence."""
    chat: Chat = request.app.state.chat
    done = chat.bind(user=user).flush()
    return {"turns": done.turns, "facts": len(done.facts), "failed": len(done.failed)}


def _all(mine: Memory, kind: Kind) -> Iterable[Passage | Fact | Forgotten]:
    if kind == "facts":
        return sorted(mine.facts.find(), key=lambda fact: fact.at, reverse=True)
    if kind == "forgotten":
        return mine.forgotten(1000)
    return mine.turns.latest() if kind == "turns" else (one for one in mine.passages() if not is_turn(one))


def _found(hit: Hit, passage: Passage | None) -> Shown:
    known = _as_json(passage) if passage is not None else {"id": hit.id, "kind": hit.kind, "text": hit.text}
    return {**known, "score": hit.score, "parts": dict(hit.parts), "why": hit.why}


def _as_json(one: Passage | Fact | Forgotten) -> Shown:
    if isinstance(one, Forgotten):
        return {"id": one.id, "kind": one.kind, "text": one.text, "at": one.at.isoformat(), "forgotten": True}
    if isinstance(one, Fact):
        return {"id": one.id, "kind": "fact", "text": one.text, "at": one.at.isoformat(), "source": _says(one)}
    return {
        "id": one.id,
        "kind": "turn" if is_turn(one) else "note",
        "text": one.text,
        "at": (one.at or one.recorded_at).isoformat(),
        "role": one.metadata.get("role", ""),
        "session": one.scope.session or "",
        "source": one.source or one.title,
    }


def _says(fact: Fact) -> str:
    return ", ".join(fact.sources) or ("said in a conversation" if fact.passages else "")


def _receipt(mine: Memory, receipt: Receipt) -> Shown:
    """Return a receipt; `also` is what goes with what was named, `left` what stays with its words, each with why."""
    return {
        "counts": receipt.counts,
        "total": receipt.total,
        "dry_run": receipt.dry_run,
        "text": str(receipt),
        "also": _with_texts(mine, receipt.reasons),
        "left": _with_texts(mine, receipt.left),
    }


def _with_texts(mine: Memory, reasons: Mapping[str, str]) -> list[Shown]:
    """Return ids with why, and with their texts where they are still there to be read."""
    texts = {one.id: one.text for one in mine.turns.passages(reasons)}
    return [{"id": id, "why": why, "text": texts.get(id, "")} for id, why in reasons.items()]
