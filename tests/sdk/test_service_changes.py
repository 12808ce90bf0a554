"""The service of a day and of a new account, as the clients meet it (P-45, P-60)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import alibabacloud_oss_v2 as oss
import oss2
import pytest
from oss_emulator import Emulator

from tests.sdk import v2

BUCKET = "new-bucket"


@contextmanager
def asking(emulator: Emulator) -> Iterator[v2.Ask]:
    """Calls of SDK V2 with the key of the owner."""
    key = (emulator.access_key_id, emulator.access_key_secret)
    provider = oss.credentials.StaticCredentialsProvider(*key)
    with v2.asking("sync", emulator.endpoint, provider) as ask:
        yield ask


def is_blocked(ask: v2.Ask) -> bool:
    info = ask(oss.GetBucketInfoRequest(bucket=BUCKET)).bucket_info
    return bool(info.block_public_access)


@pytest.mark.parametrize(
    ("settings", "blocked"),
    [
        ({}, False),
        ({"as_of": "2025-10-12"}, False),
        ({"as_of": "2025-10-13"}, True),
        ({"new_account": True}, True),
    ],
)
def test_created_bucket_blocks_public_access_since_a_date(
    settings: dict[str, Any], blocked: bool
) -> None:
    """P-45"""
    with Emulator(**settings) as emulator, asking(emulator) as ask:
        ask(oss.PutBucketRequest(bucket=BUCKET))
        assert is_blocked(ask) is blocked
        if blocked:
            error = ask.fails(oss.PutBucketAclRequest(bucket=BUCKET, acl="public-read"))
            assert (error.status_code, error.code) == (403, "AccessDenied")
            off = oss.PublicAccessBlockConfiguration(block_public_access=False)
            ask(
                oss.PutBucketPublicAccessBlockRequest(
                    bucket=BUCKET, public_access_block_configuration=off
                )
            )
            assert not is_blocked(ask)
        ask(oss.PutBucketAclRequest(bucket=BUCKET, acl="public-read"))
        assert ask(oss.GetBucketAclRequest(bucket=BUCKET)).acl == "public-read"


def test_bucket_of_a_test_is_public_if_it_says_so() -> None:
    """P-45: the emulator's own buckets are not created through the API."""
    with Emulator(as_of="2025-10-13") as emulator:
        emulator.bucket(BUCKET, acl="public-read").put_object("a", b"content")
        anonymous = oss2.Bucket(oss2.AnonymousAuth(), emulator.endpoint, BUCKET)
        assert anonymous.get_object("a").read() == b"content"


def list_buckets(emulator: Emulator, auth: Any) -> Any:
    return oss2.Service(auth, emulator.endpoint, region=emulator.region).list_buckets()


def get_object(emulator: Emulator, auth: Any) -> Any:
    return oss2.Bucket(auth, emulator.endpoint, BUCKET, region=emulator.region).get_object("a")


@pytest.mark.parametrize(
    ("settings", "closed"),
    [
        ({}, ()),
        ({"as_of": "2025-08-31"}, ()),
        ({"as_of": "2025-09-01"}, (get_object,)),
        ({"as_of": "2025-02-28", "new_account": True}, ()),
        ({"as_of": "2025-03-01", "new_account": True}, (list_buckets, get_object)),
    ],
)
def test_version_1_is_closed_to_new_buckets_and_new_accounts(
    settings: dict[str, Any], closed: tuple[Callable[[Emulator, Any], Any], ...]
) -> None:
    """P-60"""
    with Emulator(**settings) as emulator:
        emulator.bucket(BUCKET).put_object("a", b"content")
        key = (emulator.access_key_id, emulator.access_key_secret)
        for call in (list_buckets, get_object):
            call(emulator, oss2.AuthV4(*key))
            if call not in closed:
                call(emulator, oss2.Auth(*key))
                continue
            with pytest.raises(oss2.exceptions.AccessDenied) as caught:
                call(emulator, oss2.Auth(*key))
            assert (caught.value.status, caught.value.ec) == (403, "0002-00000080")


@pytest.mark.parametrize("given", ["13.10.2025", "2025-13-01"])
def test_bad_date_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        Emulator(as_of=given)
