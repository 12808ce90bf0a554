"""Headers: what their values mean, and which are refused."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oss_emulator.protocol import conditions, copy_source, dates, headers, origin, ranges, xml
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.tagging import format_document, parse_document, parse_header

# --- The headers stored with an object, and their checks


def test_standard_headers_and_metadata_are_kept() -> None:
    sent = {"cache-control": "no-cache", "x-oss-meta-a": "1", "x-oss-acl": "private", "host": "h"}
    assert headers.select_stored(sent) == {
        "Content-Type": "application/octet-stream",
        "Cache-Control": "no-cache",
        "x-oss-meta-a": "1",
    }
    assert headers.sends_metadata(sent)
    assert not headers.sends_metadata({"host": "h"})


def test_metadata_has_a_limit() -> None:
    name = "x-oss-meta-a"
    assert headers.select_stored({name: "v" * (headers.MAX_META - 1)})
    for value in ("v" * headers.MAX_META, "\udcd6\udcd0" * (headers.MAX_META // 2)):
        with pytest.raises(OSSError, match="User metadata has 8193 bytes; at most 8192 are"):
            headers.select_stored({name: value})


@pytest.mark.parametrize("value", ["\ud83d", "a\nb", "\x7f"])
def test_value_that_does_not_fit_into_a_header_is_refused(value: str) -> None:
    with pytest.raises(OSSError, match="cannot contain"):
        headers.text("x-oss-meta-a", value)


@pytest.mark.parametrize("value", ["", "a b", "中", "a\tb", "\udcd6\udcd0"])
def test_other_values_are_returned(value: str) -> None:
    """P-57: bytes that are not UTF-8 come as surrogates, here \u4e2d in GBK."""
    assert headers.text("x-oss-meta-a", value) == value


def test_surrogates_are_encoded_as_their_bytes() -> None:
    assert headers.encode("a\udcff") == b"a\xff"


def test_unknown_storage_class_error_lists_the_known_ones() -> None:
    assert headers.storage_class({}, "IA") == "IA"
    assert headers.storage_class({"x-oss-storage-class": "Archive"}, "IA") == "Archive"
    with pytest.raises(OSSError) as caught:
        headers.storage_class({"x-oss-storage-class": "Foo"}, "IA")
    assert caught.value.message == (
        "Storage class 'Foo' is unknown; use Standard, IA, Archive, ColdArchive or DeepColdArchive."
    )


KMS = {headers.ENCRYPTION: "KMS"}
KEY_ID = f"{headers.ENCRYPTION}-key-id"
DATA = "x-oss-server-side-data-encryption"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {}),
        ({KEY_ID: "k"}, {}),
        ({headers.ENCRYPTION: "AES256", KEY_ID: "k", DATA: "SM4"}, {headers.ENCRYPTION: "AES256"}),
        (KMS, {**KMS, KEY_ID: headers.DEFAULT_KEY_ID}),
        ({**KMS, KEY_ID: "k", DATA: "SM4"}, {**KMS, KEY_ID: "k", DATA: "SM4"}),
    ],
)
def test_encryption_is_selected(sent: dict[str, str], expected: dict[str, str]) -> None:
    assert headers.encryption(sent) == expected
    assert headers.encryption_of({**expected, "Content-Type": "a"}) == expected
    assert headers.without_encryption({**expected, "Content-Type": "a"}) == {"Content-Type": "a"}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({headers.ENCRYPTION: "DES"}, "InvalidEncryptionAlgorithmError"),
        ({**KMS, DATA: "AES256"}, "InvalidDataEncryptionAlgorithmError"),
    ],
)
def test_unknown_encryption_is_refused(sent: dict[str, str], code: str) -> None:
    with pytest.raises(OSSError, match=code):
        headers.encryption(sent)


def test_encryption_of_a_later_request_is_refused() -> None:
    headers.refuse_encryption({KEY_ID: "k"})
    with pytest.raises(OSSError, match="InitiateMultipartUpload"):
        headers.refuse_encryption(KMS)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("TRUE", True), ("1", False)])
def test_only_true_sets_a_flag(value: str, expected: bool) -> None:
    assert headers.flag({"x": value}, "x") is expected
    assert headers.flag({}, "x") is False


def test_location_is_ascii() -> None:
    assert headers.location("http://h/ä?a=%20&b=1#c") == "http://h/%C3%A4?a=%20&b=1#c"


# --- Conditions of GET, HEAD and copies, alone and together

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


# --- The `x-oss-copy-source` header


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("/bucket/key", ("bucket", "key", None)),
        ("bucket/key", ("bucket", "key", None)),
        ("/bucket/a%20b/c%2Bd", ("bucket", "a b/c+d", None)),
        ("/bucket/a+b", ("bucket", "a b", None)),  # P-43
        ("/bucket/key?versionId=CAE", ("bucket", "key", "CAE")),
        ("/bucket/a%3Fb", ("bucket", "a?b", None)),
    ],
)
def test_source_is_parsed(header: str, expected: tuple[str, str, str | None]) -> None:
    assert copy_source.parse(header) == expected


@pytest.mark.parametrize("header", ["", "/", "/bucket", "/bucket/", "//key"])
def test_incomplete_source_is_refused(header: str) -> None:
    with pytest.raises(OSSError, match="Copy Source must mention") as caught:
        copy_source.parse(header)
    assert caught.value.details["ArgumentValue"] == header


@pytest.mark.parametrize("header", ["\udcff/a", "/\udcff/a"])
def test_bucket_that_is_not_utf8_is_refused(header: str) -> None:
    with pytest.raises(OSSError, match="Copy Source must mention"):
        copy_source.parse(header)


def test_key_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(OSSError, match="InvalidArgument: The characters encoding must be utf-8"):
        copy_source.parse("/bucket/%FF")


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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2012",
        "Fri, 99 Mar 2012 06:07:48 GMT",
        "0",
        "9999-12-31T23:59:60Z",  # a leap second of the next year, which could not be read again
    ],
)
def test_invalid_date_is_none(text: str) -> None:
    assert dates.parse_http(text) is None
    assert dates.parse_iso(text) is None


# --- What the headers of browsers say about the page behind a request


def ask(**headers: str) -> Request:
    """Return a request to `localhost:9000`; `sec_fetch_site` becomes the header Sec-Fetch-Site."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request.parse("POST", "/", [("Host", "localhost:9000"), *fields], 0.0)


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec_fetch_site": "same-origin"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"sec_fetch_site": "same-site"}, True),
        ({"sec_fetch_site": "cross-site"}, True),
        ({"sec_fetch_site": "new-value"}, True),
        ({"origin": "http://localhost:9000"}, False),
        ({"origin": "http://localhost"}, True),
        ({"origin": "http://localhost:9001"}, True),
        ({"origin": "http://127.0.0.1:9000"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "chrome-extension://abc"}, True),
        ({"origin": "http://localhost:9000", "sec_fetch_site": "cross-site"}, True),
        ({"origin": "null", "sec_fetch_site": "same-origin"}, True),
    ],
)
def test_page_is_foreign_if_one_header_says_so(headers: dict[str, str], foreign: bool) -> None:
    assert origin.is_foreign(ask(**headers)) is foreign


