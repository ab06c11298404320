"""`memagent doctor --llm` as its users run it, against real servers on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from commands import memagent

from memagent.testing import FakeOpenAIServer, Fault

COUNT = "1 2 3 4 5 6 7 8 9"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def able(payload: dict[str, Any]) -> str:
    """A server that does what it is asked for."""
    if payload.get("response_format"):
        return '{"answer": "Seven days.", "sources": [1]}'
    return str(payload["seed"]) * 8 if payload.get("seed") is not None else COUNT


FREE = Path(__file__).with_name("free.toml")


def doctor(server: FakeOpenAIServer, *arguments: Any) -> subprocess.CompletedProcess[str]:
    return memagent("doctor", "--llm", f"openai:fake@{server.url}", *arguments, MEMAGENT_PRICES=str(FREE))


def test_a_server_on_this_machine_is_tried() -> None:
    with FakeOpenAIServer(able) as server:
        done = doctor(server)
        calls = len(server.requests)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:3] for line in done.stdout.splitlines() if line and line[0] != " "}
    held = {name: rows[name] for name in ("logprobs", "stop", "schema", "seed")}
    assert all(row == ["yes", "yes"] for row in held.values())
    assert rows["prefill"] == ["no", "not"] and rows["plain"] == ["fully"]
    assert "without prefill: the answer is continued by a prompt" in done.stdout
    assert "at most 10 calls, about" in done.stderr and f"{calls} calls" in done.stderr.splitlines()[-1]
    assert not list(Path().iterdir())  # no memory was made


def test_the_same_as_json() -> None:
    with FakeOpenAIServer(able) as server:
        done = doctor(server, "--json")
    data = json.loads(done.stdout)
    assert done.stderr == "" and data["probed"] and data["usage"]["calls"] == 8
    assert data["abilities"]["stop"] == {"declared": True, "tried": "yes", "why": "the text ended before '5'"}
    assert {method["method"]: method["works"] for method in data["methods"]}["flare"] == "with a fallback"


def test_without_probing_nothing_is_asked() -> None:
    with FakeOpenAIServer(able) as server:
        done = doctor(server, "--no-probe", "--json")
        assert server.requests == []
    data = json.loads(done.stdout)
    assert done.returncode == 0 and not data["probed"]
    assert data["abilities"]["logprobs"] == {"declared": True, "tried": "not tried", "why": ""}


def test_what_costs_money_is_only_read_and_its_price_is_told() -> None:
    done = memagent("doctor", "--llm", "openai:gpt-4.1-mini", OPENAI_API_KEY="sk-none-of-yours")
    assert done.returncode == 0, done.stderr
    assert "nothing was tried" in done.stderr and "--probe" in done.stderr and "$0.00" in done.stderr
    assert "not tried" in done.stdout and "sk-none" not in done.stdout + done.stderr


def test_a_promise_that_is_not_kept_is_a_finding_and_methods_fall_back() -> None:
    with FakeOpenAIServer(able, logprob=None) as server:
        done = doctor(server)
    assert done.returncode == 6
    assert any(line.split()[:3] == ["logprobs", "yes", "no"] for line in done.stdout.splitlines())
    assert "without logprobs: confidence is the agreement" in done.stdout


def test_a_server_that_refuses_stop_strings_and_ignores_wishes() -> None:
    with FakeOpenAIServer(lambda payload: COUNT, refuses=["stop", "response_format"]) as server:
        data = json.loads(doctor(server, "--json").stdout)
    assert data["abilities"]["stop"]["tried"] == data["abilities"]["schema"]["tried"] == "no"
    works = {method["method"]: method["works"] for method in data["methods"]}
    assert works["hipporag"] == "with a fallback" and works["plain"] == "fully"


def test_what_the_offline_model_cannot_do_is_told_as_it_comes_out_when_it_is_run() -> None:
    from memagent import Answer, Controller, Hit, verified

    data = json.loads(memagent("doctor", "--llm", "offline", "--json").stdout)
    methods = {method["method"]: method for method in data["methods"]}
    assert methods["verified"]["works"] == "with a fallback" and methods["solve"]["works"] == "no"
    assert methods["flare"]["works"] == "with a fallback" and methods["rat"]["works"] == "fully"
    assert data["abilities"]["seed"]["tried"] == "unclear"  # it never samples
    answer = Answer("Mara keeps the light [1].", (Hit("1", "Mara keeps the light.", 1.0),))
    [claim] = Controller("offline").run(verified(answer)).value
    assert claim.why.startswith("by its words alone")


def test_a_wish_that_is_not_fulfilled_is_no_finding() -> None:
    replies = [COUNT, COUNT, COUNT, "A week has seven days.", "1", "2", "It is cold."]
    with FakeOpenAIServer(replies) as server:
        done = doctor(server)
    assert done.returncode == 0, done.stderr
    assert "it answered in prose" in done.stdout and "two samples with one seed differ" in done.stdout


def test_offline_is_tried() -> None:
    done = memagent("doctor", "--llm", "offline")
    assert done.returncode == 0, done.stderr
    assert "another seed gives the same: it may not sample" in done.stdout and "7 calls" in done.stderr


def test_no_key() -> None:
    done = memagent("doctor", "--llm", "openai:gpt-4.1-mini")
    assert done.returncode == 3 and done.stdout == "" and "OPENAI_API_KEY is not set" in done.stderr


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    done = memagent("doctor", "--llm", f"openai:fake@{address}", MEMAGENT_PRICES=str(FREE))
    assert done.returncode == 4 and done.stdout == "" and "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("memagent: ")]) == 1
    assert f"listens at {address}" in done.stderr


def test_a_server_that_does_not_answer() -> None:
    with FakeOpenAIServer([Fault(delay=30)] * 4) as server:
        began = time.monotonic()
        done = doctor(server, "--seconds", 0.5)
        assert time.monotonic() - began < 25  # or it would have waited for the answer
    assert done.returncode == 4 and "within 0.5 s" in done.stderr


def test_what_does_not_belong_together_is_refused() -> None:
    assert memagent("doctor", "--probe").returncode == 2
    assert memagent("doctor", "--llm", "offline", "--repair").returncode == 2
    assert memagent("doctor", "--llm", "oflfine").returncode == 2


def test_without_a_model_it_looks_at_the_file_as_before() -> None:
    done = memagent("doctor")
    assert done.returncode == 2 and "there is no memory" in done.stderr
    assert memagent("add", "--text", "Mara keeps the lighthouse.").returncode == 0
    assert memagent("doctor").stderr == "memory.db is healthy\n"
