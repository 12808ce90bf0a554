"""The files of a log: finds them, detects their form, and reads their lines.

A file is split at its line feeds. Carriage returns around a line and a byte order mark before it
are not part of the line, and a blank line does not count. A carriage return within a line is an
ordinary character. A line of more than LONGEST_READ bytes is damaged.

The engines split only plain lines (`is_plain`). Python parses all other lines and writes them in
the documented form, so both engines see the same pieces.
"""

import csv
import glob
import gzip
import io
import mmap
import os
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import repeat
from pathlib import Path
from typing import AnyStr, BinaryIO, cast

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError
from oss_referer.sources.masking import mask
from oss_referer.traffic import accesslog
from oss_referer.traffic.accesslog import LogLine, LogLineError
from oss_referer.traffic.har import is_har

PIECES = 60
"""The most pieces of a plain line between its quotation marks."""
LONGEST_LINE = 1 << 20
"""The most bytes of a plain line."""
LONGEST_READ = 8 << 20
"""The most bytes of a line in a file; JSON may need six for a character."""
WHITE_SPACE = "\t\x0b\x0c\r "
"""The characters that a blank line may contain."""


def content(raw: bytes) -> bytes:
    """Strip the line ends and the byte order mark of a line; b"" for a blank line."""
    line = raw.removeprefix(BOM_UTF8).strip(b"\r\n")
    return line if line.strip() else b""


def is_plain(line: bytes) -> bool:
    """Return whether both engines split a line alike."""
    if len(line) > LONGEST_LINE or line.count(b'"') >= PIECES or b"\r" in line:
        return False
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def rewrite(raw: bytes) -> bytes:
    """Return the content of a line in the documented form. Raises LogLineError if it is damaged."""
    return format_line(parse_line(raw.decode("utf-8", "surrogateescape")))


def parse_line(text: str) -> LogLine:
    """Parse a line of an access log or a JSON record. Raises LogLineError."""
    if not text.lstrip().startswith("{"):
        return accesslog.parse(text)
    try:
        record = json_text.parse(text, errors="surrogateescape")
    except JSONError as error:
        raise LogLineError(f"it is not valid JSON: {error.reason}") from None
    if not isinstance(record, dict):
        raise LogLineError("it is not a JSON object")
    return accesslog.parse_record(record)


def format_line(line: LogLine) -> bytes:
    """Format a line for the engines. Raises LogLineError if it is too long for them."""
    if not _WORD.fullmatch(line.remote_ip):  # the only text without quotes; no result depends on it
        line = line._replace(remote_ip="")
    text = accesslog.format(line).encode()
    if len(text) > LONGEST_LINE:
        raise LogLineError(f"it is longer than {LONGEST_LINE:,} bytes")
    return text + b"\n"


_WORD = re.compile("[!#-~]*")
"""Printable ASCII characters except for blanks and quotation marks."""


# Files


class LogForm(StrEnum):
    LINES = "lines"
    JSON = "json"
    CSV = "csv"


class LogSourceError(Exception):
    """A log cannot be read; the text names it and says why."""


@dataclass
class Rejects:
    """The damaged lines: their number, and a few masked examples with the reason.

    `keep` gets each line. The examples are the alphabetically first ones, so that the order of
    reading does not matter.
    """

    keep: Callable[[bytes], object] = bytes
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)

    def add(self, raw: bytes, reason: str, times: int = 1) -> None:
        """Count a damaged line, and pass it to `keep`, as often as it occurs."""
        self.count += times
        for _ in range(times):
            self.keep(raw + b"\n")
        text = mask(raw[:LONGEST_EXAMPLE].decode("utf-8", "backslashreplace"))
        self.examples = sorted({*self.examples, (text, reason)})[:MOST_EXAMPLES]


MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 200  # bytes
_SNIFFED = 1 << 16  # bytes
_WINDOW = LONGEST_READ
"""Bytes of a file to map into memory together, a multiple of the page size."""
GZIP = b"\x1f\x8b"
"""The first bytes of a gzip file. The engines detect such a file only by its name."""


def find(arguments: Sequence[str]) -> list[Path]:
    """Return the files that arguments name: files, folders and patterns. Raises LogSourceError."""
    found: dict[Path, None] = {}
    for argument in arguments:
        try:
            inside = _find(argument)
        except OSError as error:
            named = error.filename or argument
            raise LogSourceError(f"{named}: the file cannot be read: {error.strerror}") from None
        if not inside:
            raise LogSourceError(
                f"{argument}: no log file was found; name a file, a folder or a pattern"
            )
        found.update(dict.fromkeys(item.absolute() for item in inside))
    return list(found)


def _find(argument: str) -> list[Path]:
    """Return the files that one argument names. Raises OSError if a folder cannot be read."""
    path = Path(argument)
    if path.is_dir():
        return sorted(_walk(path))
    if path.exists():
        return [path]
    matching = sorted(map(Path, glob.glob(argument, recursive=True)))
    return [item for item in matching if item.is_file()]


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the logs below a folder: all files except hidden ones and Markdown files.

    Raises OSError for a folder that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    for place, _, names in os.walk(folder, onerror=refuse):
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            if path.suffix.lower() != ".md" and path.is_file():
                yield path


