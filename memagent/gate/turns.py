"""Who says which line of a conversation, and which lines were recalled: what a person has not said teaches nothing.

The whole text is looked at first. Messages in JSON, tags of chat templates and labels part it into turns; what a
system, a tool or the model said goes on until somebody else speaks. What is left is a person's, unless it opens as a
prompt does: then it is one, to its end, or to where somebody speaks of himself or of something else altogether. Then
come paragraphs: a list of memories is known by its heading, its numbers or the marks round it, and ends with its items
or its tag; rows of fields are known by their form; one line of a program makes all of its paragraph the program's.
Lines that were wrapped are put together before they are judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from memagent.gate.assistants import about_me
from memagent.gate.assistants import opens as opens_as_a_model
from memagent.gate.echoes import repeats, words
from memagent.gate.english import is_english, listed
from memagent.gate.labels import is_heading, is_labelled, of_oneself
from memagent.gate.languages import in_first_person
from memagent.gate.leading import heads_material, heads_rows, of_others
from memagent.gate.machine import cites, is_machine, messages
from memagent.gate.marks import unlisted
from memagent.gate.paragraphs import Piece, enclosed, is_item, paragraphs, recalled_list, untied
from memagent.gate.prompting import is_prompt
from memagent.gate.reasons import (
    GREETING,
    INSTRUCTION,
    MACHINE,
    MODEL,
    PROMPT,
    QUESTION,
    RECALLED,
    ROW,
    UNKNOWN_FORM,
    UNLED,
)
from memagent.gate.rows import rows
from memagent.gate.scored import is_scored
from memagent.gate.statements import NO_STATEMENT
from memagent.gate.transcripts import is_of_names, is_talk, of_role, said, untagged
from memagent.gate.unfit import unfit
from memagent.gate.words import EMPTY
from memagent.gate.wrapping import unwrapped
from memagent.sentences import split_sentences
from memagent.triples import Refusal

_NUMBERED = re.compile(r"^\s*\[\d{1,3}\](?:\s|$)")
_MINE = re.compile(
    r"(?i)^\W*(?:[\w'’]+,?\s+){0,3}?(?:i|i['’]\w{1,2}|my|ich|mein\w*|je|j['’]\w+|mon|ma|mes|yo|mis?|io|mi[oa]|eu|meu|"
    r"minha|я|мо[йяеи]|меня|мне)\b|^\W*我"
)
_YOU = re.compile(r"(?i)\b(?:you|your|du|dein\w*|tu|vous|votre|usted|ты|вы|тебе|вам)\b|[你您]")
_I = re.compile(r"(?i)(?<!\w)(?:i|ich|je|yo|io|eu|я)(?!\w)|我")
_UNPARTED = re.compile(r"[\u2e80-\u9fff]")
_LONG = 3  # letters of a word that says what a prompt is about
_SEVERAL = 2  # instructions in one turn, of which nobody would say that they stand beside a fact
_SHARE = 0.2  # of the sentences of a longer turn: prose has some that look like instructions
_LONGEST = 20_000  # characters of a turn; what is longer is a document, and judged sentence by sentence


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a conversation: its text without the role before it, and why nothing is learnt from it, or ''."""

    text: str
    why: str = ""


def lines(text: str, speaker: str = "", shown: Sequence[str] = ()) -> list[Line]:
    """Return the lines of a conversation, each with why nothing is learnt from it, or ''.

    Args:
        text: all of it: a prompt, a list of memories and a transcript are known by their beginnings.
        speaker: the person whose lines count in the export of a chat, where lines have names.
        shown: texts that came out of the memory: a line that repeats one in any form is recalled.
    """
    told = messages(text) if text.lstrip()[:1] in ("[", "{") else None
    if told is None:
        return _conversation(text, speaker, shown)
    found: list[Line] = []
    for role, content in told:
        why = of_role(role)
        found += _conversation(content, speaker, shown) if not why else [Line(line, why) for line in _filled(content)]
    return found


