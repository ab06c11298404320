"""What holds for every test: no network, no keys, no settings and no home of the person who runs it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from memagent.testing import no_network

# How long an example takes says something about the machine, not about the code.
settings.register_profile("memagent", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("memagent")

# A script that was started in the background ignores Ctrl-C, and so would the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_FOREIGN = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Take settings of the person who runs the tests out of the environment, and give them an empty home."""
    for name in [*os.environ]:
        if name in _FOREIGN or name.startswith("MEMAGENT_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name, folder in (("CONFIG", "config"), ("DATA", "data"), ("CACHE", "cache"), ("STATE", "state")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    return home


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two models of a few thousand weights: `chat`, and `base` without a chat template."""
    import tiny_model

    if tiny_model.MISSING:
        pytest.skip(f"not installed: {', '.join(tiny_model.MISSING)}")
    folder = tmp_path_factory.mktemp("tiny")
    tiny_model.build(folder)
    return folder


@pytest.fixture(autouse=True)
def loopback_only() -> Iterator[None]:
    """Fail a test that tries to reach another machine."""
    with no_network():
        yield
