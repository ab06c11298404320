"""Questions over several passages: which facts bear on one, the next thought about it, an answer after its reason.

As in the reader, nothing is understood: facts and sentences are compared with the question by their telling words.
"""

from __future__ import annotations

import json
import re
from typing import Any

from memagent.offline.reader import NOT_SAID, answer, best, terms
from memagent.offline.text import normal

FINISHED = "So the answer is:"
_CITATION = re.compile(r"\s*\[\d+\]")


def facts_on(facts: str, question: str, most: int) -> str:
    """Return, as JSON, up to `most` of the facts that share telling words with the question, those with most first."""
    asked = terms(question)
    shared = [(len(asked & terms(" ".join(map(str, fact)))), fact) for fact in map(_fact, facts.split("\n"))]
    bearing = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
    return json.dumps({"facts": [fact for _, fact in bearing[:most]]}, ensure_ascii=False)


def thought(passages: str, question: str, thoughts: str) -> str:
    """Return the sentence that fits the question best; once that has been thought, the answer, as the last thought."""
    found = best(passages, question)
    if found and normal(found[0].text) not in normal(thoughts):
        return found[0].text
    return f"{FINISHED} {_bare(answer(passages, question))}"


def reasoned(passages: str, question: str) -> str:
    """Return the sentence that an answer rests on, with the number of its passage, and the answer."""
    found = best(passages, question)
    reason = f"{found[0].text.rstrip(' .。')} [{found[0].number}]." if found else NOT_SAID
    return f"Thought: {reason}\nAnswer: {_bare(answer(passages, question))}"


def _bare(text: str) -> str:
    return _CITATION.sub("", text)


def _fact(line: str) -> list[Any]:
    """One line of a list of facts: a JSON list, or else (a prompt of somebody's own) whatever stands there."""
    try:
        fact = json.loads(line.rstrip(" ,"))
    except ValueError:
        return [line]
    return fact if isinstance(fact, list) else [line]
