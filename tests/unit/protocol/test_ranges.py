"""The Range header: valid and ignored ones (GetObject, x-oss-range-behavior)."""

import pytest
from oss_emulator.protocol import conditions
from oss_emulator.protocol.errors import OSSError

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "selected"),
    [
        ("bytes=0-499", (0, 500)),
        ("bytes=500-999", (500, 500)),
        ("bytes=-500", (500, 500)),
        ("bytes=500-", (500, 500)),
        ("bytes=0-", (0, 1000)),
        ("bytes=999-999", (999, 1)),
        ("bytes=-1000", (0, 1000)),
        ("bytes=1-2,", (1, 2)),  # P-90
        ("bytes=1-2,a-c", (1, 2)),
    ],
)
@pytest.mark.parametrize("standard", [False, True])
def test_valid_range_is_parsed(header: str, selected: tuple[int, int], standard: bool) -> None:
    assert conditions.parse_range(header, SIZE, standard=standard) == selected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "bytes=0-1, -6",
        "bytes=,0-1",
        "bytes=--5",
        "bytes=+1-2",
        "bytes=1_0-20",
        "bytes=٣-٤",
        "items=0-5",
        "bytes=" + "9" * 40 + "-",
    ],
)
@pytest.mark.parametrize("standard", [False, True])
def test_malformed_range_means_the_whole_object(header: str | None, standard: bool) -> None:
    assert conditions.parse_range(header, SIZE, standard=standard) is None


@pytest.mark.parametrize(
    "header", ["bytes=500-2000", "bytes=1000-2000", "bytes=1000-", "bytes=-2000", "bytes=-0"]
)
def test_range_past_the_end_means_the_whole_object(header: str) -> None:
    assert conditions.parse_range(header, SIZE) is None


def test_standard_behavior_cuts_at_the_end() -> None:
    assert conditions.parse_range("bytes=500-2000", SIZE, standard=True) == (500, 500)
    assert conditions.parse_range("bytes=-2000", SIZE, standard=True) == (0, 1000)


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=1000-2000", SIZE), ("bytes=0-", 0), ("bytes=-0", SIZE)]
)
def test_standard_behavior_refuses_a_start_past_the_end(header: str, size: int) -> None:
    with pytest.raises(OSSError) as caught:
        conditions.parse_range(header, size, standard=True)
    assert caught.value.status == 416
    assert caught.value.headers == {"Content-Range": f"bytes */{size}"}
