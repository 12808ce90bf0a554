"""Signatures on the wire; tests/unit/protocol/signature has the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SIGNERS,
    Answer,
    Client,
    Live,
    check_error,
    sign,
)

KEY = "dir/a b+中"
NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
NO_MATCH_ECS = {"v1": "0002-00000040", "v2": "0002-00000101", "v4": "0002-00000201"}
"""The EC of a wrong signature in each version."""

each_version = pytest.mark.parametrize("version", ["v1", "v2", "v4"])
each_place = pytest.mark.parametrize("place", ["header", "url"])


@pytest.fixture
def bucket(live: Live, make_bucket: Callable[..., str]) -> str:
    """A private bucket with one object."""
    name = make_bucket()
    live.put(f"/{name}/{quote(KEY)}", b"content")
    return name


def auth(version: str, key_id: str = ACCESS_KEY_ID, secret: str = ACCESS_KEY_SECRET) -> Any:
    return SIGNERS[version](key_id, secret)


def get(client: Client, auth: Any, place: str, bucket: str, *headers: tuple[str, str]) -> Answer:
    """Get the object of the bucket."""
    target, fields = sign(auth, place, "GET", bucket, KEY)
    return client.request("GET", target, [*fields, *headers])


@each_version
@each_place
def test_right_secret_reads_and_a_wrong_one_gets_the_string_to_sign(
    client: Client, bucket: str, version: str, place: str
) -> None:
    """P-17: the elements have the order of the answers of the service."""
    assert get(client, auth(version), place, bucket).body == b"content"
    answer = get(client, auth(version, secret="another"), place, bucket)
    error = answer.error
    assert (answer.status, error["Message"]) == (403, NO_MATCH)
    canonical = ["CanonicalRequest"] if version == "v4" else []
    named = "Code Message RequestId HostId OSSAccessKeyId SignatureProvided StringToSign".split()
    named += ["StringToSignBytes", *canonical, "EC", "RecommendDoc"]
    assert [name for name, _ in answer.elements] == named
    assert error["EC"] == answer.headers["x-oss-ec"] == NO_MATCH_ECS[version]
    assert bytes.fromhex(error["StringToSignBytes"]).decode() == error["StringToSign"]
    assert error["StringToSign"].startswith("OSS4-HMAC-SHA256\n" if version == "v4" else "GET\n")
    assert ACCESS_KEY_SECRET not in answer.text
    check_error(
        get(client, auth(version, key_id="LTAI-of-nobody"), place, bucket),
        403,
        "InvalidAccessKeyId",
        "The OSS Access Key Id you provided does not exist in our records.",
        "0002-00000902",
        OSSAccessKeyId="LTAI-of-nobody",
    )
