"""Edits in the text of HCL: the literals of a resource, or of the locals that it takes.

An expression is followed to where its value is written. If that is another file, or if it cannot be
followed, the message says where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from . import hcl
from .hcl import ResourceBlock
from .hcl_module import Folder
from .hcl_syntax import HclText, format_string, inner
from .resources import TERRAFORM
from .written_list import Edit, ListEditError, WrittenItem, WrittenList, apply

if TYPE_CHECKING:
    from tree_sitter import Node

_FURTHEST = 20
"""The most definitions that lead to a literal."""
Change = tuple[Any, Any]


def edit(text: str, folder: Folder, address: str, changed: Mapping[str, Change]) -> str:
    """Return a text with changed attributes of a resource; `changed` has old and new values.

    Raises ValueError with the reason, and SourceError.
    """
    blocks = (one for block in hcl.find_blocks(text, folder) for one in block.expand())
    block = next((one for one in blocks if one.address == address), None)
    if block is None:
        raise ValueError(f"it has no resource {address}")
    data = text.encode()
    node = _node_with_rules(block)
    written = {name: value for name, value, _ in block.source.attributes(node)}
    edits: list[Edit] = []
    for name, (old, new) in changed.items():
        if name not in written:
            edits.append(_add(data, block.source, node, (name, new)))
            continue
        found = _follow(block, name, written[name])
        if isinstance(new, bool):
            edits.append(Edit(*_span(found.node), str(new).lower().encode()))
        else:
            edits += _edit_list(data, found, old, new)
    return apply(data, edits).decode()


class _Literal(NamedTuple):
    source: HclText
    name: str
    """The attribute that gets its value from it."""
    node: Node


def _span(node: Node) -> tuple[int, int]:
    return node.start_byte, node.end_byte


def _node_with_rules(block: ResourceBlock) -> Node:
    if block.kind in TERRAFORM.referers:
        return block.node
    for node in block.source.blocks(block.node):
        if block.source.labels(node) == [TERRAFORM.config]:
            return node
    raise ValueError(f"{block.address} has no plain block {TERRAFORM.config}")


def _follow(block: ResourceBlock, name: str, node: Node) -> _Literal:
    """Return the literal that an expression leads to."""
    source = block.source
    for _ in range(_FURTHEST):
        node = _unwrap(source, node)
        if node.type in ("tuple", "bool_lit", "string_lit"):
            if source is not block.source:
                line, _column = source.place(node)
                raise ValueError(
                    f"{name} is written in {source.name}, line {line}; correct it there"
                )
            return _Literal(source, name, node)
        kind, _, wanted = source.text(node).partition(".")
        found = block.module.find(kind, wanted) if kind in ("local", "var") else None
        if found is None or (kind == "var" and block.module.is_given(wanted)):
            break
        source, node = found.source, found.node
    line, _column = source.place(node)
    where = f"{source.name}, line {line}" if source.name else f"line {line}"
    raise ValueError(f"{name} is an expression in {where}; correct it there")


def _unwrap(source: HclText, node: Node) -> Node:
    """Return what is inside of parentheses, `tolist(…)` and `toset(…)`."""
    while True:
        parts = inner(node)
        wrapped = node.type in ("expression", "literal_value", "collection_value")
        if wrapped and len(parts) == 1:
            node = parts[0]
        elif node.type == "function_call" and source.text(parts[0]) in ("tolist", "toset"):
            given = [item for part in parts[1:] for item in part.children]
            if len(given) != 1:
                return node
            node = given[0]
        else:
            return node


def _edit_list(
    data: bytes, found: _Literal, old: Sequence[str], new: Sequence[str]
) -> Iterator[Edit]:
    if found.node.type != "tuple":
        raise ValueError(f"{found.name} is not written as a list")
    items: list[WrittenItem] = []
    for child in found.node.children:
        if child.type == "expression":
            plain = _unwrap(found.source, child).type == "string_lit"
            items.append(WrittenItem(*_span(child), is_literal=plain))
        elif child.type == "," and items:
            last = items[-1]
            items[-1] = WrittenItem(last.start, last.end, last.is_literal, comma=child.start_byte)
    if len(items) != len(old):
        raise ValueError(f"{found.name} is not written as a list of its entries")
    written = WrittenList(data, *_span(found.node), items)
    try:
        yield from written.edit(old, new, format_string)
    except ListEditError as error:
        line = data[: error.item.start].count(b"\n") + 1
        raise ValueError(
            f"an entry of {found.name} is an expression in line {line}; correct it there"
        ) from None


def _add(data: bytes, source: HclText, block: Node, change: tuple[str, Any]) -> Edit:
    """Add an attribute below the last one of a block."""
    name, value = change
    others = list(source.attributes(block))
    if not others or source.place(block)[0] == others[-1][2][0]:
        raise ValueError(f"the block of {name} has no attribute on a line of its own")
    _, last, (_, column) = others[-1]
    line = data[data.rfind(b"\n", 0, last.start_byte) + 1 : last.start_byte].decode()
    indent = line[: column - 1]
    name = name.ljust(len(line.rstrip().removesuffix("=")) - column)
    if isinstance(value, bool):
        shown = str(value).lower()
    else:
        items = "".join(f"\n{indent}  {format_string(item)}," for item in value)
        shown = f"[{items}\n{indent}]"
    end = data.find(b"\n", last.end_byte)
    return Edit(end, end, f"\n{indent}{name} = {shown}".encode())
