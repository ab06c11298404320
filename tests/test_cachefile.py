"""A cache file beside forks; what it keeps is tested with the caches of embedders and models that use it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FORKING = """
import os, sys, threading, time
from memagent.cachefile import CacheFile

cache = CacheFile(sys.argv[1], "vectors")
stop = threading.Event()

def use(name):
    number = 0
    while not stop.is_set():
        cache.put({f"{name} {number}": b"x"})
        number += 1

threads = [threading.Thread(target=use, args=(name,), daemon=True) for name in "abc"]
for thread in threads:
    thread.start()
time.sleep(0.1)
children = []
for child in range(20):
    pid = os.fork()
    if pid == 0:
        cache.put({f"child {child}": b"y"})
        os._exit(0)
    children.append(pid)
    time.sleep(0.01)
deadline = time.monotonic() + 30
for pid in children:
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, 9)
        time.sleep(0.02)
stop.set()
for thread in threads:
    thread.join(30)
print(20 - len(cache.get([f"child {child}" for child in range(20)])), "lost")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forking_while_other_threads_use_a_cache_loses_and_hangs_nothing(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path / "cache.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "0 lost", done.stdout + done.stderr
