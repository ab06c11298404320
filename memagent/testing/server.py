"""A real HTTP server on this machine that speaks enough of the OpenAI interface to test real clients against.

It serves `/v1/chat/completions` (plain and streamed, with usage and log-probabilities), `/v1/embeddings` (base64 and
float) and `/v1/models`, from a script, and misbehaves on request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import numpy as np

from memagent.llms.stopping import cut
from memagent.testing.scripted import words
from memagent.types import estimate_tokens

Payload = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A reply that goes wrong.

    Attributes:
        status: HTTP status; from 400 on, the answer is an error with `message`, `code` and `param`.
        headers: extra response headers, such as `{"retry-after": "1"}`.
        delay: seconds before the answer begins.
        pause: seconds before each streamed piece but the first.
        cut_after: end the stream after this many pieces, breaking the connection off, or in good order if `quietly`.
        malformed: send streamed events that are no JSON.
        body: send this as the whole answer.
        reply: the text that is being answered when things go wrong.
        calls: tools that the reply asks for behind its text, each by name and the JSON text of its arguments.
    """

    status: int = 200
    message: str = "the fake server was told to fail"
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    pause: float = 0.0
    cut_after: int | None = None
    quietly: bool = False
    malformed: bool = False
    body: Mapping[str, Any] | None = None
    reply: str = "one two three four"
    calls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Received:
    """One request as it came in: path, decoded JSON body and headers (names in lower case)."""

    path: str
    payload: Payload
    headers: Mapping[str, str]


class FakeOpenAIServer:
    """Serves `replies` in order, as a context manager; `url` is its base URL, ending in `/v1`.

    Args:
        replies: texts, `Fault`s or callables that take the request's JSON and return a text; or one callable for all
            requests. When they have run out, requests get status 400.
        logprob: natural-log probability of each word; `None` makes a server that never reports any.
        usage: report token counts.
        refuses: parameters that are answered with status 400, as servers do that do not know them.
        finish_reason: why a text that was not cut by `max_tokens` ended; `None` for a server that does not say it.
        dim: length of the embeddings, unless the request says `dimensions`.

    Attributes:
        requests: what came in, in order.
    """

    def __init__(
        self,
        replies: Iterable[Any] | Callable[[Payload], str] = (),
        *,
        logprob: Callable[[str], float] | None = lambda word: -0.1,
        usage: bool = True,
        refuses: Iterable[str] = (),
        finish_reason: str | None = "stop",
        dim: int = 16,
    ) -> None:
        self.requests: list[Received] = []
        self.logprob = logprob
        self.usage = usage
        self.refuses = frozenset(refuses)
        self.finish_reason = finish_reason
        self.dim = dim
        self.stopping = threading.Event()
        self._all = replies if callable(replies) else None
        self._queue: list[Any] = [] if callable(replies) else list(replies)
        self._lock = threading.Lock()
        self._http: _Server | None = None

    @property
    def url(self) -> str:
        """The base URL for clients. Raises `RuntimeError` outside the `with` block."""
        if self._http is None:
            raise RuntimeError("the fake server is not running; use it in a with statement")
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> FakeOpenAIServer:
        self._http = _Server(self)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stopping.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def next_reply(self, payload: Payload) -> Fault:
        """Return what to answer to `payload` as a `Fault`, which may have nothing wrong with it."""
        if self._all is not None:
            return _fault(self._all(payload))
        with self._lock:
            if not self._queue:
                return Fault(status=400, message="the fake server has run out of replies")
            reply = self._queue.pop(0)
        return _fault(reply(payload) if callable(reply) else reply)


def _fault(reply: Any) -> Fault:
    return reply if isinstance(reply, Fault) else Fault(reply=reply)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, fake: FakeOpenAIServer) -> None:
        self.fake = fake
        self._open: set[Any] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is a part of many tests."""

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):  # kept alive by clients; their threads would read for ever
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # without it each answer waits 40 ms for an acknowledgement
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Keep stderr clean."""

    def do_GET(self) -> None:
        self._receive({})
        self._json(200, {"object": "list", "data": [{"id": "fake", "object": "model", "created": 0, "owned_by": "me"}]})

    def do_POST(self) -> None:
        payload: Payload = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        self._receive(payload)
        refused = [name for name in payload if name in self.server.fake.refuses]
        if refused:
            message = f"Unsupported parameter: '{refused[0]}' is not supported with this model."
            self._fail(Fault(400, message, "unsupported_parameter", refused[0]))
        elif self.path.endswith("/embeddings"):
            self._json(200, _embeddings(payload, self.server.fake.dim))
        else:
            self._chat(payload)

    def _receive(self, payload: Payload) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.fake.requests.append(Received(self.path, payload, headers))

    def _chat(self, payload: Payload) -> None:
        fault = self.server.fake.next_reply(payload)
        self.server.fake.stopping.wait(fault.delay)
        if fault.status >= 400:
            self._fail(fault)
        elif fault.body is not None:
            self._json(fault.status, fault.body, fault.headers)
        elif payload.get("stream"):
            self._stream(payload, fault)
        else:
            self._json(fault.status, _completion(self.server.fake, payload, fault), fault.headers)

    def _fail(self, fault: Fault) -> None:
        error = {"message": fault.message, "type": "fake", "code": fault.code, "param": fault.param}
        self._json(fault.status, fault.body or {"error": error}, fault.headers)

    def _json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _stream(self, payload: Payload, fault: Fault) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, chunk in enumerate(_chunks(self.server.fake, payload, fault)):
            if number == fault.cut_after:
                return self._break_off(fault.quietly)
            self.server.fake.stopping.wait(fault.pause if number else 0)
            self._event("{not json" if fault.malformed else json.dumps(chunk))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _event(self, data: str) -> None:
        raw = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    def _break_off(self, quietly: bool) -> None:
        if quietly:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True


