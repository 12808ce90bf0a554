"""`oss-emulator fsck`: it reports each problem, and a repair keeps all that is whole."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest
from oss_emulator.cli import main
from oss_emulator.pipeline.accounts import TOKEN_KEY_FILE, TOKEN_KEY_SIZE, open_token_key
from oss_emulator.storage import Bucket, FolderError, Object, Part, Upload, schema
from oss_emulator.storage import folder as layout
from oss_emulator.storage.disk import DiskStorage

from tests.cli.process import EMULATOR, environment
from tests.client import PATIENCE
from tests.hard import damage
from tests.unit.storage import invariants

BUCKET = "examplebucket"
KEYS = 400


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with many objects and an upload."""
    folder = tmp_path / "data"
    with closing(DiskStorage(folder, fsync=False)) as storage, storage.transaction():
        storage.put_bucket(Bucket(BUCKET, "1", 1.0, "cn-hangzhou", acl="public-read"))
        for number in range(KEYS):
            item = put(storage, f"key-{number}", b"%d" % number)
        storage.put_upload(BUCKET, Upload("u", 1.0, item._replace(content=())))
        storage.put_part(BUCKET, "u", Part(1, item.content, item.size, "P", item.crc64, 1.0))
    return folder


def put(storage: DiskStorage, key: str, content: bytes) -> Object:
    writer = storage.blob_writer()
    writer.write(content)
    blob = writer.finish()
    item = Object(key, (blob,), len(content), '"E"', 1, 1.0, "1")
    storage.put_object(BUCKET, item)
    return item


