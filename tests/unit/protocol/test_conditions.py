"""Conditions of GET, HEAD and copies, alone and together."""

import pytest
from oss_emulator.protocol import conditions, dates
from oss_emulator.protocol.errors import OSSError

ETAG = '"5B3C1A2E053D763E1B002CC607C5A0FE"'
MODIFIED = 1_330_063_668.75
BEFORE, SAME, AFTER = (dates.format_http(MODIFIED + offset) for offset in (-1, 0, 1))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if-match": ETAG}, 200),
        ({"if-match": ETAG.strip('"')}, 200),
        ({"if-match": f'"other", {ETAG}'}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": '"other"'}, 412),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": ETAG}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-modified-since": BEFORE}, 200),
        ({"if-modified-since": SAME}, 304),
        ({"if-modified-since": AFTER}, 304),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": SAME}, 200),
        ({"if-unmodified-since": AFTER}, 200),
        ({"if-unmodified-since": "yesterday"}, 200),
        ({"if-match": ETAG, "if-modified-since": AFTER}, 304),
        ({"if-match": '"other"', "if-none-match": ETAG}, 412),
        # RFC 9110, 13.2.2: If-None-Match takes precedence over If-Modified-Since.
        ({"if-none-match": '"other"', "if-modified-since": AFTER}, 200),
        ({"if-unmodified-since": BEFORE, "if-modified-since": AFTER}, 412),
    ],
)
@pytest.mark.parametrize("prefix", ["", "x-oss-copy-source-"])
def test_conditions_are_checked(headers: dict[str, str], status: int, prefix: str) -> None:
    sent = {prefix + name: value for name, value in headers.items()}
    if status == 200:
        conditions.check(sent, ETAG, MODIFIED, prefix)
        return
    with pytest.raises(OSSError) as caught:
        conditions.check(sent, ETAG, MODIFIED, prefix)
    assert caught.value.status == status


def test_copy_conditions_accept_dates_of_xml() -> None:
    sent = {"x-oss-copy-source-if-unmodified-since": dates.format_iso(MODIFIED - 1)}
    with pytest.raises(OSSError, match="PreconditionFailed"):
        conditions.check(sent, ETAG, MODIFIED, "x-oss-copy-source-")
