"""The names of identities in policies."""

from __future__ import annotations

import pytest
from oss_emulator.access import ANONYMOUS, Identity, Kind, PolicyType


@pytest.mark.parametrize(
    ("identity", "names"),
    [
        (Identity("1"), ()),
        (Identity("1", kind=Kind.USER, name="u"), ("acs:ram::1:root", "acs:ram::1:user/u")),
        (
            Identity("1", kind=Kind.SESSION, name="r", session="s"),
            ("acs:ram::1:root", "acs:ram::1:role/r"),
        ),
    ],
)
def test_identity_has_its_names_in_trust_policies(
    identity: Identity, names: tuple[str, ...]
) -> None:
    assert identity.names(PolicyType.TRUST) == names


ACCOUNT = Identity("1")
USER = Identity("1", kind=Kind.USER, principal_id="2", name="u")
SESSION = Identity("1", kind=Kind.SESSION, principal_id="3", name="r", session="s")


@pytest.mark.parametrize(
    ("identity", "arn", "principal", "in_bucket_policies"),
    [
        (ACCOUNT, "acs:ram::1:root", "1", "1"),
        (USER, "acs:ram::1:user/u", "2", "2"),
        (SESSION, "acs:ram::1:assumed-role/r/s", "3:s", "arn:sts::1:assumed-role/r/s"),
    ],
)
def test_identity_has_a_name_for_each_question(
    identity: Identity, arn: str, principal: str, in_bucket_policies: str
) -> None:
    assert (identity.arn, identity.principal) == (arn, principal)
    assert identity.names(PolicyType.BUCKET) == (in_bucket_policies,)
    assert not identity.anonymous


def test_only_the_identity_without_an_account_is_anonymous() -> None:
    assert ANONYMOUS.anonymous
