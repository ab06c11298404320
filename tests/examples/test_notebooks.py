"""The notebooks run from top to bottom, say what is committed, and are pages that fetch nothing and can be seen."""

from __future__ import annotations

import ast
import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient")
pytest.importorskip("nbconvert")
pytest.importorskip("ipywidgets")
pytest.importorskip("matplotlib")

import notebooks

PATHS = notebooks.found()
NAMES = [path.name for path in PATHS]
MOST = 15  # cells
_HEIGHT = 500  # pixels of each page that are looked at


@pytest.fixture(scope="module")
def run_anew() -> dict[str, Any]:
    return asyncio.run(notebooks.all_executed(PATHS))


def test_there_are_notebooks_and_each_is_short_and_can_be_switched_to_a_model() -> None:
    assert NAMES[:1] == ["00_tour.ipynb"]
    for path in PATHS:
        cells = notebooks.read(path).cells
        assert len(cells) < MOST, path.name
        first = next(cell for cell in cells if cell.cell_type == "code")
        assert 'MODEL = "offline"' in first.source, path.name
        assert cells[0].cell_type == "markdown" and cells[0].source.startswith("# "), path.name
        assert sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown") > 150, path.name


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_run_anew_says_what_is_committed(name: str, run_anew: dict[str, Any]) -> None:
    committed = notebooks.read(notebooks.EXAMPLES / name)
    assert notebooks.texts(run_anew[name]) == notebooks.texts(committed), "python tests/examples/notebooks.py"
    assert any(notebooks.texts(committed)), "it has no outputs"


@pytest.mark.parametrize("name", NAMES)
def test_no_output_has_a_script_an_address_or_a_place_of_this_machine(name: str) -> None:
    outputs = [out for cell in notebooks.read(notebooks.EXAMPLES / name).cells for out in cell.get("outputs", ())]
    for output in outputs:
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr", output.get("text")
        data = output.get("data", {})
        assert notebooks.WIDGET not in data and not {kind for kind in data if "javascript" in kind}
        told = "\n".join([output.get("text", ""), data.get("text/html", ""), data.get("text/plain", "")]).lower()
        for sign in ("<script", "<iframe", "http:", "https:", "url(", str(notebooks.EXAMPLES.parent).lower(), "/tmp/"):
            assert sign not in told, name


def test_each_notebook_is_a_page_that_can_be_seen_light_and_dark(tmp_path: Path) -> None:
    """In the picture, each page has text on its background, which is light or dark."""
    read = [notebooks.read(path) for path in PATHS]
    pages = [notebooks.page(one, theme) for theme in ("light", "dark") for one in read]
    for name, body in zip(NAMES * 2, pages, strict=True):
        assert "<h1" in body and 'src="http' not in body and "<link" not in body, name
    if notebooks.browser() is None:
        pytest.skip("no Chromium is here to make a picture with")
    bands = _bands(notebooks.picture(pages, tmp_path / "all.png", _HEIGHT))
    for number, (name, (background, ink)) in enumerate(zip(NAMES * 2, bands, strict=True)):
        assert background > 235 if number < len(NAMES) else background < 40, name
        assert 0.02 < ink < 0.6, f"{name}: {ink:.3f} of it is not background"


def _bands(picture: Path) -> list[tuple[float, float]]:
    """Of each page in a picture: how light its background is, 0 to 255, and which share of it is something else."""
    import numpy as np
    from PIL import Image

    levels = np.asarray(Image.open(io.BytesIO(picture.read_bytes())).convert("L"), dtype=np.int64)
    bands = np.split(levels, len(levels) // _HEIGHT)
    usual = [int(np.bincount(band.ravel(), minlength=256).argmax()) for band in bands]
    return [(level, float((abs(band - level) > 30).mean())) for level, band in zip(usual, bands, strict=True)]


def test_every_code_cell_is_python() -> None:
    for path in PATHS:
        for cell in notebooks.read(path).cells:
            if cell.cell_type == "code":
                compile(cell.source, path.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
