"""XML from outside: decodes it, parses it with expat into a tree with offsets, and writes it.

Parsing is strict except for an unescaped `&`, which stands for itself (P-34). Only the five
entities of XML and numeric references are resolved, nothing is fetched, and a document type
declaration is refused.
"""

import re
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, NoReturn, Self
from xml.parsers import expat

from oss_referer.sources import toml
from oss_referer.sources.toml import SourceError, place_of

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTE = _ESCAPES | {'"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
_SPECIAL = re.compile('[&<>\r"\t\n]')
FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""The characters that XML cannot represent."""


class Tag(NamedTuple):
    """An element to write."""

    name: str
    content: "str | Sequence[Tag]" = ""
    attributes: Mapping[str, str] = MappingProxyType({})


def format_xml(root: Tag, indent: str | None = None) -> str:
    """Format an element; with an `indent`, each element gets a line.

    Raises ValueError for a character that XML cannot represent.
    """
    return "".join(_pieces(root, "" if indent is None else "\n", indent or ""))


def _pieces(tag: Tag, line: str, indent: str) -> Iterator[str]:
    attributes = "".join(
        f' {name}="{escape(value, _IN_ATTRIBUTE)}"' for name, value in tag.attributes.items()
    )
    if not tag.content:
        yield f"<{tag.name}{attributes}/>"
    elif isinstance(tag.content, str):
        yield f"<{tag.name}{attributes}>{escape(tag.content)}</{tag.name}>"
    else:
        yield f"<{tag.name}{attributes}>"
        for child in tag.content:
            yield line and line + indent
            yield from _pieces(child, line and line + indent, indent)
        yield f"{line}</{tag.name}>"


def escape(text: str, escapes: Mapping[str, str] = _ESCAPES) -> str:
    """Escape a text. Raises ValueError for a character that XML cannot represent."""
    if found := FORBIDDEN.search(text):
        raise ValueError(f"XML cannot represent the character U+{ord(found[0]):04X}")
    return _SPECIAL.sub(lambda found: escapes.get(found[0], found[0]), text)


# Encodings

_DECLARED = re.compile(rb"<\?xml\s[^>]{0,100}?encoding\s*=\s*[\"']([\w.-]{1,40})[\"']")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
"""Encodings by their first bytes, which overrule the declaration in the document."""
_CODECS = {
    "big5": "big5",
    "gb18030": "gb18030",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "iso-8859-1": "latin-1",
    "us-ascii": "ascii",
    "windows-1252": "cp1252",
}
"""Declared encodings other than UTF-8, with Python's names for them."""
_UTF = frozenset({"utf-8", "utf8", "utf-16"})
"""Declarations that mean UTF-8; a document in UTF-16 is known by its first bytes."""


def decode(document: bytes) -> str:
    """Decode a document, without its byte order mark. Raises SourceError."""
    if document.startswith(BOM_UTF8):
        return toml.decode(document)
    codec = _MARKS.get(document[:2])
    name = "UTF-16"
    if codec is None:
        found = _DECLARED.match(document)
        name = found[1].decode() if found else "UTF-8"
        if name.lower() in _UTF:
            return toml.decode(document)
        codec = _CODECS.get(name.lower())
        if codec is None:
            raise SourceError(f"the encoding {name} is not known here; use UTF-8")
    try:
        return document.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = place_of(document[: error.start].decode(codec, errors="replace"))
        wrong = f"0x{document[error.start]:02x}"
        raise SourceError(f"the byte {wrong} is not valid {name}", *place) from None


# Documents

MAX_DOCUMENT: Final = 2 * 1024 * 1024
"""The most bytes of a document (2 MB: DeleteMultipleObjects)."""

MAX_DEPTH: Final = 100
"""The most nested elements, which is far more than rules need."""


class MarkupError(SourceError):
    """A text is not well-formed XML."""

    def __init__(self, flaw: str, before: str = "") -> None:
        """`before` is the text in front of the flaw."""
        super().__init__(f"this is not well-formed XML: {flaw}", *place_of(before))


class DocumentTypeError(SourceError):
    """A document has a document type declaration, which could define entities and name files."""

    def __init__(self, before: str) -> None:
        sentence = "the document has a document type declaration; leave <!DOCTYPE …> out"
        super().__init__(sentence, *place_of(before))


@dataclass(slots=True)
class Span:
    """The place of an element, by offsets in the text."""

    name: str
    """The name as written, with its prefix."""
    start: int
    inside: int
    """The offset after the start tag."""
    closing: int = -1
    """The offset of the end tag; -1 without one, as in `<a/>`."""
    end: int = -1


@dataclass(slots=True)
class XmlElement:
    """An element with its children, without comments and processing instructions."""

    name: str
    """The name without its name space."""
    span: Span
    text: str = ""
    """The text before the first child."""
    tail: str = ""
    """The text after the end tag."""
    children: "list[XmlElement]" = field(default_factory=list)

    def find(self, name: str) -> "XmlElement | None":
        return next(self.find_all(name), None)

    def find_all(self, name: str) -> "Iterator[XmlElement]":
        return (child for child in self.children if child.name == name)


class XmlDocument(NamedTuple):
    text: str
    root: XmlElement

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Parse a document. Raises SourceError, MarkupError or DocumentTypeError."""
        text = decode(document)
        if found := FORBIDDEN.search(text):
            flaw = f"the character U+{ord(found[0]):04X} cannot occur in XML"
            raise MarkupError(flaw, text[: found.start()])
        return cls(text, _TreeBuilder(text).read())

    def place(self, element: XmlElement) -> tuple[int, int]:
        return place_of(self.text[: element.span.start])


_AMPERSANDS = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)"
    r"|(&)(?!#[0-9]+;|#x[0-9A-Fa-f]+;|(?:amp|lt|gt|quot|apos);)",
    re.DOTALL,
)
"""Parts in which any `&` is valid, or (group 1) an unescaped `&`, as some clients send."""

_START_TAG = re.compile(r"<([^\s/>]++)(?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+>")
"""A start tag that expat has accepted; group 1 is its name."""

_FLAWS: Final[Mapping[str, str]] = {
    expat.errors.XML_ERROR_NO_ELEMENTS: "the document has no element",
    expat.errors.XML_ERROR_SYNTAX: "this does not begin an element",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "there is something after the root element",
    expat.errors.XML_ERROR_UNCLOSED_TOKEN: "what begins here is not closed",
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION: "a CDATA section is not closed; write ]]>",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "an attribute of this tag occurs twice",
    expat.errors.XML_ERROR_UNBOUND_PREFIX: "a prefix in this tag is not declared",
    expat.errors.XML_ERROR_BAD_CHAR_REF: (
        "this reference stands for a character that cannot occur in XML"
    ),
    expat.errors.XML_ERROR_MISPLACED_XML_PI: "the XML declaration is not at the beginning",
    expat.errors.XML_ERROR_XML_DECL: "the XML declaration is not valid",
}
"""The texts for errors of expat that people cause; any other error is "not valid here"."""


class _TreeBuilder:
    """Builds the tree of a text while expat reads it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root: XmlElement | None = None
        self._open: list[XmlElement] = []
        self._last: XmlElement | None = None
        """The element that ended last, while the text after it is read; None after a start tag."""
        ampersands = [found.start() for found in _AMPERSANDS.finditer(text) if found[1]]
        self._inserted = [at + 4 * number for number, at in enumerate(ampersands)]
        escaped = _AMPERSANDS.sub(lambda found: "&amp;" if found[1] else found[0], text)
        self._data = escaped.encode()
        self._byte = self._offset = 0
        """The position up to which characters are counted, in bytes and in characters."""
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take
        self._parser.StartDoctypeDeclHandler = self._refuse_type

    def read(self) -> XmlElement:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            self._explain(error.code)
        assert self._root is not None  # noqa: S101 - expat refuses a document without an element
        return self._root

    def _at(self, byte: int) -> int:
        """Return the offset in the text of a byte of the data. `byte` must not decrease."""
        self._offset += len(self._data[self._byte : byte].decode())
        self._byte = byte
        return self._offset - 4 * bisect_left(self._inserted, self._offset)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        start = self._at(self._parser.CurrentByteIndex)
        tag = _START_TAG.match(self._text, start)
        assert tag is not None  # noqa: S101 - expat has accepted it
        element = XmlElement(name.rpartition(" ")[2], Span(tag[1], start, tag.end()))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)
        self._last = None
        if len(self._open) > MAX_DEPTH:
            raise MarkupError(f"more than {MAX_DEPTH} elements are nested", self._text[:start])

    def _end(self, name: str) -> None:
        self._last = self._open.pop()
        span = self._last.span
        if self._text[span.inside - 2] == "/":
            span.end = span.inside
        else:
            span.closing = self._at(self._parser.CurrentByteIndex)
            span.end = self._text.index(">", span.closing) + 1

    def _take(self, text: str) -> None:
        if self._last is not None:
            self._last.tail += text
        else:
            self._open[-1].text += text

    def _refuse_type(self, *declared: object) -> NoReturn:
        offset = self._at(self._parser.CurrentByteIndex)
        raise DocumentTypeError(self._text[: self._text.rfind("<!DOCTYPE", 0, offset + 9)])

    def _explain(self, code: int) -> NoReturn:
        """Raise an error of expat with a text and a place of our own."""
        kind = expat.errors.messages[code]
        flaw = _FLAWS.get(kind, "this is not valid here; a < in a text is written &lt;")
        before = self._text[: self._at(max(self._parser.ErrorByteIndex, self._byte))]
        span = self._open[-1].span if self._open else None
        if kind == expat.errors.XML_ERROR_NO_ELEMENTS:
            before = self._text[: span.start] if span else ""
            flaw = f"<{span.name}> is not closed; write </{span.name}>" if span else flaw
        elif kind == expat.errors.XML_ERROR_TAG_MISMATCH and span:
            line, _ = place_of(self._text[: span.start])
            flaw = f"this end tag does not close <{span.name}> of line {line}"
        raise MarkupError(flaw, before) from None
