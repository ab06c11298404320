"""A model that a person plays: what it says is on a sheet, and so is where it is unsure or wrong.

A method such as FLARE or RAT is about a model that half knows things. A machine without weights knows nothing, so the
notebooks have this one in its place: sentences that somebody wrote, in which `{1888|1871|0.24}` means that the model
believes 1888, with a probability of 0.24, and would say 1871 if a passage told it so. It does say so only when 1871
stands in the passages that it is shown. Two more signs are for RAT, which shows the text so far: `{Wren|Petrel|above}`
says Petrel where the text above says Petrel, and a sentence behind `> ` is revised carelessly: it comes back alone, and
all before it is lost. What is searched, found, decided and changed is nobody's script.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from memagent.llms.offline import Offline
from memagent.sentences import split_sentences
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Request, Token, Usage, estimate_prompt

SURE = 0.97
"""How likely each word is that the sheet does not doubt."""

_SLOT = re.compile(r"\{(?P<believed>[^|}]*)\|(?P<read>[^|}]*)(?:\|(?P<sure>[\d.]+|above))?\}")
_CARELESS = "> "
_PIECES = re.compile(r"\s*\S+")


def acted(sheet: Sequence[str]) -> ScriptedLLM:
    """Return a model that says the sentences of a sheet, and answers other questions as `offline` does.

    Args:
        sheet: a sentence each, with what is believed as `{believed|read|probability}`; 0.3 where none is given. With
            the word `above` for the probability, it follows the text so far and no passage. `> ` before a sentence: its
            revision leaves out what stands before it.
    """

    def reply(request: Request) -> Completion:
        return _reply(sheet, request)

    return ScriptedLLM([reply] * 10_000, can=("logprobs", "prefill", "stop", "seed"), name="acted")


def _reply(sheet: Sequence[str], request: Request) -> Completion:
    asked = "\n".join(message.content for message in request.messages)
    passages, above = " ".join(_within("passages", asked).split()), _within("so_far", asked)
    lines = [line.removeprefix(_CARELESS) for line in sheet]
    if request.label == "flare/answer":
        return _said(request, " ".join(lines[len(split_sentences(request.prefill, "en")) :]), passages)
    if request.label == "plain/answer" and lines:
        return _said(request, " ".join(lines), passages)
    if request.label.startswith("rat/draft"):
        return _said(request, "\n\n".join(lines))
    if request.label == "rat/query":
        return _said(request, _query(lines, _within("step", asked), above))
    if request.label.startswith("rat/revise"):
        step = _as_above(_original(lines, _within("step", asked)), above)
        alone = above.startswith("(nothing") or request.label == "rat/revise_step" or f"{_CARELESS}{step}" in sheet
        return _said(request, step if alone else f"{above}\n\n{step}", passages)
    if request.label == "rat/finalise":
        return _said(request, " ".join(above.split()))
    return Offline().complete(request)


def _within(name: str, text: str) -> str:
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", text, re.DOTALL)
    return found[1] if found else ""


def _original(lines: Sequence[str], step: str) -> str:
    """The line of the sheet that a step is, with its doubts."""
    return next((line for line in lines if _plain(line) == step.strip()), step)


def _plain(line: str) -> str:
    return _SLOT.sub(lambda slot: slot["believed"], line)


def _as_above(line: str, above: str) -> str:
    """A line whose words that follow the text above are settled."""

    def settled(slot: re.Match[str]) -> str:
        return slot[0] if slot["sure"] != "above" else slot["read" if slot["read"] in above else "believed"]

    return _SLOT.sub(settled, line)


def _query(lines: Sequence[str], step: str, above: str) -> str:
    """A line without what it doubts."""
    line = _as_above(_original(lines, step), above)
    return " ".join(_SLOT.sub("", re.sub(r"^STEP \d+: ", "", line)).split()).rstrip(" .")


def _said(request: Request, text: str, passages: str = "") -> Completion:
    """A text of the sheet, word by word, each slot as it is believed, or as it is read where a passage has it."""
    text = _as_above(text, "")
    tokens: list[Token] = []
    at = 0
    for slot in [*_SLOT.finditer(text), None]:
        tokens += _words(text[at : slot.start() if slot else len(text)], SURE)
        if slot is None:
            break
        right = slot["read"] in passages
        tokens += _words(slot["read"] if right else slot["believed"], SURE if right else float(slot["sure"] or 0.3))
        at = slot.end()
    said = "".join(token.text for token in tokens)
    if request.prefill:
        tokens = [Token(f" {tokens[0].text}", tokens[0].logprob), *tokens[1:]] if tokens else []
        said = f" {said}" if said else ""
    shown = estimate_prompt(request)
    usage = Usage(calls=1, input_tokens=shown, output_tokens=len(tokens), cost=0.0, estimated=True)
    return Completion(said, tuple(tokens) if request.logprobs else (), "stop", usage, "acted")


def _words(text: str, likely: float) -> list[Token]:
    pieces = _PIECES.findall(text)
    rest = text[sum(map(len, pieces)) :]
    return [Token(piece, math.log(likely)) for piece in [*pieces, *([rest] if rest else [])]]
