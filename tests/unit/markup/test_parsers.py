"""lxml and expat read the same documents, and read the same in them."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.markup import parsers
from oss_emulator.markup.document import XmlDocument, XmlElement
from oss_emulator.markup.parsers import XmlParser
from oss_emulator.toml import SourceError

from tests.referer_documents import BAD, GOOD, RefererDocument
from tests.thorough import cases
from tests.unit.lab.lint.random_rules import seeded

CASES = cases(300, 20_000)


def read(document: bytes, parser: XmlParser) -> object:
    """What a parser reads, or the sentence and the place of the error."""
    try:
        return list(walk(XmlDocument.parse(document, parser).root))
    except SourceError as error:
        return error.sentence, error.line, error.column


def walk(element: XmlElement) -> Iterator[tuple[str, str, str, int]]:
    yield element.name, element.text, element.tail, element.span.start
    for child in element.children:
        yield from walk(child)


def assert_same(document: bytes) -> object:
    found = read(document, parsers.parse_with_lxml)
    assert read(document, parsers.parse_with_expat) == found
    assert "the parser refuses it" not in str(found)
    return found


@pytest.mark.parametrize("sent", [*GOOD, *BAD], ids=attrgetter("name"))
def test_what_clients_send_is_read_alike(sent: RefererDocument) -> None:
    assert_same(sent.document)


PIECES = (
    *("<a>", "</a>", "<b/>", "<a b='1'>", "<p:a xmlns:p='u'>", "</p:a>", " xmlns='u'"),
    *("p:c='2'", "<!-- c -->", "<!--", "-->", "<![CDATA[<&]]>", "]]>", "<?p q?>", "?>"),
    *("<?xml version='1.0'?>", "text", " ", "\n", "\r\n", "&", "&amp;", "&lt;", "&#10;"),
    *("&#x0;", "&copy;", "<", ">", "'", '"', "=", "/", "é", "例", "😀", "·", "\u0300"),
    *("\ufffe", "\x7f", "\u2028", "xml:id='i'", "xml:lang=''"),
)
"""Pieces of documents, most of which do not fit together."""


@pytest.mark.thorough
def test_random_documents_are_read_alike() -> None:
    chance = seeded(29)
    good = 0
    for _ in range(CASES):
        inside = "".join(chance.choices(PIECES, k=chance.randrange(6)))
        text = chance.choice(("{}", "<r>{}</r>", "<r {}/>", "<r><a>{}</a></r>")).format(inside)
        good += isinstance(assert_same(text.encode()), list)
    assert good > CASES / 10


@given(st.text(max_size=40))
def test_any_text_is_read_alike(text: str) -> None:
    for document in (text, f"<a>{text}</a>", f"<a b='{text}'/>", f"<{text}/>", f"<a {text}='1'/>"):
        assert_same(document.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<?xml version='1.0' encoding='GBK'?><a>例</a>".encode("gbk"), "例"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1"), "é"),
        ("<?xml version='1.0' encoding='UTF-16'?><a>例</a>".encode("utf-16"), "例"),
        ("<a>例</a>".encode("utf-16-le"), "例"),
        ("<a>例</a>".encode("utf-16-be"), "例"),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a>b</a>", "b"),
        (b"<?xml version='1.0' encoding='utf-16'?><a>b</a>", "b"),
    ],
)
def test_encodings_are_read_alike(document: bytes, text: str) -> None:
    for parser in (parsers.parse_with_lxml, parsers.parse_with_expat):
        assert XmlDocument.parse(document, parser).root.text == text


def test_lxml_is_chosen_where_it_is_installed() -> None:
    assert parsers.choose() is parsers.parse_with_lxml
