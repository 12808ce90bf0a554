"""The headers stored with an object, and their checks."""

import pytest
from oss_emulator.protocol import headers
from oss_emulator.protocol.errors import OSSError


def test_standard_headers_and_metadata_are_kept() -> None:
    sent = {"cache-control": "no-cache", "x-oss-meta-a": "1", "x-oss-acl": "private", "host": "h"}
    assert headers.select_stored(sent) == {
        "Content-Type": "application/octet-stream",
        "Cache-Control": "no-cache",
        "x-oss-meta-a": "1",
    }
    assert headers.sends_metadata(sent)
    assert not headers.sends_metadata({"host": "h"})


def test_metadata_has_a_limit() -> None:
    name = "x-oss-meta-a"
    assert headers.select_stored({name: "v" * (headers.MAX_META - 1)})
    for value in ("v" * headers.MAX_META, "\udcd6\udcd0" * (headers.MAX_META // 2)):
        with pytest.raises(OSSError, match="User metadata has 8193 bytes; at most 8192 are"):
            headers.select_stored({name: value})


@pytest.mark.parametrize("value", ["\ud83d", "a\nb", "\x7f"])
def test_value_that_does_not_fit_into_a_header_is_refused(value: str) -> None:
    with pytest.raises(OSSError, match="cannot contain"):
        headers.text("x-oss-meta-a", value)


@pytest.mark.parametrize("value", ["", "a b", "中", "a\tb", "\udcd6\udcd0"])
def test_other_values_are_returned(value: str) -> None:
    """P-57: bytes that are not UTF-8 come as surrogates, here \u4e2d in GBK."""
    assert headers.text("x-oss-meta-a", value) == value


def test_surrogates_are_encoded_as_their_bytes() -> None:
    assert headers.encode("a\udcff") == b"a\xff"


def test_unknown_storage_class_error_lists_the_known_ones() -> None:
    assert headers.storage_class({}, "IA") == "IA"
    assert headers.storage_class({"x-oss-storage-class": "Archive"}, "IA") == "Archive"
    with pytest.raises(OSSError) as caught:
        headers.storage_class({"x-oss-storage-class": "Foo"}, "IA")
    assert caught.value.message == (
        "Storage class 'Foo' is unknown; use Standard, IA, Archive, ColdArchive or DeepColdArchive."
    )


KMS = {headers.ENCRYPTION: "KMS"}
KEY_ID = f"{headers.ENCRYPTION}-key-id"
DATA = "x-oss-server-side-data-encryption"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {}),
        ({KEY_ID: "k"}, {}),
        ({headers.ENCRYPTION: "AES256", KEY_ID: "k", DATA: "SM4"}, {headers.ENCRYPTION: "AES256"}),
        (KMS, {**KMS, KEY_ID: headers.DEFAULT_KEY_ID}),
        ({**KMS, KEY_ID: "k", DATA: "SM4"}, {**KMS, KEY_ID: "k", DATA: "SM4"}),
    ],
)
def test_encryption_is_selected(sent: dict[str, str], expected: dict[str, str]) -> None:
    assert headers.encryption(sent) == expected
    assert headers.encryption_of({**expected, "Content-Type": "a"}) == expected
    assert headers.without_encryption({**expected, "Content-Type": "a"}) == {"Content-Type": "a"}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({headers.ENCRYPTION: "DES"}, "InvalidEncryptionAlgorithmError"),
        ({**KMS, DATA: "AES256"}, "InvalidDataEncryptionAlgorithmError"),
    ],
)
def test_unknown_encryption_is_refused(sent: dict[str, str], code: str) -> None:
    with pytest.raises(OSSError, match=code):
        headers.encryption(sent)


def test_encryption_of_a_later_request_is_refused() -> None:
    headers.refuse_encryption({KEY_ID: "k"})
    with pytest.raises(OSSError, match="InitiateMultipartUpload"):
        headers.refuse_encryption(KMS)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("TRUE", True), ("1", False)])
def test_only_true_sets_a_flag(value: str, expected: bool) -> None:
    assert headers.flag({"x": value}, "x") is expected
    assert headers.flag({}, "x") is False


def test_location_is_ascii() -> None:
    assert headers.location("http://h/ä?a=%20&b=1#c") == "http://h/%C3%A4?a=%20&b=1#c"
