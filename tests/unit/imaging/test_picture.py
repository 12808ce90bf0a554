"""Reading images: what is accepted, what is refused, and with which error."""

from __future__ import annotations

import struct
import zlib
from random import Random

import pytest
from oss_emulator.imaging import picture
from oss_emulator.imaging.picture import read
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.process import MAX_BYTES
from PIL import Image

from tests.unit.imaging.drawing import animation, answer, encode, gradient, quarters


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


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + b"\x00" * 40,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"P6 2 2 255 " + b"\x00" * 12,
        b"\x00" * 100,
    ],
)
def test_other_files_are_not_supported(data: bytes) -> None:
    """0040-00000005; EPS among them, which Pillow would hand to another program."""
    assert refused(data) == ("BadRequest", 400, "0040-00000005")
    assert refused(data, "image/info") == ("BadRequest", 400, "0040-00000005")


@pytest.mark.parametrize(
    ("format", "code", "ec"),
    [
        ("JPEG", "BadRequest", ""),
        ("PNG", "BadRequest", ""),
        ("GIF", "BadRequest", ""),
        ("BMP", "BadRequest", ""),
        ("TIFF", "BadRequest", ""),
        ("WEBP", "BadWebPImage", "0040-00000010"),
        ("AVIF", "BadRequest", "0040-00000021"),
    ],
)
def test_truncated_images_are_refused(format: str, code: str, ec: str) -> None:
    data = encode(gradient(200, 160), format)
    for share in (3, 6):
        assert refused(data[: len(data) * share // 10], "image/rotate,90") == (code, 400, ec)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_changed_bytes_give_an_image_or_a_documented_error(format: str) -> None:
    random, whole = Random(format), encode(gradient(40, 30), format)  # noqa: S311 - not a secret
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(random.randint(1, 8)):
            data[random.randrange(len(data))] = random.randrange(256)
        text = random.choice(("image/resize,w_10", "image/info", "image/blur,r_1"))
        assert status(bytes(data), text) in (200, 400)


@pytest.mark.parametrize(
    ("data", "ec"),
    [
        (png_header(20_000, 12_501), "0040-00000012"),  # 250 million pixels and some
        (png_header(30_001, 1), "0040-00000012"),
        (encode(Image.new("L", (30_001, 1)), "JPEG"), "0040-00000019"),
        (encode(Image.new("1", (30_001, 1)), "BMP"), "0040-00000017"),
        (encode(Image.new("1", (16_385, 1)), "TIFF"), "0040-00000018"),
    ],
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


def test_pixel_limit_of_pillow_has_no_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert answer(encode(gradient()), "image/resize,w_10")
    assert Image.MAX_IMAGE_PIXELS == 10


def test_bytes_after_an_image_are_dropped() -> None:
    data = encode(gradient(), "JPEG") + b"<script>alert(1)</script>"
    assert b"script" not in answer(data, "image/resize,w_10")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_modes_are_converted_to_rgb_or_rgba(mode: str) -> None:
    image = Image.new("I;16", (8, 8), 40_000) if mode == "I;16" else quarters(8, 8).convert(mode)
    frame = read(encode(image)).frames[0]
    assert frame.mode == ("RGBA" if mode in ("LA", "RGBA") else "RGB")
    if mode == "I;16":
        assert frame.getpixel((0, 0)) == (156, 156, 156)


def test_cmyk_is_converted() -> None:
    frame = read(encode(quarters().convert("CMYK"), "JPEG")).frames[0]
    assert frame.mode == "RGB"
