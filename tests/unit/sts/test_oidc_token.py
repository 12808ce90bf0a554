"""OIDC tokens: what is verified, in which order, and what a refusal says."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.rpc.errors import RPCError
from oss_emulator.sts import OIDCToken

from tests.issuer import CLIENT, ISSUER, SUBJECT, Issuer
from tests.unit.sts.requests import ACCOUNTS, FIRST, NOW, PROVIDER, SECOND

found = ACCOUNTS.oidc_provider(PROVIDER), ACCOUNTS.oidc_provider(PROVIDER.replace("local", "other"))
assert found[0] is not None
assert found[1] is not None
LOCAL, OTHER = found[0], found[1]


def code(text: str, provider: Any = LOCAL) -> str:
    """The end of the code with which a token is refused, "" for one that is accepted."""
    try:
        OIDCToken.parse(text, provider).check(provider, NOW)
    except RPCError as refusal:
        return refusal.spec().code.removeprefix("AuthenticationFail.OIDCToken.")
    return ""


def test_claims_are_read() -> None:
    token = OIDCToken.parse(FIRST.token(NOW, aud=[CLIENT, "x"], exp=NOW + 1.5), LOCAL)
    assert token == (ISSUER, SUBJECT, (CLIENT, "x"), int(NOW), int(NOW) + 1, 0)


@pytest.mark.parametrize("issuer", [FIRST, SECOND])
@pytest.mark.parametrize("key_id", ["own", None])
def test_each_key_of_the_provider_verifies(issuer: Issuer, key_id: str | None) -> None:
    header = {} if key_id else {"kid": None}
    assert code(issuer.token(NOW, header)) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Invalid"),
        ("a.b", "Invalid"),
        ("a.b.c.d", "Invalid"),
        ("!.!.!", "Invalid"),
        ("YQ.YQ.YQ", "Invalid"),
        ("W10.YQ.YQ", "Invalid"),
        ("x" * 20_001, "InvalidParameter.OIDCToken"),
    ],
)
def test_malformed_token_is_refused(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "ES256", None])
def test_only_rs256_is_accepted(algorithm: str | None) -> None:
    with pytest.raises(RPCError, match=f"The algorithm {algorithm} that be specified"):
        OIDCToken.parse(FIRST.token(NOW, {"alg": algorithm}), LOCAL)


@pytest.mark.parametrize(
    "text",
    [
        Issuer().token(NOW),
        FIRST.token(NOW, {"kid": "second"}),
        FIRST.token(NOW, {"kid": "unknown"}),
        FIRST.token(NOW).rpartition(".")[0] + ".",
        ".".join([*FIRST.token(NOW).split(".")[:2], FIRST.token(NOW + 1).split(".")[2]]),
    ],
    ids=["key of another", "other key id", "unknown key id", "none", "of another token"],
)
def test_wrong_signature_is_refused(text: str) -> None:
    assert code(text) == "InvalidSignature"


def test_keys_are_those_of_the_named_provider() -> None:
    assert code(SECOND.token(NOW), OTHER) == ""
    assert code(FIRST.token(NOW), OTHER) == "InvalidSignature"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"iss": 1},
        {"sub": None},
        {"sub": ""},
        {"aud": None},
        {"aud": [CLIENT, 1]},
        {"iat": None},
        {"iat": "1"},
        {"exp": None},
        {"exp": -1},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"nbf": "1"},
        {"nbf": -1},
    ],
)
def test_missing_or_malformed_claim_is_refused(claims: dict[str, Any]) -> None:
    assert code(FIRST.token(NOW, **claims)) == "Invalid"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iss": f"{ISSUER}/"}, "IssuerNotMatch"),
        ({"aud": "x"}, "AudienceNotMatch"),
        ({"aud": []}, "AudienceNotMatch"),
        ({"aud": ["x", CLIENT]}, ""),
        ({"exp": NOW + 1}, ""),
        ({"exp": NOW}, "Expired"),
        ({"iat": NOW - 12 * 3600}, ""),
        ({"iat": NOW - 12 * 3600 - 1}, "Expired"),
        ({"iat": NOW + 1}, "Invalid"),
        ({"nbf": NOW}, ""),
        ({"nbf": NOW + 1}, "Invalid"),
    ],
)
def test_claims_are_checked(claims: dict[str, Any], expected: str) -> None:
    """A-43: whom a token is for, and when it is valid."""
    assert code(FIRST.token(NOW, **claims)) == expected


def test_provider_limits_the_age_of_tokens() -> None:
    assert code(SECOND.token(NOW, iat=NOW - 3600), OTHER) == ""
    assert code(SECOND.token(NOW, iat=NOW - 3601), OTHER) == "Expired"
