"""What a file says about itself, as pairs of texts: whose vectors it holds, its key, and what is under way."""

from __future__ import annotations

from memagent.stores.base import Database, Writer
from memagent.stores.scoping import marks


def get(reader: Database | Writer, key: str) -> str | None:
    """Return the value of a key; `None` where the file has none."""
    return several(reader, key).get(key)


def several(reader: Database | Writer, *keys: str) -> dict[str, str]:
    """Return the values of those of the keys that the file has, all from one state of it."""
    rows = reader.read(f"SELECT key, value FROM meta WHERE key IN ({marks(keys)})", keys)
    return {row["key"]: row["value"] for row in rows}


def put(writer: Writer, key: str, value: str) -> None:
    """Write the value of a key, in place of what it was."""
    writer.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [key, value])


def drop(writer: Writer, *keys: str) -> None:
    """Take keys away with their values."""
    writer.executemany("DELETE FROM meta WHERE key = ?", ([key] for key in keys))
