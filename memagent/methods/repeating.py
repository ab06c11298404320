"""What a model repeats of an answer before it goes on with it, and what it says of going on.

A model for chat that is shown an answer and asked for the rest often begins it again, or its last sentence, or says
"Sure! Here is the continuation:". That is no part of the answer. But a new sentence that begins as the last one ends
repeats nothing: "It was made by Mara Venn." is rightly followed by "Mara Venn lives in Oslo." So whole sentences alone
count as repeated, from the start of one to the end of the text. Only where the text breaks off within a sentence may
its last words do as well.

Letters and digits are compared, without regard to case, blanks and marks, so that this holds for every script; the
words by which a model announces that it goes on are English.
"""

from __future__ import annotations

import re
import unicodedata

from memagent.sentences import sentence_ends

COMPLETE = re.compile(r"[.!?…。．！？｡؟۔।॥።။][\"'”’»›）)\]」』*_`]*\s*\Z")
"""Finds the end of a text that ends as a sentence does, marks that close a quotation included."""

NO_BLANKS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""A letter or sign of a script that is written without blanks."""

_LEAST = 12  # letters and digits at the end of a broken off sentence that a reply has to share to repeat them
_LOOKED_AT = 4000  # characters at the end of a text whose sentences may be repeated, apart from all of it
_TAG = re.compile(r"</?\w{1,20}>")
_MARKS = re.compile(r"(?:\s*</?\w{1,20}>|[^\w\s<])*")
_CLOSED = re.compile(r"\s*</\w{1,20}>")
_STOPS = frozenset(".!?…。．！？｡؟۔।॥።။")
_GOES_ON = (
    r"(?:(?:continuation|continued\ answer|next\ sentence|next\ part)(?:\ of\ (?:the|your|my|this)\ (?:answer|text))?"
    r"|rest\ of\ (?:the|your|my|this)\ (?:answer|text|response)|answer\ continued)"
)
_LEAD = re.compile(
    rf"""[\s*_#>"'`]*
    (?: (?:(?:sure|certainly|of\ course|okay|ok|absolutely)\b[\ ,.!:—-]{{0,4}})?
        (?:here(?:['’]s|\ is|\ are)|this\ is|continuing\ with)\ (?:(?:the|your|my|a)\ )?{_GOES_ON}
      | (?:(?:sure|certainly|of\ course|okay|ok|absolutely)\b[\ ,.!:—-]{{0,4}})?(?:the\ )?
        (?:{_GOES_ON}|continuing|continued|answer\ continues)
    )[\s*_]{{0,4}}[:：][\s*_]*""",
    re.IGNORECASE | re.VERBOSE,
)
_YES = re.compile(r"\s*(?:sure|certainly|of course|absolutely)!\s+(?=\S)|\s*(?:\.{3}|…)\s*(?=\w)", re.IGNORECASE)
_LABEL = re.compile(
    r"[\s*_#>]*(?:(?:the|my|full|complete|final|whole) ){0,2}answer(?: so far)?[*_]*[:：][\s*_]*", re.IGNORECASE
)


def repeated(so_far: str, text: str) -> int:
    """Return how many characters at the start of a reply repeat whole sentences at the end of the answer so far.

    Where that breaks off within a sentence, its end does: the whole of the broken sentence, or so much of its end as
    could not be there by chance, in the same case, since a new sentence begins with a capital.
    """
    said, new, places = _letters(so_far), *_compared(text)
    if not said or not new:
        return 0
    complete = COMPLETE.search(so_far) is not None
    starts = _starts(so_far)
    for start in starts:
        size = len(said) - start
        if new.startswith(said[start:]) and _stands_apart(text, places[size - 1] + 1, complete):
            return _behind(so_far, text, places[size - 1] + 1, complete)
    if complete:
        return 0
    broken, first = so_far.rstrip(), text[places[0]]
    for size in range(min(len(said) - starts[-1], len(new)), _LEAST - 1, -1):
        if said.endswith(new[:size]) and _stands_apart(text, places[size - 1] + 1, complete=False):
            begins = [at for at, char in enumerate(broken) if char.isalnum()][-size]
            if broken[begins] == first and not broken[:begins][-1:].isalnum():
                return _behind(so_far, text, places[size - 1] + 1, complete=False)
    return 0


def begins_again(so_far: str, text: str) -> bool:
    """Whether a reply that was cut off may be the start of a repetition: it stands whole where a sentence begins."""
    said, new, _ = _letters(so_far), *_compared(text)
    return bool(new) and any(said.startswith(new, start) for start in _starts(so_far))


def chatter(text: str, so_far: str) -> tuple[int, bool]:
    """Return how many characters at the start of a reply announce that it goes on, and whether they may be more.

    The second is true of a label such as "Answer:", which is chatter only before a repetition.
    """
    if (found := _LEAD.match(text)) and (so_far or "\n" in found.group()):  # an answer may begin in such words itself
        return found.end(), False
    if so_far and COMPLETE.search(so_far) and (found := _YES.match(text)):
        return found.end(), False
    found = _LABEL.match(text)
    return (found.end(), True) if found else (0, False)


def _letters(text: str) -> str:
    return "".join(_plain(char) for char in text if char.isalnum())


def _compared(text: str) -> tuple[str, list[int]]:
    """The letters and digits of a reply, without its tags, and where each of them stands."""
    tags = {at for tag in _TAG.finditer(text) for at in range(*tag.span())}
    places = [at for at, char in enumerate(text) if char.isalnum() and at not in tags]
    return "".join(_plain(text[at]) for at in places), places


def _plain(char: str) -> str:
    """A letter or digit without case, and of the usual width."""
    return (char if char.isascii() else unicodedata.normalize("NFKC", char)).lower()[:1]


def _starts(so_far: str) -> list[int]:
    """How many letters and digits stand before each sentence that has any, the first of all and the last ones."""
    skipped = max(0, len(so_far) - _LOOKED_AT)
    at = sum(map(str.isalnum, so_far[:skipped]))
    total = at + sum(map(str.isalnum, so_far[skipped:]))
    starts, begun = [0], skipped
    for end in sentence_ends(so_far[skipped:]):
        at += sum(map(str.isalnum, so_far[begun : skipped + end]))
        begun = skipped + end
        if starts[-1] < at < total:
            starts.append(at)
    return starts


def _stands_apart(text: str, end: int, complete: bool) -> bool:
    """Whether a repetition that ends there ends with a word, and, where it has to, with its sentence."""
    after = text[end : end + 2]
    if after[:1].isalnum() and not (NO_BLANKS.match(after) and NO_BLANKS.match(text[end - 1])):
        return False
    if after[:1] in "'’" and after[1:].isalnum():
        return False
    if not complete:
        return True
    marks = _MARKS.match(text, end)
    rest = text[marks.end() :] if marks else text[end:]
    gap = rest[: len(rest) - len(rest.lstrip())]
    return not rest.strip() or "\n" in gap or bool(marks and _STOPS.intersection(marks.group()))


def _behind(so_far: str, text: str, end: int, complete: bool) -> int:
    """Where a reply goes on behind a repetition, the marks that belong to it included."""
    if complete:
        marks = _MARKS.match(text, end)
        return marks.end() if marks else end
    for mark in _tail(so_far):
        if text[end : end + 1] != mark:
            break
        end += 1
    for mark in ("**", '"', "”", "`"):
        if text.lstrip()[: len(mark)] in (mark, "“") and text.startswith(mark, end):
            end += len(mark)
    while tag := _CLOSED.match(text, end):
        end = tag.end()
    return end


def _tail(text: str) -> str:
    """The marks at the end of a text."""
    bare = text.rstrip()
    at = len(bare)
    while at and not bare[at - 1].isalnum() and not bare[at - 1].isspace():
        at -= 1
    return bare[at:]
