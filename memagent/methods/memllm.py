"""Reading triples while an answer is written (MemLLM, arXiv:2404.11672), with any model and no training.

The model writes a call where it needs a fact; there it is stopped, the memory answers, and it goes on. At most one
block of results is ever in what it is shown.

Departures from the paper and its published code:

- The model is shown by a prompt how to call, where the paper trains it to. The limits are therefore those that the
  paper uses for edited knowledge, which take a relation in other words; `limits="default"` is its controller's. A
  value whose fact is not just what was asked is shown with that fact, so that it is not taken for something else.
- The block before is taken out when a new call has been written, not already while it is: the model is stopped at `-->`
  alone, since a backend does not tell which of two stop strings it met.
- A call that cannot be read, finds nothing or repeats the one before is dropped, as in the paper, and the opening is
  barred for one token where the backend takes a logit bias; others are told. It is counted and told in the parts.
- Reads are limited, and so are calls that come to nothing, so that every model comes to an end.
- Three ways to call; see `memllm_calls`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from memagent.errors import CapabilityError, UsageProblem
from memagent.flow import Flow, generate, inquire, tell
from memagent.methods.attempts import attempted
from memagent.methods.continuing import continued
from memagent.methods.drafting import Draft
from memagent.methods.memllm_answering import Asked, Outcome, answered
from memagent.methods.memllm_calls import READ_TOOL, Way, chosen, needs_prefill, read_calls
from memagent.methods.memllm_grammar import (
    OPEN,
    RESULTS,
    ReadCall,
    find_read,
    parse_read,
    print_query,
    print_read,
    without_calls,
)
from memagent.methods.memllm_results import DROPPED, STOPS, WITH, WITHOUT, hits_of, told
from memagent.prompts import fill
from memagent.triples import Limits, Query
from memagent.triples import limits as limits_of
from memagent.types import Answer, Completion, Hit, Message, Part, ToolCall, estimate_tokens

FORBIDDEN = -100.0
"""What is added to the logit of what opens a call."""


def memllm(
    question: str,
    *,
    k: int = 30,
    begun: str = "",
    way: Way = "auto",
    reads: int = 5,
    once: bool = False,
    limits: str | Limits = "editing",
    as_of: datetime | None = None,
    relations: Sequence[str] = (),
    trained: bool = False,
    max_tokens: int = 512,
    barred: Sequence[str] = ("(",),
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Answer]:
    """Answer a question, or go on with a text, reading triples from the memory where the model asks for them.

    A call of the model up to each read or dropped call, one to end: at most 2 * `reads` + 2, and one of a single token
    more for each dropped call where the model takes a prefill and a logit bias. A model that fails, or never stops
    calling, ends the answer with the best text so far, and `problems` says why.

    Args:
        question: what is asked.
        k: how many values a read gives at most.
        begun: the beginning of the answer, which is gone on with.
        way: how the model calls; `auto` takes the best that it can.
        reads: how many reads at most.
        once: read no more after the first that finds something, as for edited knowledge.
        limits: how near a fact must be to a query: a preset's name, or `Limits`.
        as_of: of which moment (aware) the facts are to hold; now if not given.
        relations: names of relations to show the model, such as those of `memory.facts.relations()`.
        trained: the model was trained to call, as `examples/memllm_finetune` does: it is shown the question alone, as
            in its samples, and no relations. It needs `prefill`.
        max_tokens: how many tokens the answer has at most, give or take the last call.
        barred: token texts that open a call, for the logit bias; `("({",)` for a model with that token.
        timeout: seconds for each call of the model.
        search_timeout: seconds for each read.
    """
    if k < 1 or reads < 0 or max_tokens < 1:
        hint = "Give at least 1, 0 and 1."
        raise UsageProblem(f"k={k}, reads={reads}, max_tokens={max_tokens} would read or write nothing", hint=hint)
    can = yield from inquire()
    wanted = replace(limits_of(limits), values=k)
    listed = ", ".join(relations) or "(not listed)"
    run = _Run(question, listed, chosen(way, can), can, wanted, as_of, reads, once, max_tokens)
    if trained:
        needs_prefill(run.way)
    run.trained = trained
    run.text, run.barred, run.timeout, run.search_timeout = begun.rstrip(), tuple(barred), timeout, search_timeout
    if way == "auto" and run.way == "text":
        run.notes.append("calls are asked for by the prompt alone: the model takes neither a prefill nor tools")
        yield from tell(f"{run.notes[0][0].upper()}{run.notes[0][1:]}.")
    if run.text:
        run.parts.append(Part(run.text, run.text, "first", "it was given"))
    return (yield from run.finished(run.write()))


class _Said(NamedTuple):
    """What a reply adds: its text up to the first call, the calls, and the tool call that each was made of."""

    text: str
    calls: tuple[ReadCall, ...] = ()
    tools: tuple[ToolCall, ...] = ()
    raw: str = ""


@dataclass
class _Run(Draft):
    """One answer while it is written."""

    question: str
    relations: str
    way: str
    can: frozenset[str]
    limits: Limits
    as_of: datetime | None
    reads: int
    once: bool
    max_tokens: int
    barred: tuple[str, ...] = ()
    trained: bool = False
    timeout: float | None = None
    search_timeout: float | None = None
    block: str = ""  # the call with its results; the only one that is shown
    at: int = 0  # where in the text it stands
    exchange: tuple[tuple[ToolCall, str], ...] = ()  # the tool calls of the reply before, each with its result
    note: str = ""
    before: Asked = frozenset()  # the queries of the calls before, whatever came of them
    asked: tuple[Query, ...] = ()  # those of the block
    hits: tuple[Hit, ...] = ()

    def write(self) -> Flow[None]:
        """Write up to a call or the end, read, go on. Each round but the last reads or drops, and both are limited."""
        found = dropped = 0
        bar = False
        while True:
            last = found >= self.reads or dropped > self.reads or (self.once and found > 0)
            said = yield from self._ask(last=last, bar=bar)
            if said is None:
                return
            if not said.calls or last or self.size >= self.max_tokens:
                self._keep(said, "")
                if said.calls:
                    self.problems.append(self._why_ended(found, dropped))
                return
            read = yield from self._read(said, 1 if self.once else self.reads - found)
            found, dropped, bar = (found + read, dropped, False) if read else (found, dropped + 1, True)

    def _why_ended(self, found: int, dropped: int) -> str:
        if self.size >= self.max_tokens:
            return f"the answer was cut off at {self.max_tokens} tokens, before a call"
        if dropped > self.reads:
            return f"{dropped} calls came to nothing and the model went on calling; the answer ends here"
        return f"the model asked for more than {found} reads; the answer ends here"

    def _read(self, said: _Said, most: int) -> Flow[int]:
        """Answer the calls of a reply, each by itself; return how many found something: 0 where all were dropped."""
        outcomes, self.before = yield from answered(
            said.calls, self.before, most=most, limits=self.limits, as_of=self.as_of, timeout=self.search_timeout
        )
        self.problems += [f"a read failed: {one.failed}" for one in outcomes if one.failed]
        found = [one for one in outcomes if not one.why]
        dropped = "; ".join(one.why for one in outcomes if one.why)
        if found:
            beside = f"; a call beside it was dropped: {dropped}" if dropped else ""
            self._keep(said, f"{STOPS} {'; '.join(one.stops for one in found)}{beside}")
            self._show(found)
        else:
            self._keep(said, f"{DROPPED}: {dropped}")
            self.note = f"Your last call was dropped: {dropped}. Go on without it."
        if said.tools:
            self.exchange = tuple(zip(said.tools, (one.result for one in outcomes), strict=True))
        return len(found)

    def _show(self, found: Sequence[Outcome]) -> None:
        """Make what was found the one block that is shown."""
        self.asked = tuple(dict.fromkeys(query for one in found for query in one.call.queries))
        values = dict.fromkeys(told(value) for one in found for value in one.reading.values)
        self.block, self.at, self.note = print_read(self.asked, list(values)), len(self.text), ""
        self.hits = tuple({hit.id: hit for one in found for hit in hits_of(one.reading)}.values())

    def _keep(self, said: _Said, why: str) -> None:
        begun = WITH if self.block else WITHOUT
        self.text += said.text
        self.parts.append(
            Part(
                text=said.text,
                draft=said.raw,
                decision="retrieved" if self.block else "first",
                why=f"{begun}; {why}" if why else begun,
                queries=tuple(map(print_query, self.asked)) if self.block else (),
                hits=self.hits if self.block else (),
            )
        )

    def _ask(self, *, last: bool, bar: bool) -> Flow[_Said | None]:
        """Ask for more of the answer; `None` and a problem where the model failed."""
        if bar and self.way == "prefill" and "logit_bias" in self.can:
            token, failed = yield from attempted(self._call(last=last, max_tokens=1, bias=True))
            if token is not None and token.text:
                self.text += token.text
                self.parts.append(Part(token.text, token.raw, "first", "one token in which no call may begin"))
        try:
            said, failed = yield from attempted(self._call(last=last, max_tokens=max(1, self.max_tokens - self.size)))
        except CapabilityError as error:
            if self.way != "tools":
                raise
            self.way = "text"
            self.notes.append(f"calls are asked for by the prompt alone: {error.message}")
            yield from tell(f"Calls are asked for by the prompt alone: {error.message}.")
            said, failed = yield from attempted(self._call(last=last, max_tokens=max(1, self.max_tokens - self.size)))
        if said is None:
            self.problems.append(f"{failed}; the answer ends here")
        return said

    def _call(self, *, last: bool, max_tokens: int, bias: bool = False) -> Flow[_Said]:
        prefilled = self.way == "prefill"
        prefill = self._context() if prefilled else ""
        # A token of its own can be barred to the end; a plain bracket the answer may need.
        biased = bias or (prefilled and last and OPEN in self.barred and "logit_bias" in self.can)
        reply = yield from generate(
            self._messages(last),
            max_tokens=max_tokens,
            temperature=0.0,
            stop=(RESULTS, *(("\n\n",) if prefill and self.trained else ())) if "stop" in self.can else (),
            logit_bias=dict.fromkeys(self.barred, FORBIDDEN) if biased else None,
            prefill=prefill,
            timeout=self.timeout,
            label="memllm/answer",
            tools=(READ_TOOL,) if self.way == "tools" else (),
        )
        return self._understood(reply, prefilled=bool(prefill))

    def _messages(self, last: bool) -> list[Message]:
        if self.trained:
            return list(fill("memllm/trained_read", question=self.question))
        prompt = "memllm/tools" if self.way == "tools" else "memllm/read"
        asked = list(fill(prompt, question=self.question, relations=self.relations))
        if self.way == "prefill":
            return asked
        note = "No more calls: finish the answer with what you have." if last else self.note
        if self.way == "tools" and self.exchange:
            results = [result for _, result in self.exchange]
            results[-1] = f"{results[-1]}\n{note}".strip()
            calls = tuple(call for call, _ in self.exchange)
            each = zip(calls, results, strict=True)
            told = [Message("tool", result, answers=call.id) for call, result in each]
            return [*asked, Message("assistant", self.text, calls), *told]
        if self.text or self.block or note:
            found = self.block or "(nothing)"
            asked += fill("memllm/continue", so_far=self.text or "(nothing yet)", found=found, note=note)
        return asked

    def _context(self) -> str:
        """The text with the one block in it, as the model continues it; behind a question, a blank parts the two."""
        whole = self.text[: self.at] + self.block + self.text[self.at :]
        return f" {whole}" if self.trained and whole and not whole[0].isspace() else whole

    def _understood(self, reply: Completion, *, prefilled: bool) -> _Said:
        """The text that a reply adds up to its first call, and that call."""
        self.size += reply.usage.output_tokens or estimate_tokens(reply.text)
        if reply.calls:
            piece = continued(self.text, replace(reply, calls=())).text if reply.text.strip() else ""
            calls = tuple(read_calls([call]) for call in reply.calls)
            return _Said(without_calls(piece).rstrip(), calls, reply.calls, reply.text)
        text = continued(self.text, reply, prefilled=prefilled).text
        opened = find_read(text)
        if opened is None:
            return _Said(_whole(text), raw=reply.text)
        return _Said(text[: opened.start].rstrip(), (parse_read(text[opened.start :]),), raw=reply.text)


def _whole(text: str) -> str:
    """A text without half of an opening at its end, where it was cut off."""
    return text[:-1] if text.endswith(OPEN[0]) else text
