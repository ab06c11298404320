"""What a request needs of a backend, and the refusal when the backend does not have it. The one place that knows."""

from __future__ import annotations

from memagent.errors import CapabilityError
from memagent.llms.base import Ability
from memagent.types import Request

_INSTEAD: dict[Ability, str] = {
    "logprobs": "For logprobs (how likely each token was), use openai:gpt-4.1-mini, a model served by Ollama, vLLM "
    "or llama.cpp, transformers:MODEL on this machine, or a method that does not need them.",
    "stop": "For stop (strings that end the text), use a model that takes them, such as openai:gpt-4.1-mini, or a "
    "method that does not need them.",
    "prefill": "For prefill (a begun answer to be continued), use a backend that declares it in `can`, such as "
    "transformers:MODEL, or a method that does not begin answers.",
    "tools": "For tools (what a model may ask for), use a model that takes them, such as openai:gpt-4.1-mini, or a "
    "method that asks in words.",
    "logit_bias": "For logit_bias (making tokens more or less likely), use a backend with a tokenizer, such as "
    "transformers:MODEL or memagent.llms.openai.OpenAI(MODEL, token_ids=...).",
}


def needs(request: Request) -> frozenset[Ability]:
    """Return the abilities without which `request` cannot be honoured. `seed` and `schema` are never among them."""
    asked: dict[Ability, bool] = {
        "logprobs": request.logprobs,
        "stop": bool(request.stop),
        "prefill": bool(request.prefill),
        "logit_bias": bool(request.logit_bias),
        "tools": bool(request.tools) or any(one.calls or one.role == "tool" for one in request.messages),
    }
    return frozenset(ability for ability, wanted in asked.items() if wanted)


def require(name: str, can: frozenset[Ability], request: Request) -> None:
    """Check that the backend `name`, which can do `can`, can honour `request`. Called before anything is spent.

    Raises:
        CapabilityError: it lacks abilities; the message names all of them, the hint says what to use instead.
    """
    missing = sorted(needs(request) - can)
    if missing:
        raise CapabilityError(
            f"{name} cannot do {', '.join(missing)}, which {request.label or 'this request'} needs",
            hint=" ".join(_INSTEAD[ability] for ability in missing),
        )


def lacking(name: str, ability: Ability, why: str) -> CapabilityError:
    """Return the error for a backend that turned out not to have `ability`; `why` is what it said or did."""
    return CapabilityError(f"{name} does not offer {ability}: {why}", hint=_INSTEAD.get(ability, ""))
