"""Going on with an answer that has been begun, sentence by sentence, on any backend.

A backend that takes a prefill continues the answer itself. Any other is shown the answer so far and told to go on from
there: what it repeats of it is cut off, the blank that is lost between the two is put back, a word that the limit cut
in two is written again, and a reply of `END` says that the answer is complete. Text and log-probabilities come from one
list of tokens, which is cut wherever the text is cut, so that they always agree.

The paper's models end an answer at a blank line. Models for chat write answers with blank lines in them, so that here
the answer ends with the sentence that gives it, where the model ends, or where it puts a next question to itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from memagent.errors import UsageProblem
from memagent.flow import Flow, generate
from memagent.methods.plain import numbered
from memagent.methods.rat_passages import relevant
from memagent.methods.thinking import after_thoughts
from memagent.prompts import fill
from memagent.sentences import sentence_ends
from memagent.tokens import slice_tokens
from memagent.types import Completion, Hit, Message, Token, estimate_tokens

SHORTEST = 5
"""A sentence has at least so many characters, counted from the start of the raw text."""

Cut = Literal["", "length", "filter"]

_NEXT_CASE = re.compile(r"\n[^\S\n]*\n\s*(?:question|q)\s*:", re.IGNORECASE)
_END = re.compile(r"[\s\"'`*\[(<]*END[\s\"'`*\])>.!]*\Z")
_GIVES = re.compile(r"\W*so,? the (?:final )?answer is\b", re.IGNORECASE)
_REPEATED = 12  # letters and digits that a reply must share with the end of the text to count as repeating it
_AFTER_REPEATED = re.compile(r"(?:\s*</?\w{1,20}>|[^\w\s<])*")
_TAG = re.compile(r"</?\w{1,20}>")
_OPENS = frozenset("([{<“‘«„¿¡$€£¥₹#@/-–—_")
_CLOSES = frozenset(",.;:!?)]}>%”’»。，；：！？、）」』/-–—")
_NO_BLANKS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an answer.

    Attributes:
        tokens: its tokens; their texts join to its text. One without log-probability where none were measured.
        ended: whether the answer is complete with it.
        cut: why the model did not come to its end: the limit of tokens, or a filter.
        size: how many tokens it has, estimated where the backend does not tell.
    """

    tokens: tuple[Token, ...]
    ended: bool = False
    cut: Cut = ""
    size: int = 0

    @property
    def text(self) -> str:
        """The text of the piece."""
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Writer:
    """How an answer is written.

    Attributes:
        question: what is asked.
        can: the abilities of the model.
        examples: solved questions that the prompt begins with, in the form of the answers.
        timeout: seconds for each call.
        temperature: of each call.
        passage_tokens: of the passages that are shown; of longer ones the pieces that are most like the question.
    """

    question: str
    can: frozenset[str] = frozenset()
    examples: str = ""
    timeout: float | None = None
    temperature: float = 0.0
    passage_tokens: int = 3000

    def __post_init__(self) -> None:
        if not isinstance(self.question, str) or not self.question.strip():
            raise UsageProblem(f"{self.question!r} is no question", hint="Ask something, in words.")
        if not isinstance(self.examples, str):
            raise UsageProblem(f"examples is a {type(self.examples).__name__}", hint="Give them as one text.")

    def go_on(
        self,
        so_far: str,
        hits: Sequence[Hit],
        *,
        max_tokens: int,
        logprobs: bool = False,
        label: str = "flare/answer",
        temperature: float | None = None,
        seed: int | None = None,
        logit_bias: Mapping[str, float] | None = None,
        messages: Sequence[Message] = (),
        stop: Sequence[str] = (),
    ) -> Flow[Piece]:
        """Ask for up to `max_tokens` more of the answer, with passages or, where there are none, without. One call.

        Args:
            so_far: the answer so far, without blanks at its end.
            hits: the passages, best first.
            max_tokens: how much to write.
            logprobs: measure them.
            label: what the call is called in traces.
            temperature: in place of the writer's own.
            seed: for sampling.
            logit_bias: as in `Request`.
            messages: a prompt in place of the usual one.
            stop: strings that end the text, left to the backend where it can.
        """
        asked = list(messages) or self.prompt(hits)
        prefill = so_far if "prefill" in self.can else ""
        if so_far and not prefill:
            asked += fill("flare/continue", so_far=so_far)
        reply = yield from generate(
            asked,
            max_tokens=max_tokens,
            temperature=self.temperature if temperature is None else temperature,
            stop=tuple(stop) if "stop" in self.can else (),
            seed=seed,
            logprobs=logprobs,
            logit_bias=logit_bias,
            prefill=prefill,
            timeout=self.timeout,
            label=label,
        )
        return continued(so_far, reply, prefilled="prefill" in self.can)

    def prompt(self, hits: Sequence[Hit]) -> list[Message]:
        """Return the messages that ask for the answer, the passages before the question."""
        question = f"{self.examples}\n\n{self.question}" if self.examples else self.question
        hits = relevant([hit for hit in hits if hit.text.strip()], self.question, self.passage_tokens)
        if not hits:
            return list(fill("flare/alone", question=question))
        return list(fill("flare/answer", passages=numbered(hits), question=question))


