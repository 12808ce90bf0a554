"""The files of a log: finds them, recognises their form and reads their lines."""

import csv
import glob
import gzip
import io
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import AnyStr, BinaryIO, cast

from oss_emulator import accesslog, json_text
from oss_emulator.accesslog import LogLine, LogLineError
from oss_emulator.json_text import JSONError


class LogForm(StrEnum):
    """The forms of logs."""

    LINES = "lines"
    JSON = "json"
    CSV = "csv"


class LogSourceError(Exception):
    """A log cannot be read; the text says which and why."""


@dataclass
class Rejects:
    """The damaged lines: how many, and a few with the reason. `keep` is given each.

    It keeps the alphabetically first examples, so the order of reading does not matter.
    """

    keep: Callable[[bytes], object]
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)

    def add(self, raw: bytes, reason: str, times: int = 1) -> None:
        """Count a damaged line and keep it."""
        self.count += times
        for _ in range(times):
            self.keep(raw + b"\n")
        text = raw[:LONGEST_EXAMPLE].decode("utf-8", "backslashreplace")
        self.examples = sorted([*self.examples, (text, reason)])[:MOST_EXAMPLES]


MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 200  # bytes
PIECES = 60
"""The most pieces that a line may have between its quotation marks; other lines are parsed here."""
LONGEST_LINE = 1 << 20  # bytes
LONGEST_READ = 8 << 20
"""Bytes of a line as it stands in a file; JSON may write a character in six."""
_SNIFFED = 1 << 16  # bytes
GZIP = b"\x1f\x8b"
"""The first bytes of a gzip file. The engines recognise such a file only by its name."""


def find(arguments: Sequence[str]) -> list[Path]:
    """Return the files that arguments name: files, folders and patterns. Raises LogSourceError."""
    found: dict[Path, None] = {}
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            inside = sorted(item for item in path.rglob("*") if item.is_file() and _is_log(item))
        elif path.exists():
            inside = [path]
        else:
            inside = sorted(map(Path, glob.glob(argument, recursive=True)))
            inside = [item for item in inside if item.is_file()]
        if not inside:
            raise LogSourceError(
                f"{argument}: no log file was found; name a file, a folder or a pattern"
            )
        found.update(dict.fromkeys(item.absolute() for item in inside))
    return list(found)


def _is_log(path: Path) -> bool:
    """Return whether a file in a folder counts: hidden files and notes do not."""
    return not path.name.startswith(".") and path.suffix.lower() != ".md"


def open_log(path: Path) -> BinaryIO:
    """Open a file, decompressed if its name ends in `.gz`."""
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def recognise(path: Path) -> LogForm:
    """Return the form of a file by its first line. Raises LogSourceError."""
    with reading(path) as file:
        start = file.read(_SNIFFED)
    if start.startswith(GZIP):
        raise LogSourceError(f"{path}: the file is compressed; give it a name that ends in .gz")
    first = start.lstrip(BOM_UTF8 + b" \t\r\n").partition(b"\n")[0].decode("utf-8", "replace")
    if first.startswith("{"):
        return LogForm.JSON
    try:
        names = next(csv.reader([first]), []) if "," in first else []
    except csv.Error:
        names = []
    return LogForm.CSV if accesslog.is_record(names) else LogForm.LINES


