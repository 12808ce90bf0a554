"""What is said about XML that is not well-formed, and where, whichever parser reads it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from oss_emulator.markup import parsers
from oss_emulator.markup.document import XmlDocument
from oss_emulator.markup.parsers import XmlParser
from oss_emulator.markup.scanning import (
    MAX_DEPTH,
    MAX_PREFIXES,
    DocumentTypeError,
    MarkupError,
    scan,
)

TABLE = Path(__file__).parents[3] / "fixtures" / "xml" / "malformed.toml"
CASES = tomllib.loads(TABLE.read_text(encoding="utf-8"))["case"]
PARSERS = [parsers.parse_with_lxml, parsers.parse_with_expat]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["text"]))
def test_malformed_document_gets_the_same_words_and_place(
    case: dict[str, Any], parser: XmlParser
) -> None:
    with pytest.raises(MarkupError) as refusal:
        XmlDocument.parse(case["text"].encode(), parser)
    error = refusal.value
    assert error.sentence == f"this is not well-formed XML: {case['says']}"
    assert [error.line, error.column] == case["place"]


LOOSE = {
    "<a xmlns='two words'/>",
    "<a xml:id='two words'/>",
    "<a><😀/></a>",
    "<?xml version='2.0'?><a/>",
}
"""Documents that one of the parsers accepts; expat 2.9 and later refuse the version."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["text"]))
def test_parsers_refuse_it_as_well(case: dict[str, Any]) -> None:
    refusals = 0
    for parser in PARSERS:
        try:
            parser(case["text"])
        except SyntaxError:
            refusals += 1
    assert refusals >= (1 if case["text"] in LOOSE else 2)


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?>\n<!-- a --><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a><!DOCTYPE a></a>",
    ],
)
def test_document_type_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(DocumentTypeError) as refusal:
        scan(text)
    before = text[: text.index("<!DOCTYPE")]
    assert refusal.value.line == before.count("\n") + 1


def test_elements_have_their_places() -> None:
    text = "<p:a xmlns:p='u'>\n <b c='1'>d</b ><!-- <e/> --><f/></p:a>"
    found = [
        (span.name, text[span.start : span.end], text[span.inside : max(span.closing, span.inside)])
        for span in scan(text)
    ]
    inner = text.partition(">")[2].removesuffix("</p:a>")
    assert found == [("p:a", text, inner), ("b", "<b c='1'>d</b >", "d"), ("f", "<f/>", "")]


def test_deep_document_is_refused() -> None:
    scan("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH)
    with pytest.raises(MarkupError, match=f"more than {MAX_DEPTH} elements"):
        scan("<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1))


def test_many_prefixes_are_refused_where_they_exceed_the_limit() -> None:
    declared = [f" xmlns:p{number}='u'" for number in range(100_000)]
    most = "".join(declared[: MAX_PREFIXES - 1])  # xml is declared anyway
    scan(f"<a{most}/>")
    with pytest.raises(MarkupError, match=f"more than {MAX_PREFIXES} prefixes") as refusal:
        scan(f"<a{''.join(declared)}/>")
    assert refusal.value.column == len("<a") + len(most) + len(" ") + 1
    with pytest.raises(MarkupError, match=f"more than {MAX_PREFIXES} prefixes"):
        scan(f"<a{most}><b xmlns:q='u'/></a>")


@pytest.mark.parametrize(
    "hostile", ["<!--", "<![CDATA[", "<?p ", "<a b='", "<a ", "&#", "]]", "</a"]
)
def test_hostile_text_is_scanned_in_linear_time(hostile: str) -> None:
    with pytest.raises(MarkupError):
        scan("<r>" + hostile * (2_000_000 // len(hostile)))


def test_lxml_agrees_on_lines() -> None:
    text = "<a>\n<b/>\n\n<c>\n<d/></c></a>"
    lines = [text[: span.start].count("\n") + 1 for span in scan(text)]
    elements = etree.fromstring(text).iter()
    assert [str(line) for line in lines] == [str(element.sourceline) for element in elements]
