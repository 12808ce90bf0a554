"""An image request as a process of its own carries it out, piece by piece."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from oss_emulator.protocol.process import ImageAction

ALWAYS: Final = 16_777_216
"""Pixels of source and watermark that are processed beside other images; more wait for a turn."""


def process(
    sources: Sequence[Iterable[bytes]], actions: Sequence[ImageAction], keys: Sequence[str]
) -> Iterator[int | str | bytes]:
    """Yield the pixels to decode, then the type and the bytes of the result.

    The sources are the image, then the watermarks with these keys. Raises what
    `processing.process` raises.
    """
    from oss_emulator.imaging import processing  # the extra image

    data, *marks = (b"".join(chunks) for chunks in sources)
    yield processing.count_pixels(data, actions, marks)
    made = processing.process(data, actions, dict(zip(keys, marks, strict=True)))
    yield made.content_type
    yield made.data
