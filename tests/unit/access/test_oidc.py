"""OIDC providers: the keys in a JSON Web Key Set, and invalid key sets."""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode

import pytest
from oss_emulator.access import JWKSError, OIDCProvider, parse_jwks

from tests.issuer import Issuer

ISSUER = Issuer("first")
EC = {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}


def test_keys_of_other_kinds_are_ignored() -> None:
    (key,) = parse_jwks({"keys": [EC, *ISSUER.keys, 1]})
    assert key.id == "first"


def test_key_verifies_what_it_signed() -> None:
    content, _, text = ISSUER.sign({}, {}).rpartition(".")
    signature = urlsafe_b64decode(f"{text}==")
    (key,) = parse_jwks(ISSUER.jwks)
    assert key.verifies(signature, content.encode())
    assert not key.verifies(signature, b"other")
    assert not key.verifies(b"", content.encode())


def test_provider_has_a_resource_name() -> None:
    provider = OIDCProvider("1", "local", "https://issuer.example.com", (), (), 12)
    assert provider.arn == "acs:ram::1:oidc-provider/local"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is not valid JSON: "),
        ("[" * 100_000, "it is not valid JSON: "),
        ("[]", "it must be an object such as "),
        ('{"keys": {}}', "it must be an object such as "),
        ('{"keys": []}', "it has no key whose kty is RSA"),
        (json.dumps({"keys": [EC]}), "it has no key whose kty is RSA"),
        ('{"keys": [{"kty": "RSA", "kid": "a"}]}', "the key 'a' is not an RSA public key: "),
        ('{"keys": [{"kty": "RSA", "n": 1, "e": 1}]}', "the key '' is not an RSA public key: "),
        ('{"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}', "is not an RSA public key: "),
        ('{"keys": [{"kty": "RSA", "n": "AQ", "e": "AA"}]}', "is not an RSA public key: "),
    ],
)
def test_bad_key_set_is_refused(text: str, message: str) -> None:
    with pytest.raises(JWKSError) as caught:
        parse_jwks(text)
    assert message in str(caught.value)


def test_number_with_other_characters_is_refused() -> None:
    (key,) = ISSUER.keys
    with pytest.raises(JWKSError, match="is not an RSA public key"):
        parse_jwks({"keys": [{**key, "n": key["n"] + "!!!!"}]})


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.rsa", None)
    with pytest.raises(JWKSError, match=r"run pip install cryptography"):
        parse_jwks(ISSUER.jwks)
