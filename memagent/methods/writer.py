"""Asking for more of an answer that has been begun: the prompt, the room that it takes, and what a call may end in.

A model that begins with what stands there uses up what it may write. The first time that it comes to nothing by that,
it is asked once more, and from then on it is given room for it. Of a call that fails, what had been streamed is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from memagent.errors import BackendError, Stopped
from memagent.flow import Flow, generate
from memagent.methods.arguments import check_question, check_text
from memagent.methods.continuing import Piece, continued, first_sentence, gap_at, late, whole_words
from memagent.methods.plain import PASSAGE_TOKENS, numbered, shortened
from memagent.prompts import fill
from memagent.tokens import slice_tokens
from memagent.types import Hit, Message, estimate_tokens


@dataclass(slots=True)
class Writer:
    """How an answer is written.

    Attributes:
        question: what is asked.
        can: the abilities of the model.
        examples: solved questions that the prompt begins with, in the form of the answers.
        timeout: seconds for each call.
        temperature: of each call.
        passage_tokens: of the passages that are shown; of longer ones the pieces most like what was looked up.
        repeats: whether the model has been seen to begin with what stands there: then it is given room for it.
        samples: whether the model writes one thing in several ways; `None` as long as nothing has shown it.
        gap: the white space that the model wrote behind the answer so far, before what was left out; `None` if unknown.
        late: what had come of the call in which the run was stopped.
    """

    question: str
    can: frozenset[str] = frozenset()
    examples: str = ""
    timeout: float | None = None
    temperature: float = 0.0
    passage_tokens: int = PASSAGE_TOKENS
    repeats: bool = False
    samples: bool | None = None
    gap: str | None = None
    late: Piece | None = None

    def __post_init__(self) -> None:
        check_question(self.question)
        check_text("examples", self.examples)

    def go_on(
        self,
        so_far: str,
        hits: Sequence[Hit],
        *,
        max_tokens: int,
        sought: str = "",
        logprobs: bool = False,
        label: str = "flare/answer",
        temperature: float | None = None,
        seed: int | None = None,
        logit_bias: Mapping[str, float] | None = None,
        messages: Sequence[Message] = (),
        stop: Sequence[str] = (),
    ) -> Flow[Piece]:
        """Ask for up to `max_tokens` more of the answer, with passages or, where there are none, without.

        One call; two the first time that a model without prefills uses it up by repeating what stands there.

        Args:
            so_far: the answer so far, without blanks at its end.
            hits: the passages, best first.
            max_tokens: how much to write.
            sought: what was looked up, by which long passages are cut; the question where it is ''.
            logprobs: measure them.
            label: what the call is called in traces.
            temperature: in place of the writer's own.
            seed: for sampling.
            logit_bias: as in `Request`.
            messages: a prompt in place of the usual one.
            stop: strings that end the text, left to the backend where it can.
        """
        asked = list(messages) or self.prompt(hits, sought)
        prefill = so_far if "prefill" in self.can else ""
        if so_far and not prefill:
            asked += fill("flare/continue", so_far=so_far)

        def call(most: int) -> Flow[Piece]:
            try:
                reply = yield from generate(
                    asked,
                    max_tokens=most,
                    temperature=self.temperature if temperature is None else temperature,
                    stop=tuple(stop) if "stop" in self.can else (),
                    seed=seed,
                    logprobs=logprobs,
                    logit_bias=logit_bias,
                    prefill=prefill,
                    timeout=self.timeout,
                    label=label,
                )
            except (BackendError, Stopped) as error:
                piece = late(so_far, error.said, error.message, prefilled="prefill" in self.can, gap=self.gap)
                if isinstance(error, Stopped):
                    self.late = piece
                if piece is None or isinstance(error, Stopped):
                    raise
                return piece
            return continued(so_far, reply, prefilled="prefill" in self.can, most=most, gap=self.gap)

        room = _room(so_far) if self.repeats else 0
        piece = yield from call(max_tokens + room)
        if piece.repeated and piece.cut == "length" and not room and first_sentence(piece) is piece:
            room = _room(so_far)
            piece = yield from call(max_tokens + room)
        self.repeats = self.repeats or piece.repeated > 0
        return _within(piece, max_tokens) if room else piece

    def prompt(self, hits: Sequence[Hit], sought: str = "") -> list[Message]:
        """Return the messages that ask for the answer: examples, passages, question."""
        hits = [hit for hit in hits if hit.text.strip()]
        if not hits:
            return self.led(fill("flare/alone", question=self.question))
        shown = shortened(hits, sought or self.question, self.passage_tokens)
        return self.led(fill("flare/answer", passages=numbered(shown), question=self.question))

    def led(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages of a prompt with the examples, if there are any, before what the user says."""
        if not self.examples:
            return list(messages)
        [examples] = fill("flare/examples", examples=self.examples)
        at = next(number for number, message in enumerate(messages) if message.role == "user")
        led = replace(messages[at], content=f"{examples.content}\n\n{messages[at].content}")
        return [*messages[:at], led, *messages[at + 1 :]]


def _room(so_far: str) -> int:
    """How many tokens a model may need to repeat an answer before it goes on."""
    return estimate_tokens(so_far) * 3 // 2 + 16


def _within(piece: Piece, most: int) -> Piece:
    """A piece cut to about `most` tokens, where it used the room for a repetition that was none for more."""
    if piece.size <= most or piece.failed:
        return piece
    text = piece.text
    end = len(text) * most // piece.size
    end = whole_words(text[:end]) if text[end : end + 1].isalnum() else end
    tokens = slice_tokens(piece.tokens, 0, end)
    return replace(piece, tokens=tokens, ended=False, cut="length", size=most, gap=gap_at(text, end))
