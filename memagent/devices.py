"""The processor or GPU on which a model of this machine runs."""

from __future__ import annotations

from memagent.errors import ConfigError


def find_device(asked: str | None = None) -> str:
    """Return `asked` (`cpu`, `cuda`, `cuda:1`, `mps`) if it is there; without it, the best that is there. Needs torch.

    Raises:
        ConfigError: the device is not there.
    """
    import torch

    kinds = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    there = [kind for kind, available in kinds.items() if available]
    if asked is None:
        return there[0]
    kind, _, number = asked.partition(":")
    counted = not number or (number.isdigit() and (kind != "cuda" or int(number) < torch.cuda.device_count()))
    if kind not in there or not counted:
        raise ConfigError(f"there is no device {asked!r} here", hint=f"There are: {', '.join(there)}.")
    return asked
