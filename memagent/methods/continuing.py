"""Going on with an answer that has been begun, sentence by sentence, on any backend.

A backend that takes a prefill continues the answer itself. Any other is shown the answer so far and told to go on from
there (by `writer`): what it repeats of it is cut off (see `repeating`), the white space that is lost between the two is
put back, as the model once wrote it where that is known, a word that the limit cut in two is written again, and a reply
of `END` says that the answer is complete. Text and log-probabilities come from one list of tokens, which is cut
wherever the text is cut, so that they always agree; where a backend's do not, the text counts.

The paper's models end an answer at a blank line. Models for chat write answers with blank lines in them, so that here
the answer ends with the sentence that gives it, where the model ends, or where it puts a next question to itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from memagent.methods.repeating import COMPLETE, NO_BLANKS, begins_again, chatter, repeated
from memagent.methods.thinking import READ, after_thoughts, thoughts_in
from memagent.sentences import sentence_ends
from memagent.tokens import slice_tokens
from memagent.types import Completion, Token, estimate_tokens

SHORTEST = 5
"""A sentence has at least so many characters, counted from the start of the raw text."""

Cut = Literal["", "length", "filter"]

_NEXT_CASE = re.compile(r"\n[^\S\n]*\n\s*(?:question|q)\s*:", re.IGNORECASE)
_END = re.compile(r"[\s\"'`*\[(<]*END[\s\"'`*\])>.!]*\Z")
_GIVES = re.compile(r"\W*so,? the (?:final )?answer is\b", re.IGNORECASE)
_OPENS = frozenset("([{<“‘«„¿¡$€£¥₹#@/-–—_")
_DASHES = frozenset("-–—")
_BLOCK = re.compile(r"[-*+•–—]\s|\||#{1,6}\s|>|`{3}|\d{1,3}[.)]\s")
_CLOSES = frozenset(",.;:!?)]}>%”’»。，；：！？、）」』/-–—")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an answer.

    Attributes:
        tokens: its tokens; their texts join to its text. One without log-probability where none were measured.
        ended: whether the answer is complete with it.
        cut: why the model did not come to its end: the limit of tokens, or a filter.
        size: how many tokens it has, estimated where the backend does not tell.
        repeated: how many tokens of the reply repeated the answer so far, and were left out.
        unsaid: whether the backend did not say why the reply ended.
        failed: why the call failed, in words, where the piece is what had come until then.
        gap: the white space that the model wrote behind it, where it wrote more that was left out; `None` otherwise.
        unjoined: whether the backend's tokens did not join to its text, so that they tell nothing.
        over_long: whether the reply had more than `READ` characters, which were not read.
    """

    tokens: tuple[Token, ...]
    ended: bool = False
    cut: Cut = ""
    size: int = 0
    repeated: int = 0
    unsaid: bool = False
    failed: str = ""
    gap: str | None = None
    unjoined: bool = False
    over_long: bool = False

    @property
    def text(self) -> str:
        """The text of the piece."""
        return "".join(token.text for token in self.tokens)


