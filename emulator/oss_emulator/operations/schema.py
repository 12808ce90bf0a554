"""The schemas of XML documents, a small language: a line is an element.

The children of an element are indented by two blanks below it:
`<name><how often> <text> =<default> <ECs>`. `how often` is empty for exactly once, or `?`, `*`, `+`
or a range such as `{1,10}`. The text is `text`, `name` (not empty), `boolean`, `date`, a range of
integers such as `1..`, or words such as `Enabled|Disabled`; `name:63` has at most 63 bytes. A
missing optional element is answered with its default; an optional `name` that is empty counts as
missing.

The mark before an EC says which mistake its help page describes: `?` the element is missing (for
the root: the document has a different root), `*` there are too many, `!` its text or the name of a
child is wrong, `~` its text is out of range. `<`, only after the root, marks the EC of a document
that is not XML and of each mistake without its own page.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from oss_emulator.protocol import dates, xml
from oss_emulator.protocol.errors import OSSError, listed
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.xml import DocumentError, Node, RootError


@dataclass(frozen=True, slots=True)
class Element:
    """What one element may contain and how often it may occur."""

    name: str
    least: int
    most: int | None
    kind: str
    """The kind of its text; empty for an element with children."""
    default: str | None
    children: "tuple[Element, ...]" = ()
    limit: int | None = None
    """Maximum length of its text in bytes; None for no limit."""
    ecs: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The EC of each kind of mistake, by its mark."""

    def parse(self, document: bytes) -> Node:
        """Parse a document with this root, converted to the service's form and order.

        Raises `DocumentError` for a document that breaks the schema, and `InvalidArgument` for an
        integer out of range.
        """
        try:
            content = _children(xml.parse(document, self.name), self)
        except DocumentError as error:
            if isinstance(error, RootError):
                error.ec = self.ecs.get("?")
            error.ec = error.ec or self.ecs.get("<")
            raise
        return xml.parse(xml.format(self.name, content), self.name)


def _children(node: Node, element: Element) -> xml.Children:
    known = {child.name for child in element.children}
    for name in (item.name for item in node):
        if name not in known:
            raise DocumentError(
                f"{element.name} has no element {name}; it has {listed(sorted(known), 'and')}.",
                element.ecs.get("!"),
            )
    found: list[tuple[str, xml.Value]] = []
    for child in element.children:
        may_lack = child.least == 0 and child.kind == "name"
        nodes = [
            item for item in node.all(child.name) if item.value.strip() or [*item] or not may_lack
        ]
        number = len(nodes)
        if number < child.least:
            raise DocumentError(
                f"The element {child.name} is missing in {element.name}.", child.ecs.get("?")
            )
        if child.most is not None and number > child.most:
            raise DocumentError(
                f"{element.name} has {number} {child.name} elements; the limit is {child.most}.",
                child.ecs.get("*"),
            )
        if not nodes and child.default is not None:
            found.append((child.name, child.default))
        found.extend((child.name, _value(item, child)) for item in nodes)
    return found


def _value(node: Node, element: Element) -> xml.Value:
    if not element.kind:
        return _children(node, element)
    text, wrong = node.value.strip(), element.ecs.get("!")
    if any(True for _ in node):
        raise DocumentError(f"{element.name} must contain text, not elements.", wrong)
    if element.limit is not None and len(text.encode()) > element.limit:
        raise _out_of_range(element, text, f"must have at most {element.limit} bytes")
    value = _read(element, text)
    if value is None:
        raise DocumentError(f"{element.name} is {text!r}; it must be {_described(element)}.", wrong)
    return value


def _read(element: Element, text: str) -> str | None:
    """Convert a text to the service's form; None if it is not of the element's kind."""
    if element.kind in _KINDS:
        _, read = _KINDS[element.kind]
        return read(text)
    if ".." in element.kind:
        return _integer(element, text)
    return text if text in element.kind.split("|") else None


def _described(element: Element) -> str:
    if element.kind in _KINDS:
        described, _ = _KINDS[element.kind]
        return described
    if ".." in element.kind:
        return f"an integer {_range(element.kind)}"
    return listed(element.kind.split("|"))


def _integer(element: Element, text: str) -> str | None:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        return None
    value = int(text)
    least, _, most = element.kind.partition("..")
    if (least and value < int(least)) or (most and value > int(most)):
        raise _out_of_range(element, text, f"must be an integer {_range(element.kind)}")
    return str(value)


def _out_of_range(element: Element, text: str, rule: str) -> OSSError:
    message = f"The {element.name} {rule}."
    return invalid_argument(element.name, text, message, ec=element.ecs.get("~"))


def _range(kind: str) -> str:
    least, _, most = kind.partition("..")
    if least and most:
        return f"from {least} to {most}"
    return f"of at least {least}" if least else f"of at most {most}"


def _boolean(text: str) -> str | None:
    # oss2 writes Python's True and False into some documents.
    return text.lower() if text.lower() in ("true", "false") else None


def _date(text: str) -> str | None:
    time = dates.parse_iso(text)
    return None if time is None else dates.format_iso(time)


_KINDS: Final[Mapping[str, tuple[str, Callable[[str], str | None]]]] = {
    "text": ("a text", str),
    "name": ("a non-empty text", lambda text: text or None),
    "boolean": ("true or false", _boolean),
    "date": ("a date such as 2020-01-01T00:00:00.000Z", _date),
}
"""Each kind of text: its description in errors, and the function that converts a text."""

_LINE: Final = re.compile(
    r"(?P<indent> *)(?P<name>[\w-]+)(?P<often>[?*+]|\{\d+,\d*\})?"
    r"(?: (?P<kind>[\w.-][^\s:]*)(?::(?P<limit>\d+))?)?(?: =(?P<default>\S*))?"
    r"(?P<ecs>(?: [?*!~<]\d{4}-\d{8})*)"
)
_OFTEN: Final = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}


def parse_schema(text: str) -> Element:
    """Parse a schema; its only line without indentation is the root element."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    (root,) = _parse_lines(lines, 0)
    return root


def _parse_lines(lines: list[str], depth: int) -> Iterable[Element]:
    starts = [at for at, line in enumerate(lines) if len(line) - len(line.lstrip(" ")) == depth]
    for start, end in pairwise([*starts, len(lines)]):
        match = _LINE.fullmatch(lines[start])
        if match is None:
            raise ValueError(f"not an element of a schema: {lines[start]!r}")
        least, most = _times(match["often"] or "")
        children = tuple(_parse_lines(lines[start + 1 : end], depth + 2))
        name, kind, default = match["name"], match["kind"] or "", match["default"]
        limit = int(match["limit"]) if match["limit"] else None
        ecs = {text[0]: text[1:] for text in match["ecs"].split()}
        yield Element(name, least, most, kind, default, children, limit, ecs)


def _times(often: str) -> tuple[int, int | None]:
    if often in _OFTEN:
        return _OFTEN[often]
    least, _, most = often.strip("{}").partition(",")
    return int(least), int(most) if most else None
