"""`memagent index` as its users run it: in processes, against a server, stopped and killed and gone on with."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from commands import command, memagent

from memagent import Memory, Note
from memagent.testing import FakeOpenAIServer, Fault


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with Memory(tmp_path / "memory.db", single_user=True) as memory:
        memory.add([Note(f"Text {number} of Ida Berg in Oslo.", id=f"n{number}") for number in range(8)])
        memory.bind(user="alice").add(Note("Text 77 is hers.", id="hers"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def subject(payload: dict[str, Any]) -> tuple[int, str]:
    """Which passage a request is about, and what it asks for."""
    text = payload["messages"][-1]["content"]
    found = re.search(r"Text (\d+)", payload["messages"][1]["content"])
    assert found
    return int(found.group(1)), "entities" if "named_entities" in text else "triples"


def told(payload: dict[str, Any]) -> str:
    number, what = subject(payload)
    if what == "entities":
        return json.dumps({"named_entities": [f"thing {number}"]})
    return json.dumps({"triples": [[f"thing {number}", "is near", f"thing {number + 1}"]]})


class Held:
    """Answers, but holds what is asked of passages from the fourth on until it is let go."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[int, str]] = Counter()
        self.go = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, payload: dict[str, Any]) -> str:
        with self._lock:
            self.asked[subject(payload)] += 1
        if subject(payload)[0] >= 3:
            assert self.go.wait(60)
        return told(payload)

    def until_it_holds(self, count: int) -> None:
        """Wait until all before are done and so many are held."""
        deadline = time.monotonic() + 60
        while state()["done"] < 3 or sum(number >= 3 for number, _ in self.asked) < count:
            assert time.monotonic() < deadline, "the job does not come so far"
            time.sleep(0.02)


def state() -> dict[str, int]:
    with Memory("memory.db", single_user=True) as memory:
        return dict(memory.extractions.counts())


def facts() -> list[str]:
    with Memory("memory.db", single_user=True) as memory:
        assert memory.doctor() == []
        return sorted(fact.text for fact in memory.facts.find())


