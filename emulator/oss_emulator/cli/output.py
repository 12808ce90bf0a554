"""The output of commands: lines and tables, coloured on a terminal and plain in a pipe, or JSON.

Colours and frames come from rich, which is loaded only when they are shown. Without rich a terminal
gets plain text. Referers and entries may come from untrusted sources, so characters that control a
terminal are shown by their numbers.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from oss_emulator.referer import Decision

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text as RichText


class Tone(StrEnum):
    """The styles of texts, with the names that rich uses."""

    PLAIN = ""
    GOOD = "green"
    BAD = "red"
    WARNING = "yellow"
    FAINT = "bright_black"
    STRONG = "bold"
    DATA = "cyan"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text with a tone."""

    text: str
    tone: Tone = Tone.PLAIN


Piece = Text | str


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of pieces."""

    pieces: tuple[Piece, ...]
    indent: int = 0


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table with headings."""

    headings: tuple[str, ...]
    rows: Sequence[Sequence[Piece]]
    title: str = ""
    indent: int = field(default=0)


Block = TextLine | TextTable


def line(*pieces: Piece, indent: int = 0) -> TextLine:
    """Make a line of pieces."""
    return TextLine(pieces, indent)


def show(*blocks: Block) -> None:
    """Print blocks to standard output."""
    if _is_for_people():
        console = _console()
        for block in blocks:
            console.print(_rich(block))
    else:
        write("".join(text for block in blocks for text in _plain(block)))


def write(text: str) -> None:
    """Write text; characters that the encoding of standard output lacks become numbers."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def write_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2))


def verdict(decision: Decision) -> Text:
    """Return "allowed" or "denied" in its colour."""
    return Text("allowed", Tone.GOOD) if decision.allowed else Text("denied", Tone.BAD)


def referer(value: str | None) -> Text:
    """Return a Referer, or a note that there is none."""
    if value is None:
        return Text("(no Referer)", Tone.FAINT)
    return Text(value, Tone.DATA) if value else Text("(empty Referer)", Tone.FAINT)


def visible(text: str) -> str:
    """Replace characters that control a terminal or the direction of writing by their numbers."""
    return "".join(
        f"\\x{ord(character):02x}" if unicodedata.category(character) in _STEERING else character
        for character in text
    )


_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _is_for_people() -> bool:
    wanted = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
    return wanted and importlib.util.find_spec("rich") is not None


def _plain(block: Block) -> list[str]:
    indent = " " * block.indent
    if isinstance(block, TextLine):
        return [f"{indent}{''.join(_text(piece) for piece in block.pieces)}".rstrip() + "\n"]
    rows = [[_text(cell) for cell in row] for row in (block.headings, *block.rows)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [f"{indent}{block.title}"] if block.title else []
    for row in rows:
        cells = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        lines.append(f"{indent}{'  '.join(cells)}".rstrip())
    return [f"{text}\n" for text in lines]


def _text(piece: Piece) -> str:
    return visible(piece.text if isinstance(piece, Text) else piece)


def _width(text: str) -> int:
    """Return the columns of a text on a terminal; wide East Asian characters take two."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


def _rich(block: Block) -> RenderableType:
    from rich import box
    from rich.padding import Padding
    from rich.table import Table as RichTable

    if isinstance(block, TextLine):
        return Padding(_rich_text(*block.pieces), (0, 0, 0, block.indent))
    table = RichTable(
        box=box.ROUNDED,
        title=block.title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        border_style="bright_black",
    )
    for heading in block.headings:
        table.add_column(heading, overflow="fold")
    for row in block.rows:
        table.add_row(*(_rich_text(cell) for cell in row))
    return Padding(table, (0, 0, 0, block.indent))


def _rich_text(*pieces: Piece) -> RichText:
    from rich.text import Text as RichText

    text = RichText()
    for piece in pieces:
        text.append(_text(piece), style=piece.tone.value if isinstance(piece, Text) else "")
    return text
