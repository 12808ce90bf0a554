"""Errors, and documents in XML."""

from base64 import b64decode
from xml.sax.saxutils import escape

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, ErrorSpec, OSSError, render
from oss_emulator.protocol.message import Response
from oss_referer.sources.markup import MAX_DOCUMENT

from tests.rows import rows

# --- The table of errors, and how an error becomes an answer (P-30)


def test_rows_of_the_table_are_complete() -> None:
    for case in ErrorCase:
        row = case.value
        assert row.code.replace("Imm Client", "ImmClient").isalnum(), case  # P-82
        assert row.status == 203 or 300 <= row.status < 600, case
        assert bool(row.message) is (row.status != 304), case
        assert not row.ec or [len(part) for part in row.ec.split("-")] == [4, 8], case


def test_error_becomes_a_document() -> None:
    error = OSSError(ErrorCase.NO_SUCH_KEY, Key="a\x00b", Content_MD5=None)
    answer = render(error, "GET", "0" * 24, "localhost")
    assert isinstance(answer.body, bytes)
    document = xml.parse(answer.body, "Error")
    assert {child.name: child.value for child in document} == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "RequestId": "0" * 24,
        "HostId": "localhost",
        "Key": "a\N{REPLACEMENT CHARACTER}b",
        "EC": "0026-00000001",
        "RecommendDoc": "https://api.aliyun.com/troubleshoot?q=0026-00000001",
    }
    assert answer.status == 404
    assert answer.headers == {"x-oss-ec": "0026-00000001", "Content-Type": "application/xml"}


def test_underscore_of_a_detail_becomes_a_hyphen() -> None:
    answer = render(OSSError(ErrorCase.INVALID_DIGEST, Content_MD5="x"), "PUT", "", "")
    assert isinstance(answer.body, bytes)
    assert b"<Content-MD5>x</Content-MD5>" in answer.body


def test_head_has_the_document_in_a_header() -> None:
    error = OSSError(ErrorCase.NO_SUCH_BUCKET, headers={"x-oss-a": "1"})
    get, head = render(error, "GET", "1", "h"), render(error, "HEAD", "1", "h")
    assert head.body == b""
    assert b64decode(head.headers["x-oss-err"]) == get.body
    assert head.headers["Content-Length"] == str(len(get.body))
    assert head.headers["x-oss-a"] == "1"


def test_not_modified_has_headers_only() -> None:
    error = OSSError(ErrorCase.NOT_MODIFIED, headers={"ETag": '"A"'})
    assert render(error, "GET", "1", "h") == Response(304, {"ETag": '"A"'})


def test_message_and_ec_replace_those_of_the_table() -> None:
    error = OSSError(ErrorSpec("Code", 418, "from the table", "1"), "given", ec="")
    assert (error.message, error.ec, str(error)) == ("given", "", "Code: given")


@rows(("mainland", "site"), (True, "api.aliyun.com"), (False, "api.alibabacloud.com"))
def test_document_names_the_site_of_the_region(mainland: bool, site: str) -> None:
    """S-10"""
    error = OSSError(ErrorCase.NO_SUCH_KEY)
    response = render(error, "GET", "id", "host", mainland=mainland)
    assert isinstance(response.body, bytes)
    assert f"https://{site}/troubleshoot?q=0026-00000001".encode() in response.body


# --- XML: what `format` writes can be parsed, and bad documents are refused

# Every character that a key may have, including those that XML 1.0 forbids (P-35).
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"))


@given(TEXT)
def test_formatted_text_is_parsed_again(text: str) -> None:
    document = xml.format("Delete", [("Object", [("Key", text)])])
    (entry,) = xml.parse(document, "Delete").all("Object")
    key = entry.first("Key")
    assert key is not None
    assert key.value == text


@given(TEXT)
def test_text_is_escaped_where_xml_needs_it(text: str) -> None:
    """Control characters except tabs and line feeds are written as references (P-35)."""
    written = xml.format("R", text).decode().partition("<R>")[2].removesuffix("</R>\n")
    control = {code: f"&#{code};" for code in range(32) if chr(code) not in "\t\n"}
    assert written == escape(text).translate(control)


def test_every_ascii_character_is_escaped_alone() -> None:
    """Random text has each character too rarely."""
    for code in range(128):
        document = xml.format("R", [("V", chr(code))])
        assert xml.parse(document, "R").first("V").value == chr(code)  # type: ignore[union-attr]


@rows(
    ("value", "written"),
    ("a&b<c>", b"<V>a&amp;b&lt;c&gt;</V>"),
    (True, b"<V>true</V>"),  # P-31
    (False, b"<V>false</V>"),
    (0, b"<V>0</V>"),
    ("", b"<V></V>"),
    (None, b""),
    ([], b"<V></V>"),  # no white space, which ali-oss would read as an entry
    ([("A", None)], b"<V></V>"),
)
def test_values_are_formatted(value: xml.Value, written: bytes) -> None:
    document = xml.format("R", [("V", value)])
    body = document.partition(b"<R>")[2].partition(b"</R>")[0].strip()
    assert body == written
    assert b"xmlns" not in document  # P-31


@rows(
    "document",
    b'<Delete xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"><Quiet>true</Quiet></Delete>',
    b'<o:Delete xmlns:o="urn:x"><o:Quiet> true </o:Quiet></o:Delete>',
    b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n<Delete><Quiet>true</Quiet></Delete>',
    b"<!-- why --><Delete><!-- not --><Quiet>true</Quiet></Delete>",
)
def test_elements_are_found_by_local_name(document: bytes) -> None:
    assert xml.parse(document, "Delete").text("Quiet") == "true"


@rows("written", b"a\x0cb", b"a&#12;b", b"a&#x0C;b", b"a&#xc;b", b"a&#012;b")
def test_control_characters_are_accepted_in_every_form(written: bytes) -> None:  # P-35
    node = xml.parse(b"<Delete><Key>" + written + b"</Key></Delete>", "Delete")
    assert node.text("Key") == "a\x0cb"


@rows(
    ("document", "reason"),
    (b"", "well-formed"),
    (b"nothing", "well-formed"),
    (b"<Delete>", "well-formed"),
    (b"<Other/>", "the root Other; it must be Delete"),
    (b"\xff\xfe<\x00D\x00", "not UTF-8"),
    (b"<Delete>" + b" " * MAX_DOCUMENT + b"</Delete>", "larger than"),
    (b'<!DOCTYPE d [<!ENTITY a "b">]><Delete>&a;</Delete>', "document type"),
    (b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><Delete/>', "document type"),
    (b"<Delete>&undefined;</Delete>", "well-formed"),
    (b"<a>" * 100_000, "well-formed"),
)
def test_bad_documents_are_refused_with_the_reason(document: bytes, reason: str) -> None:
    with pytest.raises(xml.DocumentError, match=reason):
        xml.parse(document, "Delete")
