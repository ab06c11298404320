"""Writing triples from a text, sentence by sentence (MemLLM, arXiv:2404.11672), through the gate of the memory.

The model is shown one sentence with those before it, and says what it states: `({MEM_WRITE-->...})`, or by a tool call.
Only what the sentence itself adds is written; each fact cites it, and carries how sure the model was of it where that
can be known:

- `prefill`: raw decoding with late stopping, `memllm_decoding`. The confidence is made of the log-probabilities of the
  triple's tokens, where the backend gives any: `memllm_probabilities.confidences`.
- `tools`: the confidence is what the call says; a model need not say any, and what it says is its own opinion.
- `text`: as for `prefill` where the backend gives log-probabilities of a reply, such as OpenAI's.

A triple for which none of it is known has 1.0.

Departures from the paper and its published code:

- A prompt takes the place of the fine-tuned model; with `trained`, one that has been trained is shown just what its
  samples have.
- What greets, instructs or was recalled is not shown to the model at all, and of what the model says only that is kept
  which the sentence grounds: `gate.unfit`, `gate.decision`. All that was refused is listed with the reason.
- Each sentence writes its own triples; the code stores the whole set again after every sentence.
- A reply that cannot be read is asked for once more, and then passed over and told. A sentence with a secret is
  refused where the memory refuses these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from memagent.errors import CapabilityError, SecretRefused, Stopped, UsageProblem, quoted
from memagent.flow import Flow, WriteTriples, generate, inquire
from memagent.gate.clauses import Told, of_line
from memagent.methods.attempts import attempted
from memagent.methods.memllm_calls import WRITE_TOOL, Way, chosen, needs_prefill
from memagent.methods.memllm_decoding import PATIENCE, Decoded, decoded
from memagent.methods.memllm_grammar import CLOSE, Words, WriteCall
from memagent.methods.memllm_hearing import read_triples
from memagent.methods.memllm_judge import judged
from memagent.methods.memllm_lines import lines_of
from memagent.methods.memllm_results import Heard
from memagent.prompts import fill
from memagent.shown import Shown
from memagent.triples import Learnt, Refusal, Relations
from memagent.types import Completion, Message, Triple

CONTEXT = 25
"""How many sentences before a sentence are shown with it: the paper's."""

MOST = 32
"""Triples of one sentence that are looked at; the paper leaves sentences with as many out of its training."""

_TRIES = 2
_FAILURES = 3  # of the model, in a row, after which it is not asked any more


@dataclass(frozen=True, slots=True)
class Written(Shown):
    """What was learnt from a text.

    Attributes:
        ids: the facts that the memory keeps now, each once.
        triples: what was kept, in order, each with the passage of its sentence.
        refused: what was not: lines, sentences and triples, each with why.
        problems: what went wrong on the way and was lived with.
        heard: the text, sentence by sentence, with what became of each.
    """

    ids: tuple[str, ...] = ()
    triples: tuple[Triple, ...] = ()
    refused: tuple[Refusal, ...] = ()
    problems: tuple[str, ...] = ()
    heard: tuple[Heard, ...] = field(default=(), repr=False)


