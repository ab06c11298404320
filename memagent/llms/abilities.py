"""What a request needs of a backend, and the refusal when the backend does not have it."""

from __future__ import annotations

from memagent.errors import CapabilityError
from memagent.llms.base import Ability
from memagent.types import Request

_INSTEAD: dict[Ability, str] = {
    "logprobs": "Use a model that reports them (gpt-4.1-mini, or a model served by Ollama, vLLM or llama.cpp), "
    "or a method that does not need them.",
    "stop": "Use a model that takes stop strings, or a method that does not need them.",
    "prefill": "Use a method that does not continue a begun answer.",
    "logit_bias": "Use a backend with a tokenizer, such as OpenAI(model, token_ids=...).",
}


def needed(request: Request) -> frozenset[Ability]:
    """Return the abilities without which `request` cannot be honoured. `seed` and `schema` are never among them."""
    asked: dict[Ability, bool] = {
        "logprobs": request.logprobs,
        "stop": bool(request.stop),
        "prefill": bool(request.prefill),
        "logit_bias": bool(request.logit_bias),
    }
    return frozenset(ability for ability, wanted in asked.items() if wanted)


def require(name: str, can: frozenset[Ability], request: Request) -> None:
    """Raise `CapabilityError` if `request` needs an ability that is not in `can`; called before anything is spent."""
    if missing := sorted(needed(request) - can):
        raise lacking(name, missing[0])


def lacking(name: str, ability: Ability, why: str = "") -> CapabilityError:
    """Return the error for a backend `name` without `ability`; `why` is what the server said, if it said something."""
    return CapabilityError(
        f"{name} does not offer {ability!r}{': ' + why if why else ''}", hint=_INSTEAD.get(ability, "")
    )
