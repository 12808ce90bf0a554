"""A full or read-only disk: writes get 500 and one line in the log, and change nothing."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oss_emulator import Emulator
from oss_emulator.storage import folder

from tests.client import Answer, Client
from tests.unit.storage import invariants

BUCKET = "/examplebucket"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(data=tmp_path / "data") as running:
        running.put(BUCKET, headers={"x-oss-acl": "public-read-write"})
        yield running


def files(data: Path) -> list[Path]:
    """The files of blobs, complete or not."""
    found = [path for name in ("incoming", "blobs") for path in (data / name).rglob("*")]
    return [path for path in found if path.is_file()]


def client(emulator: Emulator) -> Client:
    return Client("127.0.0.1", emulator.port)


class Full:
    """A disk that fails once, after `left` more operations."""

    def __init__(self, patch: pytest.MonkeyPatch, error: int = errno.ENOSPC) -> None:
        self.left = -1
        self.error = error
        for owner, name in (
            (folder.FileWriter, "__init__"),
            (folder.FileWriter, "write"),
            (os, "fsync"),
            (Path, "rename"),
        ):
            patch.setattr(owner, name, self._failing(getattr(owner, name)))

    def _failing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == -1:
                raise OSError(self.error, os.strerror(self.error), "the file")
            return real(*arguments, **options)

        return step

    @property
    def failed(self) -> bool:
        return self.left < 0


def check_refused(answer: Answer, caplog: pytest.LogCaptureFixture, *reasons: str) -> None:
    assert (answer.status, answer.code) == (500, "InternalError")
    (record,) = [record for record in caplog.records if record.name == "oss_emulator"]
    assert record.exc_info is None
    assert record.getMessage().count("\n") == 0
    assert any(reason in record.getMessage() for reason in reasons)
    caplog.clear()


@pytest.mark.parametrize(
    "error", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO]
)
def test_put_that_fails_at_any_step_changes_nothing(
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: int,
) -> None:
    to = client(emulator)
    assert to.put(f"{BUCKET}/a", b"old").status == 200
    full = Full(monkeypatch, error)
    steps = 0
    while True:
        full.left = steps
        answer = to.put(f"{BUCKET}/a", b"new" * 200_000)
        if not full.failed:
            break
        check_refused(answer, caplog, os.strerror(error))
        assert to.get(f"{BUCKET}/a").body == b"old"
        assert len(files(tmp_path / "data")) == 1
        steps += 1
    assert steps >= 5  # create, write, sync, rename, sync the folder
    assert answer.status == 200
    full.left = 10_000
    assert to.get(f"{BUCKET}/a").body == b"new" * 200_000
    emulator.stop()
    assert invariants.check(tmp_path / "data") == {"a": b"new" * 200_000}


@pytest.mark.parametrize(
    ("off", "on", "reason"),
    [
        ("max_page_count = 1", "max_page_count = 1073741823", "database or disk is full"),
        ("query_only = on", "query_only = off", "attempt to write a readonly database"),
    ],
)
def test_failing_index_changes_nothing(
    emulator: Emulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    off: str,
    on: str,
    reason: str,
) -> None:
    """SQLite limits stand for a full or read-only disk: they cause the same errors."""
    to = client(emulator)
    kept = {"a": b"old"}
    assert to.put(f"{BUCKET}/a", b"old").status == 200
    switch(emulator, off)
    for number in range(1000):
        key = f"{number:0500}"  # so long that a page of the index holds only a few
        answer = to.put(f"{BUCKET}/{key}", b"new")
        if answer.status != 200:
            break
        kept[key] = b"new"
    check_refused(answer, caplog, f"the index: {reason}")
    assert to.get(f"{BUCKET}/{key}").status == 404
    assert to.get(f"{BUCKET}/a").body == b"old"
    switch(emulator, on)
    assert to.put(f"{BUCKET}/{key}", b"at last").status == 200
    emulator.stop()
    assert invariants.check(tmp_path / "data") == {**kept, key: b"at last"}


def switch(emulator: Emulator, pragma: str) -> None:
    """Change every connection of the storage to its index."""
    storage: Any = emulator.service.storage
    for connection in storage._connections:
        connection.database.execute(f"PRAGMA {pragma}")


# --- a real file system


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], check=False)
    if done.returncode:
        pytest.skip("file systems can be mounted only by root, and not in every container")
    yield place
    subprocess.run(["umount", place], check=True)


def test_full_disk_accepts_writes_again_once_it_has_space(
    small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = small / "ballast"
    ballast.write_bytes(bytes(3 * 1024**2))
    with Emulator(data=small / "data") as emulator:
        emulator.put(BUCKET, headers={"x-oss-acl": "public-read-write"})
        to, kept = client(emulator), {}
        for number in range(1000):
            data = bytes([number % 256]) * 100_000
            answer = to.put(f"{BUCKET}/{number}", data)
            if answer.status != 200:
                break
            kept[str(number)] = data
        # Either the object or the index no longer fits.
        reasons = (os.strerror(errno.ENOSPC), "the index: database or disk is full")
        check_refused(answer, caplog, *reasons)
        assert len(kept) > 10
        for _ in range(3):
            check_refused(to.put(f"{BUCKET}/0", data), caplog, *reasons)
        assert to.get(f"{BUCKET}/0").body == kept["0"]
        ballast.unlink()
        assert to.put(f"{BUCKET}/{number}", data).status == 200
    assert invariants.check(small / "data") == {**kept, str(number): data}
