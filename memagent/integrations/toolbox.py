"""The tools that a model works a memory with, whatever protocol they are offered by.

tools = MemoryTools(memory.bind(user="alice"))
tools.definitions[0].name  # "search_memory"
tools.call("search_memory", {"query": "tea"}).text
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from memagent.errors import Conflict, NotFound, UnknownName, UsageProblem
from memagent.integrations import tool_arguments as given
from memagent.integrations.capped import TOKENS, capped, check_tokens, few, short
from memagent.integrations.existing import existing
from memagent.integrations.tool_arguments import Arguments, iso, parsed, schema_of
from memagent.memory import Memory
from memagent.memory.awaiting import awaitable
from memagent.memory.idle_turns import without_idle
from memagent.types import Fact, Hit, Note, Passage, Receipt, Tool

if TYPE_CHECKING:
    from memagent.retrievers.base import Retriever

_AROUND = 200  # tokens of what a result has besides its entries
SAVED = "saved_by"
"""In the metadata of a passage that a model has saved: the tool's name."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gives back to the model.

    Attributes:
        data: the result, as JSON; of a failure, `error` and `hint`.
        failed: the call was wrong, and `data` says what to do about it.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False

    @property
    def text(self) -> str:
        """The data as one JSON text: what was remembered stands in it as data, in quotes."""
        return json.dumps(self.data, ensure_ascii=False)


class MemoryTools:
    """The tools of one handle: what they read and write is its scope, whatever a model says.

    What a model gets wrong (a tool that is not there, broken JSON, an unknown id) is a result that says so, and never
    an exception. A memory that fails (a full disk, say) raises, because that is nothing a model can mend.

    No result has more than `tokens` tokens: of long memories the pieces around what was looked for are shown, and
    `left_out` says of each, and of all, what is not.

    Args:
        memory: a bound handle, or a memory that was opened with `single_user=True`.
        only: the names of the tools to offer; all of `NAMES` if not given.
        using: how `search_memory` searches: as for `Memory.search`.
        tokens: of a result, at most; 400 or more.

    Raises:
        ScopeRequired: no user is bound.
        UnknownName: there is no tool, or no retriever, of that name.
    """

    def __init__(
        self,
        memory: Memory,
        *,
        only: Iterable[str] | None = None,
        using: str | Retriever = "hybrid",
        tokens: int = TOKENS,
    ) -> None:
        self._tokens = check_tokens(tokens)
        memory.search("", 1, using=using)  # says here, and not at the first call, that no user or retriever is there
        self._memory = memory
        self._using = using
        wanted = list(NAMES if only is None else only)
        self._definitions = tuple(definition(name) for name in wanted)
        self._names = tuple(wanted)

    @property
    def memory(self) -> Memory:
        """The handle that the tools work on."""
        return self._memory

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """The tools as a model is told of them."""
        return self._definitions

    def call(self, name: str, arguments: str | Mapping[str, Any] = "{}") -> ToolResult:
        """Do what a model asks for and return what it is to be told.

        Args:
            name: of the tool.
            arguments: the JSON text as the model wrote it, or what was read from it.
        """
        try:
            if name not in self._names:
                raise UnknownName(f"there is no tool {name!r}", hint=self._nearest(name))
            done = _RUN[name](self, parsed(_KINDS[name], arguments))
        except (UsageProblem, NotFound, Conflict) as error:
            return ToolResult({"error": error.message, "hint": error.hint}, failed=True)
        return ToolResult(done)

    acall = awaitable(call)

    def _nearest(self, name: str) -> str:
        near = get_close_matches(str(name), self._names, n=1)
        return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(self._names)}."

    # --- one method for each tool

    def _search(self, asked: given.Search) -> dict[str, Any]:
        hits = answering(self._memory, asked.query, asked.k, self._using)
        return self._capped([{**told, **_found(hit)} for hit, told in told_of(self._memory, hits)], asked.query)

    def _save(self, asked: given.Save) -> dict[str, Any]:
        [id] = self._memory.add(Note(asked.text, at=asked.at, metadata={SAVED: "save_memory"}))
        return {"id": id}

    def _recent(self, asked: given.Recent) -> dict[str, Any]:
        said = (passage for passage in self._memory.passages() if passage.text.strip())
        return self._capped([shown(passage) for passage in reversed(deque(said, maxlen=asked.limit))])

    def _explain(self, asked: given.Explain) -> dict[str, Any]:
        found = self._memory.why(asked.id)
        fit = capped([{"text": line} for line in found.lines], "", self._tokens - _AROUND)
        told = {"id": found.id, "kind": found.kind, "verdict": short(found.verdict)}
        return {**told, "lines": [one["text"] for one in fit.entries], **fit.told}

    def _forget(self, asked: given.Forget) -> dict[str, Any]:
        first = self._memory.forget(asked.ids, dry_run=True)
        code = _code(asked.ids, first)
        if not asked.confirm:
            fit = capped([{"id": id, "text": self._text(id)} for id in first.ids], "", self._tokens, every=True)
            return {"would_forget": fit.entries, "confirm": code, "done": False}
        if asked.confirm != code:
            hint = "Call it without confirm, look at what would be hidden, and give the code that comes with it."
            raise UsageProblem(f"{asked.confirm!r} is not the code for these ids", hint=hint)
        return {"forgotten": list(self._memory.forget(asked.ids).ids), "done": True}

    def _restore(self, asked: given.Restore) -> dict[str, Any]:
        return {"restored": list(self._memory.restore(asked.ids).ids)}

    def _facts(self, asked: given.Facts) -> dict[str, Any]:
        parts = [part.strip() or None for part in (asked.subject, asked.relation, asked.object)]
        if asked.query.strip():
            if any(parts):
                raise UsageProblem(
                    "query comes in place of subject, relation and object", hint="Give one or the other."
                )
            hits = self._memory.facts.search(asked.query, asked.limit)
            return self._facts_told(
                [{"id": hit.id, "fact": list(hit.triple), "score": round(hit.score, 4)} for hit in hits], asked.query
            )
        found = self._memory.facts.find(*parts, history=asked.history)
        told = self._facts_told([_fact(fact) for fact in found[: asked.limit]])
        return {**told, "more": max(0, len(found) - len(told["facts"]))}

    def _capped(self, entries: Sequence[Mapping[str, Any]], query: str = "") -> dict[str, Any]:
        fit = capped(entries, query, self._tokens)
        return {"memories": fit.entries, **fit.told}

    def _facts_told(self, facts: Sequence[Mapping[str, Any]], query: str = "") -> dict[str, Any]:
        """Facts as they are told; a part of one that is long is told in pieces."""
        short_ones = [{"text": "", **fact, "fact": [short(part, query) for part in fact["fact"]]} for fact in facts]
        fit = capped(short_ones, query, self._tokens)
        told = [{name: value for name, value in one.items() if name != "text"} for one in fit.entries]
        return {"facts": told, **fit.told}

    def _text(self, id: str) -> str:
        for get in (self._memory.get, self._memory.facts.get, self._memory.rationales.get):
            try:
                return get(id).text
            except NotFound:
                continue
        return ""