def continued(
    so_far: str, reply: Completion, *, prefilled: bool = False, most: int | None = None, gap: str | None = None
) -> Piece:
    """Return what a reply of up to `most` tokens adds to the answer so far, behind which the model once wrote `gap`.

    What the model thought aloud is left out, and so is what it says of going on and what it repeats, unless the backend
    takes prefills: then it repeats nothing. The answer is complete where the reply is empty, says `END`, or ends by
    itself. Otherwise it was cut off: without prefills its last word is then left out, if it may be half of one, and is
    written again. Where the backend does not say why it ended, a reply as long as it may be counts as cut off, and so
    does one of half that length that neither ends as a sentence does nor gives the answer.
    """
    over_long = len(reply.text) > READ
    reply = replace(reply, text=reply.text[:READ], tokens=slice_tokens(reply.tokens, 0, READ)) if over_long else reply
    tokens, unjoined = _tokens_of(reply)
    text = "".join(token.text for token in tokens)
    thoughts = 0 if prefilled and so_far else after_thoughts(text)
    lead, again = (0, 0) if prefilled else _said_before(so_far, text[thoughts:])
    over = thoughts + lead + again
    stop = _NEXT_CASE.search(text, over + _leading(text[over:]))
    end = stop.start() if stop else len(text)
    end = over + len(text[over:end].rstrip())
    full = _full(reply, most)
    cut = "" if stop else _cut(reply, full, text[:end], most)
    if cut and not prefilled:
        if over == thoughts and begins_again(so_far, text[thoughts:]):
            over = end
        elif reply.finish_reason != "unknown" or full:
            end = over + whole_words(text[over:end])
    added = text[over:end]
    unsaid = reply.finish_reason == "unknown"
    repeats = _size(reply, text[thoughts + lead : over]) if over > thoughts + lead and so_far else 0
    if not added.strip() or _END.match(added):
        cut = cut if reply.text.strip() and not added.strip() else ""
        return Piece((), ended=True, cut=cut, repeated=repeats, unsaid=unsaid)
    kept = slice_tokens(tokens, over, end)
    if so_far:
        in_tags = text[:over].endswith(">")
        kept = _behind(kept, _between(so_far, added, gap, prefilled=prefilled, in_tags=in_tags))
    piece = Piece(kept, not cut, cut, _size(reply, added), repeats, unsaid, gap=gap_at(text, end))
    piece = replace(piece, unjoined=unjoined, over_long=over_long)
    if tail := _said_end(kept):
        return replace(piece, tokens=tail, ended=True, cut="", size=_size(reply, "".join(one.text for one in tail)))
    return piece


def late(so_far: str, said: str, why: str, *, prefilled: bool = False, gap: str | None = None) -> Piece | None:
    """Return what had come of a reply when its call failed, with which the answer ends; nothing where none had."""
    piece = continued(so_far, Completion(said, finish_reason="length"), prefilled=prefilled, gap=gap)
    return replace(piece, ended=True, cut="", failed=why) if piece.text.strip() else None


def is_last(sentence: str) -> bool:
    """Whether a sentence gives the answer, as the prompt asks the last one to."""
    return _GIVES.match(sentence) is not None


def is_end(piece: Piece) -> bool:
    """Whether the answer is complete with a sentence: nothing comes after it, or it gives the answer, and whole."""
    return piece.ended or (is_last(piece.text) and (not piece.cut or COMPLETE.search(piece.text) is not None))


def first_sentence(piece: Piece) -> Piece:
    """Return the first sentence of a piece that is at least `SHORTEST` characters long, blanks before it included.

    The answer is complete with it only if nothing comes after it. A last sentence that was cut off counts as one. A
    piece that a filter or a failure ended is kept whole: no more will come.
    """
    text = piece.text
    if piece.failed or piece.cut == "filter":
        return piece
    for end in sentence_ends(text):
        end = len(text[:end].rstrip())
        if end >= SHORTEST and end < len(text.rstrip()):
            size = max(1, round(piece.size * end / len(text)))
            tokens = slice_tokens(piece.tokens, 0, end)
            return replace(piece, tokens=tokens, ended=False, cut="", size=size, gap=gap_at(text, end))
    return piece


def joined(so_far: str, piece: str) -> str:
    """Return the answer with a piece added to it; nothing but the blanks at its ends is changed."""
    return (so_far + piece).strip() if not so_far else so_far + piece.rstrip()


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip())


def _parted(so_far: str, added: str) -> bool:
    """Whether a blank belongs between the two: not in scripts without blanks, nor round what opens, closes or joins."""
    before, after = so_far[-1], added[0]
    if after in "-–—*•" and added[1:2].isspace():
        return not before.isspace()  # a dash between clauses, or the sign of a list
    if before.isspace() or before in _OPENS or after in _CLOSES:
        return False
    if before in "\"'" and so_far.count(before) % 2:
        return False  # it opens what is quoted
    return not (NO_BLANKS.match(before) and NO_BLANKS.match(after))


def _said_before(so_far: str, text: str) -> tuple[int, int]:
    """How many characters of a reply say that it goes on, and how many behind them repeat the answer so far."""
    if start := repeated(so_far, text):
        return 0, start
    lead, labels = chatter(text, so_far)
    again = repeated(so_far, text[lead:])
    return (lead, again) if again or not labels else (0, 0)


