"""Styles of image processing: their names, content and times."""

from __future__ import annotations

import pytest
from oss_emulator.documents import style
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import OSSError

from tests.unit.documents.putting import NOW

STYLE = b"<Style><Content>image/resize,w_1</Content></Style>"


@pytest.mark.parametrize("name", ["a", "A-b_c.9", "x" * 64])
def test_name_has_letters_digits_and_some_characters(name: str) -> None:
    style.check_name(name)


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a/b", "é"])
def test_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(OSSError) as caught:
        style.check_name(name)
    assert caught.value.details["ArgumentName"] == "styleName"


def test_replaced_style_keeps_the_time_of_its_creation() -> None:
    first = style.format(STYLE, "s", "image", None, NOW)
    second = xml.parse(style.format(STYLE, "s", "document", first, NOW + 1), "Style")
    assert second.text("CreateTime") == "Sun, 15 Jun 2025 15:06:40 GMT"
    assert second.text("LastModifyTime") == "Sun, 15 Jun 2025 15:06:41 GMT"
    assert (second.text("Name"), second.text("Category")) == ("s", "document")
    assert second.text("Content") == "image/resize,w_1"


@pytest.mark.parametrize("document", [b"<Style/>", b"<Style><Content> </Content></Style>"])
def test_style_without_content_is_refused(document: bytes) -> None:
    with pytest.raises(OSSError) as caught:
        style.format(document, "s", "image", None, NOW)
    assert caught.value.message == "Style content is invalid."
