"""The storage in a folder: restarts, removal of files, damage, and refusals."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import IO

import pytest
from oss_emulator import Emulator
from oss_emulator.protocol.message import Request
from oss_emulator.storage import blobs, disk, folder, index
from oss_emulator.storage.base import (
    NULL_VERSION,
    Account,
    Bucket,
    FolderError,
    Object,
    Part,
    Restore,
    Upload,
)
from oss_emulator.storage.blobs import Blob, MemoryBlob, StoredBlob
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.index import FORMAT

from tests.client import Client
from tests.rows import read_cases

CASES = read_cases("unit.storage")

BUCKET = Bucket("examplebucket", "1", 1.0, "cn-hangzhou", documents={"referer": b"<\xff\x00>"})


def put(storage: DiskStorage, key: str, data: bytes, version_id: str = NULL_VERSION) -> Object:
    writer = storage.blob_writer()
    writer.write(data)
    made = Object(
        key,
        (writer.finish(),),
        len(data),
        '"E"',
        2**64 - 1,
        2.5,
        "1",
        headers={"Content-Type": "text/plain", "x-oss-meta-a": "中"},
        tags={"k": "v"},
        version_id=version_id,
        restore=Restore(1.0, 2.0, "Expedited"),
        sealed=3.0,
        documents={"legalHold": b"<LegalHold/>"},
    )
    storage.put_object(BUCKET.name, made)
    return made


def put_copy(storage: DiskStorage, key: str, data: bytes) -> None:
    """Put an object whose bytes are in memory, as those of a seed are."""
    made = Object(key, (MemoryBlob(data),), len(data), '"E"', 0, 1.0, "1")
    storage.put_object(BUCKET.name, made)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "blobs").rglob("*") if path.is_file())


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[DiskStorage]:
    made = DiskStorage(tmp_path, fsync=False)
    made.put_bucket(BUCKET)
    yield made
    made.close()


def reopen(storage: DiskStorage) -> DiskStorage:
    storage.close()
    return DiskStorage(storage.folder, fsync=False)


def test_bucket_that_another_thread_left_alone_is_the_same_record(tmp_path: Path) -> None:
    with closing(DiskStorage(tmp_path)) as storage, ThreadPoolExecutor(1) as writer:
        storage.put_bucket(BUCKET)
        first = storage.bucket(BUCKET.name)
        writer.submit(put, storage, "key", b"data").result()
        assert storage.bucket(BUCKET.name) is first
        changed = BUCKET._replace(documents={})
        writer.submit(storage.put_bucket, changed).result()
        assert storage.bucket(BUCKET.name) == changed


def test_records_and_bytes_survive_a_restart(storage: DiskStorage) -> None:
    first = put(storage, "a\x00/中", b"abc", "1")
    second = put(storage, "a\x00/中", b"defg", "2")
    storage.put_upload(BUCKET.name, Upload("u", 4.5, first._replace(content=())))
    storage.put_part(BUCKET.name, "u", Part(1, second.content, 4, '"P"', 7, 5.0))
    again = reopen(storage)
    assert again.bucket(BUCKET.name) == BUCKET
    assert list(again.versions(BUCKET.name)) == [second, first]
    assert second.content[0].read(0, 9) == b"defg"
    assert again.upload(BUCKET.name, "u") == Upload("u", 4.5, first._replace(content=()))
    assert again.parts(BUCKET.name, "u") == [Part(1, second.content, 4, '"P"', 7, 5.0)]
    again.close()


def test_file_is_removed_with_its_last_record(storage: DiskStorage) -> None:
    put(storage, "a", b"abc")
    before = files(storage.folder)
    put(storage, "a", b"defg")
    (after,) = files(storage.folder)
    assert after not in before
    storage.delete_object(BUCKET.name, "a", NULL_VERSION)
    assert files(storage.folder) == []
    put(storage, "a", b"abc")
    storage.delete_bucket(BUCKET.name)
    assert files(storage.folder) == []


def test_folder_named_by_a_dot_holds_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(DiskStorage(Path())) as storage:
        storage.put_bucket(BUCKET)
        made = put(storage, "a", b"abc")
        storage.put_object(BUCKET.name, made._replace(key="b"))
        assert len(files(tmp_path)) == 1


def test_changed_record_keeps_its_file(storage: DiskStorage) -> None:
    made = put(storage, "a", b"abc")
    storage.replace_object(BUCKET.name, made._replace(acl="private"))
    found = storage.object(BUCKET.name, "a")
    assert found is not None
    assert found.content[0].read(0, 3) == b"abc"
    storage.delete_object(BUCKET.name, "a", NULL_VERSION)
    assert files(storage.folder) == []


def test_changed_record_gives_up_the_file_of_the_old_one(storage: DiskStorage) -> None:
    put(storage, "a", b"abc")
    (before,) = files(storage.folder)
    other = put(storage, "b", b"defg")
    storage.replace_object(BUCKET.name, other._replace(key="a"))
    assert before not in files(storage.folder)
    found = storage.object(BUCKET.name, "a")
    assert found is not None
    assert found.content[0].read(0, 4) == b"defg"


def test_every_commit_is_marked_outside_of_the_index(storage: DiskStorage) -> None:
    """Hence a start notices an index that lost a commit."""

    def commits() -> int:
        ((found,),) = storage._database.execute("SELECT commits FROM state").fetchall()
        return int(found)

    def mark() -> int:
        return int((storage.folder / "lock").read_bytes())

    before = mark()
    assert before == commits()
    put(storage, "a", b"abc")
    storage.delete_object(BUCKET.name, "a", NULL_VERSION)
    assert mark() == commits() == before + 2
    storage.delete_object(BUCKET.name, "missing", NULL_VERSION)
    with suppress(KeyError), storage.transaction():
        storage.put_bucket(BUCKET)
        raise KeyError
    assert mark() == commits() == before + 2


def test_start_removes_what_interrupted_writes_left(
    storage: DiskStorage, caplog: pytest.LogCaptureFixture
) -> None:
    put(storage, "a", b"abc")
    kept = files(storage.folder)
    finished = storage.blob_writer()
    finished.write(b"no record came")
    finished.finish()
    storage.blob_writer().write(b"cut off")
    (storage.folder / "blobs" / "README").touch()  # a file of somebody else
    again = reopen(storage)
    assert {*files(storage.folder)} == {*kept, storage.folder / "blobs" / "README"}
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{storage.folder}: removed 2 files of interrupted uploads without a record"
    )
    again.close()


@pytest.mark.parametrize("copied", [False, True], ids=["written", "copied"])
def test_finished_file_and_its_name_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copied: bool
) -> None:
    """Hence a record that is committed later never names bytes that a crash has lost."""
    synced: list[tuple[Path, int]] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        sync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path, path.stat().st_size))

    with closing(DiskStorage(tmp_path)) as storage:
        storage.put_bucket(BUCKET)
        monkeypatch.setattr(os, "fsync", fsync)
        if copied:
            put_copy(storage, "a", b"content")
        else:
            blob(storage, b"content")
        monkeypatch.undo()
    (file,) = files(tmp_path)
    assert synced[0] == (file, len(b"content"))
    assert [path for path, _ in synced[1:]] == [file.parent]


@pytest.mark.parametrize(("fsync", "level"), [(True, 2), (False, 0)], ids=["always", "off"])
def test_commits_are_synced_with_fsync(tmp_path: Path, fsync: bool, level: int) -> None:
    """By SQLite, which syncs the WAL at each commit with `synchronous = FULL`."""
    with closing(DiskStorage(tmp_path, fsync=fsync)) as storage:
        assert storage._database.execute("PRAGMA synchronous").fetchone() == (level,)
        assert storage._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_abandoned_and_forgotten_blobs_leave_no_file(storage: DiskStorage) -> None:
    writer = storage.blob_writer()
    writer.write(b"abc")
    writer.abandon()
    writer = storage.blob_writer()
    writer.write(b"abc")
    storage.discard_unreferenced((writer.finish(),))
    assert files(storage.folder) == []


def test_failed_transaction_keeps_the_files_of_the_old_records(storage: DiskStorage) -> None:
    put(storage, "a", b"abc")

    def fail() -> None:
        with storage.transaction():
            storage.delete_object(BUCKET.name, "a", NULL_VERSION)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    found = storage.object(BUCKET.name, "a")
    assert found is not None
    assert found.content[0].read(0, 3) == b"abc"


def test_second_process_is_refused(storage: DiskStorage) -> None:
    with pytest.raises(FolderError, match="in use by another oss-emulator: stop that one, or"):
        DiskStorage(storage.folder)


def test_writers_take_turns(storage: DiskStorage) -> None:
    """Four threads commit, each commit with a checkpoint, and no record is lost."""

    def write(writer: int) -> None:
        storage._database.execute("PRAGMA wal_autocheckpoint = 1")
        for number in range(100):
            storage.put_account(Account(f"{writer}-{number}"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert len(storage.accounts()) == 400
    again = reopen(storage)
    assert again._database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(again.accounts()) == 400
    again.close()


@pytest.mark.parametrize("number", [FORMAT - 1, FORMAT + 1])
def test_other_format_is_refused(storage: DiskStorage, number: int) -> None:
    storage.close()
    with closing(sqlite3.connect(storage.folder / "index.sqlite")) as database, database:
        database.execute(f"PRAGMA user_version = {number}")
        database.execute("UPDATE state SET format = ?", (number,))
    check_format_is_refused(storage.folder, number)


def test_format_without_a_count_of_commits_is_refused(storage: DiskStorage) -> None:
    storage.close()
    with closing(sqlite3.connect(storage.folder / "index.sqlite")) as database, database:
        database.execute("PRAGMA user_version = 1")
        database.execute("DROP TABLE state")
    check_format_is_refused(storage.folder, 1)


def check_format_is_refused(folder: Path, number: int) -> None:
    """Check that a start names the remedy and changes nothing."""
    before = (folder / "index.sqlite").read_bytes()
    reason = f"has the format {number}; .*: use the version that wrote it, or another folder"
    with pytest.raises(FolderError, match=reason):
        DiskStorage(folder)
    assert (folder / "index.sqlite").read_bytes() == before


def test_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FolderError, match="cannot be used"):
        DiskStorage(file)


def test_folder_with_another_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_text("this is not a database" * 100)
    with pytest.raises(FolderError, match="cannot be used"):
        DiskStorage(tmp_path)


def test_keys_never_become_file_names(storage: DiskStorage) -> None:
    keys = ("../../out", "/etc/passwd", "..", "CON", "a" * 1023, "A", "a", "\x00", "中/" * 200)
    for key in keys:
        put(storage, key, key.encode())
    for key in keys:
        found = storage.object(BUCKET.name, key)
        assert found is not None
        assert found.content[0].read(0, 2000) == key.encode()
    names = [path.name for path in files(storage.folder)]
    assert len(names) == len(keys)
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)


# --- modes


@pytest.mark.parametrize(("before", "umask"), CASES["only_the_owner_can_read_a_folder"])
def test_only_the_owner_can_read_a_folder(tmp_path: Path, before: str, umask: int) -> None:
    folder = tmp_path / "data"
    old = os.umask(umask)
    try:
        if before != "missing":
            folder.mkdir(mode=0o755)
        if before == "of an earlier version":
            DiskStorage(folder).close()
            (folder / "index.sqlite").chmod(0o644)
            (folder / "blobs").chmod(0o755)
        with closing(DiskStorage(folder, fsync=False)) as storage:
            storage.put_bucket(BUCKET)
            put(storage, "a", b"abc")
            storage.blob_writer().write(b"arriving")
            storage.blob_writer().finish()
            found = [folder, *folder.rglob("*")]
            modes = {path: path.stat().st_mode & 0o7777 for path in found}
    finally:
        os.umask(old)
    for path, mode in modes.items():
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_folder_keeps_the_mode_that_its_owner_chose(storage: DiskStorage) -> None:
    storage.folder.chmod(0o750)
    reopen(storage).close()
    assert storage.folder.stat().st_mode & 0o7777 == 0o750


# --- what a query costs


QUERIES: list[Callable[[DiskStorage], object]] = [
    lambda storage: storage.bucket(BUCKET.name),
    lambda storage: storage.object(BUCKET.name, "a"),
    lambda storage: storage.object(BUCKET.name, "a", "1"),
    lambda storage: list(storage.objects(BUCKET.name, "a")),
    lambda storage: list(storage.versions(BUCKET.name, "a")),
    lambda storage: list(storage.uploads(BUCKET.name)),
    lambda storage: storage.upload(BUCKET.name, "u"),
    lambda storage: storage.parts(BUCKET.name, "u"),
    lambda storage: put(storage, "a", b"abc"),
    lambda storage: storage.delete_object(BUCKET.name, "a", "1"),
    lambda storage: storage.delete_bucket(BUCKET.name),
]


def test_every_query_walks_an_index(storage: DiskStorage) -> None:
    """It starts at the first row of the result and follows its order."""
    connection = storage._database
    statements: list[str] = []
    for ask in QUERIES:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        ask(storage)
        connection.set_trace_callback(None)
        found = [text for text in asked if text.split()[0] in ("SELECT", "UPDATE", "DELETE")]
        assert found
        statements += found
    for statement in statements:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert plan
        assert not [step for step in plan if "SCAN" in step or "TEMP B-TREE" in step], plan


def test_page_of_a_listing_reads_its_own_rows_only(storage: DiskStorage) -> None:
    """SQLite counts as many steps in a bucket of 100 keys as in one of 2,000."""
    steps = []
    for many in (100, 2000):
        with storage.transaction():
            for number in range(many):
                storage.put_object(BUCKET.name, Object(f"{number:05}", (), 0, "", 0, 0.0, "1"))
        connection = storage._database
        count = 0

        def step() -> None:
            nonlocal count
            count += 1

        connection.set_progress_handler(step, 1)
        page = list(islice(storage.objects(BUCKET.name, "00050"), 50))
        connection.set_progress_handler(None, 1)
        assert len(page) == 50
        steps.append(count)
    assert steps[1] <= steps[0]


# --- a file removed between the lookup of its record and its opening


def test_object_that_is_replaced_during_its_lookup_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Emulator(data=tmp_path / "data") as emulator:
        emulator.put("/examplebucket", headers={"x-oss-acl": "public-read"})
        emulator.put("/examplebucket/a", b"old")
        real = StoredBlob.open
        seen: list[StoredBlob] = []

        def open_late(blob: StoredBlob) -> IO[bytes]:
            if not seen:
                seen.append(blob)
                request = Request.parse("PUT", "/examplebucket/a", [("Host", "localhost")], 1.0)
                service = emulator.service
                assert service.handle(request, b"new", caller=service.accounts.owner).status == 200
                assert not Path(blob.path).exists()
            return real(blob)

        monkeypatch.setattr(StoredBlob, "open", open_late)
        answer = Client("127.0.0.1", emulator.port).get("/examplebucket/a")
        assert (answer.status, answer.body) == (200, b"new")
        assert len(seen) == 1


def link(path: Path) -> None:
    """Replace a file by a link to the same bytes."""
    path.rename(path.with_name("away"))
    path.symlink_to(path.with_name("away"))


def replace(make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Remove a file and create something else in its place."""

    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def forge(path: Path) -> None:
    """Write other bytes of the same size, and set the times back."""
    before = path.stat()
    path.write_bytes(b"BYTES")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


