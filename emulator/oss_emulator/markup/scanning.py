"""The elements of an XML text with their places, and the first thing that is wrong with it.

The parsers have different words and places for what is wrong, and accept different names. Whatever
passes here is the same to both, which a test compares.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from oss_emulator.toml import SourceError, place_of

from .writing import FORBIDDEN

MAX_DEPTH: Final = 100
"""The deepest nesting of elements: far more than rules have, and less than either parser takes."""

MAX_PREFIXES: Final = 100
"""Prefixes of name spaces that an element knows: both parsers try them one after the other."""


class MarkupError(SourceError):
    """A text is not well-formed XML."""

    def __init__(self, flaw: str, before: str = "") -> None:
        """`before` is the text that precedes the flaw."""
        super().__init__(f"this is not well-formed XML: {flaw}", *place_of(before))


class DocumentTypeError(SourceError):
    """A document declares its type, which may define entities and name files."""

    def __init__(self, before: str) -> None:
        sentence = "the document has a document type declaration; leave <!DOCTYPE …> out"
        super().__init__(sentence, *place_of(before))


@dataclass(slots=True)
class Span:
    """Where an element is written, by offsets in the text."""

    name: str
    """As it is written, with its prefix."""
    start: int
    inside: int
    """Behind its start tag."""
    closing: int = -1
    """Its end tag; -1 if it has none, as in `<a/>`."""
    end: int = -1
    spaces: Mapping[str, str] = field(default_factory=lambda: _SPACES)
    """The prefixes that are declared for its contents, with their name spaces."""


_SPACES: Mapping[str, str] = {"xml": "http://www.w3.org/XML/1998/namespace"}
_RESERVED = {*_SPACES.values(), "http://www.w3.org/2000/xmlns/"}


# Letters that both parsers know; their lists of the others differ.
_LETTER = "A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u4e00-\u9fa5"
_PART = rf"[{_LETTER}][{_LETTER}0-9.-]*+"
_NAME = rf"{_PART}(?::{_PART})?+"
_SPACE = r"[ \t\r\n]"
_VALUE = r"\"[^\"<]*+\"|'[^'<]*+'"
_ATTRIBUTE = re.compile(rf"{_SPACE}++({_NAME}){_SPACE}*+={_SPACE}*+({_VALUE})")
_START = re.compile(rf"<({_NAME})((?:{_ATTRIBUTE.pattern})*+){_SPACE}*+(/?+)>")
_PIECES = re.compile(
    rf"(?P<text>[^<]++)|</(?P<end>{_NAME}){_SPACE}*+>|(?P<start>{_START.pattern})"
    rf"|(?P<cdata><!\[CDATA\[.*?\]\]>)|<!--(?:[^-]|-(?!-))*+-->"
    rf"|<\?(?!(?i:xml)(?:{_SPACE}|\?)){_PART}(?:{_SPACE}.*?)?\?>",
    re.DOTALL,
)
_DECLARATION = re.compile(
    rf"<\?xml{_SPACE}++version{_SPACE}*+={_SPACE}*+(?:\"1\.\d\"|'1\.\d')"
    rf"(?:{_SPACE}++encoding{_SPACE}*+={_SPACE}*+(?:\"[A-Za-z][\w.-]*+\"|'[A-Za-z][\w.-]*+'))?+"
    rf"(?:{_SPACE}++standalone{_SPACE}*+={_SPACE}*+(?:\"(?:yes|no)\"|'(?:yes|no)'))?+{_SPACE}*+\?>",
    re.ASCII,
)
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]+)|([0-9]+));")
_URI = re.compile(r"[A-Za-z0-9:/.?=&;#_~-]*")


def scan(text: str) -> Sequence[Span]:
    """Return the elements of a text in its order. Raises MarkupError and DocumentTypeError."""
    declaration = _DECLARATION.match(text)
    found = FORBIDDEN.search(text)
    if found:
        code = f"U+{ord(found[0]):04X}"
        raise MarkupError(f"the character {code} cannot occur in XML", text[: found.start()])
    scanning = _Scanning(text)
    scanning.run(declaration.end() if declaration else 0)
    return scanning.spans


class _Scanning:
    """A text that is scanned from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[Span] = []
        self._open: list[Span] = []

    def run(self, offset: int) -> None:
        while offset < len(self.text):
            piece = _PIECES.match(self.text, offset)
            if piece is None:
                raise _explain(self.text, offset)
            if piece["text"]:
                self._take_text(piece[0], offset)
            elif piece["start"]:
                self._take_start(offset)
            elif piece["end"]:
                self._take_end(piece["end"], offset, piece.end())
            elif piece["cdata"] and not self._open:
                self._refuse("text stands outside of the root element", offset)
            offset = piece.end()
        if self._open:
            last = self._open[-1]
            self._refuse(f"<{last.name}> is not closed; write </{last.name}>", last.start)
        if not self.spans:
            self._refuse("the document has no element", 0)

    def _refuse(self, flaw: str, offset: int) -> NoReturn:
        raise MarkupError(flaw, self.text[:offset])

    def _take_text(self, text: str, offset: int) -> None:
        if not self._open and text.strip(" \t\r\n"):
            begin = offset + len(text) - len(text.lstrip(" \t\r\n"))
            self._refuse("text stands outside of the root element", begin)
        if (place := text.find("]]>")) >= 0:
            self._refuse("]]> stands in a text; write ]]&gt;", offset + place)
        self._check_references(text, offset)

    def _check_references(self, text: str, offset: int) -> None:
        if "&#" not in text:
            return
        for found in _REFERENCE.finditer(text):
            digits = (found[1] or found[2]).lstrip("0")
            code = int(digits or "0", 16 if found[1] else 10) if len(digits) < 8 else -1
            if not 0 <= code < 0x110000 or FORBIDDEN.match(chr(code)):
                what = found[0][:20]
                flaw = f"{what} stands for a character that cannot occur in XML"
                self._refuse(flaw, offset + found.start())

    def _take_start(self, offset: int) -> None:
        found = _START.match(self.text, offset)
        assert found is not None  # noqa: S101 - the piece is a start tag
        if self.spans and not self._open:
            self._refuse("a second root element begins here; write one", offset)
        span = Span(found[1], offset, found.end())
        if self._open:
            span.spaces = self._open[-1].spaces
        if found[2]:
            self._take_attributes(span, found.start(2), found.end(2))
        self._expand(span, span.name, offset)
        self.spans.append(span)
        if found.group(found.re.groups):
            span.end = found.end()
            return
        self._open.append(span)
        if len(self._open) > MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} elements are nested", offset)

    def _take_attributes(self, span: Span, start: int, end: int) -> None:
        """Check the attributes of a start tag, and declare the prefixes among them."""
        attributes: dict[str, int] = {}
        for found in _ATTRIBUTE.finditer(self.text, start, end):
            name, value, place = found[1], found[2][1:-1], found.start(1)
            if name in attributes:
                self._refuse(f"the attribute {name} occurs twice in a tag", place)
            attributes[name] = place
            self._check_references(value, found.start(2) + 1)
            if name == "xmlns" or name.startswith("xmlns:"):
                self._declare(span, name, value, place)
            elif name == "xml:id" and not re.fullmatch(_PART, value):
                self._refuse(f"the value of {name} is not valid", place)
        expanded: set[str] = set()
        for name, place in attributes.items():
            if ":" not in name or name.startswith("xmlns:"):
                continue
            whole = self._expand(span, name, place)
            if whole in expanded:
                self._refuse(f"the attribute {name} occurs twice in a tag", place)
            expanded.add(whole)

    def _declare(self, span: Span, name: str, space: str, offset: int) -> None:
        """Declare a name space, for names without a prefix or for those with one."""
        prefix = name.partition(":")[2]
        if prefix in ("xml", "xmlns"):
            self._refuse(f"the prefix {prefix} cannot be declared", offset)
        if not _URI.fullmatch(space) or space in _RESERVED or (prefix and not space):
            self._refuse(f"the value of {name} is not valid", offset)
        span.spaces = {**span.spaces, prefix: space}
        if len(span.spaces) > MAX_PREFIXES:
            self._refuse(f"more than {MAX_PREFIXES} prefixes are declared", offset)

    def _expand(self, span: Span, name: str, offset: int) -> str:
        """Return a name with its name space."""
        prefix, colon, local = name.partition(":")
        if not colon:
            return name
        if prefix not in span.spaces:
            self._refuse(f"the prefix {prefix} is not declared", offset)
        return f"{{{span.spaces[prefix]}}}{local}"

    def _take_end(self, name: str, offset: int, end: int) -> None:
        if not self._open:
            self._refuse(f"</{name}> closes nothing", offset)
        last = self._open.pop()
        if last.name != name:
            line, _ = place_of(self.text[: last.start])
            self._refuse(f"</{name}> does not close <{last.name}> of line {line}", offset)
        last.closing, last.end = offset, end


