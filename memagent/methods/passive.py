"""What FLARE is compared with: no retrieval, one, and retrieval at fixed places (arXiv:2305.06983, sections 2 and 5).

All write the same form of answer from the same prompt as `flare` and return the same `Answer`, so that a comparison is
one table. Those that search take `using=`, a retriever, or `look_up=`, a flow that finds passages in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from memagent.errors import BackendError, Stopped
from memagent.flow import Flow, generate, inquire
from memagent.methods.arguments import check_counts, check_look_up, check_seconds
from memagent.methods.attempts import attempted
from memagent.methods.confidence import words_of
from memagent.methods.continuing import Piece, first_sentence, is_end, is_last
from memagent.methods.drafting import Draft
from memagent.methods.looking_up import LookUp, looked_up
from memagent.methods.plain import numbered, shortened, unfinished
from memagent.methods.thinking import spoken
from memagent.methods.writer import Writer
from memagent.prompts import fill
from memagent.types import Answer, Completion, Hit, Message, Part

WINDOW = 16
"""So many tokens are written between two searches by `every`, and make its query."""

_LAST = re.compile(r"(?<=[.!?])\s+")
_LINE = re.compile(
    r"^[\W_]*(answer to that|intermediate answer|follow[ -]?up(?: question)?|so,? the (?:final )?answer is)\W*[:：]\W*",
    re.IGNORECASE,
)


def alone(question: str, *, max_tokens: int = 256, examples: str = "", timeout: float | None = 120.0) -> Flow[Answer]:
    """Answer from what the model knows: no search, one call."""
    run = yield from _begun(question, 1, "", None, examples, max_tokens, timeout, None)
    return (yield from run.finished(run.at_once(searched=False)))


def once(
    question: str,
    *,
    k: int = 3,
    using: str = "",
    max_tokens: int = 256,
    examples: str = "",
    look_up: LookUp | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Answer]:
    """Answer from what the question finds: one search, one call."""
    run = yield from _begun(question, k, using, look_up, examples, max_tokens, timeout, search_timeout)
    return (yield from run.finished(run.at_once(searched=True)))


def every(
    question: str,
    *,
    k: int = 3,
    using: str = "",
    tokens: int = WINDOW,
    max_tokens: int = 256,
    examples: str = "",
    look_up: LookUp | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Answer]:
    """Look up the last `tokens` tokens whenever so many were written: a search and a call for each window."""
    check_counts(tokens=tokens)
    run = yield from _begun(question, k, using, look_up, examples, max_tokens, timeout, search_timeout)
    return (yield from run.finished(run.by_window(tokens)))


def previous_sentence(
    question: str,
    *,
    k: int = 3,
    using: str = "",
    lookahead: int = 64,
    max_tokens: int = 256,
    examples: str = "",
    look_up: LookUp | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Answer]:
    """Look up each sentence for the one after it: a search and a call for each sentence."""
    check_counts(lookahead=lookahead)
    run = yield from _begun(question, k, using, look_up, examples, max_tokens, timeout, search_timeout)
    return (yield from run.finished(run.by_sentence(lookahead)))


def self_ask(
    question: str,
    *,
    k: int = 3,
    using: str = "",
    steps: int = 4,
    max_tokens: int = 256,
    examples: str = "",
    look_up: LookUp | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Answer]:
    """Take the question apart: the model asks one question at a time, each of which is looked up (Press et al., 2022).

    A search for the question and for each further one, at most `steps` of these, and one call after each search.
    So at most `steps` + 1 searches and calls. It ends at an answer, at a question that was asked before, or at none.
    `max_tokens` are of each reply.
    """
    check_counts(0, steps=steps)
    run = yield from _begun(question, k, using, look_up, examples, max_tokens, timeout, search_timeout)
    return (yield from run.finished(run.by_questions(steps)))


def _begun(
    question: str,
    k: int,
    using: str,
    look_up: LookUp | None,
    examples: str,
    max_tokens: int,
    timeout: float | None,
    search_timeout: float | None,
) -> Flow[_Run]:
    check_counts(k=k, max_tokens=max_tokens)
    check_seconds(timeout=timeout, search_timeout=search_timeout)
    check_look_up(look_up)
    can = yield from inquire()
    search = partial(looked_up, k=k, using=using, look_up=look_up, timeout=search_timeout)
    return _Run(writer=Writer(question, can, examples, timeout), search=search, max_tokens=max_tokens)


@dataclass(kw_only=True)
class _Run(Draft):
    """One answer while it is written."""

    writer: Writer
    search: Callable[[str], Flow[list[Hit]]]
    max_tokens: int

    def at_once(self, *, searched: bool) -> Flow[None]:
        """All of the answer in one call."""
        hits = (yield from self._found(self.writer.question)) if searched else []
        piece = yield from self._piece(hits, self.max_tokens, self.writer.question)
        if piece is not None and piece.text.strip():
            yield from self._keep(piece, self.writer.question if searched else "", hits)
            if piece.cut == "length":
                self.cut_off(self.max_tokens)

    def by_window(self, tokens: int) -> Flow[None]:
        """So many tokens at a time."""
        query = self.writer.question
        while self.size < self.max_tokens:
            hits = yield from self._found(query)
            piece = yield from self._piece(hits, tokens, query)
            if piece is None or not piece.text.strip():
                return
            yield from self._keep(piece, query, hits)
            if piece.ended or (is_last(_LAST.split(self.text)[-1]) and piece.text.rstrip().endswith(".")):
                return
            query = "".join(words_of(self.text)[-tokens:]).strip()
        self.cut_off(self.max_tokens)

    def by_sentence(self, lookahead: int) -> Flow[None]:
        """One sentence at a time."""
        query = self.writer.question
        while self.size < self.max_tokens:
            hits = yield from self._found(query)
            piece = yield from self._piece(hits, lookahead, query)
            piece = piece and first_sentence(piece)
            if piece is None or not self.is_new(piece):
                return
            yield from self._keep(piece, query, hits)
            if is_end(piece):
                return
            query = piece.text.strip()
        self.cut_off(self.max_tokens)

    def by_questions(self, steps: int) -> Flow[None]:
        """One question at a time."""
        query, asked, so_far = self.writer.question, [self.writer.question], list[str]()
        for left in range(steps, -1, -1):
            hits = yield from self._found(query)
            shown = shortened(hits, query, self.writer.passage_tokens)
            messages = fill(
                "passive/self_ask",
                passages=numbered(shown) or "(none found)",
                question=self.writer.question,
                so_far="\n".join(so_far) or "(nothing yet)",
            )
            reply, failed = yield from self._reply(messages)
            if failed:
                ends = "here" if reply is None else "with what had come of it"
                self.problems.append(f"{failed}; the answer ends {ends}")
            if reply is None:
                return
            self.problems += unfinished(reply)
            said, following, final = asked_in(spoken(reply.text))
            so_far += [f"Answer to that: {said}"] * bool(said)
            text = f" {final or said}" if final or said else ""
            self.parts.append(
                Part(text, reply.text, "retrieved" if len(asked) > 1 else "first", queries=(query,), hits=tuple(hits))
            )
            if failed or final or not following or following in asked:
                self.text = final or said or self.text or ("" if following else spoken(reply.text).strip())
                if following and not self.text:
                    self.problems.append("the model asked the same question twice and answered none")
                return
            self.text = said or self.text
            if not left:
                self.problems.append(f"not answered after {steps} further questions")
                return
            asked.append(following)
            so_far.append(f"Follow up: {following}")
            query = following

    def _reply(self, messages: Sequence[Message]) -> Flow[tuple[Completion | None, str]]:
        """What the model says, or had said when the call failed; nothing where it had not begun; and why it failed."""
        call = generate(
            self.writer.led(messages),
            max_tokens=self.max_tokens,
            temperature=0.0,
            timeout=self.writer.timeout,
            label="passive/self_ask",
        )
        try:
            return (yield from attempted(call, loud=(BackendError,)))
        except (BackendError, Stopped) as error:
            if not error.said and isinstance(error, Stopped):
                raise
            return (Completion(error.said) if error.said else None), error.message

    def _found(self, query: str) -> Flow[list[Hit]]:
        """What a query finds."""
        rankings = yield from self.found(self.search(query))
        return rankings[0] if rankings else []

    def _piece(self, hits: list[Hit], most: int, query: str) -> Flow[Piece | None]:
        call = self.writer.go_on(self.text, hits, max_tokens=most, sought=query, label="passive/answer")
        return self.called(call, most)

    def _keep(self, piece: Piece, query: str, hits: list[Hit]) -> Flow[None]:
        decision: Literal["first", "retrieved"] = "retrieved" if self.parts else "first"
        queries = (query,) if query else ()
        part = Part(piece.text, piece.text, decision, queries=queries, hits=tuple(hits))
        yield from self.take(part, piece.size, piece.gap)


def asked_in(reply: str) -> tuple[str, str, str]:
    """Return what a reply says to the last question, its next question, and its final answer; '' for what it lacks."""
    found = {"answer": "", "follow": "", "so": ""}
    for label, text in _labelled(reply):
        name = "so" if label.startswith("so") else "follow" if label.startswith("follow") else "answer"
        found[name] = found[name] or text
    final = found["so"]
    return found["answer"], "" if final else found["follow"], f"So the answer is: {final}" if final else ""


def _labelled(reply: str) -> Iterator[tuple[str, str]]:
    """Each labelled line with what follows it, up to the next label."""
    label, text = "", list[str]()
    for line in reply.splitlines():
        match = _LINE.match(line)
        if match:
            if label and " ".join(text).strip():
                yield label, " ".join(text).strip()
            label, text = match.group(1).lower(), [line[match.end() :].strip(" *_`")]
        elif line.strip():
            text.append(line.strip())
    if label and " ".join(text).strip():
        yield label, " ".join(text).strip()
