"""The job that processes an image in a separate process (`oss_emulator.child`)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from oss_emulator.protocol.process import ImageAction

ALWAYS: Final = 8_388_608
"""Maximum pixels of an image that is processed concurrently; a larger one is processed alone."""


def process(
    sources: Sequence[Iterable[bytes]], actions: Sequence[ImageAction], keys: Sequence[str]
) -> Iterator[Any]:
    """Yield the pixels to decode and to encode if above `ALWAYS`, then a `ProcessedImage`.

    The sources are the image and the watermarks with these keys. Raises what `processing.change`
    and `processing.write` raise.
    """
    from oss_emulator.imaging import processing  # needs the extra `image`
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
