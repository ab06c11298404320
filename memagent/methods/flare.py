"""FLARE (Jiang et al., arXiv:2305.06983): look ahead one sentence, and look things up where the model is unsure of it.

The first sentence is written with what the question itself finds. Each further sentence is first written without
passages; if all of its tokens are likely enough it stands, otherwise it becomes a query and is written anew with what
that finds. `flare` decides by confidence (FLARE direct), `flare_instruct` lets the model ask for a search itself.

Where we differ from the paper and its published code:
- A confident sentence costs one call. The code always makes a second one; `compat="reference"` does as well.
- `theta=0` never looks up and `theta=1` does for every sentence that is not certain, as in the paper; the code's zero
  looks up every time. `trigger` says it in words.
- A query that would be empty, because every token is unlikely, falls back to the sentence itself.
- Sentences end where a sentence splitter says that they do; the code's ends one after `Mr.` and `Nov.`.
- A token that a sentence ends within is cut there; the code goes on to the token's end.
- The budget counts the tokens of the answer, not those that were looked ahead.
- An answer that begins to repeat itself ends there, and says so; a sentence that comes out as an earlier one when it is
  written anew stays as it was.
- Confidence may be measured without log-probabilities; see `confidence`.
- The prompts are our own; `examples` takes the paper's solved questions, or yours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from memagent.errors import CapabilityError, UsageProblem
from memagent.flow import Flow, inquire, tell
from memagent.methods import flare_queries
from memagent.methods.arguments import check_counts, check_look_up, check_seconds
from memagent.methods.attempts import attempted
from memagent.methods.confidence import FALLBACK, NO_LOGPROBS, Judge, Measure, chosen, evenly, measured, probabilities
from memagent.methods.continuing import Piece, first_sentence, is_end
from memagent.methods.drafting import BROKEN_OFF, Draft, once
from memagent.methods.looking_up import LookUp, looked_up
from memagent.methods.writer import Writer
from memagent.types import Answer, Hit, Part, Token

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "2wiki": {"theta": 0.8, "beta": 0.4, "queries": "implicit", "documents": "current", "k": 2},
    "strategyqa": {"theta": 0.4, "beta": 0.4, "queries": "implicit", "documents": "current", "k": 3},
    "asqa": {"theta": 0.8, "beta": 0.4, "queries": "explicit", "documents": "initial", "k": 3},
    "wikiasp": {"theta": 0.8, "beta": 0.4, "queries": "explicit", "documents": "initial", "k": 5, "max_tokens": 512},
}
"""The paper's settings for its four data sets (tables 7 and 9): `flare(question, **PRESETS["2wiki"])`. It also gives 8,
6, 8 and 4 solved questions as examples, and for 2WikiMultihopQA those with passages."""

Documents = Literal["current", "initial", "all"]
Queries = Literal["implicit", "explicit"]
Trigger = Literal["threshold", "never", "always"]


def flare(
    question: str,
    *,
    k: int = 3,
    using: str = "",
    theta: float = 0.8,
    beta: float = 0.4,
    queries: Queries = "implicit",
    trigger: Trigger = "threshold",
    documents: Documents = "current",
    confidence: Measure | Literal["auto"] | Judge = "auto",
    samples: int = 3,
    lookahead: int = 64,
    max_tokens: int = 256,
    examples: str = "",
    look_up: LookUp | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
    compat: Literal["", "reference"] = "",
) -> Flow[Answer]:
    """Answer a question sentence by sentence, looking up what the model is unsure of.

    One search and one call for the first sentence. Then one call for a sentence that the model is sure of, two calls
    and one search for one that it is not; explicit queries cost a call and a search for each unsure span, and
    confidence without log-probabilities costs what `confidence` says. If a search fails, or takes longer than it may,
    the answer is written on without looking up, and `problems` says so; if a call fails, it ends there, with what had
    been streamed of it.

    Args:
        question: what is asked; it is the first query, in full.
        k: how many passages each look-up gives.
        using: the retriever.
        theta: a sentence is looked up if one of its tokens is less likely than this.
        beta: tokens less likely than this are left out of an implicit query, and make the spans of explicit ones.
        queries: `implicit`, the sentence without its unlikely tokens; or `explicit`, a question for each unlikely span.
        trigger: `threshold`, or look up `never` or `always`.
        documents: which passages a sentence is written with: those of the `current` look-up, those of the `initial` one
            before them, or `all` so far.
        confidence: `logprobs`, `agreement`, `doubt`, a callable, or `auto`: the first if the model has it, else the
            second, which is told before the first call. Agreement that tells nothing, as the model does not sample,
            counts as none, and `problems` says so.
        samples: how many samples agreement takes.
        lookahead: how many tokens are written at a time.
        max_tokens: how many tokens the answer has at most, give or take its last sentence.
        examples: solved questions, shown before the question.
        look_up: in place of the retriever, a flow that finds passages.
        timeout: seconds for each call.
        search_timeout: seconds for each search; with `look_up`, for each search and call that it makes.
        compat: `reference` for what the published code does: always a second call, the passages of the last step in
            the look ahead, `<=` for `<`, and zero for always.

    Raises:
        UsageProblem: an argument is none of those.
        CapabilityError: `confidence="logprobs"` with a model that gives none.
    """
    counts = {"k": k, "samples": samples, "lookahead": lookahead, "max_tokens": max_tokens}
    check_counts(**counts)
    check_seconds(timeout=timeout, search_timeout=search_timeout)
    check_look_up(look_up)
    _check(theta, beta, queries, trigger, documents, compat)
    can = yield from inquire()
    measure = yield from chosen(confidence, can)

    def search(query: str, count: int) -> Flow[list[Hit]]:
        return looked_up(query, count, using=using, look_up=look_up, timeout=search_timeout)

    run = _Run(
        writer=Writer(question, can, examples, timeout),
        look_up=search,
        k=k,
        theta=theta,
        beta=beta,
        queries=queries,
        trigger="always" if compat and not theta else trigger,
        documents=documents,
        measure=measure,
        samples=samples,
        lookahead=lookahead,
        max_tokens=max_tokens,
        reference=compat == "reference",
        falls_back=confidence == "auto",
    )
    if confidence == "auto" and measure != "logprobs":
        run.notes.append(NO_LOGPROBS)
    if "prefill" not in can:
        run.notes.append("continued by a prompt: the model takes no begun answer")
    return (yield from run.finished(run.write()))


@dataclass(kw_only=True)
class _Run(Draft):
    """One answer while it is written."""

    writer: Writer
    look_up: LookUp
    k: int
    theta: float
    beta: float
    queries: Queries
    trigger: Trigger
    documents: Documents
    measure: Measure | Judge
    samples: int
    lookahead: int
    max_tokens: int
    reference: bool
    falls_back: bool
    latest: list[Hit] = field(default_factory=list)  # the passages of the last look-up
    sought: str = ""  # and what was looked up

    def write(self) -> Flow[None]:
        """Write the first sentence with what the question finds, then one after another."""
        question = self.writer.question
        self.shown = self.latest = yield from self._found([question])
        piece = yield from self._sentence(self.shown)
        if piece is None or not self.is_new(piece):
            return
        likely = [token.logprob is not None for token in piece.tokens]
        tokens = piece.tokens if self.measure == "logprobs" and any(likely) else ()
        sure = min(probabilities(tokens), default=None)
        hits = tuple(self.shown)
        first = Part(piece.text, piece.text, "first", _FIRST, sure, tokens, queries=(question,), hits=hits)
        piece = yield from self._take(first, piece)
        while not is_end(piece):
            if self.size >= self.max_tokens:
                return self.cut_off(self.max_tokens)
            ahead = yield from self._sentence(self._passages(ahead=True))
            if ahead is None or not self.is_new(ahead):
                return
            if ahead.failed:
                yield from self._take(Part(ahead.text, ahead.text, "kept", BROKEN_OFF), ahead)
                return
            taken = yield from self._decided(ahead)
            if taken is None:
                return
            piece = taken

    def _decided(self, ahead: Piece) -> Flow[Piece | None]:
        """Keep a sentence, or look it up and write it anew; return what was taken, or nothing where the answer ends."""
        tokens = yield from self._measured(ahead)
        likely = probabilities(tokens)
        measured = any(token.logprob is not None for token in tokens)
        lowest = min(likely, default=1.0)
        draft = Part(ahead.text, ahead.text, "accepted", confidence=lowest if measured else None, tokens=tokens)
        doubtful, why = self._doubts(lowest)
        if not doubtful and not self.searching and flare_queries.unlikely(lowest, self.theta):
            draft = replace(draft, decision="kept")
        draft = replace(draft, why=why)
        if not doubtful and not self.reference:
            return (yield from self._take(draft, ahead))
        queries = (yield from self._asked(draft, likely)) if doubtful else []
        hits = (yield from self._found(queries)) if queries else []
        draft = replace(draft, queries=tuple(queries))
        if not hits and not self.reference:
            why = f"{why}; nothing was found"
            return (yield from self._take(replace(draft, decision="kept", why=why), ahead))
        if hits:
            self.latest, self.sought = hits, "\n".join(queries)
        shown = self._passages()
        piece = yield from self._sentence(shown)
        if piece is None or self.is_old(piece):
            why = f"{why}; written anew, {'it failed' if piece is None else 'it said what stands there already'}"
            kept = yield from self._take(replace(draft, decision="kept", why=why), ahead)
            return kept if piece else replace(kept, ended=True)
        if not self.is_new(piece):
            return None
        if not hits:
            return (yield from self._take(replace(draft, text=piece.text), piece))
        written = replace(draft, text=piece.text, decision="retrieved", hits=tuple(shown))
        return (yield from self._take(written, piece))

    def _measured(self, ahead: Piece) -> Flow[tuple[Token, ...]]:
        """How likely the tokens of a sentence are; not measured where that would cost calls and decide nothing."""
        if self.measure != "logprobs" and (self.trigger != "threshold" or not self.searching):
            return ahead.tokens
        try:
            tokens, failed = yield from attempted(self._measure(ahead))
        except CapabilityError:
            if not self._can_fall_back():
                raise
            yield from self._fall_back()
            tokens, failed = yield from attempted(self._measure(ahead))
        if tokens is None:
            problem = f"confidence could not be measured, and counts as none: {failed}"
            self.problems += [problem] * (problem not in self.problems)
            return evenly(ahead.text, 0.0)
        return tokens

    def _doubts(self, lowest: float) -> tuple[bool, str]:
        """Whether a sentence is to be looked up, and why."""
        sign = "<=" if self.reference else "<"
        if not self.searching:
            return False, "not looked up: searching was given up"
        if self.trigger != "threshold":
            return self.trigger == "always", f"trigger={self.trigger!r}"
        if flare_queries.unlikely(lowest, self.theta, inclusive=self.reference):
            return True, f"its least likely token has {lowest:.2f} {sign} {self.theta:g}"
        return False, f"each of its tokens has at least {lowest:.2f}"

    def _measure(self, ahead: Piece) -> Flow[tuple[Token, ...]]:
        return measured(self.measure, self.writer, self.text, ahead, samples=self.samples, max_tokens=self.lookahead)

    def _can_fall_back(self) -> bool:
        return self.falls_back and self.measure == "logprobs"

    def _fall_back(self) -> Flow[None]:
        """Measure by agreement from here on: it turned out only now that the model gives no log-probabilities."""
        yield from tell(FALLBACK)
        self.measure = "agreement"
        self.notes.append(NO_LOGPROBS)

    def _asked(self, draft: Part, likely: list[float]) -> Flow[list[str]]:
        """The queries for a sentence. None at all only as the published code has it."""
        sentence = flare_queries.whole(draft.tokens)
        if self.queries == "explicit":
            questions, failed = yield from attempted(
                flare_queries.explicit(
                    self.writer, self.text, draft.tokens, likely, self.beta, inclusive=self.reference
                )
            )
            if failed:
                self.problems.append(f"no question was written, the sentence is the query: {failed}")
            return questions or [sentence]
        query = flare_queries.implicit(draft.tokens, likely, self.beta, inclusive=self.reference)
        if self.reference:
            return [query] if query else []
        return [query or sentence or self.writer.question]

    def _found(self, queries: list[str]) -> Flow[list[Hit]]:
        """Up to `k` passages for some queries."""
        rankings = yield from self.found(*(self.look_up(query, self.k) for query in queries))
        return flare_queries.interleaved(rankings, self.k)

    def _sentence(self, hits: list[Hit]) -> Flow[Piece | None]:
        """The next sentence, or nothing where the call fails."""
        try:
            piece = yield from self.called(self._call(hits), self.lookahead)
        except CapabilityError:
            if not self._can_fall_back():
                raise
            yield from self._fall_back()
            piece = yield from self.called(self._call(hits), self.lookahead)
        return piece and first_sentence(piece)

    def _call(self, hits: list[Hit]) -> Flow[Piece]:
        logprobs = self.measure == "logprobs"
        return self.writer.go_on(
            self.text, hits, max_tokens=self.lookahead, sought=self.sought, logprobs=logprobs, label="flare/answer"
        )

    def _passages(self, *, ahead: bool = False) -> list[Hit]:
        """The passages that a sentence is written with; those of the look ahead are without the current ones."""
        kept = {
            "current": [],
            "initial": self.shown,
            "all": [*self.shown, *(hit for part in self.parts for hit in part.hits)],
        }
        return once([*kept[self.documents], *(self.latest if self.reference or not ahead else [])])

    def _take(self, part: Part, piece: Piece) -> Flow[Piece]:
        yield from self.take(part, piece.size, piece.gap)
        return piece


_FIRST = "the first sentence is written with what the question finds"


def _check(
    theta: float,
    beta: float,
    queries: str,
    trigger: str,
    documents: str,
    compat: str,
) -> None:
    for name, value, known in (
        ("queries", queries, get_args(Queries)),
        ("trigger", trigger, get_args(Trigger)),
        ("documents", documents, get_args(Documents)),
        ("compat", compat, ("", "reference")),
    ):
        if value not in known:
            raise UsageProblem(f"{name}={value!r} is not known", hint=f"Use {' or '.join(map(repr, known))}.")
    if not all(isinstance(limit, int | float) and 0 <= limit <= 1 for limit in (theta, beta)):
        raise UsageProblem(f"theta={theta!r}, beta={beta!r} are no probabilities", hint="Give numbers from 0 to 1.")
