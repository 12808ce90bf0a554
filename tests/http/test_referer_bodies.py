"""The bodies of PutBucketReferer that clients send, and malformed ones, over HTTP."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oss_emulator import referer_xml
from oss_emulator.referer import RefererConfiguration

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, Answer, Client, sign

FOLDER = Path(__file__).parents[2] / "fixtures" / "xml" / "referer"
INDEX = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))

BEFORE = RefererConfiguration(False, False, True, ("http://before/",), ("http://b/",))
MALFORMED = (
    "The XML you provided was not well-formed or did not validate against our published schema."
)


def call(
    client: Client,
    method: str,
    bucket: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", method, bucket, "", {"referer": ""}, headers)
    return client.request(method, target, fields, body)


def get(client: Client, bucket: str) -> RefererConfiguration:
    answer = call(client, "GET", bucket)
    assert answer.status == 200
    return referer_xml.parse(answer.body)


@pytest.fixture
def bucket(client: Client, make_bucket: Callable[..., str]) -> str:
    """A bucket with rules to be replaced."""
    name = make_bucket()
    assert call(client, "PUT", name, referer_xml.format(BEFORE)).status == 200
    return name


@pytest.mark.parametrize("entry", INDEX["good"], ids=lambda entry: entry["file"])
def test_body_of_each_client_replaces_the_rules(
    client: Client, bucket: str, entry: dict[str, Any]
) -> None:
    """R-30, R-31, P-34"""
    fields = {name: value for name, value in entry.items() if name not in ("file", "note")}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    expected = RefererConfiguration(**values)
    answer = call(client, "PUT", bucket, (FOLDER / entry["file"]).read_bytes())
    assert (answer.status, answer.body) == (200, b"")
    assert get(client, bucket) == expected
    # What is answered can be put again.
    again = call(client, "GET", bucket).body
    assert call(client, "PUT", bucket, again).status == 200
    assert call(client, "GET", bucket).body == again


@pytest.mark.parametrize("entry", INDEX["bad"], ids=lambda entry: entry["file"])
def test_refused_body_changes_nothing(client: Client, bucket: str, entry: dict[str, Any]) -> None:
    """R-33"""
    answer = call(client, "PUT", bucket, (FOLDER / entry["file"]).read_bytes())
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert answer.error["EC"] == entry.get("ec", "0033-00000001")
    assert answer.error["ErrorDetail"]
    assert (answer.error["Message"] == MALFORMED) is ("ec" not in entry)
    assert get(client, bucket) == BEFORE


def test_document_of_ten_megabytes_is_refused_before_it_is_sent(
    client: Client, bucket: str
) -> None:
    """A client that waits for `100 Continue` never has to send it."""
    size = 10 * 1024 * 1024
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "PUT", bucket, "", {"referer": ""})
    fields += [("Host", "localhost"), ("Content-Length", str(size)), ("Expect", "100-continue")]
    with client.connect() as connection:
        answer = connection.request("PUT", target, fields)
        assert (answer.status, answer.code) == (400, "MalformedXML")
        connection.finish()
        assert connection.ends()
    assert get(client, bucket) == BEFORE


def test_document_of_ten_megabytes_in_chunks_is_refused(client: Client, bucket: str) -> None:
    """Its length is not announced."""
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "PUT", bucket, "", {"referer": ""})
    fields += [("Host", "localhost"), ("Transfer-Encoding", "chunked")]
    piece = b" " * 65536
    with client.connect() as connection:
        connection.send_request("PUT", target, fields)
        try:
            for _ in range(160):
                connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.send(b"0\r\n\r\n")
        except (ConnectionResetError, BrokenPipeError):
            pass  # refused on the way: that is what is wanted
        else:
            answer = connection.receive("PUT")
            assert (answer.status, answer.code) == (400, "MalformedXML")
    assert get(client, bucket) == BEFORE
