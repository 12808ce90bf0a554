"""Pictures: how they are decoded, coloured, encoded and described."""

from __future__ import annotations

import json
import struct
import zlib
from random import Random

import pytest
from oss_emulator.imaging import picture
from oss_emulator.imaging import picture as encoding
from oss_emulator.imaging.picture import read
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.process import MAX_BYTES
from PIL import ExifTags, Image, ImageFilter, ImageStat
from PIL.TiffImagePlugin import IFDRational

from tests.rows import read_cases, rows
from tests.unit.imaging.drawing import (
    WHITE,
    animation,
    answer,
    change,
    difference,
    encode,
    gradient,
    near,
    process,
    quarters,
)

CASES = read_cases("unit.imaging")


# --- Reading images: what is accepted, what is refused, and with which error


def refused(data: bytes, text: str = "image/resize,w_10") -> tuple[str, int, str]:
    with pytest.raises(OSSError) as raised:
        answer(data, text)
    return raised.value.code, raised.value.status, raised.value.ec


def status(data: bytes, text: str) -> int:
    try:
        answer(data, text)
    except OSSError as error:
        return error.status
    return 200


def png_header(width: int, height: int) -> bytes:
    """Write a PNG that announces a size and has no pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    signature = b"\x89PNG\r\n\x1a\n"
    idat = b"IDAT" + zlib.compress(b"\x00" * 64)
    return (
        signature
        + struct.pack(">I", len(head))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", len(idat) - 4)
        + idat
        + struct.pack(">I", zlib.crc32(idat))
    )


@rows(
    "data",
    b"",
    b"text",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"%PDF-1.7\n",
    b"PK\x03\x04" + b"\x00" * 40,
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    b"P6 2 2 255 " + b"\x00" * 12,
    b"\x00" * 100,
)
def test_other_files_are_not_supported(data: bytes) -> None:
    """0040-00000005; EPS among them, which Pillow would hand to another program."""
    assert refused(data) == ("BadRequest", 400, "0040-00000005")
    assert refused(data, "image/info") == ("BadRequest", 400, "0040-00000005")


@rows(("format", "code", "ec"), *CASES["truncated_images_are_refused"])
def test_truncated_images_are_refused(format: str, code: str, ec: str) -> None:
    data = encode(gradient(200, 160), format)
    for share in (3, 6):
        assert refused(data[: len(data) * share // 10], "image/rotate,90") == (code, 400, ec)


@rows("format", "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
def test_changed_bytes_give_an_image_or_a_documented_error(format: str) -> None:
    random, whole = Random(format), encode(gradient(40, 30), format)  # noqa: S311 - not a secret
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(random.randint(1, 8)):
            data[random.randrange(len(data))] = random.randrange(256)
        text = random.choice(("image/resize,w_10", "image/info", "image/blur,r_1"))
        assert status(bytes(data), text) in (200, 400)


@rows(
    ("data", "ec"),
    (png_header(20_000, 12_501), "0040-00000012"),  # 250 million pixels and some
    (png_header(30_001, 1), "0040-00000012"),
    (encode(Image.new("L", (30_001, 1)), "JPEG"), "0040-00000019"),
    (encode(Image.new("1", (30_001, 1)), "BMP"), "0040-00000017"),
    (encode(Image.new("1", (16_385, 1)), "TIFF"), "0040-00000018"),
)
def test_oversized_images_are_refused_before_they_are_decoded(data: bytes, ec: str) -> None:
    assert refused(data) == ("ImageTooLarge", 400, ec)
    assert refused(data, "image/info") == ("ImageTooLarge", 400, ec)


def test_pixels_of_all_frames_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MAX_PIXELS", 80 * 40 * 2)
    assert refused(animation(frames=3)) == ("ImageTooLarge", 400, "0040-00000012")
    assert answer(animation(frames=2), "image/resize,w_10")


def test_number_of_frames_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MAX_FRAMES", 2)
    assert refused(animation(frames=3)) == ("ImageTooLarge", 400, "0040-00000012")


def test_large_files_are_refused() -> None:
    """0040-00000001"""
    data = encode(gradient()) + b"\x00" * MAX_BYTES
    assert refused(data) == ("ImageTooLarge", 400, "0040-00000001")


def test_pixel_limit_of_pillow_has_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert answer(encode(gradient()), "image/resize,w_10")
    assert Image.MAX_IMAGE_PIXELS == 10


def test_bytes_after_an_image_are_dropped() -> None:
    data = encode(gradient(), "JPEG") + b"<script>alert(1)</script>"
    assert b"script" not in answer(data, "image/resize,w_10")


@rows("mode", "1", "L", "LA", "P", "RGB", "RGBA", "I;16")
def test_modes_are_converted_to_rgb_or_rgba(mode: str) -> None:
    image = Image.new("I;16", (8, 8), 40_000) if mode == "I;16" else quarters(8, 8).convert(mode)
    frame = read(encode(image)).frames[0]
    assert frame.mode == ("RGBA" if mode in ("LA", "RGBA") else "RGB")
    if mode == "I;16":
        assert frame.getpixel((0, 0)) == (156, 156, 156)


def test_cmyk_is_converted() -> None:
    frame = read(encode(quarters().convert("CMYK"), "JPEG")).frames[0]
    assert frame.mode == "RGB"


# --- Actions that change colours or sharpness

SOURCE = encode(gradient())


def brightness(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).mean[0]


def spread(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).stddev[0]


def test_bright_changes_the_brightness() -> None:
    values = [brightness(change(SOURCE, f"image/bright,{v}")) for v in (-100, -50, 0, 50, 100)]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[2] == brightness(gradient())


def test_contrast_changes_the_spread_of_brightness() -> None:
    values = [spread(change(SOURCE, f"image/contrast,{v}")) for v in (-100, -50, 0, 50)]
    assert values == sorted(values)
    assert values[0] < 1
    assert values[2] == spread(gradient())


def test_blur_grows_with_both_parameters() -> None:
    source = encode(quarters(80, 80))
    spreads = [
        spread(change(source, f"image/blur,r_{r},s_{s}"))
        for r, s in ((1, 1), (3, 2), (10, 10), (20, 10), (50, 50))
    ]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < spreads[0] / 2
    wide = change(source, "image/blur,r_50,s_3")
    assert difference(wide, change(source, "image/blur,r_12,s_3")) < 1


def test_sharpen_strengthens_edges() -> None:
    source = encode(gradient().filter(ImageFilter.GaussianBlur(1)))
    edges = [
        spread(change(source, f"image/sharpen,{v}").filter(ImageFilter.FIND_EDGES))
        for v in (50, 100, 399)
    ]
    assert edges == sorted(edges)


@rows("action", "bright,40", "contrast,40", "sharpen,100")
def test_transparency_stays(action: str) -> None:
    image = quarters().convert("RGBA")
    image.putalpha(77)
    result = change(encode(image), f"image/{action}")
    assert result.getchannel("A").getextrema() == (77, 77)


@rows("colour", (92, 120, 59), (0, 0, 0), (255, 255, 255), (10, 200, 30))
def test_average_hue_of_one_colour_is_that_colour(colour: tuple[int, int, int]) -> None:
    found = json.loads(answer(encode(Image.new("RGB", (20, 10), colour)), "image/average-hue"))
    assert found == {"RGB": "0x{:02x}{:02x}{:02x}".format(*colour)}


def test_average_hue_leaves_out_hues_that_are_far_away() -> None:
    image = Image.new("RGB", (100, 10), (40, 200, 60))
    image.paste((200, 40, 220), (97, 0, 100, 10))
    found = json.loads(answer(encode(image), "image/average-hue"))
    assert found == {"RGB": "0x28c83c"}
    assert near(image, (99, 5), (200, 40, 220))


# --- Formats, the quality of JPEG and WebP, and transparency

FORMATS = dict(CASES["formats"])


@rows("source", "JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
@rows("name", *FORMATS)
def test_every_format_is_converted_to_every_other(source: str, name: str) -> None:
    data = encode(gradient(), source)
    image = change(data, f"image/format,{name}")
    assert image.format == FORMATS[name][0]
    assert difference(image, gradient()) < 8
    assert process(data, f"image/format,{name}").content_type == FORMATS[name][1]


def test_only_a_gif_can_be_saved_as_gif() -> None:
    """Format conversion"""
    assert change(encode(gradient(), "PNG"), "image/format,gif").format == "PNG"
    assert change(encode(gradient(), "GIF"), "image/format,gif").format == "GIF"


def test_format_that_pillow_cannot_write_is_not_implemented() -> None:
    with pytest.raises(OSSError, match="heic") as raised:
        change(encode(gradient()), "image/format,heic")
    assert raised.value.status == 501


@rows(("boxes", "ec"), (b"damaged", "0040-00000020"), (b"\0\0\0\x08meta", "0040-00000005"))
def test_heic_without_its_box_is_damaged(boxes: bytes, ec: str) -> None:
    with pytest.raises(OSSError, match="BadRequest") as raised:
        change(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + boxes, "image/format,jpg")
    assert raised.value.ec == ec


def test_transparent_parts_are_white_in_a_jpeg() -> None:
    image = quarters().convert("RGBA")
    image.putalpha(0)
    assert near(change(encode(image), "image/format,jpg"), (10, 10), WHITE)


@rows("quality", 1, 10, 35, 50, 75, 90, 100)
def test_quality_of_a_jpeg_is_recognized(quality: int) -> None:
    picture = read(encode(gradient(), "JPEG", quality=quality))
    assert picture.quality is not None
    assert abs(encoding.estimate_quality(picture.quality.tables) - quality) <= 1


@rows(("source", "asked", "result"), *CASES["quality_is_the_documented_one"])
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


@rows(("value", "progressive"), (0, False), (1, True))
def test_interlace_makes_a_jpeg_progressive(value: int, progressive: bool) -> None:
    image = change(encode(gradient()), f"image/format,jpg/interlace,{value}")
    assert bool(image.info.get("progressive")) is progressive


def test_colour_profile_stays() -> None:
    profile = b"0" * 200
    source = encode(gradient(), "JPEG", icc_profile=profile)
    assert change(source, "image/resize,w_10").info["icc_profile"] == profile


@rows("size, format, ec", *CASES["formats_have_their_own_limits"])
def test_formats_have_their_own_limits(size: tuple[int, int], format: str, ec: str) -> None:
    with pytest.raises(OSSError) as raised:
        change(encode(Image.new("L", size)), f"image/format,{format}")
    assert (raised.value.code, raised.value.ec) == ("ImageTooLarge", ec)


# --- The JSON document about an image


def values(data: bytes) -> dict[str, str]:
    found = json.loads(answer(data, "image/info"))
    assert list(found) == sorted(found)
    return {name: field["value"] for name, field in found.items()}


@rows(("format", "name"), *CASES["every_format_has_the_basic_information"])
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


@rows("format", "GIF", "WEBP")
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
