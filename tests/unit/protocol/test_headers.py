"""Values of headers that exchanges cannot show: `fixtures/exchanges/headers.txt` has the others."""

from __future__ import annotations

import time

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oss_emulator.protocol import conditions, dates, headers, origin
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request

from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")


# --- The headers stored with an object, and their checks


@rows("value", "\ud83d", "a\nb", "\x7f")
def test_value_that_does_not_fit_into_a_header_is_refused(value: str) -> None:
    with pytest.raises(OSSError, match="cannot contain"):
        headers.text("x-oss-meta-a", value)


@rows("value", "", "a b", "中", "a\tb", "\udcd6\udcd0")
def test_other_values_are_returned(value: str) -> None:
    """P-57: bytes that are not UTF-8 come as surrogates, here \u4e2d in GBK."""
    assert headers.text("x-oss-meta-a", value) == value


def test_metadata_has_a_limit_in_bytes() -> None:
    with pytest.raises(OSSError, match="User metadata has 8193 bytes; at most 8192 are"):
        headers.select_stored({"x-oss-meta-a": "\udcd6\udcd0" * (headers.MAX_META // 2)})


def test_surrogates_are_encoded_as_their_bytes() -> None:
    assert headers.encode("a\udcff") == b"a\xff"


def test_encryption_of_a_later_request_is_refused() -> None:
    headers.refuse_encryption({f"{headers.ENCRYPTION}-key-id": "k"}, "UploadPart")
    headers.refuse_encryption({headers.ENCRYPTION: "KMS"}, "InitiateMultipartUpload")
    with pytest.raises(OSSError, match="does not encrypt"):
        headers.refuse_encryption({headers.ENCRYPTION: "KMS"}, "UploadPart")


def test_key_of_an_encryption_fits_into_a_header() -> None:
    """Fields of forms and parameters of S3 may have line ends, unlike headers."""
    sent = {headers.ENCRYPTION: "KMS", f"{headers.ENCRYPTION}-key-id": "a-\r\nb: c"}
    with pytest.raises(OSSError, match="cannot contain"):
        headers.encryption(sent)


def test_location_is_ascii() -> None:
    assert headers.location("http://h/ä?a=%20&b=1#c") == "http://h/%C3%A4?a=%20&b=1#c"


# --- The `x-oss-copy-source` header


@rows("header", "\udcff/a", "/\udcff/a")
def test_bucket_that_is_not_utf8_is_refused(header: str) -> None:
    with pytest.raises(OSSError, match="Copy Source must mention"):
        conditions.parse_copy_source(header)


# --- Conditions on an object


def test_the_first_second_of_the_epoch_is_a_date() -> None:
    begin = {"if-unmodified-since": dates.format_http(0)}
    conditions.check(begin, '"A"', modified=0)
    with pytest.raises(OSSError, match="PreconditionFailed"):
        conditions.check(begin, '"A"', modified=1)


# --- Dates on the wire, parsed and formatted

SECONDS = st.integers(0, 4_102_444_800)


@given(SECONDS)
def test_formatted_dates_are_parsed_again(second: int) -> None:
    assert dates.parse_http(dates.format_http(second)) == second
    assert dates.parse_iso(dates.format_iso(second)) == second


def test_latest_date_is_parsed_again() -> None:
    assert dates.parse_iso(dates.format_iso(dates.LATEST)) == dates.LATEST
    assert dates.parse_iso("9999-12-31T23:59:59Z") == dates.LATEST


def test_dates_are_formatted_exactly() -> None:  # P-31
    assert dates.format_http(1_330_668_468.9) == "Fri, 02 Mar 2012 06:07:48 GMT"
    assert dates.format_iso(1_330_668_468.9) == "2012-03-02T06:07:48.000Z"


@pytest.mark.parametrize("zone", ["", " -0000", " GMT"])
def test_date_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """On a machine in China, local time would make it eight hours earlier."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        found = dates.parse_http(f"Fri, 02 Mar 2012 06:07:48{zone}")
    time.tzset()
    assert found == 1_330_668_468


@rows("text", *CASES["invalid_date_is_none"])
def test_invalid_date_is_none(text: str) -> None:
    assert dates.parse_http(text) is None
    assert dates.parse_iso(text) is None


# --- The page behind a request, by the headers of browsers


def ask(**headers: str) -> Request:
    """Return a request to `localhost:9000`; `sec_fetch_site` becomes the header Sec-Fetch-Site."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request.parse("POST", "/", [("Host", "localhost:9000"), *fields], 0.0)


@rows(("headers", "foreign"), *CASES["page_is_foreign_if_one_header_says_so"])
def test_page_is_foreign_if_one_header_says_so(headers: dict[str, str], foreign: bool) -> None:
    assert origin.is_foreign(ask(**headers)) is foreign


@rows(("mode", "dest", "visit"), *CASES["only_the_page_of_a_tab_is_a_visit"])
def test_only_the_page_of_a_tab_is_a_visit(mode: str, dest: str, visit: bool) -> None:
    assert origin.is_visit(ask(sec_fetch_mode=mode, sec_fetch_dest=dest)) is visit


@rows(("headers", "preflighted"), *CASES["headers_of_oss_need_a_preflight"])
def test_headers_of_oss_need_a_preflight(headers: dict[str, str], preflighted: bool) -> None:
    assert origin.is_preflighted(ask(**headers)) is preflighted


@rows(("headers", "browser"), *CASES["browser_is_known_by_its_headers"])
def test_browser_is_known_by_its_headers(headers: dict[str, str], browser: bool) -> None:
    assert origin.is_from_browser(ask(**headers)) is browser
