"""The benchmark of the methods: what is built once counts to none, and one that fails takes no other with it."""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memagent import Flow, Memory
from memagent.errors import Late


def benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "methods.py"
    spec = importlib.util.spec_from_file_location("methods_benchmark", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_graph_is_built_before_and_a_method_that_fails_leaves_the_other_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = benchmark()
    texts = ["Mara keeps the lighthouse at Gull Point.", "Gull Point is a cape in Norway."]
    passages, questions = tmp_path / "passages.jsonl", tmp_path / "questions.jsonl"
    passages.write_text("\n".join(json.dumps({"id": n, "title": "", "text": text}) for n, text in enumerate(texts)))
    questions.write_text(json.dumps({"question": "Where is Gull Point?", "answer": "Norway", "supporting": [1]}))
    done: list[str] = []
    search, row = Memory.search, bench._row

    def searched(self: Memory, *args: Any, **options: Any) -> Any:
        done.append(options.get("using", "hybrid"))
        return search(self, *args, **options)

    def rowed(name: str, *args: Any) -> Any:
        done.append(name)
        return row(name, *args)

    def late(question: str, k: int) -> Flow[Any]:
        yield from ()
        raise Late("the search did not end within 30 s")

    monkeypatch.setattr(bench, "logging", SimpleNamespace(getLogger=logging.Logger, ERROR=logging.ERROR))
    monkeypatch.setattr(Memory, "search", searched)
    monkeypatch.setattr(bench, "_row", rowed)
    monkeypatch.setitem(bench.METHODS, "every 16", late)
    files = ["--passages", str(passages), "--questions", str(questions)]
    monkeypatch.setattr(sys, "argv", ["methods.py", *files, "--json", "--method", "every 16", "hipporag", "once"])
    with pytest.raises(SystemExit) as ended:
        bench.main()
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert ended.value.code == 1
    assert [one["method"] for one in told["rows"]] == ["hipporag", "once"]
    assert told["failed"] == {"every 16": "the search did not end within 30 s"} and "every 16: the search" in err
    assert done.index("graph") < done.index("every 16")
