"""ListBuckets through oss2."""

from __future__ import annotations

from typing import Any

import oss2
import pytest
from oss2.utils import iso8601_to_unixtime

from tests.http.client import Client
from tests.http.live import ANONYMOUS, REGION, Live, serve

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


@pytest.mark.parametrize(
    ("arguments", "names", "next_marker"),
    [
        ({}, NAMES, ""),
        ({"prefix": "beta"}, ["beta-1", "beta-2"], ""),
        ({"prefix": "Beta"}, [], ""),
        ({"marker": "alpha-2"}, ["beta-1", "beta-2", "gamma"], ""),
        ({"marker": "alpha-3"}, ["beta-1", "beta-2", "gamma"], ""),
        ({"marker": "zeta"}, [], ""),
        ({"prefix": "alpha", "marker": "alpha-1"}, ["alpha-2"], ""),
        ({"max_keys": 1}, ["alpha-1"], "alpha-1"),
        ({"max_keys": 2, "marker": "alpha-2"}, ["beta-1", "beta-2"], "beta-2"),
        ({"max_keys": 5}, NAMES, ""),
        ({"max_keys": 1000}, NAMES, ""),
        ({"prefix": "alpha", "max_keys": 1}, ["alpha-1"], "alpha-1"),
    ],
)
def test_buckets_come_by_name_from_a_marker_on(
    service: oss2.Service, arguments: dict[str, Any], names: list[str], next_marker: str
) -> None:
    result = service.list_buckets(**arguments)
    assert [bucket.name for bucket in result.buckets] == names
    assert (result.is_truncated, result.next_marker) == (bool(next_marker), next_marker)


def test_the_iterator_finds_every_bucket(service: oss2.Service) -> None:
    found = [bucket.name for bucket in oss2.BucketIterator(service, max_keys=2)]
    assert found == NAMES


def test_a_bucket_comes_with_what_a_client_needs(five: Live, service: oss2.Service) -> None:
    """P-33: an ExtranetEndpoint that can be used."""
    result = service.list_buckets(prefix="gamma")
    (found,) = result.buckets
    assert (found.location, found.region) == (f"oss-{REGION}", REGION)
    assert found.storage_class == oss2.BUCKET_STORAGE_CLASS_STANDARD
    assert result.owner.id == result.owner.display_name
    assert result.owner.id.isdigit()
    assert found.intranet_endpoint
    again = oss2.Bucket(service.auth, found.extranet_endpoint, found.name, region=REGION)
    assert again.get_bucket_info().name == "gamma"
    # The info has it as text, the list as a number.
    created = iso8601_to_unixtime(again.get_bucket_info().creation_date)
    assert created == found.creation_date > 0


@pytest.mark.parametrize("max_keys", ["0", "1001", "-1", "ten", "1e2", "٣"])
def test_a_limit_out_of_range_is_refused(service: oss2.Service, max_keys: str) -> None:
    with pytest.raises(oss2.exceptions.InvalidArgument) as caught:
        service.list_buckets(max_keys=max_keys)
    error = caught.value
    assert (error.name, error.value) == ("max-keys", max_keys)
    assert error.message == "Argument max-keys must be an integer between 1 and 1000."
    assert error.ec == "0017-00000289"


def test_nobody_may_list_buckets(five: Live) -> None:
    with pytest.raises(oss2.exceptions.AccessDenied) as caught:
        oss2.Service(ANONYMOUS, five.endpoint).list_buckets()
    assert caught.value.ec == "0003-00001201"


def test_a_hundred_buckets_come_where_no_limit_is_given(owner: Any) -> None:
    """GetService: max-keys is 100 by default; 100 is what one account may have."""
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