def definition(name: str) -> Tool:
    """Return a tool as a model is told of it; `UnknownName` if there is none of that name."""
    if name not in _KINDS:
        raise UnknownName(f"there is no tool {name!r}", hint=f"There are: {', '.join(NAMES)}.")
    kind = _KINDS[name]
    return Tool(name, " ".join((kind.__doc__ or "").split()), schema_of(kind))


def answering(memory: Memory, query: str, k: int, using: str | Retriever) -> list[Hit]:
    """Return up to k hits, best first, without turns that answer nothing, such as the question just asked."""
    hits = memory.search(query, 2 * k, using=using)
    passages = {one.id: one for one in existing(memory, [hit.id for hit in hits if hit.kind == "passage"])}
    return without_idle(hits, passages, query)[:k]


def told_of(memory: Memory, hits: Sequence[Hit]) -> list[tuple[Hit, dict[str, Any]]]:
    """Return hits, each with what `shown` says of it."""
    passages = existing(memory, [hit.id for hit in hits if hit.kind == "passage"])
    by_id = {passage.id: shown(passage) for passage in passages}
    return [(hit, by_id.get(hit.id, {"id": hit.id, "kind": hit.kind, "text": hit.text})) for hit in hits]


def shown(passage: Passage) -> dict[str, Any]:
    """Return a passage as tools show it: its id and text, and where it comes from as far as that is known."""
    said = {name: passage.metadata.get(name) for name in ("role", "speaker")}
    told = {"title": passage.title, "source": passage.source, "at": iso(passage.at), **said}
    return {
        "id": passage.id,
        "text": passage.text,
        **{name: value for name, value in told.items() if value},
        "recorded_at": iso(passage.recorded_at),
    }


def _found(hit: Hit) -> dict[str, Any]:
    return {"score": round(hit.score, 4), "why": hit.why}


def _fact(fact: Fact) -> dict[str, Any]:
    told = {
        "id": fact.id,
        "fact": [fact.subject, fact.relation, fact.object],
        "since": iso(fact.at),
        "until": iso(fact.until),
        "passages": few(fact.passages),
    }
    return {name: value for name, value in told.items() if value}


def _code(ids: Sequence[str], would: Receipt) -> str:
    """A code that holds for just what a dry run has shown."""
    content = json.dumps([sorted(set(ids)), sorted(would.ids), sorted(would.counts.items())])
    return hashlib.blake2b(content.encode(), digest_size=5).hexdigest()


_KINDS: dict[str, type[Arguments]] = {
    "search_memory": given.Search,
    "save_memory": given.Save,
    "list_memories": given.Recent,
    "explain_memory": given.Explain,
    "forget_memory": given.Forget,
    "restore_memory": given.Restore,
    "find_facts": given.Facts,
}
NAMES = tuple(_KINDS)
"""The names of all tools."""

READING = ("search_memory", "list_memories", "explain_memory", "find_facts")
"""Those that change nothing."""

_RUN: dict[str, Callable[[MemoryTools, Any], dict[str, Any]]] = {
    "search_memory": MemoryTools._search,
    "save_memory": MemoryTools._save,
    "list_memories": MemoryTools._recent,
    "explain_memory": MemoryTools._explain,
    "forget_memory": MemoryTools._forget,
    "restore_memory": MemoryTools._restore,
    "find_facts": MemoryTools._facts,
}
