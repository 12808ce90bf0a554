"""Security tokens: only what was issued is accepted."""

from __future__ import annotations

import hmac
from base64 import b32encode, urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.access import Tokens

ROLE = "acs:ram::1000000000000001:role/worker"
MATERIAL = bytes(range(15))

TOKENS = Tokens(b"key")
TOKEN = TOKENS.issue(ROLE, "night", 1000, "", MATERIAL).security_token


def test_token_parses_to_its_grant() -> None:
    grant = TOKENS.parse(TOKEN)
    assert grant is not None
    assert (grant.role, grant.session, grant.expires, grant.policy) == (ROLE, "night", 1000, "")
    assert Tokens(b"other").parse(TOKEN) is None


@pytest.mark.parametrize(
    "text", [TOKEN[4:], "cais" + TOKEN[4:], TOKEN + "!", TOKEN + "!!!!", TOKEN + "\n"]
)
def test_malformed_token_is_refused(text: str) -> None:
    assert TOKENS.parse(text) is None


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_changed_token_is_refused(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert changed == TOKEN or TOKENS.parse(changed) is None


def test_same_bytes_in_another_text_are_refused() -> None:
    """`+` stands for `-` in the usual alphabet of Base64."""
    token = next(
        issued
        for policy in map(str, range(100))
        if "-" in (issued := TOKENS.issue(ROLE, "night", 1000, policy, MATERIAL).security_token)
    )
    assert TOKENS.parse(token) is not None
    assert TOKENS.parse(token.replace("-", "+")) is None


TOKEN_START = 3
"""The bytes that `CAIS` decodes to."""


@given(st.text())
def test_arbitrary_text_is_not_a_token(text: str) -> None:
    assert TOKENS.parse(text) is None
    assert TOKENS.parse("CAIS" + text) is None


def test_token_with_the_longest_policy_fits_into_a_header() -> None:
    policy = "".join(chr(33 + number % 90) for number in range(2048))
    assert len(TOKENS.issue(ROLE, "s" * 64, 10**10, policy, MATERIAL).security_token) < 4096


def test_credentials_follow_from_the_material_and_the_key() -> None:
    made = TOKENS.issue(ROLE, "night", 1000, "", MATERIAL + b"more")
    assert made.access_key_id == f"STS.{b32encode(MATERIAL).decode()}"
    assert made.access_key_secret == TOKENS.secret(made.access_key_id)
    assert len(urlsafe_b64decode(made.access_key_secret)) == 30


def test_token_is_a_signature_of_16_bytes_and_its_grant() -> None:
    sealed = urlsafe_b64decode(TOKEN + "==")
    assert isinstance(sealed, bytes)
    signed = b"token\0" + sealed[TOKEN_START + 16 :]
    assert sealed[TOKEN_START : TOKEN_START + 16] == hmac.digest(b"key", signed, "sha256")[:16]


def test_token_of_any_length_parses_to_its_grant() -> None:
    for size in range(60):
        session = "".join(chr(64 + 37 * place % 60) for place in range(size))
        token = TOKENS.issue(ROLE, session, 1000, "", MATERIAL).security_token
        grant = TOKENS.parse(token)
        assert grant is not None, size
        assert grant.session == session
