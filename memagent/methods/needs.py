"""What each method needs of a language model, and what it does where the model cannot do it: data, and its reading.

The one table that `memagent doctor --llm` shows. It names abilities, never backends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Works = Literal["fully", "with a fallback", "no"]


@dataclass(frozen=True, slots=True)
class Need:
    """An ability that a method uses; `instead` is what it does without, and '' where it cannot do without."""

    ability: str
    instead: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a method will work with a model. `instead` says what it falls back to, one text for each lacking ability."""

    method: str
    works: Works
    instead: tuple[str, ...] = ()


_SCHEMA = Need("schema", "the form of replies is asked for in the prompt alone, mended, and asked for again")
_PREFILL = Need("prefill", "the answer is continued by a prompt that shows what there is of it")
_STOP = Need("stop", "the text is cut after it has come, so that more is generated than is used")
_SEED = Need("seed", "another run writes another text")

INSTRUCTIONS = "instructions"
"""Following instructions of any kind: what every model can that is no stand-in with answers for some prompts alone."""

_PROBLEMS = Need(INSTRUCTIONS, "")

NEEDS: Mapping[str, tuple[Need, ...]] = {
    "plain": (),
    "recite": (
        Need("seed", "several recitations differ as the backend likes, and another run has others"),
        Need(INSTRUCTIONS, "nothing is recited, and it answers from passages alone"),
    ),
    "rerank": (_SCHEMA,),
    "verified": (_SCHEMA, Need(INSTRUCTIONS, "claims are checked by their words alone")),
    "hipporag": (_SCHEMA,),
    "ircot": (_SCHEMA,),
    "recurrent": (_SCHEMA, _SEED),
    "flare": (
        Need("logprobs", "confidence is the agreement of a few samples (a call each), or the doubt that is stated"),
        _PREFILL,
        _STOP,
    ),
    "flare_instruct": (
        Need("logit_bias", "searches are asked for by the prompt alone"),
        _PREFILL,
        _STOP,
    ),
    "rat": (),
    "memllm": (Need("tools", "calls are written in the text, by a prefill or by words"),),
    "learn": (_PROBLEMS,),
    "solve": (_PROBLEMS,),
    "alone": (),
    "once": (),
    "every": (_PREFILL, _STOP),
    "previous_sentence": (_PREFILL, _STOP),
    "self_ask": (),
}
"""Each method by its name in Python, with the abilities that it uses."""


def outlook(can: Iterable[str], needs: Mapping[str, tuple[Need, ...]] = NEEDS) -> list[Outlook]:
    """Return how each method will work with a model that has the abilities `can`."""
    there = set(can)
    found: list[Outlook] = []
    for method, wanted in needs.items():
        lacking = [need for need in wanted if need.ability not in there]
        instead = tuple(f"without {need.ability}: {need.instead or 'it cannot run'}" for need in lacking)
        without = any(not need.instead for need in lacking)
        works: Works = "no" if without else "with a fallback" if lacking else "fully"
        found.append(Outlook(method, works, instead))
    return found
