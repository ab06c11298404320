"""Writing triples from a text, sentence by sentence (MemLLM, arXiv:2404.11672), through the gate of the memory.

The model is shown one sentence with those before it, and says what it states: `({MEM_WRITE-->...})`, or by a tool call.
Only what the sentence itself adds is written; each fact cites it.

Departures from the paper and its published code:

- A prompt takes the place of the fine-tuned model. Late stopping is left out, since it needs the model's logits at each
  token; it is a function of its own in `memllm_probabilities`.
- What greets, instructs or was recalled is not shown to the model at all, and of what the model says only that is kept
  which the sentence grounds: `memory.unfit`, `memory.gate`. All that was refused is listed with the reason.
- Each sentence writes its own triples; the code stores the whole set again after every sentence.
- A reply that cannot be read is asked for once more, and then passed over and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from memagent.errors import CapabilityError, Stopped, UsageProblem
from memagent.flow import Flow, generate, inquire, write_triples
from memagent.memory.turns import lines
from memagent.memory.unfit import unfit
from memagent.methods.attempts import attempted
from memagent.methods.memllm_calls import WRITE_TOOL, Way, chosen, write_calls
from memagent.methods.memllm_grammar import CLOSE, OPEN, RESULTS, WRITE, Words, WriteCall, parse_write
from memagent.prompts import fill
from memagent.sentences import split_sentences
from memagent.triples import Learnt, Refusal, Relations
from memagent.types import Completion, Message, Triple

CONTEXT = 25
"""How many sentences before a sentence are shown with it: the paper's."""

MOST = 32
"""Triples of one sentence that are looked at; the paper leaves sentences with as many out of its training."""

_TRIES = 2
_FAILURES = 3  # of the model, in a row, after which it is not asked any more


@dataclass(frozen=True, slots=True)
class Written:
    """What was learnt from a text.

    Attributes:
        ids: the facts that the memory keeps now, each once.
        triples: what was kept, in order, each with the passage of its sentence.
        refused: what was not: lines, sentences and triples, each with why.
        problems: what went wrong on the way and was lived with.
    """

    ids: tuple[str, ...] = ()
    triples: tuple[Triple, ...] = ()
    refused: tuple[Refusal, ...] = ()
    problems: tuple[str, ...] = ()


def memllm_write(
    text: str,
    *,
    source: str = "",
    passage: str | None = None,
    at: datetime | None = None,
    speaker: str = "",
    shown: Iterable[str] = (),
    before: Sequence[str] = (),
    context: int = CONTEXT,
    confidence: float = 0.5,
    relations: Relations = "stated",
    way: Way = "auto",
    language: str = "en",
    max_tokens: int = 512,
    timeout: float | None = 120.0,
) -> Flow[Written]:
    """Learn the facts that a text states, sentence by sentence. One call of the model for each sentence that may.

    Two where its reply cannot be read. If the model fails at a sentence, that one is passed over and `problems` says
    so; three in a row end it. What was learnt stays.

    Args:
        text: a text, or turns of a conversation, one a line.
        source: where it comes from.
        passage: the id of the passage that it is, which the facts then cite; else each sentence becomes one.
        at: since when it holds (aware); the moment of writing if not given.
        speaker: who says it, for what is said as "I".
        shown: texts that came out of the memory, of which nothing is learnt again.
        before: the sentences before the text.
        context: how many sentences before are shown with each.
        confidence: a triple of less is refused. No way of calling carries one yet, so that each has 1.0.
        relations: `stated`, or `any` for relations of a vocabulary of their own, as a fine-tuned model writes them.
        way: how the model writes; `prefill` is as `text`.
        language: of the text, a two-letter code, for its sentences.
        max_tokens: how many tokens a reply has at most.
        timeout: seconds for each call.
    """
    if context < 0 or max_tokens < 1:
        raise UsageProblem(f"context={context}, max_tokens={max_tokens} cannot be", hint="Give at least 0 and 1.")
    can = yield from inquire()
    mold = Triple("", "", "", source=source, passage=passage, at=at)
    run = _Run(mold, speaker, tuple(shown), list(before), context, confidence, chosen(way, can), can)
    run.max_tokens, run.timeout, run.relations = max_tokens, timeout, relations
    try:
        for line in lines(text, speaker):
            if line.why:
                run.refused.append(Refusal(line.text, line.why))
                continue
            for sentence in split_sentences(line.text, language):
                yield from run.write(sentence)
                if run.failed_in_a_row >= _FAILURES:
                    run.problems.append("the model failed three times in a row; the rest was not gone through")
                    return run.written()
    except Stopped as error:
        run.problems.append(f"stopped: {error.message}")
    return run.written()