class reading:  # noqa: N801 - used like the function that it replaces
    """Opens a file as `open_log` does, and turns its errors into LogSourceError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> BinaryIO:
        try:
            self._file = open_log(self._path)
        except OSError as error:
            raise self._error(error) from None
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._file.close()
        if isinstance(error, (OSError, EOFError, zlib.error)):
            raise self._error(error) from None

    def _error(self, error: BaseException) -> LogSourceError:
        reason = getattr(error, "strerror", None) or error
        return LogSourceError(f"{self._path}: the file cannot be read: {reason}")


def has_long_line(path: Path) -> bool:
    """Whether a file has a line that no engine reads; looks at one place in LONGEST_READ bytes.

    DuckDB fails on a line that is longer than its buffer, or leaves it out without a word. Of a
    compressed file all is read: it has no places to go to.
    """
    with reading(path) as file:
        if path.suffix == ".gz":
            return _runs_on(file)
        size = file.seek(0, io.SEEK_END)
        for start in range(0, size - LONGEST_LINE, LONGEST_READ):
            file.seek(start)
            if b"\n" not in file.read(_SNIFFED) and b"\n" not in file.read(LONGEST_LINE):
                return True
    return False


def _runs_on(file: BinaryIO) -> bool:
    """Whether a line is longer than LONGEST_READ; at most twice LONGEST_LINE is in memory."""
    length = 0
    while piece := file.read(LONGEST_LINE):
        first, last = piece.find(b"\n"), piece.rfind(b"\n")
        if length + (len(piece) if first < 0 else first) > LONGEST_READ:
            return True
        length = length + len(piece) if first < 0 else len(piece) - last - 1
    return False


def read_lines(path: Path, form: LogForm, rejects: Rejects) -> Iterator[bytes]:
    """Yield the lines of a file in the form of the access log, damaged ones left out.

    Lines that the engines can split are yielded as they are. Raises LogSourceError.
    """
    with reading(path) as file:
        if form is LogForm.CSV:
            yield from _read_table(file, rejects)
            return
        parse = parse_json if form is LogForm.JSON else None
        for raw in _bounded(file.readline, (b"\n",), rejects):
            line = raw.removeprefix(BOM_UTF8).strip(b"\r\n")
            if not line.strip():
                continue
            if parse is None and is_plain(line):
                yield line + b"\n"
            elif (found := _restore(line, rejects, parse)) is not None:
                yield found


def _bounded(
    read: Callable[[int], AnyStr], ends: tuple[AnyStr, ...], rejects: Rejects
) -> Iterator[AnyStr]:
    """Yield what `readline` reads, up to a length; of longer lines the beginning is rejected."""
    while line := read(LONGEST_READ + 1):
        if len(line) <= LONGEST_READ or line.endswith(ends):
            yield line
            continue
        start = line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")
        rejects.add(start, f"it is longer than {LONGEST_READ:,} bytes")
        while (line := read(LONGEST_READ)) and not line.endswith(ends):
            pass


def is_plain(line: bytes) -> bool:
    """Return whether both engines split a line alike."""
    if len(line) > LONGEST_LINE or line.count(b'"') >= PIECES or b"\r" in line or b"\0" in line:
        return False
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse_any(text: str) -> LogLine:
    """Parse a line of an access log or a JSON record. Raises LogLineError."""
    return parse_json(text) if text.lstrip().startswith("{") else accesslog.parse(text)


def parse_json(text: str) -> LogLine:
    """Parse a JSON record. Raises LogLineError."""
    try:
        record = json_text.parse(text, errors="surrogateescape")
    except JSONError as error:
        raise LogLineError(f"it is not valid JSON: {error.reason}") from None
    if not isinstance(record, dict):
        raise LogLineError("it is not a JSON object")
    return accesslog.parse_record(record)


def _restore(
    line: bytes, rejects: Rejects, parse: Callable[[str], LogLine] | None = None
) -> bytes | None:
    try:
        return restore((parse or parse_any)(line.decode("utf-8", "surrogateescape")))
    except LogLineError as error:
        rejects.add(line, str(error))
        return None


def restore(line: LogLine) -> bytes:
    """Format a line for the engines. Raises LogLineError for one that they cannot take."""
    try:
        text = accesslog.format(line).encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        raise LogLineError("it has bytes that are not UTF-8 in a field without quotes") from None
    if len(text) > LONGEST_LINE:
        raise LogLineError(f"it is longer than {LONGEST_LINE:,} bytes")
    return text


def _read_table(file: BinaryIO, rejects: Rejects) -> Iterator[bytes]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    rows = csv.reader(_bounded(text.readline, ("\n", "\r"), rejects))
    names = next(rows, [])
    for row in rows:
        if not row:
            continue
        raw = ",".join(row).encode("utf-8", "surrogateescape")
        if len(row) != len(names):
            rejects.add(raw, f"it has {len(row)} fields instead of {len(names)}")
            continue
        try:
            yield restore(accesslog.parse_record(dict(zip(names, row, strict=True))))
        except LogLineError as error:
            rejects.add(raw, str(error))
