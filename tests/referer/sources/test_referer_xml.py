"""Rules as XML: documents of clients, refused documents, and formatted ones."""

from __future__ import annotations

import re
from contextlib import suppress
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import MissingList, TruncationConflict
from oss_referer.sources import referer_xml
from oss_referer.sources.markup import MAX_DOCUMENT
from oss_referer.sources.referer_xml import FormatProblem, RefererFormatError

from tests.referer_documents import BAD, GOOD, RefererDocument
from tests.rows import rows

by_name = attrgetter("name")
OPTIONAL_LIST = Assumptions(missing_list=MissingList.ACCEPTED)


@rows("good", *GOOD)
def test_good_document_is_parsed(good: RefererDocument) -> None:
    assert referer_xml.parse(good.document) == good.rules


@rows("bad", *BAD)
def test_bad_document_is_refused(bad: RefererDocument) -> None:
    """R-30: only a missing list is accepted, if it is assumed to be optional."""
    with pytest.raises(RefererFormatError) as refusal:
        referer_xml.parse(bad.document)
    assert refusal.value.problem == bad.problem
    if bad.line is not None:
        assert refusal.value.line == bad.line
        assert str(refusal.value).startswith(f"line {bad.line}: ")
    assert len(str(refusal.value).splitlines()) == 1
    if bad.accepted:
        assert referer_xml.parse(bad.document, OPTIONAL_LIST) == RefererConfiguration()
    else:
        with pytest.raises(RefererFormatError):
            referer_xml.parse(bad.document, OPTIONAL_LIST)


def test_each_problem_has_a_document() -> None:
    shown = {FormatProblem(bad.problem) for bad in BAD}
    assert shown == set(FormatProblem) - {FormatProblem.TOO_LARGE, FormatProblem.CONTRADICTION}


@rows("variant", *TruncationConflict)
@rows("path", False, True)
@rows("query", False, True)
def test_contradiction_is_refused_only_if_that_is_assumed(
    variant: TruncationConflict, path: bool, query: bool
) -> None:
    """R-27"""
    rules = RefererConfiguration(truncate_path=path, allow_truncate_query_string=query)
    assumptions = Assumptions(truncation_conflict=variant)
    if path and not query and variant is TruncationConflict.REFUSED:
        with pytest.raises(RefererFormatError) as refusal:
            referer_xml.parse(referer_xml.format(rules), assumptions)
        assert refusal.value.problem is FormatProblem.CONTRADICTION
    else:
        assert referer_xml.parse(referer_xml.format(rules), assumptions) == rules


def put(list_of_referers: bytes) -> bytes:
    return (
        b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList>"
        + list_of_referers
        + b"</RefererList></RefererConfiguration>"
    )


def test_document_of_the_largest_size_is_parsed() -> None:
    entry = b"<Referer>https://www.example.com/</Referer>"
    document = put(entry * 1_000).ljust(MAX_DOCUMENT)
    assert len(referer_xml.parse(document).whitelist) == 1_000


def test_larger_document_is_refused_before_parsing() -> None:
    with pytest.raises(RefererFormatError, match="the limit is 2097152") as refusal:
        referer_xml.parse(b" " * (MAX_DOCUMENT + 1))
    assert refusal.value.problem is FormatProblem.TOO_LARGE


@given(st.binary(max_size=200) | st.text("<>/&;!?#x[]-DOCTYPE \"'", max_size=60).map(str.encode))
def test_arbitrary_bytes_raise_only_a_format_error(noise: bytes) -> None:
    for document in (noise, put(noise)):
        with suppress(RefererFormatError):
            referer_xml.parse(document)


def test_unknown_encoding_is_refused() -> None:
    with pytest.raises(RefererFormatError) as refusal:
        referer_xml.parse(b'<?xml version="1.0" encoding="klingon"?>' + put(b""))
    assert refusal.value.problem is FormatProblem.MALFORMED


def test_utf_16_is_parsed() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + put(b"<Referer>a&amp;b</Referer>").decode()
    assert referer_xml.parse(text.encode("utf-16")).whitelist == ("a&b",)


def test_entities_and_files_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("https://secret.example/")
    body = put(b"<Referer>&file;</Referer>")
    document = f'<!DOCTYPE r [<!ENTITY file SYSTEM "{secret.as_uri()}">]>'.encode() + body
    with pytest.raises(RefererFormatError) as refusal:
        referer_xml.parse(document)
    assert refusal.value.problem is FormatProblem.DOCUMENT_TYPE
    assert referer_xml.parse(body).whitelist == ("&file;",)


xml_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\r\n&<>'\"*? ")
)
configurations = st.builds(
    RefererConfiguration,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.lists(xml_texts).map(tuple),
    st.lists(xml_texts).map(tuple),
)


@given(configurations)
def test_formatted_document_parses_to_the_same(rules: RefererConfiguration) -> None:
    assert referer_xml.parse(referer_xml.format(rules)) == rules


@given(st.text("ab&;#x1=lt ", max_size=20))
def test_unescaped_ampersands_lose_no_character(entry: str) -> None:
    read = (
        referer_xml.parse(put(f"<Referer>{entry}</Referer>".encode())) if is_text(entry) else None
    )
    if read:
        resolved = re.sub(r"&(?:(lt;)|#(?:x([1ab]+)|(1+));)", resolve, entry)
        assert read.whitelist == (resolved,)


def resolve(reference: re.Match[str]) -> str:
    if reference[1]:
        return "<"
    return chr(int(reference[2], 16) if reference[2] else int(reference[3]))


def is_text(entry: str) -> bool:
    """Whether XML can hold every character that is referred to by number."""
    for reference in re.finditer(r"&#(?:x([1ab]+)|(1+));", entry):
        number = int(reference[1], 16) if reference[1] else int(reference[2])
        if number < 32 or not (number < 0xD800 or 0xE000 <= number < 0xFFFE):
            return False
    return True


def test_elements_are_in_documented_order_without_name_space() -> None:
    rules = RefererConfiguration(False, True, False, ("a&b", " c"), ("d",))
    assert referer_xml.format(rules) == (
        b"<?xml version='1.0' encoding='UTF-8'?>\n"
        b"<RefererConfiguration>"
        b"<AllowEmptyReferer>false</AllowEmptyReferer>"
        b"<AllowTruncateQueryString>true</AllowTruncateQueryString>"
        b"<TruncatePath>false</TruncatePath>"
        b"<RefererList><Referer>a&amp;b</Referer><Referer> c</Referer></RefererList>"
        b"<RefererBlacklist><Referer>d</Referer></RefererBlacklist>"
        b"</RefererConfiguration>"
    )


def test_empty_whitelist_is_formatted_and_empty_blacklist_is_not() -> None:
    written = etree.fromstring(referer_xml.format(RefererConfiguration()))
    assert [element.tag for element in written] == [
        "AllowEmptyReferer",
        "AllowTruncateQueryString",
        "TruncatePath",
        "RefererList",
    ]  # P-34


def test_entry_that_xml_cannot_represent_is_refused() -> None:
    with pytest.raises(ValueError, match="XML"):
        referer_xml.format(RefererConfiguration(whitelist=("\x00",)))