def continued(so_far: str, reply: Completion, *, prefilled: bool = False) -> Piece:
    """Return what a reply adds to the answer so far.

    What the model thought aloud is left out, and so is what it repeats, unless the backend takes prefills: then it
    repeats nothing. The answer is complete where the reply is empty, says `END`, or ends by itself. Otherwise it was
    cut off: without prefills its last word is then left out, if it may be half of one, and is written again.
    """
    tokens = reply.tokens or ((Token(reply.text),) if reply.text else ())
    text = "".join(token.text for token in tokens)
    start = 0 if prefilled and so_far else after_thoughts(text)
    start += 0 if prefilled else _repeated(so_far, text[start:])
    stop = _NEXT_CASE.search(text, start + _leading(text[start:]))
    end = stop.start() if stop else len(text)
    end = start + len(text[start:end].rstrip())
    cut: Cut = reply.finish_reason if not stop and reply.finish_reason in ("length", "filter") else ""
    if cut and not prefilled:
        end = start + _whole_words(text[start:end])
    added = text[start:end]
    if not added.strip() or _END.match(added):
        return Piece((), ended=True, cut=cut if text.strip() and not added.strip() else "")
    kept = slice_tokens(tokens, start, end)
    if so_far and not added[0].isspace() and _parted(so_far, added):
        kept = (Token(" " + kept[0].text, kept[0].logprob), *kept[1:])
    elif so_far and "\n" in added[: _leading(added)]:
        kept = _glued(kept)
    if tail := _said_end(kept):
        return replace(tail, size=_size(reply, tail.text))
    return Piece(kept, ended=not cut, cut=cut, size=_size(reply, added))


def is_last(sentence: str) -> bool:
    """Whether a sentence gives the answer, as the prompt asks the last one to."""
    return _GIVES.match(sentence) is not None


def first_sentence(piece: Piece) -> Piece:
    """Return the first sentence of a piece that is at least `SHORTEST` characters long, blanks before it included.

    The answer is complete with it only if nothing comes after it. A last sentence that was cut off counts as one.
    """
    text = piece.text
    for end in sentence_ends(text):
        end = len(text[:end].rstrip())
        if end >= SHORTEST and end < len(text.rstrip()):
            size = max(1, round(piece.size * end / len(text)))
            return Piece(slice_tokens(piece.tokens, 0, end), size=size)
    return piece


def joined(so_far: str, piece: str) -> str:
    """Return the answer with a piece added to it; nothing but the blanks at its ends is changed."""
    return (so_far + piece).strip() if not so_far else so_far + piece.rstrip()


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip())


def _repeated(so_far: str, text: str) -> int:
    """How many characters at the start of a reply repeat the answer so far: all of it, or its end.

    Letters and digits are compared, without regard to case, blanks and marks round them. A repetition of less than
    `_REPEATED` of them counts only if it is the whole of the answer.
    """
    tags = {at for tag in _TAG.finditer(text) for at in range(*tag.span())}
    places = [at for at, char in enumerate(text) if char.isalnum() and at not in tags]
    said = "".join(filter(str.isalnum, so_far)).lower()
    new = "".join(text[at].lower()[:1] for at in places)
    for length in range(min(len(said), len(new)), min(_REPEATED, len(said)) - 1, -1):
        if length and said.endswith(new[:length]):
            marks = _AFTER_REPEATED.match(text, places[length - 1] + 1)
            return (
                marks.end()
                if marks and so_far[-1:] not in text[marks.end() : marks.end() + 1]
                else places[length - 1] + 1
            )
    return 0


def _parted(so_far: str, added: str) -> bool:
    """Whether a blank belongs between the two: not in scripts without blanks, nor round what opens, closes or joins."""
    before, after = so_far[-1], added[0]
    if before.isspace() or before in _OPENS or after in _CLOSES:
        return False
    if before in "\"'" and so_far.count(before) % 2:
        return False  # it opens what is quoted
    return not (_NO_BLANKS.match(before) and _NO_BLANKS.match(after))


def _whole_words(text: str) -> int:
    """Where the last whole word of a text that was cut off ends; a text of one word is left as it is."""
    if not text or not text[-1].isalnum() or _NO_BLANKS.match(text[-1]):
        return len(text)
    blank = max(text.rfind(sign) for sign in " \n\t")
    return len(text[:blank].rstrip()) if blank > 0 and text[:blank].strip() else len(text)


def _glued(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens with one blank in place of the line breaks before them."""
    lead = _leading("".join(token.text for token in tokens))
    rest = slice_tokens(tokens, lead, sum(len(token.text) for token in tokens))
    return (Token(" " + rest[0].text, rest[0].logprob), *rest[1:])


def _said_end(tokens: tuple[Token, ...]) -> Piece | None:
    """A piece without the word `END` that stands behind it, if it does."""
    text = "".join(token.text for token in tokens)
    found = re.search(r"(?<=[.!?。！？\"”])\s+\[?END\]?\.?\s*\Z", text)
    return Piece(slice_tokens(tokens, 0, found.start()), ended=True) if found else None


def _size(reply: Completion, text: str) -> int:
    """How many tokens of the reply the text has."""
    if reply.tokens and reply.text:
        return max(1, round(len(reply.tokens) * len(text) / len(reply.text)))
    return max(1, estimate_tokens(text))
