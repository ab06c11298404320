"""Who says which line of a conversation, and which lines were recalled: what a person has not said teaches nothing.

The whole text is looked at first. Messages in JSON, tags of chat templates and labels part it into turns; what a
system, a tool or the model said goes on until somebody else speaks. What is left is a person's, unless it opens as a
prompt does: then it is one, to its end. Then come paragraphs: a list of memories is known by its heading, its numbers
or the marks round it; one line of a program makes all of its paragraph the program's. Lines that were wrapped are put
together before they are judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from memagent.memory.assistants import about_me, of_its_memory
from memagent.memory.assistants import opens as opens_as_a_model
from memagent.memory.machine import cites, is_machine, messages
from memagent.memory.prompting import is_prompt
from memagent.memory.reasons import INSTRUCTION, MACHINE, MODEL, PROMPT, RECALLED
from memagent.memory.transcripts import is_talk, of_role, said, untagged
from memagent.memory.unfit import unfit
from memagent.memory.wrapping import unwrapped
from memagent.sentences import split_sentences
from memagent.triples import Refusal

_HEADING = re.compile(
    r"(?i)^\s*\d{1,3}\.\s+[01]?\.\d+\s|"
    r"^\W*(?:(?:here(?:'s| is| are) )?(?:what|things|all|everything) (?:that )?(?:i|we) (?:know|have|remember)|"
    r"facts (?:i|we) "
    r"(?:have|know)|user (?:facts|profile|info))\b[^.\n]{0,60}[:：]?\W*$|"
    r"^\W*(?:here (?:are|is) |these are )?(?:the |some |your |what i )?(?:most )?(?:relevant|related|retrieved|"
    r"recalled|"
    r"previous|past|existing|known|remembered|stored|saved|user|long-term|remember|i remember|from memory)\b"
    r"[^.\n]{0,60}[:：]\W*$|"
    r"^\W*(?:(?:\w+ ){0,3}(?:memor(?:y|ies)|recollections?|known facts|passages)|context|erinnerungen|bekannte "
    r"fakten|"
    r"souvenirs|recuerdos|ricordi|memórias|воспоминания)\b[^.\n]{0,40}[:：]\W*$|^\W*\w{0,4}(?:记忆|記憶|"
    r"回忆)[^。\n]{0,20}[:：]\W*$|"
    r"^\s*#{1,4}\s.*\b(?:memor(?:y|ies)|recalled|retrieved|context|passages)\b"
)
_NUMBERED = re.compile(r"^\s*\[\d{1,3}\](?:\s|$)")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s")
_TAG = re.compile(r"^\s*<(?P<end>/?)\s*(?P<name>[^\W\d][\w-]{0,30})(?:\s[^<>]{0,200})?>")
_SEVERAL = 2  # instructions in one turn, of which nobody would say that they stand beside a fact
_SHARE = 0.2  # of the sentences of a longer turn: prose has some that look like instructions
_LONGEST = 20_000  # characters of a turn; what is longer is a document, and judged sentence by sentence


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a conversation: its text without the role before it, and why nothing is learnt from it, or ''."""

    text: str
    why: str = ""


def lines(text: str, speaker: str = "") -> list[Line]:
    """Return the lines of a conversation, each with why nothing is learnt from it, or ''.

    Args:
        text: all of it: a prompt, a list of memories and a transcript are known by their beginnings.
        speaker: the person whose lines count in the export of a chat, where lines have names.
    """
    told = messages(text) if text.lstrip()[:1] in ("[", "{") else None
    if told is None:
        return _conversation(text, speaker)
    found: list[Line] = []
    for role, content in told:
        why = of_role(role)
        found += _conversation(content, speaker) if not why else [Line(line, why) for line in _filled(content)]
    return found


