"""One request on one image: order, animations, and random actions."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oss_emulator.imaging.processing import ProcessedImage, process
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.process import parse_process
from PIL import Image

from tests.thorough import cases
from tests.unit.imaging.drawing import animation, change, encode, gradient, quarters

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


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
@pytest.mark.parametrize(
    ("asked", "frames"),
    [
        ("resize,w_40", 3),
        ("resize,m_fixed,w_40,h_40", 3),
        ("crop,w_20,h_20", 3),
        ("resize,w_40/crop,w_10", 3),
        ("resize,p_50", 1),  # Resize images: static if resized by percentage
        ("rotate,90", 1),
        ("blur,r_3,s_2", 1),
        ("format,png", 1),
        ("resize,w_40/format,jpg", 1),
    ],
)
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
        return process(source, parse_process(text).actions, {"mark": MARK})
    except OSSError as error:
        return error
