"""ListBuckets through oss2."""

from __future__ import annotations

from typing import Any

import oss2
import pytest
from oss2.utils import iso8601_to_unixtime

from tests.client import REGION, Client, Live, serve

NAMES = ["alpha-1", "alpha-2", "beta-1", "beta-2", "gamma"]


@pytest.fixture(scope="module")
def five() -> Any:
    """A server of its own with five buckets."""
    with serve() as running:
        for name in reversed(NAMES):
            running.put_bucket(name)
        yield running


@pytest.fixture
def service(five: Live, owner: Any) -> oss2.Service:
    return oss2.Service(owner, five.endpoint, region=REGION)


def test_iterator_finds_every_bucket(service: oss2.Service) -> None:
    found = [bucket.name for bucket in oss2.BucketIterator(service, max_keys=2)]
    assert found == NAMES


def test_bucket_is_listed_with_an_endpoint_that_works(five: Live, service: oss2.Service) -> None:
    """P-33"""
    result = service.list_buckets(prefix="gamma")
    (found,) = result.buckets
    assert (found.location, found.region) == (f"oss-{REGION}", REGION)
    assert found.storage_class == oss2.BUCKET_STORAGE_CLASS_STANDARD
    assert result.owner.id == result.owner.display_name
    assert result.owner.id.isdigit()
    assert found.intranet_endpoint
    again = oss2.Bucket(service.auth, found.extranet_endpoint, found.name, region=REGION)
    assert again.get_bucket_info().name == "gamma"
    # Text in the info, a number in the list.
    created = iso8601_to_unixtime(again.get_bucket_info().creation_date)
    assert created == found.creation_date > 0


def test_account_may_have_100_buckets_and_all_are_listed(owner: Any) -> None:
    """GetService: max-keys is 100 by default, and an account may have 100 buckets."""
    with serve() as running:
        for number in range(100):
            running.put_bucket(f"bucket-{number:03}")
        client = Client(running.host, running.port)
        service = oss2.Service(owner, running.endpoint, region=REGION)
        assert len(service.list_buckets().buckets) == 100
        with pytest.raises(oss2.exceptions.ServerError) as caught:
            running.bucket("one-too-many", owner).create_bucket()
        assert (caught.value.status, caught.value.code) == (400, "TooManyBuckets")
        assert client.get("/one-too-many").code == "NoSuchBucket"
