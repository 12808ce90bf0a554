"""The output of commands: lines and tables, coloured on a terminal and plain in a pipe, or JSON.

Colours and frames come from rich, which is imported only to show them. Without rich a terminal gets
plain text. Referers and entries may come from untrusted sources, so numbers replace characters that
control a terminal.
"""

import importlib.util
import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TextIO

from oss_referer.engine import Decision, Sentence, Stage
from oss_referer.files import replacing
from oss_referer.terminal import language
from oss_referer.terminal.parser import CommandError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text as RichText


@contextmanager
def writing(path: Path, error: type[CommandError] = CommandError) -> Iterator[BinaryIO]:
    """Write a file as `replacing` does; convert OSError to an `error` that names the file."""
    try:
        with replacing(path) as file:
            yield file
    except OSError as problem:
        raise error(f"{path}: the file cannot be written: {problem.strerror}") from None


class Tone(StrEnum):
    """The styles of texts, by their names in rich."""

    PLAIN = ""
    GOOD = "green"
    BAD = "red"
    WARNING = "yellow"
    FAINT = "bright_black"
    STRONG = "bold"
    DATA = "cyan"


class Text(NamedTuple):
    text: str
    tone: Tone = Tone.PLAIN
    width: int = 0
    """The minimum width in columns."""


Piece = Text | str


class TextLine(NamedTuple):
    pieces: tuple[Piece, ...]
    indent: int = 0


class TextTable(NamedTuple):
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Piece]]
    title: str = ""


Block = TextLine | TextTable


def line(*pieces: Piece, indent: int = 0) -> TextLine:
    return TextLine(pieces, indent)


def show(*blocks: Block, to: TextIO | None = None) -> None:
    """Print blocks to standard output, or to another stream.

    On a terminal, lines are wrapped between words, and a table that is too wide becomes a list.
    """
    stream = to or sys.stdout
    blocks = tuple(_translated(block) for block in blocks)
    if not is_styled(stream):
        write("".join(text for block in blocks for text in _plain(block)), stream)
        return
    from shutil import get_terminal_size  # only here: the import is slow

    width = get_terminal_size().columns
    fitted = [item for block in blocks for item in _fit(block, width)]
    if importlib.util.find_spec("rich") is None:
        write("".join(text for block in fitted for text in _plain(block)), stream)
        return
    from rich.console import Console

    # If TERM is missing or dumb, as in CI, rich cannot detect colours, so name the system.
    console = Console(
        file=stream,
        highlight=False,
        emoji=False,
        markup=False,
        color_system="standard" if _is_forced() else "auto",
    )
    for block in fitted:
        console.print(_rich(block), soft_wrap=isinstance(block, TextLine))


def is_styled(stream: TextIO) -> bool:
    """Return whether a stream is a terminal, or is to look like one."""
    return stream.isatty() or _is_forced()


def _is_forced() -> bool:
    return bool(os.environ.get("FORCE_COLOR"))


def write(text: str, to: TextIO | None = None) -> None:
    """Write text; escapes replace characters that the encoding of the stream lacks."""
    stream = to or sys.stdout
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def write_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def verdict(decision: Decision) -> Text:
    """Return "allowed" or "denied" in its colour."""
    if decision.allowed:
        return Text(Sentence("allowed"), Tone.GOOD)
    return Text(Sentence("denied"), Tone.BAD)


def referer(value: str | None) -> Text:
    """Return a Referer, or a note that it is missing or empty."""
    if value is None:
        return Text(Sentence("(no Referer)"), Tone.FAINT)
    return Text(value, Tone.DATA) if value else Text(Sentence("(empty Referer)"), Tone.FAINT)


ENTRIES = {
    Stage.WHITELIST: Sentence("whitelist entry {}", ""),
    Stage.BLACKLIST: Sentence("blacklist entry {}", ""),
}
"""The name of an entry, by its list."""


def visible(text: str) -> str:
    """Replace characters that control a terminal or the direction of text by their numbers."""
    return "".join(
        f"\\x{ord(character):02x}"
        if unicodedata.category(character) in _CONTROL_CATEGORIES
        else character
        for character in text
    )


