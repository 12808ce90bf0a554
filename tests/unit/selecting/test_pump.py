"""An answer that takes long."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.select import CSVInput, Output, SelectRequest
from oss_emulator.selecting.jobs import Window
from oss_emulator.selecting.selection import ObjectBytes, ObjectSelection, Pump

from tests.unit.selecting.cases import CONTINUOUS, DATA, END, split

SHORT = 0.05


class Held:
    """The bytes of an object whose rest comes when the test says so."""

    def __init__(self, *rest: bytes) -> None:
        self.more, self.ended = threading.Event(), threading.Event()
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        yield b"a\n"
        for piece in self._rest:
            assert self.more.wait(10)
            yield piece
        self.ended.set()


def pump(
    held: Held,
    sql: str = "select count(*) from ossobject",
    *,
    raw: bool = False,
    idle: float = SHORT,
) -> Pump:
    request = SelectRequest(sql, CSVInput(), False, Output(raw=raw))
    source = ObjectBytes(iter(()), iter(held))
    return Pump(ObjectSelection(request, source, Window()), idle)


def test_frames_tell_that_it_goes_on() -> None:
    """Q-15"""
    held = Held(b"b\n")
    found = pump(held)
    found.begin()
    first = next(found)
    held.more.set()
    frames = [*split(first), *split(b"".join(found))]
    assert frames[0].type == CONTINUOUS
    assert [frame.type for frame in frames if frame.type != CONTINUOUS] == [DATA, END]
    assert frames[-2].payload[8:] == b"2\n"


def test_error_after_the_status_is_in_the_last_frame() -> None:
    """Q-15"""
    held = Held(b'"b\n')
    found = pump(held)
    found.begin()
    first = next(found)
    held.more.set()
    frames = [*split(first), *split(b"".join(found))]
    assert (frames[-1].type, frames[-1].status) == (END, 400)
    assert frames[-1].message.startswith("InvalidCsvLine.")


def test_raw_answer_waits_without_frames() -> None:
    held = Held(b"b\n")
    found = pump(held, raw=True)
    found.begin()
    first = next(found)
    held.more.set()
    assert (first, b"".join(found)) == (b"", b"2\n")


def test_error_of_raw_rows_ends_the_connection() -> None:
    held = Held(b'"b\n')
    found = pump(held, raw=True)
    found.begin()
    assert next(found) == b""
    held.more.set()
    with pytest.raises(ConnectionAbortedError):
        list(found)


def test_error_before_rows_answers_the_request() -> None:
    held = Held()
    with pytest.raises(OSSError, match="SqlInvalidColumnName"):
        pump(held, "select x from ossobject", idle=10).begin()


def test_client_that_leaves_ends_the_work() -> None:
    held = Held(b"b\n", b"c\n", *[b"d\n"] * 1000)
    found = pump(held)
    found.begin()
    assert next(found)
    found.close()
    held.more.set()
    assert list(found) == []
    assert not held.ended.is_set()
