"""The short form of the damage rounds, and damages for which a start refuses the folder."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from oss_emulator.storage.base import FolderError
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.folder import BLOBS, INDEX, LOCK, RESERVE, SHM, WAL

from tests.hard import damage
from tests.thorough import THOROUGH, cases


@pytest.mark.thorough
def test_damaged_folder_is_served_right_or_refused(original: Path) -> None:
    happened = damage.run(original, cases(1, 30), one_in=1 if THOROUGH else 5)
    assert happened["refused"] > 5
    assert happened["reported"] > 0
    assert happened["logged"] == 1  # the key of tokens was lost


def test_every_kind_of_file_is_damaged(image: Path) -> None:
    kinds = {name.partition("/")[0] for name in damage.files(image)}
    tried = damage.damages(image, 1, Random(0))  # noqa: S311
    assert {name.partition("/")[0] for name, *_ in tried} == kinds


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index and a WAL."""
    return damage.make(tmp_path_factory.mktemp("damage"))


@pytest.fixture(scope="module")
def scratch(original: Path) -> Path:
    return Path(shutil.copytree(original, original.with_name("scratch")))


@pytest.fixture
def image(original: Path, scratch: Path) -> Path:
    """A fresh copy of that folder."""
    damage.renew(original, scratch)
    return scratch


def check_refused(folder: Path, reason: str) -> None:
    """Check that a start gives a reason for refusing a folder, and changes nothing."""
    before = damage.snapshot(folder)
    with pytest.raises(FolderError, match=f"{reason}.*nothing was changed: restore a copy"):
        DiskStorage(folder)
    assert damage.snapshot(folder) == before


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_lost_index_is_refused_beside_objects(image: Path, how: str) -> None:
    (image / INDEX).unlink()
    if how == "empty":
        (image / INDEX).touch()
    check_refused(image, f"its index index.sqlite is {how}")


def test_link_in_the_place_of_a_file_is_refused(image: Path) -> None:
    for name in (LOCK, INDEX, WAL, SHM, RESERVE, BLOBS):
        (image / name).rename(image / "elsewhere")
        for target in ("/missing", "/dev/null"):
            (image / name).symlink_to(target)
            kind = "folder" if name == BLOBS else "file"
            check_refused(image, f"its {name} is not a {kind}")
            (image / name).unlink()
        (image / "elsewhere").rename(image / name)


def test_damaged_definition_that_is_not_text_is_refused(image: Path) -> None:
    with closing(DiskStorage(image, fsync=False)):
        pass  # so that the index has everything
    data = (image / INDEX).read_bytes()
    (image / INDEX).write_bytes(data.replace(b"CREATE TABLE bucket (name", b"CREATE TABLE \xff"))
    check_refused(image, "its index is damaged")


def test_long_number_in_the_lock_counts_as_a_mark(image: Path) -> None:
    (image / LOCK).write_text("9" * 8000)
    with pytest.raises(FolderError, match="its index is older than its objects"):
        DiskStorage(image)


def test_lost_wal_is_noticed(image: Path) -> None:
    (image / WAL).unlink()
    check_refused(image, "its index is older than its objects")


@pytest.mark.parametrize("table", ["account", "bucket", "version", "upload", "part"])
def test_changed_record_is_refused(image: Path, table: str) -> None:
    """SQLite itself does not notice the change of one character of a text."""
    with closing(sqlite3.connect(image / INDEX)) as index:
        index.execute(f"UPDATE {table} SET record = replace(record, ':', ': ')")
        index.commit()
    check_refused(image, f"a record of {table} was changed")


def test_older_index_is_refused(tmp_path: Path, image: Path) -> None:
    """Replace the index by an earlier copy, which lacks the later writes."""
    with closing(DiskStorage(image, fsync=False)):
        pass
    shutil.copy(image / INDEX, tmp_path / "older")
    with closing(DiskStorage(image, fsync=False)) as storage:
        damage.fill(storage, 60, 61)
    shutil.copy(tmp_path / "older", image / INDEX)
    check_refused(image, "its index is older than its objects")