_CONTROL_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _translated(block: Block) -> Block:
    """Return a table with its title and headings in the language of the command."""
    if isinstance(block, TextLine):
        return block
    headings = tuple(map(language.say, block.headings))
    return block._replace(headings=headings, title=language.say(block.title))


_FRAME = 4
"""The columns of a table's frame; each further column adds three."""


def _fit(block: Block, width: int) -> Iterator[Block]:
    if isinstance(block, TextLine):
        yield from _wrap(block, width)
        return
    rows = [[_text(cell) for cell in row] for row in (block.headings, *block.rows)]
    needed = sum(max(map(width_of, column)) + 3 for column in zip(*rows, strict=True)) + _FRAME - 3
    if needed <= width:
        yield block
        return
    if block.title:
        yield line(Text(block.title, Tone.STRONG))
    label = max(map(width_of, block.headings[1:]), default=0) + 2
    for first, *others in block.rows:
        yield from _wrap(line(first), width)
        for heading, cell in zip(block.headings[1:], others, strict=True):
            if _text(cell):
                named = Text(heading + " " * (label - width_of(heading)), Tone.FAINT)
                yield from _wrap(line(named, cell, indent=2), width)


_WORD = (
    r"\s+|\uff08*(?:[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+)"
    r"[\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f]*"
)
"""A part that is never broken: spaces; a Chinese character, or another word, with its marks."""


def _wrap(block: TextLine, width: int, hanging: int = 2) -> Iterator[TextLine]:
    """Break a line between words; a word that is too long gets its own line.

    The lines after the first one have `hanging` more columns of indentation.
    """
    words = [
        Text(word, piece.tone if isinstance(piece, Text) else Tone.PLAIN)
        for piece in block.pieces
        for word in re.findall(_WORD, _text(piece))
    ]
    if sum(width_of(word.text) for word in words) + block.indent <= width:
        yield block
        return
    kept: list[Piece] = []
    indent, used = block.indent, block.indent
    for word in words:
        if used + width_of(word.text.rstrip()) > width and any(
            _text(item).strip() for item in kept
        ):
            if not _text(kept[-1]).strip():
                kept.pop()  # a space at the end needs a column that the terminal may lack
            yield TextLine(tuple(kept), indent)
            kept, indent = [], block.indent + hanging
            used = indent
        if kept or word.text.strip() or indent == block.indent:
            kept.append(word)
            used += width_of(word.text)
    yield TextLine(tuple(kept), indent)


def fold(text: str, width: int, indent: int) -> Iterator[str]:
    """Break a text between words into lines of at most `width` columns.

    The lines after the first one are indented.
    """
    for part in _wrap(line(text), width, hanging=indent):
        yield " " * part.indent + "".join(map(_text, part.pieces)).rstrip()


def _plain(block: Block) -> list[str]:
    if isinstance(block, TextLine):
        indent = " " * block.indent
        return [f"{indent}{''.join(_text(piece) for piece in block.pieces)}".rstrip() + "\n"]
    rows = [[_text(cell) for cell in row] for row in (block.headings, *block.rows)]
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    lines = [block.title] if block.title else []
    for row in rows:
        cells = (
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return [f"{text}\n" for text in lines]


def _text(piece: Piece) -> str:
    """Return the text of a piece in the language of the command, padded to its width."""
    if isinstance(piece, Text):
        text = visible(language.say(piece.text))
        return text + " " * (piece.width - width_of(text))
    return visible(language.say(piece))


def width_of(text: str) -> int:
    """Return the columns of a text on a terminal; a wide East Asian character has two."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _rich(block: Block) -> "RenderableType":
    from rich import box
    from rich.table import Table as RichTable

    if isinstance(block, TextLine):
        return _rich_text(" " * block.indent, *block.pieces)
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
    return table


def _rich_text(*pieces: Piece) -> "RichText":
    from rich.text import Text as RichText

    text = RichText()
    for piece in pieces:
        text.append(_text(piece), style=piece.tone.value if isinstance(piece, Text) else "")
    return text
