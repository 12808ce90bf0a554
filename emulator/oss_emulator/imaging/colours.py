"""Actions that change colours or sharpness, and the average hue."""

from collections.abc import Callable
from math import exp, sqrt
from typing import Final

from PIL import Image, ImageEnhance, ImageFilter, ImageStat

from oss_emulator.imaging.picture import Picture
from oss_emulator.protocol.process import ImageAction

_SHARPENING: Final = 0.8
"""The radius that comes closest to the size of the sharpened image in oss2's suite."""

_HUE_RANGE: Final = 32
"""45 degrees of 360, as 256ths: with it the documented image gives the documented value."""


def brighten(picture: Picture, action: ImageAction) -> Picture:
    """Change the brightness by a percentage: -100 is black."""
    factor = 1 + action.numbers[""] / 100
    return _colour(picture, lambda frame: ImageEnhance.Brightness(frame).enhance(factor))


def contrast(picture: Picture, action: ImageAction) -> Picture:
    """Change the contrast by a percentage: -100 is one grey."""
    factor = 1 + action.numbers[""] / 100
    return _colour(picture, lambda frame: ImageEnhance.Contrast(frame).enhance(factor))


def blur(picture: Picture, action: ImageAction) -> Picture:
    """Blur by a normal distribution of deviation `s` that is cut off at the radius `r`."""
    deviation = action.numbers.get("s", action.numbers.get("r", 1))
    radius = action.numbers.get("r", deviation)
    weights = [exp(-(step**2) / (2 * deviation**2)) for step in range(-radius, radius + 1)]
    steps = range(-radius, radius + 1)
    variance = sum(w * step**2 for w, step in zip(weights, steps, strict=True)) / sum(weights)
    return picture.map(lambda frame: frame.filter(ImageFilter.GaussianBlur(sqrt(variance))))


def sharpen(picture: Picture, action: ImageAction) -> Picture:
    """Sharpen; a greater value is sharper."""
    mask = ImageFilter.UnsharpMask(_SHARPENING, action.numbers[""], 0)
    return _colour(picture, lambda frame: frame.filter(mask))


def _colour(picture: Picture, change: Callable[[Image.Image], Image.Image]) -> Picture:
    """Change the colours, and leave transparency as it is."""

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