@pytest.mark.parametrize(
    ("mode", "dest", "visit"),
    [
        ("navigate", "document", True),
        ("navigate", "iframe", False),
        ("navigate", "object", False),
        ("no-cors", "document", False),
        ("no-cors", "image", False),
    ],
)
def test_only_the_page_of_a_tab_is_a_visit(mode: str, dest: str, visit: bool) -> None:
    assert origin.is_visit(ask(sec_fetch_mode=mode, sec_fetch_dest=dest)) is visit


@pytest.mark.parametrize(
    ("headers", "preflighted"),
    [
        ({}, False),
        ({"content_type": "application/xml"}, False),
        ({"authorization": "Basic dXNlcjpwYXNz"}, False),
        ({"authorization": "OSS key:signature"}, True),
        ({"authorization": "OSS4-HMAC-SHA256 Credential=…"}, True),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=…"}, True),
        ({"x_amz_date": "now"}, True),
        ({"x_oss_date": "20300101T000000Z"}, True),
    ],
)
def test_headers_of_oss_need_a_preflight(headers: dict[str, str], preflighted: bool) -> None:
    assert origin.is_preflighted(ask(**headers)) is preflighted


@pytest.mark.parametrize(
    ("headers", "browser"),
    [
        ({"user_agent": "Mozilla/5.0", "accept": "text/html"}, False),
        ({"sec_fetch_mode": "cors"}, True),
        ({"sec_fetch_dest": "document"}, True),
        ({"upgrade_insecure_requests": "1"}, True),
        ({"origin": "http://localhost:9000"}, True),
    ],
)
def test_browser_is_known_by_its_headers(headers: dict[str, str], browser: bool) -> None:
    assert origin.is_from_browser(ask(**headers)) is browser


