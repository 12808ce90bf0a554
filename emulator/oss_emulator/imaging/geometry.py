"""Actions that change the size, the shape or the colours of an image."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import exp, sqrt
from typing import Final

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageEnhance, ImageFilter, ImageStat

from oss_emulator.imaging.picture import Picture
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.process import ImageAction

MAX_SIDE: Final = 16_384
MAX_RESULT: Final = 16_777_216
"""Maximum pixels of a resized image (Resize images, limits)."""
MAX_ROTATED_SIDE: Final = 4096

_CENTRED: Final = {"north": "n", "south": "s", "west": "w", "east": "e", "center": ""}


def anchor(gravity: str) -> tuple[int, int]:
    """Return the column and the row of one of the nine fields, 0 to 2."""
    letters = _CENTRED.get(gravity, gravity)
    column = 0 if "w" in letters else 2 if "e" in letters else 1
    row = 0 if "n" in letters else 2 if "s" in letters else 1
    return column, row


def resize(picture: Picture, action: ImageAction, base: tuple[int, int] | None = None) -> Picture:
    """Resize; `P` is a percentage of `base`, the size of the image below a watermark."""
    width, height = picture.size
    numbers = action.numbers
    if "p" in numbers:
        scale = Fraction(numbers["p"], 100)
        return _scale(picture, _rounded(width * scale), _rounded(height * scale))
    if "P" in numbers and base is not None:
        scale = Fraction(numbers["P"], 100)
        return _fit(picture, _rounded(base[0] * scale), _rounded(base[1] * scale))
    asked = _asked(picture.size, numbers)
    mode = action.words.get("m", "lfit")
    if mode in ("lfit", "mfit"):
        scale = _proportion(picture.size, asked, least=mode == "lfit")
        enlarges = scale > 1
        target = _rounded(width * scale), _rounded(height * scale)
    else:
        # A missing side gets the length of the other side (Resize images, usage notes).
        target = asked[0] or asked[1] or 1, asked[1] or asked[0] or 1
        enlarges = _proportion(picture.size, target, least=mode == "pad") > 1
    if enlarges and (numbers.get("limit", 1) == 1 or picture.animated):
        return picture  # animations cannot be enlarged (Resize images)
    if mode == "fill":
        return _fill(picture, *target)
    if mode == "pad":
        return _pad(picture, *target, action.words.get("color", "FFFFFF"))
    return _scale(picture, *target)


def _asked(size: tuple[int, int], numbers: Mapping[str, int]) -> tuple[int, int]:
    """Return the width and the height requested by `w`, `h`, `l` and `s`, 0 for a free side."""
    longer, shorter = numbers.get("l", 0), numbers.get("s", 0)
    landscape = size[0] >= size[1]
    by_sides = (longer, shorter) if landscape else (shorter, longer)
    return numbers.get("w", by_sides[0]), numbers.get("h", by_sides[1])


def _proportion(size: tuple[int, int], asked: tuple[int, int], *, least: bool) -> Fraction:
    scales = [Fraction(want, have) for want, have in zip(asked, size, strict=True) if want]
    return min(scales) if least else max(scales)


def _rounded(length: Fraction) -> int:
    return max(1, int(length + Fraction(1, 2)))


def check_result(width: int, height: int, frames: int = 1) -> None:
    """Raise `ImageTooLarge` if a result, or all its frames together, exceeds the limits."""
    if max(width, height) > MAX_SIDE or width * height * frames > MAX_RESULT:
        raise OSSError(ErrorCase.RESULT_TOO_LARGE)


def _scale(picture: Picture, width: int, height: int) -> Picture:
    check_result(width, height)
    if (width, height) == picture.size:
        return picture
    return picture.map(
        # `reducing_gap` speeds up strong reductions and hardly changes the result.
        lambda frame: frame.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    )


def _fit(picture: Picture, width: int, height: int) -> Picture:
    scale = _proportion(picture.size, (width, height), least=True)
    return _scale(picture, _rounded(picture.size[0] * scale), _rounded(picture.size[1] * scale))


def _fill(picture: Picture, width: int, height: int) -> Picture:
    check_result(width, height)
    scale = _proportion(picture.size, (width, height), least=False)
    have = _rounded(picture.size[0] * scale), _rounded(picture.size[1] * scale)
    scaled = _scale(picture, max(width, have[0]), max(height, have[1]))
    left, top = (scaled.size[0] - width) // 2, (scaled.size[1] - height) // 2
    return scaled.map(lambda frame: frame.crop((left, top, left + width, top + height)))


def _pad(picture: Picture, width: int, height: int, colour: str) -> Picture:
    check_result(width, height, len(picture.frames))
    scaled = _fit(picture, width, height)
    left, top = (width - scaled.size[0]) // 2, (height - scaled.size[1]) // 2

    def pad(frame: Image.Image) -> Image.Image:
        ground = Image.new(frame.mode, (width, height), ImageColor.getrgb(f"#{colour}"))
        ground.paste(frame, (left, top))
        return ground

    return scaled.map(pad)


def crop(picture: Picture, action: ImageAction) -> Picture:
    """Cut out the part of a rectangle inside the image; raises `BadRequest` if there is none."""
    numbers = action.numbers
    column, row = anchor(action.words.get("g", "nw"))
    left, right = _cut(picture.size[0], numbers.get("w", 0), numbers.get("x", 0), column)
    top, bottom = _cut(picture.size[1], numbers.get("h", 0), numbers.get("y", 0), row)
    return picture.map(lambda frame: frame.crop((left, top, right, bottom)))


def _cut(length: int, wanted: int, offset: int, place: int) -> tuple[int, int]:
    wanted = min(wanted or length, length)
    start = (length - wanted) * place // 2 + offset
    if start >= length:
        raise OSSError(ErrorCase.CUT_OUT_OF_IMAGE)
    return start, min(start + wanted, length)


def index_crop(picture: Picture, action: ImageAction) -> Picture:
    """Cut into slices and keep one; for an index after the last slice, keep the whole image."""
    numbers, index = action.numbers, action.numbers.get("i", 0)
    width, height = picture.size
    # If both are sent, y takes effect (Indexed cut).
    vertical = "y" in numbers
    step, length = (numbers["y"], height) if vertical else (numbers["x"], width)
    start = index * step
    if start >= length:
        return picture
    end = min(start + step, length)
    box = (0, start, width, end) if vertical else (start, 0, end, height)
    return picture.map(lambda frame: frame.crop(box))


def circle(picture: Picture, action: ImageAction) -> Picture:
    """Cut out a circle around the centre; the radius is limited by the image (Incircle)."""
    width, height = picture.size
    radius = min(action.numbers["r"], max(1, min(width, height) // 2))
    side = min(2 * radius, width, height)
    left, top = (width - side) // 2, (height - side) // 2
    cut = picture.map(lambda frame: frame.crop((left, top, left + side, top + side)))
    return _shape(cut, side / 2)


def round_corners(picture: Picture, action: ImageAction) -> Picture:
    """Make the corners transparent outside a radius (Rounded rectangle)."""
    return _shape(picture, min(action.numbers["r"], min(picture.size) / 2))


def _shape(picture: Picture, radius: float) -> Picture:
    """Make the area outside a rectangle with round corners transparent."""
    finer = 4 if picture.size[0] * picture.size[1] <= MAX_RESULT // 16 else 1
    width, height = picture.size
    mask = Image.new("L", (width * finer, height * finer), 0)
    corner = (width * finer - 1, height * finer - 1)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *corner), radius * finer, fill=255)
    mask = mask.resize((width, height), Image.Resampling.BOX)

    def cut(frame: Image.Image) -> Image.Image:
        shaped = frame.convert("RGBA")
        shaped.putalpha(ImageChops.multiply(shaped.getchannel("A"), mask))
        return shaped

    return picture.map(cut)


_QUARTERS: Final[Mapping[int, Image.Transpose]] = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
"""Clockwise turns; Pillow counts counterclockwise."""

_UPRIGHT: Final[Mapping[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The operation that makes an image upright, by its EXIF orientation."""


