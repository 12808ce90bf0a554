"""The key of an HMAC, beside the standard library's."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol.signature.key import SigningKey


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@given(key=st.binary(max_size=200), first=st.binary(), second=st.binary())
def test_it_signs_as_hmac_does_again_and_again(
    algorithm: str, key: bytes, first: bytes, second: bytes
) -> None:
    signing_key = SigningKey.begin(key, algorithm)
    for data in (first, second):
        assert signing_key.sign(data) == hmac.digest(key, data, algorithm)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 1000])
def test_a_key_is_of_any_length(length: int) -> None:
    key = b"k" * length
    assert SigningKey.begin(key, "sha1").sign(b"data") == hmac.digest(key, b"data", "sha1")
