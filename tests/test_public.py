"""The public names are what `__all__` says, and importing them costs nothing that was not asked for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import memagent
from memagent.errors import MemagentError

ROOT = Path(__file__).parents[1]


def test_all_equals_reality() -> None:
    assert memagent.__all__ == sorted(memagent.__all__)
    assert set(memagent.__all__) == set(memagent._HOME)
    for name in memagent.__all__:
        value = getattr(memagent, name)
        assert value is not None
        module = getattr(value, "__module__", None)
        assert module is None or module == f"memagent.{memagent._HOME[name]}" or name == "Flow", name
    assert set(memagent.__all__) <= set(dir(memagent))
    with pytest.raises(AttributeError, match="no attribute 'Memroy'"):
        memagent.Memroy  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((ROOT / "memagent" / "__init__.py").read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(memagent.__all__)


def test_importing_memagent_loads_nothing_heavy() -> None:
    code = "import sys, json, memagent; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    heavy = {"numpy", "faiss", "openai", "langchain_core", "networkx", "sqlite_utils", "pydantic", "torch", "click"}
    assert loaded & heavy == set()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, json\nfrom memagent.cli import run\nassert run(['--help']) == 0\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    heavy = {"numpy", "faiss", "openai", "langchain_core", "networkx", "sqlite_utils", "pydantic", "torch"}
    assert set(json.loads(done.stderr)) & heavy == set()
    assert "story" in done.stdout


def test_the_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == memagent.__version__
    assert f"## {memagent.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_error_tree_in_the_docstring_is_the_real_one() -> None:
    from memagent import errors

    drawn = [
        line.replace("│", " ").replace("├", " ").replace("└", " ").replace("─", " ")
        for line in errors.__doc__.splitlines()
    ]
    tree, path = {}, []
    for line in drawn[2:]:
        if not line.strip():
            continue
        depth, name = len(line) - len(line.lstrip()), line.split()[0]
        path = [(d, n) for d, n in path if d < depth]
        tree[name] = path[-1][1] if path else None
        path.append((depth, name))
    real = {n: v for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, MemagentError)}
    assert tree == {name: None if cls is MemagentError else cls.__mro__[1].__name__ for name, cls in real.items()}


def used(path: Path) -> set[str]:
    """Return the names that a file uses, other than by importing them or catching what they name."""
    tree = ast.parse(path.read_text())
    caught = {id(part) for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type
              for part in ast.walk(node.type)}  # fmt: skip
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in caught}


def test_every_error_is_raised_somewhere() -> None:
    from memagent import errors

    paths = [path for path in (ROOT / "memagent").rglob("*.py") if path.name not in ("errors.py", "console.py")]
    raised = set().union(*map(used, paths))
    classes = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, MemagentError)]
    assert [cls.__name__ for cls in classes if not cls.__subclasses__() and cls.__name__ not in raised] == []


def test_the_two_folders_people_extend_stand_at_the_root() -> None:
    for name in ("stores", "retrievers"):
        link = ROOT / name
        assert link.is_symlink()
        assert link.resolve() == ROOT / "memagent" / name


def test_the_linter_sees_every_file_once() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--show-files", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seen = [Path(line) for line in done.stdout.splitlines() if line.endswith(".py")]
    there = [path for name in ("memagent", "tests", "benchmarks", "examples") for path in (ROOT / name).rglob("*.py")]
    assert sorted(seen) == sorted(there)
