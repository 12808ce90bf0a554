"""The table of query parameters: what V1 signs (P-12), and how parameters are read."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from hmac import digest

import oss2
import pytest
from alibabacloud_oss_v2.signer import SignerV1
from oss_emulator.protocol import parameters, signature
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.parameters import KNOWN, SUBRESOURCES

SECRET = "a-secret"
NOW = 1_750_000_000.0
DATE = "Sun, 15 Jun 2025 15:06:40 GMT"

UNSIGNED = """
    prefix marker delimiter max-keys encoding-type list-type start-after fetch-owner key-marker
    upload-id-marker version-id-marker max-uploads max-parts part-number-marker regions
    OSSAccessKeyId Expires Signature
""".split()


@pytest.mark.parametrize(
    "names", [oss2.ProviderAuth._subresource_key_set, SignerV1._subresource_key_set]
)
def test_every_parameter_that_an_sdk_signs_is_signed(names: frozenset[str]) -> None:
    assert [name for name in names if not parameters.is_signed(name)] == []


@pytest.mark.parametrize("name", UNSIGNED)
def test_parameter_that_no_sdk_signs_is_not_signed(name: str) -> None:
    assert not parameters.is_signed(name)


def test_every_name_with_the_signed_prefix_is_marked_as_signed() -> None:
    assert all(row.signed for name, row in KNOWN.items() if name.startswith("x-oss-"))


def test_each_name_is_listed_once() -> None:
    assert len(SUBRESOURCES) + len(parameters.PARAMETERS) == len(KNOWN)


def string_to_sign(resource: str) -> bytes:
    return f"GET\n\n\n{DATE}\n{resource}".encode()


# A URL with one of these is signed in the URL and cannot have a signature in the header too.
IN_URL = {"OSSAccessKeyId", "Expires", "Signature"}


@pytest.mark.parametrize("name", sorted(KNOWN.keys() - IN_URL))
def test_v1_signature_covers_exactly_the_signed_parameters(name: str) -> None:
    resource = f"/bucket/key?{name}=v" if KNOWN[name].signed else "/bucket/key"
    signed = b64encode(digest(SECRET.encode(), string_to_sign(resource), sha1)).decode()
    headers = [("Host", "localhost"), ("Date", DATE), ("Authorization", f"OSS id:{signed}")]
    request = Request.parse("GET", f"/bucket/key?{name}=v", headers, NOW)
    claim = signature.parse(request)
    assert claim is not None
    signature.verify(claim, request, Target("bucket", "key"), SECRET, "cn-hangzhou")


@pytest.mark.parametrize(
    ("query", "limit"), [({}, 100), ({"max-keys": ""}, 100), ({"max-keys": "1000"}, 1000)]
)
def test_limit_of_a_listing_is_100_by_default(query: dict[str, str], limit: int) -> None:
    assert parameters.max_keys(query) == limit


@pytest.mark.parametrize("text", ["0", "1001", "-1", "+5", "1_0", "٣", "x", "9" * 40])
def test_limit_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(OSSError) as caught:
        parameters.max_keys({"max-keys": text})
    assert caught.value.code == "InvalidArgument"


@pytest.mark.parametrize(
    ("in_header", "in_query", "limit"),
    [(None, None, None), ("819200", None, 819200), (None, "838860800", 838860800)],
)
def test_traffic_limit_comes_in_the_header_or_in_the_query(
    in_header: str | None, in_query: str | None, limit: int | None
) -> None:
    assert parameters.traffic_limit(in_header, in_query) == limit


def test_lenient_service_takes_low_traffic_limits() -> None:
    """P-92: the suites of ali-oss and ossutil send these two."""
    for limit in (645763, 800000):
        assert parameters.traffic_limit(str(limit), None, lenient=True) == limit
    for refused in ("0", "838860801"):
        with pytest.raises(OSSError, match="InvalidArgument"):
            parameters.traffic_limit(refused, None, lenient=True)


@pytest.mark.parametrize(
    ("in_header", "in_query"), [("819199", None), ("838860801", None), ("x", None), ("1", "1")]
)
def test_bad_traffic_limit_is_refused(in_header: str | None, in_query: str | None) -> None:
    with pytest.raises(OSSError) as caught:
        parameters.traffic_limit(in_header, in_query)
    assert caught.value.code == "InvalidArgument"


@pytest.mark.parametrize(("text", "found"), [("", None), ("url", "url"), ("URL", "url")])
def test_encoding_type_is_url_or_nothing(text: str, found: str | None) -> None:
    assert parameters.encoding_type({"encoding-type": text}) == found


def test_another_encoding_type_is_refused() -> None:
    with pytest.raises(OSSError) as caught:
        parameters.encoding_type({"encoding-type": "base64"})
    assert caught.value.code == "InvalidArgument"
