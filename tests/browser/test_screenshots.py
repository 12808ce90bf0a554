"""The pictures of pages of the console: those that are taken are there, in their size."""

from __future__ import annotations

import struct

import pytest

from tests.browser.screenshots import FOLDERS, PICTURES, Picture


@pytest.mark.parametrize("locale", FOLDERS)
def test_no_picture_is_missing_or_left_over(locale: str) -> None:
    found = {path.stem for path in FOLDERS[locale].glob("*.png")}
    assert found == {picture.name for picture in PICTURES}


@pytest.mark.parametrize("locale", FOLDERS)
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_picture_has_the_size_that_is_taken(picture: Picture, locale: str) -> None:
    """`make screenshots` takes them."""
    head = (FOLDERS[locale] / f"{picture.name}.png").read_bytes()[:24]
    assert struct.unpack(">II", head[16:]) == (picture.width, picture.height)
