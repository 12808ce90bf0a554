"""SelectObject and CreateSelectObjectMeta."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5
from typing import Any

import pytest
from oss2 import xml_utils
from oss_emulator.access.identity import Identity

from tests.rows import read_cases, rows
from tests.unit.operations.service import Answer, Caller
from tests.unit.selecting.cases import Found, read, split

CASES = read_cases("unit.operations")


TABLE = b"name,age\nAnn,31\nBob,25\n"


@pytest.fixture
def ask(ask: Caller) -> Caller:
    """The service with the object `a.csv`, in `bucket`."""
    ask("PUT", "/bucket/a.csv", TABLE, Content_Type="text/csv", Content_Encoding="utf-8")
    return ask


def select(
    ask: Caller, sql: str, options: dict[str, Any] | None = None, key: str = "a.csv", **headers: str
) -> Answer:
    form = "json" if "Json_Type" in (options or {}) else "csv"
    document = xml_utils.to_select_object(sql, options or {})
    return ask("POST", f"/bucket/{key}?x-oss-process={form}%2Fselect", document, **headers)


def found_by(answer: Answer) -> Found:
    assert answer.status == 206, answer.body
    return read(list(split(answer.body)))


def create_meta(ask: Caller, options: dict[str, Any] | None = None, key: str = "a.csv") -> Answer:
    form = "json" if "Json_Type" in (options or {}) else "csv"
    document = xml_utils.to_get_select_object_meta(options)
    return ask("POST", f"/bucket/{key}?x-oss-process={form}/meta", document)


def counts(answer: Answer) -> tuple[int, int, int, int]:
    """Return offset, splits, rows and columns of the frame of a meta."""
    assert answer.status == 200, answer.body
    (frame,) = split(answer.body)
    payload = frame.payload
    assert int.from_bytes(payload[16:20]) == 200
    return (
        frame.offset,
        int.from_bytes(payload[20:24]),
        int.from_bytes(payload[24:32]),
        int.from_bytes(payload[32:36]),
    )


def test_rows_are_sent_in_frames(ask: Caller) -> None:
    """Q-01, Q-02"""
    answer = select(ask, "select name from ossobject where age > 30", {"CsvHeaderInfo": "Use"})
    assert found_by(answer).rows == b"Ann\n"
    source = ask("HEAD", "/bucket/a.csv").headers
    assert answer.headers["x-oss-select-output-raw"] == "false"
    for name in ("ETag", "Last-Modified", "Content-Type", "x-oss-hash-crc64ecma"):
        assert answer.headers[name] == source[name]
    assert "Content-Length" not in answer.headers
    assert "Content-Encoding" not in answer.headers


def test_raw_rows_have_no_frames(ask: Caller) -> None:
    """Q-02"""
    answer = select(ask, "select _1 from ossobject", {"OutputRawData": "true"})
    assert (answer.status, answer.body) == (206, b"name\nAnn\nBob\n")
    assert answer.headers["x-oss-select-output-raw"] == "true"


@rows(("sql", "options", "code", "ec"), *CASES["error_answers_the_request"])
def test_error_answers_the_request(
    ask: Caller, sql: str, options: dict[str, Any], code: str, ec: str
) -> None:
    """Q-20, Q-21"""
    answer = select(ask, sql, options)
    assert (answer.status, answer.code, answer.text("EC")) == (400, code, ec)


def test_missing_object_and_malformed_document(ask: Caller) -> None:
    assert select(ask, "select * from ossobject", key="b.csv").code == "NoSuchKey"
    answer = ask("POST", "/bucket/a.csv?x-oss-process=csv/select", "<SelectRequest>")
    assert (answer.status, answer.code) == (400, "MalformedXML")
    answer = ask("POST", "/bucket/a.csv?x-oss-process=csv/meta", "<SelectRequest/>")
    assert (answer.status, answer.code) == (400, "MalformedXML")


def test_wrong_md5_is_refused(ask: Caller) -> None:
    wrong = b64encode(md5(b"x", usedforsecurity=False).digest()).decode()
    answer = select(ask, "select * from ossobject", Content_MD5=wrong)
    assert answer.code == "InvalidDigest"


def test_archived_object_must_be_restored(ask: Caller) -> None:
    """Query objects"""
    ask("PUT", "/bucket/cold.csv", TABLE, x_oss_storage_class="Archive")
    assert select(ask, "select * from ossobject", key="cold.csv").code == "InvalidObjectState"


def test_link_is_followed(ask: Caller) -> None:
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a.csv")
    assert found_by(select(ask, "select count(*) from ossobject", key="link")).rows == b"3\n"
    assert counts(create_meta(ask, key="link")) == (len(TABLE), 1, 3, 2)


@pytest.mark.parametrize("form", ["csv/select", "csv/meta", "json/select", "json/meta"])
def test_requester_cannot_pay(ask: Caller, form: str) -> None:
    """Q-04: ObjectRequestPaymentTest of the C++ SDK"""
    ask("PUT", "/bucket?acl", x_oss_acl="public-read-write")
    payer = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"
    ask("PUT", "/bucket?requestPayment", payer)
    target = f"/bucket/a.csv?x-oss-process={form}"
    answer = ask.by(Identity("10"), "POST", target, "<x/>", x_oss_request_payer="requester")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.text("Message") == "Select API does not support requester pay now."
    assert ask("POST", target, "<x/>").code == "MalformedXML"


def test_other_processing_of_a_post_is_that_of_images(ask: Caller) -> None:
    assert ask("POST", "/bucket/a.csv?x-oss-process", "x").code == "MissingArgument"


# Ranges


@pytest.mark.parametrize(
    ("rows", "expected"),
    [((0, 1), b"name\nAnn\n"), ((1, None), b"Ann\nBob\n"), ((None, 1), b"Bob\n")],
)
def test_lines_are_read_by_their_meta(
    ask: Caller, rows: tuple[int | None, int | None], expected: bytes
) -> None:
    """Q-22, Q-23"""
    create_meta(ask)
    assert found_by(select(ask, "select _1 from ossobject", {"LineRange": rows})).rows == expected
    assert found_by(select(ask, "select _1 from ossobject", {"SplitRange": (0, 9)})).rows == (
        b"name\nAnn\nBob\n"
    )


def test_line_outside_of_the_object_is_refused(ask: Caller) -> None:
    """Q-21"""
    create_meta(ask)
    answer = select(ask, "select _1 from ossobject", {"LineRange": (3, 10)})
    assert (answer.code, answer.text("EC")) == ("InvalidRange", "0016-00000817")
    assert "Actual line range is 3-10." in (answer.text("Message") or "")


@pytest.mark.parametrize(("options", "header", "ec"), CASES["range_of_bytes_is_refused"])
def test_range_of_bytes_is_refused(
    ask: Caller, options: dict[str, Any], header: str, ec: str
) -> None:
    """Q-21, Q-24"""
    answer = select(ask, "select * from ossobject", options, Range=header)
    assert (answer.status, answer.code, answer.text("EC")) == (400, "InvalidRange", ec)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("bytes=0-1", b"name\n"),
        ("bytes=1-9", b"Ann\n"),
        ("bytes=9-", b"Ann\nBob\n"),
        ("bytes=99-", b"name\nAnn\nBob\n"),
    ],
)
def test_range_of_bytes_has_the_rows_that_begin_in_it(
    ask: Caller, header: str, rows: bytes
) -> None:
    """Q-24"""
    options = {"AllowQuotedRecordDelimiter": "false"}
    assert found_by(select(ask, "select _1 from ossobject", options, Range=header)).rows == rows


# CreateSelectObjectMeta


def test_meta_is_counted_once(ask: Caller) -> None:
    """Q-13, Q-23"""
    assert counts(create_meta(ask)) == (len(TABLE), 1, 3, 2)
    assert counts(create_meta(ask)) == (0, 1, 3, 2)
    assert counts(create_meta(ask, {"FieldDelimiter": "|"})) == (0, 1, 3, 2)
    options = {"FieldDelimiter": "|", "OverwriteIfExists": "true"}
    assert counts(create_meta(ask, options)) == (len(TABLE), 1, 3, 1)
    answer = select(ask, "select _1 from ossobject", {"LineRange": (0, 1)})
    assert (answer.code, answer.text("EC")) == ("SelectCsvMetaUnavailable", "0016-00000836")


def test_meta_of_json_has_no_columns(ask: Caller) -> None:
    """Q-13"""
    ask("PUT", "/bucket/a.json", b'{"a":1}\n{"a":2}\n')
    answer = create_meta(ask, {"Json_Type": "LINES"}, "a.json")
    (frame,) = split(answer.body)
    assert (frame.type, len(frame.payload), frame.payload[-1:]) == (8388615, 33, b".")
    options = {"Json_Type": "LINES", "LineRange": (1, 1)}
    assert found_by(select(ask, "select a from ossobject", options, "a.json")).rows == b'{"a":2}\n'


def test_replaced_object_has_no_meta(ask: Caller) -> None:
    """Q-23"""
    create_meta(ask)
    ask("PUT", "/bucket/a.csv", TABLE)
    answer = select(ask, "select _1 from ossobject", {"LineRange": (0, 1)})
    assert answer.text("EC") == "0016-00000820"


def test_meta_of_an_appended_object_is_counted_again(ask: Caller) -> None:
    """Q-23"""
    ask("POST", "/bucket/log?append&position=0", b"a\n")
    assert counts(create_meta(ask, key="log")) == (2, 1, 1, 1)
    ask("POST", "/bucket/log?append&position=2", b"b\n")
    answer = select(ask, "select _1 from ossobject", {"LineRange": (0, 1)}, "log")
    assert answer.code == "SelectCsvMetaUnavailable"
    assert counts(create_meta(ask, key="log")) == (4, 1, 2, 1)
    found = select(ask, "select _1 from ossobject", {"LineRange": (1, 1)}, "log")
    assert found_by(found).rows == b"b\n"


def test_meta_changes_nothing_else_of_the_object(ask: Caller) -> None:
    ask.keep_versions()
    ask("PUT", "/bucket/v.csv", TABLE)
    before = ask("HEAD", "/bucket/v.csv").headers
    create_meta(ask, key="v.csv")
    assert ask("HEAD", "/bucket/v.csv").headers == before


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [(b'a,"b\n', {}, "InvalidCsvLine"), (b"a\n", {"Json_Type": "LINES"}, "InvalidJsonData")],
)
def test_invalid_object_has_no_meta(
    ask: Caller, data: bytes, options: dict[str, Any], code: str
) -> None:
    ask("PUT", "/bucket/bad", data)
    answer = create_meta(ask, options, "bad")
    assert (answer.status, answer.code, answer.text("EC")) == (400, code, "0016-00000801")
