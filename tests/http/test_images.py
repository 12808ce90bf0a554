"""Processed images and long copies over HTTP: signatures, disk, and many requests at once."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlsplit

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.operations.work import Pool
from oss_emulator.storage.blobs import Blob, BlobWriter
from PIL import Image

from tests.cli.process import wait_for
from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, Answer, Client, Live
from tests.unit.imaging.drawing import encode, gradient, quarters


@pytest.mark.parametrize("version", ["v1", "v2", "v4"])
def test_instructions_in_a_signed_url_are_signed(
    live: Live, client: Client, make_bucket: Callable[..., str], version: str
) -> None:
    bucket = live.bucket(make_bucket(), SIGNERS[version](ACCESS_KEY_ID, ACCESS_KEY_SECRET))
    bucket.put_object("photo.jpg", encode(quarters(), "JPEG"))
    parameters = {"x-oss-process": "image/resize,w_50"}
    url = urlsplit(bucket.sign_url("GET", "photo.jpg", 60, params=parameters, slash_safe=True))
    target = f"{url.path}?{url.query}"
    host = [("Host", url.netloc)]
    answer = client.request("GET", target, host)
    assert Image.open(BytesIO(answer.body)).size == (50, 25)
    forged = client.request("GET", target.replace("w_50", "w_60"), host)
    assert (forged.status, forged.code) == (403, "SignatureDoesNotMatch")
    bucket.session.session.close()


def test_oss2_gets_and_saves_images(bucket: oss2.Bucket, tmp_path: Path) -> None:
    bucket.put_object("photo.jpg", encode(quarters(), "JPEG"))
    name = str(tmp_path / "result.jpg")
    bucket.get_object_to_file("photo.jpg", name, process="image/resize,w_50")  # compares the CRC
    assert Image.open(name).size == (50, 25)
    result = bucket.process_object("photo.jpg", "image/rotate,90|sys/saveas,o_dHVybmVkLmpwZw")
    assert (result.object, result.process_status) == ("turned.jpg", "OK")
    saved = bucket.get_object("turned.jpg").read()
    assert (Image.open(BytesIO(saved)).size, result.fileSize) == ((100, 200), len(saved))
    as_text = {"response-content-type": "text/plain"}
    answer = bucket.get_object("photo.jpg", process="image/info", params=as_text)
    assert answer.headers["Content-Type"] == "text/plain"


def test_images_on_disk_are_processed(tmp_path: Path) -> None:
    with Emulator(data=tmp_path / "data") as emulator:
        bucket = emulator.bucket("examplebucket")
        # Large enough to be a file of its own.
        bucket.put_object("photo.bmp", encode(gradient(600, 400), "BMP"))
        result = bucket.process_object("photo.bmp", "image/resize,w_500|sys/saveas,o_c21hbGwuYm1w")
        assert result.process_status == "OK"
        found = bucket.get_object("small.bmp", process="image/info").read()
        assert json.loads(found)["ImageWidth"] == {"value": "500"}
        bucket.session.session.close()


def test_other_requests_are_answered_while_an_image_is_processed() -> None:
    """The process of the image is stopped meanwhile: by itself it may be quicker than a request."""
    with Emulator() as emulator, ThreadPoolExecutor(1) as threads:
        client = Client("127.0.0.1", emulator.port)
        emulator.put("/examplebucket", headers={"x-oss-acl": "public-read"})
        emulator.put("/examplebucket/photo.png", encode(gradient(400, 300)))
        target = f"/examplebucket/photo.png?x-oss-process={quote('image/blur,r_50,s_50')}"
        before = client.get(target)
        (process,) = emulator._server._runner._pools._queues[Pool.IMAGES].idle
        process._process.send_signal(signal.SIGSTOP)
        try:
            answer = threads.submit(client.get, target)
            wait_for(lambda: process.busy)
            for _ in range(5):
                assert client.get("/examplebucket/photo.png").status == 200
            assert not answer.done()
        finally:
            process._process.send_signal(signal.SIGCONT)
        assert (before.status, answer.result().body) == (200, before.body)


# --- A long UploadPartCopy does not block other requests either

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
