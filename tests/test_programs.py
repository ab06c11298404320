"""Programs that run away: real ones, in real processes. What is left over after each is looked for."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

import pytest

from memagent import Budget, Controller, Memory, Trace, programs
from memagent.errors import UsageProblem
from memagent.flow import Execute, execute
from memagent.testing import ScriptedLLM
from memagent.types import Execution


def processes() -> int:
    """How many processes run a program of ours."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += str(programs._GUARD).encode() in entry.read_bytes()
        except OSError:
            continue
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    assert list(tmp_path.glob("memagent-program-*")) == []
    end = time.monotonic() + 30
    while processes() and time.monotonic() < end:  # what was killed takes a moment to go
        time.sleep(0.01)
    assert processes() == 0


def test_a_program_runs_and_tells_what_it_printed():
    assert programs.run("import math\nprint(math.comb(10, 3))\nprint('é')") == Execution("120\né\n")
    assert programs.run("") == Execution()


def test_it_has_no_environment_no_input_and_no_folder_of_ours(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    ran = programs.run("import os, sys; print(dict(os.environ), sys.argv, os.listdir(), repr(sys.stdin.read()))")
    assert ran.output == "{'LC_CTYPE': 'C.UTF-8'} ['program.py'] ['program.py'] ''\n" or ran.output.startswith("{} ")
    assert "secret" not in ran.output and ran.ok
    assert "No module named 'memagent'" in programs.run("import memagent").why


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "import time\ntime.sleep(1000)",
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.pause()",
        "while True:\n    try:\n        [].append(1)\n    except BaseException:\n        pass",
    ],
)
def test_a_program_that_does_not_end_is_killed_with_all_it_started(program):
    before = time.monotonic()
    ran = programs.run(program, seconds=0.5)
    assert ran.code is None and not ran.ok and ran.why == "it was killed after 0.5 s"
    assert time.monotonic() - before < 30


@pytest.fixture
def unguarded(monkeypatch, tmp_path_factory):
    """The limits without the guard: what a library written in C might do."""
    source = programs._GUARD.read_text(encoding="utf-8")
    lax = tmp_path_factory.mktemp("lax") / "confined.py"
    lax.write_text(source.replace("    guard(os.path.realpath(os.getcwd()))\n", ""), encoding="utf-8")
    assert lax.read_text(encoding="utf-8") != source
    monkeypatch.setattr(programs, "_GUARD", lax)


def test_what_started_others_past_the_guard_ends_with_them(unguarded):
    ran = programs.run("import os, time\nos.fork()\ntime.sleep(1000)", seconds=0.5)
    assert ran.code is None and ran.why == "it was killed after 0.5 s"


def test_what_a_program_leaves_running_ends_with_it(unguarded):
    ran = programs.run("import os, time\nif os.fork() == 0: time.sleep(1000)\nprint('done')")
    assert ran.ok and ran.output.endswith("done\n")


@pytest.mark.parametrize("program", ["x = []\nwhile True: x.append('a' * 10**6)", "x = 'a' * 10**12"])
def test_a_program_that_eats_memory_is_refused_more(program):
    ran = programs.run(program, memory=128)
    assert ran.code == 1 and ran.why == "MemoryError" and "line" in ran.errors


def test_output_without_end_is_cut_and_the_cut_is_told():
    ran = programs.run("while True: print('y' * 1000)", output=5000)
    assert ran.output.startswith("yyy") and len(ran.output) == 5000
    assert not ran.ok and "cut at 5000 bytes" in ran.why
    stubborn = "import os\nwhile True:\n    try: os.write(1, b'y' * 1000)\n    except OSError: pass"
    ran = programs.run(stubborn, seconds=0.5, output=5000)
    assert ran.code is None and len(ran.output) == 5000
    assert "cut at 100 bytes" in programs.run("import sys; sys.stderr.write('e' * 1000)", output=100).why


@pytest.mark.parametrize(
    "program",
    [
        "import os\nwhile True: os.fork()",
        "import subprocess\nsubprocess.run(['true'])",
        "import os\nos.system('true')",
        "import os\nos.execv('/bin/true', ['true'])",
        "import multiprocessing as m\nm.set_start_method('spawn')\nm.Process(target=print).start()",
        "import multiprocessing as m\nm.set_start_method('fork')\nm.Process(target=print).start()",
        "import os\nos.kill(os.getppid(), 9)",
        "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (9, 9))",
    ],
)
def test_a_program_starts_and_ends_no_other(program):
    ran = programs.run(program, seconds=20)
    assert ran.code == 1 and ran.why.startswith("PermissionError: a program may start and end no other")


