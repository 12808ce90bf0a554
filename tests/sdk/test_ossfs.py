"""ossfs, which makes OSS a file system of fsspec, in its synchronous and its asynchronous form.

`make lowest` installs it: it needs an older oss2 than the other tests use, and its asynchronous
form an older aiohttp. The plugin's emulator runs in the same process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import aiohttp
import oss2
import pytest
from oss_emulator import Emulator

from tests.docs.markdown import settings

ossfs = pytest.importorskip("ossfs", reason="ossfs is missing: only `make lowest` installs it")

AIOHTTP = tuple(int(part) for part in aiohttp.__version__.split(".")[:2])
"""The asynchronous form has its own class of bodies, which aiohttp 3.10 and later refuse."""

NAMES = ["a", "a b", "a+b", "50%", "%41", "中文.txt", "目录/图 1+1=100%.png", "?x=1&y#z"]
BLOCK = 5 * 1024 * 1024
"""The bytes of a part; uploads of two parts and more are sent in parts."""

BUCKET = "examplebucket"


@pytest.fixture(params=["OSSFileSystem", "AioOSSFileSystem"])
def connect(request: pytest.FixtureRequest, oss_emulator: Emulator) -> Callable[..., Any]:
    """Create a file system: `connect(key=…, secret=…)`; an anonymous one without a key."""
    if request.param == "AioOSSFileSystem" and AIOHTTP >= (3, 10):
        pytest.skip(
            f"aiooss2 cannot send bodies with aiohttp {aiohttp.__version__}, only before 3.10"
        )
    kind = getattr(ossfs, request.param)
    printed = settings("docs/clients.md", "ossfs", oss_emulator.port)[0]
    endpoint = printed.removeprefix('OSSFileSystem(endpoint="').removesuffix('", …)')
    return lambda **key: kind(endpoint=endpoint, skip_instance_cache=True, **key)


@pytest.fixture
def bucket(oss_emulator: Emulator) -> Iterator[oss2.Bucket]:
    """The bucket of the file system, for operations that ossfs lacks."""
    found = oss_emulator.bucket(BUCKET, acl="public-read")
    yield found
    found.session.session.close()


@pytest.fixture
def files(connect: Callable[..., Any], bucket: oss2.Bucket, oss_emulator: Emulator) -> Any:
    """The file system of the bucket's owner."""
    return connect(key=oss_emulator.access_key_id, secret=oss_emulator.access_key_secret)


def digest(content: bytes) -> str:
    """Return an MD5 as ETags have it."""
    return md5(content, usedforsecurity=False).hexdigest().upper()


def test_names_with_special_characters_survive(files: Any, bucket: oss2.Bucket) -> None:
    """P-03, P-43: ossfs encodes them itself."""
    for name in NAMES:
        files.pipe_file(f"{BUCKET}/{name}", name.encode())
    assert sorted(item.key for item in oss2.ObjectIterator(bucket)) == sorted(NAMES)
    for name in NAMES:
        path = f"{BUCKET}/{name}"
        assert files.cat_file(path) == name.encode()
        assert files.exists(path)
        info = files.info(path)
        assert (info["name"], info["type"], info["size"]) == (path, "file", len(name.encode()))
    files.rm(f"{BUCKET}/a+b")
    assert not files.exists(f"{BUCKET}/a+b")
    assert files.exists(f"{BUCKET}/a b")
    assert not files.exists(f"{BUCKET}/b")


def test_tree_is_listed_found_and_removed(files: Any) -> None:
    for name in ("a", "dir/b", "dir/sub/c", "other/d"):
        files.pipe_file(f"{BUCKET}/{name}", name.encode())
    assert files.ls("", detail=False) == [BUCKET]
    assert files.ls(BUCKET, detail=False) == [f"{BUCKET}/{n}" for n in ("a", "dir/", "other/")]
    assert files.ls(f"{BUCKET}/dir", detail=False) == [f"{BUCKET}/dir/b", f"{BUCKET}/dir/sub/"]
    assert list(files.find(f"{BUCKET}/dir")) == [f"{BUCKET}/dir/b", f"{BUCKET}/dir/sub/c"]
    assert files.info(f"{BUCKET}/dir/sub")["type"] == "directory"
    files.rm(f"{BUCKET}/dir", recursive=True)
    assert list(files.find(BUCKET)) == [f"{BUCKET}/a", f"{BUCKET}/other/d"]


def test_more_objects_than_a_page_are_found_and_removed(files: Any, bucket: oss2.Bucket) -> None:
    """The pages of ossfs have 100 names, and it deletes up to 1,000 at once."""
    names = [f"many/{number:03}" for number in range(201)]
    for name in names:
        bucket.put_object(name, b"")
    assert list(files.find(f"{BUCKET}/many")) == [f"{BUCKET}/{name}" for name in names]
    files.rm(f"{BUCKET}/many", recursive=True)
    assert not files.exists(f"{BUCKET}/many")


def test_files_are_put_got_copied_and_moved(files: Any, tmp_path: Path) -> None:
    local, back = tmp_path / "local", tmp_path / "back"
    local.write_bytes(b"content")
    files.put(str(local), f"{BUCKET}/put")
    files.cp(f"{BUCKET}/put", f"{BUCKET}/目录/c+d e%")
    files.mv(f"{BUCKET}/put", f"{BUCKET}/moved+")
    assert list(files.find(BUCKET)) == [f"{BUCKET}/moved+", f"{BUCKET}/目录/c+d e%"]
    files.get(f"{BUCKET}/目录/c+d e%", str(back))
    assert back.read_bytes() == files.cat_file(f"{BUCKET}/moved+") == b"content"