def started(run: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(run, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


ALL = sorted(f"thing {number} is near thing {number + 1}" for number in range(8))


def test_it_is_in_the_list_of_commands_and_says_what_it_does() -> None:
    assert re.search(r"^  index +Find facts", memagent("--help").stdout, re.M)
    told = memagent("index", "--help")
    assert told.returncode == 0
    for option in ("--estimate", "--status", "--again", "--failed", "--limit", "--max-cost", "--from", "--to"):
        assert option in told.stdout


def test_offline_from_an_estimate_to_hits(place: Path) -> None:
    estimated = json.loads(memagent("index", "-m", "offline", "--estimate", "--json").stdout)
    assert (estimated["passages"], estimated["calls"], estimated["cost"]) == (8, 16, 0.0)
    assert state() == {"done": 0, "failed": 0, "pending": 8}
    some = memagent("index", "-m", "offline", "--limit", 3, "--json")
    assert some.returncode == 0, some.stderr
    assert {**json.loads(some.stdout), "facts": 0} == {"done": 3, "failed": 0, "gone": 0, "facts": 0, "left": 5}
    rest = memagent("index", "-m", "offline")
    assert rest.returncode == 0 and rest.stdout == "" and "5 passages done" in rest.stderr
    assert json.loads(memagent("index", "--status", "--json").stdout) == {
        "done": 8,
        "failed": 0,
        "pending": 0,
        "problems": {},
    }
    assert memagent("index", "-m", "offline", "-q").stderr == ""
    assert "Text 3" in memagent("search", "Text 3 of Ida Berg", "--using", "graph").stdout
    hers = json.loads(memagent("index", "--status", "--json", "--user", "alice").stdout)
    assert (hers["done"], hers["pending"]) == (0, 1)


def test_what_only_looks_changes_nothing(place: Path) -> None:
    memagent("index", "-m", "offline", "-q")
    with Memory("memory.db", single_user=True) as memory:
        memory.extractions.fail(memory.get("n1"), "why", by="me")
    for option, passages in (("--again", 8), ("--failed", 1)):
        estimated = memagent("index", "-m", "offline", option, "--estimate", "--json")
        assert json.loads(estimated.stdout)["passages"] == passages
        assert "n1: why" in memagent("index", option, "--status").stdout
        assert state() == {"done": 7, "failed": 1, "pending": 0}


def test_what_does_not_go_together_is_refused(place: Path) -> None:
    for options in (["--estimate", "--status"], ["--status", "--to", "x.jsonl"], ["--from", "memory.db", "--to", "x"]):
        refused = memagent("index", *options)
        assert refused.returncode == 2 and "do not go together" in refused.stderr
    assert memagent("index", "--concurrency", 0).returncode == 2
    assert memagent("index", "--from", "nowhere.jsonl").returncode == 2
    assert not Path("x.jsonl").exists() and not Path("x").exists()


def test_failed_passages_are_findings_and_can_be_gone_through_again(place: Path) -> None:
    broken = True

    def answers(payload: dict[str, Any]) -> str:
        return "I cannot do that." if broken and subject(payload)[0] in (2, 5) else told(payload)

    with FakeOpenAIServer(answers) as server:
        model = f"openai:fake@{server.url}"
        found = memagent("index", "-m", model)
        assert found.returncode == 6 and "6 passages done, 2 failed" in found.stderr and "--failed" in found.stderr
        status = memagent("index", "--status")
        assert "2  failed" in status.stdout and "n2: openie/entities: no usable reply" in status.stdout
        assert memagent("index", "-m", model).returncode == 0  # nothing is pending
        broken, before = False, len(server.requests)
        again = memagent("index", "-m", model, "--failed", "--json")
        assert again.returncode == 0 and json.loads(again.stdout)["done"] == 2
        assert len(server.requests) == before + 4
    assert facts() == ALL


def test_a_passage_that_is_refused_fails_alone_and_a_backend_that_refuses_all_stops_the_job(place: Path) -> None:
    too_long = Fault(status=400, code="context_length_exceeded", message="your text is too long")
    one = [too_long, *[told] * 14]
    with FakeOpenAIServer(one) as server:
        found = memagent("index", "-m", f"openai:fake@{server.url}", "--concurrency", 1)
        assert found.returncode == 6, found.stderr
    assert state() == {"done": 7, "failed": 1, "pending": 0}
    with FakeOpenAIServer() as server:  # has no answer to anything, and says 400
        stopped = memagent("index", "-m", f"openai:fake@{server.url}", "--again", "--concurrency", 1)
        assert stopped.returncode == 4 and "goes on" in stopped.stderr, stopped.stderr
        assert len(server.requests) == 5
    assert state() == {"done": 0, "failed": 5, "pending": 3}
    assert len(facts()) == 7  # what was found before stays until something else is


def test_a_backend_that_is_down_stops_the_job_and_what_was_done_stays(place: Path) -> None:
    wrong = Fault(status=401, message="no such key")
    with FakeOpenAIServer([told] * 6 + [wrong] * 20) as server:
        stopped = memagent("index", "-m", f"openai:fake@{server.url}", "--concurrency", 1)
    assert stopped.returncode == 4 and "no such key" in stopped.stderr
    assert "3 passages done, 0 failed, 5 left" in stopped.stderr
    assert state() == {"done": 3, "failed": 0, "pending": 5}


def test_of_a_model_without_a_known_price_no_cost_is_made_up(place: Path) -> None:
    options = ["-m", "openai:nobody-knows-it"]
    estimated = memagent("index", *options, "--estimate", OPENAI_API_KEY="k")
    assert estimated.returncode == 0 and "unknown cost" in estimated.stdout
    assert memagent("index", *options, "--max-cost", 1, OPENAI_API_KEY="k").returncode == 3
    assert state()["pending"] == 8


def test_a_limit_on_money_stops_the_job_which_goes_on_with_more(place: Path) -> None:
    Path("prices.toml").write_text("updated = 2026-01-01\n[models]\nfake = { input = 1000.0, output = 1000.0 }\n")
    with FakeOpenAIServer(told) as server:
        options = ["-m", f"openai:fake@{server.url}", "--concurrency", 1]
        estimated = json.loads(
            memagent("index", *options, "--estimate", "--json", MEMAGENT_PRICES="prices.toml").stdout
        )
        assert estimated["cost"] > 0
        limit = estimated["cost"] / 2
        stopped = memagent("index", *options, "--max-cost", limit, MEMAGENT_PRICES="prices.toml")
        assert stopped.returncode == 5 and "goes on" in stopped.stderr, stopped.stderr
        assert 0 < state()["done"] < 8
        done = memagent("index", *options, "--max-cost", 1000, MEMAGENT_PRICES="prices.toml")
        assert done.returncode == 0
    assert facts() == ALL


def test_ctrl_c_keeps_what_is_under_way_and_the_same_command_goes_on(place: Path) -> None:
    held = Held()
    with FakeOpenAIServer(held) as server:
        run = command("index", "-m", f"openai:fake@{server.url}", "--concurrency", 2)
        process = started(run)
        held.until_it_holds(2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        held.go.set()
        out, said = process.communicate(timeout=60)
        assert process.returncode == 130 and out == "" and "Traceback" not in said
        assert "5 passages done, 0 failed, 3 left" in said and "goes on" in said
        assert state() == {"done": 5, "failed": 0, "pending": 3}
        assert subprocess.run(run, check=True).returncode == 0
    assert set(held.asked.values()) == {1} and len(held.asked) == 16  # nothing was asked twice
    assert facts() == ALL


def test_ctrl_c_twice_does_not_wait_for_a_server_that_hangs(place: Path) -> None:
    held = Held()
    with FakeOpenAIServer(held) as server:
        run = command("index", "-m", f"openai:fake@{server.url}", "--concurrency", 2)
        process = started(run)
        held.until_it_holds(2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None  # it waits for what is under way
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130 and "Traceback" not in said
        held.go.set()
        assert state()["done"] == 3
        assert subprocess.run(run, check=True).returncode == 0
    assert facts() == ALL


def test_kill_9_loses_the_calls_under_way_and_nothing_else(place: Path) -> None:
    held = Held()
    with FakeOpenAIServer(held) as server:
        run = command("index", "-m", f"openai:fake@{server.url}", "--concurrency", 2)
        process = started(run)
        held.until_it_holds(2)
        process.kill()
        process.communicate()
        assert state() == {"done": 3, "failed": 0, "pending": 5}
        held.go.set()
        assert subprocess.run(run, check=True).returncode == 0
    once = Counter((number, what) for number in range(8) for what in ("entities", "triples"))
    assert held.asked == once + Counter([(3, "entities"), (4, "entities")])
    assert facts() == ALL


def test_from_a_file_and_to_one(place: Path) -> None:
    line = {"id": 5, "title": "Bo", "text": "Bo keeps bees.", "entities": ["Bo"], "triples": [["Bo", "keeps", "bees"]]}
    Path("in.jsonl").write_text(json.dumps(line) + "\n" + json.dumps({"id": "x", "text": "Later."}) + "\n")
    taken = memagent("index", "--from", "in.jsonl", "--db", "new.db", "--json")
    assert taken.returncode == 0 and json.loads(taken.stdout) == {"passages": 2, "facts": 1}
    given = memagent("index", "--to", "out.jsonl", "--db", "new.db", "--json")
    assert json.loads(given.stdout)["passages"] == 2
    lines = [json.loads(one) for one in Path("out.jsonl").read_text().splitlines()]
    assert lines == [{**line, "id": "5"}, {"id": "x", "title": "", "text": "Later."}]
    assert json.loads(memagent("index", "--status", "--db", "new.db", "--json").stdout)["pending"] == 1
    Path("in.jsonl").write_text('{"text": 5}\n')
    wrong = memagent("index", "--from", "in.jsonl", "--db", "new.db")
    assert wrong.returncode == 2 and "line 1" in wrong.stderr
