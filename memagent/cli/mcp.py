"""`memagent mcp`: one user's memory for any client of the Model Context Protocol."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import complain, say
from memagent.cli.options import embedder_option, open_memory
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.memory import Memory

TOKEN = "MEMAGENT_MCP_TOKEN"
_NEW = (
    "There was no file {file}, so this memory was just made and is empty. If the user expects memories here, say so: "
    "the path that the server was started with may be wrong."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--user", required=True, help="Whose memory is served; no other can be reached.")
@click.option("--session", default=None, help="This session of the user alone.")
@click.option("--agent", default=None, help="This agent alone.")
@click.option(
    "--http",
    "port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Serve over HTTP on this port of 127.0.0.1 (0: any that is free), in place of standard input and output.",
)
@click.option("--new", is_flag=True, help="Make FILE if it is not there.")
@click.option("--read-only", is_flag=True, help="Offer no tool that changes anything.")
@click.option("--using", default="hybrid", show_default=True, help="How searches find: hybrid, dense, keyword, graph.")
@click.option("--tokens", type=click.IntRange(400), default=4000, show_default=True, help="Of a result, at most.")
@embedder_option
def mcp(
    file: Path,
    user: str,
    session: str | None,
    agent: str | None,
    port: int | None,
    new: bool,
    read_only: bool,
    using: str,
    tokens: int,
    embedder: str | None,
) -> None:
    """Serve one user's memory in FILE to an MCP client.

    A client that starts its servers itself runs "memagent mcp FILE --user NAME". A FILE that is not there is refused,
    since its path may be mistyped; with --new an empty one is made, and the client is told. With --http it is served at
    http://127.0.0.1:PORT/mcp; if MEMAGENT_MCP_TOKEN is set, clients must send it as a bearer token. Requests that come
    by another host name or from a web page are refused. Stop it with Ctrl-C.
    """
    from memagent.integrations.mcp_server import NAMES, READING, listening, mcp_server, serve_http, serve_stdio

    logging.getLogger("uvicorn.error").addFilter(_is_no_farewell)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="memagent: %(message)s")
    made = _is_to_be_made(file, user, new=new)
    with open_memory(file, embedder, new=True) as opened:
        memory = opened.bind(user=user, session=session, agent=agent)
        about = _NEW.format(file=file.absolute()) if made else ""
        server = mcp_server(memory, only=READING if read_only else NAMES, using=using, about=about, tokens=tokens)
        if port is None:
            say(f"serving the memory of {user} over standard input and output")
            with asyncio.Runner() as runner:
                _stop_at_signals(runner.get_loop(), opened)
                runner.run(serve_stdio(server))
            return
        with listening(port) as at:
            say(f"serving the memory of {user} at http://127.0.0.1:{at.getsockname()[1]}/mcp")
            asyncio.run(serve_http(server, at, token=os.environ.get(TOKEN, "")))


def _is_to_be_made(file: Path, user: str, *, new: bool) -> bool:
    """Whether there is no file and one may be made; where it may not, that is an error."""
    if file.exists():
        return False
    if not new:
        hint = f"Check the path; for an empty memory: memagent mcp {file} --user {user} --new"
        raise UsageProblem(f"there is no memory {str(file.absolute())!r}", hint=hint)
    say(f"{file} is new")
    return True


def _is_no_farewell(record: logging.LogRecord) -> bool:
    """Let all be said but that the streams of clients were open when the server ended."""
    return "without completing response" not in record.getMessage()


def _stop_at_signals(loop: asyncio.AbstractEventLoop, memory: Memory) -> None:
    """End the process at once: a thread waits for the next line of standard input, and nothing else could end it."""
    for wanted, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with suppress(NotImplementedError):  # Windows ends the process itself
            loop.add_signal_handler(wanted, partial(_stop, memory, code))


def _stop(memory: Memory, code: int) -> None:
    try:
        memory.close()
        complain("stopped")
    finally:
        os._exit(code)
