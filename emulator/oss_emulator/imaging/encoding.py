"""Writing an image: formats, the quality of JPEG and WebP, and transparency."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

from PIL import Image

from oss_emulator.imaging.picture import FORMATS, Picture
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.process import ImageAction

DEFAULT_QUALITY: Final = 85
"""The quality if the source has none; the service documents no value."""

BYTES_PER_PIXEL: Final[Mapping[str, int]] = {"webp": 28, "avif": 28}
"""The memory that an encoder needs beside the image, where it is much (measured)."""

_MAX_WEBP_SIDE: Final = 16_383
_MAX_AVIF: Final = 4096 * 2304

Settings = dict[str, int]
"""The last value of each action about writing: `Q`, `q` and `interlace`."""


def target_format(source: str, actions: Sequence[ImageAction]) -> str:
    """Return the format to write: the last that `format` names, or that of the source.

    Only a GIF can be saved as GIF (Format conversion). Raises `NotImplemented` for HEIC.
    """
    wanted = source
    for action in actions:
        if action.name == "format":
            wanted = {"jpeg": "jpg"}.get(action.words[""], action.words[""])
    if wanted == "gif" and source != "gif":
        return source
    if FORMATS.get(wanted) not in Image.SAVE:
        message = f"Writing images as {wanted} is not emulated, because Pillow does not support it."
        raise OSSError(ErrorCase.NOT_IMPLEMENTED, message)
    return wanted


def write(picture: Picture, actions: Sequence[ImageAction]) -> bytes:
    """Encode an image in its format; raises `ImageTooLarge` if the format has no such size."""
    width, height = picture.size
    if picture.format == "webp" and max(width, height) > _MAX_WEBP_SIDE:
        raise OSSError(ErrorCase.RESULT_TOO_LARGE, ec="0040-00000011")
    if picture.format == "avif" and (width > 4096 or width * height > _MAX_AVIF):
        raise OSSError(ErrorCase.RESULT_TOO_LARGE, ec="0040-00000014")
    frames = picture.frames
    if picture.format == "jpg":
        frames = tuple(flatten(frame) for frame in frames)
    options = _options(picture, actions)
    if picture.animated:
        options |= {
            "save_all": True,
            "append_images": frames[1:],
            "duration": list(picture.durations),
            "loop": picture.loop,
        }
    if picture.profile and picture.format in ("jpg", "png", "webp", "tiff", "avif"):
        options["icc_profile"] = picture.profile
    target = BytesIO()
    frames[0].save(target, FORMATS[picture.format], **options)
    return target.getvalue()


def flatten(frame: Image.Image) -> Image.Image:
    """Put an image with transparent parts on white (Format conversion)."""
    if frame.mode != "RGBA":
        return frame
    ground = Image.new("RGB", frame.size, (255, 255, 255))
    ground.paste(frame, mask=frame.getchannel("A"))
    return ground


def _options(picture: Picture, actions: Sequence[ImageAction]) -> dict[str, Any]:
    asked: Settings = {}
    interlace = 0
    for action in actions:
        if action.name == "quality":
            asked = dict(action.numbers)
        elif action.name == "interlace":
            interlace = action.numbers[""]
    absolute = asked.get("Q", asked.get("q", asked.get("", DEFAULT_QUALITY)))
    if picture.format == "webp":
        # For WebP both kinds of quality are absolute (Quality transformation).
        return {"quality": absolute}
    if picture.format == "gif" and picture.animated:
        return {"disposal": 2}
    if picture.format != "jpg":
        return {}
    options: dict[str, Any] = {"optimize": True, "progressive": bool(interlace)}
    if picture.quality is None:
        return {**options, "quality": absolute}
    options["subsampling"] = picture.quality.sampling
    wanted, source = jpeg_quality(picture, asked)
    if wanted >= source:
        return {**options, "qtables": picture.quality.tables}
    return {**options, "quality": wanted}


def jpeg_quality(picture: Picture, asked: Mapping[str, int]) -> tuple[int, int]:
    """Return the quality to write and that of the source, 1 to 100 (Quality transformation)."""
    assert picture.quality is not None  # noqa: S101 - only sources in JPEG have one
    source = estimate_quality(picture.quality.tables)
    if "Q" in asked:
        return min(asked["Q"], source), source
    relative = asked.get("q", asked.get("", 100))
    return max(1, source * relative // 100), source


def estimate_quality(tables: Mapping[int, Sequence[int]]) -> int:
    """Return the quality whose table of libjpeg is nearest to the first table of an image."""
    table = tables.get(0)
    if not table or len(table) != 64:
        return DEFAULT_QUALITY
    total = sum(table)
    return min(range(1, 101), key=lambda quality: abs(_total(quality) - total))


@lru_cache(128)
def _total(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return sum(min(max((base * scale + 50) // 100, 1), 255) for base in _base_table())


@lru_cache(1)
def _base_table() -> tuple[int, ...]:
    """Return libjpeg's table of brightness, which it scales: at 50 it is unchanged."""
    target = BytesIO()
    Image.new("L", (8, 8)).save(target, "JPEG", quality=50)
    with Image.open(target) as image:
        tables: Mapping[int, Sequence[int]] = getattr(image, "quantization", {})
    return tuple(tables[0])
