"""Questions over several passages: which facts bear on one, the next thought about it, an answer after its reason.

As in the reader, nothing is understood: facts and sentences are compared with the question by their telling words.
"""

from __future__ import annotations

import json
from typing import Any

from memagent.offline import chain
from memagent.offline.chain import FINISHED
from memagent.offline.reader import NOT_SAID, best, terms


def facts_on(facts: str, question: str, most: int) -> str:
    """Return, as JSON, up to `most` of the facts that share telling words with the question, those with most first."""
    asked = terms(question)
    shared = [(len(asked & terms(" ".join(map(str, fact)))), fact) for fact in map(_fact, facts.split("\n"))]
    bearing = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
    return json.dumps({"facts": [fact for _, fact in bearing[:most]]}, ensure_ascii=False)


def thought(passages: str, question: str, thoughts: str) -> str:
    """Return the fact that comes next after the thoughts; the answer, as the last thought, once there is none."""
    said = [] if thoughts.startswith("(") else [line for line in thoughts.splitlines() if line.strip()]
    fact = chain.following(passages, question, said)
    return fact or f"{FINISHED} {chain.answered(question, said).rstrip('.')}."


def order(passages: str, question: str) -> str:
    """Return, as JSON, the numbers of the passages that bear on the question, the best fitting first."""
    return json.dumps({"order": list(dict.fromkeys(candidate.number for candidate in best(passages, question)))})


def reasoned(passages: str, question: str) -> str:
    """Return the facts that an answer rests on, with the numbers of their passages, and the answer."""
    facts = chain.linked(passages, question)
    reason = " ".join(f"{fact.text.rstrip(' .。')} [{fact.number}]." for fact in facts) or NOT_SAID
    answer = chain.answered(question, [fact.text for fact in facts]) if facts else NOT_SAID
    return f"Thought: {reason}\nAnswer: {answer.rstrip('.')}."


def _fact(line: str) -> list[Any]:
    """One line of a list of facts: a JSON list, or else (a prompt of somebody's own) whatever stands there."""
    try:
        fact = json.loads(line.rstrip(" ,"))
    except ValueError:
        return [line]
    return fact if isinstance(fact, list) else [line]
