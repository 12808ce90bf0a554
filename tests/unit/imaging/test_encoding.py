"""Formats, the quality of JPEG and WebP, and transparency."""

from __future__ import annotations

import pytest
from oss_emulator.imaging import picture as encoding
from oss_emulator.imaging.picture import read
from oss_emulator.imaging.processing import process
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.process import parse_process
from PIL import Image

from tests.unit.imaging.drawing import (
    WHITE,
    answer,
    change,
    difference,
    encode,
    gradient,
    near,
    quarters,
)

FORMATS = {
    "jpg": ("JPEG", "image/jpeg"),
    "jpeg": ("JPEG", "image/jpeg"),
    "png": ("PNG", "image/png"),
    "webp": ("WEBP", "image/webp"),
    "bmp": ("BMP", "image/bmp"),
    "tiff": ("TIFF", "image/tiff"),
    "avif": ("AVIF", "image/avif"),
}


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_converted_to_every_other(source: str, name: str) -> None:
    data = encode(gradient(), source)
    image = change(data, f"image/format,{name}")
    assert image.format == FORMATS[name][0]
    assert difference(image, gradient()) < 8
    assert (
        process(data, parse_process(f"image/format,{name}").actions, {}).content_type
        == FORMATS[name][1]
    )


def test_only_a_gif_can_be_saved_as_gif() -> None:
    """Format conversion"""
    assert change(encode(gradient(), "PNG"), "image/format,gif").format == "PNG"
    assert change(encode(gradient(), "GIF"), "image/format,gif").format == "GIF"


def test_format_that_pillow_cannot_write_is_not_implemented() -> None:
    with pytest.raises(OSSError, match="heic") as raised:
        change(encode(gradient()), "image/format,heic")
    assert raised.value.status == 501


def test_transparent_parts_are_white_in_a_jpeg() -> None:
    image = quarters().convert("RGBA")
    image.putalpha(0)
    assert near(change(encode(image), "image/format,jpg"), (10, 10), WHITE)


@pytest.mark.parametrize("quality", [1, 10, 35, 50, 75, 90, 100])
def test_quality_of_a_jpeg_is_recognized(quality: int) -> None:
    picture = read(encode(gradient(), "JPEG", quality=quality))
    assert picture.quality is not None
    assert abs(encoding.estimate_quality(picture.quality.tables) - quality) <= 1


@pytest.mark.parametrize(
    ("source", "asked", "result"),
    [
        (100, "q_90", 90),
        (80, "q_90", 72),
        (80, "90", 72),
        (95, "Q_90", 90),
        (80, "Q_90", 80),
        (80, "q_50,Q_70", 70),
    ],
)
def test_quality_is_the_documented_one(source: int, asked: str, result: int) -> None:
    """The examples of Quality transformation."""
    data = answer(encode(gradient(), "JPEG", quality=source), f"image/quality,{asked}")
    picture = read(data)
    assert picture.quality is not None
    assert abs(encoding.estimate_quality(picture.quality.tables) - result) <= 1


def test_jpeg_keeps_its_tables_and_sampling() -> None:
    source = encode(gradient(), "JPEG", quality=77, subsampling=0)
    before, after = read(source).quality, read(answer(source, "image/rotate,90")).quality
    assert before == after


def test_webp_quality_is_absolute() -> None:
    source = encode(gradient(), "WEBP")
    assert answer(source, "image/quality,q_30") == answer(source, "image/quality,Q_30")
    assert len(answer(source, "image/quality,Q_5")) < len(answer(source, "image/quality,Q_95"))


@pytest.mark.parametrize(("value", "progressive"), [(0, False), (1, True)])
def test_interlace_makes_a_jpeg_progressive(value: int, progressive: bool) -> None:
    image = change(encode(gradient()), f"image/format,jpg/interlace,{value}")
    assert bool(image.info.get("progressive")) is progressive


def test_colour_profile_stays() -> None:
    profile = b"0" * 200
    source = encode(gradient(), "JPEG", icc_profile=profile)
    assert change(source, "image/resize,w_10").info["icc_profile"] == profile


@pytest.mark.parametrize(
    ("size", "format", "ec"),
    [((16384, 1), "webp", "0040-00000011"), ((4097, 1), "avif", "0040-00000014")],
)
def test_formats_have_their_own_limits(size: tuple[int, int], format: str, ec: str) -> None:
    with pytest.raises(OSSError) as raised:
        change(encode(Image.new("L", size)), f"image/format,{format}")
    assert (raised.value.code, raised.value.ec) == ("ImageTooLarge", ec)
