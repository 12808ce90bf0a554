"""The memory that the fields of forms take together: what exceeds it is refused and freed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator.server import form_memory

from tests.client import SETTINGS, Client, Connection, serve
from tests.http import forms
from tests.http.forms import BOUNDARY, TYPE, field

PATIENCE = 2.0
MEMORY = 256 * 1024
LARGE = [("key", "a"), ("filler", "x" * (MEMORY * 3 // 5))]
"""Two of these take more than `MEMORY`."""
MANY = [("key", "a"), *((f"f{number}", "") for number in range(MEMORY // 100))]
"""More than `MEMORY` once parsed, although it arrives in less."""


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_memory, "MOST", MEMORY)


def post(client: Client, *fields: tuple[str, str]) -> tuple[int, str]:
    answer = forms.post(client, "examplebucket", forms.form(fields))
    return answer.status, answer.code if answer.body else ""


def begin(connection: Connection) -> None:
    """Send a large form up to its file, and wait until the server has read its fields."""
    head = [("Host", "localhost"), ("Content-Type", TYPE), ("Content-Length", "10000000")]
    fields = b"".join(f"--{BOUNDARY}\r\n".encode() + field(*pair) + b"\r\n" for pair in LARGE)
    connection.send_request("POST", "/examplebucket/", [*head, ("Expect", "100-continue")])
    assert connection.receive("POST").status == 100
    connection.send(fields)


def until(client: Client, expected: tuple[int, str]) -> None:
    """Post large forms until one gets an answer."""
    for _ in range(100):
        if post(client, *LARGE) == expected:
            return
    pytest.fail(f"no form got {expected}")


def test_form_that_exceeds_the_memory_is_refused_and_one_with_few_fields_is_stored() -> None:
    with serve(SETTINGS) as live:
        live.put_bucket("examplebucket", "public-read-write")
        assert post(live.client, *LARGE) == (204, "")
        with live.client.connect() as stalled:
            begin(stalled)
            until(live.client, (503, "ServiceUnavailable"))
            assert post(live.client, ("key", "b")) == (204, "")
        until(live.client, (204, ""))


def test_form_that_stalls_holds_memory_until_the_request_timeout() -> None:
    with serve(replace(SETTINGS, request_timeout=PATIENCE)) as live:
        live.put_bucket("examplebucket", "public-read-write")
        with live.client.connect() as stalled:
            begin(stalled)
            until(live.client, (503, "ServiceUnavailable"))
            assert stalled.receive("POST").code == "RequestTimeout"
            until(live.client, (204, ""))


def test_many_empty_fields_count_by_the_memory_that_they_take() -> None:
    with serve(SETTINGS) as live:
        live.put_bucket("examplebucket", "public-read-write")
        for _ in range(3):
            assert post(live.client, *MANY) == (503, "ServiceUnavailable")
        assert post(live.client, *LARGE) == (204, "")
