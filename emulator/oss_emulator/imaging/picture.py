"""An image in memory: reads it from bytes and writes it, within the limits of the service."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageFile, ImageSequence
from PIL.JpegImagePlugin import get_sampling

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.process import MAX_BYTES, ImageAction

MAX_PIXELS: Final = 250_000_000
"""Maximum pixels of all frames of a source."""

MAX_FRAMES: Final = 10_000
"""Maximum frames of a source (our choice): a small file can have millions."""

_SIDES: Final[Mapping[str, tuple[int, str]]] = {
    "jpg": (30_000, "0040-00000019"),
    "bmp": (30_000, "0040-00000017"),
    "tiff": (16_384, "0040-00000018"),
    "avif": (10_000, "0040-00000014"),
}
"""Maximum side of a source by its format, and the EC for a longer side."""
_ANY_SIDE: Final = (30_000, "0040-00000012")

FORMATS: Final[Mapping[str, str]] = {
    "jpg": "JPEG",
    **{name: name.upper() for name in ("png", "gif", "webp", "bmp", "tiff", "avif")},
}
"""The formats: the name in the service and the name in Pillow."""

_DAMAGED: Final[Mapping[str, ErrorCase]] = {
    "webp": ErrorCase.IMAGE_DAMAGED_WEBP,
    "avif": ErrorCase.IMAGE_DAMAGED_AVIF,
}


@dataclass(frozen=True, slots=True)
class Quality:
    """How strongly a JPEG is compressed."""

    tables: Mapping[int, list[int]]
    """The quantization tables of the source."""
    sampling: int
    """The sampling of its colours, as a number of Pillow."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image: one frame, or several frames of an animation, in the mode RGB or RGBA."""

    frames: tuple[Image.Image, ...]
    format: str
    """The format to write, by the name of the service."""
    quality: Quality | None = None
    """The compression of a JPEG source; None for other formats."""
    orientation: int = 1
    """The orientation in the EXIF data, 1 for upright."""
    profile: bytes | None = None
    """The ICC profile of the colours."""
    durations: tuple[int, ...] = ()
    """Milliseconds of each frame of an animation."""
    loop: int = 0

    @property
    def size(self) -> tuple[int, int]:
        return self.frames[0].size

    @property
    def pixels(self) -> int:
        """The pixels of all frames."""
        return self.size[0] * self.size[1] * len(self.frames)

    @property
    def animated(self) -> bool:
        return len(self.frames) > 1

    def map(self, change: Callable[[Image.Image], Image.Image]) -> "Picture":
        return replace(self, frames=tuple(change(frame) for frame in self.frames))


@contextmanager
def opened(data: bytes) -> Iterator[tuple[ImageFile.ImageFile, str]]:
    """Open an image without decoding its pixels; yields it and the name of its format.

    Raises `BadRequest` unless the image is supported and intact, `ImageTooLarge` above the limits.
    """
    if len(data) > MAX_BYTES:
        raise OSSError(ErrorCase.IMAGE_FILE_TOO_LARGE)
    name = detect(data)
    with damage_reported(name):
        # `Image.open` is not used, because its limit on pixels is global to the process,
        # which may belong to another program.
        factory, _ = Image.OPEN[FORMATS[name]]
        image = factory(BytesIO(data), "")
    with image:
        _check_limits(image, name)
        yield image, name


def detect(data: bytes) -> str:
    """Detect the format from the first bytes of a file; raises `BadRequest` for an unknown one."""
    Image.init()
    for name, pillow in FORMATS.items():
        accepts = Image.OPEN[pillow][1] if pillow in Image.OPEN else None
        if accepts is not None and accepts(data[:32]) is True:
            return name
    # An intact HEIC file, which Pillow cannot read, has the box `meta` (ISO/IEC 23008-12).
    damaged = data[4:12] == b"ftypheic" and b"meta" not in data
    raise OSSError(ErrorCase.IMAGE_DAMAGED_HEIC if damaged else ErrorCase.IMAGE_FORMAT)