def test_ranges_are_read(files: Any) -> None:
    files.pipe_file(f"{BUCKET}/a", b"0123456789")
    with files.open(f"{BUCKET}/a", "rb") as opened:
        opened.seek(-3, os.SEEK_END)
        assert opened.read() == b"789"


def test_files_are_written_and_continued_by_appending(files: Any, bucket: oss2.Bucket) -> None:
    """P-38: ossfs appends every block that it writes, and begins at the size from the server."""
    path = f"{BUCKET}/log"
    with files.open(path, "wb") as opened:
        opened.write(b"first ")
        opened.write(b"line\n")
    with files.open(path, "ab") as opened:
        opened.write(b"second line\n")
    assert files.cat_file(path) == b"first line\nsecond line\n"
    assert bucket.head_object("log").headers["x-oss-object-type"] == "Appendable"
    assert files.append_object(path, 23, b"third line\n") == 34


def test_append_at_a_wrong_position_shows_as_an_error(files: Any) -> None:
    """P-38: ossfs adds the size of its buffer to the position, which is then wrong."""
    opened = files.open(f"{BUCKET}/a", "wb", block_size=5)
    opened.write(b"12345")
    with pytest.raises(OSError, match="PositionNotEqualToLength"):
        opened.write(b"67890")
    opened.closed = True  # otherwise it tries again when it is garbage-collected
    assert files.cat_file(f"{BUCKET}/a") == b"12345"


def test_large_content_and_files_are_sent_in_parts(
    files: Any, bucket: oss2.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-41. Files are sent in parts from 100 MiB on; here all are."""
    for module in ("core", "async_oss"):
        monkeypatch.setattr(f"ossfs.{module}.SIMPLE_TRANSFER_THRESHOLD", 1)
    local, back = tmp_path / "local", tmp_path / "back"
    content = os.urandom(2 * BLOCK) + b"end"
    local.write_bytes(content)
    files.pipe_file(f"{BUCKET}/piped", content)
    piped = bucket.head_object("piped")
    assert piped.headers["x-oss-object-type"] == "Multipart"
    parts = [content[:BLOCK], content[BLOCK : 2 * BLOCK], b"end"]
    digests = "".join(digest(part) for part in parts)
    assert piped.etag == f"{digest(digests.encode())}-3"
    files.put_file(str(local), f"{BUCKET}/put")
    assert bucket.head_object("put").headers["x-oss-object-type"] == "Multipart"
    files.get_file(f"{BUCKET}/put", str(back))
    assert back.read_bytes() == content


def test_time_of_an_object_comes_from_its_meta(
    files: Any, bucket: oss2.Bucket, oss_emulator: Emulator
) -> None:
    """P-56: the asynchronous form reads it by GET, and can continue with the next request."""
    files.pipe_file(f"{BUCKET}/a", b"content")
    for _ in range(2):
        assert files.modified(f"{BUCKET}/a") == bucket.head_object("a").last_modified
        assert files.cat_file(f"{BUCKET}/a") == b"content"
    asked = [e.request for e in oss_emulator.journal if e.operation == "GetObjectMeta"]
    method = {"OSSFileSystem": "HEAD", "AioOSSFileSystem": "GET"}[type(files).__name__]
    assert [request.method for request in asked] == [method] * 2


def test_bodies_without_a_length_are_stored_whole(files: Any, oss_emulator: Emulator) -> None:
    """The asynchronous form sends every body in chunks."""
    content = os.urandom(300_000)
    files.pipe_file(f"{BUCKET}/a", content)
    assert files.cat_file(f"{BUCKET}/a") == content
    (sent,) = [entry.request for entry in oss_emulator.journal if entry.operation == "PutObject"]
    chunked = type(files).__name__ == "AioOSSFileSystem"
    assert ("transfer-encoding" in sent.headers) is chunked
    assert ("content-length" in sent.headers) is not chunked


def test_missing_object_shows_as_a_missing_file(files: Any) -> None:
    """P-39"""
    with pytest.raises(FileNotFoundError, match="The specified key does not exist"):
        files.cat_file(f"{BUCKET}/a")
    with pytest.raises(FileNotFoundError):
        files.info(f"{BUCKET}/a")


def test_denial_by_hotlink_protection_shows_as_missing_permission(
    files: Any, connect: Callable[..., Any], bucket: oss2.Bucket, oss_emulator: Emulator
) -> None:
    """R-01, R-11: ossfs sends no Referer. It reads by signed headers unless it has no key."""
    files.pipe_file(f"{BUCKET}/a", b"content")
    anonymous = connect()
    assert anonymous.cat_file(f"{BUCKET}/a") == b"content"
    bucket.put_bucket_referer(oss2.models.BucketReferer(False, ["https://www.example.com/"]))
    with pytest.raises(PermissionError, match="You are denied by bucket referer policy"):
        anonymous.cat_file(f"{BUCKET}/a")
    assert oss_emulator.journal[-1].ec == "0003-00000501"
    assert files.cat_file(f"{BUCKET}/a") == b"content"
