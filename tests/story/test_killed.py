"""`kill -9` at random moments, the same command again, and the manuscript comes out byte for byte. Real processes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.commands import DYING

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


def memagent(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "memagent", *map(str, arguments)]


def prepared(folder: Path) -> Path:
    subprocess.run(memagent("story", "init", folder, "--premise", PREMISE, "-q"), check=True)
    return folder


def write(folder: Path, count: int = 40) -> list[str]:
    return memagent("story", "write", folder, "-n", str(count), "--auto", "-q", "-m", "offline")


def paragraphs(folder: Path) -> int:
    log = folder / ".memagent" / "events.jsonl"
    return log.read_text(encoding="utf-8").count('"type": "written"')


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepared(tmp_path_factory.mktemp("whole") / "story")
    subprocess.run(write(folder), check=True, stdout=subprocess.DEVNULL)
    return folder


def pages(folder: Path) -> dict[str, bytes]:
    names = ("chapters/01.md", "memory/short.md", "memory/long.md")
    return {name: (folder / name).read_bytes() for name in names}


def wait_for(folder: Path, transitions: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while paragraphs(folder) < transitions and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)


def test_ten_kills_at_random_moments_change_no_byte(uninterrupted: Path, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "story")
    moments = random.Random(2026)
    targets = sorted(moments.sample(range(0, 36), 10))
    for target in targets:
        process = subprocess.Popen(write(folder), stdout=subprocess.DEVNULL, text=True)
        wait_for(folder, target, process)
        time.sleep(moments.uniform(0.0, 0.04))  # about a step: inside a call, a commit, a page, the start
        assert process.poll() is None, "the run ended before it was killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert paragraphs(folder) < 38
    subprocess.run(write(folder), check=True, stdout=subprocess.DEVNULL)
    assert pages(folder) == pages(uninterrupted)


def test_kills_inside_the_commit_change_no_byte_either(uninterrupted: Path, tmp_path: Path) -> None:
    """Kill at every single system call that changes a file, one after the other, within one step."""
    start = tmp_path / "start"
    shutil.copytree(prepared(tmp_path / "story"), start)
    survived = 0
    for calls in range(3, 60, 3):
        folder = tmp_path / f"killed{calls}"
        shutil.copytree(start, folder)
        command = [sys.executable, "-c", DYING, str(calls), *write(folder, 5)[3:]]
        code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
        assert code in (0, -signal.SIGKILL)
        survived += code == 0
        subprocess.run(write(folder, 5), check=True, stdout=subprocess.DEVNULL) if code else None
        opening = pages(uninterrupted)["chapters/01.md"].decode().split("\n\n")[:6]  # the title and five paragraphs
        assert pages(folder)["chapters/01.md"].decode().rstrip("\n").split("\n\n") == [
            part.rstrip("\n") for part in opening
        ]
    assert survived < 15  # most of them did die inside


def test_sigint_and_sigterm_end_after_the_paragraph_and_the_same_command_goes_on(
    uninterrupted: Path, tmp_path: Path
) -> None:
    folder = prepared(tmp_path / "story")
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        before = paragraphs(folder)
        process = subprocess.Popen(
            memagent("story", "write", folder, "-n", "40", "--auto", "-m", "offline"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        wait_for(folder, before + 2, process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == code
        assert "Go on with: memagent story write" in errors
    subprocess.run(write(folder), check=True, stdout=subprocess.DEVNULL)
    assert pages(folder) == pages(uninterrupted)
