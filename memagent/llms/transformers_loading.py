"""Loading a causal language model and its tokenizer from a folder or the hub."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memagent.errors import ConfigError, ExtraMissing, UsageProblem

DTYPES = ("auto", "float32", "bfloat16", "float16")
_PATIENCE = 10.0  # seconds for the hub to say something


def load(model: str, device: str, dtype: str | None) -> tuple[Any, Any]:
    """Return the model, ready to be called, and its tokenizer.

    A folder is read without any network, and so is what was downloaded before. Any other name is downloaded. The hub is
    asked first, once, whether it has it, so that one that cannot be reached is found out within seconds, where the
    library itself would try for a minute. Code that comes with a model is never run.

    Args:
        model: a name on the hub, or the folder of a model.
        device: as `memagent.devices.find_device` gives it.
        dtype: one of `DTYPES`; `None` is `float32` on a processor, and as the weights were saved elsewhere.

    Raises:
        ConfigError: there is no such model, it cannot be loaded, or it is no language model.
        UsageProblem: no dtype has that name.
    """
    if dtype not in (None, *DTYPES):
        raise UsageProblem(f"no dtype is called {dtype!r}", hint=f"There are: {', '.join(DTYPES)}.")
    options = {"dtype": dtype or ("float32" if device == "cpu" else "auto")}
    place = Path(model).expanduser()
    if place.is_dir():
        return _load(model, str(place), device, options, local=True)
    if _is_path(model):
        raise ConfigError(f"there is no folder {model!r}", hint="Give the folder of a model, or a name on the hub.")
    try:
        return _load(model, model, device, options, local=True)
    except ConfigError as error:
        if not isinstance(error.__cause__, OSError):  # it is there, and something else is wrong
            raise
    return _load(model, model, device, options, local=False)


def library() -> Any:
    """Return the module `transformers`. Raises `ExtraMissing` if it or torch is not installed."""
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise ExtraMissing(
            f"models on this machine need torch and transformers: {error}", hint='pip install "memagent[local]"'
        ) from error
    return transformers


def _is_path(model: str) -> bool:
    """Say whether this can only be a path: a name on the hub is `MODEL` or `OWNER/MODEL`."""
    return model.startswith((".", "/", "~")) or model.count("/") > 1 or "\\" in model


def _load(model: str, place: str, device: str, options: Mapping[str, Any], *, local: bool) -> tuple[Any, Any]:
    transformers = library()
    source: dict[str, Any] = {"local_files_only": local, "trust_remote_code": False}
    try:
        if not local:
            _ask_the_hub(model)
        config = transformers.AutoConfig.from_pretrained(place, **source)
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **source)
        loaded, told = transformers.AutoModelForCausalLM.from_pretrained(
            place, config=config, output_loading_info=True, **source, **options
        )
        if not told["missing_keys"]:
            return loaded.to(device).eval(), tokenizer
    except _failures() as error:
        said = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"the language model {model!r} cannot be loaded: {said}",
            hint="Check its name, your access to it, and the network for the first use; or give the folder of a model.",
        ) from error
    raise ConfigError(
        f"the language model {model!r} has no weights for {', '.join(sorted(told['missing_keys'])[:3])}",
        hint="Is it a model that writes text, and was it downloaded whole?",
    )


def _ask_the_hub(model: str) -> None:
    """Raise one of `_failures()` if the hub cannot be reached, or does not have the model for this user."""
    import huggingface_hub

    url = huggingface_hub.hf_hub_url(model, "config.json")
    huggingface_hub.get_hf_file_metadata(url, timeout=_PATIENCE)


def _failures() -> tuple[type[Exception], ...]:
    """Return what the library raises: files that are missing, damaged, of an unknown kind or too large; no network."""
    from huggingface_hub.errors import HfHubHTTPError
    from safetensors import SafetensorError

    transports = [sys.modules[name].TransportError for name in ("httpx", "httpx2") if name in sys.modules]
    known = (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError, HfHubHTTPError)
    return (*known, *transports)
