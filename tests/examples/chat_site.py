"""The chat example as a server of this process on a port of its own, and clients for it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from app import create_app
from fastapi import FastAPI
from login import DEMO

KEY = "k" * 32


class Site:
    """The program while it runs in a thread. What asks before it is ready waits in the queue of the socket."""

    def __init__(self, app: FastAPI, at: socket.socket) -> None:
        self.app = app
        self.url = f"http://127.0.0.1:{at.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [at]})
        self._thread.start()

    def stop(self) -> None:
        """Stop the program as Ctrl-C would, and wait until it has ended."""
        self._server.should_exit = True
        self._thread.join()

    def app_routes(self) -> list[tuple[str, set[str]]]:
        """Return every path that the program serves, with its verbs."""
        return [(path, {verb.upper() for verb in verbs}) for path, verbs in self.app.openapi()["paths"].items()]

    @contextmanager
    def client(self, user: str = "", **options: Any) -> Iterator[httpx.Client]:
        headers = {"x-memagent-chat": "1"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False, **options) as client:
            if user:
                client.post("/api/login", json={"name": user, "password": DEMO[user]}).raise_for_status()
            yield client


@contextmanager
def serving(file: Path, llm: Any = "offline") -> Iterator[Site]:
    """Serve the example over a memory."""
    with socket.create_server(("127.0.0.1", 0)) as at:
        site = Site(create_app(file, llm=llm, key=KEY), at)
        try:
            yield site
        finally:
            site.stop()


def events(lines: Iterator[str]) -> Generator[tuple[str, Mapping[str, Any]], None, None]:
    """Yield type and data of server-sent events."""
    type = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            type = value
        elif name == "data":
            yield type, json.loads(value)


def say(client: httpx.Client, text: str, session: str = "s", **also: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Send a message and return all events of its answer."""
    with client.stream("POST", "/api/chat", json={"session": session, "text": text, **also}) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(events(response.iter_lines()))


def answer(client: httpx.Client, text: str, session: str = "s", **also: Any) -> Mapping[str, Any]:
    """Send a message and return the last event of its answer."""
    type, data = say(client, text, session, **also)[-1]
    assert type == "done", data
    return data
