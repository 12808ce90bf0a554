"""Frames, compared with frames of the service that the tests of SDK V2 (Go) have."""

from __future__ import annotations

from oss_emulator.protocol import select


def test_csv_meta_end_is_that_of_the_service() -> None:
    """Q-10, Q-13"""
    expected = (
        "0180000600000025000000000000000000012efc0000000000012efc000000c800000001"
        "0000000000000130000000182ebf898940"
    )
    assert select.meta_end(77564, 1, 304, 24).hex() == expected


def test_kept_meta_was_not_scanned() -> None:
    """Q-13"""
    expected = (
        "018000060000002500000000000000000000000000000000000000000000000000c800000001"
        "0000000000000130000000182e46a93f70"
    ).replace(
        "00000000000000000000000000000000000000000000000000c8", "0" * 8 + "0" * 32 + "000000c8"
    )
    assert select.meta_end(0, 1, 304, 24).hex() == expected


def test_json_meta_end_has_no_columns() -> None:
    """Q-13"""
    expected = (
        "018000070000002100000000000000000002"
        "78f700000000000278f7000000c80000000100000000000000642e6e6a03f9"
    )
    assert select.meta_end(162039, 1, 100, None).hex() == expected


def test_checked_end_is_that_of_the_service() -> None:
    """Q-11"""
    expected = "01800005000000140000000000000000000009370000000000000937000000c87a38f066"
    assert select.end(2359, 2359, 200, checked=True).hex() == expected


def test_unchecked_frames_have_no_checksum() -> None:
    """Q-11"""
    expected = "01800001000000110000000000000000000000086162637c6465660d0a00000000"
    assert select.data(8, b"abc|def\r\n", checked=False).hex() == expected
    assert select.continuous(8, checked=False).hex() == (
        "018000040000000800000000000000000000000800000000"
    )


def test_error_follows_the_status() -> None:
    """Q-14"""
    frame = select.end(1, 1, 400, "InvalidCsvLine.Why", checked=False)
    assert frame[28:32] == b"\0\0\1\x90"
    assert frame[32:-4] == b"InvalidCsvLine.Why"
