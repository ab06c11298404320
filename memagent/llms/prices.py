"""What tokens cost, from a small dated table; an unknown price stays unknown."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from memagent.errors import ConfigError

_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. `cached` is for input that the provider had in its cache."""

    input: float
    output: float = 0.0
    cached: float | None = None

    def cost(self, input_tokens: int, output_tokens: int = 0, cached_tokens: int = 0) -> float:
        """Return US dollars for these tokens; `cached_tokens` are among `input_tokens`."""
        cheap = min(cached_tokens, input_tokens) if self.cached is not None else 0
        total = (input_tokens - cheap) * self.input + cheap * (self.cached or 0.0) + output_tokens * self.output
        return total / 1e6


FREE = Price(0.0, 0.0, 0.0)


def price(model: str) -> Price | None:
    """Return the price of a model, `None` if it is not known. A dated snapshot has the price of its family.

    Entries of the file named in `MEMAGENT_PRICES` come before ours.

    Raises:
        ConfigError: that file cannot be read, or is not a table of prices.
    """
    own = os.environ.get("MEMAGENT_PRICES")
    table = {**_shipped(), **(_file(own, Path(own).stat().st_mtime_ns if Path(own).is_file() else 0) if own else {})}
    return table.get(model) or table.get(_SNAPSHOT.sub("", model))


@cache
def _shipped() -> Mapping[str, Price]:
    text = resources.files("memagent.llms").joinpath("prices.toml").read_text(encoding="utf-8")
    return _table(tomllib.loads(text), "prices.toml")


@lru_cache(maxsize=8)
def _file(path: str, _changed: int) -> Mapping[str, Price]:
    try:
        return _table(tomllib.loads(Path(path).read_text(encoding="utf-8")), path)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"MEMAGENT_PRICES names {path}, which cannot be read: {error}", hint=_HINT) from error


_HINT = 'Write a TOML file with lines such as "my-model" = { input = 0.5, output = 1.5 } under [models].'


def _table(read: Mapping[str, Any], path: str) -> Mapping[str, Price]:
    models = read.get("models")
    if not isinstance(models, dict):
        raise ConfigError(f"{path} has no table [models]", hint=_HINT)
    return {name: _price(name, entry, path) for name, entry in models.items()}


def _price(name: str, entry: Any, path: str) -> Price:
    known = {"input", "output", "cached"}
    fine = isinstance(entry, dict) and "input" in entry and set(entry) <= known
    if not fine or not all(isinstance(value, int | float) and value >= 0 for value in entry.values()):
        raise ConfigError(f"{path} gives {name!r} the price {entry!r}", hint=_HINT)
    return Price(**{key: float(value) for key, value in entry.items()})