def refusals(of: list[Line]) -> list[Refusal]:
    """Return the lines that were refused, each with the reason."""
    return [Refusal(line.text, line.why) for line in of if line.why]


def _conversation(text: str, speaker: str, shown: Sequence[str]) -> list[Line]:
    found: list[Line] = []
    for _, group in groupby(_turns(text, speaker), key=lambda piece: piece.turn):
        turn = [*paragraphs(_of_prompts(enclosed([*group])))]
        unled = _is_unled(turn)
        for number, paragraph in enumerate(turn):
            why = UNLED if unled and number == 0 else ""
            if number:
                why = _why_under(turn[number - 1], paragraph)
            found += [Line(piece.text, one or why) for piece, one in _judged(paragraph, shown)]
    return [*_introduced(found)]


def _introduced(told: Sequence[Line]) -> Iterator[Line]:
    """The lines, with `About me:` before each item under it that has no verb of its own."""
    heading = ""
    for line in told:
        if not line.why and of_oneself(line.text) == "":
            heading = line.text.strip()
        elif not is_item(line.text):
            heading = ""
        elif heading and not line.why and unfit(line.text) in (NO_STATEMENT, UNKNOWN_FORM):
            line = replace(line, text=f"{heading} {unlisted(line.text)}")
        yield line


def _is_unled(turn: Sequence[Sequence[Piece]]) -> bool:
    """Whether a turn begins with a list that nobody introduces, and nobody in the turn speaks of himself.

    A heading introduces it only if it is the person's own: not `Datos recordados:` with nothing of `me` under it.
    """
    if turn and _is_headed(turn[0]):
        return True
    if not turn or len(turn[0]) < _SEVERAL or not all(is_item(piece.text) for piece in turn[0]):
        return False
    return not any(_I.search(piece.text) or about_me(piece.text) for paragraph in turn for piece in paragraph)


def _why_under(before: Sequence[Piece], paragraph: Sequence[Piece]) -> str:
    """Why not, where a paragraph is a list under the heading of what was recalled, or the material of a task."""
    if len(before) == 1 and is_heading(before[0].text) and all(is_item(piece.text) for piece in paragraph):
        return RECALLED
    said = [piece.text for piece in paragraph]
    return PROMPT if before and heads_material(before[-1].text, said) else ""


def _is_headed(paragraph: Sequence[Piece]) -> bool:
    """Whether a paragraph is a list under a heading, with no word of who says it and no verb that is known."""
    heading, *items = (piece.text for piece in paragraph)
    if len(items) < _SEVERAL or not heading.endswith((":", "：")) or of_oneself(heading) is not None:
        return False
    if not all(map(is_item, items)):
        return False
    own = about_me(" ".join([heading, *items])) or any(map(in_first_person, items))
    return not own and (unfit(heading) != "" or not is_english(heading))


def _turns(text: str, speaker: str) -> Iterator[Piece]:
    """The lines of a text with whose turn they are; a line of somebody who is no user is refused already."""
    talk, turn, inside = is_talk(plain := untagged(text)), 0, ""
    names = is_of_names(plain, speaker)
    for line in unwrapped(untied(plain).splitlines()):
        one = said(line, talk=talk, speaker=speaker, names=names)
        if one.why is None:
            yield Piece(one.text, turn, inside if one.text else "", indented=line[:1].isspace())
        elif one.text and one.text == line.replace(">", "").strip():  # quoted, by nobody who is named
            yield Piece(one.text, turn, inside or one.why)
        else:
            turn, inside = turn + 1, one.why
            yield Piece(one.text, turn, inside)


