"""XML: format nested values as a document, and parse a document into nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from oss_referer.sources.markup import MAX_DOCUMENT

from oss_emulator.protocol.message import Response

if TYPE_CHECKING:
    from lxml import etree

Value: TypeAlias = "str | int | bool | Sequence[tuple[str, Value]] | None"
Children: TypeAlias = Sequence[tuple[str, Value]]

# XML 1.0 forbids these, but keys may have them (P-35): they are sent as references.
_CONTROLS = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)]
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f&<>]")
_ESCAPES = {code: f"&#{code};" for code in (*_CONTROLS, 0x0D)} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
_REPLACEMENTS = dict.fromkeys((*_CONTROLS, 0xFFFE, 0xFFFF), "\ufffd")


class DocumentError(ValueError):
    """A document that its operation does not accept; the text says why.

    `ec` is the EC of the help page about the mistake; None for the general EC.
    """

    def __init__(self, text: str, ec: str | None = None) -> None:
        super().__init__(text)
        self.ec = ec


class RootError(DocumentError):
    """A document with the wrong root element."""


def format(root: str, content: Value) -> bytes:
    """Format a document without a name space (P-31); children with the value None are omitted."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    _write(lines, "", [(root, content)])
    lines.append("")
    return "\n".join(lines).encode("utf-8", "replace")


def plain(text: str) -> str:
    """Replace the characters that XML 1.0 forbids, so that any parser accepts the text."""
    return text.translate(_REPLACEMENTS)


def respond(root: str, *content: tuple[str, Value], headers: Mapping[str, str] = {}) -> Response:
    """Make a 200 answer with a document of this root and content, and additional headers."""
    return reply(format(root, content), headers)


def reply(document: bytes, headers: Mapping[str, str] = {}) -> Response:
    """Make a 200 answer with a stored document and additional headers."""
    return Response(200, {"Content-Type": "application/xml", **headers}, document)


def _write(lines: list[str], indent: str, children: Children) -> None:
    for name, value in children:
        if isinstance(value, str):
            text = value
        elif value is None:
            continue
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int):
            text = str(value)
        else:
            _write_nested(lines, indent, name, value)
            continue
        if _ESCAPED.search(text):  # faster than `translate` for most text, which needs no escape
            text = text.translate(_ESCAPES)
        lines.append(f"{indent}<{name}>{text}</{name}>")


def _write_nested(lines: list[str], indent: str, name: str, children: Children) -> None:
    lines.append(f"{indent}<{name}>")
    start = len(lines)
    _write(lines, indent + "  ", children)
    if len(lines) > start:
        lines.append(f"{indent}</{name}>")
    else:  # ali-oss parses white space in an empty list as an entry
        lines[-1] += f"</{name}>"


# Forbidden characters pass the parser as private-use characters and are restored afterwards.
_PRIVATE = 0x10F800
_TO_PRIVATE = {code: chr(_PRIVATE + code) for code in _CONTROLS}
_FROM_PRIVATE = {_PRIVATE + code: chr(code) for code in _CONTROLS}
_REFERENCE = re.compile(r"&#(?:x0*([01]?[0-9a-fA-F])|0*([0-9]|[12][0-9]|3[01]));")


class Node:
    """An element, whose children are found by their local names."""

    __slots__ = ("_element",)

    def __init__(self, element: etree._Element) -> None:
        self._element = element

    @property
    def name(self) -> str:
        return self._element.tag.rpartition("}")[2]

    @property
    def value(self) -> str:
        """The element's text, with its white space."""
        return (self._element.text or "").translate(_FROM_PRIVATE)

    def __iter__(self) -> Iterator[Node]:
        return (Node(child) for child in self._element if isinstance(child.tag, str))

    def all(self, name: str) -> list[Node]:
        return [child for child in self if child.name == name]

    def first(self, path: str) -> Node | None:
        """Find the first element at a path of names, such as `Filter/Prefix`."""
        name, _, rest = path.partition("/")
        child = next(iter(self.all(name)), None)
        return child.first(rest) if child is not None and rest else child

    def text(self, path: str, default: str = "") -> str:
        """Find the text of the first element at a path, without white space around it."""
        child = self.first(path)
        return default if child is None else child.value.strip()

    @property
    def content(self) -> Value:
        """The value that `format` formats as this element: its children, else its text."""
        return [(child.name, child.content) for child in self] or self.value.strip()


# A CDATA section (group 1), or an `&` that does not begin a reference of XML.
_AMPERSANDS = re.compile(
    rb"(<!\[CDATA\[.*?(?:\]\]>|\Z))|&(?!#\d+;|#x[0-9A-Fa-f]+;|(?:amp|lt|gt|quot|apos);)",
    re.DOTALL,
)


def escape_ampersands(document: bytes) -> bytes:
    """Escape each `&` that does not begin a reference, as some clients send it (P-34, P-90)."""
    return _AMPERSANDS.sub(lambda found: found[1] or b"&amp;", document)


def lxml_parser() -> etree.XMLParser:
    """Make a parser that resolves no entity and fetches nothing (P-34)."""
    from lxml import etree  # on first use: GetObject needs no XML

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        # Comments and instructions would split the text around them.
        remove_comments=True,
        remove_pis=True,
    )


def parse(document: bytes, root: str) -> Node:
    """Parse a document whose root is `root`; raises `DocumentError`.

    No entity is resolved and nothing is fetched (P-34). Control characters are kept (P-35).
    """
    from lxml import etree

    if len(document) > MAX_DOCUMENT:
        raise DocumentError(f"The XML you provided is larger than {MAX_DOCUMENT} bytes.")
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"The XML you provided is not UTF-8: {error.reason}.") from None
    if "<!DOCTYPE" in text:
        raise DocumentError("The XML you provided declares a document type; leave the DOCTYPE out.")
    text = _REFERENCE.sub(_private_reference, text).translate(_TO_PRIVATE)
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        node = Node(etree.fromstring(text.encode(), lxml_parser()))
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"The XML you provided was not well-formed: {error.msg}.") from None
    if node.name != root:
        raise RootError(f"The XML you provided has the root {node.name}; it must be {root}.")
    return node


def _private_reference(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else int(match[2])
    return _TO_PRIVATE.get(code, match[0])
