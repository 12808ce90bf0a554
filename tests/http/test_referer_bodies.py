"""Large, hostile and damaged bodies of PutBucketReferer over HTTP."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest
from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SIGNERS,
    Answer,
    Client,
    check_error,
    sign,
)

BEFORE = RefererConfiguration(False, False, True, ("http://before/",), ("http://b/",))


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


def test_entity_does_not_read_a_file(client: Client, bucket: str, tmp_path: Path) -> None:
    """Nothing is fetched, and no content of the file is returned."""
    secret = tmp_path / "secret"
    secret.write_text("the secret of the disk", encoding="utf-8")
    document = (
        f'<!DOCTYPE r [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
        "<RefererList><Referer>&e;</Referer></RefererList></RefererConfiguration>"
    )
    answer = call(client, "PUT", bucket, document.encode())
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert b"secret of the disk" not in answer.body
    assert get(client, bucket) == BEFORE


def _document(size: int) -> bytes:
    head = b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList>"
    tail = b"</RefererList></RefererConfiguration>"
    entry = b"<Referer>https://www.example.com/</Referer>"
    return head + entry * ((size - len(head) - len(tail)) // len(entry)) + tail


def test_document_of_one_megabyte_is_accepted_if_its_entries_are_small(
    client: Client, bucket: str
) -> None:
    """R-42"""
    body = _document(35_000)
    count = body.count(b"<Referer>")
    assert 19_000 < count * len("https://www.example.com/") < 20_480
    assert call(client, "PUT", bucket, body.ljust(1024 * 1024)).status == 200
    assert len(get(client, bucket).whitelist) == count


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
            pass  # the server may refuse it before the end of the upload
        else:
            answer = connection.receive("PUT")
            assert (answer.status, answer.code) == (400, "MalformedXML")
    assert get(client, bucket) == BEFORE


def test_content_md5_is_compared_with_the_body(client: Client, bucket: str) -> None:
    """R-33"""
    body = referer_xml.format(RefererConfiguration())
    wrong = b64encode(md5(body + b" ", usedforsecurity=False).digest()).decode()
    answer = call(client, "PUT", bucket, body, {"Content-MD5": wrong})
    check_error(
        answer,
        400,
        "InvalidDigest",
        "The Content-MD5 you specified was invalid.",
        "0017-00000503",
        Content_MD5=wrong,
    )
    assert get(client, bucket) == BEFORE
    right = b64encode(md5(body, usedforsecurity=False).digest()).decode()
    assert call(client, "PUT", bucket, body, {"Content-MD5": right}).status == 200
    assert get(client, bucket) == RefererConfiguration()
