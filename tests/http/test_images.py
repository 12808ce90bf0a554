"""Processed images over HTTP: Referers, signatures, disk, and many requests at once."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlsplit

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.operations.work import Pool
from PIL import Image

from tests.cli.process import wait_for
from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, Client, Live
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
