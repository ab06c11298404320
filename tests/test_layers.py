"""Who may import whom. Two rules carry it: stores and retrievers call no model; methods import no backend."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "memagent"

# A layer is a folder or a module of the package; the value says what of memagent it may import besides itself.
# "x.base" means that module alone. `types` and `errors` are open to everyone. What nobody uses is taken off the list.
MAY: dict[str, set[str]] = {
    "types": {"shown"},
    "errors": set(),
    "deadline": set(),
    "differences": set(),
    "files": set(),
    "programs": set(),
    "confined": set(),
    "finite": set(),
    "sentences": set(),
    "terms": set(),
    "tokens": set(),
    "triples": {"shown"},
    "unit": set(),
    "cachefile": {"files"},
    "devices": set(),
    "openai_server": set(),
    "budget": {"llms.base"},
    "steps": {"triples"},
    "flow": {"steps"},
    "prompts": set(),
    "structured": {"flow", "prompts"},
    "stores": {"files", "terms", "triples", "unit"},
    "embedders": {"cachefile", "devices", "openai_server", "terms", "unit"},
    "llms": {"cachefile", "deadline", "devices", "openai_server", "offline", "tokens"},
    "offline": {"finite"},
    "retrievers": {"shown", "stores.base", "embedders.base", "terms"},
    "methods": {
        "differences",
        "flow",
        "prompts",
        "structured",
        "sentences",
        "terms",
        "tokens",
        "triples",
        "gate",
        "shown",
    },
    "indexing": {"flow", "prompts", "structured"},
    "trace": {"flow", "files", "shown", "triples"},
    "gate": {"finite", "sentences", "stores.keys", "triples"},
    "memory": {
        "gate",
        "stores",
        "retrievers",
        "embedders.base",
        "registry",
        "files",
        "integrations",
        "triples",
        "terms",
    },
    "integrations": {
        "chat",
        "embedders.base",
        "llms.base",
        "memory",
        "prompts",
        "registry",
        "retrievers.base",
        "terms",
    },
    "importers": {"memory", "stores"},
    # The registry turns names into objects: it imports by string, and the contracts for type checkers only.
    "registry": {"llms.base", "embedders.base", "retrievers.base", "stores.base"},
    "answering": {"memory", "steps"},
    "turn": {"budget", "flow", "trace"},
    "controller": {
        "answering",
        "budget",
        "deadline",
        "flow",
        "programs",
        "shown",
        "trace",
        "turn",
        "registry",
        "llms.base",
        "llms.abilities",
        "memory",
        "retrievers.base",
    },
    "chat": {
        "gate",
        "budget",
        "controller",
        "flow",
        "integrations",
        "llms.base",
        "memory",
        "methods",
        "prompts",
        "registry",
        "retrievers.base",
        "sentences",
        "stores",
        "terms",
        "trace",
        "triples",
    },
    "story": {
        "controller",
        "budget",
        "differences",
        "flow",
        "llms.base",
        "llms.prices",
        "memory",
        "methods",
        "trace",
        "files",
        "sentences",
        "registry",
        "shown",
        "terms",
    },
    "testing": {"llms", "embedders.base", "stores.base", "retrievers.base"},
    "display": {
        "controller",
        "differences",
        "memory",
        "methods",
        "retrievers",
        "sentences",
        "shown",
        "steps",
        "story",
        "trace",
        "triples",
    },
    "shown": set(),
    "cli": {"*"},
    "__init__": {"*"},
    "__main__": {"cli"},
}

# What of other people's packages a layer may import, anywhere in a file. A layer that is not here: none.
THIRD_PARTY: dict[str, set[str]] = {
    "sentences": {"sentencex"},
    "unit": {"numpy"},
    "devices": {"torch"},
    "openai_server": {"openai"},
    "structured": {"json_repair"},
    "stores": {"numpy", "faiss", "sqlite_utils", "sqlcipher3"},
    "terms": {"snowballstemmer"},
    "embedders": {"numpy", "openai", "langchain_core", "sentence_transformers"},
    "llms": {"openai", "langchain_core", "torch", "transformers", "huggingface_hub", "safetensors", "jinja2"},
    "indexing": {"sentencex"},
    "trace": {"pydantic"},
    "memory": {"numpy", "networkx"},
    "retrievers": {"numpy"},
    "integrations": {
        "numpy",
        "pydantic",
        "langchain_core",
        "langchain",
        "langgraph",
        "agents",
        "mcp",
        "uvicorn",
        "starlette",
    },
    "story": {"filelock", "pydantic_core"},
    "testing": {"numpy"},
    "cli": {"click"},
    "display": {"ipywidgets", "matplotlib", "numpy"},
}

# Where modules are imported by a name that is made up while running.
BY_STRING = {"registry", "__init__", "shown", "display.view", "cli.lazy", "methods.names"}


def layer(module: str) -> str:
    return module.split(".")[0]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, full name) of every import in a file: at the top, inside functions, and for type checkers."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; use absolute imports"
            for alias in node.names if node.module == "memagent" else ():
                yield node.lineno, f"memagent.{alias.name}"
            if node.module and node.module != "memagent":
                yield node.lineno, node.module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name


def ours(path: Path) -> list[tuple[int, str]]:
    return [(line, name.removeprefix("memagent.")) for line, name in imports(path) if name.startswith("memagent.")]


def theirs(path: Path) -> list[tuple[int, str]]:
    found = [(line, name.split(".")[0]) for line, name in imports(path)]
    return [(line, name) for line, name in found if name != "memagent" and name not in sys.stdlib_module_names]


def tricks(module: str, path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, what) of imports that would hide what is imported."""
    for line, name in imports(path):
        if name == "memagent":
            yield line, "imports all of memagent; name the module"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        named = {ast.Name: "id", ast.Attribute: "attr", ast.alias: "name"}.get(type(node), "")
        if named and getattr(node, named) in ("import_module", "__import__") and module not in BY_STRING:
            yield getattr(node, "lineno", 0), "imports by string"