def rotate(picture: Picture, action: ImageAction) -> Picture:
    """Rotate clockwise; the new corners are transparent."""
    if max(picture.size) > MAX_ROTATED_SIDE:
        raise OSSError(ErrorCase.ROTATION_RANGE)
    angle = action.numbers[""] % 360
    if angle == 0:
        return picture
    if angle in _QUARTERS:
        turn = _QUARTERS[angle]
        return picture.map(lambda frame: frame.transpose(turn))
    return picture.map(
        lambda frame: frame.convert("RGBA").rotate(
            -angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255, 0)
        )
    )


def orient(picture: Picture, action: ImageAction) -> Picture:
    """With 1, turn an image upright according to its EXIF data; with 0, leave it unchanged."""
    if action.numbers[""] == 0 or picture.orientation not in _UPRIGHT:
        return picture
    turn = _UPRIGHT[picture.orientation]
    return replace(picture.map(lambda frame: frame.transpose(turn)), orientation=1)


_SHARPENING: Final = 0.8
"""The radius whose result is closest in size to the sharpened image in oss2's suite."""

_HUE_RANGE: Final = 32
"""45 of 360 degrees in units of 1/256 turn, which gives the documented value of the example."""


def brighten(picture: Picture, action: ImageAction) -> Picture:
    """Change the brightness by a percentage; -100 makes the image black."""
    factor = 1 + action.numbers[""] / 100
    return _colour(picture, lambda frame: ImageEnhance.Brightness(frame).enhance(factor))