@pytest.mark.parametrize(
    "program",
    [
        "open({path!r}, 'w')",
        "open({path!r}, 'a').write('x')",
        "import os\nos.open({path!r}, os.O_WRONLY | os.O_CREAT)",
        "import os\nos.remove({path!r})",
        "import os\nos.rename('program.py', {path!r})",
        "import os\nos.truncate({path!r}, 0)",
        "import shutil\nshutil.rmtree({folder!r})",
        "import pathlib\npathlib.Path({path!r}).unlink()",
        "import os\nos.symlink({folder!r}, 'link')\nopen('link/new', 'w')",
        "import os\nos.chdir({folder!r})\nopen('new', 'w')",
        "import sqlite3\nsqlite3.connect({folder!r} + '/new')",
        "import sqlite3\nsqlite3.connect('file:' + {folder!r} + '/n%65w?mode=rwc', uri=True)",
        "import sqlite3\nsqlite3.connect('file://localhost' + {folder!r} + '/new', uri=True)",
        "import os\nos.fchmod(os.open({path!r}, os.O_RDONLY), 0)",
        "import os\nos.chmod(os.open({path!r}, os.O_RDONLY), 0)",
        "import os\nos.utime(os.open({path!r}, os.O_RDONLY))",
        "import os\nos.setxattr({path!r}, 'user.x', b'y')",
        "import os\nos.setxattr(os.open({path!r}, os.O_RDONLY), 'user.x', b'y')",
        "import os\nos.open('new', os.O_WRONLY | os.O_CREAT, dir_fd=os.open({folder!r}, os.O_RDONLY))",
        "import os\nos.mkdir('new', dir_fd=os.open({folder!r}, os.O_DIRECTORY | os.O_PATH))",
        "import os\nos.mkdir('a')\nos.chdir('a')\nos.mkdir('../../new', dir_fd=os.open('..', os.O_RDONLY))",
    ],
)
def test_a_program_changes_no_file_but_its_own(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("precious")
    path = folder / "file"
    path.write_text("precious")
    ran = programs.run(program.format(path=str(path), folder=str(folder)))
    assert "may change files in its own folder only" in ran.why, ran
    assert path.read_text() == "precious" and list(folder.iterdir()) == [path]


@pytest.mark.parametrize(
    "program",
    [
        "import sqlite3\nsqlite3.connect(':memory:').execute('attach ? as x', ({path!r},))",
        "import sqlite3\nsqlite3.connect(':memory:').execute('attach \"' + {path!r} + '\" as x')",
        "import sqlite3\nsqlite3.connect(':memory:').execute('attach \"file:' + {path!r} + '\" as x')",
        "import sqlite3\nsqlite3.connect('own').execute('vacuum into ?', ({folder!r} + '/new',))",
        "import os\nos.mkfifo({folder!r} + '/new')",
        "import os, stat\nos.mknod({folder!r} + '/new', stat.S_IFIFO | 0o600)",
        "import posix\nposix.mkfifo('new')",
        "import ctypes\nctypes.CDLL(None)",
        "import dbm.ndbm\ndbm.ndbm.open({folder!r} + '/new', 'c')",
        "import readline\nreadline.write_history_file({folder!r} + '/new')",
    ],
)
def test_what_tells_nobody_that_it_writes_is_refused(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("precious")
    path = folder / "file"
    path.write_text("precious")
    ran = programs.run(program.format(path=str(path), folder=str(folder)))
    refusals = (
        "DatabaseError: not authorized",
        "DatabaseError: authorization denied",
        "PermissionError: a program may",
        "ImportError: a program has no",
    )
    assert ran.code == 1 and any(refusal in ran.why for refusal in refusals), ran
    assert path.read_text() == "precious" and list(folder.iterdir()) == [path]


@pytest.mark.parametrize(
    "program",
    [
        "import sqlite3\nd = sqlite3.connect('a')\nd.execute('attach \"b\" as x')\nd.execute('vacuum into ?', 'c')",
        "import sqlite3\nsqlite3.connect(':memory:').execute('vacuum')\nsqlite3.connect('file:own?mode=rwc', uri=True)",
        "import os\nos.mkdir('a')\nfd = os.open('a', os.O_RDONLY)\nos.mkdir('b', dir_fd=fd)\nos.rmdir('b', dir_fd=fd)",
        "import os\nw = open('a', 'w')\nf = w.fileno()\nos.fchmod(f, 0o600)\nos.utime(f)\nos.ftruncate(f, 1)",
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as f: open(f + '/a', 'w')\nos.listdir('/')",
        "import dbm, shelve, uuid, random, decimal, fractions, statistics, csv\nshelve.open('own')['a'] = uuid.uuid4()",
    ],
)
def test_what_a_program_does_in_its_own_folder_is_not_refused(program):
    ran = programs.run(program)
    assert ran.ok, ran


@pytest.mark.parametrize(
    "body", ["open(f'{i}', 'wb').write(b'x' * 60000)", "os.mkdir(f'{i}')", "os.mkdir('a')\n    os.chdir('a')"]
)
def test_many_files_are_no_way_to_fill_the_disk(body):
    program = f"import itertools, os\nfor i in itertools.count():\n    {body}"
    ran = programs.run(program, seconds=60, disk=2)
    assert ran.code is None and ran.why == "it was killed: its files and folders took up more than 2 MiB"


@pytest.mark.parametrize(("count", "killed"), [(60, False), (70, True)])
def test_a_folder_counts_as_more_than_a_small_file_since_it_takes_longer_to_remove(count, killed):
    program = f"import os, time\nfor i in range({count}):\n    os.mkdir(f'{{i}}')\ntime.sleep({19 if killed else 0.5})"
    ran = programs.run(program, seconds=20, disk=4)
    assert ran.why == ("it was killed: its files and folders took up more than 4 MiB" if killed else "")


def test_folders_deeper_than_a_path_can_say_are_killed_and_removed():
    """Each path of the tree is too long for the system from some depth on, and too deep to recurse."""
    program = "import os\nwhile True:\n    os.mkdir('a' * 200)\n    os.chdir('a' * 200)"
    ran = programs.run(program, seconds=60, disk=2000)
    assert ran.code is None and ran.why == "it was killed: its folders lie deeper than a path can say"


def test_a_tree_too_deep_to_recurse_is_removed():
    left = "import os\nfor i in range(20000):\n    os.mkdir('a')\n    os.chdir('a')\n"
    assert programs.run(left, seconds=60, disk=200).code in (0, None)  # what was left: `nothing_is_left`


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    with programs._temporary_folder() as folder:
        (folder / "to-a-folder").symlink_to(kept)
        (folder / "closed" / "inner").mkdir(parents=True)
        (folder / "closed" / "inner" / "to-a-file").symlink_to(kept / "file")
        (folder / "closed").chmod(0)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_a_program_may_write_in_its_own_folder_but_not_without_end():
    ran = programs.run("open('a', 'w').write('mine')\nprint(open('a').read())\nimport os\nos.remove('a')")
    assert ran.ok and ran.output == "mine\n"
    ran = programs.run("f = open('a', 'wb')\nwhile True: f.write(b'x' * 10000)")
    assert "File too large" in ran.why
    assert programs.run("import tempfile\nwith tempfile.NamedTemporaryFile() as f: f.write(b'x')").ok


def test_a_program_has_no_network():
    ran = programs.run("import socket\nsocket.create_connection(('127.0.0.1', 1))")
    assert "a program has no network" in ran.why


@pytest.mark.parametrize(
    ("program", "code", "why"),
    [
        ("def f(: pass", 1, "SyntaxError: invalid syntax"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)", 3, "it ended with status 3"),
        ("import os\nos.abort()", -6, "it was ended by SIGABRT"),
        ("print('\\ud800')", 1, "UnicodeEncodeError"),
        ("\x00", 1, "null bytes"),
        ("\ud800", 1, "SyntaxError"),
    ],
)
def test_a_program_that_fails_says_how(program, code, why):
    ran = programs.run(program)
    assert ran.code == code and why in ran.why, ran


def test_a_traceback_shows_the_program_and_nothing_of_ours():
    errors = programs.run("def f():\n    return 1 / 0\n\nf()").errors
    assert 'File "program.py", line 2, in f' in errors and "confined" not in errors


def test_limits_that_are_none_are_refused():
    for wrong in ({"seconds": -1}, {"memory": 0}, {"output": 0}, {"disk": 0}):
        with pytest.raises(UsageProblem, match="nothing to run with"):
            programs.run("", **wrong)


def test_the_processor_is_limited_by_the_system_too(tmp_path):
    """The limit holds where nobody is left to kill it."""
    (tmp_path / "program.py").write_text("while True: pass")
    guard = Path(programs.__file__).with_name("confined.py")
    limits = '{"seconds": 1, "memory": 268435456, "output": 1000}'
    python = os.path.realpath("/proc/self/exe")
    done = subprocess.run([python, "-I", "-S", "-B", str(guard), limits], cwd=tmp_path, timeout=60)
    assert done.returncode in (-24, -9)  # SIGXCPU, or SIGKILL where both limits are reached at once


def test_a_controller_runs_programs_only_if_it_was_told_to():
    with pytest.raises(UsageProblem, match=r"runs none\n.*allow_programs=True"):
        Controller(ScriptedLLM()).run(execute("print(1)"))
    agent = Controller(ScriptedLLM(), allow_programs=True)
    assert agent.run(execute("print(1)")).value == Execution("1\n")
    assert asyncio.run(agent.arun(execute("print(1)"))).value == Execution("1\n")


def test_a_program_gets_no_more_than_what_is_left_of_the_run():
    agent = Controller(ScriptedLLM(), allow_programs=True, budget=Budget(seconds=0.7))
    ran = agent.run(execute("while True: pass", seconds=100)).value
    assert ran.code is None and "it was killed after 0." in ran.why


def test_a_run_with_a_program_replays_without_running_it(tmp_path, monkeypatch):
    path = tmp_path / "run.jsonl"
    with Memory(":memory:", single_user=True) as memory:
        first = Controller(ScriptedLLM(), memory, allow_programs=True).run(execute("print(1)", memory=64), trace=path)
    monkeypatch.setattr(programs, "run", lambda *_, **__: pytest.fail("it ran"))
    trace = Trace.load(path)
    assert [record.step for record in trace] == [Execute("print(1)", memory=64)]
    assert trace.replay(execute("print(1)", memory=64)) == first.value == Execution("1\n")
    resumed = Controller(ScriptedLLM()).run(execute("print(1)", memory=64), trace=path)
    assert resumed.value == first.value