OTHER = "no longer holds the bytes that were put"
DAMAGES: list[tuple[Callable[[Path], object], str]] = [
    (Path.unlink, "No such file"),
    (lambda path: path.write_bytes(b"BYTES"), OTHER),
    (forge, OTHER),
    (lambda path: path.write_bytes(b"byte"), OTHER),
    (lambda path: path.write_bytes(b"bytes!"), OTHER),
    (link, "is not the file that was put"),
    (replace(Path.mkdir), "is not the file that was put"),
    (replace(os.mkfifo), OTHER),
]


def test_damaged_blob_breaks_only_its_object(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A blob may be damaged before the start or while the server runs."""
    data = tmp_path / "data"
    paths: list[Path] = []
    with Emulator(data=data) as emulator:
        emulator.put("/examplebucket", headers={"x-oss-acl": "public-read-write"})
        client = Client("127.0.0.1", emulator.port)
        for number in range(len(DAMAGES)):
            emulator.put(f"/examplebucket/{number}", b"bytes")
            (path,) = {*files(data)} - {*paths}
            paths.append(path)
            assert client.get(f"/examplebucket/{number}").body == b"bytes"
        emulator.put("/examplebucket/b", b"others")
        for path, (damage, _) in zip(paths, DAMAGES, strict=True):
            damage(path)
        check_broken(client, paths, caplog)
    with Emulator(data=data) as emulator:
        client = Client("127.0.0.1", emulator.port)
        check_broken(client, paths, caplog)
        for number in range(len(DAMAGES)):
            assert client.put(f"/examplebucket/{number}", b"again").status == 200
            assert client.get(f"/examplebucket/{number}").body == b"again"


def check_broken(client: Client, paths: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    """Check that a damaged object gets 500 and a line in the log, and that the rest works."""
    for number, (path, (_, reason)) in enumerate(zip(paths, DAMAGES, strict=True)):
        target = f"/examplebucket/{number}"
        several = [("Range", "bytes=3-3,1-2"), ("x-oss-multi-range-behavior", "multi-range")]
        requests: list[tuple[str, str, list[tuple[str, str]]]] = [
            ("GET", target, []),
            ("GET", target, [("Range", "bytes=1-2")]),
            ("GET", target, several),
            ("HEAD", target, []),
            ("HEAD", f"{target}?objectMeta", []),
            ("GET", f"{target}?objectMeta", []),
            ("PUT", "/examplebucket/b", [("x-oss-copy-source", target)]),
            ("PUT", target, [("x-oss-copy-source", target)]),
        ]
        for method, asked, headers in requests:
            caplog.clear()
            answer = client.request(method, asked, headers)
            assert (answer.status, answer.code) == (500, "InternalError")
            (record,) = caplog.records
            assert record.exc_info is None
            assert path.name in record.getMessage()
            assert reason in record.getMessage()
    assert client.get("/examplebucket/b").body == b"others"
    assert client.put("/examplebucket/c", b"new").status == 200


def test_same_bytes_in_another_file_are_served(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    with Emulator(data=data) as emulator:
        emulator.put("/examplebucket", headers={"x-oss-acl": "public-read"})
        emulator.put("/examplebucket/a", b"bytes")
        client = Client("127.0.0.1", emulator.port)
        assert client.get("/examplebucket/a").body == b"bytes"
        (path,) = files(data)
        path.chmod(0o640)  # this changes the change time
        assert client.get("/examplebucket/a").body == b"bytes"
        shutil.copy2(path, tmp_path / "restored")
        (tmp_path / "restored").replace(path)
        assert client.head("/examplebucket/a").status == 200
        assert client.get("/examplebucket/a").body == b"bytes"
    shutil.copytree(data, copy)
    with Emulator(data=copy) as emulator:
        assert Client("127.0.0.1", emulator.port).get("/examplebucket/a").body == b"bytes"


def test_copy_reads_its_source_in_a_pool_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    real = StoredBlob.check

    def check(blob: StoredBlob) -> Iterator[bool]:
        threads.append(threading.current_thread().name)
        return real(blob)

    monkeypatch.setattr(StoredBlob, "check", check)
    with Emulator(data=tmp_path / "data") as emulator:
        bucket = emulator.bucket(BUCKET.name)
        bucket.put_object("a", b"bytes")
        for key in "bc":
            bucket.copy_object(BUCKET.name, "a", key)
        assert bucket.get_object("c").read() == b"bytes"
    (thread,) = threads
    assert thread.startswith("oss-emulator-copies")


@pytest.mark.parametrize("how", ["deleted", "replaced", "index"])
def test_every_request_notices_a_removed_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """The storage accepts no writes that would be lost, and does not create the folder again."""
    data, aside = tmp_path / "data", tmp_path / "aside"
    with Emulator(data=data) as emulator:
        emulator.put("/examplebucket", headers={"x-oss-acl": "public-read-write"})
        emulator.put("/examplebucket/a", b"bytes")
        client = Client("127.0.0.1", emulator.port)
        assert client.put("/examplebucket/b", b"bytes").status == 200
        source = data / "index.sqlite" if how == "index" else data
        source.rename(aside)
        if how == "replaced":
            DiskStorage(data).close()
        for method, path in (
            ("PUT", "/examplebucket/b"),
            ("PUT", "/examplebucket/c"),
            ("GET", "/examplebucket/a"),
            ("HEAD", "/examplebucket/a"),
            ("GET", "/examplebucket"),
            ("DELETE", "/examplebucket/a"),
        ):
            answer = client.request(method, path, body=b"new" if method == "PUT" else b"")
            assert answer.status == 500, (method, path)
            (record,) = caplog.records
            assert record.exc_info is None
            assert f"the folder {data} was deleted or replaced" in record.getMessage()
            caplog.clear()
        assert data.exists() == (how != "deleted")
        if how == "replaced":
            data.rename(tmp_path / "other")
        aside.rename(source)
        assert client.get("/examplebucket/a").body == b"bytes"
        assert client.put("/examplebucket/c", b"new").status == 200


# --- an object of many files


@pytest.fixture
def many(storage: DiskStorage, monkeypatch: pytest.MonkeyPatch) -> list[StoredBlob]:
    """The blobs of an object with more files than may be open at once."""
    monkeypatch.setattr(blobs, "MANY", 2)
    content = tuple(found for text in (b"a", b"b", b"c") for found in blob(storage, text))
    storage.put_object(BUCKET.name, Object("many", content, 3, '"E"', 0, 1.0, "1"))
    return [found for found in content if isinstance(found, StoredBlob)]


def blob(storage: DiskStorage, data: bytes) -> tuple[Blob, ...]:
    writer = storage.blob_writer()
    writer.write(data)
    return (writer.finish(),)


def open_blobs(storage: DiskStorage) -> int:
    links = map(os.path.realpath, Path("/proc/self/fd").iterdir())  # a file may be closed meanwhile
    return sum(link.startswith(f"{storage.folder}/blobs") for link in links)


def test_many_files_are_opened_one_by_one(storage: DiskStorage, many: list[StoredBlob]) -> None:
    opened = blobs.open_files(many)
    assert open_blobs(storage) == 0
    for file, data in zip(opened, (b"a", b"b", b"c"), strict=True):
        assert os.pread(file.fileno(), 9, 0) == data
        assert os.pread(file.fileno(), 9, 0) == data
        assert open_blobs(storage) == 1
    del opened, file
    assert open_blobs(storage) == 0


def test_many_files_are_removed_after_their_last_reader(
    storage: DiskStorage, many: list[StoredBlob]
) -> None:
    opened, others = blobs.open_files(many), blobs.open_files(many)
    assert os.pread(opened[0].fileno(), 9, 0) == b"a"
    storage.delete_object(BUCKET.name, "many", NULL_VERSION)
    assert [os.pread(file.fileno(), 9, 0) for file in opened] == [b"a", b"b", b"c"]
    del opened
    assert len(files(storage.folder)) == 3
    assert [os.pread(file.fileno(), 9, 0) for file in others] == [b"a", b"b", b"c"]
    del others
    assert files(storage.folder) == []
    with pytest.raises(FileNotFoundError):
        blobs.open_files(many)


def test_files_of_a_transaction_are_synced_together_before_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    made = DiskStorage(tmp_path)

    def sync_files(paths: Sequence[str]) -> None:
        assert made._database.in_transaction
        folder.sync_files(paths)
        synced.extend(paths)

    monkeypatch.setattr(index, "sync_files", sync_files)
    with closing(made):
        made.put_bucket(BUCKET)
        with made.transaction():
            for number in range(folder.FEW + 1):
                put_copy(made, f"key-{number}", b"bytes")
            assert synced == []
        assert sorted(synced) == [str(path) for path in files(tmp_path)]
        assert len(list(made.objects(BUCKET.name))) == folder.FEW + 1


def test_new_object_of_a_transaction_takes_two_statements(tmp_path: Path) -> None:
    """Seeds put thousands of objects in one transaction."""
    statements: list[str] = []
    with closing(DiskStorage(tmp_path)) as storage:
        storage.put_bucket(BUCKET)
        with storage.transaction():
            put_copy(storage, "first", b"bytes")
            storage._database.set_trace_callback(statements.append)
            put_copy(storage, "second", b"bytes")
            storage._database.set_trace_callback(None)
    assert [text.split()[0] for text in statements] == ["INSERT", "INSERT"]


def test_object_put_in_a_transaction_can_be_read_in_it(tmp_path: Path) -> None:
    with closing(DiskStorage(tmp_path)) as storage:
        storage.put_bucket(BUCKET)
        with storage.transaction():
            put_copy(storage, "key", b"bytes")
            found = storage.object(BUCKET.name, "key")
            assert found is not None
            assert found.content[0].read(0, 5) == b"bytes"


def test_rollback_removes_the_files_of_a_transaction(tmp_path: Path) -> None:
    with closing(DiskStorage(tmp_path)) as storage:
        storage.put_bucket(BUCKET)
        with suppress(KeyError), storage.transaction():
            put_copy(storage, "key", b"bytes")
            raise KeyError
        assert files(tmp_path) == []


def test_commit_ignores_a_file_that_was_finished_and_abandoned(tmp_path: Path) -> None:
    with closing(DiskStorage(tmp_path)) as storage:
        with storage.transaction():
            storage.put_bucket(BUCKET)
            writer = storage.blob_writer()
            writer.finish()
            writer.abandon()
        assert storage.bucket(BUCKET.name) == BUCKET


# --- records that are cached by their text


def test_record_that_did_not_change_is_parsed_once(storage: DiskStorage) -> None:
    put(storage, "a", b"bytes")
    assert storage.object(BUCKET.name, "a") is storage.object(BUCKET.name, "a")


def test_remembered_records_are_few_and_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "REMEMBERED", 2)
    monkeypatch.setattr(disk, "SHORT", 400)
    with closing(DiskStorage(tmp_path, fsync=False)) as storage:
        storage.put_bucket(BUCKET)
        for key in ("a", "b", "c", "long" * 100):
            storage.put_object(BUCKET.name, Object(key, (), 0, "", 0, 0.0, "1"))
        found = {key: storage.object(BUCKET.name, key) for key in ("a", "b", "c", "long" * 100)}
        assert storage.object(BUCKET.name, "c") is found["c"]
        assert storage.object(BUCKET.name, "a") is not found["a"]
        assert storage.object(BUCKET.name, "long" * 100) is not found["long" * 100]
