"""One token after another from a causal language model: logits, bias, temperature, seed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from memagent.errors import UsageProblem

_CACHES = ("cache", "past_key_values")  # how models call it, the newer name first
_FORBIDDEN = 1e4  # a bias beyond this changes nothing more, and infinities cannot be computed with


class Sampler:
    """A text as it grows. Has its own cache of keys and values and its own random numbers: nothing is shared.

    Args:
        model: a causal language model of transformers.
        prompt: token ids, at least one.
        size: ids from 0 up to but not including this may be chosen; models often have more rows than tokens.
        bias: token id -> what is added to its logit before the choice.
        temperature: 0 or `None` takes the likeliest token.
        seed: for repeatable choices; `None` takes one of the operating system's.

    Raises:
        UsageProblem: the temperature is below 0 or no number.
    """

    def __init__(
        self,
        model: Any,
        prompt: Sequence[int],
        size: int,
        *,
        bias: Mapping[int, float],
        temperature: float | None,
        seed: int | None,
    ) -> None:
        import torch

        if temperature is not None and not 0 <= temperature < math.inf:
            raise UsageProblem(f"temperature must be a number of at least 0, and is {temperature!r}")
        self._model, self._ids, self._size, self._temperature = model, list(prompt), size, temperature or 0.0
        self._cache: Any = None
        self._seen = 0  # ids that the cache holds
        self._takes = inspect.signature(model.forward).parameters
        self._cache_name = next((name for name in _CACHES if name in self._takes), "")
        self._biased = torch.tensor([*bias], dtype=torch.long, device=model.device)
        limited = [max(-_FORBIDDEN, min(_FORBIDDEN, value)) for value in bias.values()]
        self._bias = torch.tensor(limited, dtype=torch.float32, device=model.device)
        self._random = torch.Generator()  # on the processor, so that a seed means the same on every device
        self._random.manual_seed(self._random.seed() if seed is None else seed % 2**63)

    def step(self) -> tuple[int, float]:
        """Return the next token's id and its natural-log probability; NaN if the model gave no numbers.

        The probability is the model's own: at temperature 1, before any bias.
        """
        import torch

        with torch.inference_mode():
            logits = self._logits()
            chosen = self._choose(logits[: self._size])
            logprob = float(torch.log_softmax(logits, dim=-1)[chosen])
        self._ids.append(chosen)
        return chosen, min(logprob, 0.0) if logprob == logprob else logprob

    def _logits(self) -> Any:
        """Return a float32 tensor (rows of the vocabulary,) for what comes next."""
        import torch

        fed = {  # and no attention mask: one sequence needs none, and some models step wrongly with one
            "input_ids": torch.tensor([self._ids[self._seen :]], device=self._model.device),
            self._cache_name: self._cache,
            "use_cache": True,
            "logits_to_keep": 1,
        }
        result = self._model(**{name: value for name, value in fed.items() if name in self._takes})
        self._cache = getattr(result, self._cache_name, None) if self._cache_name else None
        self._seen = len(self._ids) if self._cache is not None else 0  # a model without one reads all of it again
        return result.logits[0, -1].float()

    def _choose(self, logits: Any) -> int:
        import torch

        if len(self._bias):
            logits = logits.index_add(0, self._biased, self._bias)
        if not self._temperature or not math.isfinite(float(logits.max())):
            return int(logits.argmax())
        scores = logits.cpu().double()
        chances = torch.softmax((scores - scores.max()) / self._temperature, dim=-1)
        return int(torch.multinomial(chances, 1, generator=self._random))
