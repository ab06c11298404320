"""A memory as an MCP server, by the real client: in this process, over standard input and output, and over HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from memagent import Memory, Note
from memagent.cli import run
from memagent.errors import Busy, ScopeRequired
from memagent.integrations.mcp_server import listening, mcp_server
from memagent.integrations.toolbox import NAMES, READING

TEXT = "Alice likes green tea. 她喜欢绿茶。"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with Memory(tmp_path / "memory.db") as memory:
        memory.bind(user="bob").add(Note("Bob's code is 4711.", id="code"))
        memory.bind(user="alice").facts.add(("Ida", "lives in", "Gull Point"))
    return tmp_path / "memory.db"


def command(place: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "memagent", "mcp", str(place), "--user", "alice", *more]


async def every_tool(client: Client) -> None:
    """List all tools and call each, rightly and wrongly."""
    listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == list(NAMES)
    assert not any("user" in tool.input_schema["properties"] for tool in listed)
    assert [tool.name for tool in listed if tool.annotations and tool.annotations.read_only_hint] == list(READING)

    async def call(name: str, **arguments: Any) -> Any:
        done = await client.call_tool(name, arguments)
        told = json.loads(done.content[0].text)
        assert told == done.structured_content
        return {"failed": done.is_error, **told}

    id = (await call("save_memory", text=TEXT))["id"]
    [found] = (await call("search_memory", query="绿茶 tea"))["memories"]
    assert (found["id"], found["text"]) == (id, TEXT)
    assert [one["id"] for one in (await call("list_memories"))["memories"]] == [id]
    assert (await call("explain_memory", id=id))["verdict"] == "live"
    shown = await call("forget_memory", ids=[id])
    assert (shown["done"], shown["would_forget"]) == (False, [{"id": id, "text": TEXT}])
    assert (await call("forget_memory", ids=[id], confirm=shown["confirm"]))["done"]
    assert (await call("search_memory", query="tea"))["memories"] == []
    assert (await call("restore_memory", ids=[id]))["restored"] == [id]
    assert (await call("find_facts", subject="Ida"))["facts"][0]["fact"] == ["Ida", "lives in", "Gull Point"]
    for name, arguments, hint in (
        ("search_memory", {"query": "code", "user": "bob"}, "It takes: query, k (optional)."),
        ("explain_memory", {"id": "code"}, "belongs to another user"),
        ("sarch_memory", {"query": "tea"}, "Did you mean search_memory?"),
    ):
        wrong = await call(name, **arguments)
        assert wrong["failed"] and hint in wrong["hint"]
    assert "4711" not in str(await call("search_memory", query="code 4711"))


def test_a_client_lists_and_calls_every_tool_over_standard_input_and_output(place: Path) -> None:
    async def talk() -> None:
        start = command(place)
        server = StdioServerParameters(command=start[0], args=start[1:], env=dict(os.environ))
        with Path(place.parent / "stderr.txt").open("w") as log:
            async with Client(stdio_client(server, errlog=log)) as client:
                await every_tool(client)

    asyncio.run(talk())
    assert "serving the memory of alice" in (place.parent / "stderr.txt").read_text()


def test_a_mistyped_path_makes_no_file(place: Path) -> None:
    mistyped = place.with_name("memroy.db")
    done = subprocess.run(command(mistyped), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, mistyped.exists()) == (2, False)
    assert "there is no memory" in done.stderr and "--new" in done.stderr


def test_a_client_is_told_of_a_file_that_was_not_there(place: Path) -> None:
    async def told(file: Path) -> str:
        start = command(file, "--new")
        server = StdioServerParameters(command=start[0], args=start[1:], env=dict(os.environ))
        with Path(place.parent / "stderr.txt").open("w") as log:
            async with Client(stdio_client(server, errlog=log)) as client:
                return client.instructions or ""

    mistyped = place.with_name("memroy.db")
    assert f"There was no file {mistyped}" in asyncio.run(told(mistyped))
    assert "There was no file" not in asyncio.run(told(mistyped))


@contextmanager
def serving(place: Path, *more: str, **environment: str) -> Iterator[tuple[str, int, subprocess.Popen[str]]]:
    """A server over HTTP: its URL, its port and its process."""
    process = subprocess.Popen(
        command(place, "--http", "0", *more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/mcp", said)
        assert found, said
        yield found[0], int(found[1]), process
    finally:
        process.kill()
        process.communicate()


def test_a_client_lists_and_calls_every_tool_over_http_and_nobody_else_gets_in(place: Path) -> None:
    async def talk(url: str, mode: str) -> None:
        async with Client(url, mode=mode) as client:
            await every_tool(client)

    with serving(place) as (url, port, process):
        asyncio.run(talk(url, "auto"))
        with Memory(place) as memory:
            alice = memory.bind(user="alice")
            alice.delete([one.id for one in alice.passages()])
        asyncio.run(talk(url, "legacy"))
        assert asked(port, "/mcp", Host="memory.example") == 421
        assert asked(port, "/mcp", Host=f"memory.example:{port}") == 421
        assert asked(port, "/mcp", Host=f"127.0.0.1:{port + 1}") == 421
        assert asked(port, "/mcp", Host=f"127.0.0.1:{port}", Origin="https://memory.example") == 403
        modern = {"MCP-Protocol-Version": "2026-07-28"}
        assert asked(port, "/mcp", Host="memory.example", **modern) == 421
        assert asked(port, "/mcp", Host=f"127.0.0.1:{port}", Origin="null", **modern) == 403
        listening = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True).stdout
        assert not listening or {line.split()[3] for line in listening.splitlines()} == {f"127.0.0.1:{port}"}
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and out == ""
    assert err.endswith("stopped\n") and "Traceback" not in err


def asked(port: int, path: str, **headers: str) -> int:
    """The status of a request that a client would send, with these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})
    sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
    connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in sent.items()})
    status = connection.getresponse().status
    connection.close()
    return status


