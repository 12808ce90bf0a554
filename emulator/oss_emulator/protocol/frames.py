"""The frames of an answer of SelectObject and CreateSelectObjectMeta (Q-10 to Q-14)."""

from enum import IntEnum
from struct import pack
from typing import Final
from zlib import crc32

_VERSION: Final = 1


class FrameType(IntEnum):
    """The content of a frame."""

    DATA = 8388609
    CONTINUOUS = 8388612
    END = 8388613
    CSV_META_END = 8388614
    JSON_META_END = 8388615


def data(offset: int, content: bytes, *, checked: bool) -> bytes:
    """Format rows of a result; `offset` is how far the object was read."""
    return _frame(FrameType.DATA, pack("!Q", offset) + content, checked=checked)


def continuous(offset: int, *, checked: bool) -> bytes:
    """Format a frame that only tells the progress, so that the connection stays alive."""
    return _frame(FrameType.CONTINUOUS, pack("!Q", offset), checked=checked)


def end(offset: int, scanned: int, status: int, message: str = "", *, checked: bool) -> bytes:
    """Format the last frame of a selection; `message` is `ErrorCodes.DetailMessage`, "" for none.

    `scanned` is the number of bytes that were read.
    """
    payload = pack("!QQI", offset, scanned, status) + message.encode()
    return _frame(FrameType.END, payload, checked=checked)


def meta_end(scanned: int, splits: int, rows: int, columns: int | None) -> bytes:
    """Format the whole answer of CreateSelectObjectMeta; `columns` is None for JSON."""
    payload = pack("!QQIIQ", scanned, scanned, 200, splits, rows)
    if columns is None:
        return _frame(FrameType.JSON_META_END, payload + _NO_ERROR, checked=True)
    return _frame(FrameType.CSV_META_END, payload + pack("!I", columns) + _NO_ERROR, checked=True)


_NO_ERROR: Final = b"."
"""Neither a code before the point nor a message after it (Q-13)."""


def _frame(kind: FrameType, payload: bytes, *, checked: bool) -> bytes:
    head = pack("!III", _VERSION << 24 | kind, len(payload), 0)
    return head + payload + pack("!I", crc32(payload) if checked else 0)
