"""The pictures of the console: there is one of every page, in the size of the screenshots."""

from __future__ import annotations

import struct

import pytest
from oss_emulator.control.console.page import TABS

from tests.browser.screenshots import FOLDER, PICTURES, Picture


def test_every_page_has_a_picture_and_no_picture_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == {picture.name for picture in PICTURES}
    shown = {picture.path.partition("/")[0].partition("?")[0] for picture in PICTURES}
    assert set(TABS) <= shown


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_picture_has_the_size_that_is_taken(picture: Picture) -> None:
    """`make screenshots` takes them."""
    head = (FOLDER / f"{picture.name}.png").read_bytes()[:24]
    assert struct.unpack(">II", head[16:]) == (picture.width, picture.height)
