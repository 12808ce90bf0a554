"""A long UploadPartCopy does not block other requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5

import pytest
from oss_emulator import Emulator
from oss_emulator.storage.blobs import Blob, BlobWriter

from tests.client import Answer, Client

PATIENCE = 20
DATA = bytes(range(256)) * 1024 * 17
"""More bytes than are kept in memory."""


@pytest.fixture(params=["memory", "disk"], scope="module")
def emulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("data") if request.param == "disk" else None
    with Emulator(data=folder) as running:
        running.bucket("examplebucket", acl="public-read-write")
        yield running


class HeldUp:
    """A writer that waits for an event before its first write."""

    def __init__(self, writer: BlobWriter, arrived: threading.Event, gate: threading.Event) -> None:
        self._writer, self._arrived, self._gate = writer, arrived, gate

    def write(self, chunk: bytes) -> None:
        self._arrived.set()
        assert self._gate.wait(PATIENCE)
        self._writer.write(chunk)

    def finish(self) -> Blob:
        return self._writer.finish()

    def abandon(self) -> None:
        self._writer.abandon()


def ask(emulator: Emulator, method: str, target: str, *headers: tuple[str, str]) -> Answer:
    return Client("127.0.0.1", emulator.port).request(method, f"/examplebucket/{target}", headers)


@pytest.mark.parametrize("part", ["", "bytes=100-4399999"])
def test_slow_part_copy_does_not_block_others(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """A copy that has begun is completed even if its source is deleted meanwhile."""
    emulator.put("/examplebucket/source", DATA)
    emulator.put("/examplebucket/other", b"other")
    begun = dict(ask(emulator, "POST", "big?uploads").elements)
    arrived, gate = threading.Event(), threading.Event()
    new_writer = emulator.service.storage.blob_writer
    monkeypatch.setattr(
        emulator.service.storage, "blob_writer", lambda: HeldUp(new_writer(), arrived, gate)
    )
    fields = [("x-oss-copy-source", "/examplebucket/source")]
    if part:
        fields.append(("x-oss-copy-source-range", part))
    target = f"big?uploadId={begun['UploadId']}&partNumber=1"
    with ThreadPoolExecutor(1) as pool:
        copying = pool.submit(ask, emulator, "PUT", target, *fields)
        try:
            assert arrived.wait(PATIENCE)
            assert ask(emulator, "GET", "other").body == b"other"
            assert ask(emulator, "DELETE", "source").status == 204
            assert not copying.done()
        finally:
            gate.set()
        copied = copying.result(PATIENCE)
    expected = DATA[100:4_400_000] if part else DATA
    etag = md5(expected, usedforsecurity=False).hexdigest().upper()
    assert (copied.status, copied.headers["ETag"]) == (200, f'"{etag}"')
    done = ask(emulator, "POST", f"big?uploadId={begun['UploadId']}", ("x-oss-complete-all", "yes"))
    assert done.status == 200
    assert ask(emulator, "GET", "big").body == expected
