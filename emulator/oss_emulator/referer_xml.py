"""RefererConfiguration as XML, the body of PutBucketReferer and of GetBucketReferer.

Parsing is strict except for what clients are known to send: elements in any order, with or without
a name space (R-31), and an unescaped `&` (P-34). Such an `&` is escaped before parsing, because
lxml's own recovery would drop it together with the name that follows. Only the five entities of XML
and numeric references are resolved, nothing is fetched, and a document type is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from oss_emulator.protocol import xml
from oss_emulator.protocol.xml import MAX_DOCUMENT as MAX_DOCUMENT
from oss_emulator.referer.assumptions import DEFAULT, Assumptions, MissingList, TruncationConflict
from oss_emulator.referer.header import WHITE_SPACE
from oss_emulator.referer.model import RefererConfiguration

if TYPE_CHECKING:
    from lxml import etree

_ROOT = "RefererConfiguration"
SWITCHES = {
    "AllowEmptyReferer": "allow_empty_referer",
    "AllowTruncateQueryString": "allow_truncate_query_string",
    "TruncatePath": "truncate_path",
}
"""The elements of the switches, each with its field of RefererConfiguration."""
LISTS = {"RefererList": "whitelist", "RefererBlacklist": "blacklist"}
"""Those of the lists."""

STORED = Assumptions(missing_list=MissingList.ACCEPTED)
"""For documents that a service has accepted before: they may lack RefererList."""


class FormatProblem(StrEnum):
    """What is wrong with a document."""

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
    """A document that is not a RefererConfiguration; one sentence says why (R-33)."""

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
        """The name of the element with the problem, "" if it is missing or not known."""


def parse(document: bytes, assumptions: Assumptions = DEFAULT) -> RefererConfiguration:
    """Parse the body of a PutBucketReferer request.

    Entries stay verbatim. Missing switches and a missing RefererBlacklist take their defaults
    (R-30, P-34). AllowEmptyReferer is required (R-31, R-33), and RefererList unless it is assumed
    otherwise (R-30). It raises the first problem in this order: a wrong structure,
    AllowEmptyReferer, RefererList, the other switches (assumed; documented for the last two by the
    example of EC 0033-00000005).

    Raises RefererFormatError.
    """
    if len(document) > MAX_DOCUMENT:
        sentence = f"the document has {len(document)} bytes; the limit is {MAX_DOCUMENT}"
        raise RefererFormatError(FormatProblem.TOO_LARGE, sentence)
    root = _parse_xml(document)
    if _name(root) != _ROOT:
        sentence = f"the root element is {_name(root)}; write {_ROOT}"
        raise _wrong(root, sentence, FormatProblem.WRONG_ROOT)
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
    configuration = RefererConfiguration(**values)
    if assumptions.truncation_conflict is TruncationConflict.REFUSED:
        _refuse_contradiction(configuration)
    return configuration


def format(configuration: RefererConfiguration) -> bytes:
    """Format the body of GetBucketReferer, in the documented order, no name space (R-31, P-34).

    Raises ValueError for an entry with a character that XML cannot represent.
    """
    from lxml import etree  # on first use: deciding on requests needs no XML

    root = etree.Element(_ROOT)
    for name, field in SWITCHES.items():
        etree.SubElement(root, name).text = "true" if getattr(configuration, field) else "false"
    for name, field in LISTS.items():
        entries = getattr(configuration, field)
        # Node needs RefererList even if it is empty, Go the absence of an empty blacklist (P-34).
        if entries or name == "RefererList":
            parent = etree.SubElement(root, name)
            for entry in entries:
                etree.SubElement(parent, "Referer").text = entry
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _elements(root: etree._Element) -> dict[str, etree._Element]:
    """Return the children of the root by their names. Unknown and repeated ones are errors."""
    elements: dict[str, etree._Element] = {}
    for element in _children(root, *SWITCHES, *LISTS):
        name = _name(element)
        if name in elements:
            sentence = f"{name} occurs twice; write it once"
            raise _wrong(element, sentence, FormatProblem.REPEATED_ELEMENT)
        elements[name] = element
    return elements


def _parse_allow_empty_referer(elements: dict[str, etree._Element]) -> bool:
    element = elements.get("AllowEmptyReferer")
    if element is None:
        problem = FormatProblem.MISSING_ALLOW_EMPTY_REFERER
        raise RefererFormatError(problem, "AllowEmptyReferer is missing; write true or false")
    return _parse_boolean(element, FormatProblem.WRONG_ALLOW_EMPTY_REFERER)


def _parse_boolean(
    element: etree._Element, problem: FormatProblem = FormatProblem.WRONG_VALUE
) -> bool:
    text = _text(element)
    lowered = text.strip(WHITE_SPACE).lower()
    if lowered not in ("true", "false"):
        raise _wrong(element, f"{_name(element)} is {text[:40]!r}; write true or false", problem)
    return lowered == "true"


def _refuse_contradiction(configuration: RefererConfiguration) -> None:
    if configuration.truncate_path and not configuration.allow_truncate_query_string:
        sentence = "TruncatePath is true; write AllowTruncateQueryString true as well"
        raise RefererFormatError(FormatProblem.CONTRADICTION, sentence)


# XML


def _parse_xml(document: bytes) -> etree._Element:
    from lxml import etree  # on first use: deciding on requests needs no XML

    try:
        root = etree.fromstring(document, xml.parser())
    except etree.XMLSyntaxError:
        root = _parse_xml_leniently(document)
    if root.getroottree().docinfo.internalDTD is not None:
        sentence = "the document has a document type declaration; leave <!DOCTYPE …> out"
        raise RefererFormatError(FormatProblem.DOCUMENT_TYPE, sentence)
    return root


def _parse_xml_leniently(document: bytes) -> etree._Element:
    from lxml import etree  # on first use: deciding on requests needs no XML

    try:
        return etree.fromstring(xml.escape_ampersands(document), xml.parser())
    except etree.XMLSyntaxError as error:
        # The message may continue with the text that could not be parsed.
        said = error.msg.partition("\n")[0].partition(", line ")[0]
        sentence = f"this is not well-formed XML: {said}"
        problem, (line, column) = FormatProblem.MALFORMED, error.position
        raise RefererFormatError(problem, sentence, line, column) from None


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Yield the children. Other names, and text between the children, are errors."""
    texts = (element.text, *(child.tail for child in element))
    if any(text and text.strip(WHITE_SPACE) for text in texts):
        raise _wrong(element, f"{_name(element)} contains text beside its elements")
    for child in element:
        if _name(child) not in names:
            use = " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
            sentence = f"{_name(child)[:40]} is unknown in {_name(element)}; use {use}"
            raise _wrong(child, sentence, FormatProblem.UNKNOWN_ELEMENT)
        yield child


def _text(element: etree._Element) -> str:
    if len(element):
        raise _wrong(element, f"{_name(element)} contains elements; write a text")
    return element.text or ""


def _wrong(
    element: etree._Element, sentence: str, problem: FormatProblem = FormatProblem.WRONG_VALUE
) -> RefererFormatError:
    line: object = element.sourceline
    place = line if isinstance(line, int) else None
    return RefererFormatError(problem, sentence, place, element=_name(element))
