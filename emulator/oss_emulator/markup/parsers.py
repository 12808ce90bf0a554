"""The parsers of XML: lxml, and expat of the standard library for where lxml cannot run."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lxml import etree


class TreeElement(Protocol):
    """What both parsers make of an element."""

    @property
    def tag(self) -> object:
        """`name`, or `{name space}name`."""

    @property
    def text(self) -> str | None:
        """The text in front of its first child."""

    @property
    def tail(self) -> str | None:
        """The text behind its end tag."""

    def __iter__(self) -> "Iterator[TreeElement]": ...


class XmlParser(Protocol):
    """Makes a tree without comments and instructions."""

    def __call__(self, text: str) -> TreeElement:
        """Raises SyntaxError."""


def lxml_parser(encoding: str | None = None) -> "etree.XMLParser":
    """Make a parser that resolves no entity and fetches nothing (P-34)."""
    from lxml import etree  # on first use: deciding on requests needs no XML

    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        # Comments and instructions would split the text around them.
        remove_comments=True,
        remove_pis=True,
    )


def parse_with_lxml(text: str) -> TreeElement:
    """Parse without resolving entities, and without fetching anything."""
    from lxml import etree

    return etree.fromstring(text.encode(), lxml_parser("utf-8"))


def parse_with_expat(text: str) -> TreeElement:
    """Parse with the standard library, which fetches nothing."""
    from xml.etree import ElementTree  # on first use, as above

    # There is no document type, so nothing can be defined that grows.
    parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314
    return ElementTree.fromstring(text.encode(), parser)  # noqa: S314


def choose() -> XmlParser:
    """Return lxml where it is installed, as it is beside the server."""
    return parse_with_lxml if find_spec("lxml") else parse_with_expat
