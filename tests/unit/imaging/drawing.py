"""Images that tests draw, and their look after processing."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from oss_emulator.imaging import job
from oss_emulator.imaging.processing import ProcessedImage
from oss_emulator.protocol.process import parse_process
from PIL import Image, ImageChops, ImageStat

RED, GREEN, BLUE, WHITE, BLACK = (
    (220, 30, 30),
    (30, 180, 30),
    (30, 30, 220),
    (255, 255, 255),
    (0, 0, 0),
)


def quarters(width: int = 200, height: int = 100, mode: str = "RGB") -> Image.Image:
    """Draw four fields: red and green above blue and white."""
    image = Image.new(mode, (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def gradient(width: int = 64, height: int = 48) -> Image.Image:
    """Draw a smooth image with detail, as photographs have."""
    across = Image.linear_gradient("L").resize((width, height))
    down = across.transpose(Image.Transpose.ROTATE_90).resize((width, height))
    return Image.merge("RGB", (across, down, ImageChops.multiply(across, down)))


def encode(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    target = BytesIO()
    image.save(target, format, **options)
    return target.getvalue()


def animation(format: str = "GIF", frames: int = 3, size: tuple[int, int] = (80, 40)) -> bytes:
    """Draw an animation whose frames differ in colour."""
    drawn = [
        Image.new("RGB", size, (60 * number, 200 - 60 * number, 90)) for number in range(frames)
    ]
    options: dict[str, Any] = {"save_all": True, "append_images": drawn[1:], "duration": 120}
    return encode(drawn[0], format, loop=0, **options)


def process(data: bytes, text: str, **marks: bytes) -> ProcessedImage:
    """Process an image by the text of `x-oss-process`, as a server does."""
    sources = [[source] for source in (data, *marks.values())]
    *_, made = job.process(sources, parse_process(text).actions, tuple(marks))
    assert isinstance(made, ProcessedImage)
    return made


def change(data: bytes, text: str, **marks: bytes) -> Image.Image:
    """Process an image; returns the result, decoded."""
    image = Image.open(BytesIO(answer(data, text, **marks)))
    image.load()
    return image


def answer(data: bytes, text: str, **marks: bytes) -> bytes:
    """Process an image; returns the bytes of the answer."""
    return process(data, text, **marks).data


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two images of one size, 0 to 255."""
    assert one.size == other.size
    mean = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean
    return sum(mean) / 3


def near(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether a pixel has nearly a colour."""
    found = image.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    return all(abs(a - b) <= 24 for a, b in zip(found, colour, strict=True))
