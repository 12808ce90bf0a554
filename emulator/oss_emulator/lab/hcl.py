"""HCL, the language of Terraform's `*.tf` files: its resources, as far as they are known here.

A value is known if it is written in the resource, or in a `locals` block of the same file. Nothing
else is computed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from oss_emulator import extras
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.toml import Path, SourceError

from .resources import TERRAFORM, Declared, Unknown

if TYPE_CHECKING:
    from tree_sitter import Node, Point

_PATIENCE = 1.5
"""Seconds of processor time after which parsing stops, because the text has too many mistakes."""
_CHUNK = 1 << 16
_DEEPEST = 20
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([nrt"\\]))|(\$\$|%%)(?=\{)')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> Iterator[Declared]:
    """Yield the resources of a file. Raises SourceError."""
    source = _Source(text)
    for block in source.blocks(source.root):
        labels = source.labels(block)
        if labels[0] == "resource" and len(labels) == 3:
            resource = Declared(labels[1], labels[2], {})
            source.read_block(block, resource, (), resource.values)
            yield resource


def format_string(text: str) -> str:
    """Format a string in double quotes."""
    escaped = re.sub(r"([$%])(?=\{)", r"\1\1", text.replace("\\", "\\\\").replace('"', '\\"'))
    return '"' + "".join(map(_escape, escaped)) + '"'


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"


class _Source:
    """A text with its syntax tree."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode(errors="surrogatepass")
        self.root = self._parse()
        self._locals: dict[str, Node] = {}
        for block in self.blocks(self.root):
            if self.labels(block) == ["locals"]:
                self._locals |= {name: value for name, value, _ in self.attributes(block)}

    def _parse(self) -> Node:
        try:
            import tree_sitter
            import tree_sitter_hcl
        except ImportError:
            sentence = f"HCL needs the package tree-sitter-hcl; run {extras.command('lab')}"
            raise SourceError(sentence) from None
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
        end = time.process_time() + _PATIENCE

        def read(offset: int, _: Point) -> bytes:
            return self._bytes[offset : offset + _CHUNK]

        try:
            tree = parser.parse(read, progress_callback=lambda *_: time.process_time() > end)
        except ValueError:  # given up
            raise SourceError("this is not valid HCL") from None
        if tree.root_node.has_error:
            raise SourceError("this is not valid HCL", *self._place_of_error(tree.root_node))
        return tree.root_node

    def _place_of_error(self, node: Node) -> tuple[int, int]:
        while True:
            wrong = [child for child in node.children if child.has_error or child.is_missing]
            if node.is_error or not wrong:
                return self.place(node)
            node = wrong[0]

    def place(self, node: Node) -> tuple[int, int]:
        """Return the line and the column of a node."""
        row, column = node.start_point
        start = node.start_byte - column
        before = self._bytes[start : node.start_byte].decode(errors="replace")
        return row + 1, len(before) + 1

    def text(self, node: Node) -> str:
        """Return the text of a node."""
        return self._bytes[node.start_byte : node.end_byte].decode(errors="replace")

    def blocks(self, node: Node) -> list[Node]:
        """Return the blocks in a file or a block."""
        return [item for item in _body(node) if item.type == "block"]

    def labels(self, block: Node) -> list[str]:
        """Return the type of a block and its labels."""
        found = [item for item in block.children if item.type in ("identifier", "string_lit")]
        return [self.text(item).strip('"') for item in found]

    def attributes(self, block: Node) -> Iterator[tuple[str, Node, tuple[int, int]]]:
        """Yield the name, the value and the place of each attribute of a block."""
        for item in _body(block):
            if item.type == "attribute":
                name, *_, value = item.children
                yield self.text(name), value, self.place(item)

    def read_block(
        self, block: Node, resource: Declared, path: Path, values: dict[str, Any]
    ) -> None:
        """Read the attributes of a block, and of the blocks in it, into values."""
        resource.places[path] = self.place(block)
        for name, value, place in self.attributes(block):
            here = (*path, name)
            if name in values:
                raise SourceError(f"{name} is written twice; write it once", *place)
            resource.places[here] = place
            values[name] = self._evaluate(value)
        if path:
            return  # rules have no deeper blocks
        for inner in self.blocks(block):
            labels = self.labels(inner)
            name = labels[-1]
            if labels[0] == "dynamic":
                resource.places[(name,)] = self.place(inner)
                values[name] = Unknown(f"dynamic {name}")
            else:
                found: dict[str, Any] = {}
                self.read_block(inner, resource, (name,), found)
                values.setdefault(name, []).append(found)

    def _evaluate(self, node: Node, depth: int = 0) -> Any:
        """Return a value, or Unknown."""
        text = self.text(node)
        if _PLAIN.fullmatch(text):
            return text[1:-1]  # most values are plain, so this reads long lists quickly
        unknown = Unknown(text)
        if depth > _DEEPEST:
            return unknown
        inner = [item for item in node.children if item.type not in ("(", ")", "comment")]
        if node.type in ("expression", "literal_value", "collection_value"):
            if len(inner) == 1:
                return self._evaluate(inner[0], depth + 1)
            return self._resolve(node, inner, depth)
        if node.type == "string_lit":
            return _unescape(self.text(node)[1:-1])
        if node.type == "tuple":
            items = (item for item in node.children if item.type == "expression")
            return [self._evaluate(item, depth + 1) for item in items]
        if node.type == "function_call":
            return self._call(node, depth)
        return _LITERALS.get(self.text(node), unknown)

    def _resolve(self, node: Node, inner: list[Node], depth: int) -> Any:
        """Return the value of `local.name`."""
        name = self.text(node).removeprefix("local.")
        if len(inner) == 2 and name in self._locals and self.text(inner[0]) == "local":
            return self._evaluate(self._locals[name], depth + 1)
        return Unknown(self.text(node))

    def _call(self, node: Node, depth: int) -> Any:
        """Return the value of `tolist([…])` and `toset([…])`."""
        name = self.text(node.children[0])
        arguments = [
            item
            for child in node.children
            if child.type == "function_arguments"
            for item in child.children
        ]
        if name in ("tolist", "toset") and len(arguments) == 1:
            return self._evaluate(arguments[0], depth + 1)
        return Unknown(self.text(node))


