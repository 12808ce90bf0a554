"""Edits in the text of HCL: the literals of a resource change, and the rest stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import hcl
from .hcl import HclBlock, Value
from .resources import REFERER
from .written_list import Edit, WrittenItem, WrittenList, apply

Change = tuple[Any, Any]


def edit(text: str, address: str, changed: Mapping[str, Change]) -> str:
    """Return a text with changed attributes of a resource; `changed` has old and new values.

    The rules of the resource were read. Raises ValueError with the reason, and SourceError.
    """
    resource = hcl.find_resources(text)[address]
    block = resource.block if resource.kind == REFERER else resource.find_configs()[0]
    data = text.encode()
    edits: list[Edit] = []
    for name, (old, new) in changed.items():
        if name not in block.attributes:
            edits.append(_add(text, block, name, new))
            continue
        _, value = block.attributes[name]
        if isinstance(new, bool) or value.value is None:
            written = _format(new, _indent(text, value.start))
            start, end = _bytes(text, value.start, value.end)
            edits.append(Edit(start, end, written.encode()))
        else:
            written_list = _locate(text, data, value)
            edits += written_list.edit(old, new, hcl.format_string)
    return apply(data, edits).decode()


def _bytes(text: str, *offsets: int) -> Sequence[int]:
    """Return the offsets of characters as those of bytes."""
    return [len(text[:offset].encode()) for offset in offsets]


def _locate(text: str, data: bytes, value: Value) -> WrittenList:
    """Return a list as it is written in the bytes."""
    start, end = _bytes(text, value.start, value.end)
    items: list[WrittenItem] = []
    before, at = value.start, start  # so that each character is encoded once

    def count(offset: int) -> int:
        nonlocal before, at
        at += len(text[before:offset].encode())
        before = offset
        return at

    for item in value.items:
        first, last = count(item.start), count(item.end)
        comma = None if item.comma is None else count(item.comma)
        items.append(WrittenItem(first, last, comma=comma))
    return WrittenList(data, start, end, items)


def _add(text: str, block: HclBlock, name: str, new: Any) -> Edit:
    """Add an attribute below the last one of a block."""
    first, last = max(block.attributes.values(), key=lambda item: item[0], default=(0, None))
    end = text.find("\n", last.end) if last else -1
    if last is None or text.count("\n", block.start, first) == 0:
        raise ValueError(f"the block of {name} has no attribute on a line of its own")
    ending = "\r\n" if text.endswith("\r", 0, end) else "\n"
    indent = _indent(text, first)
    aligned = name.ljust(text.index("=", first) - first - 1)
    written = f"{indent}{aligned} = {_format(new, indent)}\n".replace("\n", ending)
    (at,) = _bytes(text, end + 1)
    return Edit(at, at, written.encode())


def _indent(text: str, at: int) -> str:
    """Return the white space that begins a line."""
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _format(value: Any, indent: str) -> str:
    """Format a switch or a list of strings."""
    if isinstance(value, bool):
        return str(value).lower()
    items = "".join(f"\n{indent}  {hcl.format_string(item)}," for item in value)
    return f"[{items}\n{indent}]"
