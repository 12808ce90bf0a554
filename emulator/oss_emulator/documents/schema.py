"""What a configuration document may hold: schemas as data, and documents held against them.

A line of `documents.schema` is an element, its children are indented below it:
`<name><how often> <text> =<default>`. How often is nothing for once, `?`, `*`, `+` or `{1,10}`.
The text is `text`, `name` (not empty), `boolean`, `date`, a range of integers like `1..` or
words like `Enabled|Disabled`. Where an optional element is missing its default is answered; an
optional name that is empty is missing.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from oss_emulator.protocol import dates, xml
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.xml import DocumentError, Node

Check = Callable[[str], str | None]
"""Brings a text into the service's form; None where it will not do."""


@dataclass(frozen=True, slots=True)
class Element:
    """What one element may hold and how often it may be there."""

    name: str
    least: int
    most: int | None
    kind: str
    """How its text is described, "" for one that holds elements."""
    default: str | None
    children: "tuple[Element, ...]" = ()


def read(document: bytes, root: str) -> xml.Children:
    """The content of a document in the service's form, in the order of its schema.

    Raises `DocumentError` for what the schema of that root does not allow, and `InvalidArgument`
    for an integer out of its bounds.
    """
    return _children(xml.parse(document, root), DOCUMENTS[root])


def complete(root: str) -> xml.Children:
    """The content of the empty document: the defaults of its elements."""
    return _children(xml.parse(xml.format(root, ()), root), DOCUMENTS[root])


def _children(node: Node, element: Element) -> xml.Children:
    known = {child.name for child in element.children}
    for name in (item.name for item in node):
        if name not in known:
            raise DocumentError(f"The element {name} is not known in {element.name}.")
    found: list[tuple[str, xml.Value]] = []
    for child in element.children:
        nodes = [item for item in node.all(child.name) if not _is_missing(item, child)]
        _check_number(len(nodes), child, element)
        if not nodes and child.default is not None:
            found.append((child.name, child.default))
        found.extend((child.name, _value(item, child)) for item in nodes)
    return found


def _is_missing(node: Node, element: Element) -> bool:
    return element.least == 0 and element.kind == "name" and not node.value.strip()


def _check_number(number: int, child: Element, parent: Element) -> None:
    if number < child.least:
        raise DocumentError(f"The element {child.name} is missing in {parent.name}.")
    if child.most is not None and number > child.most:
        raise DocumentError(
            f"{parent.name} holds {number} elements {child.name}; {child.most} are allowed."
        )


def _value(node: Node, element: Element) -> xml.Value:
    if not element.kind:
        return _children(node, element)
    text = node.value.strip()
    if any(True for _ in node):
        raise DocumentError(f"The element {element.name} takes a text, no elements.")
    value = _check(element)(text)
    if value is None:
        raise DocumentError(f"The {element.name} {text!r} is not {element.kind}.")
    return value


def _check(element: Element) -> Check:
    if element.kind in _KINDS:
        return _KINDS[element.kind]
    least, dots, most = element.kind.partition("..")
    if dots:
        return lambda text: _integer(element.name, text, least, most)
    words = element.kind.split("|")
    return lambda text: text if text in words else None


def _integer(name: str, text: str, least: str, most: str) -> str | None:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        return None
    value = int(text)
    if (least and value < int(least)) or (most and value > int(most)):
        bounds = f"from {least}{f' to {most}' if most else ' on'}"
        raise invalid_argument(name, text, f"The {name} must be an integer {bounds}.")
    return str(value)


def _boolean(text: str) -> str | None:
    # oss2 writes Python's own True and False into some documents.
    return text.lower() if text.lower() in ("true", "false") else None


def _date(text: str) -> str | None:
    time = dates.parse_iso(text)
    return None if time is None else dates.format_iso(time)


_KINDS: Final[Mapping[str, Check]] = {
    "text": str,
    "name": lambda text: text or None,
    "boolean": _boolean,
    "date": _date,
}

_LINE: Final = re.compile(
    r"(?P<indent> *)(?P<name>[\w-]+)(?P<often>[?*+]|\{\d+,\d*\})?(?: (?P<kind>[^\s=]\S*))?"
    r"(?: =(?P<default>.*))?"
)
_OFTEN: Final = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}


def parse(text: str) -> dict[str, Element]:
    """Read schemas; the elements that are not indented are the roots of documents."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {element.name: element for element in _parse(lines, 0)}


def _parse(lines: list[str], depth: int) -> Iterable[Element]:
    starts = [place for place, line in enumerate(lines) if _indent(line) == depth]
    for start, end in pairwise([*starts, len(lines)]):
        match = _LINE.fullmatch(lines[start])
        if match is None:
            raise ValueError(f"no element of a schema: {lines[start]!r}")
        least, most = _times(match["often"] or "")
        children = tuple(_parse(lines[start + 1 : end], depth + 2))
        kind = match["kind"] or ""
        yield Element(match["name"], least, most, kind, match["default"], children)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _times(often: str) -> tuple[int, int | None]:
    if often in _OFTEN:
        return _OFTEN[often]
    least, _, most = often.strip("{}").partition(",")
    return int(least), int(most) if most else None


DOCUMENTS: Final = parse(Path(__file__).with_name("documents.schema").read_text("utf-8"))
"""The schemas by the names of their root elements."""
