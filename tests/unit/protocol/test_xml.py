"""XML: what `format` writes can be parsed, and bad documents are refused."""

from xml.sax.saxutils import escape

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oss_emulator.protocol import xml
from oss_referer.sources.markup import MAX_DOCUMENT

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
    """Control characters but tabs and line feeds are written as references (P-35)."""
    written = xml.format("R", text).decode().partition("<R>")[2].removesuffix("</R>\n")
    control = {code: f"&#{code};" for code in range(32) if chr(code) not in "\t\n"}
    assert written == escape(text).translate(control)


def test_every_ascii_character_is_escaped_alone() -> None:
    """Random text has each of them too rarely."""
    for code in range(128):
        document = xml.format("R", [("V", chr(code))])
        assert xml.parse(document, "R").first("V").value == chr(code)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a&b<c>", b"<V>a&amp;b&lt;c&gt;</V>"),
        (True, b"<V>true</V>"),  # P-31
        (False, b"<V>false</V>"),
        (0, b"<V>0</V>"),
        ("", b"<V></V>"),
        (None, b""),
        ([], b"<V></V>"),  # without white space, which ali-oss takes as an entry
        ([("A", None)], b"<V></V>"),
    ],
)
def test_values_are_formatted(value: xml.Value, written: bytes) -> None:
    document = xml.format("R", [("V", value)])
    body = document.partition(b"<R>")[2].partition(b"</R>")[0].strip()
    assert body == written
    assert b"xmlns" not in document  # P-31


@pytest.mark.parametrize(
    "document",
    [
        b'<Delete xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"><Quiet>true</Quiet></Delete>',
        b'<o:Delete xmlns:o="urn:x"><o:Quiet> true </o:Quiet></o:Delete>',
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n<Delete><Quiet>true</Quiet></Delete>',
        b"<!-- why --><Delete><!-- not --><Quiet>true</Quiet></Delete>",
    ],
)
def test_elements_are_found_by_local_name(document: bytes) -> None:
    assert xml.parse(document, "Delete").text("Quiet") == "true"


@pytest.mark.parametrize("written", [b"a\x0cb", b"a&#12;b", b"a&#x0C;b", b"a&#xc;b", b"a&#012;b"])
def test_control_characters_are_accepted_in_every_form(written: bytes) -> None:  # P-35
    node = xml.parse(b"<Delete><Key>" + written + b"</Key></Delete>", "Delete")
    assert node.text("Key") == "a\x0cb"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
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
    ],
)
def test_bad_documents_are_refused_with_the_reason(document: bytes, reason: str) -> None:
    with pytest.raises(xml.DocumentError, match=reason):
        xml.parse(document, "Delete")
