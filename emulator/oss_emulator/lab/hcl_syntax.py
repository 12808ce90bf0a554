"""The syntax of HCL: a text with its tree, its blocks, its strings and their places."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oss_emulator import extras
from oss_emulator.toml import SourceError

if TYPE_CHECKING:
    from tree_sitter import Node, Point

_PATIENCE = 1.5
"""Seconds of processor time after which parsing stops, because the text has too many mistakes."""
_CHUNK = 1 << 16
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([nrt"\\]))|(\$\$|%%)(?=\{)')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class HclText:
    """A text with its syntax tree. Raises SourceError."""

    def __init__(self, text: str, name: str = "") -> None:
        """`name` is that of a file beside the one that is read."""
        self.name = name
        self._bytes = text.encode(errors="surrogatepass")
        self.root = self._parse()

    def _parse(self) -> Node:
        try:
            import tree_sitter
            import tree_sitter_hcl
        except ImportError:
            sentence = f"HCL needs the package tree-sitter-hcl; run {extras.command('lab')}"
            raise SourceError(sentence) from None
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))

        def read(offset: int, _: Point) -> bytes:
            return self._bytes[offset : offset + _CHUNK]

        end = time.thread_time() + _PATIENCE
        try:
            tree = parser.parse(read, progress_callback=lambda *_: time.thread_time() > end)
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
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        """Return the text between two bytes."""
        return self._bytes[start:end].decode(errors="replace")

    def blocks(self, node: Node | None = None) -> list[Node]:
        """Return the blocks in a block, or in the file."""
        return [item for item in _body(node or self.root) if item.type == "block"]

    def labels(self, block: Node) -> list[str]:
        """Return the type of a block and its labels."""
        found = [item for item in block.children if item.type in ("identifier", "string_lit")]
        return [self.text(item).strip('"') for item in found]

    def attributes(self, block: Node | None = None) -> Iterator[tuple[str, Node, tuple[int, int]]]:
        """Yield the name, the value and the place of each attribute of a block, or of the file."""
        for item in _body(block or self.root):
            if item.type == "attribute":
                name, *_, value = item.children
                yield self.text(name), value, self.place(item)


def _body(node: Node) -> list[Node]:
    """Return what stands in a file or a block."""
    return [item for child in node.children if child.type == "body" for item in child.children]


def inner(node: Node) -> list[Node]:
    """Return the parts of an expression, without parentheses and comments."""
    return [item for item in node.children if item.type not in ("(", ")", "comment")]


def unescape(text: str) -> str:
    """Return the characters of a string that is written in double quotes."""

    def replace(found: re.Match[str]) -> str:
        if number := found[1] or found[2]:
            return chr(int(number, 16)) if int(number, 16) < 0x110000 else "\ufffd"
        return found[4][0] if found[4] else _ESCAPES.get(found[3], found[3])

    return _ESCAPE.sub(replace, text)


def format_string(text: str) -> str:
    """Format a string in double quotes."""
    escaped = re.sub(r"([$%])(?=\{)", r"\1\1", text.replace("\\", "\\\\").replace('"', '\\"'))
    return '"' + "".join(map(_escape, escaped)) + '"'


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"
