"""What holds for every request: its size, from where it may come, and what a browser may do with the answer.

Written against ASGI itself: a middleware that wraps the answer in a task of its own would hide from it that the one who
asked has gone.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-memagent-chat"
"""No form and no other site can send it, unless this program allowed that; it does not."""

LONGEST = 64 * 1024
"""Bytes of a request's body."""

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",  # forms are sent by the script
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",  # the browser itself refuses innerHTML and its like
        "trusted-types 'none'",
    ]
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Walls:
    """Refuses what is too long or comes from another site, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refused = _refused(scope)
        if refused is None:
            await self._app(scope, receive, with_headers)
        else:
            status, message, hint = refused
            await JSONResponse({"error": message, "hint": hint}, status)(scope, receive, with_headers)


def _refused(scope: Scope) -> tuple[int, str, str] | None:
    """Why a request is not let in: the status, what is wrong, and what to do."""
    if scope["method"] in ("GET", "HEAD"):
        return None
    headers = Headers(scope=scope)
    if _is_foreign(headers):
        return 403, "this request comes from another site", f"Send it from the page, with the header {HEADER}: 1."
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return 411, "this request does not say how long it is", "Send it with Content-Length."
    if int(length) > LONGEST:
        return 413, f"this request is longer than {LONGEST} bytes", "Send less at once."
    return None


def _is_foreign(headers: Headers) -> bool:
    origin, host = headers.get("origin"), headers.get("host")
    return (
        headers.get(HEADER) != "1"
        or headers.get("sec-fetch-site", "same-origin") != "same-origin"
        or (origin is not None and origin not in (f"http://{host}", f"https://{host}"))
    )
