"""A model that reads a table of facts while it writes, played by a script: a text with gaps, and what to read for each.

A model that was trained for it stops by itself where it wants to look something up. A machine without weights has to
be told where. So a line of the sheet such as `Ida Moe lives in {Ida Moe>>lives in>>}.` is written up to the gap, where
the model asks the memory; it goes on with whatever comes back. Nothing that is read stands on the sheet. In a gap, `_`
is what the gap before it found, so that one read can hang on another.
"""

from __future__ import annotations

import re

from memagent.testing import ScriptedLLM
from memagent.types import Request

UNKNOWN = "unknown"
"""The word that is written into a gap for which the memory has nothing."""

_GAP = re.compile(r"\{([^{}]+)\}")
_READ = re.compile(r"\(\{MEM_READ\([^()]*\)-->(?P<found>[^})]*)\}\)\s*$")


def reader(text: str) -> ScriptedLLM:
    """Return a model that writes a text, and reads in the memory what belongs into its gaps.

    Args:
        text: with gaps that say what to ask, as `{subject>>relation>>}` or `{>>relation>>object}`; `_` for a name
            is the value that was read last.
    """

    def reply(request: Request) -> str:
        if request.max_tokens == 1:  # a call came to nothing, and the next word is to be no call
            return f" {UNKNOWN}"
        return _next(text, request.prefill)

    return ScriptedLLM([reply] * 10_000, can=("prefill", "stop", "logit_bias"), name="acted")


def _next(text: str, written: str) -> str:
    """What comes next of a text: what was read for the gap where it stands, and on to the next gap, or to the end."""
    pieces = _GAP.split(text)  # words, a gap, words, ...
    read = _READ.search(written)
    at = reached = 0
    for number in range(0, len(pieces), 2):
        found = written.find(pieces[number].strip(), at)
        if found < 0 or not written:
            break
        at, reached = found + len(pieces[number].strip()), number + 2
    words, gap = (*pieces[reached : reached + 2], "")[:2]
    said = f" {', '.join(read['found'].split(';'))}{words}" if read else words
    last = read["found"].split(";")[0].strip() if read else UNKNOWN
    asked = ">>".join(last if place == "_" else place for place in gap.split(">>"))
    return f"{said}({{MEM_READ({asked})" if gap else said
