"""What shows itself in a notebook: by `memagent.display`, which is loaded only then."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any


class Shown:
    """A value with a view in `memagent.display`. It has no state, so that frozen values with slots can be one."""

    __slots__ = ()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return the value as IPython asks for it: `text/plain`, and `text/html` without script or address."""
        bundle: dict[str, Any] = import_module("memagent.display").bundle(self, include, exclude)
        return bundle
