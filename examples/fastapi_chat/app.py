"""A chatbot with a page: answers that stream, what was recalled for each and why, and a memory to look into.

pip install memagent fastapi uvicorn
python examples/fastapi_chat/app.py

Then open http://127.0.0.1:8000. With no key it talks by the offline backend; see README.md for the settings.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from answers import Answers
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from login import COOKIE, DEMO, LIFETIME, Accounts, Refusal, User, who
from panel import Mine, router
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from walls import Walls

from memagent import Chat, Memory
from memagent import errors as problems
from memagent.chat.history import PARTIAL

PAGE = Path(__file__).parent / "page"
HOSTS = ("127.0.0.1", "localhost")
SYSTEM = "You are a friendly assistant. Be brief."

_SESSIONS, _TURNS = 50, 100
_STATUS: Sequence[tuple[type[problems.MemagentError], int]] = (
    (problems.NotFound, 404),
    (problems.Conflict, 409),
    (problems.Busy, 503),
    (problems.UsageProblem, 400),
    (problems.BudgetExceeded, 429),
    (problems.LLMError, 502),
)

pages = APIRouter()
Name = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")
]


class Login(BaseModel):
    """Who somebody says to be, and what proves it."""

    name: Name
    password: str = Field(max_length=200)


class Said(BaseModel):
    """What a user says, in which conversation; with an id, it is one turn however often it is sent."""

    session: Name
    text: str = Field(min_length=1, max_length=4000, pattern=r"\S")
    id: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")


def create_app(
    file: str | os.PathLike[str] | None = None,
    *,
    llm: Any = None,
    passwords: Mapping[str, str] | None = None,
    key: str = "",
    hosts: Sequence[str] = HOSTS,
) -> FastAPI:
    """Return the application over a memory; what is not given is taken from the environment.

    Args:
        file: the memory; `CHAT_FILE`, or `chat.db` in the working directory.
        llm: the model; `MEMAGENT_LLM`, or `offline`.
        passwords: by name; `CHAT_USERS` (`name:password,name:password`), or two accounts for trying.
        key: signs the cookies; `CHAT_KEY`, or a new one, which logs everybody out.
        hosts: by which names the program may be called; `CHAT_HOSTS` adds others.

    Raises:
        ConfigError: the model needs a key or a package that is not there.
        StorageError: the file cannot be used.
    """
    memory = Memory(file or os.environ.get("CHAT_FILE") or "chat.db")
    answers = Answers()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await answers.close()
        memory.close()

    app = FastAPI(title="memagent chat", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    signing = key or os.environ.get("CHAT_KEY") or secrets.token_hex(32)
    app.state.accounts = Accounts(passwords or _accounts(), signing.encode())
    app.state.memory, app.state.answers = memory, answers
    app.state.chat = Chat(llm, memory, system=SYSTEM)
    also = [name.strip() for name in os.environ.get("CHAT_HOSTS", "").split(",") if name.strip()]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*hosts, *also], www_redirect=False)
    app.add_middleware(Walls)
    app.include_router(pages)
    app.include_router(router)
    app.mount("/page", StaticFiles(directory=PAGE))
    _tell_problems(app)
    return app


@pages.get("/")
def page() -> FileResponse:
    """Return the page."""
    return FileResponse(PAGE / "index.html")


@pages.get("/api/me")
def me(request: Request) -> Mapping[str, Any]:
    """Say who is logged in, and which model answers."""
    demo = DEMO if request.app.state.accounts.demo else {}
    return {"user": who(request), "model": request.app.state.chat.llm.name, "demo": demo}


@pages.post("/api/login")
def log_in(request: Request, response: Response, login: Login) -> Mapping[str, str]:
    """Give the cookie to somebody who knows the password."""
    accounts: Accounts = request.app.state.accounts
    accounts.check(login.name, login.password, request.client.host if request.client else "")
    safe = request.url.scheme == "https"
    token = accounts.signed(login.name)
    response.set_cookie(COOKIE, token, max_age=LIFETIME, httponly=True, samesite="strict", secure=safe)
    return {"user": login.name}


@pages.post("/api/logout")
def log_out(response: Response) -> Mapping[str, None]:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return {"user": None}


@pages.get("/api/sessions")
def sessions(mine: Mine) -> list[Mapping[str, Any]]:
    """Return this user's conversations, the one talked in last first, each with its first message."""
    found: list[Mapping[str, Any]] = []
    for session in mine.turns.sessions()[:_SESSIONS]:
        turns = mine.bind(session=session).turns
        first = next(iter(turns.since("", 1)), None)
        found.append({"session": session, "title": " ".join(first.text.split())[:80] if first else session})
    return found


@pages.get("/api/turns")
def turns(mine: Mine, session: Annotated[str, Query(min_length=1, max_length=100)]) -> list[Mapping[str, Any]]:
    """Return the last turns of one of this user's conversations, oldest first."""
    return [
        {
            "id": one.id,
            "role": one.metadata.get("role"),
            "text": one.text,
            "at": (one.at or one.recorded_at).isoformat(),
            "partial": bool(one.metadata.get(PARTIAL)),
        }
        for one in mine.bind(session=session).turns.recent(_TURNS)
    ]


@pages.post("/api/chat")
async def answer(request: Request, user: User, said: Said) -> StreamingResponse:
    """Answer a message, as server-sent events."""
    state = request.app.state
    talk = state.chat.bind(user=user, session=said.session)
    events = state.answers.start(user, talk, said.text, said.id)
    return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _accounts() -> Mapping[str, str]:
    given = os.environ.get("CHAT_USERS", "")
    pairs = [pair.strip().partition(":") for pair in given.split(",") if pair.strip()]
    if not all(name and password for name, _, password in pairs):
        raise problems.UsageProblem("CHAT_USERS is not understood", hint="Write name:password,name:password.")
    return {name: password for name, _, password in pairs} or DEMO


def _tell_problems(app: FastAPI) -> None:
    """Answer every problem in one form: what is wrong, and what to do. Nothing that was sent is sent back."""

    @app.exception_handler(problems.MemagentError)
    def of_memory(request: Request, error: problems.MemagentError) -> JSONResponse:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        return JSONResponse({"error": error.message, "hint": error.hint}, status)

    @app.exception_handler(Refusal)
    def of_refusal(request: Request, error: Refusal) -> JSONResponse:
        return JSONResponse({"error": error.message, "hint": error.hint}, error.status)

    @app.exception_handler(RequestValidationError)
    def of_form(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:] if not isinstance(part, int))
        return JSONResponse({"error": f"{where or 'the request'}: {first['msg']}", "hint": "Change that."}, 422)

    @app.exception_handler(HTTPException)
    def of_http(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail, "hint": ""}, error.status_code)


def main() -> None:
    """Serve the chatbot on this machine alone."""
    import uvicorn

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--file", default=None, help="the memory; CHAT_FILE, or chat.db, if not given")
    chosen = parser.parse_args()
    try:
        app = create_app(chosen.file)
    except problems.MemagentError as error:
        sys.exit(str(error))
    uvicorn.run(app, host="127.0.0.1", port=chosen.port, server_header=False, timeout_graceful_shutdown=5)


if __name__ == "__main__":
    main()
