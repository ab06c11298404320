"""The command line: parse, call the library, print. Commands are loaded when they are run, so that help is fast."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from memagent.cli.console import Terminated, complain, exit_code, guarded, wrapped
from memagent.cli.lazy import LazyGroup
from memagent.errors import HeldBack, MemagentError, Stopped


@click.group(
    cls=LazyGroup,
    commands={
        "add": ("memagent.cli.notes:add", "Put files and folders into a memory."),
        "search": ("memagent.cli.notes:search", "Find passages, best first, and say why."),
        "ask": ("memagent.cli.ask:ask", "Answer a question from the memory, with sources."),
        "learn": ("memagent.cli.learning:learn", "Learn from attempts at problems, those that were right."),
        "solve": ("memagent.cli.learning:solve", "Solve a problem with like ones as examples."),
        "show": ("memagent.cli.notes:show", "Show what a memory holds, or one passage."),
        "index": ("memagent.cli.index:index", "Find facts in a memory's passages, for --using graph."),
        "graph": ("memagent.cli.graph:graph", "Show how large the graph of a memory is, or export it."),
        "triples": ("memagent.cli.triples:triples", "Show, add, edit and retire what is known as triples."),
        "mcp": ("memagent.cli.mcp:mcp", "Serve one user's memory to any MCP client."),
        "forget": ("memagent.cli.care:forget", "Hide memories until they are restored."),
        "restore": ("memagent.cli.care:restore", "Bring back what was forgotten."),
        "purge": ("memagent.cli.care:purge", "Erase memories, leaving no byte of them."),
        "why": ("memagent.cli.care:why", "Explain a memory."),
        "why-not": ("memagent.cli.care:why_not", "Explain why a search does not find a memory."),
        "doctor": ("memagent.cli.care:doctor", "Check a memory's file, and repair it."),
        "audit": ("memagent.cli.care:audit", "Look for copies, junk and secrets."),
        "reembed": ("memagent.cli.care:reembed", "Change a memory over to another embedder."),
        "rekey": ("memagent.cli.keys:rekey", "Encrypt a memory's file by a key, or another."),
        "export": ("memagent.cli.care:export", "Write a memory as JSON lines."),
        "import": ("memagent.cli.importing:import_", "Take up what export wrote, or ChatGPT, LangChain, mem0."),
        "story": ("memagent.cli.story:story", "Write a long story from a premise, paragraph by paragraph."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="memagent", message="memagent %(version)s")
@click.option("--debug", is_flag=True, envvar="MEMAGENT_DEBUG", help="Show the traceback of an error.")
def root(debug: bool) -> None:
    """A memory for language models: one file, any model, every step on record.

    Products go to standard output, everything else to standard error. Models are named openai:MODEL,
    openai:MODEL@URL, ollama:MODEL, transformers:MODEL or offline, with -m or in MEMAGENT_LLM.
    The key of an encrypted memory is in MEMAGENT_KEY, or in the file that MEMAGENT_KEY_FILE names.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Errors of ours are two lines; the rest is said to be a bug."""
    signal.signal(signal.SIGTERM, _terminate)
    if sys.stdout is None:  # closed by the caller, who does not want it
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")
    with guarded():
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    debug = "--debug" in arguments[:1] or os.environ.get("MEMAGENT_DEBUG", "") not in ("", "0", "false")
    try:
        code = root.main(args=list(arguments), prog_name="memagent", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (click.exceptions.Exit, click.ClickException, click.Abort, KeyboardInterrupt, Terminated) as end:
        return _ended(end)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        if debug:
            traceback.print_exc()
        return _failed(error)


def _ended(end: BaseException) -> int:
    """Return the code of a command that click, the user or the system ended."""
    if isinstance(end, click.ClickException):
        end.show()
        return end.exit_code
    if isinstance(end, click.exceptions.Exit):
        return end.exit_code
    complain("stopped")
    return 143 if isinstance(end, Terminated) else 130


def _failed(error: Exception) -> int:
    """Say what went wrong, and return the code for it."""
    if isinstance(error, MemagentError):
        message = wrapped(error.message, indent="    ") if isinstance(error, HeldBack) else error.message
        complain(message, "" if isinstance(error, Stopped) else error.hint)  # that hint is for callers in Python
        return exit_code(error)
    if isinstance(error, OSError):
        _drop_output()
        if not isinstance(error, BrokenPipeError):  # then the reader has gone, and nothing is left to say
            what = f" {error.filename!r}" if error.filename else ""
            hint = "Nothing that was kept is lost. Check the disk and the permissions, then do the same again."
            complain(f"{error.strerror or error}{what}", hint)
        return 1
    complain(f"{type(error).__name__}: {error}", "This is a bug. Run it with: memagent --debug ...")
    return 1


def _drop_output() -> None:
    """Let what is still in the buffer of standard output go, so that Python does not fail on it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated
