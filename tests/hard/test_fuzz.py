"""Random requests of OSS, S3 and `/_emulator/`, and random bytes: the short form."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import Live
from tests.hard import fuzz
from tests.thorough import cases


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
