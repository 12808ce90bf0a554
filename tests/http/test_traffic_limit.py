"""x-oss-traffic-limit: valid values, and the delays that it causes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from oss_emulator.server import waiting
from oss_emulator.server.waiting import Throttle

from tests.client import Client, Live, check_error
from tests.http import forms

LEAST = 819200
SIZE = 1024 * 1024


@pytest.fixture
def public(make_bucket: Callable[..., str]) -> str:
    return make_bucket("public-read-write")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which the throttle would sleep; its clock stands still."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(waiting, "sleep", sleep)
    monkeypatch.setattr(waiting, "monotonic", lambda: 0.0)
    return waits


def check_waits(waits: list[float], size: int, bits: int) -> None:
    """Check that the last byte is due after size / rate seconds, and the others earlier."""
    assert waits[-1] == pytest.approx(size * 8 / bits, rel=0.01)
    assert waits == sorted(waits)


@pytest.mark.parametrize("bits", [LEAST, 8 * LEAST])
def test_upload_is_slowed_to_its_limit(
    client: Client, public: str, slept: list[float], bits: int
) -> None:
    answer = client.put(f"/{public}/a", b"x" * SIZE, ("x-oss-traffic-limit", str(bits)))
    assert answer.status == 200
    check_waits(slept, SIZE, bits)


def test_download_is_slowed_to_its_limit(live: Live, public: str, slept: list[float]) -> None:
    live.put(f"/{public}/a", b"x" * SIZE)
    answer = live.client.get(f"/{public}/a", ("x-oss-traffic-limit", str(LEAST)))
    assert answer.body == b"x" * SIZE
    check_waits(slept, SIZE, LEAST)
    assert max(later - earlier for earlier, later in pairwise(slept)) < 0.2


def test_limit_in_the_url_applies(live: Live, public: str, slept: list[float]) -> None:
    live.put(f"/{public}/a", b"x" * SIZE)
    live.client.get(f"/{public}/a?x-oss-traffic-limit={LEAST}")
    check_waits(slept, SIZE, LEAST)


def test_limit_in_a_form_applies(client: Client, public: str, slept: list[float]) -> None:
    fields = [("key", "a"), ("x-oss-traffic-limit", str(LEAST))]
    body = forms.form(fields, forms.File(b"x" * SIZE))
    assert forms.post(client, public, body).status == 204
    assert slept[-1] == pytest.approx(len(body) * 8 / LEAST, rel=0.01)


def test_unlimited_requests_are_not_slowed(live: Live, public: str, slept: list[float]) -> None:
    live.client.put(f"/{public}/a", b"x" * SIZE)
    live.client.get(f"/{public}/a")
    assert slept == []


async def test_throttle_subtracts_elapsed_time(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = Throttle(LEAST)
    await limited.passed(LEAST // 8)
    monkeypatch.setattr(waiting, "monotonic", lambda: 0.25)
    await limited.passed(0)
    monkeypatch.setattr(waiting, "monotonic", lambda: 7.0)
    await limited.passed(LEAST // 8)
    assert slept == [1.0, 0.75]


def test_invalid_limit_is_refused(client: Client, public: str) -> None:
    check_error(
        client.put(f"/{public}/a", b"x", ("x-oss-traffic-limit", str(LEAST - 1))),
        400,
        "InvalidArgument",
        "x-oss-traffic-limit is invalid, should be specified between 819200(100KB/s) and "
        "838860800(100MB/s).",
        "0004-00000502",
        ArgumentName="x-oss-traffic-limit",
        ArgumentValue=str(LEAST - 1),
    )
    assert client.head(f"/{public}/a").status == 404