def fsck(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[str]]:
    """The exit status and the lines of `fsck`."""
    status = main(["fsck", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, (captured.out + captured.err).splitlines()


def lost(folder: Path) -> Path:
    """The folder of the only repair."""
    (found,) = (folder / "lost+found").glob("repair-*")
    return found


def test_whole_folder_is_left_alone(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = damage.snapshot(data)
    assert fsck(capsys, data, "--repair") == (0, [f"{data} is whole"])
    assert damage.snapshot(data) == before


def test_repair_keeps_what_is_whole_of_a_damaged_index(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = (data / "index.sqlite").read_bytes()
    middle = len(index) // 2
    damaged = index[:middle] + bytes(4096) + index[middle + 4096 :]
    (data / "index.sqlite").write_bytes(damaged)
    before = damage.snapshot(data)
    status, lines = fsck(capsys, data)
    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith("the index is damaged: ")
    assert damage.snapshot(data) == before
    assert fsck(capsys, data, "--repair")[0] == 0
    kept = invariants.check(data)
    assert KEYS * 0.8 < len(kept) <= KEYS
    assert all(content == key.removeprefix("key-").encode() for key, content in kept.items())
    assert (lost(data) / "index.sqlite").read_bytes() == damaged
    still = {path.name for path in data.rglob("?" * 32)}
    assert still == {Path(path).name for path in before if path.startswith("blobs/")}
    assert fsck(capsys, data) == (0, [f"{data} is whole"])


def test_repair_rebuilds_sizes_and_checksums(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(data / "index.sqlite")) as database, database:
        database.execute(
            "UPDATE version SET record = json_set(record, '$.size', 999) WHERE key = 'key-7'"
        )
    status, lines = fsck(capsys, data)
    assert (status, lines) == (
        1,
        ["the index is damaged: 1 records differ from what was written"],
    )
    assert fsck(capsys, data, "--repair")[0] == 0
    with closing(DiskStorage(data, fsync=False)) as storage:
        item = storage.object(BUCKET, "key-7")
        assert item is not None
        assert (item.size, item.etag) == (1, '"8F14E45FCEEA167A5A36DEDD4BEA2543"')
        assert len(storage.parts(BUCKET, "u")) == 1
    assert len(invariants.check(data)) == KEYS


def test_repair_keeps_the_bytes_of_a_lost_index(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "index.sqlite").write_bytes(b"")
    assert fsck(capsys, data) == (
        1,
        [f"the index index.sqlite is empty beside {KEYS} files of objects"],
    )
    assert fsck(capsys, data, "--repair")[0] == 0
    assert invariants.check(data) == {}
    found = sorted(path.read_bytes() for path in lost(data).glob("?" * 32))
    assert found == sorted(b"%d" % number for number in range(KEYS))


def test_repair_takes_damaged_objects_away(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(DiskStorage(data, fsync=False)) as storage:
        item = storage.object(BUCKET, "key-7")
        assert item is not None
    name = storage.name(item.content[0]).partition(".")[0]
    path = data / "blobs" / name[:2] / name
    path.write_bytes(b"8")
    reason = f"{path} no longer holds the bytes that were put"
    assert fsck(capsys, data) == (1, [reason])
    status, lines = fsck(capsys, data, "--repair")
    assert status == 0
    assert f"version {BUCKET}/key-7/null was not kept: {reason}" in lines
    assert len(invariants.check(data)) == KEYS - 1
    assert (lost(data) / name).read_bytes() == b"8"
    (line,) = (lost(data) / "records.jsonl").read_text().splitlines()
    assert json.loads(line)[1]["key"] == "key-7"


def test_repair_makes_a_lost_bucket_private(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(data / "index.sqlite")) as database, database:
        database.execute("UPDATE bucket SET record = replace(record, 'public-read', 'private')")
    status, lines = fsck(capsys, data, "--repair")
    assert status == 0
    assert f"bucket {BUCKET} was rebuilt: private, without configurations" in lines
    assert len(invariants.check(data)) == KEYS


def test_other_folders_and_folders_in_use_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, (line,) = fsck(capsys, tmp_path)
    assert (status, "is not a --data folder" in line) == (1, True)
    with closing(DiskStorage(data, fsync=False)):
        status, (line,) = fsck(capsys, data, "--repair")
        assert (status, "is in use by another oss-emulator" in line) == (1, True)


def test_other_format_is_left_alone(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(data / "index.sqlite")) as database, database:
        database.execute("PRAGMA user_version = 1")
        database.execute("DROP TABLE state")
    status, lines = fsck(capsys, data, "--repair")
    assert (status, len(lines)) == (1, 1)
    assert "has the format 1; " in lines[0]
    assert not (data / "lost+found").exists()


def everything(folder: Path) -> dict[str, bytes | None]:
    """All files with their bytes, and all folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("damaged", [False, True])
def test_check_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damaged: bool
) -> None:
    """Neither beside a WAL, as a killed server leaves it, nor without one."""
    image = damage.make(tmp_path)
    (image / "index.sqlite-shm").unlink()
    for folder in (image, tmp_path / "live"):
        if damaged:
            index = (folder / "index.sqlite").read_bytes()
            (folder / "index.sqlite").write_bytes(index[:4096] + bytes(len(index) - 4096))
        before = everything(folder)
        assert fsck(capsys, folder)[0] == damaged
        assert everything(folder) == before


@pytest.mark.parametrize(
    "name",
    ["index.sqlite-wal", "index.sqlite-shm", "writing", "claims", "lock", "workers"],
)
def test_folder_instead_of_a_file_is_named_and_moved_away(
    data: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = data / name
    path.unlink(missing_ok=True)
    path.mkdir()
    (path / "inside").write_bytes(b"something")
    with pytest.raises(FolderError, match=name):
        DiskStorage(data)
    assert fsck(capsys, data) == (1, [f"{path} is a folder instead of a file"])
    assert (path / "inside").read_bytes() == b"something"
    assert fsck(capsys, data, "--repair")[0] == 0
    assert (lost(data) / name / "inside").read_bytes() == b"something"
    assert len(invariants.check(data)) == KEYS
    assert fsck(capsys, data) == (0, [f"{data} is whole"])


@pytest.mark.parametrize("how", ["damaged", "a folder"])
def test_damaged_key_of_tokens_is_reported_and_moved_away(
    data: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    open_token_key(data)
    assert fsck(capsys, data) == (0, [f"{data} is whole"])
    path = data / TOKEN_KEY_FILE
    if how == "damaged":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
        path.mkdir()
    status, lines = fsck(capsys, data)
    assert (status, len(lines)) == (1, 1)
    assert f"The key of security tokens and of KMS {path} is {how}" in lines[0]
    assert fsck(capsys, data, "--repair")[0] == 0
    assert (lost(data) / TOKEN_KEY_FILE).exists()
    assert len(invariants.check(data)) == KEYS
    assert fsck(capsys, data) == (0, [f"{data} is whole"])
    assert len(open_token_key(data)) == TOKEN_KEY_SIZE


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_file_that_cannot_be_read_is_named(
    data: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = data / "blobs"
    loop.rename(data / "away")
    loop.symlink_to(loop)
    said = {
        "en": f"oss-emulator: {loop} cannot be checked: Too many levels of symbolic links",
        "zh": f"oss-emulator: 无法检查 {loop}：符号链接层数过多",
    }
    assert fsck(capsys, data, "--lang", lang) == (1, [said[lang]])
    with pytest.raises(FolderError, match=f"^{loop} cannot be used: Too many levels"):
        DiskStorage(data)


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "{} cannot be repaired: File exists"), ("zh", "无法修复 {}：文件已存在")],
)
def test_repair_that_fails_says_why(
    data: Path, lang: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "index.sqlite").unlink()
    (data / "lost+found").touch()
    status, lines = fsck(capsys, data, "--repair", "--lang", lang)
    assert (status, lines[-1]) == (1, f"oss-emulator: {said.format(data / 'lost+found')}")


def test_repair_on_a_full_disk_says_so(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "index.sqlite").unlink()
    monkeypatch.setattr(schema, "CREATE", f"PRAGMA max_page_count = 1; {schema.CREATE}")
    status, lines = fsck(capsys, data, "--repair")
    said = f"oss-emulator: {data} cannot be repaired: database or disk is full"
    assert (status, lines[-1]) == (1, said)


def test_failure_without_a_path_or_a_reason_names_the_folder(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("odd")

    monkeypatch.setattr(layout, "walk", fail)
    assert fsck(capsys, data) == (1, [f"oss-emulator: {data} cannot be checked: odd"])
    with pytest.raises(FolderError, match=f"^the folder {data} cannot be used: odd"):
        DiskStorage(data)


def check_into(output: IO[bytes] | int, data: Path) -> subprocess.CompletedProcess[bytes]:
    """Check a folder in a process of its own, which writes each line to `output` at once."""
    return subprocess.run(
        [*EMULATOR, "fsck", data],
        stdout=output,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        env=environment(PYTHONUNBUFFERED="1"),
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_output_that_cannot_be_written_is_no_fault_of_the_folder(data: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = check_into(full, data)
    said = b"oss-emulator: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_reader_that_leaves_is_no_fault_of_the_folder(data: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = check_into(write, data)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
