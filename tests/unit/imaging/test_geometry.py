"""Actions that change size or shape, by the sizes and colours of drawn images."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.errors import OSSError

from tests.unit.imaging.drawing import BLUE, GREEN, RED, WHITE, change, encode, near, quarters

SOURCE = encode(quarters())
"""200 x 100 pixels, the size of the examples in Resize images."""


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        # The examples of Resize images.
        ("w_150,h_80", (150, 75)),
        ("m_lfit,w_150,h_80", (150, 75)),
        ("m_mfit,w_150,h_80", (160, 80)),
        ("m_fill,w_150,h_80", (150, 80)),
        ("m_pad,w_150,h_80", (150, 80)),
        ("m_fixed,w_150,h_80", (150, 80)),
        ("w_100", (100, 50)),
        ("h_50", (100, 50)),
        ("m_fixed,h_100", (100, 100)),  # usage notes: the other side is as long
        ("l_100", (100, 50)),
        ("s_50", (100, 50)),
        ("m_mfit,l_100,s_80", (160, 80)),
        ("p_50", (100, 50)),
        ("p_200", (400, 200)),
        # By default an image is never enlarged.
        ("w_400", (200, 100)),
        ("w_400,limit_1", (200, 100)),
        ("w_400,limit_0", (400, 200)),
        ("m_fixed,w_100,h_400", (200, 100)),
        ("m_fill,w_150,h_150", (200, 100)),
        ("m_pad,w_100,h_300", (100, 300)),
        ("m_pad,w_300,h_300", (200, 100)),
        ("m_pad,w_300,h_300,limit_0", (300, 300)),
        ("w_1", (1, 1)),
    ],
)
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


@pytest.mark.parametrize("asked", ["m_fixed,w_5000,h_5000,limit_0", "w_16384,h_16384,limit_0"])
def test_too_large_results_are_refused(asked: str) -> None:
    """0040-00000007"""
    with pytest.raises(OSSError) as raised:
        change(SOURCE, f"image/resize,{asked}")
    assert (raised.value.code, raised.value.ec) == ("ImageTooLarge", "0040-00000007")


@pytest.mark.parametrize(
    ("asked", "size", "corner"),
    [
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
    ],
)
def test_crop_cuts_out_a_rectangle(
    asked: str, size: tuple[int, int], corner: tuple[int, int, int]
) -> None:
    image = change(SOURCE, f"image/crop,{asked}")
    assert image.size == size
    assert near(image, (1, 1), corner)


@pytest.mark.parametrize("asked", ["x_200", "y_100", "x_5000,y_5000", "g_se,w_10,h_10,x_20"])
def test_crop_outside_of_the_image_is_refused(asked: str) -> None:
    with pytest.raises(OSSError, match=r"Advance cut's position is out of image\.") as raised:
        change(SOURCE, f"image/crop,{asked}")
    assert (raised.value.code, raised.value.status) == ("BadRequest", 400)


@pytest.mark.parametrize(
    ("asked", "size", "corner"),
    [
        ("x_50,i_0", (50, 100), RED),
        ("x_50,i_3", (50, 100), GREEN),
        ("x_150,i_1", (50, 100), GREEN),
        ("y_50,i_1", (200, 50), BLUE),
        ("x_50,y_50,i_1", (200, 50), BLUE),  # y takes effect
        ("x_50,i_4", (200, 100), RED),  # beyond the last slice the image stays whole
        ("y_100,i_10", (200, 100), RED),
        ("x_50", (50, 100), RED),
    ],
)
def test_indexcrop_keeps_one_slice(
    asked: str, size: tuple[int, int], corner: tuple[int, int, int]
) -> None:
    image = change(SOURCE, f"image/indexcrop,{asked}")
    assert image.size == size
    assert near(image, (1, 1), corner)


@pytest.mark.parametrize(("radius", "side"), [(20, 40), (50, 100), (4096, 100)])
def test_circle_is_cut_from_the_middle(radius: int, side: int) -> None:
    image = change(SOURCE, f"image/circle,r_{radius}/format,png")
    assert (image.size, image.mode) == ((side, side), "RGBA")
    assert image.getchannel("A").getpixel((0, 0)) == 0
    assert image.getchannel("A").getpixel((side // 2, side // 2)) == 255
    assert near(image, (side // 4, side // 2 - 4), RED)


@pytest.mark.parametrize("action", ["circle,r_40", "rounded-corners,r_30"])
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
    # A longer radius is shortened to half of the shorter side.
    longest = change(SOURCE, "image/rounded-corners,r_50")
    assert change(SOURCE, "image/rounded-corners,r_4096").tobytes() == longest.tobytes()


@pytest.mark.parametrize(
    ("angle", "size", "corner"),
    [
        (0, (200, 100), RED),
        (90, (100, 200), BLUE),
        (180, (200, 100), WHITE),
        (270, (100, 200), GREEN),
        (360, (200, 100), RED),
    ],
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


@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (200, 100), RED),
        (2, (200, 100), GREEN),
        (3, (200, 100), WHITE),
        (4, (200, 100), BLUE),
        (5, (100, 200), RED),
        (6, (100, 200), BLUE),
        (7, (100, 200), WHITE),
        (8, (100, 200), GREEN),
    ],
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
