"""Processed images over HTTP: Referers, signatures, disk, and many requests at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlsplit

import oss2
import pytest
from oss_emulator import Emulator
from PIL import Image

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


def test_other_requests_are_answered_while_images_are_processed(
    client: Client, live: Live, make_bucket: Callable[..., str]
) -> None:
    name = make_bucket("public-read")
    live.put(f"/{name}/photo.png", encode(gradient(400, 300)))
    process = quote("image/blur,r_50,s_50/resize,w_500")
    with ThreadPoolExecutor(3) as threads:
        target = f"/{name}/photo.png?x-oss-process={process}"
        # Small, because they yield to other processes; all can run at once, so none is refused.
        answers = [threads.submit(client.get, target) for _ in range(2)]
        others = 0
        while not all(answer.done() for answer in answers):
            assert client.get(f"/{name}/photo.png").status == 200
            others += 1
            time.sleep(0.01)  # let the images use the processor
    assert others > 2 * len(answers)  # not one after each image
    assert {answer.result().status for answer in answers} == {200}
    assert len({answer.result().body for answer in answers}) == 1
