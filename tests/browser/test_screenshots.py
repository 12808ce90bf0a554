"""The pictures of pages of the console: those that are taken are there, in their size."""

from __future__ import annotations

import struct

import pytest

from tests.browser.screenshots import FOLDER, PICTURES, Picture


def test_no_picture_is_missing_or_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == {picture.name for picture in PICTURES}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_picture_has_the_size_that_is_taken(picture: Picture) -> None:
    """`make screenshots` takes them."""
    head = (FOLDER / f"{picture.name}.png").read_bytes()[:24]
    assert struct.unpack(">II", head[16:]) == (picture.width, picture.height)
