"""The names of identities in policies."""

from __future__ import annotations

import pytest
from oss_emulator.access import Identity, Kind, PolicyType


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
