"""XML documents: what is read, at which place, in which encoding, and how they are written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from oss_referer.sources import markup
from oss_referer.sources.markup import (
    MAX_DEPTH,
    DocumentTypeError,
    MarkupError,
    Tag,
    XmlDocument,
    XmlElement,
    decode,
)
from oss_referer.sources.toml import SourceError

from tests.referer.lint.random_rules import seeded
from tests.referer_documents import BAD, GOOD
from tests.rows import read_cases, rows
from tests.thorough import cases

TABLE_CASES = read_cases("referer.sources")

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xml"
MALFORMED = tomllib.loads((FIXTURES / "malformed.toml").read_text(encoding="utf-8"))["case"]
CASES = cases(40, 20_000)


def walk(element: XmlElement) -> Iterator[tuple[str, str, str]]:
    yield element.name, element.text, element.tail
    for child in element.children:
        yield from walk(child)


def spans(element: XmlElement) -> Iterator[tuple[str, int, int, int, int]]:
    span = element.span
    yield span.name, span.start, span.inside, span.closing, span.end
    for child in element.children:
        yield from spans(child)


def read(text: str) -> list[tuple[str, str, str]] | None:
    """Return the elements and texts of a document; None if it is refused."""
    try:
        document = XmlDocument.parse(text.encode("utf-8", "surrogatepass"))
    except SourceError:
        return None
    for name, start, inside, closing, end in spans(document.root):
        assert text[start : start + len(name) + 1] == f"<{name}"
        assert text[inside - 1] == ">" == text[end - 1]
        assert closing < 0 or text[closing : closing + len(name) + 2] == f"</{name}"
    return list(walk(document.root))


def read_with_lxml(text: str) -> list[tuple[str, str, str]] | None:
    parser = etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)
    except etree.XMLSyntaxError:
        return None
    return [
        (etree.QName(element).localname, element.text or "", element.tail or "")
        for element in root.iter()
    ]


PIECES = (
    *("<a>", "</a>", "<b/>", "<a b='1'>", "<p:a xmlns:p='u'>", "</p:a>", " xmlns='u'"),
    *("p:c='2'", "<!-- c -->", "<!--", "-->", "<![CDATA[<&]]>", "]]>", "<?p q?>", "?>"),
    *("<?xml version='1.0'?>", "text", " ", "\n", "\r\n", "&amp;", "&lt;", "&#10;"),
    *("&#x0;", "<", ">", "'", '"', "=", "/", "é", "例", "😀", "·", "\u0300"),
    *("\ufffe", "\x7f", "\u2028", "xml:lang=''"),
)
"""Pieces of documents, most of which do not fit together."""


@pytest.mark.thorough
def test_random_documents_are_read_as_lxml_reads_them() -> None:
    chance = seeded(29)
    good = 0
    for _ in range(CASES):
        inside = "".join(chance.choices(PIECES, k=chance.randrange(6)))
        text = chance.choice(("{}", "<r>{}</r>", "<r {}/>", "<r><a>{}</a></r>")).format(inside)
        found = read(text)
        assert found == read_with_lxml(text), text
        good += found is not None
    assert good > CASES / 10


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for document in (text, f"<a>{text}</a>", f"<a b='{text}'/>", f"<{text}/>", f"<a {text}='1'/>"):
        read(document)


def test_what_clients_send_is_read_as_lxml_reads_it() -> None:
    texts = [
        each.document.decode("utf-8", "replace").removeprefix("\ufeff") for each in (*GOOD, *BAD)
    ]
    theirs = {text: read_with_lxml(text) for text in texts if "<!DOCTYPE" not in text}
    accepted = {text: found for text, found in theirs.items() if found is not None}
    assert len(accepted) > 20
    assert {text: read(text) for text in accepted} == accepted


def test_malformed_document_gets_words_and_a_place() -> None:
    found = []
    for case in MALFORMED:
        with pytest.raises(MarkupError) as refusal:
            XmlDocument.parse(case["text"].encode())
        error, words = refusal.value, "this is not well-formed XML: "
        says = error.sentence.removeprefix(words) if error.sentence.startswith(words) else None
        found.append(case | {"says": says, "place": [error.line, error.column]})
    assert found == MALFORMED


@rows("text", *TABLE_CASES["document_type_is_refused_where_it_stands"])
def test_document_type_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(DocumentTypeError) as refusal:
        XmlDocument.parse(text.encode())
    before = text[: text.index("<!DOCTYPE")]
    assert refusal.value.line == before.count("\n") + 1
    assert refusal.value.column == len(before.rpartition("\n")[2]) + 1


def test_elements_have_their_places_behind_ampersands_and_wide_characters() -> None:
    text = "<p:a xmlns:p='u'>例 & 例\n <b c='/>'>d&amp;&</b ><!-- & <e/> -->&<f/></p:a>"
    inner = text.partition(">")[2].removesuffix("</p:a>")
    written = [
        (name, text[start:end], text[inside : max(closing, inside)])
        for name, start, inside, closing, end in spans(XmlDocument.parse(text.encode()).root)
    ]
    b = "<b c='/>'>d&amp;&</b >"
    assert written == [("p:a", text, inner), ("b", b, "d&amp;&"), ("f", "<f/>", "")]


def test_deep_document_is_refused() -> None:
    XmlDocument.parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)
    with pytest.raises(MarkupError, match=f"more than {MAX_DEPTH} elements"):
        XmlDocument.parse(b"<a>" * 10_000)


@rows("hostile", "<!--", "<![CDATA[", "<?p ", "<a b='", "<a ", "&#", "&", "&amp;&", "]]", "</a")
def test_hostile_text_is_read_in_linear_time(hostile: str) -> None:
    began = process_time()
    with pytest.raises(MarkupError):
        XmlDocument.parse(b"<r>" + hostile.encode() * (50_000 // len(hostile)))
    assert process_time() - began < 0.5


def test_many_prefixes_are_read_in_linear_time() -> None:
    declared = "".join(f" xmlns:p{number}='u'" for number in range(9_000))
    XmlDocument.parse(f"<a{declared}/>".encode())


@rows(
    ("document", "text"),
    ("<?xml version='1.0' encoding='GBK'?><a>例</a>".encode("gbk"), "例"),
    ("<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1"), "é"),
    ("<?xml version='1.0' encoding='UTF-16'?><a>例</a>".encode("utf-16"), "例"),
    ("<a>例</a>".encode("utf-16-le"), "例"),
    ("<a>例</a>".encode("utf-16-be"), "例"),
    (b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a>b</a>", "b"),
    (b"<?xml version='1.0' encoding='utf-16'?><a>b</a>", "b"),
)
def test_encodings_are_read(document: bytes, text: str) -> None:
    assert XmlDocument.parse(document).root.text == text


# --- the encoding of a document is known, or the error says what to do


def test_byte_order_mark_tells_more_than_the_declaration() -> None:
    text = "<?xml version='1.0' encoding='gbk'?><a>例</a>"
    assert decode(text.encode("utf-8-sig")) == text
    assert decode(text.encode("gbk")) == text
    assert decode(text.encode("utf-16")) == text


@rows(
    ("document", "sentence", "place"),
    (b"<?xml version='1.0' encoding='klingon'?><a/>", "use UTF-8", (1, 1)),
    (b"<?xml version='1.0' encoding='unicode_escape'?><a/>", "use UTF-8", (1, 1)),
    (b"<a>\n\xff</a>", "the byte 0xff is not valid UTF-8", (2, 1)),
    (b"<?xml version='1.0' encoding='gbk'?>\n<a>\xff</a>", "0xff is not valid gbk", (2, 4)),
    (b"\xff\xfe<\0a\0\0\xd8", "is not valid UTF-16", (1, 3)),
)
def test_unreadable_document_is_refused_with_its_place(
    document: bytes, sentence: str, place: tuple[int, int]
) -> None:
    with pytest.raises(SourceError) as refusal:
        decode(document)
    assert sentence in refusal.value.sentence
    assert (refusal.value.line, refusal.value.column) == place


# --- XML is written as lxml writes it


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\r\n&<>'\" ")
)
leaves = st.builds(Tag, st.just("leaf"), texts, st.dictionaries(st.sampled_from("abc"), texts))
trees = st.recursive(
    leaves,
    lambda inner: st.builds(Tag, st.just("node"), st.lists(inner, max_size=3), st.just({"d": "e"})),
    max_leaves=6,
)


def build(tag: Tag) -> etree._Element:
    element = etree.Element(tag.name, dict(tag.attributes))
    if isinstance(tag.content, str):
        element.text = tag.content or None
    else:
        element.extend(build(child) for child in tag.content)
    return element


@given(trees)
def test_tree_is_written_like_lxml(tree: Tag) -> None:
    element = build(tree)
    assert markup.format_xml(tree) == etree.tostring(element, encoding="unicode")
    etree.indent(element)
    assert markup.format_xml(tree, "  ") == etree.tostring(element, encoding="unicode")


@rows("character", "\0", "\x0b", "\ufffe", "\ud800")
def test_character_that_xml_cannot_represent_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match=r"XML cannot represent the character U\+"):
        markup.format_xml(Tag("a", character))
