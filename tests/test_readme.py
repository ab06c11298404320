"""What the README shows works as it stands there: code runs, commands exit 0, its map names every room.

A command with `# -m MODEL` behind it needs a model, and exits with 3 where there is none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.strip().splitlines()[-1][:40])
def test_python_blocks_run(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    if "print(" in code and "lighthouse" in code:
        assert "Mara keeps the lighthouse" in done.stdout


def commands() -> list[tuple[str, bool]]:
    """Each command, and whether it needs a model, as `# -m MODEL` behind it says."""
    lines = [line for block in blocks("console") for line in block.splitlines() if line.startswith("$ memagent")]
    return [(re.sub(r"\s{2,}#.*", "", line.removeprefix("$ ")), line.endswith("# -m MODEL")) for line in lines]


def test_console_blocks_run_one_after_the_other(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    assert len(commands()) >= 9
    environment = {
        **os.environ,
        "MEMAGENT_LLM": "offline",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for command, needs_a_model in commands():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == (3 if needs_a_model else 0), f"{command}\n{done.stderr}"
    assert (tmp_path / "lamp.md").read_text(encoding="utf-8").count("\n\n") >= 20


def every_command(group: click.Group, words: str = "memagent") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        path = f"{words} {name}"
        found += every_command(command, path) if isinstance(command, click.Group) else [(path, command)]
    return found


def test_every_command_and_option_has_help_and_the_readme_names_it() -> None:
    from memagent.cli import root

    found = every_command(root)
    assert len(found) > 12
    for path, command in found:
        assert command.help, path
        assert f"`{path.removeprefix('memagent ')}`" in README or path in README, f"the README does not name {path}"
        undocumented = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
        assert undocumented == [], path


def test_the_map_names_every_module_and_nothing_else() -> None:
    tree = README[README.index("stores -> memagent/stores") :].split("```")[0]
    for path in sorted((ROOT / "memagent").glob("*.py")):
        assert path.name in tree or path.name.startswith("__"), f"{path.name} is not on the map"
    for path in sorted((ROOT / "memagent").iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            assert f"  {path.name}/" in tree, f"{path.name}/ is not on the map"
    for name in re.findall(r"^  ([a-z_]+(?:\.py|/))", tree, re.MULTILINE):
        assert (ROOT / "memagent" / name).exists(), f"{name} is on the map and not there"


@pytest.mark.parametrize("room", ["memory", "gate", "stores"])
def test_the_map_names_every_file_of_the_largest_rooms(room: str) -> None:
    tree = README[README.index("stores -> memagent/stores") :].split("```")[0]
    named = re.findall(r"\w+", re.split(r"^  (?=\w)", tree.split(f"\n  {room}/")[1], maxsplit=1, flags=re.MULTILINE)[0])
    files = {path.stem for path in (ROOT / "memagent" / room).glob("*.py")} - {"__init__"}
    assert files - set(named) == set()


def test_the_project_names_no_registry_host() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout, so that there is no list of the project's files")
    hosts = re.compile("|".join([r"pypi\." + "org", "pythonhosted" + r"\.org", "npmjs" + r"\."]))
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 1_000_000:
            assert not hosts.search(path.read_text(encoding="utf-8", errors="ignore")), name


def test_every_figure_stands_below_the_command_that_measured_it() -> None:
    measured = README[README.index("## Measured") :]
    assert "FIGURES" not in measured
    commands = re.findall(r"^\$ (?:python )?(\S+)", measured, re.MULTILINE)
    assert len(commands) >= 3
    for command in commands:
        assert (ROOT / command).exists(), command