def contrast(picture: Picture, action: ImageAction) -> Picture:
    """Change the contrast by a percentage; -100 makes the image one grey."""
    factor = 1 + action.numbers[""] / 100
    return _colour(picture, lambda frame: ImageEnhance.Contrast(frame).enhance(factor))


def blur(picture: Picture, action: ImageAction) -> Picture:
    """Blur with a normal distribution of deviation `s`, truncated at the radius `r`."""
    deviation = action.numbers.get("s", action.numbers.get("r", 1))
    radius = action.numbers.get("r", deviation)
    steps = range(-radius, radius + 1)
    weights = [exp(-(step**2) / (2 * deviation**2)) for step in steps]
    variance = sum(w * step**2 for w, step in zip(weights, steps, strict=True)) / sum(weights)
    return picture.map(lambda frame: frame.filter(ImageFilter.GaussianBlur(sqrt(variance))))


def sharpen(picture: Picture, action: ImageAction) -> Picture:
    """Sharpen; a greater value is sharper."""
    mask = ImageFilter.UnsharpMask(_SHARPENING, action.numbers[""], 0)
    return _colour(picture, lambda frame: frame.filter(mask))


def _colour(picture: Picture, change: Callable[[Image.Image], Image.Image]) -> Picture:
    """Change the colours but not the transparency."""

    def apply(frame: Image.Image) -> Image.Image:
        if frame.mode != "RGBA":
            return change(frame)
        changed = change(frame.convert("RGB")).convert("RGBA")
        changed.putalpha(frame.getchannel("A"))
        return changed

    return picture.map(apply)


def average_hue(image: Image.Image) -> str:
    """Return the main colour as `0xRRGGBB`.

    It is the average of the pixels whose hue is near the average hue.
    """
    colours = image.convert("RGB")
    hues = colours.convert("HSV").getchannel("H")
    average = int(ImageStat.Stat(hues).mean[0])
    near = hues.point([255 * (abs(hue - average) <= _HUE_RANGE) for hue in range(256)])
    mean = ImageStat.Stat(colours, near).mean if near.getbbox() else ImageStat.Stat(colours).mean
    return "0x" + "".join(f"{int(value):02x}" for value in mean)
