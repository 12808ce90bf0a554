"""The parts of a claim, its times, and the errors for wrong signatures."""

from urllib.parse import quote

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.signature import Claim, Place, Version
from oss_emulator.protocol.signature.claim import (
    Calculation,
    find_gap,
    format_day,
    parse_fields,
    parse_header_names,
    parse_seconds,
    parse_time,
)

from tests.unit.protocol.signature.requests import (
    DATE,
    DAY,
    ISO,
    NOW,
    V4,
    claimed,
    refusal,
    request,
)

NAMES = frozenset({"A", "B"})


@pytest.mark.parametrize("text", ["A=1,B=2=3", "B=2=3, A=1", " A=1 , B=2=3 "])
def test_parts_come_in_any_order(text: str) -> None:
    assert parse_fields(text, "=", NAMES, "ec") == {"A": "1", "B": "2=3"}


@pytest.mark.parametrize("text", ["", "A=1,A=1", "A=1,C=2", "A=1,", "1"])
def test_bad_part_is_refused(text: str) -> None:
    with pytest.raises(OSSError) as caught:
        parse_fields(text, "=", NAMES, "ec")
    assert (caught.value.code, caught.value.ec) == ("InvalidArgument", "ec")


def test_names_of_headers_are_sorted() -> None:
    assert parse_header_names("Range;host") == ("host", "range")
    assert parse_header_names("") == ()


def test_first_gap_of_a_url_is_found() -> None:
    parameters = {"a": ("1", "2"), "b": ("3", "4")}
    assert find_gap({"a": "x", "b": "y"}, parameters) is None
    assert find_gap({"b": ""}, parameters) == ("a", "1")
    assert find_gap({"a": ""}, parameters) == ("a", "2")
    assert find_gap({"a": "x"}, parameters) == ("b", "3")


@pytest.mark.parametrize("authorization", ["OSS ak:c2ln", V4])
def test_x_oss_date_takes_precedence_over_date(authorization: str) -> None:
    claim = claimed(request(authorization, date="Thu, 01 Jan 1970 00:00:00 GMT", x_oss_date=ISO))
    assert (claim.date, claim.signed_at) == (ISO, NOW)  # P-10, P-15
    claim = claimed(request(authorization, date=None, x_oss_date=DATE))
    assert (claim.date, claim.signed_at) == (DATE, NOW)  # as V1 of Node


@pytest.mark.parametrize(
    ("date", "ec"),
    [
        (None, "0002-00000503"),
        ("", "0002-00000503"),
        ("yesterday", "0002-00000502"),
        ("20221332T102741Z", "0002-00000502"),
        ("2022-12-28T10:27:41Z", "0002-00000502"),
        ("2022-12-28T10:27", "0002-00000502"),
        ("Wed, 32 Dec 2022 10:27:41 GMT", "0002-00000502"),
    ],
)
@pytest.mark.parametrize("authorization", ["OSS ak:c2ln", "OSS2 AccessKeyId:a,Signature:b", V4])
def test_invalid_date_is_refused(authorization: str, date: str | None, ec: str) -> None:
    error = refusal(request(authorization, date=date))
    assert (error.code, error.status, error.ec) == ("AccessDenied", 403, ec)
    assert error.message == "OSS authentication requires a valid Date."


@pytest.mark.parametrize("expires", ["abc", "-1", "1.5", " 1", "1_0", "١", "9" * 5000])
def test_invalid_expiry_is_refused(expires: str) -> None:
    value = quote(expires)
    for query in (
        f"OSSAccessKeyId=ak&Signature=a&Expires={value}",
        f"x-oss-signature-version=OSS2&x-oss-access-key-id=a&x-oss-signature=b&x-oss-expires={value}",
    ):
        error = refusal(request(query=query))
        assert (error.code, error.status, error.ec) == ("AccessDenied", 403, "0002-00000070")
        assert error.message == "Invalid date (should be seconds since epoch)."


@pytest.mark.parametrize("text", [DATE, ISO])
def test_both_forms_of_a_date_are_parsed(text: str) -> None:
    assert parse_time(text) == NOW
    assert format_day(NOW) == DAY


@pytest.mark.parametrize(
    ("text", "seconds"), [("9" * 15, 10**15 - 1), ("1" * 16, None), ("", None)]
)
def test_seconds_have_up_to_15_digits(text: str, seconds: int | None) -> None:
    assert parse_seconds(text) == seconds


CALCULATION = Calculation("right", b"to\nsign")


def claim(signature: str, version: Version = Version.V1, place: Place = Place.HEADER) -> Claim:
    return Claim(version, place, "id", signature, None, "")


def test_equal_signature_is_accepted() -> None:
    CALCULATION.compare(claim("right"))


@pytest.mark.parametrize("signature", ["", "wrong", "RIGHT", "righ\xe9"])
def test_wrong_signature_error_has_the_string_to_sign(signature: str) -> None:
    with pytest.raises(OSSError, match="SignatureDoesNotMatch") as caught:
        CALCULATION.compare(claim(signature))
    assert caught.value.details == {
        "OSSAccessKeyId": "id",
        "SignatureProvided": signature,
        "StringToSign": "to\nsign",
        "StringToSignBytes": "74 6F 0A 73 69 67 6E ",
    }


@pytest.mark.parametrize(
    ("version", "place", "ec"),
    [
        (Version.V1, Place.HEADER, "0002-00000040"),
        (Version.V2, Place.URL, "0002-00000101"),
        (Version.V4, Place.HEADER, "0002-00000201"),
        (Version.V4, Place.FORM, "0002-00000705"),
    ],
)
def test_ec_depends_on_the_version_and_on_forms(version: Version, place: Place, ec: str) -> None:
    with pytest.raises(OSSError) as caught:
        CALCULATION.compare(claim("wrong", version, place))
    assert caught.value.ec == ec


def test_v4_error_has_the_canonical_request() -> None:
    with pytest.raises(OSSError) as caught:
        CALCULATION._replace(canonical_request=b"GET\n/").compare(claim("wrong", Version.V4))
    assert caught.value.details["CanonicalRequest"] == "GET\n/"
