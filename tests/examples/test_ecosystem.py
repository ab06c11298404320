"""The examples for other people's frameworks run as they are, with no key and no network."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from memagent.integrations.toolbox import NAMES

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "langchain_agent",
            [
                "alice, monday: I moved to Lisbon.\n  I will remember that.\n",
                "alice, friday: Which city did I move to?\n  You told me: I moved to Lisbon.\n",
                "bob, friday: Which city did I move to?\n  I will remember that.\n",
                "I moved to Lisbon. (",
            ],
        ),
        ("langgraph_memory", ["profile/drink: Alice drinks green tea, never coffee.\n", "ferry.md: The ferry to"]),
        (
            "openai_tools",
            ['search_memory: {"error": "user: there is no such argument"', "I found: Alice moved to Lisbon.\n"],
        ),
        ("agents_session", ["Which city am I in?\n  You said: I moved to Lisbon.\n", "I moved to Lisbon. ("]),
    ],
)
def test_an_example_runs_as_it_is(name: str, said: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    out = capfd.readouterr().out
    for one in said:
        assert one in out


def test_the_example_of_a_client_runs_as_it_is() -> None:
    done = subprocess.run([sys.executable, EXAMPLES / "mcp_client.py"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    names, _, _, shown, forgotten, refused = done.stdout.splitlines()
    assert names.split(", ") == list(NAMES)
    assert shown.startswith('forget_memory: {"would_forget": [{') and '"forgotten": [' in forgotten
    assert 'search_memory: {"error": "user: there is no such argument"' in refused


@pytest.mark.parametrize(
    "name", ["agents_session", "langchain_agent", "langgraph_memory", "mcp_client", "openai_tools"]
)
def test_an_example_names_the_line_that_installs_what_it_needs(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if line.startswith("pip install ")]) == 1
