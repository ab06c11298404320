"""The SQLite file: what it survives, what it refuses, and that it leaves alone what is not its own."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from memagent.errors import Busy, StorageError, StorageFull, UsageProblem
from memagent.stores.database import SQLiteDatabase
from memagent.stores.migrations import MIGRATIONS
from memagent.stores.sqlite_file import APPLICATION_ID

ADD = "INSERT INTO changes (rid, op) VALUES (?, 'test')"


def rids(database):
    return [row["rid"] for row in database.read("SELECT rid FROM changes ORDER BY seq")]


@pytest.fixture(params=["file", "memory"])
def database(request, tmp_path):
    opened = SQLiteDatabase(tmp_path / "a.db" if request.param == "file" else ":memory:")
    yield opened
    opened.close()


def test_a_transaction_is_kept_and_counted(database):
    assert database.changes() == 0
    with database.write() as writer:
        assert writer.execute(ADD, [7]) == 1
        assert [row["rid"] for row in writer.read("SELECT rid FROM changes")] == [7]
    assert rids(database) == [7]
    assert database.changes() == 1


def test_a_transaction_that_raises_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.write() as writer:
        writer.execute(ADD, [7])
        raise ZeroDivisionError
    assert rids(database) == []
    with database.write() as writer:
        writer.execute(ADD, [8])
    assert rids(database) == [8]


def test_a_second_transaction_in_one_thread_is_refused(database):
    with database.write(), pytest.raises(UsageProblem), database.write():
        pass


def test_a_mistake_in_sql_is_not_called_a_storage_error(database):
    with pytest.raises(sqlite3.OperationalError):
        database.read("SELECT nonsense FROM nowhere")


def test_closed_means_closed(database):
    database.close()
    database.close()
    with pytest.raises(StorageError, match="closed"):
        database.read("SELECT 1")


def test_threads_lose_nothing(database):
    def add(first):
        for number in range(first, first + 25):
            with database.write() as writer:
                writer.execute(ADD, [number])

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rids(database)) == list(range(200))


def test_to_thread_from_a_loop(database):
    async def add(number):
        def work():
            with database.write() as writer:
                writer.execute(ADD, [number])

        await asyncio.to_thread(work)

    async def all_of_them():
        await asyncio.gather(*(add(number) for number in range(20)))

    asyncio.run(all_of_them())
    assert sorted(rids(database)) == list(range(20))


def test_a_dead_thread_leaves_no_open_file(tmp_path):
    database = SQLiteDatabase(tmp_path / "a.db")

    def handles():
        gc.collect()
        return sum(1 for fd in os.listdir("/proc/self/fd") if _target(fd).startswith(str(tmp_path)))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc to count open files")
    before = handles()
    for _ in range(20):
        thread = threading.Thread(target=database.changes)
        thread.start()
        thread.join()
    assert handles() <= before + 3
    database.close()
    assert handles() == 0


def _target(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


def test_memory_leaves_nothing_behind():
    database = SQLiteDatabase(":memory:")
    folder = database.path.parent
    assert folder.is_dir()
    database.close()
    assert not folder.exists()


WRITER = """
import sys
from memagent.stores.database import SQLiteDatabase
database = SQLiteDatabase(sys.argv[1])
number = 0
while True:
    with database.write() as writer:
        writer.execute("INSERT INTO changes (rid, op) VALUES (?, 'test')", [number])
    print(number, flush=True)
    number += 1
"""


def test_kill_loses_nothing_that_was_acknowledged(tmp_path):
    path = tmp_path / "a.db"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as process:
            seen = [int(process.stdout.readline()) for _ in range(30)]
            process.send_signal(signal.SIGKILL)
            seen += [int(line) for line in process.stdout if line.endswith("\n")]
        database = SQLiteDatabase(path)
        last = rids(database)
        assert last[-len(seen) :] == seen or last[-len(seen) - 1 : -1] == seen  # one more may be in, not acknowledged
        database.close()


def test_processes_share_one_file(tmp_path):
    path = tmp_path / "a.db"
    code = WRITER.replace("while True:", "for number in range(50):").replace("number += 1", "pass")
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    database = SQLiteDatabase(path)
    assert sorted(rids(database)) == sorted(list(range(50)) * 3)
    database.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_and_its_parent_both_go_on(tmp_path):
    database = SQLiteDatabase(tmp_path / "a.db")
    with database.write() as writer:
        writer.execute(ADD, [1])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with database.write() as writer:
                writer.execute(ADD, [2])
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    with database.write() as writer:
        writer.execute(ADD, [3])
    assert rids(database) == [1, 2, 3]
    database.close()


FORKING = """
import os, sys, threading, time
from memagent import Memory

memory = Memory(sys.argv[1]).bind(user="u")
stop = threading.Event()

def add(name):
    number = 0
    while not stop.is_set():
        memory.add(f"{name} {number}")
        number += 1

threads = [threading.Thread(target=add, args=(name,), daemon=True) for name in "abc"]
for thread in threads:
    thread.start()
time.sleep(0.1)
children = []
for child in range(12):
    pid = os.fork()
    if pid == 0:
        for number in range(10):
            memory.add(f"child {child} {number}")
        os._exit(0)
    children.append(pid)
    time.sleep(0.02)
deadline = time.monotonic() + 60
for pid in children:
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        assert time.monotonic() < deadline, "a child hangs"
        time.sleep(0.02)
stop.set()
for thread in threads:
    thread.join(30)
