"""An OpenAI-compatible server: where it is, with which key, and its failures in one clear line with what to do."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from memagent.errors import BackendError, KeyMissing, Refused

_REFUSALS = (400, 413, 422)
"""What servers say to a request that is too long, against their rules, or not what they take."""

_UNSUPPORTED = re.compile(
    r"unsupported|not supported|n[o']t support|unknown|unrecogni[sz]ed|not (permitted|allowed)|unexpected|extra input",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"(?s)(?=.*tokens).*(too large|maximum|at most|must be (<=|less)|exceed|in (the )?range)", re.IGNORECASE
)
_SECRET = re.compile(r"\b(sk|pk|key|gsk|xai|Bearer)[-_ ][\w*.-]{6,}")
_LONGEST = 300
_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Place:
    """Whom a call went to. `key` is kept only to be kept out of messages."""

    name: str
    model: str
    url: str
    timeout: float | None = None
    key: str = field(default="", repr=False)
    base_url: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Host and port of the server."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or self.url}:{parts.port}" if parts.port else parts.hostname or self.url

    @property
    def is_official(self) -> bool:
        """Whether the server is one of OpenAI's own."""
        return f".{urlsplit(self.url).hostname}".endswith(".openai.com")

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine."""
        return urlsplit(self.url).hostname in ("localhost", "127.0.0.1", "::1")


def locate(
    model: str, client: Any, base_url: str | None, api_key: str | None, timeout: float, name: str | None = None
) -> Place:
    """Return where calls for `model` go: to the client's server, to `base_url`, `OPENAI_BASE_URL`, or to OpenAI.

    Raises:
        KeyMissing: there is neither a key nor a URL.
    """
    url = str(client.base_url) if client else base_url or os.environ.get("OPENAI_BASE_URL") or ""
    key = str(client.api_key) if client else api_key or os.environ.get("OPENAI_API_KEY") or ""
    if not key and not url:
        raise KeyMissing(
            f"openai:{model} needs an API key, and OPENAI_API_KEY is not set",
            hint="Set OPENAI_API_KEY, or use a model on this machine (ollama:MODEL), or the built-in one (offline).",
        )
    place = Place("", model, _shown(url or _OPENAI), timeout, key, url or None)
    return replace(place, name=name or (f"openai:{model}" if place.is_official else f"openai:{model}@{place.url}"))


def failures() -> tuple[type[Exception], ...]:
    """Return the exceptions by which the client says that the other side failed, whatever HTTP library it uses."""
    import openai

    transports = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    errors: list[type[Exception]] = [module.TransportError for module in transports]
    return (openai.APIError, json.JSONDecodeError, *errors)


def refused_parameter(error: Exception, sent: Collection[str]) -> str | None:
    """Return which of the parameters `sent` the server says it does not know, if that is what it says."""
    if getattr(error, "status_code", None) not in (400, 422):
        return None
    said = f"{getattr(error, 'code', '')} {error}"
    if not _UNSUPPORTED.search(said):
        return None
    named = str(getattr(error, "param", None) or "").partition(".")[0]
    candidates = [name for name in sent if name not in ("model", "messages", "stream")]
    if named in candidates:
        return named
    quoted = [name for name in candidates if re.search(rf"""['"`]{name}['"`]""", said)]
    found = quoted or [name for name in candidates if re.search(rf"\b{name}\b", said)]
    return found[0] if found else None


def too_long(error: Exception, sent: Collection[str]) -> bool:
    """Whether the server refuses a request for the number of tokens that its reply may have: it has not that many."""
    asked, said = any(name in sent for name in ("max_tokens", "max_completion_tokens")), str(error)
    refused = asked and getattr(error, "status_code", None) in (400, 422)
    return refused and _TOO_LONG.search(said) is not None and not _UNSUPPORTED.search(said)