_PLAIN = re.compile(r'"[^"\\\n$%]*"')
_LITERALS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


def _body(node: Node) -> list[Node]:
    """Return what stands in a file or a block."""
    return [item for child in node.children if child.type == "body" for item in child.children]


def _unescape(text: str) -> str:
    def replace(found: re.Match[str]) -> str:
        if number := found[1] or found[2]:
            return chr(int(number, 16)) if int(number, 16) < 0x110000 else "\ufffd"
        return found[4][0] if found[4] else _ESCAPES.get(found[3], found[3])

    return _ESCAPE.sub(replace, text)


def format(configuration: RefererConfiguration) -> str:
    """Format rules as a resource of Terraform."""
    (kind,) = TERRAFORM.referers
    lines = [
        f'resource "{kind}" "default" {{',
        '  bucket                      = "YOUR-BUCKET"',
        f"  allow_empty_referer         = {json.dumps(configuration.allow_empty_referer)}",
        f"  allow_truncate_query_string = {json.dumps(configuration.allow_truncate_query_string)}",
        f"  truncate_path               = {json.dumps(configuration.truncate_path)}",
    ]
    lists = {
        "referer_list": configuration.whitelist,
        "referer_blacklist": configuration.blacklist,
    }
    for name, entries in lists.items():
        written = [f"    {format_string(entry)},\n" for entry in entries]
        lines.append(f"  {name} = [\n{''.join(written)}  ]" if entries else f"  {name} = []")
    return "\n".join([*lines, "}"]) + "\n"
