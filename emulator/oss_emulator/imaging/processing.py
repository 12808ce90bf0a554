"""Performs the actions of one request on one image."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from PIL import Image

from oss_emulator.imaging import geometry, information, watermark
from oss_emulator.imaging import picture as encoding
from oss_emulator.imaging.picture import (
    FORMATS,
    Picture,
    count_frames,
    damage_reported,
    detect,
    opened,
    read,
    require_memory,
)
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.process import ImageAction, parse_watermark

_MOVING: Final = frozenset({"resize", "crop", "watermark"})
"""The actions that keep an animation (FAQ of Image Processing)."""

_CHANGES: Final[Mapping[str, Callable[[Picture, ImageAction], Picture]]] = {
    "resize": geometry.resize,
    "crop": geometry.crop,
    "indexcrop": geometry.index_crop,
    "circle": geometry.circle,
    "rounded-corners": geometry.round_corners,
    "rotate": geometry.rotate,
    "auto-orient": geometry.orient,
    "blur": geometry.blur,
    "bright": geometry.brighten,
    "contrast": geometry.contrast,
    "sharpen": geometry.sharpen,
}


class ProcessedImage(NamedTuple):
    """The bytes of an answer and their content type."""

    data: bytes
    content_type: str


def change(
    data: bytes, actions: Sequence[ImageAction], marks: Mapping[str, bytes]
) -> Picture | ProcessedImage:
    """Perform the actions and return the picture to write; for `info` or `average-hue` the answer.

    `marks` has the files of watermarks by key. Raises `BadRequest`, `ImageTooLarge`,
    `BadWebPImage`, `WatermarkError` and `NotImplemented`.
    """
    if actions[0].name == "info":
        return ProcessedImage(information.describe(data), "application/json")
    if actions[0].name == "average-hue":
        answer = {"RGB": geometry.average_hue(read(data).frames[0])}
        return ProcessedImage(json.dumps(answer).encode(), "application/json")
    source = detect(data)
    target = encoding.target_format(source, actions)
    picture = replace(read(data, animated=_moves(source, target, actions)), format=target)
    prepare = partial(_prepare, marks=marks)
    for action in actions:
        if action.name == "watermark":
            picture = watermark.apply(picture, action, prepare)
        elif action.name in _CHANGES:
            picture = _CHANGES[action.name](picture, action)
    return picture


def write(picture: Picture, actions: Sequence[ImageAction]) -> ProcessedImage:
    """Encode the result; raises `BadRequest` if its format does not allow it."""
    require_memory(picture.pixels, encoding.BYTES_PER_PIXEL.get(picture.format, 8))
    try:
        written = encoding.write(picture, actions)
    except (ValueError, OSError) as error:
        message = f"The image cannot be written as {picture.format}: {error}"
        raise OSSError(ErrorCase.IMAGE_REQUEST, message) from None
    return ProcessedImage(written, Image.MIME[FORMATS[picture.format]])


def count_pixels(data: bytes, actions: Sequence[ImageAction], marks: Sequence[bytes]) -> int:
    """Count the pixels in memory at once: all frames and the largest watermark.

    Raises what `opened` raises for the image; a watermark that cannot be opened counts as 0.
    """
    with opened(data) as (image, name):
        pixels = image.size[0] * image.size[1] * count_frames(image, name)
    if actions[0].name == "info":
        return 0
    largest = 0
    for mark in marks:
        with suppress(OSSError), opened(mark) as (image, _):
            largest = max(largest, image.size[0] * image.size[1])
    return pixels + largest


def _moves(source: str, target: str, actions: Sequence[ImageAction]) -> bool:
    """Whether an animation is kept: only by some actions, and not if resized by `p`."""
    if source not in ("gif", "webp") or target != source:
        return False
    return all(
        (action.name in _MOVING and "p" not in action.numbers) or action.name == "format"
        for action in actions
    )


def _prepare(value: str, size: tuple[int, int], marks: Mapping[str, bytes]) -> Image.Image:
    """Return the processed image of a watermark for an image of a size."""
    key, actions = parse_watermark(value)
    data = marks[key]
    try:
        name = detect(data)
    except OSSError:
        name = ""
    if name in ("", "gif", "avif"):
        message = "The format of the watermark is not supported."
        raise OSSError(ErrorCase.WATERMARK, message, ec="0040-00000027")
    with damage_reported(name):
        picture = read(data)
    for action in actions:
        if action.name == "resize":
            picture = geometry.resize(picture, action, size)
        else:
            picture = _CHANGES[action.name](picture, action)
    return picture.frames[0]
