"""Actions on pictures: sizes, cuts, turns and watermarks."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oss_emulator.imaging.processing import ProcessedImage
from oss_emulator.protocol.errors import OSSError
from PIL import Image, ImageChops

from tests.rows import read_cases, rows
from tests.thorough import cases
from tests.unit.imaging.drawing import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    animation,
    change,
    encode,
    gradient,
    near,
    process,
    quarters,
)

CASES = read_cases("unit.imaging")


# --- One request on one image: order, animations, and random actions

SOURCE = encode(quarters())
MARK = encode(quarters(12, 8))
SOURCES = [
    encode(gradient(30, 20), "JPEG"),
    encode(gradient(30, 20).convert("RGBA")),
    encode(gradient(1, 1)),
    animation(size=(24, 12)),
    animation("WEBP", size=(24, 12)),
]


def test_actions_are_carried_out_in_their_order() -> None:
    assert change(SOURCE, "image/resize,w_100/rotate,90").size == (50, 100)
    assert change(SOURCE, "image/rotate,90/resize,w_50").size == (50, 100)
    assert change(SOURCE, "image/crop,w_100,h_100/resize,w_40").size == (40, 40)


@rows("format", "GIF", "WEBP")
@rows(("asked", "frames"), *CASES["animation_still_moves_after_some_actions"])
def test_animation_still_moves_after_some_actions(format: str, asked: str, frames: int) -> None:
    """FAQ of Image Processing"""
    image = change(animation(format), f"image/{asked}")
    assert getattr(image, "n_frames", 1) == frames
    if frames > 1:
        assert image.info["duration"] == 120
        assert image.info["loop"] == 0


def test_animation_is_not_enlarged() -> None:
    """Resize images"""
    assert change(animation(), "image/resize,w_400,limit_0").size == (80, 40)


def _coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


_number = st.one_of(st.integers(-5, 60), st.integers(-(10**9), 10**9))
_place = st.sampled_from("nw north ne west center east sw south se middle".split())


def _keyed(name: str, **values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    pairs = st.fixed_dictionaries({}, optional=values)
    return pairs.map(lambda found: ",".join([name, *(f"{key}_{v}" for key, v in found.items())]))


def _valued(name: str, *values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.one_of(*values).map(lambda value: f"{name},{value}")


_names = st.sampled_from([_coded("mark"), _coded("mark?x-oss-process=image/resize,P_20")])
_actions = st.one_of(
    _keyed(
        "resize",
        m=st.sampled_from("lfit mfit fill pad fixed none".split()),
        w=_number,
        h=_number,
        l=_number,
        s=_number,
        p=st.integers(-1, 300),
        P=st.integers(1, 100),
        limit=st.integers(-1, 2),
        color=st.sampled_from(["FF0000", "red", "12345"]),
    ),
    _keyed("crop", w=_number, h=_number, x=_number, y=_number, g=_place),
    _keyed("indexcrop", x=_number, y=_number, i=_number),
    _keyed("circle", r=_number),
    _keyed("rounded-corners", r=_number),
    _keyed("blur", r=_number, s=_number),
    _keyed("quality", q=_number, Q=_number),
    _valued("rotate", _number, st.text(max_size=3)),
    _valued("auto-orient", st.integers(-1, 2)),
    _valued("bright", _number),
    _valued("contrast", _number),
    _valued("sharpen", _number),
    _valued("interlace", st.integers(-1, 2)),
    _valued("format", st.sampled_from("jpg png webp bmp gif tiff avif dng".split())),
    _keyed(
        "watermark",
        text=st.text(max_size=70).map(_coded),
        image=_names,
        type=st.sampled_from([_coded("wqy-zenhei"), _coded("comic"), "!"]),
        color=st.sampled_from(["00FF00", "0"]),
        size=st.integers(-1, 90),
        shadow=_number,
        rotate=_number,
        fill=st.integers(-1, 2),
        t=_number,
        g=_place,
        x=_number,
        y=_number,
        voffset=_number,
        order=st.integers(0, 1),
        align=st.integers(0, 2),
        interval=st.integers(0, 50),
    ),
    st.sampled_from(["info", "average-hue", "", "slim,1"]),
)


@settings(max_examples=cases(40, 200), suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SOURCES), st.lists(_actions, max_size=4))
def test_any_request_gets_a_result_or_a_documented_error(source: bytes, actions: list[str]) -> None:
    found = outcome(source, "image/" + "/".join(actions))
    if isinstance(found, OSSError):
        assert found.status in (400, 501)
        assert found.code in DOCUMENTED
    elif found.content_type == "application/json":
        assert found.data.startswith(b"{")
    else:
        Image.open(BytesIO(found.data)).load()


DOCUMENTED = {
    *("InvalidArgument", "MissingArgument", "BadRequest"),
    *("ImageTooLarge", "WatermarkError", "NotImplemented"),
}
"""Common errors"""


def outcome(source: bytes, text: str) -> ProcessedImage | OSSError:
    try:
        return process(source, text, mark=MARK)
    except OSSError as error:
        return error


# --- Actions that change size or shape, by the sizes and colours of drawn images


@rows(("asked", "size"), *CASES["resize_gives_the_documented_size"])
def test_resize_gives_the_documented_size(asked: str, size: tuple[int, int]) -> None:
    assert change(SOURCE, f"image/resize,{asked}").size == size


def test_resized_image_looks_the_same() -> None:
    image = change(SOURCE, "image/resize,m_fixed,w_50,h_80")
    assert near(image, (10, 10), RED)
    assert near(image, (40, 10), GREEN)
    assert near(image, (10, 70), BLUE)
    assert near(image, (40, 70), WHITE)


def test_pad_fills_the_rest_with_the_colour() -> None:
    image = change(SOURCE, "image/resize,m_pad,w_100,h_100,color_00FF00")
    assert near(image, (50, 10), (0, 255, 0))
    assert near(image, (50, 90), (0, 255, 0))
    assert near(image, (20, 40), RED)
    assert near(change(SOURCE, "image/resize,m_pad,w_100,h_100"), (50, 10), WHITE)


def test_fill_keeps_the_middle() -> None:
    image = change(SOURCE, "image/resize,m_fill,w_20,h_100")
    assert image.size == (20, 100)
    assert near(image, (3, 10), RED)
    assert near(image, (16, 10), GREEN)


@rows("asked", "m_fixed,w_5000,h_5000,limit_0", "w_16384,h_16384,limit_0")
def test_too_large_results_are_refused(asked: str) -> None:
    """0040-00000007"""
    with pytest.raises(OSSError) as raised:
        change(SOURCE, f"image/resize,{asked}")
    assert (raised.value.code, raised.value.ec) == ("ImageTooLarge", "0040-00000007")


@rows(
    ("asked", "size", "corner"),
    ("x_100,y_50", (100, 50), WHITE),
    ("w_60,h_30", (60, 30), RED),
    ("x_100,w_60,h_30", (60, 30), GREEN),
    ("w_60,h_30,g_se", (60, 30), WHITE),
    ("w_60,h_30,g_sw", (60, 30), BLUE),
    ("w_60,h_30,g_ne", (60, 30), GREEN),
    ("w_60,h_30,g_se,x_10,y_10", (50, 20), WHITE),
    ("w_60,h_20,g_west", (60, 20), RED),
    ("w_500,h_500", (200, 100), RED),
    ("w_0,h_0", (200, 100), RED),
    ("w_60,h_30,r_1", (60, 30), RED),  # oss2's suite sends it
)
def test_crop_cuts_out_a_rectangle(
    asked: str, size: tuple[int, int], corner: tuple[int, int, int]
) -> None:
    image = change(SOURCE, f"image/crop,{asked}")
    assert image.size == size
    assert near(image, (1, 1), corner)


@rows("asked", "x_200", "y_100", "x_5000,y_5000", "g_se,w_10,h_10,x_20")
def test_crop_outside_of_the_image_is_refused(asked: str) -> None:
    with pytest.raises(OSSError, match=r"Advance cut's position is out of image\.") as raised:
        change(SOURCE, f"image/crop,{asked}")
    assert (raised.value.code, raised.value.status) == ("BadRequest", 400)


@rows(
    ("asked", "size", "corner"),
    ("x_50,i_0", (50, 100), RED),
    ("x_50,i_3", (50, 100), GREEN),
    ("x_150,i_1", (50, 100), GREEN),
    ("y_50,i_1", (200, 50), BLUE),
    ("x_50,y_50,i_1", (200, 50), BLUE),  # y takes effect
    ("x_50,i_4", (200, 100), RED),  # beyond the last slice the image stays whole
    ("y_100,i_10", (200, 100), RED),
    ("x_50", (50, 100), RED),
)
def test_indexcrop_keeps_one_slice(
    asked: str, size: tuple[int, int], corner: tuple[int, int, int]
) -> None:
    image = change(SOURCE, f"image/indexcrop,{asked}")
    assert image.size == size
    assert near(image, (1, 1), corner)


@rows(("radius", "side"), (20, 40), (50, 100), (4096, 100))
def test_circle_is_cut_from_the_middle(radius: int, side: int) -> None:
    image = change(SOURCE, f"image/circle,r_{radius}/format,png")
    assert (image.size, image.mode) == ((side, side), "RGBA")
    assert image.getchannel("A").getpixel((0, 0)) == 0
    assert image.getchannel("A").getpixel((side // 2, side // 2)) == 255
    assert near(image, (side // 4, side // 2 - 4), RED)


@rows("action", "circle,r_40", "rounded-corners,r_30")
def test_cut_off_parts_are_white_in_a_jpeg(action: str) -> None:
    image = change(SOURCE, f"image/{action}/format,jpg")
    assert near(image, (0, 0), WHITE)
    assert near(image, (image.size[0] // 4, image.size[1] // 4 + 4), RED)


def test_rounded_corners_are_transparent() -> None:
    image = change(SOURCE, "image/rounded-corners,r_30")
    alpha = image.getchannel("A")
    assert image.size == (200, 100)
    assert [alpha.getpixel(place) for place in ((0, 0), (199, 99), (100, 0), (0, 50))] == [
        0,
        0,
        255,
        255,
    ]
    # A longer radius is shortened to half the shorter side.
    longest = change(SOURCE, "image/rounded-corners,r_50")
    assert change(SOURCE, "image/rounded-corners,r_4096").tobytes() == longest.tobytes()


@rows(
    ("angle", "size", "corner"),
    (0, (200, 100), RED),
    (90, (100, 200), BLUE),
    (180, (200, 100), WHITE),
    (270, (100, 200), GREEN),
    (360, (200, 100), RED),
)
def test_rotate_turns_clockwise(
    angle: int, size: tuple[int, int], corner: tuple[int, int, int]
) -> None:
    image = change(SOURCE, f"image/rotate,{angle}")
    assert image.size == size
    assert near(image, (2, 2), corner)


def test_other_angles_make_the_image_larger() -> None:
    image = change(SOURCE, "image/rotate,45")
    assert image.size == (214, 214)
    assert image.getchannel("A").getpixel((0, 0)) == 0
    assert near(change(SOURCE, "image/rotate,45/format,jpg"), (0, 0), WHITE)


def test_large_images_are_not_rotated() -> None:
    """0040-00000006"""
    with pytest.raises(OSSError, match="maximum allowable rotation range") as raised:
        change(encode(quarters(4097, 8)), "image/rotate,90")
    assert raised.value.ec == "0040-00000006"


@rows(
    ("orientation", "size", "corner"),
    (1, (200, 100), RED),
    (2, (200, 100), GREEN),
    (3, (200, 100), WHITE),
    (4, (200, 100), BLUE),
    (5, (100, 200), RED),
    (6, (100, 200), BLUE),
    (7, (100, 200), WHITE),
    (8, (100, 200), GREEN),
)
def test_auto_orient_follows_the_exif_data(
    orientation: int, size: tuple[int, int], corner: tuple[int, int, int]
) -> None:
    image = quarters()
    exif = image.getexif()
    exif[0x0112] = orientation
    source = encode(image, "JPEG", exif=exif, quality=95)
    turned = change(source, "image/auto-orient,1")
    assert turned.size == size
    assert near(turned, (4, 4), corner)
    assert turned.getexif().get(0x0112) is None
    assert change(source, "image/auto-orient,0").size == (200, 100)
    assert change(source, "image/resize,w_100/auto-orient,1").size in ((100, 50), (50, 100))


# --- Watermarks of text and of images

GROUND = encode(Image.new("RGB", (200, 100), WHITE))
WATERMARK = encode(Image.new("RGB", (20, 10), RED))


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
    return change(GROUND, f"image/watermark,image_{coded(name)}{asked}", mark=WATERMARK)


@rows(("asked", "corner"), *CASES["image_is_put_at_its_position"])
def test_image_is_put_at_its_position(asked: str, corner: tuple[int, int]) -> None:
    left, top = corner
    assert box(mark(asked)) == (left, top, left + 20, top + 10)


def test_opacity_mixes_the_colours() -> None:
    assert near(mark(",t_100"), (175, 85), RED)
    assert near(mark(",t_50"), (175, 85), (237, 142, 142))
    assert near(mark(",t_0"), (175, 85), WHITE)


@rows(("prepared", "size"), *CASES["image_can_be_prepared"])
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


def test_gaps_separate_the_texts_that_fill_an_image() -> None:
    filled = change(GROUND, f"image/watermark,{HELLO},size_10,fill_1,padx_4096,pady_50")
    _, _, right, bottom = box(change(GROUND, f"image/watermark,{HELLO},size_10,g_nw,x_0,y_0"))
    width, height = filled.size
    assert box(filled.crop((0, 0, right, bottom)))
    assert box(filled.crop((0, bottom + 50, right, height)))
    for place in ((right, 0, width, height), (0, bottom, width, bottom + 48)):
        gap = filled.crop(place)
        assert ImageChops.difference(gap, Image.new("RGB", gap.size, WHITE)).getbbox() is None


@rows(("order", "first"), (0, "image"), (1, "text"))
def test_text_and_image_stand_side_by_side(order: int, first: str) -> None:
    asked = f"image_{coded('mark')},{HELLO},size_20,g_nw,order_{order},interval_7"
    image = change(GROUND, f"image/watermark,{asked}", mark=WATERMARK)
    left, _, right, bottom = box(image)
    ends = {"image": left + 2, "text": right - 2}
    assert near(image, (ends[first], bottom - 2), RED)


@rows(("align", "top"), (0, 10), (2, 10 + 30))
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
        mark=WATERMARK,
    )
    assert box(image) == (10, 10, 190, 90)


def test_watermark_that_is_larger_than_the_image_is_cut() -> None:
    large = encode(Image.new("RGB", (500, 300), RED))
    image = change(GROUND, f"image/watermark,image_{coded('mark')}", mark=large)
    assert image.size == (200, 100)
    assert near(image, (5, 5), RED)


@rows("asked", "1000", "300,rotate_45,shadow_100,fill_1")
def test_longest_text_is_cut(asked: str) -> None:
    text = f"text_{coded('W' * 64)},size_{asked}"
    assert change(GROUND, f"image/watermark,{text}").size == (200, 100)


def test_every_frame_gets_the_watermark() -> None:
    image = change(animation(), f"image/watermark,image_{coded('mark')},g_nw", mark=WATERMARK)
    frames = getattr(image, "n_frames", 1)
    assert frames == 3
    for number in range(frames):
        image.seek(number)
        assert near(image, (12, 12), RED)


@rows("data", b"text", animation())
def test_watermark_of_another_format_is_refused(data: bytes) -> None:
    """0040-00000027"""
    with pytest.raises(OSSError) as raised:
        change(GROUND, f"image/watermark,image_{coded('mark')}", mark=data)
    assert (raised.value.code, raised.value.ec) == ("WatermarkError", "0040-00000027")
