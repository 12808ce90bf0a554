"""Which ACLs grant something to everybody."""

import pytest
from oss_emulator.access import BucketAcl, ObjectAcl

PUBLIC = {"public-read", "public-read-write"}


@pytest.mark.parametrize("acl", [*BucketAcl, *ObjectAcl], ids=str)
def test_public_acls_are_known(acl: BucketAcl | ObjectAcl) -> None:
    assert acl.public is (acl in PUBLIC)
