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

from memagent.flow import Flow, gather, generate
from memagent.methods.arguments import check_counts, check_look_up, check_question, check_seconds
from memagent.methods.attempts import attempted
from memagent.methods.looking_up import LookUp, looked_up
from memagent.methods.plain import (
    NOTHING_FOUND,
    PASSAGE_TOKENS,
    SEARCH,
    numbered,
    read_twice,
    replied,
    shortened,
    shortened_note,
)
from memagent.methods.thinking import spoken
from memagent.prompts import fill
from memagent.types import Answer, Hit, Message, Part

UNVERIFIED = "recited from what the model has learnt; no passage vouches for it"

_NOTHING = frozenset({"", "none", "na", "nothing"})
_MARKS = re.compile(r"[\W_]+")
_LIVELY = 0.7  # the temperature of the paper's samples


def recite(
    question: str,
    *,
    samples: int = 1,
    k: int = 5,
    using: str = "",
    look_up: LookUp | None = None,
    twice: bool = False,
    passage_tokens: int = 2 * PASSAGE_TOKENS,
    timeout: float | None = 120.0,
    search_timeout: float | None = SEARCH,
) -> Flow[Answer]:
    """Answer a question from what the model recites about it and from up to `k` passages.

    `samples` calls for recitations, at once with one search, then one call for the answer. A recitation or a search
    that fails is left out and stands in `problems`; a recitation that is empty, says that nothing is known, or was had
    before is left out as well. If nothing is left and nothing was found, no answer is asked for and the answer says so.
    What had been streamed of the answer when its call failed, or the run was stopped, is the answer, with that problem.

    Args:
        question: what is asked.
        samples: how many recitations. One is written at temperature 0; several at 0.7, each with a seed of its own.
        k: how many passages; 0 looks nothing up.
        using: the retriever.
        look_up: in place of the retriever, a flow that finds passages.
        twice: show recitations, passages and question twice; see `memagent.methods.plain.read_twice`.
        passage_tokens: of all passages; of longer ones the pieces that are most like the question are shown, which
            `notes` says.
        timeout: seconds for each call.
        search_timeout: seconds for the search; with `look_up`, for each search and call that it makes.

    Returns:
        An answer whose first parts are the recitations (`text` is empty, as they are not in the answer, and `draft`
        has them) and whose last part is the answer. `hits` are the passages alone: a recitation cannot be cited.

    Raises:
        UsageProblem: an argument is none of those.
        BackendError: the call for the answer failed before any text had come.
    """
    check_question(question)
    check_counts(samples=samples, passage_tokens=passage_tokens)
    check_counts(0, k=k)
    check_look_up(look_up)
    check_seconds(timeout=timeout, search_timeout=search_timeout)
    search = attempted(looked_up(question, k, using=using, look_up=look_up, timeout=search_timeout))
    flows: list[Flow[tuple[Any, str]]] = [search] if k else []
    flows += [attempted(_recitation(question, number, samples, timeout)) for number in range(samples)]
    gathered = yield from gather(*flows)
    found, failed = gathered[0] if k else ([], "")
    hits: list[Hit] = found or []
    told: list[tuple[str | None, str]] = gathered[1:] if k else gathered
    recited = _once([text for text, _ in told if text])
    problems: tuple[str, ...] = (failed,) if failed else ()
    problems += tuple(f"a recitation failed: {why}" for text, why in told if text is None)
    if not hits and not recited:
        return Answer("" if failed else NOTHING_FOUND, problems=problems)
    shown = shortened(hits, question, passage_tokens)
    messages: Sequence[Message] = fill(
        "recite/answer",
        recitations="\n\n".join(recited) or "(none)",
        passages=numbered(shown) if shown else "(none)",
        question=question,
    )
    text, wrong = yield from replied(read_twice(messages) if twice else messages, timeout, "recite/answer")
    parts = [*(Part("", one, "recited", UNVERIFIED) for one in recited), _answered(text, hits, recited)]
    notes = (_note(hits, recited), *shortened_note(hits, shown))
    return Answer(text, tuple(hits), tuple(parts), (*problems, *wrong), notes)


def _recitation(question: str, number: int, samples: int, timeout: float | None) -> Flow[str]:
    reply = yield from generate(
        fill("recite/recite", question=question),
        temperature=_LIVELY if samples > 1 else 0.0,
        seed=number if samples > 1 else None,
        timeout=timeout,
        label="recite/recite",
    )
    text = spoken(reply.text).strip()
    return "" if says_nothing(text) else text


def says_nothing(text: str) -> bool:
    """Whether a recitation says that the model knows nothing of the question, or says nothing at all."""
    return _MARKS.sub("", text).casefold() in _NOTHING


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
