"""The jobs of SelectObject, which run in a process of their own (`oss_emulator.child`)."""

from collections.abc import Iterator, Sequence

from oss_emulator.protocol.select import Input, SelectRequest
from oss_emulator.selecting import meta
from oss_emulator.selecting.meta import Window


def select(
    sources: Sequence[Iterator[bytes]], asked: SelectRequest, window: Window
) -> Iterator[bytes]:
    """Yield an empty piece once the status is certain, then the body of the answer.

    The sources are the object from its start and from the offset of the window. Raises what
    `Pump` raises.
    """
    from oss_emulator.selecting.selection import (
        ObjectBytes,
        ObjectSelection,
        Pump,  # which takes long to load
    )

    head, body = sources
    pump = Pump(ObjectSelection(asked, ObjectBytes(head, body), window))
    try:
        pump.begin()
        yield b""
        yield from pump
    finally:
        pump.close()


def scan(sources: Sequence[Iterator[bytes]], asked: Input, etag: str) -> Iterator[bytes]:
    """Yield the meta of an object; raises what `meta.scan` raises."""
    (chunks,) = sources
    yield meta.scan(chunks, asked, etag).format()
