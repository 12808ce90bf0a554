"""The functions of ours that a repeated GET calls: each costs about a microsecond."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import oss2
import oss_emulator
import pytest
from oss_emulator import Emulator

from tests.client import Client

OURS = str(Path(oss_emulator.__file__).parents[1])
TIMES = 200
"""The journal tallies a hundred requests together."""


@pytest.mark.parametrize(("signed", "most"), [(False, 90), (True, 100)])
def test_repeated_get_makes_few_calls(signed: bool, most: int) -> None:
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.startswith(OURS)

    with Emulator() as emulator:
        emulator.bucket("a-bucket", acl="public-read").put_object("a", b"content")
        auth = oss2.AuthV4(emulator.access_key_id, emulator.access_key_secret)
        bucket = oss2.Bucket(auth, emulator.endpoint, "a-bucket", region=emulator.region)
        url = urlsplit(bucket.sign_url("GET", "a", 60))
        target = f"{url.path}?{url.query}" if signed else url.path
        fields = [("Host", url.netloc), ("Referer", "https://www.example.com/")]
        with Client("127.0.0.1", emulator.port).connect() as connection:
            for number in range(2 * TIMES):
                if number == TIMES:  # what is cached is in the caches
                    emulator.run(lambda: sys.setprofile(count))
                assert connection.request("GET", target, fields).status == 200
            emulator.run(lambda: sys.setprofile(None))
    assert 50 < calls / TIMES <= most
