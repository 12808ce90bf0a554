"""The metadata of client-side encryption, and the parts that it announces (P-53)."""

from __future__ import annotations

import pytest
from oss_emulator.protocol import client_encryption
from oss_emulator.protocol.client_encryption import PREFIX
from oss_emulator.protocol.errors import OSSError

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


@pytest.mark.parametrize("headers", [{"x-oss-meta-part-size": "1"}, WHOLE])
def test_upload_without_sizes_accepts_any_parts(headers: dict[str, str]) -> None:
    assert client_encryption.parse_parts(headers) is None


@pytest.mark.parametrize(("data", "count"), [("1", 1), ("160", 1), ("161", 2), ("1600000", 10000)])
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


@pytest.mark.parametrize(("headers", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_sizes_are_refused(headers: dict[str, str], message: str) -> None:
    with pytest.raises(OSSError, match=f"InvalidEncryptionRequest: {message}"):
        client_encryption.parse_parts(headers)


@pytest.mark.parametrize(
    ("number", "size", "message"),
    [
        (1, 160, None),
        (2, 160, None),
        (3, 80, None),
        (1, 80, "The partSize must same with"),
        (2, 161, "The partSize must same with"),
        (3, 160, "The last partSize must same with"),
        (4, 80, "The partId must less or equal to"),
        (4, 0, None),  # P-90
        (5, 0, "The partId must less or equal to"),
    ],
)
def test_part_has_the_announced_size(number: int, size: int, message: str | None) -> None:
    parts = client_encryption.EncryptedParts(400, 160)
    if message is None:
        parts.check_part(number, size)
        return
    with pytest.raises(OSSError, match=message):
        parts.check_part(number, size)


@pytest.mark.parametrize("count", [0, 2, 5])
def test_list_has_the_announced_number_of_parts(count: int) -> None:
    parts = client_encryption.EncryptedParts(400, 160)
    parts.check_count(3)
    parts.check_count(4)  # the last one is empty: P-90
    with pytest.raises(OSSError, match="The client encryption part list is unexpected"):
        parts.check_count(count)
