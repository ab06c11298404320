"""Which SQLite opens a file: Python's own, or SQLCipher with a key that the caller supplies.

With a key the whole file is encrypted, page by page (AES-256, each page with its own HMAC): texts, facts, rationales,
vectors, the word index, the names of users, and the log beside the file, so that searching by word loses and leaks
nothing. What SQLCipher leaves readable is a salt of 16 bytes, the size of the file and of its log, and when they were
changed. Not encrypted is what is written elsewhere: exports, caches, traces, stories, and what the process has in its
memory.

A key is 32 bytes, or the same as 64 hex digits, or a passphrase, of which SQLCipher makes a key by 256,000 rounds of
PBKDF2-HMAC-SHA512. It is never stored and in no message; whoever loses it loses the memory.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from types import ModuleType
from typing import Any, cast

from memagent.errors import ExtraMissing, UsageProblem

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_ROUNDS = 256_000  # SQLCipher 4's own


class Engine:
    """Python's own SQLite: files as they are.

    Attributes:
        Error: what it raises.
        encrypted: whether files are opened with a key.
    """

    Error: type[sqlite3.Error] = sqlite3.Error
    encrypted = False

    def connect(self, path: str, *, uri: bool = False, timeout: float = 5.0) -> sqlite3.Connection:
        """Open a connection whose transactions are begun and ended by hand, and that any thread may close."""
        raw = sqlite3.connect(path, uri=uri, timeout=timeout, isolation_level=None, check_same_thread=False)
        raw.row_factory = sqlite3.Row
        return raw

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Cipher(Engine):
    """SQLCipher, by the package `sqlcipher3`, with one key; for one file, since a passphrase is salted by its file.

    Args:
        key: 32 bytes, 64 hex digits, or a passphrase.

    Raises:
        UsageProblem: it is none of these.
        ExtraMissing: `sqlcipher3` is not installed.
    """

    encrypted = True

    def __init__(self, key: str | bytes) -> None:
        self._passphrase, self._spec = _read(key)
        self._sqlcipher = _sqlcipher()
        # Its errors have the names, codes and messages of Python's own, and are no subclasses of these.
        self.Error = cast(type[sqlite3.Error], self._sqlcipher.Error)

    def connect(self, path: str, *, uri: bool = False, timeout: float = 5.0) -> sqlite3.Connection:
        """Open a connection with the key set; a wrong one shows at the first read."""
        raw: Any = self._sqlcipher.connect(
            path, uri=uri, timeout=timeout, isolation_level=None, check_same_thread=False
        )
        raw.row_factory = self._sqlcipher.Row
        raw.execute("PRAGMA cipher_log_level = NONE")  # it would write to standard error
        raw.execute(f"PRAGMA key = {quoted(self._spec or self._passphrase)}")
        raw.execute("PRAGMA temp_store = MEMORY")  # what a sort or VACUUM puts aside never reaches a disk
        return cast(sqlite3.Connection, raw)

    def settle(self, raw: sqlite3.Connection) -> None:
        """Make the key of a passphrase once, from the salt of a file that was read: each connection would, in 0.2 s."""
        if not self._spec:
            salt = str(raw.execute("PRAGMA cipher_salt").fetchone()[0])
            made = hashlib.pbkdf2_hmac("sha512", self._passphrase.encode(), bytes.fromhex(salt), _ROUNDS, 32)
            self._spec = f"x'{made.hex()}{salt}'"

    def without_key(self, path: str) -> sqlite3.Connection:
        """Open a connection that reads only, through the same library, as if the file were not encrypted."""
        raw: Any = self._sqlcipher.connect(path, uri=True)
        return cast(sqlite3.Connection, raw)

    @property
    def spec(self) -> str:
        """The key as SQLCipher takes it, for `ATTACH`: never to be shown."""
        return self._spec or self._passphrase


PLAIN = Engine()


def engine_for(key: str | bytes | None) -> Engine:
    """Return what opens files with this key; without one, Python's own SQLite.

    Raises:
        UsageProblem: the key is empty, or none at all.
        ExtraMissing: there is a key, and `sqlcipher3` is not installed.
    """
    return PLAIN if key is None else Cipher(key)


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _read(key: str | bytes) -> tuple[str, str]:
    """A passphrase and '', or '' and the key as SQLCipher takes it. The key itself is in no message."""
    if isinstance(key, bytes | bytearray) and len(key) == 32:
        return "", f"x'{bytes(key).hex()}'"
    if isinstance(key, str) and _HEX.fullmatch(key):
        return "", f"x'{key.lower()}'"
    if not isinstance(key, str) or not key.strip() or "\0" in key or key.startswith(("x'", "X'")):
        what = f"{len(key)} bytes" if isinstance(key, bytes | bytearray) else f"a {type(key).__name__}"
        raise UsageProblem(f"a key must be 32 bytes, 64 hex digits or a passphrase, not this ({what})", hint=_MAKE)
    try:
        key.encode()
    except UnicodeEncodeError:
        raise UsageProblem("the passphrase is not valid Unicode", hint=_MAKE) from None
    return key, ""


def _sqlcipher() -> ModuleType:
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        raise ExtraMissing(
            "an encrypted memory needs the package sqlcipher3", hint='pip install "memagent[encryption]"'
        ) from error
    return cast(ModuleType, dbapi2)


_MAKE = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'