@dataclass
class _Run:
    """One text while it is gone through."""

    mold: Triple
    speaker: str
    shown: tuple[str, ...]
    before: list[str]
    context: int
    confidence: float
    way: str
    can: frozenset[str]
    max_tokens: int = 512
    timeout: float | None = None
    relations: Relations = "stated"
    ids: dict[str, None] = field(default_factory=dict)
    triples: list[Triple] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed_in_a_row: int = 0

    def written(self) -> Written:
        """What there is so far."""
        return Written(tuple(self.ids), tuple(self.triples), tuple(self.refused), tuple(self.problems))

    def write(self, sentence: str) -> Flow[None]:
        """Ask what a sentence states, and write what the gate lets through."""
        if why := unfit(sentence):
            self.refused.append(Refusal(sentence, why))
            return
        context = " ".join(self.before[-self.context :]) if self.context else ""
        self.before.append(sentence)
        stated, failed = yield from attempted(self._ask(sentence, context))
        self.failed_in_a_row = self.failed_in_a_row + 1 if stated is None else 0
        if stated is None:
            self.problems.append(f"{sentence[:60]!r} was passed over: {failed}")
            return
        self.refused += [Refusal(sentence, problem.why) for problem in stated.problems]
        if not stated.triples:
            return
        beyond = f"one sentence says no more than {MOST} things"
        self.refused += [Refusal(sentence, beyond, self._triple(words)) for words in stated.triples[MOST:]]
        learnt, failed = yield from attempted(
            write_triples(
                map(self._triple, stated.triples[:MOST]),
                sentence,
                context=context,
                shown=self.shown,
                speaker=self.speaker,
                confidence=self.confidence,
                relations=self.relations,
            )
        )
        if learnt is None:
            self.problems.append(f"{sentence[:60]!r} was not written: {failed}")
        else:
            self._take(learnt)

    def _take(self, learnt: Learnt) -> None:
        self.ids.update(dict.fromkeys(learnt.ids))
        self.triples += learnt.kept
        self.refused += learnt.refused

    def _triple(self, words: Words) -> Triple:
        mold = self.mold
        return Triple(*words, source=mold.source, passage=mold.passage, at=mold.at)

    def _ask(self, sentence: str, context: str) -> Flow[WriteCall]:
        """What the model says that a sentence states; asked once more where its reply cannot be read."""
        stated = WriteCall(())
        for _ in range(_TRIES):
            try:
                reply = yield from self._call(sentence, context)
            except CapabilityError:
                if self.way != "tools":
                    raise
                self.way = "text"
                reply = yield from self._call(sentence, context)
            stated = write_calls(reply.calls) if reply.calls else parse_write(_completed(reply.text))
            if stated.triples or not stated.problems:
                return stated
        return stated

    def _call(self, sentence: str, context: str) -> Flow[Completion]:
        speaker = self.speaker or "(not known)"
        messages: Sequence[Message] = fill(
            "memllm/write", context=context or "(none)", sentence=sentence, speaker=speaker
        )
        reply = yield from generate(
            messages,
            max_tokens=self.max_tokens,
            temperature=0.0,
            stop=(CLOSE,) if "stop" in self.can else (),
            timeout=self.timeout,
            label="memllm/write",
            tools=(WRITE_TOOL,) if self.way == "tools" else (),
        )
        return reply


def _completed(reply: str) -> str:
    """A reply as a call; a bare list of triples, which a small model may write, is taken for one."""
    if OPEN in reply or ">>" not in reply:
        return reply
    return f"{OPEN}{WRITE}{RESULTS}{reply.strip()}"