@contextmanager
def damage_reported(name: str) -> Iterator[None]:
    """Turn a failure to decode into the service's error for a damaged image."""
    try:
        yield
    except (OSSError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise OSSError(ErrorCase.IMAGE_TOO_LARGE) from None
    except Exception:  # for a damaged file, Pillow's decoders can raise anything
        raise OSSError(_DAMAGED.get(name, ErrorCase.IMAGE_DAMAGED)) from None


def _check_limits(image: ImageFile.ImageFile, name: str) -> None:
    width, height = image.size
    side, ec = _SIDES.get(name, _ANY_SIDE)
    if max(width, height) > side:
        raise OSSError(ErrorCase.IMAGE_TOO_LARGE, ec=ec)
    frames = count_frames(image, name)
    if frames > MAX_FRAMES or width * height * frames > MAX_PIXELS:
        raise OSSError(ErrorCase.IMAGE_TOO_LARGE)


def count_frames(image: ImageFile.ImageFile, name: str) -> int:
    """Return the number of frames; a TIFF counts as its first page."""
    if name not in ("gif", "webp", "png", "avif"):
        return 1
    with damage_reported(name):
        return int(getattr(image, "n_frames", 1))


def read(data: bytes, *, animated: bool = False) -> Picture:
    """Decode the first frame, or all if `animated`; raises what `opened` raises."""
    with opened(data) as (image, name), damage_reported(name):
        quality = None
        if name == "jpg":
            quality = Quality(_tables(image), max(get_sampling(image), 0))
        profile = image.info.get("icc_profile")
        orientation = _orientation(image)
        loop = int(image.info.get("loop", 0))
        count = count_frames(image, name)
        require_memory(image.size[0] * image.size[1] * (count if animated else 1), 8)
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image) if animated and count > 1 else (image,):
            frame.load()
            durations.append(int(frame.info.get("duration", 0)))
            frames.append(_plain(frame))
        return Picture(
            tuple(frames),
            name,
            quality,
            orientation=orientation,
            profile=profile if isinstance(profile, bytes) and image.mode != "CMYK" else None,
            durations=tuple(durations) if len(frames) > 1 else (),
            loop=loop,
        )


def require_memory(pixels: int, each: int) -> None:
    """Raise `MemoryError` unless `each` bytes for each pixel can be allocated.

    Without this check, a library that runs out of memory would report a damaged image.
    """
    bytearray(pixels * each)


def _tables(image: Image.Image) -> Mapping[int, list[int]]:
    tables: Mapping[int, list[int]] = getattr(image, "quantization", {})
    return {number: list(table) for number, table in tables.items()}


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(0x0112, 1)
    except Exception:  # damaged EXIF data does not make the pixels unreadable
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _plain(image: Image.Image) -> Image.Image:
    """Convert an image to RGB, or to RGBA if it has transparent parts."""
    if image.mode.startswith("I"):  # 16 bits and more
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    transparent = "A" in image.getbands() or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


DEFAULT_QUALITY: Final = 85
"""The quality if the source has none (our choice)."""

BYTES_PER_PIXEL: Final[Mapping[str, int]] = {"webp": 28, "avif": 28}
"""Bytes per pixel that an encoder needs in addition to the image, if more than 8 (measured)."""

_MAX_WEBP_SIDE: Final = 16_383
_MAX_AVIF: Final = 4096 * 2304


def target_format(source: str, actions: Sequence[ImageAction]) -> str:
    """Return the format to write: of the last action `format`, or of the source.

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
    """Encode an image in its format; raises `ImageTooLarge` if it is too large for the format."""
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
    """Put an image with transparent parts on a white background (Format conversion)."""
    if frame.mode != "RGBA":
        return frame
    ground = Image.new("RGB", frame.size, (255, 255, 255))
    ground.paste(frame, mask=frame.getchannel("A"))
    return ground


def _options(picture: Picture, actions: Sequence[ImageAction]) -> dict[str, Any]:
    asked: dict[str, int] = {}
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
    """Return the quality to write and the source's, from 1 to 100 (Quality transformation)."""
    assert picture.quality is not None  # noqa: S101 - only sources in JPEG have one
    source = estimate_quality(picture.quality.tables)
    if "Q" in asked:
        return min(asked["Q"], source), source
    relative = asked.get("q", asked.get("", 100))
    return max(1, source * relative // 100), source


def estimate_quality(tables: Mapping[int, Sequence[int]]) -> int:
    """Return the quality whose libjpeg table is closest to the first table of an image."""
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
    """Return libjpeg's table of brightness, which is unscaled at the quality 50."""
    target = BytesIO()
    Image.new("L", (8, 8)).save(target, "JPEG", quality=50)
    with Image.open(target) as image:
        return tuple(_tables(image)[0])
