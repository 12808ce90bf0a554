"""The text of `x-oss-process`; `fixtures/exchanges/images.txt` has the error of each mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol import process
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.process import ImageAction, Process, SaveAs, parse_process

from tests.rows import rows


@rows(
    ("text", "expected"),
    ("image/resize,w_100", (ImageAction("resize", {"w": 100}),)),
    (
        "image/resize,m_pad,w_100,color_FF0000/rotate,90",
        (
            ImageAction("resize", {"w": 100}, {"m": "pad", "color": "FF0000"}),
            ImageAction("rotate", {"": 90}),
        ),
    ),
    ("image/resize,w_1,w_2", (ImageAction("resize", {"w": 2}),)),  # the later one counts
    ("image/bright,-50", (ImageAction("bright", {"": -50}),)),
    ("image/quality,80", (ImageAction("quality", {"": 80}),)),
    ("image/quality,q_80,Q_90", (ImageAction("quality", {"q": 80, "Q": 90}),)),
    ("image/format,webp", (ImageAction("format", {}, {"": "webp"}),)),
    ("image/crop,w_1,r_1", (ImageAction("crop", {"w": 1}),)),  # oss2's suite sends r_1
    ("image/info", (ImageAction("info"),)),
    (
        "image/watermark,text_SGVsbG8g5Zu-54mH5pyN5YqhIQ",  # oss2's suite
        (ImageAction("watermark", {}, {"text": "Hello 图片服务!"}),),
    ),
)
def test_actions_are_read(text: str, expected: tuple[ImageAction, ...]) -> None:
    assert parse_process(text) == Process(expected)


def test_style_and_place_are_read() -> None:
    assert parse_process("style/small") == Process(style="small")
    assert parse_process("style/small|sys/saveas,o_dGVzdC5qcGc,b_dGVzdA") == Process(
        style="small", save_as=SaveAs("test", "test.jpg")
    )
    # oss2's suite does not strip the padding.
    assert parse_process("image/info|sys/saveas,o_YQ==").save_as == SaveAs("", "a")


def test_body_of_a_post_is_read() -> None:
    assert process.parse_body(b"x-oss-process=image/info|sys/saveas,o_YQ==") == (
        "image/info|sys/saveas,o_YQ=="
    )
    with pytest.raises(OSSError, match="MissingArgument"):
        process.parse_body(b"\xff")


def test_body_of_a_post_may_be_encoded() -> None:
    """I-05: as suites of vendors send it"""
    body = b"x-oss-process=image%2Fwatermark%2Ctext_YW5k%7Csys%2Fsaveas%2Co_YQ%3D%3D"
    text = process.parse_body(body)
    assert text == "image/watermark,text_YW5k|sys/saveas,o_YQ=="
    assert parse_process(text).save_as == SaveAs("", "a")


def test_text_may_be_plain_base64() -> None:
    """I-05: a `+` stands for the `-` of URL-safe base64"""
    for text in ("image/watermark,text_Pj4-", "image/watermark,text_Pj4+"):
        (action,) = parse_process(text).actions
        assert action.words["text"] == ">>>"


def test_watermark_names_its_object_and_how_it_is_prepared() -> None:
    assert process.parse_watermark("a/b.png") == ("a/b.png", ())
    assert process.parse_watermark("p.png?x-oss-process=image/resize,P_30") == (
        "p.png",
        (ImageAction("resize", {"P": 30}),),
    )
    for value in (
        "p.png?x-oss-process=image/circle,r_3",
        "p.png?x-oss-process=style/small",
        "p.png?x-oss-process=image/resize,w_9|sys/saveas,o_YQ",
        "p.png?other=1",
    ):
        with pytest.raises(OSSError) as raised:
            process.parse_watermark(value)
        assert raised.value.code == "InvalidArgument"


@given(st.one_of(st.text(), st.text("image/resizewh_0123456789,|sylte").map("image/".__add__)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        asked = parse_process(text)
    except OSSError as error:
        status = error.status
    else:
        status = 200
        assert bool(asked.actions) != text.strip().startswith("style/")
    assert status in (200, 400, 501)


def test_three_watermarks_of_images_are_read() -> None:
    """0040-00000026 is for more."""
    assert len(parse_process("image/" + "/".join(["watermark,image_YS5wbmc"] * 3)).actions) == 3
