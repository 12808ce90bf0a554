"""An image request as a process of its own carries it out, piece by piece."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from oss_emulator.protocol.process import ImageAction

ALWAYS: Final = 8_388_608
"""Pixels that are decoded or encoded beside other images; more wait until no other is processed."""


def process(
    sources: Sequence[Iterable[bytes]], actions: Sequence[ImageAction], keys: Sequence[str]
) -> Iterator[Any]:
    """Yield the pixels to decode and to encode if they are more than ALWAYS, then a ProcessedImage.

    The sources are the image, then the watermarks with these keys. Raises what
    `processing.process` raises.
    """
    from oss_emulator.imaging import processing  # the extra image
    from oss_emulator.imaging.picture import Picture

    data, *marks = (b"".join(chunks) for chunks in sources)
    if (pixels := processing.count_pixels(data, actions, marks)) > ALWAYS:
        yield pixels
    made = processing.change(data, actions, dict(zip(keys, marks, strict=True)))
    if isinstance(made, Picture):
        if made.pixels > ALWAYS:
            yield made.pixels
        made = processing.write(made, actions)
    yield made
