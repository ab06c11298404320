"""New files are for their owner alone: they hold what people said, and what models were asked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from memagent import Memory
from memagent.cachefile import CacheFile
from memagent.stores.rekey import rekey

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")


@pytest.fixture(autouse=True)
def _usual_rights() -> Iterator[None]:
    """Files are made for everybody to read, unless somebody sees to it that they are not."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_a_new_memory_and_the_files_beside_it_are_their_owners_alone(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db", single_user=True) as memory:
        memory.add("Ida lives in Oslo.")
        assert {rights(file) for file in tmp_path.iterdir()} == {"0o600"}
        assert len(list(tmp_path.iterdir())) > 1


def test_so_are_an_encrypted_one_and_a_cache(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db", single_user=True, key="a passphrase") as memory:
        memory.add("Ida lives in Oslo.")
        assert {rights(file) for file in tmp_path.iterdir()} == {"0o600"}
    CacheFile(tmp_path / "cache.db", "replies").put({"key": b"value"})
    assert rights(tmp_path / "cache.db") == "0o600"


def test_rights_that_somebody_gave_are_kept_also_under_another_key(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Memory(path, single_user=True) as memory:
        memory.add("Ida lives in Oslo.")
    path.chmod(0o640)
    rekey(path, None, "a passphrase")
    assert rights(path) == "0o640"
    with Memory(path, single_user=True, key="a passphrase") as memory:
        assert [one.text for one in memory.passages()] == ["Ida lives in Oslo."]
        assert rights(path) == "0o640"