def store(pieces: Iterable[bytes], path: Path) -> None:
    """Write a log to `path`, with the suffix `.gz` or `.log` by its content. Raises OSError."""
    rest = iter(pieces)
    start = next(rest, b"")
    with path.with_suffix(".gz" if start.startswith(GZIP) else ".log").open("wb") as file:
        file.write(start)
        file.writelines(rest)


def recognise(path: Path) -> LogForm:
    """Return the form of a file by its first line. Raises LogSourceError."""
    with reading(path) as file:
        start = file.read(_SNIFFED)
    if start.startswith(GZIP):
        raise LogSourceError(f"{path}: the file is compressed; give it a name that ends in .gz")
    if is_har(start):
        raise LogSourceError(
            f"{path}: this is a HAR, not an access log; oss-emulator review --traffic reads it"
        )
    first = start.lstrip(BOM_UTF8 + b" \t\r\n").partition(b"\n")[0].decode("utf-8", "replace")
    if first.startswith("{"):
        return LogForm.JSON
    try:
        names = next(csv.reader([first]), []) if "," in first else []
    except csv.Error:
        names = []
    return LogForm.CSV if accesslog.is_record(names) else LogForm.LINES


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a file, and decompress it if its name ends in `.gz`.

    Raises LogSourceError, also for errors of reading within the block.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield cast("BinaryIO", file)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise LogSourceError(f"{path}: the file cannot be read: {reason}") from None


def is_cut_alike(path: Path) -> bool:
    """Return whether DuckDB splits a file at line feeds, as this module does.

    DuckDB treats a carriage return as a line end in some places and not in others. It fails on a
    line that is longer than its buffer, or drops the line silently. Raises LogSourceError.
    """
    with reading(path) as file:
        if path.suffix != ".gz":
            starts = range(0, path.stat().st_size, _WINDOW)
            return all(_is_window_cut_alike(file, start) for start in starts)
        while block := file.read(LONGEST_LINE):
            if b"\r" in block or (b"\n" not in block and len(block) == LONGEST_LINE):
                return False
    return True


def _is_window_cut_alike(file: BinaryIO, start: int) -> bool:
    """Return whether DuckDB splits a part of a file the same way; samples detect long lines."""
    size = min(_WINDOW, os.fstat(file.fileno()).st_size - start)
    with mmap.mmap(file.fileno(), size, offset=start, access=mmap.ACCESS_READ) as content:
        places = range(0, size - LONGEST_LINE + 1, LONGEST_READ)
        if any(content.find(b"\n", place, place + LONGEST_LINE) < 0 for place in places):
            return False
        return content.find(b"\r") < 0


def read_lines(path: Path, form: LogForm, rejects: Rejects) -> Iterator[bytes]:
    """Yield the lines of a file in the form of the access log, without damaged lines.

    Lines that the engines can split stay unchanged. Raises LogSourceError.
    """
    with reading(path) as file:
        if form is LogForm.CSV:
            yield from _read_table(file, rejects)
            return
        for raw in _bounded(file.readline, (b"\n",), rejects):
            line = content(raw)
            if line and form is LogForm.LINES and is_plain(line):
                yield line + b"\n"
            else:
                yield from restore(raw, rejects)


def restore(raw: bytes, rejects: Rejects, times: int = 1) -> Iterator[bytes]:
    """Yield a line in the documented form, `times` times, or reject it if it is damaged."""
    if len(raw.rstrip(b"\n")) > LONGEST_READ:
        rejects.add(raw, _TOO_LONG, times)
    elif line := content(raw):
        try:
            yield from repeat(rewrite(line), times)
        except LogLineError as error:
            rejects.add(line, str(error), times)


_TOO_LONG = f"it is longer than {LONGEST_READ:,} bytes"


def _bounded(
    read: Callable[[int], AnyStr], ends: tuple[AnyStr, ...], rejects: Rejects
) -> Iterator[AnyStr]:
    """Yield lines from a `readline` function; reject the beginning of a line that is too long."""
    while line := read(LONGEST_READ + 1):
        if len(line) <= LONGEST_READ or line.endswith(ends):
            yield line
            continue
        start = line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")
        rejects.add(start, _TOO_LONG)
        while (line := read(LONGEST_READ)) and not line.endswith(ends):
            pass


def _read_table(file: BinaryIO, rejects: Rejects) -> Iterator[bytes]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    lines: list[str] = []  # of one row, since quoted fields may contain line ends

    def read() -> Iterator[str]:
        for line in _bounded(text.readline, ("\n", "\r"), rejects):
            lines.append(line)
            yield line

    rows = csv.reader(read())
    names: list[str] = []
    while True:
        lines.clear()
        try:
            row = next(rows, None)
            if row is None:
                return
            if not names:
                names = row
                _reject(
                    lines[1:], "a quotation mark is missing in the names of the columns", rejects
                )
            elif row and len(row) != len(names):
                raise LogLineError(f"it has {len(row)} fields instead of {len(names)}")
            elif row:
                yield format_line(accesslog.parse_record(dict(zip(names, row, strict=True))))
        except LogLineError as error:
            _reject(lines, str(error), rejects)
        except csv.Error:  # for example if a quotation mark is missing
            most = csv.field_size_limit()
            _reject(lines, f"it has a field of more than {most:,} characters", rejects)


def _reject(lines: Iterable[str], reason: str, rejects: Rejects) -> None:
    for line in lines:
        rejects.add(line.rstrip("\r\n").encode("utf-8", "surrogateescape"), reason)