def not_theirs(error: Exception) -> Exception | None:
    """Return the error that the client has wrapped as a connection error though it is a bug on this side, if any."""
    cause = error.__cause__
    if type(error).__name__ != "APIConnectionError" or not isinstance(cause, Exception) or isinstance(cause, OSError):
        return None
    origin = type(cause).__module__.partition(".")[0].rstrip("2")
    return None if origin in ("httpx", "httpcore", "anyio", "openai", "h11", "json") else cause


def explain(error: Exception, place: Place, *, received: int | None = None) -> BackendError:
    """Return the error to raise instead of the client's.

    Args:
        error: one of `failures()`.
        place: whom the call went to.
        received: characters that had come when a stream broke; `None` if nothing had begun.
    """
    what, hint = _account(error, place)
    retryable = received is not None and _is_transport(error)
    where = f" after {received} characters of the answer" if received is not None else ""
    kind = Refused if getattr(error, "status_code", None) in _REFUSALS else BackendError
    return kind(f"{place.name} failed{where}: {one_line(what, place.key)}", hint=hint, retryable=retryable)


def worth_waiting(error: Exception, tries: int) -> float | None:
    """Return how many seconds to wait before trying again for the `tries`-th time, `None` if that would be in vain."""
    status = getattr(error, "status_code", None)
    passing = status in (408, 409, 429) or (status or 0) >= 500 if status else _is_transport(error)
    if not passing or _is_timeout(error):
        return None
    asked = getattr(error, "response", None) and error.response.headers.get("retry-after")  # type: ignore[attr-defined]
    return float(asked) if asked and asked.replace(".", "", 1).isdigit() else 0.5 * 2.0**tries


def has_key(error: Exception, key: str) -> bool:
    """Say whether the text of the client's own error gives the key away."""
    return bool(key) and key in f"{error} {getattr(error, 'body', '')}"


def _shown(url: str) -> str:
    """Return a URL without user, password, query and closing slash."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _account(error: Exception, place: Place) -> tuple[str, str]:
    if (status := getattr(error, "status_code", None)) is not None:
        return f"{place.host} said {status}: {_message(error)}", _status_hint(status, place)
    if _is_timeout(error):
        limit = f" within {place.timeout:g} s" if place.timeout else ""
        return f"no answer from {place.host}{limit}", "Give it more time with timeout=, or see if the server is busy."
    if isinstance(error, json.JSONDecodeError):
        return (
            f"{place.host} sent something that is not JSON",
            "Check that the URL is that of an OpenAI-compatible API.",
        )
    if _is_transport(error):
        why = str(error.__cause__ or error) or type(error).__name__
        return f"the connection to {place.host} failed: {why}", _connection_hint(place)
    return f"{place.host} said: {_message(error)}", ""


def _status_hint(status: int, place: Place) -> str:
    if status in (401, 403):
        return "Check the API key: OPENAI_API_KEY, or the argument api_key."
    if status == 404:
        get = f" Get it with: ollama pull {place.model}" if place.name.startswith("ollama:") else ""
        return f"Check the name of the model, {place.model!r}, and the URL {place.url}.{get}"
    if status == 429:
        return "Wait a while, or check the limits and the credit of the account."
    return "The server has a problem; try again later." if status >= 500 else ""


def _connection_hint(place: Place) -> str:
    if place.is_local and urlsplit(place.url).port == 11434:
        return "Ollama does not seem to run. Start it with: ollama serve"
    if place.is_local:
        return f"Check that the server runs and listens at {place.url}."
    return f"Check the network and the URL {place.url}."


def _is_timeout(error: Exception) -> bool:
    return any("Timeout" in base.__name__ for base in type(error).__mro__)


def _is_transport(error: Exception) -> bool:
    return any(base.__name__ in ("APIConnectionError", "TransportError") for base in type(error).__mro__)


def _message(error: Exception) -> str:
    body = getattr(error, "body", None)
    inner: Any = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return str(inner or getattr(error, "message", None) or error)


def one_line(text: str, key: str = "") -> str:
    """Return `text` on one line, without keys, and not too long."""
    line = " ".join(text.replace(key, "[key]").split() if key else text.split())
    line = _SECRET.sub("[key]", line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