_CLOSINGS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
"""What closes what is not a tag."""
_XML = re.compile(rf"<\?(?i:xml)(?:{_SPACE}|\?|\Z)")
_WORD = re.compile(r"</?([^\s<>/&=\"'!?0-9][^\s<>/]*+)")


def _explain(text: str, offset: int) -> SourceError:
    """Say what is wrong with the markup that begins at an offset."""
    before = text[:offset]
    if text.startswith("<!DOCTYPE", offset):
        return DocumentTypeError(before)
    if _XML.match(text, offset):
        return MarkupError("the XML declaration is not valid, or not at the beginning", before)
    for opening, closing in _CLOSINGS.items():
        if not text.startswith(opening, offset):
            continue
        inside = offset + len(opening)
        if text.find(closing, inside) < 0:
            return _unclosed(opening, closing, before)
        if opening == "<!--":
            return MarkupError("a comment contains --", text[: text.find("--", inside)])
        return MarkupError("the name after <? is not valid", before)
    return _explain_tag(text, offset)


def _explain_tag(text: str, offset: int) -> MarkupError:
    before = text[:offset]
    word = _WORD.match(text, offset)
    if word is None:
        return MarkupError("< begins no tag here; write &lt;", before)
    if not re.fullmatch(_NAME, word[1]):
        return MarkupError(f"the name {word[1][:40]} is not valid", before)
    end = word.end()
    while found := _ATTRIBUTE.match(text, end):
        end = found.end()
    while text[end : end + 1].isspace():
        end += 1
    if text[end : end + 1] in ("", "<"):
        return _unclosed(word[0], ">", before)
    if text.startswith("</", offset):
        return MarkupError("an end tag has only a name", text[:end])
    return MarkupError('this is not an attribute; write name="value"', text[:end])


def _unclosed(opening: str, closing: str, before: str) -> MarkupError:
    return MarkupError(f"{opening[:40]} begins here, and its {closing} is missing", before)
