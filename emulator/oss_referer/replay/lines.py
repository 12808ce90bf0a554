"""What a line of a log is, for both engines, and which lines they split themselves.

A file is cut at its line feeds. Carriage returns around a line and a byte order mark before it do
not belong to it, and a line of white space counts as none. A carriage return within a line is a
character like any other. A line of more than LONGEST_READ bytes is damaged.

The engines split plain lines only: `is_plain` says which these are. All others are parsed in Python
and written again in the documented form, so both engines see the same pieces.
"""

import re
from codecs import BOM_UTF8
from dataclasses import replace

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError

from . import accesslog
from .accesslog import LogLine, LogLineError

PIECES = 60
"""The most pieces that a plain line has between its quotation marks."""
LONGEST_LINE = 1 << 20
"""Bytes of the longest plain line."""
LONGEST_READ = 8 << 20
"""Bytes of a line as it stands in a file; JSON may write a character in six."""
WHITE_SPACE = "\t\x0b\x0c\r "
"""What a line consists of that counts as none."""


def content(raw: bytes) -> bytes:
    """Return a line without what does not belong to it; b"" for one that counts as none."""
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


def restore(raw: bytes) -> bytes:
    """Write the content of a line in the documented form. Raises LogLineError for a damaged one."""
    return format(parse(raw.decode("utf-8", "surrogateescape")))


def parse(text: str) -> LogLine:
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


def format(line: LogLine) -> bytes:
    """Format a line for the engines. Raises LogLineError for one that they cannot take."""
    if not _WORD.fullmatch(line.remote_ip):  # the only text without quotes; nothing depends on it
        line = replace(line, remote_ip="")
    text = accesslog.format(line).encode()
    if len(text) > LONGEST_LINE:
        raise LogLineError(f"it is longer than {LONGEST_LINE:,} bytes")
    return text + b"\n"


_WORD = re.compile("[!#-~]*")
"""Letters of ASCII that are neither blanks nor quotation marks."""
