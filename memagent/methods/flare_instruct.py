"""FLARE instruct (Jiang et al., arXiv:2305.06983, section 3.1): the model itself asks for a search while it writes.

It is shown by examples to write `[Search(terms)]` where it needs a fact. There the reply is stopped, the call is taken
out of the text, the terms are looked up, and the answer goes on from before the call with what was found.

Where we differ from the paper: after a search, `[` is forbidden for the rest of the sentence (the paper: "the next few
tokens"); a search for what was looked up before shows what it found then; the examples are our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from memagent.flow import Flow, inquire, tell
from memagent.methods.arguments import check_counts, check_look_up, check_seconds
from memagent.methods.continuing import Piece, first_sentence, gap_at
from memagent.methods.drafting import Draft
from memagent.methods.looking_up import LookUp, looked_up
from memagent.methods.plain import numbered, shortened
from memagent.methods.writer import Writer
from memagent.prompts import fill
from memagent.tokens import slice_tokens
from memagent.types import Answer, Hit, Message, Part

RAISED = 2.0
FORBIDDEN = -100.0
"""What is added to the logit of `[`: to make searches likelier, and to have none right after one."""

_CALL = re.compile(r"\[\s*search\s*\(", re.IGNORECASE)
_CLOSED = re.compile(r"\)\s*\]|\]|\n")
_STOP = ")]"


def flare_instruct(
    question: str,
    *,
    k: int = 3,
    using: str = "",
    searches: int = 5,
    lookahead: int = 64,
    max_tokens: int = 256,
    examples: str = "",
    look_up: LookUp | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Answer]:
    """Answer a question with searches that the model asks for.

    A call up to each search, one for the rest of its sentence, one to go on from there: at most 2 * `searches` + 2
    calls and `searches` searches. A model that takes no logit bias is asked for searches by the prompt alone, which is
    told before the first call. If a search fails, the answer is written on without it, and `problems` says so.

    Args:
        question: what is asked.
        k: how many passages each search gives.
        using: the retriever.
        searches: how many searches at most.
        lookahead: how many tokens the rest of a sentence may have after a search.
        max_tokens: how many tokens the answer has at most, give or take the last call.
        examples: solved questions, shown before the question.
        look_up: in place of the retriever, a flow that finds passages.
        timeout: seconds for each call.
        search_timeout: seconds for each search; with `look_up`, for each search and call that it makes.

    Raises:
        UsageProblem: an argument is none of those.
    """
    check_counts(k=k, lookahead=lookahead, max_tokens=max_tokens)
    check_counts(0, searches=searches)
    check_seconds(timeout=timeout, search_timeout=search_timeout)
    check_look_up(look_up)
    can = yield from inquire()
    run = _Run(
        writer=Writer(question, can, examples, timeout),
        search=partial(looked_up, k=k, using=using, look_up=look_up, timeout=search_timeout),
        allowed=searches,
        lookahead=lookahead,
        max_tokens=max_tokens,
    )
    if "logit_bias" not in can:
        run.notes.append("searches are asked for by the prompt alone: the model takes no logit bias")
        yield from tell(f"{run.notes[0][0].upper()}{run.notes[0][1:]}.")
    return (yield from run.finished(run.write()))


@dataclass(kw_only=True)
class _Run(Draft):
    """One answer while it is written."""

    writer: Writer
    search: Callable[[str], Flow[list[Hit]]]
    allowed: int
    lookahead: int
    max_tokens: int
    sought: dict[str, list[Hit]] = field(default_factory=dict)  # what each search has found
    query: str = ""  # what was looked up last

    @property
    def hits(self) -> list[Hit]:
        """The passages of the last search."""
        return self.sought.get(self.query, [])

    def write(self) -> Flow[None]:
        """Write up to the next search or to the end, search, go on: bounded by `allowed`."""
        for left in range(self.allowed, -1, -1):
            piece = yield from self._ask(RAISED if left else FORBIDDEN, self.max_tokens - self.size)
            query = yield from self._keep(piece)
            if self.size >= self.max_tokens or (piece is not None and piece.cut == "length" and not query):
                return self.cut_off(self.max_tokens)
            if not query:
                return
            if not left:
                self.problems.append(f"the model asked for more than {self.allowed} searches; the answer ends here")
                return
            yield from self._look_up(query)
            piece = yield from self._ask(FORBIDDEN, min(self.lookahead, self.max_tokens - self.size))
            rest = piece and first_sentence(piece)
            if rest is None or not rest.text.strip():
                return
            wants_more = yield from self._keep(rest)
            if rest.ended and not wants_more:
                return
            if self.size >= self.max_tokens:
                return self.cut_off(self.max_tokens)

    def _ask(self, bias: float, most: int) -> Flow[Piece | None]:
        call = self.writer.go_on(
            self.text,
            (),
            max_tokens=most,
            logit_bias={"[": bias} if "logit_bias" in self.writer.can else None,
            messages=self._prompt(),
            stop=(_STOP,),
            label="flare/search",
        )
        return (yield from self.called(call, most))

    def _prompt(self) -> list[Message]:
        shown = shortened(self.hits, self.query, self.writer.passage_tokens) if self.hits else []
        passages = numbered(shown) if shown else "(none yet)"
        return self.writer.led(fill("flare/search", passages=passages, question=self.writer.question))

    def kept_of(self, said: str) -> str:
        """What stands before a call that is not closed."""
        return parted(said)[0]

    def _keep(self, piece: Piece | None) -> Flow[str]:
        """Keep what stands before a call, and return what the call searches for; '' where there is none."""
        if piece is None:
            return ""
        kept, query = parted(piece.text)
        if kept.strip():
            found = bool(self.hits)
            part = Part(
                kept,
                kept,
                "retrieved" if found else "kept" if self.query else "first",
                self._why(),
                tokens=slice_tokens(piece.tokens, 0, len(kept)),
                queries=(self.query,) if self.query else (),
                hits=tuple(self.hits),
            )
            yield from self.take(part, gap=gap_at(piece.text, len(kept)) if query else piece.gap)
        self.size += piece.size
        return query

    def _why(self) -> str:
        """Why a part is as it is."""
        if not self.query:
            return "before any search"
        return f"after a search for {self.query!r}" + ("" if self.hits else "; nothing was found")

    def _look_up(self, query: str) -> Flow[None]:
        """Look something up, or show what was found for it before."""
        self.query = query
        if query not in self.sought:
            rankings = yield from self.found(self.search(query))
            self.sought[query] = rankings[0] if rankings else []


def parted(text: str) -> tuple[str, str]:
    """Return what stands before the first search call of a text, without blanks at its end, and what it searches for.

    Without a call all of the text is kept. A call that is not closed ends with its line.
    """
    call = _CALL.search(text)
    if call is None:
        return text, ""
    query = _CLOSED.split(text[call.end() :], maxsplit=1)[0]
    return text[: call.start()].rstrip(), query.strip(" \"'“”)")
