"""GetCallerIdentity: accounts, users and sessions."""

from __future__ import annotations

import pytest

from tests.unit.sts.requests import ask, credentials, parameters, parse


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "owner-key",
            {
                "IdentityType": "Account",
                "AccountId": "1000000000000001",
                "PrincipalId": "1000000000000001",
                "UserId": "1000000000000001",
                "Arn": "acs:ram::1000000000000001:root",
            },
        ),
        (
            "assumer-key",
            {
                "IdentityType": "RAMUser",
                "AccountId": "1000000000000001",
                "PrincipalId": "2000000000000001",
                "UserId": "2000000000000001",
                "Arn": "acs:ram::1000000000000001:user/assumer",
            },
        ),
    ],
)
def test_account_and_user_are_described(key: str, expected: dict[str, str]) -> None:
    answer = parse(ask(parameters("GetCallerIdentity", AccessKeyId=key)))
    answer.pop("RequestId")
    assert answer == expected


def test_session_is_described_and_may_assume_a_role() -> None:
    found = credentials()
    fields = {"AccessKeyId": found["AccessKeyId"], "SecurityToken": found["SecurityToken"]}
    secret = found["AccessKeySecret"]
    answer = parse(ask(parameters("GetCallerIdentity", **fields), secret))
    answer.pop("RequestId")
    assert answer == {
        "IdentityType": "AssumedRoleUser",
        "AccountId": "1000000000000001",
        "PrincipalId": "3000000000000001:night",
        "RoleId": "3000000000000001",
        "Arn": "acs:ram::1000000000000001:assumed-role/worker/night",
    }
    assert ask(parameters(**fields), secret).status == 200
