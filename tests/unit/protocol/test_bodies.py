"""Bodies: checksums, client-side encryption, gzip, and the frames of SelectObject."""

from __future__ import annotations

import pytest
from fastcrc.crc64 import xz
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol import client_encryption, conditions, select
from oss_emulator.protocol.checksums import combine_crc64, format_multipart_etag
from oss_emulator.protocol.client_encryption import PREFIX
from oss_emulator.protocol.errors import OSSError

from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")


# --- Checksums combined from those of pieces

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


@rows("length", 0, 1, 7, 100 * 1024, 5 * 1024**2 + 3)
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


# --- The metadata of client-side encryption, and the parts that it announces (P-53)

WHOLE = {f"{PREFIX}{name}": "x" for name in ("key", "start", "cek-alg", "wrap-alg")}


def sizes(data: str, part: str) -> dict[str, str]:
    return {**WHOLE, f"{PREFIX}data-size": data, f"{PREFIX}part-size": part}


def test_incomplete_metadata_is_refused() -> None:
    client_encryption.check({"x-oss-meta-a": "1"})
    client_encryption.check({**WHOLE, f"{PREFIX}matdesc": "{}"})
    for missing in WHOLE:
        with pytest.raises(OSSError, match="InvalidEncryptionRequest: Miss some necessary"):
            client_encryption.check({name: "x" for name in WHOLE if name != missing})
    with pytest.raises(OSSError, match="Miss some necessary"):
        client_encryption.check({f"{PREFIX}part-size": "16"})


@rows("headers", {"x-oss-meta-part-size": "1"}, WHOLE)
def test_upload_without_sizes_accepts_any_parts(headers: dict[str, str]) -> None:
    assert client_encryption.parse_parts(headers) is None


@rows(("data", "count"), ("1", 1), ("160", 1), ("161", 2), ("1600000", 10000))
def test_count_of_parts_follows_from_their_size(data: str, count: int) -> None:
    parts = client_encryption.parse_parts(sizes(data, "160"))
    assert parts is not None
    assert parts.total == count


INVALID = "The client encryption meta data_size or part_size is invalid."

UNUSABLE = {
    "no data size": ({**WHOLE, f"{PREFIX}part-size": "16"}, "Miss some necessary"),
    "no part size": ({**WHOLE, f"{PREFIX}data-size": "16"}, "Miss some necessary"),
    "data size 0": (sizes("0", "16"), INVALID),
    "part size 0": (sizes("16", "0"), INVALID),
    "half a block": (sizes("100", "24"), INVALID),
    "negative": (sizes("-1", "16"), INVALID),
    "not a number": (sizes("x", "16"), INVALID),
    "10,001 parts": (sizes("160001", "16"), "The parts count calculated by"),
}


@rows(("headers", "message"), *UNUSABLE.values())
def test_unusable_sizes_are_refused(headers: dict[str, str], message: str) -> None:
    with pytest.raises(OSSError, match=f"InvalidEncryptionRequest: {message}"):
        client_encryption.parse_parts(headers)


@rows(
    ("number", "size", "message"),
    (1, 160, None),
    (2, 160, None),
    (3, 80, None),
    (1, 80, "The partSize must same with"),
    (2, 161, "The partSize must same with"),
    (3, 160, "The last partSize must same with"),
    (4, 80, "The partId must less or equal to"),
    (4, 0, None),  # P-90
    (5, 0, "The partId must less or equal to"),
)
def test_part_has_the_announced_size(number: int, size: int, message: str | None) -> None:
    parts = client_encryption.EncryptedParts(400, 160)
    if message is None:
        parts.check_part(number, size)
        return
    with pytest.raises(OSSError, match=message):
        parts.check_part(number, size)


@rows("count", 0, 2, 5)
def test_list_has_the_announced_number_of_parts(count: int) -> None:
    parts = client_encryption.EncryptedParts(400, 160)
    parts.check_count(3)
    parts.check_count(4)  # the last one is empty: P-90
    with pytest.raises(OSSError, match="The client encryption part list is unexpected"):
        parts.check_count(count)


# --- When GetObject answers gzip (P-37)

TEXT = {"Content-Type": "text/plain; charset=utf-8", "ETag": '"A"', "Content-MD5": "a"}


@rows(("accept_encoding", "applies"), *CASES["client_must_accept_gzip"])
def test_client_must_accept_gzip(accept_encoding: str, applies: bool) -> None:
    assert conditions.takes_gzip(accept_encoding, TEXT, conditions.MIN_SIZE) is applies


def test_object_must_be_large_and_of_a_compressible_type() -> None:
    size = conditions.MIN_SIZE
    assert not conditions.takes_gzip("gzip", TEXT, size - 1)
    assert not conditions.takes_gzip("gzip", {"Content-Type": "image/png"}, size)
    assert not conditions.takes_gzip("gzip", {**TEXT, "Content-Encoding": "br"}, size)


def test_gzip_answer_has_vary_and_no_header_of_the_stored_bytes() -> None:  # P-48
    assert conditions.describe_gzip(TEXT) == {
        "Content-Type": TEXT["Content-Type"],
        "Content-Encoding": "gzip",
        "Vary": "Accept-Encoding",
    }


# --- Frames, compared with frames of the service that the tests of SDK V2 (Go) have


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