# --- The Range header: valid and ignored ones (GetObject, x-oss-range-behavior)

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "selected"),
    [
        ("bytes=0-499", (0, 500)),
        ("bytes=500-999", (500, 500)),
        ("bytes=-500", (500, 500)),
        ("bytes=500-", (500, 500)),
        ("bytes=0-", (0, 1000)),
        ("bytes=999-999", (999, 1)),
        ("bytes=-1000", (0, 1000)),
        ("bytes=1-2,", (1, 2)),  # P-90
        ("bytes=1-2,a-c", (1, 2)),
    ],
)
@pytest.mark.parametrize("standard", [False, True])
def test_valid_range_is_parsed(header: str, selected: tuple[int, int], standard: bool) -> None:
    assert ranges.parse(header, SIZE, standard=standard) == selected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "bytes=0-1, -6",
        "bytes=,0-1",
        "bytes=--5",
        "bytes=+1-2",
        "bytes=1_0-20",
        "bytes=٣-٤",
        "items=0-5",
        "bytes=" + "9" * 40 + "-",
    ],
)
@pytest.mark.parametrize("standard", [False, True])
def test_malformed_range_means_the_whole_object(header: str | None, standard: bool) -> None:
    assert ranges.parse(header, SIZE, standard=standard) is None


@pytest.mark.parametrize(
    "header", ["bytes=500-2000", "bytes=1000-2000", "bytes=1000-", "bytes=-2000", "bytes=-0"]
)
def test_range_past_the_end_means_the_whole_object(header: str) -> None:
    assert ranges.parse(header, SIZE) is None


def test_standard_behavior_cuts_at_the_end() -> None:
    assert ranges.parse("bytes=500-2000", SIZE, standard=True) == (500, 500)
    assert ranges.parse("bytes=-2000", SIZE, standard=True) == (0, 1000)


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=1000-2000", SIZE), ("bytes=0-", 0), ("bytes=-0", SIZE)]
)
def test_standard_behavior_refuses_a_start_past_the_end(header: str, size: int) -> None:
    with pytest.raises(OSSError) as caught:
        ranges.parse(header, size, standard=True)
    assert caught.value.status == 416
    assert caught.value.headers == {"Content-Range": f"bytes */{size}"}


# --- The tags of objects, in a header and in a document

TAKEN = {
    "none": ("", {}),
    "one": ("a=1", {"a": "1"}),
    "no value": ("a&b=", {"a": "", "b": ""}),
    "signs": ("%2B+-%3D._%3A%2F=%20.-", {"+ -=._:/": " .-"}),
    "other scripts": ("%E4%B8%AD=%E6%96%87", {"中": "文"}),
    "case": ("a=1&A=2", {"a": "1", "A": "2"}),
    "ten": ("&".join(f"k{n}" for n in range(10)), {f"k{n}": "" for n in range(10)}),
    "longest": (f"{'k' * 128}={'v' * 256}", {"k" * 128: "v" * 256}),
    "longest in bytes": (f"{'%E4%B8%AD' * 42}=", {"中" * 42: ""}),
}

REFUSED = {
    "no key": ("=a", "InvalidTag"),
    "key too long": (f"{'k' * 129}=", "InvalidTag"),
    "key too long in bytes": (f"{'%E4%B8%AD' * 43}=", "InvalidTag"),
    "value too long": (f"a={'v' * 257}", "InvalidTag"),
    "sign in the key": ("%25=a", "InvalidTag"),
    "sign in the value": ("a=%40", "InvalidTag"),
    "eleven": ("&".join(f"k{n}" for n in range(11)), "BadRequest"),  # P-54
    "twice": ("a=1&a=2", "InvalidArgument"),
    "not UTF-8": ("%FF=1", "InvalidArgument"),
}


def document(tags: list[tuple[str, str]]) -> xml.Node:
    return xml.parse(xml.format("Tagging", format_document(tags)), "Tagging")


@pytest.mark.parametrize(("header", "tags"), TAKEN.values(), ids=TAKEN)
def test_header_is_parsed(header: str, tags: dict[str, str]) -> None:
    assert parse_header(header) == tags


@pytest.mark.parametrize(("header", "code"), REFUSED.values(), ids=REFUSED)
def test_bad_header_is_refused(header: str, code: str) -> None:
    with pytest.raises(OSSError) as refused:
        parse_header(header)
    assert refused.value.code == code


@pytest.mark.parametrize("tags", [tags for _, tags in TAKEN.values()], ids=TAKEN)
def test_formatted_document_is_parsed_again(tags: dict[str, str]) -> None:
    assert parse_document(document(list(tags.items()))) == tags


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("a", "1"), ("a", "1")], "InvalidTag"),  # P-54
        ([("", "1")], "InvalidTag"),
        ([("a", "%")], "InvalidTag"),
        ([(f"k{n}", "") for n in range(11)], "BadRequest"),
    ],
)
def test_bad_document_is_refused(tags: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(OSSError) as refused:
        parse_document(document(tags))
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["<Tagging/>", "<Tagging><TagSet><Tag/></TagSet></Tagging>"])
def test_document_without_its_elements_is_malformed(text: str) -> None:
    with pytest.raises(xml.DocumentError):
        parse_document(xml.parse(text.encode(), "Tagging"))
