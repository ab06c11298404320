"""How long memagent takes to import, to print its help, and how much a plain install weighs.

    python benchmarks/startup.py [--json]

Times are medians of separate processes, the bare interpreter beside them; `import` is what `-X importtime` adds up.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path


def importing(module: str, rounds: int) -> float:
    """Return the median seconds that importing `module` takes, by the interpreter's own clock."""
    seconds = []
    for _ in range(rounds):
        errors = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", f"import {module}"], capture_output=True, text=True, check=True
        ).stderr
        last = [line for line in errors.splitlines() if re.search(rf"\| {module}$", line)][-1]
        seconds.append(int(last.split("|")[1]) / 1e6)
    return statistics.median(seconds)


def running(command: list[str], rounds: int) -> float:
    """Return the median seconds that a command takes from start to end."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def plain_install(name: str) -> dict[str, float]:
    """Return the megabytes of every distribution that a plain install of `name` brings, by name."""
    sizes: dict[str, float] = {}
    todo = [name]
    while todo:
        wanted = todo.pop()
        key = wanted.lower().replace("_", "-")
        if key in sizes:
            continue
        try:
            found = distribution(wanted)
        except PackageNotFoundError:
            continue  # for another platform or Python
        sizes[key] = _megabytes(found)
        for requirement in found.requires or []:
            if "extra ==" not in requirement:
                todo.append(re.match(r"[A-Za-z0-9._-]+", requirement)[0])  # type: ignore[index]
    return sizes


def _megabytes(found: Distribution) -> float:
    paths = {Path(str(file.locate())) for file in found.files or []}
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    script = Path(sys.executable).with_name("memagent")
    sizes = plain_install("memagent")
    result = {
        "import_memagent_s": importing("memagent", options.rounds),
        "bare_python_s": running([sys.executable, "-c", "pass"], options.rounds),
        "memagent_help_s": running([str(script), "--help"], options.rounds),
        "install_mb": sum(sizes.values()),
        "distributions": len(sizes),
        "has_torch": "torch" in sizes,
    }
    if options.json:
        print(json.dumps(result | {"sizes_mb": sizes}))
        return
    bare, help_ = result["bare_python_s"] * 1000, result["memagent_help_s"] * 1000
    largest = ", ".join(f"{name} {size:.0f}" for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:4])
    print(f"import memagent  {result['import_memagent_s'] * 1000:6.1f} ms")
    print(f"memagent --help  {help_:6.1f} ms  (bare python {bare:.1f} ms)")
    print(f"plain install    {result['install_mb']:6.0f} MB in {len(sizes)} distributions ({largest})")
    print(f"torch            {'yes' if result['has_torch'] else 'no'}")


if __name__ == "__main__":
    main()
