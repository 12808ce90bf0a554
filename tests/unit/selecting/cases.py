"""The table fixtures/select/cases.toml, and the frames of an answer.

A case has the bytes of an object (`data`), whose `form` is `csv`, `lines` or `document`, a
statement (`sql`) and the `options` of oss2. It has the `rows` that are sent, and the `code` of an
error that answers the request or, after rows, ends the frames (`end`).
"""

from __future__ import annotations

import struct
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oss2 import xml_utils
from oss_emulator.protocol import select
from oss_emulator.protocol.errors import OSSError

if TYPE_CHECKING:
    from oss_emulator.selecting.jobs import Window

TABLE = Path(__file__).parents[3] / "fixtures" / "select" / "cases.toml"

DATA, CONTINUOUS, END = 8388609, 8388612, 8388613


@dataclass(frozen=True)
class Case:
    """One statement on one object."""

    name: str
    data: str
    sql: str
    rows: str = ""
    form: str = "csv"
    code: str = ""
    end: str = ""
    fact: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of oss2."""
        kind = {} if self.form == "csv" else {"Json_Type": self.form.upper()}
        return {**kind, **self.options}


CASES = [Case(**each) for each in tomllib.loads(TABLE.read_text(encoding="utf-8"))["case"]]


@dataclass(frozen=True)
class Frame:
    """A frame of an answer."""

    type: int
    payload: bytes
    checksum: int

    @property
    def offset(self) -> int:
        return int.from_bytes(self.payload[:8])

    @property
    def checked(self) -> bool:
        """Whether the checksum is that of the payload."""
        return self.checksum == zlib.crc32(self.payload)

    @property
    def status(self) -> int:
        """The status in an End Frame."""
        return int.from_bytes(self.payload[16:20])

    @property
    def message(self) -> str:
        """The message in an End Frame."""
        return self.payload[20:].decode()


def split(body: bytes) -> Iterator[Frame]:
    """Split the body of an answer into frames."""
    while body:
        kind, length, head = struct.unpack("!III", body[:12])
        assert kind >> 24 == 1
        assert head == 0
        (checksum,) = struct.unpack("!I", body[12 + length : 16 + length])
        yield Frame(kind & 0xFFFFFF, body[12 : 12 + length], checksum)
        body = body[16 + length :]


@dataclass(frozen=True)
class Found:
    """The result of a statement."""

    rows: bytes
    code: str = ""
    end: str = ""
    message: str = ""
    frames: tuple[Frame, ...] = ()


def read(frames: list[Frame]) -> Found:
    """Join the frames of an answer."""
    rows = b"".join(frame.payload[8:] for frame in frames if frame.type == DATA)
    last = frames[-1]
    assert last.type == END
    code, _, message = last.message.partition(".")
    return Found(rows, "", code, message, tuple(frames))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Cut bytes into pieces."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def run(
    sql: str,
    data: bytes,
    options: Mapping[str, Any] | None = None,
    *,
    window: Window | None = None,
    size: int = 1 << 20,
) -> Found:
    """Run a statement, as oss2 would send it, on the bytes of an object."""
    # Imported here, because tests that only read frames may run without the extra.
    from oss_emulator.selecting.jobs import Window
    from oss_emulator.selecting.selection import ObjectSelection

    document = xml_utils.to_select_object(sql, dict(options or {}))
    try:
        request = select.parse_select(document, json="Json_Type" in (options or {}))
        head, body = pieces(data, size), pieces(data, size)
        sent = b"".join(ObjectSelection(request, head, body, window or Window()))
    except OSSError as error:
        return Found(b"", error.code, "", error.message)
    return Found(sent) if request.output.raw else read(list(split(sent)))