def memllm_write(
    text: str | Sequence[Message],
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
    patience: int = PATIENCE,
    trained: bool = False,
    judge: bool = False,
    language: str = "en",
    max_tokens: int = 512,
    timeout: float | None = 120.0,
) -> Flow[Written]:
    """Learn the facts that a text states, sentence by sentence. One call of the model for each sentence that may.

    Two where its reply cannot be read. With late stopping, which a model gets that takes a prefill and a logit bias and
    gives log-probabilities, two for each opportunity to close the list: a dozen and more for a sentence. If the model
    fails at a sentence, that one is passed over and `problems` says so; three in a row end it. What was learnt stays.

    Args:
        text: a text, or turns of a conversation: one a line, or as messages. Of these only what the user says is
            learnt from; what the others say is listed as refused.
        source: where it comes from.
        passage: the id of the passage that it is, which the facts then cite; else each sentence becomes one.
        at: since when it holds (aware); the moment of writing if not given.
        speaker: who says it, for what is said as "I".
        shown: texts that came out of the memory, of which nothing is learnt again.
        before: the sentences before the text.
        context: how many sentences before are shown with each.
        confidence: a triple of less is refused; see the module for what carries one.
        relations: `stated`, or `any` for relations of a vocabulary of their own, as a fine-tuned model writes them.
        way: how the model writes; `auto` takes the best that it can.
        patience: of late stopping: after so many points without a better one it ends; 0 closes at the first.
        trained: the model was trained to write, as `examples/memllm_finetune` does: it is shown the text alone, as in
            its samples. It needs `prefill`.
        judge: the model is asked once more, of each sentence from which the rules would keep something, whether the
            speaker states it; what it does not find stated is refused. One call more for such a sentence.
        language: of the text, a two-letter code, for its sentences.
        max_tokens: how many tokens a reply has at most, or a list. What is cut off there is told in `problems`.
        timeout: seconds for each call.
    """
    if context < 0 or patience < 0 or max_tokens < 1:
        said = f"context={context}, patience={patience}, max_tokens={max_tokens} cannot be"
        raise UsageProblem(said, hint="Give at least 0, 0 and 1.")
    can = yield from inquire()
    mold = Triple("", "", "", source=source, passage=passage, at=at)
    run = _Run(mold, speaker, tuple(shown), list(before), context, confidence, chosen(way, can), can)
    run.max_tokens, run.timeout, run.relations = max_tokens, timeout, relations
    run.patience, run.trained, run.judge = patience, trained, judge
    if trained:
        needs_prefill(run.way)
    try:
        for line in lines_of(text, speaker, run.shown):
            if line.why:
                run.refused.append(Refusal(line.text, line.why))
                run.hear(line.text, len(run.triples), len(run.refused) - 1)
                continue
            for one in of_line(line.text, language):
                kept, refused = len(run.triples), len(run.refused)
                yield from run.write(one)
                run.hear(one.text, kept, refused)
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
    patience: int = PATIENCE
    trained: bool = False
    judge: bool = False
    ids: dict[str, None] = field(default_factory=dict)
    triples: list[Triple] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed_in_a_row: int = 0
    heard: list[Heard] = field(default_factory=list)

    def written(self) -> Written:
        """What there is so far."""
        return Written(
            tuple(self.ids), tuple(self.triples), tuple(self.refused), tuple(self.problems), tuple(self.heard)
        )

    def hear(self, text: str, kept: int, refused: int) -> None:
        """Note what became of a text: the triples and refusals from these places on."""
        self.heard.append(Heard(text, tuple(self.triples[kept:]), tuple(self.refused[refused:])))

    def write(self, one: Told) -> Flow[None]:
        """Ask what a sentence or clause states, and write what the gate lets through."""
        sentence = one.text
        if one.why:
            self.refused.append(Refusal(sentence, one.why))
            return
        before = self.before[-self.context :] if self.context else []
        context = " ".join([*before, one.about] if one.about else before)
        self.before.append(sentence)
        stated, failed = yield from attempted(self._ask(sentence, context))
        self.failed_in_a_row = self.failed_in_a_row + 1 if stated is None else 0
        if stated is None:
            self.problems.append(f"{quoted(sentence, 60)} was passed over: {failed}")
            return
        if stated.problem:
            self.problems.append(f"{quoted(sentence, 60)}: {stated.problem}")
        self.refused += [Refusal(sentence, problem.why) for problem in stated.call.problems]
        triples = [self._triple(words, stated.call) for words in stated.call.triples]
        if not triples:
            return
        beyond = f"one sentence says no more than {MOST} things"
        self.refused += [Refusal(sentence, beyond, triple) for triple in triples[MOST:]]
        try:
            learnt, failed = yield from attempted(self._learnt(triples[:MOST], sentence, context))
        except SecretRefused as error:
            self.refused.append(Refusal(sentence, error.message))
            return
        if learnt is None:
            self.problems.append(f"{quoted(sentence, 60)} was not written: {failed}")
        else:
            self._take(learnt)

    def _learnt(self, triples: Sequence[Triple], sentence: str, context: str) -> Flow[Learnt]:
        """Write triples, after the model was asked of those that the rules keep, where it is to be."""
        doubted: list[Refusal] = []
        step = WriteTriples(
            tuple(triples), sentence, context, self.shown, self.speaker, self.confidence, self.relations
        )
        if self.judge:
            step, doubted = yield from judged(step, timeout=self.timeout)
        learnt: Learnt = (yield step) if step.triples else Learnt((), (), ())
        return replace(learnt, refused=(*learnt.refused, *doubted))

    def _take(self, learnt: Learnt) -> None:
        self.ids.update(dict.fromkeys(learnt.ids))
        self.triples += learnt.kept
        self.refused += learnt.refused

    def _triple(self, words: Words, call: WriteCall) -> Triple:
        mold = self.mold
        sure = call.confidences.get(words, 1.0)
        return Triple(*words, source=mold.source, passage=mold.passage, at=mold.at, confidence=sure)

    def _ask(self, sentence: str, context: str) -> Flow[Decoded]:
        """What the model says that a sentence states; asked once more where its reply cannot be read."""
        messages = self._messages(sentence, context)
        stated = Decoded(WriteCall(()))
        for _ in range(_TRIES):
            stated = yield from self._stated(messages)
            if stated.call.triples or not stated.call.problems:
                return stated
        return stated

    def _messages(self, sentence: str, context: str) -> Sequence[Message]:
        if self.trained:
            return fill("memllm/trained_write", context=context, sentence=sentence)
        speaker = self.speaker or "(not known)"
        return fill("memllm/write", context=context or "(none)", sentence=sentence, speaker=speaker)

    def _stated(self, messages: Sequence[Message]) -> Flow[Decoded]:
        if self.way == "prefill":
            limits = {"patience": self.patience, "max_tokens": self.max_tokens}
            return (yield from decoded(messages, can=self.can, timeout=self.timeout, **limits))
        while True:
            try:
                return read_triples((yield from self._call(messages)))
            except CapabilityError:  # a server may turn out to lack what it was thought to have
                if self.way == "tools":
                    self.way = "text"
                elif "logprobs" in self.can:
                    self.can -= {"logprobs"}
                else:
                    raise

    def _call(self, messages: Sequence[Message]) -> Flow[Completion]:
        tools = self.way == "tools"
        return (
            yield from generate(
                messages,
                max_tokens=self.max_tokens,
                temperature=0.0,
                stop=(CLOSE,) if "stop" in self.can else (),
                logprobs="logprobs" in self.can and not tools,
                timeout=self.timeout,
                label="memllm/write",
                tools=(WRITE_TOOL,) if tools else (),
            )
        )
