"""RefererConfiguration as XML, the body of PutBucketReferer and of GetBucketReferer.

Parsing is strict except for what clients are known to send: elements in any order, with or without
a name space (R-31), and an unescaped `&` (P-34). `markup` parses the XML.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import MissingList, TruncationConflict
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.sources import markup
from oss_referer.sources.markup import MAX_DOCUMENT as MAX_DOCUMENT
from oss_referer.sources.markup import DocumentTypeError, Tag, XmlDocument, XmlElement
from oss_referer.sources.toml import SourceError, join

_ROOT = "RefererConfiguration"
SWITCHES = {
    "AllowEmptyReferer": "allow_empty_referer",
    "AllowTruncateQueryString": "allow_truncate_query_string",
    "TruncatePath": "truncate_path",
}
"""The elements of the switches, each with its field of RefererConfiguration."""
LISTS = {"RefererList": "whitelist", "RefererBlacklist": "blacklist"}
"""The elements of the lists, each with its field of RefererConfiguration."""

STORED = Assumptions(missing_list=MissingList.ACCEPTED)
"""Assumptions for documents that a service has stored; they may lack RefererList."""


class FormatProblem(StrEnum):
    """The kind of mistake in a document."""

    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    DOCUMENT_TYPE = "document-type"
    WRONG_ROOT = "wrong-root"
    UNKNOWN_ELEMENT = "unknown-element"
    REPEATED_ELEMENT = "repeated-element"
    WRONG_VALUE = "wrong-value"
    MISSING_ALLOW_EMPTY_REFERER = "missing-allow-empty-referer"
    WRONG_ALLOW_EMPTY_REFERER = "wrong-allow-empty-referer"
    MISSING_REFERER_LIST = "missing-referer-list"
    CONTRADICTION = "contradiction"


class RefererFormatError(ValueError):
    """A document is not a valid RefererConfiguration; `sentence` says why (R-33)."""

    def __init__(
        self,
        problem: FormatProblem,
        sentence: str,
        line: int | None = None,
        column: int | None = None,
        element: str = "",
    ) -> None:
        super().__init__(f"line {line}: {sentence}" if line else sentence)
        self.problem = problem
        self.sentence = sentence
        self.line = line
        self.column = column
        self.element = element
        """The name of the element with the problem; "" if it is missing or not known."""


def parse(document: bytes, assumptions: Assumptions = DEFAULT) -> RefererConfiguration:
    """Parse the body of a PutBucketReferer request.

    Entries stay verbatim. Missing switches and a missing RefererBlacklist get their defaults (R-30,
    P-34). AllowEmptyReferer is required (R-31, R-33), and so is RefererList by default (R-30).

    Raises RefererFormatError for the first problem in this order: a wrong structure,
    AllowEmptyReferer, RefererList, the other switches. The order is assumed; the example of EC
    0033-00000005 documents it for the last two.
    """
    if len(document) > MAX_DOCUMENT:
        sentence = f"the document has {len(document)} bytes; the limit is {MAX_DOCUMENT}"
        raise RefererFormatError(FormatProblem.TOO_LARGE, sentence)
    parsed = _parse_xml(document)
    try:
        configuration = _read(parsed.root, assumptions)
    except _ElementError as error:
        line, column = parsed.place(error.element)
        name = error.element.name
        raise RefererFormatError(error.problem, error.sentence, line, column, name) from None
    if assumptions.truncation_conflict is TruncationConflict.REFUSED:
        _refuse_contradiction(configuration)
    return configuration


class _ElementError(ValueError):
    def __init__(
        self, element: XmlElement, sentence: str, problem: FormatProblem = FormatProblem.WRONG_VALUE
    ) -> None:
        super().__init__(sentence)
        self.element = element
        self.sentence = sentence
        self.problem = problem


def _read(root: XmlElement, assumptions: Assumptions) -> RefererConfiguration:
    if root.name != _ROOT:
        sentence = f"the root element is {root.name}; write {_ROOT}"
        raise _ElementError(root, sentence, FormatProblem.WRONG_ROOT)
    elements = _elements(root)
    values: dict[str, Any] = {
        LISTS[name]: tuple(_text(entry) for entry in _children(elements[name], "Referer"))
        for name in LISTS
        if name in elements
    }
    values["allow_empty_referer"] = _parse_allow_empty_referer(elements)
    if "whitelist" not in values and assumptions.missing_list is MissingList.REFUSED:
        sentence = "RefererList is missing; write <RefererList/> for an empty whitelist"
        raise RefererFormatError(FormatProblem.MISSING_REFERER_LIST, sentence)
    for name in ("AllowTruncateQueryString", "TruncatePath"):
        if name in elements:
            values[SWITCHES[name]] = _parse_boolean(elements[name])
    return RefererConfiguration(**values)


def format(configuration: RefererConfiguration) -> bytes:
    """Format the body of GetBucketReferer in the documented order, no name space (R-31, P-34).

    Raises ValueError for an entry with a character that XML cannot represent.
    """
    written = markup.format_xml(to_tag(configuration))
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{written}".encode()


def to_tag(configuration: RefererConfiguration) -> Tag:
    """Return the document of a configuration as an element to write."""
    content: list[Tag] = []
    for name, field in SWITCHES.items():
        content.append(Tag(name, "true" if getattr(configuration, field) else "false"))
    for name, field in LISTS.items():
        entries = getattr(configuration, field)
        # The SDK for Node needs an empty RefererList, the SDK for Go no empty blacklist (P-34).
        if entries or name == "RefererList":
            content.append(Tag(name, [Tag("Referer", entry) for entry in entries]))
    return Tag(_ROOT, content)


def _elements(root: XmlElement) -> dict[str, XmlElement]:
    """Return the children of the root by name. Raise an error for an unknown or repeated one."""
    elements: dict[str, XmlElement] = {}
    for element in _children(root, *SWITCHES, *LISTS):
        name = element.name
        if name in elements:
            sentence = f"{name} occurs twice; write it once"
            raise _ElementError(element, sentence, FormatProblem.REPEATED_ELEMENT)
        elements[name] = element
    return elements


def _parse_allow_empty_referer(elements: dict[str, XmlElement]) -> bool:
    element = elements.get("AllowEmptyReferer")
    if element is None:
        problem = FormatProblem.MISSING_ALLOW_EMPTY_REFERER
        raise RefererFormatError(problem, "AllowEmptyReferer is missing; write true or false")
    return _parse_boolean(element, FormatProblem.WRONG_ALLOW_EMPTY_REFERER)


def _parse_boolean(element: XmlElement, problem: FormatProblem = FormatProblem.WRONG_VALUE) -> bool:
    text = _text(element)
    lowered = text.strip(WHITE_SPACE).lower()
    if lowered not in ("true", "false"):
        sentence = f"{element.name} is {text[:40]!r}; write true or false"
        raise _ElementError(element, sentence, problem)
    return lowered == "true"


def _refuse_contradiction(configuration: RefererConfiguration) -> None:
    if configuration.truncate_path and not configuration.allow_truncate_query_string:
        sentence = "TruncatePath is true; write AllowTruncateQueryString true as well"
        raise RefererFormatError(FormatProblem.CONTRADICTION, sentence)


# XML


def _parse_xml(document: bytes) -> XmlDocument:
    try:
        return XmlDocument.parse(document)
    except SourceError as error:
        is_type = isinstance(error, DocumentTypeError)
        problem = FormatProblem.DOCUMENT_TYPE if is_type else FormatProblem.MALFORMED
        raise RefererFormatError(problem, error.sentence, error.line, error.column) from None


def _children(element: XmlElement, *names: str) -> Iterator[XmlElement]:
    """Yield the children. Raise an error for another name, and for text between the children."""
    texts = (element.text, *(child.tail for child in element.children))
    if any(text.strip(WHITE_SPACE) for text in texts):
        raise _ElementError(element, f"{element.name} contains text beside its elements")
    for child in element.children:
        if child.name not in names:
            sentence = f"{child.name[:40]} is unknown in {element.name}; use {join(names)}"
            raise _ElementError(child, sentence, FormatProblem.UNKNOWN_ELEMENT)
        yield child


def _text(element: XmlElement) -> str:
    if element.children:
        raise _ElementError(element, f"{element.name} contains elements; write a text")
    return element.text
