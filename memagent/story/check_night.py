"""Midnight, and the sun in the sky a sentence later, with nothing said between them.

Reads English narration, a paragraph at a time: in the next one a night may have gone by unsaid. "The midnight sun", a
sun in a dream, in a picture or in a comparison, and any word of morning or of time going by are let pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from memagent.story.english import NOT_SO, NUMBER, OTHER_TIME, number
from memagent.story.finding import Finding
from memagent.story.manuscript import Manuscript, Place
from memagent.story.wording import narration, sentences

_MIDNIGHT = re.compile(
    r"\b(?:it was (?:(?:past|after|nearly|almost|just|well|already|now)\s+){0,2}midnight|(?:struck|chimed|rang|"
    r"rung|tolled)"
    r"\s+(?:out\s+)?(?:midnight|twelve that night)|(?:at|by) midnight)\b",
    re.IGNORECASE,
)
_SUN = re.compile(
    r"\b(?:the\s+(?:\w+\s+)?sun\s+(?:was|stood|shone|hung|blazed|beat|burned|lay|poured|streamed|fell|sparkled|glittered|came)"
    r"(?!\s+(?:down\s+hours|long|gone|set|behind|below))|sunlight|sunshine|(?:noon|noonday|midday|afternoon)\s+(?:sun|light|heat))\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:morning|dawn|daybreak|sunrise|day|daylight|days|later|next|then|hours?|slept|sleep|asleep|woke|awoke|night|"
    r"midnight\s+sun|noon|afternoon|weeks?|tomorrow|yesterday|dusk|evening|lamp|arctic|polar)\b",
    re.IGNORECASE,
)
_HOURS = re.compile(rf"\b(?P<n>{NUMBER}|an)\s+hours?\s+later\s*,?\s+it\s+was\s+(?:already\s+|now"
                    rf"\s+)?(?P<v>morning|daylight|noon)\b", re.I)  # fmt: skip
_UNREAL = re.compile(r"\b(?:like|as|dream\w*|pictures?|paint\w*|photographs?|thought|imagin\w*)\b", re.IGNORECASE)
MORNING = 3
"""So many hours after midnight is it not morning yet."""


def nights(manuscript: Manuscript) -> list[Finding]:
    """Return where it is midnight and the sun shines, at the sentence that has the sun."""
    return [finding for place, text in manuscript.paragraphs for finding in _paragraph(text, place)]


def _paragraph(paragraph: str, place: Place) -> Iterator[Finding]:
    if "idnight" not in paragraph:
        return
    midnight = False
    for start, sentence in sentences(narration(paragraph)):
        found = _MIDNIGHT.search(sentence)
        if found and _doubtful(sentence[: found.end()]):
            found = None
        rest = sentence[found.end() if found else 0 :]
        text = _wrong(rest) if midnight or found else ""
        if text:
            quote = " ".join(paragraph[start : start + len(sentence)].split())
            yield Finding("timeline", place, text, place, quote, f"midnight > {text}")
        midnight = not text and (bool(found) or midnight) and not _TIME.search(rest)


def _wrong(rest: str) -> str:
    """Say what cannot follow midnight in the rest of a sentence; empty if nothing is there."""
    hours = _HOURS.search(rest)
    if hours and (1 if hours["n"].lower() == "an" else number(hours["n"])) < MORNING:
        return f"{hours['v']}, {hours['n'].lower()} hour{'s' * (hours['n'].lower() != 'an')} after midnight"
    sun = _SUN.search(rest)
    if sun is None or _TIME.search(rest) or _UNREAL.search(rest) or _doubtful(rest[: sun.end()]):
        return ""
    return f"“{' '.join(sun.group().lower().split())}” at midnight, with nothing between"


def _doubtful(text: str) -> bool:
    return bool(OTHER_TIME.search(text.replace("when", "")) or NOT_SO.search(text))