def test_with_a_token_only_who_shows_it_is_served(place: Path) -> None:
    with serving(place, "--read-only", MEMAGENT_MCP_TOKEN="s3cret") as (_, port, process):
        host = {"Host": f"127.0.0.1:{port}", "MCP-Protocol-Version": "2026-07-28"}
        assert asked(port, "/mcp", **host) == 401
        assert asked(port, "/mcp", Authorization="Bearer s3cre", **host) == 401
        assert asked(port, "/mcp", Authorization="Bearer s3cret", **host) != 401
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 143 and "Traceback" not in err


def test_standard_output_carries_the_protocol_alone_and_ctrl_c_ends_it(place: Path) -> None:
    process = subprocess.Popen(
        command(place), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout and process.stderr
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    sent = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_memories", "arguments": {}}},
    ]
    process.stdin.write("this is no JSON\n" + "".join(json.dumps(one) + "\n" for one in sent))
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    while answers[-1].get("id") != 2:
        answers.append(json.loads(process.stdout.readline()))
    assert all(one["jsonrpc"] == "2.0" for one in answers)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "") and err.endswith("stopped\n") and "Traceback" not in err


def in_this_process(memory: Memory, talk: Any, **options: Any) -> Any:
    async def talking() -> Any:
        async with Client(mcp_server(memory, **options)) as client:
            return await talk(client)

    return asyncio.run(talking())


def test_a_reading_server_offers_nothing_that_writes(place: Path) -> None:
    with Memory(place) as memory:
        alice = memory.bind(user="alice")

        async def talk(client: Client) -> Any:
            done = await client.call_tool("save_memory", {"text": "I was never here."})
            return [tool.name for tool in (await client.list_tools()).tools], done.is_error

        assert in_this_process(alice, talk, only=READING) == (list(READING), True)
        assert alice.count() == 0
        with pytest.raises(ScopeRequired):
            mcp_server(memory)


def test_a_memory_that_fails_is_told_as_the_error_of_a_tool(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> Any:
        raise Busy("another process holds the file", hint="Try again in a moment.")

    from memagent.integrations import toolbox

    monkeypatch.setattr(toolbox, "_RUN", {"list_memories": busy})
    with Memory(place) as memory:
        done = in_this_process(memory.bind(user="alice"), lambda client: client.call_tool("list_memories", {}))
    assert done.is_error
    assert json.loads(done.content[0].text)["hint"] == "Try again in a moment."


def test_the_command_says_what_is_missing(place: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    assert run(["mcp", str(place)]) == 2
    assert "--user" in capfd.readouterr().err
    with listening(0) as taken:
        port = taken.getsockname()[1]
        assert run(["mcp", str(place), "--user", "alice", "--http", str(port)]) == 2
    assert f"port {port} cannot be had" in capfd.readouterr().err
    monkeypatch.setitem(sys.modules, "mcp.server.lowlevel", None)
    monkeypatch.delitem(sys.modules, "memagent.integrations.mcp_server")
    assert run(["mcp", str(place), "--user", "alice"]) == 3
    assert 'pip install "memagent[mcp]"' in capfd.readouterr().err
