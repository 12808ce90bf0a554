"""The Range header as OSS treats it: a single range, ignored if invalid."""

import re
from typing import Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError


class Range(NamedTuple):
    """`length` bytes from `offset` of an object."""

    offset: int
    length: int


_ANOTHER: Final = re.compile(r" *(?:[0-9]+-|-[0-9])")
"""The beginning of a second range."""


def parse(header: str | None, size: int, *, standard: bool = False) -> Range | None:
    """Parse a Range header for an object of `size` bytes; None means the whole object.

    A range that is malformed or reaches past the end, and several ranges, are ignored (GetObject,
    "Range"). Text after a comma that is not a range is left out, and the first range counts (P-90).
    With `x-oss-range-behavior: standard`, a range that reaches past the end is cut there, and one
    that begins there raises `InvalidRange`.
    """
    if header is None or not header.startswith("bytes="):
        return None
    asked, _, further = header[6:].partition(",")
    if _ANOTHER.match(further):
        return None
    first, dash, last = asked.strip().partition("-")
    if not dash or not _is_number(first or "0") or not _is_number(last or "0"):
        return None
    if first:
        start = int(first)
        stop = int(last) + 1 if last else size
        if stop <= start < size:
            return None
    elif last:
        start = max(0, size - int(last))
        stop = size
        if int(last) > size and not standard:
            return None
    else:
        return None
    if start >= size:
        if standard:
            raise OSSError(
                ErrorCase.INVALID_RANGE,
                headers={"Content-Range": f"bytes */{size}"},
                ActualObjectSize=str(size),
                RangeRequested=header,
            )
        return None
    if stop > size:
        if not standard:
            return None
        stop = size
    return Range(start, stop - start)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
