"""Makes a selection in a thread of its own, so that the answer shows life while it takes long."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Final

from oss_emulator.protocol.errors import OSSError
from oss_emulator.selecting.selection import ObjectSelection

IDLE: Final = 5.0
"""Seconds without rows after which a Continuous Frame is sent (SelectObject, Frame Type)."""


class Pump(Iterator[bytes]):
    """The body of an answer, piece by piece. `next` waits; call `close` in the end."""

    def __init__(self, selection: ObjectSelection, idle: float = IDLE) -> None:
        self._selection, self._idle = selection, idle
        self._chunks = iter(selection)
        self._thread = ThreadPoolExecutor(1, "oss-emulator-select")
        self._next: Future[bytes | None] | None = self._thread.submit(next, self._chunks, None)
        self._ended = False

    def begin(self) -> None:
        """Wait for the first piece, but not for ever; raises the error that precedes any row."""
        assert self._next is not None  # noqa: S101 - only called first
        try:
            self._next.result(self._idle)
        except NotYet:
            return
        except OSSError:
            self.close()
            raise

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        if self._next is None:
            self._next = self._thread.submit(next, self._chunks, None)
        try:
            found = self._next.result(self._idle)
        except NotYet:
            return self._selection.idle()
        except OSSError as error:
            # The status was sent, so only a frame can tell it, or the end of the connection.
            self.close()
            if not self._selection.framed:
                raise ConnectionAbortedError(str(error)) from None
            return self._selection.end(error)
        self._next = None
        if found is None:
            self.close()
            raise StopIteration
        return found

    def close(self) -> None:
        """End the work, whatever it is doing."""
        self._ended = True
        self._selection.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)
