"""Edits in the text of HCL: the literals of a resource change, and the rest stays."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate
from typing import Any

from . import hcl
from .hcl import Attribute
from .resources import REFERER
from .written_list import WrittenList, apply

Change = tuple[Any, Any]


def edit(text: str, address: str, changed: Mapping[str, Change]) -> str:
    """Return a text with changed attributes of a resource; `changed` has old and new values.

    The rules of the resource were read. Raises ValueError with the reason, and SourceError.
    """
    resource = hcl.find_resources(text)[address]
    block = resource.block if resource.kind == REFERER else resource.find_configs()[0]
    edits: list[tuple[int, int, str]] = []
    for name, (old, new) in changed.items():
        if attribute := block.attributes.get(name):
            line = text.rfind("\n", 0, attribute.start) + 1
            edits.append((line, attribute.end, _change(text, line, attribute, old, new)))
            continue
        last = max(block.attributes.values(), default=None)
        if last is None or "\n" not in text[block.start : last.start]:
            raise ValueError(f"the block of {name} has no attribute on a line of its own")
        end = text.index("\n", last.end) + 1
        indent = _indent(text, last.start)
        aligned = name.ljust(text.index("=", last.start) - last.start - 1)
        edits.append((end, end, f"{indent}{aligned} = {_format(new, indent)}\n"))
    # The offsets of what is before an edit stay.
    for start, end, written in sorted(edits, reverse=True):
        text = text[:start] + written + text[end:]
    return text


def _change(text: str, line: int, attribute: Attribute, old: Any, new: Any) -> str:
    """Return an attribute with a new value, from the beginning of its line on."""
    if isinstance(new, bool) or attribute.value is None:
        written = _format(new, _indent(text, attribute.start))
        return text[line : attribute.value_start] + written
    part = text[line : attribute.end]
    at = list(accumulate((len(sign.encode()) for sign in part), initial=0))  # offsets of bytes
    items = [
        replace(
            item,
            start=at[item.start - line],
            end=at[item.end - line],
            comma=None if item.comma is None else at[item.comma - line],
        )
        for item in attribute.items
    ]
    data = part.encode()
    written_list = WrittenList(data, at[attribute.value_start - line], len(data), items)
    return apply(data, [*written_list.edit(old, new, hcl.format_string)]).decode()


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
