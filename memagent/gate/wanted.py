"""Whether an English line says what is wanted rather than what is: a text to be written, what it should say.

`What I need is a poem in which ...`, `The letter to Wanda should say that ...`, `In the next version, Wanda lives ...`,
`Wanda should get a copy`: whatever stands in them is to be, and is not said to be so.
"""

from __future__ import annotations

import re

_NEEDED = re.compile(
    r"(?i)^\W*(?:what|all|the (?:only )?thing) (?:i|we)(?:['’]d| would|['’]m| am)?(?: really| just)? (?:need|want|like|"
    r"asking for|looking for|after) (?:now )?(?:is|are|would be)\b"
)
_TEXT_OUGHT = re.compile(
    r"(?i)\b(?:letter|e-?mail|message|text|poem|story|summary|bio|version|draft|caption|title|report|speech|list|"
    r"table|post|"
    r"article|dialogue|scene|chapter|ending|headline|subject line)(?: [\w-]+){0,4}? (?:should|must|needs? to|"
    r"ha(?:s|ve) to|ought "
    r"to|is to) (?:\w+ )?(?:say|mention|include|contain|read|have|end|start|begin|open|close|rhyme|sound|stay|use|"
    r"tell|be "
    r"(?:about|in|under|from|no|at|funny|short|long))\b"
)
_WANTS_TEXT = re.compile(
    r"(?i)^\W*(?:i|we)(?:['’]d| would| could)?(?: just| also| really)? (?:need|want|like|love|use|have to have) "
    r"(?:an?|the|some|one|two|three|\d+|another|more) (?:[\w-]+ ){0,3}?(?:poem|recipe|limerick|haiku|sonnet|rhyme|"
    r"lyrics|song|"
    r"story|joke|riddle|letter|e-?mail|message|text|tweet|post|caption|headline|title|slogan|summary|list|table|"
    r"outline|draft|paragraph|essay|report|translation|version|code|script|function|query|examples?|toast|speech|ideas|"
    r"suggestions|tips|synonyms|options|answer|reply)\b(?! from\b)"
)
_PLEASE = re.compile(r"(?i),\s*please\s*,")
_IN_A_VERSION = re.compile(
    r"(?i)^\W*(?:in|for) (?:the|this|that|my|your|a) (?:next|new|first|second|third|last|final|other|alternative|same) "
    r"(?:version|draft|scene|chapter|paragraph|part|verse|stanza|episode|example|act)\b"
)
_SHOULD = re.compile(
    r"^\W*(?:[A-Z][\w'’-]+ ){1,2}(?:and [A-Z][\w-]+ )?should (?:not )?(?!have\b|be (?:here|there|home|back|done|"
    r"fine))[a-z]+"
)


def wants_a_text(line: str) -> bool:
    """Return whether a line wants a text, says what one should be, or asks with a `please` between its commas."""
    return any(pattern.search(line) for pattern in (_PLEASE, _NEEDED, _TEXT_OUGHT, _WANTS_TEXT))


def is_to_be(line: str) -> bool:
    """Return whether what a line says is of a version to come, or of what somebody should do."""
    return _IN_A_VERSION.search(line) is not None or _SHOULD.match(line) is not None
