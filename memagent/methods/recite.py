"""Recitation-augmented answering (Sun et al., arXiv:2210.01296): the model writes down what it knows, then answers.

A question about what a model once read is answered better when it first recites the piece that it read. What is recited
may be wrong, so it is kept apart from passages throughout: in the prompt, which lets passages win; in `Answer.parts`,
where a recitation has the decision `recited`; and in `Answer.notes`.

Departures from the paper:
- The answer also rests on retrieved passages, where there are any.
- Several recitations are shown together and answered from once. The paper answers from each and takes the majority.
- The prompts are zero-shot, where the paper shows a few recited passages as examples; a model that knows nothing of the
  question may say so.
- Recitations differ by sampling; the paper's hints (titles of sections, by which it makes them differ) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from memagent.errors import UsageProblem
from memagent.flow import Flow, gather, generate, retrieve
from memagent.methods.attempts import attempted
from memagent.methods.plain import NOTHING_FOUND, SEARCH, WROTE_NOTHING, LookUp, numbered, read_twice
from memagent.methods.thinking import spoken
from memagent.prompts import fill
from memagent.types import Answer, Hit, Part

UNVERIFIED = "recited from what the model has learnt; no passage vouches for it"

_NOTHING = re.compile(r"\W*(?:none|n/a|nothing)?\W*", re.IGNORECASE)
_LIVELY = 0.7  # the temperature of the paper's samples


def recite(
    question: str,
    *,
    samples: int = 1,
    k: int = 5,
    using: str = "",
    look_up: LookUp | None = None,
    twice: bool = False,
    timeout: float | None = 120.0,
) -> Flow[Answer]:
    """Answer a question from what the model recites about it and from up to `k` passages.

    `samples` calls for recitations, at once with one search, then one call for the answer. A recitation that fails is
    left out and stands in `problems`; one that is empty, says that nothing is known, or was had before is left out as
    well. If nothing is left and nothing was found, no answer is asked for and the answer says so.

    Args:
        question: what is asked.
        samples: how many recitations. One is written at temperature 0; several at 0.7, each with a seed of its own.
        k: how many passages; 0 looks nothing up.
        using: the retriever.
        look_up: in place of the retriever, a flow that finds passages.
        twice: show recitations, passages and question twice; see `memagent.methods.plain.read_twice`.
        timeout: seconds for each call.

    Returns:
        An answer whose first parts are the recitations (`text` is empty, as they are not in the answer, and `draft`
        has them) and whose last part is the answer. `hits` are the passages alone: a recitation cannot be cited.

    Raises:
        UsageProblem: `samples` is below 1, or `k` below 0.
    """
    if samples < 1 or k < 0:
        raise UsageProblem(f"samples={samples}, k={k} would recite or find nothing", hint="Give at least 1 and 0.")
    find = look_up or _retrieving(using)
    flows: list[Flow[Any]] = [find(question, k)] if k else []
    flows += [attempted(_recitation(question, number, samples, timeout)) for number in range(samples)]
    gathered = yield from gather(*flows)
    hits: list[Hit] = gathered[0] if k else []
    told: list[tuple[str | None, str]] = gathered[1:] if k else gathered
    recited = _once([text for text, _ in told if text])
    problems = tuple(f"a recitation failed: {why}" for text, why in told if text is None)
    if not hits and not recited:
        return Answer(NOTHING_FOUND, problems=problems)
    messages = fill(
        "recite/answer",
        recitations="\n\n".join(recited) or "(none)",
        passages=numbered(hits) if hits else "(none)",
        question=question,
    )
    shown = read_twice(messages) if twice else messages
    reply = yield from generate(shown, temperature=0.0, timeout=timeout, label="recite/answer")
    text = spoken(reply.text).strip()
    problems += () if text else (WROTE_NOTHING,)
    parts = [*(Part("", one, "recited", UNVERIFIED) for one in recited), _answered(text, hits, recited)]
    return Answer(text, tuple(hits), tuple(parts), problems, (_note(hits, recited),))


def _recitation(question: str, number: int, samples: int, timeout: float | None) -> Flow[str]:
    reply = yield from generate(
        fill("recite/recite", question=question),
        temperature=_LIVELY if samples > 1 else 0.0,
        seed=number if samples > 1 else None,
        timeout=timeout,
        label="recite/recite",
    )
    text = spoken(reply.text).strip()
    return "" if _NOTHING.fullmatch(text) else text


def _retrieving(using: str) -> LookUp:
    return lambda query, k: retrieve(query, k, using=using, timeout=SEARCH)


def _once(texts: Sequence[str]) -> list[str]:
    """The texts without those that say the same word for word."""
    return list({" ".join(text.casefold().split()): text for text in reversed(texts)}.values())[::-1]


def _answered(text: str, hits: Sequence[Hit], recited: Sequence[str]) -> Part:
    return Part(text, text, "first", f"written with {_counted(hits, recited)}", hits=tuple(hits))


def _note(hits: Sequence[Hit], recited: Sequence[str]) -> str:
    if not hits:
        return f"no passage was found: the answer rests on {_counted(hits, recited)} alone, which nothing verifies"
    if not recited:
        return "nothing was recited: the answer rests on passages alone"
    return f"written with {_counted(hits, recited)}; only passages can be cited, recitations are unverified"


def _counted(hits: Sequence[Hit], recited: Sequence[str]) -> str:
    counts = ((len(recited), "recitation"), (len(hits), "passage"))
    return " and ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in counts if count)