def _cut(reply: Completion, full: bool, text: str, most: int | None) -> Cut:
    """Why a reply did not come to its end; '' where it did."""
    if reply.finish_reason == "length" or reply.finish_reason == "filter":
        return reply.finish_reason
    if reply.finish_reason != "unknown" or not text.strip():
        return ""
    if full:
        return "length"
    begins = [0, *sentence_ends(text)][-2]
    return "length" if _half(reply, most) and not COMPLETE.search(text) and not is_last(text[begins:]) else ""


def _full(reply: Completion, most: int | None) -> bool:
    """Whether a reply is as long as it may be; where its tokens are only estimated, nearly as long."""
    if most is None:
        return False
    counted = len(reply.tokens) or reply.usage.output_tokens
    return counted >= most if counted else estimate_tokens(reply.text) >= 0.75 * most


def _half(reply: Completion, most: int | None) -> bool:
    """Whether a reply is long enough for a limit to have ended it; a short answer needs no full stop."""
    if most is None:
        return True
    return 2 * (len(reply.tokens) or reply.usage.output_tokens or estimate_tokens(reply.text)) >= most


def whole_words(text: str) -> int:
    """Where the last whole word of a text that was cut off ends; a text of one word is left as it is."""
    if not text or not text[-1].isalnum() or NO_BLANKS.match(text[-1]):
        return len(text)
    blank = max(text.rfind(sign) for sign in " \n\t")
    return len(text[:blank].rstrip()) if blank > 0 and text[:blank].strip() else len(text)


def gap_at(text: str, end: int) -> str | None:
    """The white space that was written behind a place in a text; `None` where the text ends there."""
    behind = text[end:]
    return behind[: _leading(behind)] if behind else None


def _between(so_far: str, added: str, gap: str | None, *, prefilled: bool, in_tags: bool) -> str:
    """The white space between the answer so far and what is added to it: what the model wrote, as far as it is known.

    A model that takes prefills writes it itself. Any other begins a message of its own: what it wrote there in the
    draft, of which more than a sentence was seen, tells more than how that message begins, unless a line of a list, a
    table or code begins there. Where neither tells, a blank is put where one belongs.
    """
    lead, bare = added[: _leading(added)], added.lstrip()
    if lead and prefilled:
        return lead
    breaks = "\n" in (gap or "")
    if breaks and bare[0] not in _CLOSES - _DASHES:
        return gap or ""
    if in_tags or ("\n" in lead and gap is not None and (breaks or not _BLOCK.match(bare))):
        lead = ""  # the break belongs to the form of the reply
    return lead or (" " if _parted(so_far, bare) else "")


def _behind(tokens: tuple[Token, ...], blank: str) -> tuple[Token, ...]:
    """The tokens with this in place of the white space before them."""
    text = "".join(token.text for token in tokens)
    lead = _leading(text)
    if text[:lead] == blank:
        return tokens
    rest = slice_tokens(tokens, lead, len(text))
    return (Token(blank + rest[0].text, rest[0].logprob), *rest[1:])


def _tokens_of(reply: Completion) -> tuple[tuple[Token, ...], bool]:
    """The tokens of a reply without its thoughts, and whether the backend's do not join to its text.

    Then the text is one token without a probability, since nobody can tell what the tokens are of.
    """
    text = "".join(token.text for token in reply.tokens)
    unjoined = bool(reply.tokens) and bool(reply.text) and text != reply.text
    tokens = (Token(reply.text),) if unjoined or (reply.text and not reply.tokens) else reply.tokens
    at, kept = 0, list[Token]()
    text = reply.text if unjoined or not text else text
    for start, end in thoughts_in(text):
        kept += slice_tokens(tokens, at, start)
        at = end
    return (tuple(kept) + slice_tokens(tokens, at, len(text)) if at else tokens), unjoined


def _said_end(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens without the word `END` that stands behind them; none where it does not."""
    text = "".join(token.text for token in tokens)
    found = re.search(r"(?<=[.!?。！？\"”])\s+\[?END\]?\.?\s*\Z", text)
    return slice_tokens(tokens, 0, found.start()) if found else ()


def _size(reply: Completion, text: str) -> int:
    """How many tokens of the reply the text has."""
    if reply.tokens and reply.text:
        return max(1, round(len(reply.tokens) * len(text) / len(reply.text)))
    return max(1, estimate_tokens(text))