have = {passage.text for passage in Memory(sys.argv[1]).bind(user="u").passages()}
wanted = {f"child {child} {number}" for child in range(12) for number in range(10)}
print(len(wanted - have), "lost")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forking_while_other_threads_connect_loses_and_hangs_nothing(tmp_path):
    """What a thread had half open at a fork was once a connection of the child's, with the parent's locks."""
    for attempt in range(3):
        command = [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path / f"{attempt}.db")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.stdout.strip() == "0 lost", done.stdout + done.stderr


OPENING = """
import os, sys, threading, time
from memagent.stores.database import SQLiteDatabase

kept = SQLiteDatabase(sys.argv[1])
stop = threading.Event()

def reopen():
    while not stop.is_set():
        SQLiteDatabase(sys.argv[1]).close()

def end():
    while not stop.is_set():
        thread = threading.Thread(target=kept.changes)
        thread.start()
        thread.join()

threads = [threading.Thread(target=what, daemon=True) for what in (reopen, reopen, reopen, end)]
for thread in threads:
    thread.start()
time.sleep(0.1)
children = []
for child in range(30):
    pid = os.fork()
    if pid == 0:
        with kept.write() as writer:
            writer.execute("INSERT INTO changes (rid, op) VALUES (?, 'add')", [child])
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
print(30 - len(SQLiteDatabase(sys.argv[1]).read("SELECT DISTINCT rid FROM changes")), "lost")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forking_while_other_threads_open_and_close_loses_and_hangs_nothing(tmp_path):
    """A file that is only looked at when it is opened, and one that a dying thread closes, are open files too."""
    command = [sys.executable, "-W", "ignore", "-c", OPENING, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "0 lost", done.stdout + done.stderr


ENDED = """
import os, sys
from memagent.stores.database import SQLiteDatabase

kept = SQLiteDatabase(sys.argv[1])
link = kept._connect()
raw = link.raw
link.finalizer.detach()  # as where a thread has ended and has not come to closing what it had
del link
pid = os.fork()
try:
    raw.execute("SELECT 1")
    said = "it is open"
except Exception as error:
    said = str(error)
os.write(1, f"{said}\\n".encode())  # in one piece: two processes write
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_closes_what_a_thread_that_has_ended_left_open(tmp_path):
    """A child that inherits it would take itself for a reader, and the parent delete the log that it writes to."""
    command = [sys.executable, "-W", "ignore", "-c", ENDED, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["Cannot operate on a closed database."] * 2, done.stdout + done.stderr


def test_busy_says_so_after_waiting(tmp_path):
    path = tmp_path / "a.db"
    SQLiteDatabase(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database = SQLiteDatabase(path, timeout=0.1)
    with pytest.raises(Busy, match="another writer"), database.write():
        pass
    other.execute("ROLLBACK")
    other.close()
    with database.write() as writer:
        writer.execute(ADD, [1])
    database.close()


def test_a_newer_schema_is_refused(tmp_path):
    path = tmp_path / "a.db"
    SQLiteDatabase(path).close()
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="schema version"):
        SQLiteDatabase(path)
    assert path.read_bytes() == before


def other_program(path):
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("CREATE TABLE theirs (x)")
    raw.commit()
    raw.close()


NOT_OURS = {
    "text": lambda path: path.write_text("Dear diary, today was long enough to fill a header of a hundred bytes." * 3),
    "short": lambda path: path.write_bytes(b"x"),
    "half a header": lambda path: path.write_bytes(b"SQLite format 3\0"),
    "another program": other_program,
}


@pytest.mark.parametrize("kind", NOT_OURS)
def test_what_is_not_ours_is_refused_and_not_touched(tmp_path, kind):
    path = tmp_path / "a.db"
    NOT_OURS[kind](path)
    before, beside = path.read_bytes(), sorted(tmp_path.iterdir())
    with pytest.raises(StorageError, match="not touched"):
        SQLiteDatabase(path)
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == beside


def test_a_truncated_file_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "a.db"
    SQLiteDatabase(path).close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    before = path.read_bytes()
    with pytest.raises(StorageError, match="damaged or cut short"):
        SQLiteDatabase(path)
    assert path.read_bytes() == before


def test_places_that_cannot_be(tmp_path):
    with pytest.raises(StorageError, match="is a folder"):
        SQLiteDatabase(tmp_path)
    with pytest.raises(StorageError, match="does not exist"):
        SQLiteDatabase(tmp_path / "no" / "a.db")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to drop the rights of root")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_folder_that_may_not_be_written():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if os.getuid() == 0:
                    os.setuid(65534)
                SQLiteDatabase(Path(folder, "a.db"))
            except StorageError as error:
                status = 0 if "cannot be opened or written" in str(error) else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        os.chmod(folder, 0o755)


def test_a_full_disk_keeps_what_was_there(tmp_path):
    path = tmp_path / "a.db"
    database = SQLiteDatabase(path)
    with database.write() as writer:
        writer.execute(ADD, [1])
        pages = writer.read("PRAGMA page_count")[0]["page_count"]
        writer.read(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageFull), database.write() as writer:
        writer.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", [(str(n), "x" * 5000) for n in range(20)])
    assert rids(database) == [1]
    assert database.read("SELECT count(*) AS n FROM meta")[0]["n"] == 0
    database.close()


def test_the_file_carries_our_mark(tmp_path):
    path = tmp_path / "a.db"
    SQLiteDatabase(path).close()
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION_ID
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.db"]