def refusals(of: list[Line]) -> list[Refusal]:
    """Return the lines that were refused, each with the reason."""
    return [Refusal(line.text, line.why) for line in of if line.why]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line, whose turn it belongs to, and why it is refused already; blank lines are pieces too."""

    text: str
    turn: int
    why: str = ""


def _conversation(text: str, speaker: str) -> list[Line]:
    pieces = list(_turns(text, speaker))
    found: list[Line] = []
    for _, group in groupby(pieces, key=lambda piece: piece.turn):
        turn = list(group)
        own = [piece.text for piece in turn if not piece.why]
        if own and (is_prompt("\n".join(own)) or _instructs(own)):
            turn = [replace(piece, why=piece.why or PROMPT) for piece in turn]
        found += [Line(piece.text, why) for piece, why in _judged(turn) if piece.text]
    return found


def _turns(text: str, speaker: str) -> Iterator[_Piece]:
    """The lines of a text with whose turn they are; a line of somebody who is no user is refused already."""
    talk, turn, inside = is_talk(plain := untagged(text)), 0, ""
    for line in unwrapped(plain.splitlines()):
        one = said(line, talk=talk, speaker=speaker)
        if one.why is None:
            yield _Piece(one.text, turn, inside if one.text else "")
        elif one.text and one.text == line.replace(">", "").strip():  # quoted, by nobody who is named
            yield _Piece(one.text, turn, inside or one.why)
        else:
            turn, inside = turn + 1, one.why
            yield _Piece(one.text, turn, inside)


def _judged(turn: Sequence[_Piece]) -> Iterator[tuple[_Piece, str]]:
    """The lines of one turn, with why they are refused; by paragraphs, and by marks that may go over several."""
    tag = ""
    closed = {match["name"].lower() for piece in turn if (match := _TAG.match(piece.text)) and match["end"]}
    for filled, group in groupby(turn, key=lambda piece: bool(piece.text)):
        if not filled:
            continue
        paragraph = list(group)
        machine = any(is_machine(piece.text) for piece in paragraph)
        numbered = recalled = modelled = False
        for at, piece in enumerate(paragraph):
            found = _TAG.match(piece.text)
            if found and not found["end"] and found["name"].lower() in closed:
                tag = found["name"].lower()
            recalled = recalled or _HEADING.match(piece.text) is not None
            numbered = numbered or bool(_NUMBERED.match(piece.text))
            modelled = modelled or (at == 0 and _begins_as_a_model(paragraph))
            why = RECALLED if tag or recalled or numbered or cites(piece.text) or of_its_memory(piece.text) else ""
            yield piece, piece.why or why or (MACHINE if machine else "") or (MODEL if modelled else "")
            if found and found["end"] and found["name"].lower() == tag:
                tag = ""


def _instructs(own: Sequence[str]) -> bool:
    """Whether a turn gives instructions or marks its material with tags, while nobody in it speaks of himself.

    Only what was composed, of paragraphs or items: lines of one sentence are messages, and a fact may stand among them.
    """
    text = "\n".join(own)
    if len(text) > _LONGEST or about_me(text):
        return False
    closed = {match["name"] for line in own if (match := _TAG.match(line)) and match["end"]}
    if any((match := _TAG.match(line)) and not match["end"] and match["name"] in closed for line in own):
        return len(own) > 3
    told = [(line, split_sentences(line)) for line in own]
    wanted = [unfit(sentence) in (INSTRUCTION, PROMPT) for _, sentences in told for sentence in sentences]
    composed = any(len(sentences) > 1 or _ITEM.match(line) for line, sentences in told)
    return len(own) > 1 and composed and sum(wanted) >= max(_SEVERAL, len(wanted) * _SHARE)


def _begins_as_a_model(paragraph: Sequence[_Piece]) -> bool:
    """Whether a paragraph begins `Great question!` and goes on without a word of who says it."""
    text = " ".join(piece.text for piece in paragraph)
    sentences = split_sentences(text)
    return len(sentences) > 1 and opens_as_a_model(sentences[0]) and not about_me(" ".join(sentences[1:]))


def _filled(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