def _of_prompts(turn: Sequence[Piece]) -> list[Piece]:
    """The lines of one turn, those of a prompt refused: to its end, or to where somebody else begins to speak.

    That is where a line is of who says it, or a paragraph behind the first with nothing of the prompt in it and behind.
    """
    own = [piece.text for piece in turn if not piece.why]
    if not own or not (is_prompt("\n".join(own)) or _instructs(own)):
        return [*turn]
    end = next((at for at, piece in enumerate(turn) if at and not piece.why and _speaks(piece.text)), len(turn))
    blank = next((at for at, piece in enumerate(turn) if at and not piece.text), end)
    if blank < end and _is_apart([piece.text for piece in turn[:blank]], [piece.text for piece in turn[blank + 1 :]]):
        end = blank
    told = [replace(piece, why=piece.why or PROMPT) for piece in turn[:end]]
    return told + (_of_prompts(turn[end:]) if end < len(turn) else [])


def _judged(paragraph: Sequence[Piece], shown: Sequence[str]) -> Iterator[tuple[Piece, str]]:
    """The lines of one paragraph, with why they are refused: what a line is, others beside it may be too."""
    machine = any(is_machine(piece.text) for piece in paragraph if not piece.why)
    modelled, numbered = _begins_as_a_model(paragraph), False
    listed = recalled_list(paragraph)
    said = [piece.text for piece in paragraph]
    fields = rows(said)
    if heads_rows(said, fields):
        fields[0] = True
    for piece, recalled, row, led in zip(paragraph, listed, fields, of_others(said), strict=True):
        text = piece.text
        scored = is_scored(text)
        numbered = numbered or bool(_NUMBERED.match(text)) or (scored and is_item(text))
        again = recalled or numbered or cites(text) or scored or is_labelled(text) or repeats(text, shown)
        why = (RECALLED if again else "") or (ROW if row else "") or (MACHINE if machine else "")
        yield piece, piece.why or why or (MODEL if modelled else led)


def _is_apart(prompt: Sequence[str], rest: Sequence[str]) -> bool:
    """Whether what stands behind the first paragraph of a prompt has nothing to do with it.

    It has no word for the listener, asks for nothing, and has no longer word of the prompt. Writings without blanks
    between words are not covered: there the prompt goes on.
    """
    text = "\n".join(rest)
    if _YOU.search(text) or _UNPARTED.search(text) or len(text) > _LONGEST:
        return False
    shared = {*words("\n".join(prompt))} & {*words(text)} - EMPTY - listed("small")
    if any(len(word) >= _LONG for word in shared):
        return False
    whys = [unfit(sentence) for line in rest if line for sentence in split_sentences(line)]
    return bool(whys) and all(why in ("", GREETING, QUESTION) for why in whys) and "" in whys


def _speaks(line: str) -> bool:
    """Whether a line is a person's own: it begins with `I` or `my`, or nearly, and is not for the listener."""
    mine = _MINE.match(line) is not None or in_first_person(line)
    return mine and _YOU.search(line) is None and not unfit(split_sentences(line)[0])


def _instructs(own: Sequence[str]) -> bool:
    """Whether a turn gives instructions while nobody in it speaks of himself.

    Only what was composed, of paragraphs or items: lines of one sentence are messages, and a fact may stand among them.
    """
    text = "\n".join(own)
    if len(text) > _LONGEST or about_me(text):
        return False
    told = [(line, split_sentences(line)) for line in own]
    wanted = [unfit(sentence) in (INSTRUCTION, PROMPT) for _, sentences in told for sentence in sentences]
    composed = any(len(sentences) > 1 or is_item(line) for line, sentences in told)
    return len(own) > 1 and composed and sum(wanted) >= max(_SEVERAL, len(wanted) * _SHARE)


def _begins_as_a_model(paragraph: Sequence[Piece]) -> bool:
    """Whether a paragraph begins `Great question!` and goes on without a word of who says it."""
    text = " ".join(piece.text for piece in paragraph)
    sentences = split_sentences(text)
    return len(sentences) > 1 and opens_as_a_model(sentences[0]) and not about_me(" ".join(sentences[1:]))


def _filled(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
