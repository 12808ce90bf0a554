"""Signatures on the wire, and the modes of `auth`; tests/unit/protocol/signature has the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import oss2
import pytest
from oss_emulator.settings import Auth

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SETTINGS,
    SIGNERS,
    Answer,
    Client,
    Live,
    check_error,
    serve,
    sign,
)

KEY = "dir/a b+中"
NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
NO_MATCH_ECS = {"v1": "0002-00000040", "v2": "0002-00000101", "v4": "0002-00000201"}
"""The EC of a wrong signature in each version."""
GUEST = ("Referer", "https://example.com/")
RULES = (
    b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
    b"<Referer>https://example.com/</Referer></RefererList></RefererConfiguration>"
)

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


# --- relaxed and off


@pytest.fixture(scope="module", params=[Auth.RELAXED, Auth.OFF])
def lenient(request: pytest.FixtureRequest) -> Iterator[Live]:
    """A server that is not strict, with a private bucket that only example.com may embed."""
    with serve(replace(SETTINGS, auth=request.param)) as running:
        running.put_bucket("a-bucket")
        running.put(f"/a-bucket/{quote(KEY)}", b"content")
        running.put("/a-bucket?referer", RULES)
        yield running


@each_version
@each_place
def test_unknown_key_acts_as_the_owner_and_is_exempt_from_the_rules_in_a_header_only(
    lenient: Live, version: str, place: str
) -> None:
    """R-01: a header signature exempts from Referer rules, a signed URL does not.

    The emulator can neither read the token of another STS nor know its secret.
    """
    client, known = lenient.client, auth(version, key_id="anything", secret="whatever")
    temporary = oss2.StsAuth("STS.anything", "whatever", "CAISwhatever", auth_version=version)
    for signer in (known, temporary):
        assert get(client, signer, place, "a-bucket", GUEST).body == b"content"
    for headers in ([], [("Referer", "https://thief.example/")]):
        answer = get(client, known, place, "a-bucket", *headers)
        if place == "header":
            assert answer.status == 200
        else:
            assert answer.error["Message"] == "You are denied by bucket referer policy."


@each_place
def test_known_key_is_verified_with_its_token_unless_auth_is_off(lenient: Live, place: str) -> None:
    token = oss2.StsAuth(ACCESS_KEY_ID, "whatever", "CAISwhatever", auth_version="v4")
    for signer, code in (
        (auth("v4"), ""),
        (auth("v4", secret="another"), "SignatureDoesNotMatch"),
        (token, "InvalidAccessKeyId"),
    ):
        answer = get(lenient.client, signer, place, "a-bucket", GUEST)
        refused = code if lenient.service.settings.auth is Auth.RELAXED else ""
        assert (answer.status, answer.code) == ((403, refused) if refused else (200, ""))


def test_bucket_created_by_an_unknown_key_belongs_to_the_owner(lenient: Live) -> None:
    target, fields = sign(auth("v4", "anything", "whatever"), "header", "PUT", "made-by-anything")
    assert lenient.client.request("PUT", target, fields).status == 200
    made = lenient.service.storage.bucket("made-by-anything")
    assert made is not None
    assert made.owner == lenient.service.accounts.owner.id
    lenient.drop_bucket("made-by-anything")
