"""Checksums combined from those of pieces."""

import pytest
from fastcrc.crc64 import xz
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol.checksums import combine_crc64, format_multipart_etag

pieces = st.lists(st.binary(max_size=300), max_size=8)


@given(pieces)
def test_combined_crcs_equal_the_crc_of_the_whole(parts: list[bytes]) -> None:
    """The CRC of a multipart object is that of its bytes (P-32)."""
    crc64 = 0
    for part in parts:
        crc64 = combine_crc64(crc64, xz(part), len(part))
    assert crc64 == xz(b"".join(parts))


@given(pieces)
def test_combination_is_associative(parts: list[bytes]) -> None:
    crc64, length = 0, 0
    for part in reversed(parts):
        crc64 = combine_crc64(xz(part), crc64, length)
        length += len(part)
    assert crc64 == xz(b"".join(parts))


@pytest.mark.parametrize("length", [0, 1, 7, 100 * 1024, 5 * 1024**2 + 3])
def test_crcs_of_long_pieces_are_combined(length: int) -> None:
    piece = bytes(index % 251 for index in range(length % 1000)) * 3 + bytes(length)
    assert combine_crc64(xz(b"123456789"), xz(piece), len(piece)) == xz(b"123456789" + piece)


def test_crc_has_the_check_value_of_crc_64_xz() -> None:
    """0x995DC9BBDF1939FA is published as the CRC-64/XZ of "123456789"."""
    assert combine_crc64(xz(b"1234"), xz(b"56789"), 5) == 0x995DC9BBDF1939FA


PARTS = (
    '"251AD9D223371CF6380544DF72E106CB"',
    '"215A888785362D10E3F5204BFAB1EEDF"',
    '"547DF973F1622420B4D20B5E7C6D329C"',
    '"B820869246C889A0AD3C54043F2B7E05"',
    '"BCCAB4D694301EB00A03686D12F331A7"',
)
"""The ETags of the parts of 100 KiB of the image that the tests of Go V1 upload."""


def test_multipart_etag_is_the_md5_of_the_parts_etags_as_text() -> None:
    """P-41: the service gives that image this ETag, as the tests of Go V1 expect."""
    assert format_multipart_etag(PARTS) == '"2351E662233817A7AE974D8C5B0876DD-5"'
