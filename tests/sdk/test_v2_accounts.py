"""SDK V2 and permissions: denials, requester pays, public access."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from lxml import etree
from oss_emulator import Emulator

from tests.sdk import v2
from tests.sdk.accounts import PAYER, bucket, statement

BUCKET = "examplebucket"


@contextmanager
def asking(emulator: Emulator, *credentials: str) -> Iterator[v2.Ask]:
    """Calls signed with a key, its secret and perhaps a token."""
    provider = oss.credentials.StaticCredentialsProvider(*credentials)
    with v2.asking("sync", emulator.endpoint, provider) as ask:
        yield ask


def test_user_with_get_permission_may_not_put_rules(emulator: Emulator) -> None:
    rules = oss.RefererConfiguration(
        allow_empty_referer=True, referer_list=oss.RefererList(referers=["http://a/"])
    )
    put = oss.PutBucketRefererRequest(bucket=BUCKET, referer_configuration=rules)
    with asking(emulator, "rules-reader", "secret of rules-reader") as ask:
        found = ask(oss.GetBucketRefererRequest(bucket=BUCKET)).referer_configuration
        assert found.allow_empty_referer is True
        error = ask.fails(put)
    assert (error.status_code, error.code, error.ec) == (403, "AccessDenied", "0003-00000905")
    told = etree.fromstring(error.snapshot).find("AccessDeniedDetail")
    assert told is not None
    assert told.findtext("AuthAction") == "oss:PutBucketReferer"
    assert told.findtext("NoPermissionType") == "ImplicitDeny"


def test_requester_pays_when_it_agrees(emulator: Emulator) -> None:
    owner = bucket(emulator, "owner")
    owner.put_bucket_policy(statement("Allow", "oss:*", [PAYER]))
    owner.put_bucket_request_payment("Requester")
    with asking(emulator, "payer", "secret of payer") as ask:
        error = ask.fails(oss.PutObjectRequest(bucket=BUCKET, key="b", body=b""))
        assert (error.code, error.ec) == ("AccessDenied", "0003-00000703")
        paid = oss.HeadObjectRequest(bucket=BUCKET, key="a", request_payer="requester")
        assert ask(paid).request_charged == "requester"


MAKES_PUBLIC: list[Callable[[], Any]] = [
    lambda: oss.PutBucketAclRequest(bucket=BUCKET, acl="public-read"),
    lambda: oss.PutObjectAclRequest(bucket=BUCKET, key="a", acl="public-read"),
    lambda: oss.PutObjectRequest(bucket=BUCKET, key="b", body=b"", acl="public-read"),
    lambda: oss.PutBucketPolicyRequest(
        bucket=BUCKET, body=statement("Allow", "oss:GetObject", ["*"])
    ),
]


@pytest.mark.parametrize("make", MAKES_PUBLIC)
def test_public_access_block_refuses_public_acls(
    emulator: Emulator, make: Callable[[], Any]
) -> None:
    block = oss.PutBucketPublicAccessBlockRequest(
        bucket=BUCKET,
        public_access_block_configuration=oss.PublicAccessBlockConfiguration(
            block_public_access=True
        ),
    )
    with asking(emulator, "owner", "secret of owner") as ask:
        ask(block)
        assert ask.fails(make()).code == "AccessDenied"
        ask(oss.DeleteBucketPublicAccessBlockRequest(bucket=BUCKET))
        assert ask(make()).status_code == 200
