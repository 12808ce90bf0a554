"""Edits in the text of XML: the switches and lists of a RefererConfiguration."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from .markup.document import XmlDocument, XmlElement
from .markup.writing import escape
from .written_list import Edit, WrittenItem, WrittenList, apply


def edit(text: str, changed: Mapping[str, tuple[Any, Any]]) -> str:
    """Return a text with changed elements; `changed` has old and new values.

    Raises SourceError, and ValueError for an entry that XML cannot represent.
    """
    written = _WrittenXml.of(text)
    edits = [one for name, values in changed.items() for one in written.change(name, *values)]
    return apply(written.data, edits).decode()


@dataclass(frozen=True, slots=True)
class _WrittenXml:
    document: XmlDocument
    data: bytes
    at: Sequence[int]
    """The offset in `data` of each character."""

    @classmethod
    def of(cls, text: str) -> "_WrittenXml":
        data = text.encode()
        at: Sequence[int] = range(len(text) + 1)
        if len(data) > len(text):
            at = [0, *accumulate(len(character.encode()) for character in text)]
        return cls(XmlDocument.parse(BOM_UTF8 + data), data, at)

    def change(self, name: str, old: Any, new: Any) -> Iterator[Edit]:
        """Yield the edits that give an element a new value."""
        element = self.document.root.find(name)
        if element is None:
            last = len(self.document.text[: self.document.root.span.closing].rstrip())
            yield self._edit(last, last, self._indent + self._format(name, new))
        elif isinstance(new, bool) and element.span.closing >= 0:
            yield self._edit(element.span.inside, element.span.closing, str(new).lower())
        elif element.children and new:
            yield from self._list(element).edit(old, new, self._entry)
        else:
            yield self._edit(element.span.start, element.span.end, self._format(name, new))

    def _edit(self, start: int, end: int, text: str) -> Edit:
        return Edit(self.at[start], self.at[end], text.encode())

    def _list(self, element: XmlElement) -> WrittenList:
        spans = [child.span for child in element.children]
        items = [WrittenItem(self.at[span.start], self.at[span.end]) for span in spans]
        start, end = self.at[element.span.inside] - 1, self.at[element.span.closing] + 1
        return WrittenList(self.data, start, end, items, comma=b"")

    @property
    def _prefix(self) -> str:
        """What the names begin with, such as `oss:`."""
        prefix, colon, _ = self.document.root.span.name.rpartition(":")
        return prefix + colon

    @property
    def _indent(self) -> str:
        """The line break and the indentation before each element; "" if all are on one line."""
        behind = self.document.text[self.document.root.span.inside :]
        return behind[: len(behind) - len(behind.lstrip())]

    def _format(self, name: str, value: Any) -> str:
        tag = self._prefix + name
        if isinstance(value, bool):
            return f"<{tag}>{str(value).lower()}</{tag}>"
        if not value:
            return f"<{tag}/>"
        inner = self._indent and f"{self._indent}  "
        entries = "".join(inner + self._entry(entry) for entry in value)
        return f"<{tag}>{entries}{self._indent}</{tag}>"

    def _entry(self, entry: str) -> str:
        tag = f"{self._prefix}Referer"
        return f"<{tag}>{escape(entry)}</{tag}>"
