"""The JSON document about an image."""

from __future__ import annotations

import json

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tests.unit.imaging.drawing import animation, answer, encode, gradient


def values(data: bytes) -> dict[str, str]:
    found = json.loads(answer(data, "image/info"))
    assert list(found) == sorted(found)
    return {name: field["value"] for name, field in found.items()}


@pytest.mark.parametrize(
    ("format", "name"),
    [
        ("JPEG", "jpg"),
        ("PNG", "png"),
        ("WEBP", "webp"),
        ("BMP", "bmp"),
        ("TIFF", "tiff"),
        ("GIF", "gif"),
    ],
)
def test_every_format_has_the_basic_information(format: str, name: str) -> None:
    data = encode(gradient(), format)
    found = values(data)
    assert found["FileSize"] == str(len(data))
    assert (found["Format"], found["FrameCount"]) == (name, "1")
    assert (found["ImageWidth"], found["ImageHeight"]) == ("64", "48")


def test_document_has_the_form_of_the_service() -> None:
    """I-08: the suites of the C++ and .NET SDKs compare it as text"""
    data = encode(gradient(), "PNG")
    assert answer(data, "image/info").decode() == (
        "{\n"
        f'    "FileSize": {{"value": "{len(data)}"}},\n'
        '    "Format": {"value": "png"},\n'
        '    "FrameCount": {"value": "1"},\n'
        '    "ImageHeight": {"value": "48"},\n'
        '    "ImageWidth": {"value": "64"}}'
    )


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_frames_are_counted(format: str) -> None:
    assert values(animation(format))["FrameCount"] == "3"


def test_exif_data_have_the_documented_form() -> None:
    """The second example of Query image information."""
    image = gradient()
    exif = image.getexif()
    exif[ExifTags.Base.DateTime] = "2015:02:11 15:38:27"
    exif[ExifTags.Base.Orientation] = 7
    exif[ExifTags.Base.Software] = "Microsoft Windows Photo Viewer 6.1.7600.16385"
    exif[ExifTags.Base.XResolution] = IFDRational(96, 1)
    exif[ExifTags.Base.ResolutionUnit] = 2
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSVersionID] = b"\x02\x02\x00\x00"
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (IFDRational(0), IFDRational(0), IFDRational(0))
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = (IFDRational(8), IFDRational(30), IFDRational(0))
    found = values(encode(image, "JPEG", exif=exif))
    assert found["DateTime"] == "2015:02:11 15:38:27"
    assert found["Orientation"] == "7"
    assert found["Software"] == "Microsoft Windows Photo Viewer 6.1.7600.16385"
    assert found["XResolution"] == "96/1"
    assert found["ResolutionUnit"] == "2"
    assert found["GPSVersionID"] == "2 2 0 0"
    assert (found["GPSLatitudeRef"], found["GPSLongitudeRef"]) == ("North", "East")
    assert (found["GPSLatitude"], found["GPSLongitude"]) == ("0deg ", "8deg 30' ")
    assert found["GPSTag"].isdigit()


def test_exif_data_of_a_png_are_not_shown() -> None:
    image = gradient()
    exif = image.getexif()
    exif[ExifTags.Base.Software] = "painter"
    assert "Software" not in values(encode(image, "PNG", exif=exif))


def test_damaged_exif_data_are_left_out() -> None:
    found = values(encode(Image.new("RGB", (8, 8)), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff"))
    assert found["Format"] == "jpg"
