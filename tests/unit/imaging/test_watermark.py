"""Watermarks of text and of images."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from oss_emulator.protocol.errors import OSSError
from PIL import Image, ImageChops

from tests.unit.imaging.drawing import RED, WHITE, animation, change, encode, near

GROUND = encode(Image.new("RGB", (200, 100), WHITE))
MARK = encode(Image.new("RGB", (20, 10), RED))


def coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


HELLO = f"text_{coded('Hello')}"


def box(image: Image.Image) -> tuple[int, int, int, int]:
    """Return the rectangle that differs from the white ground."""
    ground = Image.new("RGB", image.size, WHITE)
    found = ImageChops.difference(image.convert("RGB"), ground).getbbox()
    assert found is not None
    return found


def mark(asked: str = "", name: str = "mark") -> Image.Image:
    return change(GROUND, f"image/watermark,image_{coded(name)}{asked}", mark=MARK)


@pytest.mark.parametrize(
    ("asked", "corner"),
    [
        ("", (170, 80)),  # south-east with margins of 10
        (",g_nw", (10, 10)),
        (",g_north", (90, 10)),
        (",g_ne", (170, 10)),
        (",g_west", (10, 45)),
        (",g_center", (90, 45)),
        (",g_east", (170, 45)),
        (",g_sw", (10, 80)),
        (",g_south", (90, 80)),
        (",g_se,x_0,y_0", (180, 90)),
        (",g_nw,x_30,y_5", (30, 5)),
        (",g_west,voffset_20", (10, 65)),
        (",g_center,voffset_-20", (90, 25)),
    ],
)
def test_image_is_put_at_its_position(asked: str, corner: tuple[int, int]) -> None:
    left, top = corner
    assert box(mark(asked)) == (left, top, left + 20, top + 10)


def test_opacity_mixes_the_colours() -> None:
    assert near(mark(",t_100"), (175, 85), RED)
    assert near(mark(",t_50"), (175, 85), (237, 142, 142))
    assert near(mark(",t_0"), (175, 85), WHITE)


@pytest.mark.parametrize(
    ("prepared", "size"),
    [
        ("resize,w_10", (10, 5)),
        ("resize,P_30", (60, 30)),  # 30 % of the image below
        ("crop,w_5,h_5", (5, 5)),
        ("rotate,90", (10, 20)),
        ("resize,w_10/rotate,90", (5, 10)),
    ],
)
def test_image_can_be_prepared(prepared: str, size: tuple[int, int]) -> None:
    if "P_" in prepared:
        prepared += ",limit_0"
    left, top, right, bottom = box(mark(",g_nw", f"mark?x-oss-process=image/{prepared}"))
    assert (right - left, bottom - top) == size


def test_text_is_drawn_in_its_colour_and_size() -> None:
    small = change(GROUND, f"image/watermark,{HELLO},size_20,color_DC1E1E")
    large = change(GROUND, f"image/watermark,{HELLO},size_40,color_DC1E1E")
    heights = [bottom - top for _, top, _, bottom in (box(small), box(large))]
    assert heights[1] == pytest.approx(2 * heights[0], abs=2)
    colours = {colour for _, colour in small.getcolors(99_999) or ()}
    assert RED in colours
    assert box(small)[2] <= 190


def test_text_is_black_and_turned_clockwise() -> None:
    flat = box(change(GROUND, f"image/watermark,{HELLO},size_20"))
    upright = box(change(GROUND, f"image/watermark,{HELLO},size_20,rotate_90"))
    assert flat[2] - flat[0] > flat[3] - flat[1]
    assert upright[3] - upright[1] == pytest.approx(flat[2] - flat[0], abs=2)


def test_shadow_lies_below_the_text() -> None:
    plain = change(GROUND, f"image/watermark,{HELLO},size_40,color_FFFFFF")
    shadowed = change(GROUND, f"image/watermark,{HELLO},size_40,color_FFFFFF,shadow_50")
    assert ImageChops.difference(plain, Image.new("RGB", plain.size, WHITE)).getbbox() is None
    assert box(shadowed)


def test_text_fills_the_image() -> None:
    filled = change(GROUND, f"image/watermark,{HELLO},size_10,fill_1")
    for place in ((0, 0, 50, 25), (150, 0, 200, 25), (0, 75, 50, 100), (150, 75, 200, 100)):
        assert box(filled.crop(place))


@pytest.mark.parametrize(("order", "first"), [(0, "image"), (1, "text")])
def test_text_and_image_stand_side_by_side(order: int, first: str) -> None:
    asked = f"image_{coded('mark')},{HELLO},size_20,g_nw,order_{order},interval_7"
    image = change(GROUND, f"image/watermark,{asked}", mark=MARK)
    left, _, right, bottom = box(image)
    ends = {"image": left + 2, "text": right - 2}
    assert near(image, (ends[first], bottom - 2), RED)


@pytest.mark.parametrize(("align", "top"), [(0, 10), (2, 10 + 30)])
def test_text_and_image_are_aligned(align: int, top: int) -> None:
    tall = encode(Image.new("RGB", (5, 40), RED))
    name = coded("mark")
    with_tall = f"image/watermark,image_{name},{HELLO},size_14,g_nw,align_{align}"
    image = change(GROUND, with_tall, mark=tall)
    text = image.crop((15, 0, 200, 100))
    assert box(text)[1 if align == 0 else 3] == pytest.approx(top if align == 0 else 50, abs=2)


def test_two_watermarks_follow_one_another() -> None:
    image = change(
        GROUND,
        f"image/watermark,image_{coded('mark')},g_nw/watermark,image_{coded('mark')},g_se",
        mark=MARK,
    )
    assert box(image) == (10, 10, 190, 90)


def test_watermark_that_is_larger_than_the_image_is_cut() -> None:
    large = encode(Image.new("RGB", (500, 300), RED))
    image = change(GROUND, f"image/watermark,image_{coded('mark')}", mark=large)
    assert image.size == (200, 100)
    assert near(image, (5, 5), RED)


@pytest.mark.parametrize("asked", ["", ",rotate_45", ",shadow_100", ",fill_1"])
def test_longest_text_is_cut(asked: str) -> None:
    text = f"text_{coded('W' * 64)},size_1000{asked}"
    assert change(GROUND, f"image/watermark,{text}").size == (200, 100)


def test_every_frame_gets_the_watermark() -> None:
    image = change(animation(), f"image/watermark,image_{coded('mark')},g_nw", mark=MARK)
    frames = getattr(image, "n_frames", 1)
    assert frames == 3
    for number in range(frames):
        image.seek(number)
        assert near(image, (12, 12), RED)


@pytest.mark.parametrize("data", [b"text", animation()])
def test_watermark_of_another_format_is_refused(data: bytes) -> None:
    """0040-00000027"""
    with pytest.raises(OSSError) as raised:
        change(GROUND, f"image/watermark,image_{coded('mark')}", mark=data)
    assert (raised.value.code, raised.value.ec) == ("WatermarkError", "0040-00000027")