def _answer(fake: FakeOpenAIServer, payload: Payload, reply: str) -> tuple[list[str], str | None]:
    stop = payload.get("stop") or []
    pieces = words(cut(reply, [stop] if isinstance(stop, str) else stop))
    limit = payload.get("max_completion_tokens") or payload.get("max_tokens") or len(pieces)
    return pieces[:limit], "length" if limit < len(pieces) else fake.finish_reason


def _completion(fake: FakeOpenAIServer, payload: Payload, fault: Fault) -> dict[str, Any]:
    pieces, reason = _answer(fake, payload, fault.reply)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(pieces)}
    if fault.calls:
        message, reason = {**message, "tool_calls": _calls(fault)}, "tool_calls"
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": reason,
        "logprobs": _logprobs(fake, payload, pieces),
    }
    usage = {"usage": _usage(payload, pieces)} if fake.usage else {}
    return {**_head(payload, "chat.completion"), "choices": [choice], **usage}


def _calls(fault: Fault) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(fault.calls)
    ]


def _streamed(fault: Fault) -> list[dict[str, Any]]:
    """Calls as a stream sends them: the name first, then the arguments in two pieces."""
    parts: list[dict[str, Any]] = []
    for number, call in enumerate(_calls(fault)):
        arguments = call["function"]["arguments"]
        parts.append({**call, "index": number, "function": {"name": call["function"]["name"], "arguments": ""}})
        half = len(arguments) // 2
        parts += [{"index": number, "function": {"arguments": piece}} for piece in (arguments[:half], arguments[half:])]
    return parts


def _chunks(fake: FakeOpenAIServer, payload: Payload, fault: Fault) -> list[dict[str, Any]]:
    pieces, reason = _answer(fake, payload, fault.reply)
    reason = "tool_calls" if fault.calls else reason
    head = _head(payload, "chat.completion.chunk")
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": {"content": piece}, "finish_reason": None, "logprobs": _logprobs(fake, payload, [piece])}
        for piece in pieces
    ]
    choices += [
        {"index": 0, "delta": {"tool_calls": [part]}, "finish_reason": None, "logprobs": None}
        for part in _streamed(fault)
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": reason, "logprobs": None})
    chunks: list[dict[str, Any]] = [{**head, "choices": [choice]} for choice in choices]
    if fake.usage and (payload.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "choices": [], "usage": _usage(payload, pieces)})
    return chunks


def _head(payload: Payload, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-fake", "object": kind, "created": 0, "model": payload.get("model", "fake")}


def _logprobs(fake: FakeOpenAIServer, payload: Payload, pieces: list[str]) -> dict[str, Any] | None:
    if not payload.get("logprobs") or fake.logprob is None:
        return None
    return {
        "content": [
            {"token": piece, "logprob": fake.logprob(piece), "bytes": list(piece.encode()), "top_logprobs": []}
            for piece in pieces
        ],
        "refusal": None,
    }


def _usage(payload: Payload, pieces: list[str]) -> dict[str, int]:
    prompt = sum(estimate_tokens(str(message.get("content"))) for message in payload.get("messages", []))
    return {"prompt_tokens": prompt, "completion_tokens": len(pieces), "total_tokens": prompt + len(pieces)}


def _embeddings(payload: Payload, dim: int) -> dict[str, Any]:
    texts = payload["input"] if isinstance(payload["input"], list) else [payload["input"]]
    size = payload.get("dimensions") or dim
    coded = payload.get("encoding_format") == "base64"
    rows = [_vector(str(text), size) for text in texts]
    data = [
        {
            "object": "embedding",
            "index": n,
            "embedding": base64.b64encode(row.tobytes()).decode() if coded else row.tolist(),
        }
        for n, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return {"object": "list", "model": payload.get("model", "fake"), "data": data, "usage": usage}


def _vector(text: str, dim: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a vector (dim,) float32 in which each word of `text` adds to one place; not of unit length on purpose."""
    row = np.full(dim, 0.01, dtype=np.float32)
    for word in text.lower().split():
        row[int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big") % dim] += 1
    return row
