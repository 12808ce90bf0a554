"""RefererConfiguration as XML, the body of PutBucketReferer, and as the JSON that ossutil takes.

Reading is strict but for what clients are known to do: elements in any order, with or without a
name space (R-31), and an `&` that is not escaped (P-34). Such an `&` is escaped before parsing;
lxml's own recovery would drop it together with the name after it. Only XML's five entities and
characters by number are ever resolved, nothing is fetched, and a document type is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from lxml import etree

from .header import WHITE_SPACE
from .model import RefererConfiguration

MAX_DOCUMENT_SIZE = 2 * 1024 * 1024
"""The longest document that is read, in bytes: room for 10,000 entries of 180 characters."""

_ROOT = "RefererConfiguration"
_FLAGS = ("AllowEmptyReferer", "AllowTruncateQueryString", "TruncatePath")
_LISTS = ("RefererList", "RefererBlacklist")
_UNSET = RefererConfiguration()


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


class RefererFormatError(ValueError):
    """A document that is no RefererConfiguration; its text is one sentence that says why (R-33)."""

    def __init__(
        self,
        problem: FormatProblem,
        sentence: str,
        line: int | None = None,
        column: int | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"line {line}: {sentence}" if line else sentence)
        self.problem = problem
        self.sentence = sentence
        self.line = line
        self.column = column
        self.names = names
        """The elements or members it is about, the innermost last."""


def parse(document: bytes) -> RefererConfiguration:
    """Read the body of a PutBucketReferer request.

    Entries are kept verbatim. What is missing takes its default (R-30, P-34), save
    AllowEmptyReferer, which is required (R-31, R-33).

    Raises RefererFormatError.
    """
    _refuse_large(document)
    root = _parse_xml(document)
    if _name(root) != _ROOT:
        sentence = f"the root element is {_name(root)}, not {_ROOT}"
        problem = FormatProblem.WRONG_ROOT
        raise RefererFormatError(problem, sentence, _line(root), names=(_name(root),))
    flags: dict[str, bool] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for element in _children(root, *_FLAGS, *_LISTS):
        name = _name(element)
        if name in flags or name in lists:
            sentence = f"{name} is there twice"
            problem = FormatProblem.REPEATED_ELEMENT
            raise RefererFormatError(problem, sentence, _line(element), names=(name,))
        if name in _FLAGS:
            flags[name] = _boolean(name, _text(element), _line(element))
        else:
            lists[name] = tuple(_text(entry) for entry in _children(element, "Referer"))
    return _configuration(flags, lists)


def format(configuration: RefererConfiguration) -> bytes:
    """Write what GetBucketReferer answers: no name space, the documented order (R-31, P-34).

    Raises ValueError for an entry with a character that XML cannot hold.
    """
    root = etree.Element(_ROOT)
    for name, flag in _flags_of(configuration).items():
        etree.SubElement(root, name).text = "true" if flag else "false"
    for name, entries in _lists_of(configuration).items():
        parent = etree.SubElement(root, name)
        for entry in entries:
            etree.SubElement(parent, "Referer").text = entry
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _configuration(
    flags: Mapping[str, bool], lists: Mapping[str, tuple[str, ...]]
) -> RefererConfiguration:
    if "AllowEmptyReferer" not in flags:
        problem = FormatProblem.MISSING_ALLOW_EMPTY_REFERER
        raise RefererFormatError(problem, "AllowEmptyReferer is missing")
    return RefererConfiguration(
        flags["AllowEmptyReferer"],
        flags.get("AllowTruncateQueryString", _UNSET.allow_truncate_query_string),
        flags.get("TruncatePath", _UNSET.truncate_path),
        lists.get("RefererList", ()),
        lists.get("RefererBlacklist", ()),
    )


def _flags_of(configuration: RefererConfiguration) -> dict[str, object]:
    return {
        "AllowEmptyReferer": configuration.allow_empty_referer,
        "AllowTruncateQueryString": configuration.allow_truncate_query_string,
        "TruncatePath": configuration.truncate_path,
    }


def _lists_of(configuration: RefererConfiguration) -> dict[str, tuple[str, ...]]:
    lists = {"RefererList": configuration.whitelist}  # always there: Node needs it (P-34)
    if configuration.blacklist:  # only with entries: Go tests for its absence (P-34)
        lists["RefererBlacklist"] = configuration.blacklist
    return lists


def _refuse_large(document: str | bytes) -> None:
    if len(document) > MAX_DOCUMENT_SIZE:
        sentence = f"the document has {len(document)} bytes, more than {MAX_DOCUMENT_SIZE}"
        raise RefererFormatError(FormatProblem.TOO_LARGE, sentence)


def _boolean(name: str, value: object, line: int | None = None) -> bool:
    boolean = _BOOLEANS.get(value.strip(WHITE_SPACE).lower()) if isinstance(value, str) else None
    if boolean is None:
        sentence = f"{name} is {str(value)[:40]!r}, not true or false"
        raise RefererFormatError(FormatProblem.WRONG_VALUE, sentence, line, names=(name,))
    return boolean


_BOOLEANS = {"true": True, "false": False}


# XML


def _parse_xml(document: bytes) -> etree._Element:
    try:
        root = etree.fromstring(document, _parser())
    except etree.XMLSyntaxError:
        root = _parse_xml_leniently(document)
    if root.getroottree().docinfo.internalDTD is not None:
        sentence = "the document has a document type declaration (DOCTYPE), which is refused"
        raise RefererFormatError(FormatProblem.DOCUMENT_TYPE, sentence)
    return root


def _parse_xml_leniently(document: bytes) -> etree._Element:
    escaped = _AMPERSANDS.sub(lambda found: found[1] or b"&amp;", document)
    try:
        return etree.fromstring(escaped, _parser())
    except etree.XMLSyntaxError as error:
        # lxml's message may go on with the text that it stumbled over.
        said = error.msg.partition("\n")[0].partition(", line ")[0]
        sentence = f"the document is not well-formed XML: {said}"
        problem, (line, column) = FormatProblem.MALFORMED, error.position
        raise RefererFormatError(problem, sentence, line, column) from None


# A CDATA section (group 1), or an `&` that does not begin a reference XML itself knows.
_AMPERSANDS = re.compile(
    rb"(<!\[CDATA\[.*?(?:\]\]>|\Z))|&(?!#\d+;|#x[0-9A-Fa-f]+;|(?:amp|lt|gt|quot|apos);)",
    re.DOTALL,
)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _line(element: etree._Element) -> int | None:
    line: object = element.sourceline
    return line if isinstance(line, int) else None


def _children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children, which may have only these names, with nothing but white space between."""
    texts = (element.text, *(child.tail for child in element))
    if any(text and text.strip(WHITE_SPACE) for text in texts):
        name, sentence = _name(element), f"{_name(element)} holds text beside its elements"
        problem = FormatProblem.WRONG_VALUE
        raise RefererFormatError(problem, sentence, _line(element), names=(name,))
    for child in element:
        if _name(child) not in names:
            raise _unknown(_name(child), _name(element), names, _line(child))
        yield child


def _text(element: etree._Element) -> str:
    if len(element):
        name, sentence = _name(element), f"{_name(element)} holds elements, where a text belongs"
        problem = FormatProblem.WRONG_VALUE
        raise RefererFormatError(problem, sentence, _line(element), names=(name,))
    return element.text or ""


def _unknown(
    name: str, parent: str, known: tuple[str, ...], line: int | None = None
) -> RefererFormatError:
    sentence = f"{name[:40]} is not known in {parent}, which holds {', '.join(known)}"
    problem = FormatProblem.UNKNOWN_ELEMENT
    return RefererFormatError(problem, sentence, line, names=(parent, name))
