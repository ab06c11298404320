"""A second opinion of the model on what the rules would keep: does the speaker state it, or is it only in the text?

The model that takes facts from a sentence looks for facts, and finds some in what is no statement; asked afterwards of
each whether it is stated, it looks at the sentence. One call for all triples of a sentence that the rules of the gate
let through, and none where they let nothing through. It lets nothing in that they refuse.
"""

from __future__ import annotations

import json
from dataclasses import replace

from memagent.flow import Flow, WriteTriples
from memagent.gate import decision
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object
from memagent.triples import Refusal
from memagent.types import Triple

NOT_STATED = "the model, asked again, does not find it stated"
_TRIES = 2
_TOKENS = 400


def judged(step: WriteTriples, *, timeout: float | None = None) -> Flow[tuple[WriteTriples, list[Refusal]]]:
    """Return a step without those triples that the model does not find stated, and these as refusals.

    Those that the rules refuse stay in it, and nothing is asked about them: the memory lists them with the reason.

    Args:
        step: the triples, their sentence, and what the rules go by.
        timeout: seconds for the call.

    Raises:
        ReplyError: two replies could not be read.
    """
    kept = [triple for triple in step.triples if not _refused(triple, step)]
    if not kept:
        return step, []
    numbered = [f"{at}. {json.dumps([*_words(one)], ensure_ascii=False)}" for at, one in enumerate(kept, 1)]
    messages = fill(
        "memllm/judge",
        context=step.context or "(none)",
        sentence=step.sentence,
        facts="\n".join(numbered),
        speaker=step.speaker or "(not known)",
    )
    stated: list[bool] = yield from ask(
        messages,
        lambda reply: _read(reply, len(kept)),
        label="memllm/judge",
        tries=_TRIES,
        max_tokens=_TOKENS,
        temperature=0.0,
        timeout=timeout,
    )
    doubted = [triple for triple, one in zip(kept, stated, strict=True) if not one]
    left = tuple(triple for triple in step.triples if not any(triple is other for other in doubted))
    return replace(step, triples=left), [Refusal(step.sentence, NOT_STATED, triple) for triple in doubted]


def _refused(triple: Triple, step: WriteTriples) -> str:
    return decision.why_not(
        decision.named(triple, step.speaker, step.sentence),
        step.sentence,
        context=step.context,
        shown=step.shown,
        speaker=step.speaker,
        confidence=step.confidence,
        relations=step.relations,
    )


def _words(triple: Triple) -> tuple[str, str, str]:
    return triple.subject, triple.relation, triple.object


def _read(reply: str, count: int) -> list[bool]:
    found = json_object(reply).get("stated")
    if not isinstance(found, list) or len(found) != count or not all(isinstance(one, bool) for one in found):
        raise Unreadable(f'"stated" must be a list of {count} times true or false, one for each fact')
    return found
