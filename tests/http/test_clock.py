"""A clock in the years 1 and 9999: signatures, expirations, conditions and pages."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.cli.play import _write_form
from oss_emulator.control.console import PAGES
from oss_emulator.control.controls import Clock
from oss_emulator.protocol import dates
from oss_emulator.recording.playing import PlayedAnswer
from oss_emulator.recording.scenario import RecordedSignature, build
from oss_referer import Signing
from oss_referer.sources.account import GivenKey

from tests.rows import rows

ENDS = {
    "the first second": dates.EARLIEST,
    "a day later": dates.EARLIEST + 24 * 3600,
    "a day earlier": dates.LATEST - 24 * 3600,
    "the last second": dates.LATEST,
}


V4 = RecordedSignature()


class Client:
    """A client whose clock is that of the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._client = ServiceClient(emulator.endpoint)
        key = GivenKey(emulator.access_key_id, emulator.access_key_secret, None)
        self.signer = Signer(key, emulator.region)

    def ask(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        signature: RecordedSignature = V4,
    ) -> PlayedAnswer:
        signed = (method, "examplebucket", key, query or {}, headers or {})
        text, fields = self.signer.sign(signature, *signed)
        return self._client.send(method, "examplebucket", quote(key), text, [*fields.items()], body)


@pytest.fixture(params=ENDS)
def now(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    found = ENDS[request.param]
    monkeypatch.setattr(time, "time", lambda: found)
    return found


@pytest.fixture
def emulator(now: float, caplog: pytest.LogCaptureFixture) -> Iterator[Emulator]:
    with caplog.at_level(logging.ERROR), Emulator() as running:
        running.bucket("examplebucket", acl="public-read")
        yield running
    assert caplog.records == []


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator)


@pytest.mark.parametrize("place", [Signing.HEADER, Signing.URL])
@pytest.mark.parametrize("version", [1, 2, 4])
def test_signature_is_verified(client: Client, now: float, place: Signing, version: int) -> None:
    if now < 0 and place is Signing.URL and version < 4:
        pytest.skip("these URLs count the seconds from 1970 on")
    signature = RecordedSignature(place, version)
    assert client.ask("PUT", "key", body=b"1", signature=signature).status == 200
    assert client.ask("GET", "key", signature=signature).body == b"1"


@pytest.mark.parametrize("version", [1, 4])
def test_form_is_verified(emulator: Emulator, client: Client, now: float, version: int) -> None:
    if now == dates.LATEST:
        pytest.skip("no form can expire later")
    kind, body = _write_form(client.signer.sign_form("examplebucket", "key", version), b"1")
    headers = {"Content-Type": kind}
    answer = requests.post(f"{emulator.endpoint}/examplebucket", body, headers=headers, timeout=60)
    assert answer.status_code == 204, answer.text


def test_last_modified_can_be_sent_back(client: Client, now: float) -> None:
    client.ask("PUT", "key", body=b"1")
    modified = client.ask("HEAD", "key").headers["last-modified"]
    assert dates.parse_http(modified) == now
    for name, status in (("If-Modified-Since", 304), ("If-Unmodified-Since", 200)):
        assert client.ask("GET", "key", headers={name: modified}).status == status


def document(root: str, *elements: str) -> bytes:
    return build([root, *(f"{root}/{element}" for element in elements)])


LIFECYCLE = document(
    "LifecycleConfiguration",
    "Rule",
    "Rule/ID=a",
    "Rule/Prefix=",
    "Rule/Status=Enabled",
    "Rule/Expiration",
    "Rule/Expiration/Days=3650000",
)
ARCHIVE = {"x-oss-storage-class": "Archive"}
RESTORE = document("RestoreRequest", "Days=7")
WORM = document("InitiateWormConfiguration", "RetentionPeriodInDays=25550")
REQUESTS: list[tuple[str, str, Mapping[str, str], Mapping[str, str], bytes]] = [
    ("PUT", "", {"lifecycle": ""}, {}, LIFECYCLE),
    ("GET", "", {"lifecycle": ""}, {}, b""),
    ("PUT", "key", {}, {}, b"1"),
    ("PUT", "cold", {}, ARCHIVE, b"1"),
    ("POST", "cold", {"restore": ""}, {}, RESTORE),
    ("HEAD", "cold", {}, {}, b""),
    ("POST", "up", {"uploads": ""}, {}, b""),
    ("GET", "", {"uploads": ""}, {}, b""),
    ("GET", "", {}, {}, b""),
    ("GET", "", {"list-type": "2"}, {}, b""),
    ("GET", "", {"versions": ""}, {}, b""),
    ("GET", "", {"bucketInfo": ""}, {}, b""),
    ("GET", "", {"stat": ""}, {}, b""),
    ("POST", "", {"metaQuery": "", "comp": "add"}, {}, b""),
    ("GET", "", {"metaQuery": ""}, {}, b""),
    ("POST", "", {"worm": ""}, {}, WORM),
    ("GET", "", {"worm": ""}, {}, b""),
    ("DELETE", "", {"worm": ""}, {}, b""),
    ("DELETE", "key", {}, {}, b""),
]


def test_operations_with_times_succeed(client: Client) -> None:
    for method, key, query, headers, body in REQUESTS:
        answer = client.ask(method, key, query, headers, body)
        assert answer.status < 300, (method, key, query, answer, answer.body)


PERIODS = (
    "5m",
    "9999h",
    "10:00:00..11:00:00",
    "23:00:00+14:00..23:59:00+14:00",
    "00:00:00-12:00..01:00:00-12:00",
    "0001-01-01T00:00:00+14:00..9999-12-31T23:59:59-14:00",
)


def test_pages_show_the_time(emulator: Emulator, client: Client, now: float) -> None:
    client.ask("PUT", "key", body=b"1")
    requests.get(f"{emulator.endpoint}/examplebucket/key", headers={"Referer": "a"}, timeout=60)
    periods = (f"requests?{urlencode({'q': f'time:{period}'})}" for period in PERIODS)
    places = ("buckets/examplebucket", "buckets/examplebucket/key", "requests/1", "metrics")
    for place in ("", *periods, *places, *PAGES):
        address = f"{emulator.endpoint}/_emulator/{place}"
        answer = requests.get(address, headers={"Accept": "text/html"}, timeout=60)
        assert answer.status_code < 500, (place, answer.text)
        if place == "requests":
            assert dates.format_iso(now)[11:19] in answer.text


def test_clock_stops_at_both_ends() -> None:
    clock = Clock()
    for shift, now in ((-1e12, dates.EARLIEST), (1e12, dates.LATEST)):
        clock.shift = shift
        assert clock.now() == now


@rows(
    ("text", "year"),
    ("Mon, 01 Jan 0001 00:00:00 GMT", 1),
    ("Thu, 01 Jan 0099 00:00:00 GMT", 99),
    ("Fri, 01 Jan 99 00:00:00 GMT", 1999),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 1994),
    ("Mon, 01 Jan 0000 00:00:00 GMT", None),
)
def test_year_with_four_digits_is_no_abbreviation(text: str, year: int | None) -> None:
    found = dates.parse_http(text)
    assert (None if found is None else int(dates.format_iso(found)[:4])) == year
