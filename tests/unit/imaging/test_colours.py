"""Actions that change colours or sharpness."""

from __future__ import annotations

import json

import pytest
from PIL import Image, ImageFilter, ImageStat

from tests.unit.imaging.drawing import answer, change, difference, encode, gradient, near, quarters

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


@pytest.mark.parametrize("action", ["bright,40", "contrast,40", "sharpen,100"])
def test_transparency_stays(action: str) -> None:
    image = quarters().convert("RGBA")
    image.putalpha(77)
    result = change(encode(image), f"image/{action}")
    assert result.getchannel("A").getextrema() == (77, 77)


@pytest.mark.parametrize("colour", [(92, 120, 59), (0, 0, 0), (255, 255, 255), (10, 200, 30)])
def test_average_hue_of_one_colour_is_that_colour(colour: tuple[int, int, int]) -> None:
    found = json.loads(answer(encode(Image.new("RGB", (20, 10), colour)), "image/average-hue"))
    assert found == {"RGB": "0x{:02x}{:02x}{:02x}".format(*colour)}


def test_average_hue_leaves_out_hues_that_are_far_away() -> None:
    image = Image.new("RGB", (100, 10), (40, 200, 60))
    image.paste((200, 40, 220), (97, 0, 100, 10))
    found = json.loads(answer(encode(image), "image/average-hue"))
    assert found == {"RGB": "0x28c83c"}
    assert near(image, (99, 5), (200, 40, 220))
