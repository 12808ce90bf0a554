"""The kept policy of a bucket."""

from __future__ import annotations

import pytest
from oss_emulator.access import PolicyError
from oss_emulator.documents import policy

EVERYBODY = (
    b'{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject",'
    b'"Principal":"*","Resource":"acs:oss:*:*:bucket/*"}]}'
)


def test_new_bucket_has_no_policy() -> None:
    assert policy.of({}) is None


def test_kept_policy_is_read() -> None:
    found = policy.of({"policy": EVERYBODY})
    assert found is not None
    assert found.public


def test_damaged_policy_is_an_error() -> None:
    with pytest.raises(PolicyError):
        policy.of({"policy": b"{"})
