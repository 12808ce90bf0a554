"""The times in signatures: dates of headers and expiries of URLs."""

from urllib.parse import quote

import pytest
from oss_emulator.protocol.signature import instant

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
    assert instant.parse(text) == NOW
    assert instant.day(NOW) == DAY


@pytest.mark.parametrize(
    ("text", "seconds"), [("9" * 15, 10**15 - 1), ("1" * 16, None), ("", None)]
)
def test_seconds_have_up_to_15_digits(text: str, seconds: int | None) -> None:
    assert instant.parse_seconds(text) == seconds
