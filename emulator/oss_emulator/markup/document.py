"""An XML document: its text, and a tree of its elements with their places."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

from oss_emulator.toml import place_of

from . import parsers
from .encoding import decode
from .parsers import TreeElement, XmlParser
from .scanning import MarkupError, Span, scan


@dataclass(frozen=True, slots=True)
class XmlElement:
    """An element with its children, without comments and instructions."""

    name: str
    """Without its name space."""
    text: str
    """The text in front of its first child."""
    tail: str
    """The text behind its end tag."""
    children: Sequence["XmlElement"]
    span: Span

    def find(self, name: str) -> "XmlElement | None":
        """Return the first child with a name."""
        return next(self.find_all(name), None)

    def find_all(self, name: str) -> "Iterator[XmlElement]":
        """Yield the children with a name."""
        return (child for child in self.children if child.name == name)


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """A text with its root element."""

    text: str
    root: XmlElement

    @classmethod
    def parse(cls, document: bytes, parser: XmlParser | None = None) -> Self:
        """Parse a document. Raises SourceError, also as MarkupError or DocumentTypeError."""
        text = decode(document)
        spans = iter(scan(text))
        try:
            root = (parser or _parser())(_escape_ampersands(text))
        except SyntaxError:
            raise MarkupError("the parser refuses it") from None
        return cls(text, _build(root, spans))

    def place(self, element: XmlElement) -> tuple[int, int]:
        """Return the line and the column of an element."""
        return place_of(self.text[: element.span.start])


_parser = cache(parsers.choose)


def _build(element: TreeElement, spans: Iterator[Span]) -> XmlElement:
    span = next(spans)
    name = str(element.tag).rpartition("}")[2]
    children = tuple(_build(child, spans) for child in element)
    return XmlElement(name, element.text or "", element.tail or "", children, span)


# What contains an `&` as it is (group 1), or an `&` that does not begin a reference of XML.
_AMPERSANDS = re.compile(
    r"(<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>)"
    r"|&(?!#[0-9]+;|#x[0-9A-Fa-f]+;|(?:amp|lt|gt|quot|apos);)",
    re.DOTALL,
)


def _escape_ampersands(text: str) -> str:
    """Escape each `&` that begins no reference of XML, as some clients send it (P-34)."""
    return _AMPERSANDS.sub(lambda found: found[1] or "&amp;", text) if "&" in text else text