def breaches(module: str, path: Path) -> list[str]:
    here = layer(module)
    allowed = MAY[here] | {here, "types", "errors"}
    found = [
        (line, f"{here} may not import memagent.{other}")
        for line, other in ours(path)
        if "*" not in allowed and layer(other) not in allowed and other not in allowed
    ]
    packages = THIRD_PARTY.get(here, set())
    found += [(line, f"{here} may not import {other}") for line, other in theirs(path) if other not in packages]
    found += tricks(module, path)
    return [f"{path.relative_to(ROOT.parent)}:{line}: {what}" for line, what in found]


def modules() -> list[tuple[str, Path]]:
    paths = sorted(ROOT.rglob("*.py"))
    return [(".".join(path.relative_to(ROOT).with_suffix("").parts), path) for path in paths]


def test_every_module_has_a_layer_and_keeps_to_it() -> None:
    assert {layer(module) for module, _ in modules()} == MAY.keys()
    assert [breach for module, path in modules() for breach in breaches(module, path)] == []


def test_every_grant_is_used() -> None:
    used: dict[str, set[str]] = {name: set() for name in MAY}
    packages: dict[str, set[str]] = {name: set() for name in MAY}
    for module, path in modules():
        used[layer(module)] |= {part for _, name in ours(path) for part in (name, layer(name))}
        packages[layer(module)] |= {name for _, name in theirs(path)}
    unused = [f"{here} -> {other}" for here, may in MAY.items() for other in may - {"*"} - used[here]]
    unused += [f"{here} -> {other}" for here, may in THIRD_PARTY.items() for other in may - packages[here]]
    assert unused == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("stores.x", "from memagent.llms.base import LLM"),
        ("retrievers.x", "import memagent.llms.openai"),
        ("retrievers.x", "from memagent.stores.vector import SQLVectorStore"),
        ("methods.x", "from memagent import controller"),
        ("methods.x", "from memagent import *"),
        ("methods.x", "def f():\n    from memagent.stores import vector"),
        ("methods.x", "import memagent"),
        ("methods.x", "import memagent as m"),
        ("methods.x", "import openai"),
        ("methods.x", "def f():\n    from openai import OpenAI"),
        ("methods.x", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy as np"),
        ("retrievers.x", "from langchain_core.language_models import BaseChatModel"),
        ("stores.x", "import httpx"),
        ("retrievers.x", "import importlib\nimportlib.import_module('memagent.llms.openai')"),
        ("retrievers.x", "from importlib import import_module"),
        ("retrievers.x", "__import__('openai')"),
        ("flow", "from memagent.trace import Trace"),
    ],
)
def test_a_breach_is_found(module: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_layers.ROOT", tmp_path / "memagent", raising=True)
    path = tmp_path / "memagent" / "x.py"
    path.parent.mkdir()
    path.write_text(line)
    assert len(breaches(module, path)) == 1


def test_folders_are_one_deep_and_no_file_is_a_drawer() -> None:
    for module, _ in modules():
        assert module.count(".") <= 1, f"{module} is too deep"
        assert layer(module.split(".")[-1]) not in {"utils", "helpers", "common", "misc", "manager"}
