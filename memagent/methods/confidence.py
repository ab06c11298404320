"""How sure a model is of a sentence that it has just written: by its tokens, by further samples, or by what it says.

Each measure gives the sentence back as tokens with log-probabilities, so that one rule decides on all of them. Where
the backend gives probabilities, they are those. Otherwise they are made of words: of *agreement*, the share of further
samples that have the word too; of *doubt*, what the model says of the pieces that it names as doubtful. Those cost
calls, and they are rougher; a method says which one it uses before the first call.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from memagent.errors import BackendError, CapabilityError, ReplyError, UsageProblem
from memagent.flow import Flow, gather, generate, inquire, tell
from memagent.methods.attempts import given, in_words
from memagent.methods.continuing import Piece
from memagent.methods.writer import Writer
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object
from memagent.types import Token

Measure = Literal["logprobs", "agreement", "doubt"]
Judge = Callable[[str, str, str], Any]
"""Your own measure: called with the question, the answer so far and the sentence; returns how sure it is, in [0, 1],
or a flow that does."""

Gate = Callable[[str, str, str], Flow[float]]
LEAST = 1e-6
_NO_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"\s*(?:[{_NO_BLANKS}]|[^\s{_NO_BLANKS}]+)|\s+\Z")
_COMMON = frozenset(
    "a an the of in on at to for from by with and or but not no is are was were be been being do does did has have had "
    "will would can could may might that this these those it its he she they him her his them their there which who "
    "whom whose what when where how as if so than then also both after before into about answer".split()
)
_SCHEMA = {
    "type": "object",
    "properties": {
        "doubtful": {"type": "array", "items": {"type": "string"}},
        "confidence": {"type": "number", "minimum": 0, "maximum": 100},
    },
    "required": ["doubtful", "confidence"],
    "additionalProperties": False,
}


def chosen(confidence: Measure | Literal["auto"] | Judge, can: frozenset[str]) -> Flow[Measure | Judge]:
    """Return the measure to use; where `auto` has to fall back, that is told.

    Raises:
        UsageProblem: there is no such measure.
        CapabilityError: log-probabilities are asked for and the model gives none.
    """
    if callable(confidence):
        return confidence
    if confidence not in ("auto", *get_args(Measure)):
        raise UsageProblem(
            f"confidence={confidence!r} is not known",
            hint=f"Use 'auto', {', '.join(map(repr, get_args(Measure)))}, or a callable.",
        )
    if confidence in ("agreement", "doubt"):
        return confidence
    if "logprobs" in can:
        return "logprobs"
    if confidence == "logprobs":
        raise CapabilityError(
            "this model gives no log-probabilities, by which confidence was to be measured",
            hint="Use confidence='agreement' (a few samples) or 'doubt' (what the model says), or another model.",
        )
    yield from tell(FALLBACK)
    return "agreement"


NO_LOGPROBS = "confidence by agreement of a few samples: the model gives no log-probabilities"
FALLBACK = (
    "This model gives no log-probabilities: how sure it is of a sentence is taken from the agreement of a few samples, "
    "which costs a call for each. confidence='doubt' asks it instead, which costs one."
)


def measured(
    measure: Measure | Judge,
    writer: Writer,
    so_far: str,
    sentence: Piece,
    *,
    samples: int = 3,
    max_tokens: int = 64,
) -> Flow[tuple[Token, ...]]:
    """Return the tokens of a sentence with log-probabilities by a measure.

    `logprobs` costs no call, `doubt` one (up to two where the reply is unreadable), `agreement` `samples` calls; the
    first time that all of these are the sentence itself, two short ones more tell whether the model samples at all. Of
    one that does not, no samples are taken any more.

    Raises:
        CapabilityError: the reply was to have log-probabilities and has none.
        ReplyError: the model does not sample: it always writes the same.
    """
    if callable(measure):
        return evenly(sentence.text, (yield from _judged(measure, writer.question, so_far, sentence.text.strip())))
    if measure == "logprobs":
        if any(token.logprob is None and token.text.strip() for token in sentence.tokens):
            raise CapabilityError(
                "the model was to give log-probabilities and gave none for some of its tokens",
                hint="Use confidence='agreement' or 'doubt', or another model.",
            )
        return sentence.tokens
    if measure == "doubt":
        return (yield from _doubted(writer, so_far, sentence.text))
    return (yield from _agreed(writer, so_far, sentence.text, samples, max_tokens))


def words_of(text: str) -> list[str]:
    """Return the words of a text with the blanks before them; joined, they are the text again."""
    return _WORDS.findall(text)


def gate(
    confidence: Literal["agreement", "doubt"] = "doubt", *, samples: int = 3, timeout: float | None = 120.0
) -> Gate:
    """Return a gate for `rat`: how sure the model is of a step, by what it says or by the agreement of some samples.

    It is the least of what its words have, as `flare` takes it; `rat(task, gate=gate(), theta=0.8)` then looks up the
    doubtful steps alone. `doubt` costs one call a step, and another where the reply is unreadable; `agreement` as many
    as there are samples, and two once if need be, see `measured`. `rat(task, gate="logprobs")` goes by the
    log-probabilities of the draft, without a call. Agreement of a model that does not sample is none, and 0.
    """
    samples_of: dict[str, bool | None] = {}  # by task: whether the model samples, which one run need not find out twice
    if confidence not in ("agreement", "doubt"):
        hint = "Use 'doubt' or 'agreement', or rat(gate='logprobs')."
        raise UsageProblem(f"a gate by {confidence!r} is not known", hint=hint)

    def sure(task: str, so_far: str, step: str) -> Flow[float]:
        can = yield from inquire()
        if not so_far:
            samples_of.clear()  # another run, it may be with another model
        writer = Writer(task, can, timeout=timeout, samples=samples_of.get(task))
        words = tuple(map(Token, words_of(step)))
        try:
            tokens = yield from measured(confidence, writer, so_far, Piece(words), samples=samples, max_tokens=256)
        except ReplyError as error:
            yield from tell(f"Confidence could not be measured, and counts as none: {error.message}")
            return 0.0
        finally:
            samples_of[task] = writer.samples
        return min(probabilities(tokens), default=1.0)

    return sure


def probabilities(tokens: Sequence[Token]) -> list[float]:
    """Return the probability of each token, in [0, 1]; 1 for one that has none, 0 for one that is no number."""
    return [1.0 if token.logprob is None else _probability(token.logprob) for token in tokens]


def _probability(logprob: float) -> float:
    return 0.0 if math.isnan(logprob) else math.exp(min(0.0, logprob))


def _agreed(writer: Writer, so_far: str, sentence: str, samples: int, max_tokens: int) -> Flow[tuple[Token, ...]]:
    """Sample what else the model would have written, and count in how many samples each telling word stands.

    Samples that are all the sentence itself say nothing of a model that cannot write anything else.
    """
    if writer.samples is False:
        raise _unvaried()
    others = yield from gather(
        *(
            replace(writer).go_on(so_far, (), max_tokens=max_tokens, temperature=1.0, seed=number, label="flare/sample")
            for number in range(1, samples + 1)
        )
    )
    if len({other.text for other in others}) > 1 or not others[0].text.strip().startswith(sentence.strip()):
        writer.samples = True
    if writer.samples is None:
        writer.samples = yield from _varies(writer.timeout)
    if not writer.samples:
        raise _unvaried()
    said = [{_plain(word) for word in _WORDS.findall(other.text)} for other in others]
    tokens: list[Token] = []
    for word in _WORDS.findall(sentence):
        if not _plain(word) or _plain(word) in _COMMON:
            tokens.append(Token(word, 0.0))
        else:
            share = sum(_plain(word) in words for words in said) / max(1, len(said))
            tokens.append(Token(word, math.log(max(LEAST, share))))
    return tuple(tokens)


def _varies(timeout: float | None) -> Flow[bool]:
    """Whether the model answers an open question in two ways. Two calls."""
    replies = yield from gather(
        *(
            generate(
                fill("probe/chance"), max_tokens=32, temperature=1.0, seed=seed, timeout=timeout, label="flare/varies"
            )
            for seed in (7, 8)
        )
    )
    first, second = (reply.text.strip() for reply in replies)
    return first != second


def _unvaried() -> ReplyError:
    return ReplyError(
        "every sample is the sentence itself, and an open question has one answer too: the model may not sample",
        reply="",
        hint="Use confidence='doubt', or a model that samples.",
    )


def _doubted(writer: Writer, so_far: str, sentence: str) -> Flow[tuple[Token, ...]]:
    """Ask the model what it doubts: what it names counts as unlikely; where it names nothing, its confidence counts.

    An unreadable reply counts as doubt of all of it.
    """
    messages = fill(
        "flare/doubt", question=writer.question, so_far=so_far or "(nothing yet)", sentence=sentence.strip()
    )
    try:
        doubtful, sure = yield from ask(
            messages,
            _doubt_in,
            label="flare/doubt",
            schema=_SCHEMA,
            tries=2,
            temperature=0.0,
            timeout=writer.timeout,
        )
    except ReplyError:
        return evenly(sentence, 0.0)
    spans = [(at, at + len(piece)) for piece in doubtful if (at := sentence.lower().find(piece.lower())) >= 0]
    if not spans:
        return evenly(sentence, sure)
    tokens, at = [], 0
    for word in _WORDS.findall(sentence):
        within = any(start < at + len(word) and at + len(word) - len(word.lstrip()) < end for start, end in spans)
        tokens.append(Token(word, math.log(LEAST) if within else 0.0))
        at += len(word)
    return tuple(tokens)


def _doubt_in(reply: str) -> tuple[list[str], float]:
    found = json_object(reply)
    doubtful, sure = found.get("doubtful", []), found.get("confidence")
    if isinstance(doubtful, str):
        doubtful = [doubtful]
    per_cent = isinstance(sure, str) and sure.rstrip().endswith("%")
    if isinstance(sure, str) and re.fullmatch(r"\d{1,3}(?:\.\d+)?\s*%?", sure[:40].strip()):
        number = sure[:40].strip(" %\n\t")
        sure = float(number) if "." in number else int(number)
    if not isinstance(sure, int | float) or isinstance(sure, bool) or not 0 <= sure <= 100:
        raise Unreadable('it has no number from 0 to 100 in "confidence"')
    if not isinstance(doubtful, list):
        raise Unreadable('"doubtful" is no list of texts')
    if isinstance(sure, float) and 0 < sure <= 1 and not per_cent:
        sure *= 100  # some models say it in [0, 1], with a point; a whole 1 is one of a hundred
    return [piece.strip() for piece in doubtful if isinstance(piece, str) and piece.strip()], sure / 100


def _judged(judge: Judge, question: str, so_far: str, sentence: str) -> Flow[float]:
    sure, error = yield from given(judge, question, so_far, sentence)
    if error is not None:
        raise BackendError(in_words(error)) from error
    if not isinstance(sure, int | float) or not 0 <= sure <= 1:
        raise UsageProblem(f"the measure of confidence returned {sure!r}", hint="Return a number from 0 to 1.")
    return float(sure)


def evenly(sentence: str, sure: float) -> tuple[Token, ...]:
    """Return the words of a sentence as tokens that are all as likely as it is."""
    logprob = math.log(max(LEAST, sure))
    return tuple(replace(Token(word), logprob=logprob) for word in _WORDS.findall(sentence))


def _plain(word: str) -> str:
    return re.sub(r"^\W+|\W+$", "", word).casefold()
