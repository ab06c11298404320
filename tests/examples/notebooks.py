"""Running the notebooks of `examples/` as a person would, in a kernel of their own, and keeping what came out.

    python tests/examples/notebooks.py [NAME ...]    run them anew and write their outputs into the files
    python tests/examples/notebooks.py --pictures FOLDER [NAME ...]    pictures of the pages, light and dark

Each runs in `examples/` with an empty home and a Python that reaches no other machine. Of what it displays, the widget
itself is left out: it lives as long as its kernel, and beside it stands the page that shows the same.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbconvert import HTMLExporter

EXAMPLES = Path(__file__).parents[2] / "examples"
WIDGET = "application/vnd.jupyter.widget-view+json"
OFFLINE = "from memagent.testing import no_network\nno_network().__enter__()\n"
"""What a kernel does before anything else; see `memagent.testing`."""

_VARIES = re.compile(
    r"[█·]*█[█·]*"
    r"|\b\d[\d,.]*\s?(?:ms|s|min)\b"
    r"|\b[0-9a-f]{32}\b"
    r"|\b\d{4}-\d\d-\d\d(?: \(\w+\))?(?:[ T]\d\d:\d\d(?::\d\d)?)?(?: UTC)?"
)
"""What differs from run to run: bars, durations, ids that are drawn, and the day."""

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PAGE = 1100  # pixels across


def found(names: Sequence[str] = ()) -> list[Path]:
    """Return the notebooks, in order; those alone whose file name begins with one of some names."""
    return sorted(path for path in EXAMPLES.glob("*.ipynb") if not names or path.name.startswith(tuple(names)))


def read(path: Path) -> Any:
    """Return a notebook as it is in its file."""
    return nbformat.read(path, as_version=4)


@contextmanager
def kernel_environment(home: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a kernel: an empty home, no key and no setting, and a Python that is offline."""
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-offline.py").write_text(OFFLINE, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not re.match(r"MEMAGENT_|OPENAI_|OLLAMA_|XDG_", name)}
    root = str(EXAMPLES.parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH", "")]))
    kept |= {"HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "MPLCONFIGDIR": str(home / "matplotlib")}
    yield kept | {
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home),
    }


def kernel_manager(home: Path) -> AsyncKernelManager:
    """Return the manager of a kernel that is spoken to by sockets in a folder, whose path has to be short."""
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", connection_file=str(home / "k.json"))
    manager.ip = str(home / "k")
    return manager


async def executed(path: Path) -> Any:
    """Return a notebook with the outputs of running it from top to bottom."""
    notebook = read(path)
    home = Path(tempfile.mkdtemp(prefix="nb"))
    try:
        with kernel_environment(home) as environment:
            manager = kernel_manager(home)
            client = NotebookClient(
                notebook,
                km=manager,
                timeout=60,
                store_widget_state=False,
                record_timing=False,
                resources={"metadata": {"path": str(EXAMPLES)}},
            )
            await client.async_execute(env=environment, cleanup_kc=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return without_widgets(notebook)


async def all_executed(paths: Sequence[Path]) -> dict[str, Any]:
    """Return notebooks by name, run two at a time."""
    two = asyncio.Semaphore(2)

    async def one(path: Path) -> Any:
        async with two:
            return await executed(path)

    return dict(zip((path.name for path in paths), await asyncio.gather(*map(one, paths)), strict=True))


def without_widgets(notebook: Any) -> Any:
    """Take out of a notebook what only a living kernel can show, and what differs from run to run without meaning."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def texts(notebook: Any) -> list[str]:
    """Return what a notebook says as text, cell by cell, with what varies from run to run as `…`, and blanks as one."""
    said = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            told = "\n".join(map(_text, cell.outputs))
            said.append(" ".join(_VARIES.sub("…", told).split()))
    return said


def _text(output: Mapping[str, Any]) -> str:
    text = output.get("text", output.get("data", {}).get("text/plain", ""))
    return str(text) if output["output_type"] != "error" else f"{output['ename']}: {output['evalue']}"


def page(notebook: Any, theme: str = "light") -> str:
    """Return a notebook as a page of HTML that fetches nothing."""
    exporter = HTMLExporter(template_name="lab", theme=theme, embed_images=True)
    for address in ("mathjax_url", "require_js_url", "jquery_url", "widget_renderer_url", "mermaid_js_url"):
        if exporter.has_trait(address):
            setattr(exporter, address, "")
    body: str = exporter.from_notebook_node(notebook)[0]
    return body


def browser() -> str | None:
    """Return the path of a Chromium, if there is one."""
    return next(filter(None, map(shutil.which, _CHROMIUM)), None)


def picture(pages: Sequence[str], to: Path, height: int) -> Path:
    """Write a picture of some pages, one under the other, `height` pixels for each."""
    program = browser()
    if program is None:
        raise FileNotFoundError("no Chromium is here to look at a page with")
    with tempfile.TemporaryDirectory() as folder:
        frames = []
        for number, body in enumerate(pages):
            (Path(folder) / f"{number}.html").write_text(body, encoding="utf-8")
            frames.append(f'<iframe src="{number}.html" style="border:0;width:100%;height:{height}px"></iframe>')
        whole = Path(folder) / "all.html"
        whole.write_text(f'<body style="margin:0;font-size:0">{"".join(frames)}</body>', encoding="utf-8")
        command = [
            program, "--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--disable-extensions",
            f"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--window-size={_PAGE},{height * len(pages)}", f"--screenshot={to.resolve()}", whole.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return to


def main() -> None:
    """Run notebooks anew, or make pictures of them."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", help="the beginnings of file names; all, where there are none")
    arguments.add_argument("--pictures", type=Path, help="a folder for pictures of what is in the files")
    arguments.add_argument("--height", type=int, default=6000, help="of a picture, in pixels")
    given = arguments.parse_args()
    paths = found(given.names)
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
        for path in paths:
            for theme in ("light", "dark"):
                to = given.pictures / f"{path.stem}_{theme}.png"
                sys.stderr.write(f"{picture([page(read(path), theme)], to, given.height)}\n")
        return
    for name, notebook in asyncio.run(all_executed(paths)).items():
        nbformat.write(notebook, EXAMPLES / name)
        sys.stderr.write(f"{name}: run anew\n")


if __name__ == "__main__":
    main()
