"""What the tests of stores share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memagent.stores.database import SQLiteDatabase


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SQLiteDatabase]:
    """A database on disk, empty, that is closed afterwards."""
    opened = SQLiteDatabase(tmp_path / "a.db")
    yield opened
    opened.close()
