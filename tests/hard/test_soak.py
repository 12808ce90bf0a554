"""Short runs of what `make soak` does for long: crashes, leaks, random requests and damage."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.checksums import format_md5, md5
from oss_emulator.storage.base import FolderError
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.folder import BLOBS, INDEX, LOCK, RESERVE, SHM, WAL

from tests.cli.process import EMULATOR, environment, serving, wait_for
from tests.client import Live
from tests.hard import crash, damage, fuzz, leaks, soak
from tests.hard.large import MOST, peak, up_and_down
from tests.hard.traffic import FLAGS
from tests.thorough import THOROUGH, cases
from tests.unit.pipeline.service import SETTINGS, ask, put

pytestmark = pytest.mark.system


@pytest.mark.parametrize("flags", [(), ("--fsync", "off")])
def test_acknowledged_writes_survive_a_crash(tmp_path: Path, flags: tuple[str, ...]) -> None:
    report = crash.run(tmp_path, 2, *flags, longest=0.4)
    assert report.rounds == 2
    assert report.acknowledged > 0
    assert report.in_doubt > 0


SEEDED = 5000
"""Objects of a seed whose start can be killed before it is done."""


def test_start_that_was_killed_while_it_seeds_starts_again(tmp_path: Path) -> None:
    seed, data = tmp_path / "seed.toml", tmp_path / "data"
    objects = (f'[[bucket.object]]\nkey = "{n}"\ntext = "text {n}"\n' for n in range(SEEDED))
    seed.write_text('[[bucket]]\nname = "seeded"\nacl = "public-read"\n' + "".join(objects))
    flags = ("--data", str(data), "--seed", str(seed))

    def written() -> int:
        return sum(path.is_file() for path in (data / "blobs").rglob("*"))

    command = [*EMULATOR, "serve", "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment()) as process:
        wait_for(lambda: written() > 100)
        process.kill()
    assert 100 < written() <= SEEDED
    with serving(tmp_path, *flags) as running:
        assert running.ask("GET", f"/seeded/{SEEDED - 1}").text == f"text {SEEDED - 1}"
        assert written() == SEEDED


def test_operation_that_breaks_off_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the writes of one request, which the rounds of `crash` may never hit."""
    document = b"<Delete>%b</Delete>" % b"".join(
        b"<Object><Key>%d</Key></Object>" % number for number in range(3)
    )
    with closing(DiskStorage(tmp_path, fsync=False)) as storage:
        service = Service(replace(SETTINGS, data=tmp_path), storage)
        for target in ("/bucket", *(f"/bucket/{number}" for number in range(3))):
            put(service, target, b"" if target == "/bucket" else b"content")
        delete = storage.delete_object
        deleted: list[str] = []

        def break_off(bucket: str, key: str, version_id: str) -> None:
            if deleted:
                raise OSError("the power is gone")
            deleted.append(key)
            delete(bucket, key, version_id)

        monkeypatch.setattr(storage, "delete_object", break_off)
        digest = format_md5(md5(document))
        request = ask("POST", "/bucket?delete", {"Content-MD5": digest})
        with pytest.raises(OSError, match="the power is gone"):
            service.handle(request, document, caller=service.accounts.owner)
        assert [item.key for item in storage.objects("bucket")] == ["0", "1", "2"]


# --- Leaks


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "asyncio"])
def test_no_conversation_leaves_anything_behind(fast: bool) -> None:
    kinds = leaks.run(1, 120, fast=fast)
    assert sum(kinds.values()) == 120


# --- The soak test for a few seconds, with the same traffic

WARMING = 100 * 1024**2
"""Bytes that a server needs in its first seconds for twenty parallel uploads, threads, caches."""


def test_mixed_traffic_causes_no_errors_and_no_leaks(tmp_path: Path) -> None:
    report = soak.run(tmp_path, 3, 20, WARMING)
    assert sum(report.requests.values()) > 100
    assert set(report.requests) >= {"PUT", "GET", "hotlink", "multipart upload"}


# --- An object of 256 MiB does not grow the server's memory


@pytest.mark.parametrize("store", ["memory", "disk"])
def test_large_objects_do_not_grow_memory(tmp_path: Path, store: str) -> None:
    flags = ("--data", str(tmp_path / "data")) if store == "disk" else ()
    with serving(tmp_path, *flags, *FLAGS) as running:
        up_and_down(running, 256 * 1024**2)
        assert peak(running) < MOST
        assert running.end() == 0


# --- Random requests


@pytest.mark.thorough
def test_random_requests_cause_no_failure_and_no_hang(tmp_path: Path) -> None:
    happened = fuzz.run(tmp_path, cases(400, 20_000))
    assert happened["off 2xx"] > 10
    assert happened["strict 2xx"] > 10
    assert happened["strict 4xx"] > 10


LINES = st.sampled_from(
    [
        b"GET /fuzz/a HTTP/1.1\r\n",
        b"PUT /fuzz/a HTTP/1.1\r\n",
        b"POST /fuzz HTTP/1.0\r\n",
        b"GET / HTTP/9.9\r\n",
        b"GET\r\n",
        b"Host: 127.0.0.1\r\n",
        b"Host: \r\n",
        b"Host: nobody.example\r\n",
        b"Host: [::1\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: five\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Content-Type: multipart/form-data; boundary=b\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: upgrade\r\nUpgrade: websocket\r\n",
        b"Range: bytes=\xff\r\n",
        b": nameless\r\n",
        b" folded\r\n",
        b"\r\n",
        b"5\r\nhello\r\n",
        b"zz\r\n",
        b"0\r\n\r\n",
        b"hello",
        b"--b\r\n",
    ]
)


@settings(
    max_examples=cases(15, 300),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.lists(st.one_of(LINES, st.binary(max_size=20)), max_size=8).map(b"".join))
def test_connection_closes_after_random_bytes(live: Live, data: bytes) -> None:
    """The server closes once the client has sent everything."""
    with live.client.connect() as connection:
        connection.send(data)
        connection.finish()
        for line in connection.rest().split(b"\r\n"):
            if line.startswith(b"HTTP/1.1 5"):
                assert line.startswith(b"HTTP/1.1 501")
    assert live.client.get("/_emulator/health").status == 200


# --- Damaged folders


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
