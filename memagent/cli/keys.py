"""The key of an encrypted memory, from the environment or a file and never from the command line; `memagent rekey`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from memagent.cli.console import say
from memagent.cli.options import db_option
from memagent.errors import ConfigError, UsageProblem

KEY, KEY_FILE = "MEMAGENT_KEY", "MEMAGENT_KEY_FILE"


def caller_key() -> str | bytes | None:
    """Return the key that the environment names, in `MEMAGENT_KEY` or as a file in `MEMAGENT_KEY_FILE`; or `None`.

    Raises:
        ConfigError: both are set, or one to nothing, which must not pass for no key; or the file cannot be read.
    """
    given, place = os.environ.get(KEY), os.environ.get(KEY_FILE)
    for name, value in ((KEY, given), (KEY_FILE, place)):
        if value is not None and not value.strip():
            raise ConfigError(
                f"{name} is set and empty", hint="Set it to the key, or unset it for a memory without one."
            )
    if given and place:
        raise ConfigError(f"both {KEY} and {KEY_FILE} are set", hint="Set the one that is meant.")
    if place:
        return read_key(Path(place))
    return given


def read_key(path: Path) -> str | bytes:
    """Read a key from a file: 32 bytes as they are, or a text without the line end behind it.

    Raises:
        ConfigError: it cannot be read, is empty, or is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = "Check that it is there and that you may read it."
        raise ConfigError(f"the key in {str(path)!r} cannot be read: {error.strerror or error}", hint=hint) from error
    if len(data) == 32:
        return data
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        text = ""
    if not text.strip():
        hint = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'
        raise ConfigError(f"{str(path)!r} has no key: neither 32 bytes nor a text", hint=hint)
    return text


@click.command()
@click.option(
    "--new-key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with the key from now on: 64 hex digits, a passphrase, or 32 bytes.",
)
@click.option("--decrypt", is_flag=True, help="Keep it without a key from now on.")
@db_option
def rekey(new_key_file: Path | None, decrypt: bool, db: Path) -> None:
    """Encrypt a memory's file with a key, or with another one. Nobody may have it open.

    The key so far is taken from MEMAGENT_KEY or MEMAGENT_KEY_FILE, as by every command; without one, the file is not
    encrypted yet.
    """
    from memagent.stores.rekey import rekey as change

    if (new_key_file is None) == (not decrypt):
        raise click.UsageError("Give either --new-key-file or --decrypt.")
    if not db.exists():
        raise UsageProblem(f"there is no memory {str(db)!r}", hint="Name its file with --db.")
    change(db, caller_key(), read_key(new_key_file) if new_key_file is not None else None)
    state = "is not encrypted any more" if decrypt else f"is encrypted; from now on set {KEY_FILE}={new_key_file}"
    say(f"{db} {state}")
