"""The answer to `info`: size, format and EXIF data of an image as JSON."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from PIL import ExifTags, ImageFile
from PIL.TiffImagePlugin import IFDRational

from oss_emulator.imaging.picture import count_frames, opened

_NAMES: Final[Mapping[int, str]] = {
    **{int(tag): tag.name for tag in ExifTags.Base},
    int(ExifTags.IFD.Exif): "ExifTag",
    int(ExifTags.IFD.GPSInfo): "GPSTag",
    0x0201: "JPEGInterchangeFormat",
    0x0202: "JPEGInterchangeFormatLength",
}
_GPS_NAMES: Final[Mapping[int, str]] = {int(tag): tag.name for tag in ExifTags.GPS}

_DIRECTIONS: Final[Mapping[str, str]] = {"N": "North", "S": "South", "E": "East", "W": "West"}


def describe(data: bytes) -> bytes:
    """Return the JSON document about an image; raises what `opened` raises.

    Names are sorted and indented by four spaces, and every value is a string (I-08). The EXIF data
    of a PNG are omitted.
    """
    with opened(data) as (image, name):
        found: dict[str, str] = {
            "FileSize": str(len(data)),
            "Format": name,
            "FrameCount": str(count_frames(image, name)),
            "ImageHeight": str(image.size[1]),
            "ImageWidth": str(image.size[0]),
        }
        if name != "png":
            found = {**_resolution(image), **_exif(image), **found}
    fields = [f'    "{key}": {{"value": {json.dumps(found[key])}}}' for key in sorted(found)]
    return ("{\n" + ",\n".join(fields) + "}").encode()


def _resolution(image: ImageFile.ImageFile) -> dict[str, str]:
    """Return the resolution in the JFIF header."""
    unit, density = image.info.get("jfif_unit"), image.info.get("jfif_density")
    if unit is None or density is None:
        return {}
    return {
        "ResolutionUnit": str(unit + 1),
        "XResolution": f"{density[0]}/1",
        "YResolution": f"{density[1]}/1",
    }


def _exif(image: ImageFile.ImageFile) -> dict[str, str]:
    """Return the EXIF data by their standard names; empty if they are damaged."""
    try:
        exif = image.getexif()
        parts = [
            (_NAMES, dict(exif)),
            (_NAMES, exif.get_ifd(ExifTags.IFD.IFD1)),
            (_NAMES, exif.get_ifd(ExifTags.IFD.Exif)),
            (_GPS_NAMES, exif.get_ifd(ExifTags.IFD.GPSInfo)),
        ]
        found: dict[str, str] = {}
        for names, values in parts:
            for tag, value in values.items():
                if tag in names:
                    found.setdefault(names[tag], _format(names[tag], value))
        return found
    except Exception:  # damaged EXIF data does not make an image invalid
        return {}


def _format(name: str, value: Any) -> str:
    if name in ("GPSLatitude", "GPSLongitude") and isinstance(value, tuple):
        return _degrees(value)
    if isinstance(value, tuple):
        return " ".join(_format("", part) for part in value)
    if isinstance(value, bytes):
        if name.endswith("VersionID"):
            return " ".join(map(str, value))
        return value.decode("latin-1").strip("\x00")
    if isinstance(value, IFDRational):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, float):
        fraction = Fraction(value).limit_denominator(1_000_000)
        return f"{fraction.numerator}/{fraction.denominator}"
    text = str(value).strip("\x00 ")
    return _DIRECTIONS.get(text, text) if name.endswith("Ref") else text


def _degrees(value: tuple[Any, ...]) -> str:
    """Format a coordinate as documented: `0deg `, with minutes and seconds unless 0."""
    texts = [f"{float(part):g}" for part in value]
    minutes = "".join(
        f"{text}{sign} " for text, sign in zip(texts[1:], "'\"", strict=False) if text != "0"
    )
    return f"{texts[0]}deg {minutes}"
