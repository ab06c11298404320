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
  barred for one token where the backend takes a logit bias; others are told. It is counted and told in the parts. What
  was found before stays shown.
- Reads are limited, and so are calls that come to nothing, so that every model comes to an end.
- Three ways to call; see `memllm_calls`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from memagent.errors import CapabilityError, UsageProblem
from memagent.flow import Flow, generate, inquire, tell
from memagent.methods.attempts import attempted
from memagent.methods.drafting import Draft
from memagent.methods.memllm_answering import Asked, Outcome, answered
from memagent.methods.memllm_calls import READ_TOOL, Way, chosen, needs_prefill
from memagent.methods.memllm_exchange import Exchange
from memagent.methods.memllm_grammar import OPEN, RESULTS, print_query, print_read
from memagent.methods.memllm_results import ASKED, DROPPED, STOPS, WITH, WITHOUT, hits_of, told
from memagent.methods.memllm_said import Said, said_by
from memagent.prompts import fill
from memagent.triples import Limits, Query
from memagent.triples import limits as limits_of
from memagent.types import Answer, Hit, Message, Part, estimate_tokens

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
        barred: token texts that open a call, for the logit bias; `("({",)` for a model with that token, of which each
            then opens one. Otherwise `({` alone is text, as in code. Where the model has no such token, none is barred,
            which `notes` says.
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
    exchange: Exchange = field(default_factory=Exchange)  # the tool calls that are shown, with their results
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

    def _read(self, said: Said, most: int) -> Flow[int]:
        """Answer the calls of a reply, each by itself; return how many found something: 0 where all were dropped."""
        outcomes, self.before = yield from answered(
            said.calls, self.before, most=most, limits=self.limits, as_of=self.as_of, timeout=self.search_timeout
        )
        self.problems += [f"a read failed: {one.failed}" for one in outcomes if one.failed]
        found = [one for one in outcomes if not one.why]
        dropped = "; ".join(one.why for one in outcomes if one.why)
        calls = tuple(zip(said.tools, (one.result for one in outcomes), strict=True)) if said.tools else ()
        if found:
            beside = f"; a call beside it was dropped: {dropped}" if dropped else ""
            self._keep(said, f"{STOPS} {'; '.join(one.stops for one in found)}{beside}")
            self._show(found)
            self.exchange = Exchange(calls, self.at)
        else:
            asked = "; ".join(print_query(query) for one in outcomes for query in one.call.queries)
            self._keep(said, f"{DROPPED}: {dropped}{asked and ASKED}{asked}")
            self.note = f"Your last call was dropped: {dropped}. Go on without it."
            self.exchange = replace(self.exchange, dropped=calls) if calls else self.exchange
        return len(found)

    def _show(self, found: Sequence[Outcome]) -> None:
        """Make what was found the one block that is shown."""
        self.asked = tuple(dict.fromkeys(query for one in found for query in one.call.queries))
        values = dict.fromkeys(told(value) for one in found for value in one.reading.values)
        self.block, self.at, self.note = print_read(self.asked, list(values)), len(self.text), ""
        self.hits = tuple({hit.id: hit for one in found for hit in hits_of(one.reading)}.values())

    def _keep(self, said: Said, why: str) -> None:
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

    def _ask(self, *, last: bool, bar: bool) -> Flow[Said | None]:
        """Ask for more of the answer; `None` and a problem where the model failed."""
        if bar and self._bars():
            yield from self._one_token(last)
        while True:
            try:
                said, failed = yield from attempted(
                    self._call(last=last, max_tokens=max(1, self.max_tokens - self.size))
                )
                break
            except CapabilityError as error:
                yield from self._do_without(error, barring=last)
        if said is None:
            self.problems.append(f"{failed}; the answer ends here")
        return said

    def _bars(self) -> bool:
        return self.way == "prefill" and "logit_bias" in self.can and bool(self.barred)

    def _one_token(self, last: bool) -> Flow[None]:
        """Write one token in which no call begins."""
        try:
            token, _ = yield from attempted(self._call(last=last, max_tokens=1, bias=True))
        except CapabilityError as error:
            return (yield from self._do_without(error, barring=True))
        if token is not None and token.text:
            self.text += token.text
            self.parts.append(Part(token.text, token.raw, "first", "one token in which no call may begin"))

    def _do_without(self, error: CapabilityError, *, barring: bool) -> Flow[None]:
        """Give up what a model turned out not to take: tools, or the barring of tokens; else the error comes out."""
        if self.way == "tools":
            self.way, note = "text", f"calls are asked for by the prompt alone: {error.message}"
        elif barring and self._bars():
            self.barred, note = (), f"no token is barred: {error.message}"
        else:
            raise error
        self.notes.append(note)
        yield from tell(f"{note[0].upper()}{note[1:]}.")

    def _call(self, *, last: bool, max_tokens: int, bias: bool = False) -> Flow[Said]:
        prefilled = self.way == "prefill"
        prefill = self._context() if prefilled else ""
        # A token of its own can be barred to the end; a plain bracket the answer may need.
        biased = bias or (last and OPEN in self.barred and self._bars())
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
        self.size += reply.usage.output_tokens or estimate_tokens(reply.text)
        return said_by(reply, self.text, prefilled=bool(prefill), bare=OPEN in self.barred)

    def _messages(self, last: bool) -> list[Message]:
        if self.trained:
            return list(fill("memllm/trained_read", question=self.question))
        prompt = "memllm/tools" if self.way == "tools" else "memllm/read"
        asked = list(fill(prompt, question=self.question, relations=self.relations))
        if self.way == "prefill":
            return asked
        note = "No more calls: finish the answer with what you have." if last else self.note
        if self.way == "tools" and self.exchange and bool(self.block) == bool(self.exchange.found):
            return [*asked, *self.exchange.messages(self.text, note)]
        if self.text or self.block or note:
            found = self.block or "(nothing)"
            asked += fill("memllm/continue", so_far=self.text or "(nothing yet)", found=found, note=note)
        return asked

    def _context(self) -> str:
        """The text with the one block in it, as the model continues it; behind a question, a blank parts the two."""
        whole = self.text[: self.at] + self.block + self.text[self.at :]
        return f" {whole}" if self.trained and whole and not whole[0].isspace() else whole
