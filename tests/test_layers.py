"""Who may import whom. Two rules carry it: stores and retrievers call no model; methods import no backend."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "memagent"

# A layer is a folder or a module of the package; the value says what of memagent it may import besides itself.
# "x.base" means that module alone. `types` and `errors` are open to everyone.
MAY: dict[str, set[str]] = {
    "types": set(),
    "errors": set(),
    "files": set(),
    "sentences": set(),
    "segment": set(),
    "cachefile": set(),
    "openai_server": set(),
    "budget": set(),
    "flow": set(),
    "prompts": set(),
    "structured": {"flow", "prompts"},
    "stores": {"segment"},
    "embedders": {"cachefile", "openai_server", "segment"},
    "llms": {"cachefile", "openai_server", "sentences", "offline"},
    "offline": {"sentences"},
    "retrievers": {"stores.base", "embedders.base"},
    "methods": {"flow", "prompts", "structured", "sentences"},
    "indexing": {"flow", "prompts", "structured", "sentences"},
    "trace": {"flow", "files"},
    "memory": {"stores", "retrievers", "embedders.base", "registry"},
    # The registry turns names into objects: it imports by string, and for type checkers only.
    "registry": {"llms", "embedders", "retrievers", "stores"},
    "controller": {"budget", "flow", "trace", "registry", "llms.base", "memory", "retrievers.base"},
    "story": {"controller", "budget", "memory", "methods", "flow", "trace", "files", "sentences", "registry"},
    "testing": {"llms", "embedders.base", "stores.base", "retrievers.base", "memory", "registry"},
    "cli": {"*"},
    "__init__": {"*"},
    "__main__": {"cli"},
}


def layer(module: str) -> str:
    return module.split(".")[0]


def imports(path: Path) -> list[tuple[int, str]]:
    """Return (line, module under memagent) of every import in a file, at the top or inside a function."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; use absolute imports"
            if node.module == "memagent":
                found += [(node.lineno, alias.name) for alias in node.names]
            elif node.module and node.module.startswith("memagent."):
                found.append((node.lineno, node.module.removeprefix("memagent.")))
        elif isinstance(node, ast.Import):
            found += [
                (node.lineno, alias.name.removeprefix("memagent."))
                for alias in node.names
                if alias.name.startswith("memagent.")
            ]
    return found


def breaches(module: str, path: Path) -> list[str]:
    here = layer(module)
    allowed = MAY[here] | {here, "types", "errors"}
    return [
        f"{path.relative_to(ROOT.parent)}:{line}: {here} may not import memagent.{other}"
        for line, other in imports(path)
        if "*" not in allowed and layer(other) not in allowed and other not in allowed
    ]


def modules() -> list[tuple[str, Path]]:
    paths = sorted(ROOT.rglob("*.py"))
    return [(".".join(path.relative_to(ROOT).with_suffix("").parts), path) for path in paths]


def test_every_module_has_a_layer_and_keeps_to_it() -> None:
    assert {layer(module) for module, _ in modules()} <= MAY.keys()
    assert [breach for module, path in modules() for breach in breaches(module, path)] == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("stores.x", "from memagent.llms.base import LLM"),
        ("retrievers.x", "import memagent.llms.openai"),
        ("retrievers.x", "from memagent.stores.vector import PassageStore"),
        ("methods.x", "from memagent import controller"),
        ("methods.x", "def f():\n    from memagent.stores import vector"),
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
