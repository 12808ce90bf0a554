"""The text of `x-oss-process`: actions, ranges, and the error of each mistake."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol import process
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.process import ImageAction, Process, SaveAs, parse_process


def coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
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
    ],
)
def test_actions_are_read(text: str, expected: tuple[ImageAction, ...]) -> None:
    assert parse_process(text) == Process(expected)


def test_style_and_place_are_read() -> None:
    assert parse_process("style/small") == Process(style="small")
    assert parse_process("style/small|sys/saveas,o_dGVzdC5qcGc,b_dGVzdA") == Process(
        style="small", save_as=SaveAs("test", "test.jpg")
    )
    # oss2's suite leaves the padding.
    assert parse_process("image/info|sys/saveas,o_YQ==").save_as == SaveAs("", "a")


@pytest.mark.parametrize(
    ("text", "ec"),
    [
        ("resize,m_abc,w_100", "311"),
        ("resize,w_0", "312"),
        ("resize,w_0,h_0", "321"),
        ("resize,w_16385", "312"),
        ("resize,w_abc", "312"),
        ("resize,h_0", "313"),
        ("resize,l_0", "314"),
        ("resize,s_0", "315"),
        ("resize,p_0", "317"),
        ("resize,p_1001", "317"),
        ("resize,w_100,m_pad,color_AABBCCDD", "318"),
        ("resize,w_100,limit_3", "319"),
        ("crop,w_abc", "225"),
        ("crop,h_-1", "226"),
        ("indexcrop,x_0,i_0", "230"),
        ("indexcrop,x_100,i_abc", "229"),
        ("circle,r_abc", "233"),
        ("circle,r_5000", "233"),
        ("rounded-corners,r_5000", "237"),
        ("auto-orient,abc", "215"),
        ("auto-orient,10", "215"),
        ("rotate,abc", "217"),
        ("rotate,400", "217"),
        ("rotate,a_90", "217"),
        ("rotate,90,200,300", "203"),
        ("blur,r_200,s_25", "241"),
        ("blur,r_3,s_abc", "242"),
        ("bright,200", "246"),
        ("sharpen,10", "280"),
        ("interlace,2", "282"),
        ("quality,Q_200", "308"),
        ("quality,q_200", "309"),
        ("quality,200", "310"),
        ("format,dng", "206"),
        ("format,f_jpg", "206"),
        ("slim,1", "213"),
        ("watermark,text_SGVsbG8gV29ybGQ,color_AABBCCDD", "254"),
        ("watermark,text_SGVsbG8gV29ybGQ,size_2000", "256"),
        ("watermark,text_SGVsbG8gV29ybGQ,shadow_200", "255"),
        ("watermark,text_SGVsbG8gV29ybGQ,x_8000", "262"),
        ("watermark,text_SGVsbG8gV29ybGQ,t_200", "263"),
        ("watermark,text_SGVsbG8gV29ybGQ,y_8000", "264"),
        ("watermark,text_SGVsbG8gV29ybGQ,voffset_2000", "268"),
        ("watermark,text_SGVsbG8gV29ybGQ,order_2", "269"),
        ("watermark,text_SGVsbG8gV29ybGQ,interval_2000", "270"),
        ("watermark,text_SGVsbG8gV29ybGQ,align_3", "271"),
        ("watermark,text_SGVsbG8gV29ybGQ,rotate_400", "272"),
        ("watermark,text_SGVsbG8gV29ybGQ,fill_2", "274"),
        ("watermark,text_SGVsbG8gV29ybGQ,type_bm90c3VwcG9ydAo", "251"),
        (f"watermark,text_{coded('a' * 65)}", "259"),
        (
            "watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2Uvd2F0ZXJtYXJrLGltYWdlX2NHRnVa",
            "373",
        ),
        ("watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvaW5mbw", "374"),
    ],
)
def test_value_out_of_its_range_is_refused_with_its_ec(text: str, ec: str) -> None:
    """The requests are the examples of the help pages of the ECs, where they have one."""
    with pytest.raises(OSSError) as raised:
        parse_process(f"image/{text}")
    error = raised.value
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, f"0040-00000{ec}")
    assert re.fullmatch(r"The value: .* of parameter: \S+ is invalid\.", error.message, re.DOTALL)


@pytest.mark.parametrize(
    ("text", "ec"),
    [
        ("auto-orient", "0040-00000214"),
        ("rotate", "0040-00000216"),
        ("format", "0040-00000207"),
        ("bright", "0040-00000245"),
        ("sharpen", "0040-00000279"),
        ("interlace", "0040-00000281"),
        ("quality", "0040-00000307"),
        ("", ""),
        ("resize", ""),
        ("circle", ""),
        ("blur", ""),
        ("indexcrop,i_0", ""),
        ("watermark,t_50", ""),
    ],
)
def test_missing_value_is_refused(text: str, ec: str) -> None:
    with pytest.raises(OSSError) as raised:
        parse_process(f"image/{text}")
    assert (raised.value.code, raised.value.ec) == ("MissingArgument", ec)


@pytest.mark.parametrize(
    ("text", "ec"),
    [
        ("watermark,text_notbase64", "257"),
        ("watermark,text_not!base64", "257"),
        ("watermark,image_notbase64", "265"),
        ("watermark,text_SGVsbG8gV29ybGQ,type_notbase64", "250"),
        ("watermark,text_SGVsbG8gV29ybGQ,font_errorFont", "249"),
        ("watermark,text__w", "257"),  # not UTF-8
    ],
)
def test_text_that_is_not_base64_is_refused(text: str, ec: str) -> None:
    with pytest.raises(OSSError, match=r"Input is not base64 decoding\.") as raised:
        parse_process(f"image/{text}")
    assert (raised.value.code, raised.value.ec) == ("BadRequest", f"0040-00000{ec}")


def test_more_than_three_image_watermarks_are_refused() -> None:
    """0040-00000026"""
    one = f"watermark,image_{coded('a.png')}"
    assert len(parse_process("image/" + "/".join([one] * 3)).actions) == 3
    with pytest.raises(OSSError) as raised:
        parse_process("image/" + "/".join([one] * 4))
    assert (raised.value.code, raised.value.ec) == ("WatermarkError", "0040-00000026")


@pytest.mark.parametrize("text", ["image/info/resize,w_1", "image/resize,w_1/average-hue"])
def test_information_cannot_be_combined(text: str) -> None:
    """Query image information"""
    with pytest.raises(OSSError, match="cannot be combined") as raised:
        parse_process(text)
    assert raised.value.code == "BadRequest"


@pytest.mark.parametrize("text", ["", "video/snapshot,t_1", "doc/preview", "resize,w_1"])
def test_other_kinds_are_not_implemented(text: str) -> None:
    with pytest.raises(OSSError) as raised:
        parse_process(text)
    assert raised.value.status == 501


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("image/info|sys/saveas", "MissingArgument"),
        ("image/info|sys/saveas,b_YQ", "MissingArgument"),
        ("image/info|sys/saveas,o_!", "BadRequest"),
        ("image/info|sys/notify,topic_YQ", "InvalidArgument"),
    ],
)
def test_incomplete_place_is_refused(text: str, code: str) -> None:
    with pytest.raises(OSSError) as raised:
        parse_process(text)
    assert raised.value.code == code


def test_body_of_a_post_is_read() -> None:
    assert process.parse_form(b"x-oss-process=image/info|sys/saveas,o_YQ==") == (
        "image/info|sys/saveas,o_YQ=="
    )
    for body in (b"", b"process=image/info", b"\xff"):
        with pytest.raises(OSSError) as raised:
            process.parse_form(body)
        assert raised.value.code == "MissingArgument"


def test_body_of_a_post_may_be_encoded() -> None:
    """I-05: as suites of vendors send it"""
    body = b"x-oss-process=image%2Fwatermark%2Ctext_YW5k%7Csys%2Fsaveas%2Co_YQ%3D%3D"
    text = process.parse_form(body)
    assert text == "image/watermark,text_YW5k|sys/saveas,o_YQ=="
    assert parse_process(text).save_as == SaveAs("", "a")


def test_empty_process_is_refused() -> None:
    """I-05: ProcessObjectRequestNegativeTest of the C++ SDK"""
    with pytest.raises(OSSError) as raised:
        process.parse_form(b"x-oss-process=")
    assert raised.value.code == "InvalidRequest"


def test_text_may_be_plain_base64() -> None:
    """I-05: a `+` stands for the `-` of URL-safe base64"""
    for text in ("image/watermark,text_Pj4-", "image/watermark,text_Pj4+"):
        (action,) = parse_process(text).actions
        assert action.words["text"] == ">>>"


def test_percentage_p_is_for_watermarks_only() -> None:
    """Add watermarks"""
    with pytest.raises(OSSError, match="The value: 30 of parameter: P is invalid") as raised:
        parse_process("image/resize,P_30")
    assert raised.value.code == "InvalidArgument"


def test_watermark_names_its_object_and_how_it_is_prepared() -> None:
    assert process.parse_watermark("a/b.png") == ("a/b.png", ())
    assert process.parse_watermark("p.png?x-oss-process=image/resize,P_30") == (
        "p.png",
        (ImageAction("resize", {"P": 30}),),
    )
    for value in ("p.png?x-oss-process=image/circle,r_3", "p.png?other=1"):
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
