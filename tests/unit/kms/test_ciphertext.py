"""Ciphertexts: every change to one, to its context or to the key of the server is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from oss_emulator.kms.ciphertext import NONCE_SIZE, Ciphertext, CiphertextError

ARN = "acs:kms:cn-hangzhou:1000000000000001:key/mine"
KEY = b"the key of the server"
NONCE = bytes(range(NONCE_SIZE))


def encrypt(plaintext: bytes = b"plaintext", context: bytes = b"{}", arn: str = ARN) -> str:
    return Ciphertext.encrypt(arn, plaintext, context=context, server_key=KEY, nonce=NONCE).format()


def decrypt(text: str, context: bytes = b"{}", key: bytes = KEY) -> bytes:
    return Ciphertext.parse(text).decrypt(context=context, server_key=key)


@given(some.binary(), some.binary(), some.text("abc:/-1", min_size=1))
def test_ciphertext_decrypts_to_its_plaintext(plaintext: bytes, context: bytes, arn: str) -> None:
    """P-89"""
    text = encrypt(plaintext, context, arn)
    assert decrypt(text, context) == plaintext
    assert Ciphertext.parse(text).arn == arn


@given(some.data())
def test_changed_ciphertext_is_refused(data: some.DataObject) -> None:
    text = encrypt()
    index = data.draw(some.integers(0, len(text) - 1))
    character = data.draw(some.characters(codec="utf-8").filter(lambda it: it != text[index]))
    with pytest.raises(CiphertextError):
        decrypt(text[:index] + character + text[index + 1 :])


@given(some.integers(0, len(encrypt()) - 1))
def test_shortened_ciphertext_is_refused(length: int) -> None:
    with pytest.raises(CiphertextError):
        decrypt(encrypt()[:length])


@given(some.text())
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(CiphertextError):
        decrypt(text)


@pytest.mark.parametrize(("context", "key"), [(b'{"a": "b"}', KEY), (b"{}", b"another key")])
def test_other_context_or_server_is_refused(context: bytes, key: bytes) -> None:
    with pytest.raises(CiphertextError):
        decrypt(encrypt(), context, key)


def test_each_key_has_a_key_of_its_own() -> None:
    found = Ciphertext.parse(encrypt())
    with pytest.raises(CiphertextError):
        found._replace(arn=f"{ARN}2").decrypt(context=b"{}", server_key=KEY)
