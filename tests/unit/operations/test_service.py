"""ListBuckets: names, markers, tags."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from tests.unit.operations.service import Answer, Caller

NAMES = ["alpha-1", "alpha-2", "beta-1", "beta-2", "gamma"]


@pytest.fixture
def ask() -> Caller:
    """A service with five buckets."""
    caller = Caller()
    for name in reversed(NAMES):
        assert caller("PUT", f"/{name}").status == 200
    return caller


def read(ask: Caller, **query: Any) -> Answer:
    pairs = "&".join(f"{name.replace('_', '-')}={quote(str(v))}" for name, v in query.items())
    return ask("GET", f"/?{pairs}")


@pytest.mark.parametrize(
    ("query", "names", "next_marker"),
    [
        ({}, NAMES, None),
        ({"prefix": "beta"}, ["beta-1", "beta-2"], None),
        ({"prefix": "delta"}, [], None),
        ({"marker": "alpha-2"}, ["beta-1", "beta-2", "gamma"], None),
        ({"marker": "alpha-3"}, ["beta-1", "beta-2", "gamma"], None),
        ({"marker": "zeta"}, [], None),
        ({"prefix": "alpha", "marker": "alpha-1"}, ["alpha-2"], None),
        ({"max_keys": 1}, ["alpha-1"], "alpha-1"),
        ({"max_keys": 2, "marker": "alpha-2"}, ["beta-1", "beta-2"], "beta-2"),
        ({"max_keys": 5}, NAMES, None),
        ({"max_keys": 1000}, NAMES, None),
        ({"prefix": "alpha", "max_keys": 1}, ["alpha-1"], "alpha-1"),
    ],
)
def test_buckets_after_the_marker_are_listed_by_name(
    ask: Caller, query: dict[str, Any], names: list[str], next_marker: str | None
) -> None:
    page = read(ask, **query)
    assert page.texts("Buckets/Bucket/Name") == names
    assert page.text("NextMarker") == next_marker
    # S-04: a complete answer begins with the owner.
    asked = [page.text(name) for name in ("Prefix", "Marker", "MaxKeys", "IsTruncated")]
    assert (asked == [None] * 4) is (next_marker is None)


def test_bucket_is_listed_with_its_endpoints(ask: Caller) -> None:
    """P-33: they are the endpoints that the caller used."""
    page = ask("GET", "/?prefix=gamma", Host="localhost:9000")
    shown = {
        "Location": "oss-cn-hangzhou",
        "Region": "cn-hangzhou",
        "StorageClass": "Standard",
        "ExtranetEndpoint": "localhost:9000",
        "IntranetEndpoint": "localhost:9000",
        "CreationDate": "2025-06-15T15:06:40.000Z",
    }
    assert {name: page.text(f"Buckets/Bucket/{name}") for name in shown} == shown
    assert page.text("Owner/ID") == page.text("Owner/DisplayName")


@pytest.mark.parametrize("value", ["0", "1001", "-1", "ten", "1e2", "٣"])
def test_max_keys_out_of_range_gets_400(ask: Caller, value: str) -> None:
    answer = read(ask, max_keys=value)
    assert (answer.status, answer.code, answer.text("EC")) == (
        400,
        "InvalidArgument",
        "0017-00000289",
    )
    message = "Argument max-keys must be an integer between 1 and 1000."
    assert answer.text("Message") == message
    assert (answer.text("ArgumentName"), answer.text("ArgumentValue")) == ("max-keys", value)


TAGS = "<Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value>w</Value></Tag>"
TAGGING = f"<Tagging><TagSet>{TAGS}</TagSet></Tagging>"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"tag_key": "k"}, ["gamma"]),
        ({"tag_key": "k", "tag_value": "v"}, ["gamma"]),
        ({"tag_key": "k", "tag_value": "w"}, []),
        ({"tagging": '"k":"v"'}, ["gamma"]),
        ({"tagging": '"k":"v","l":"w"'}, ["gamma"]),
        ({"tagging": '"k":"v","l":"v"'}, []),
    ],
)
def test_buckets_are_filtered_by_tags(ask: Caller, query: dict[str, str], names: list[str]) -> None:
    assert ask("PUT", "/gamma?tagging", TAGGING).status == 200
    assert read(ask, **query).texts("Buckets/Bucket/Name") == names


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"tag_value": "v"}, "tag-value"),
        ({"tag_key": "k", "tagging": '"k":"v"'}, "tagging"),
        ({"tagging": "k:v"}, "tagging"),
        ({"tagging": '"k":"v",'}, "tagging"),
    ],
)
def test_bad_tag_filter_gets_400(ask: Caller, query: dict[str, str], named: str) -> None:
    answer = read(ask, **query)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("ArgumentName") == named


def test_anonymous_caller_may_not_list_buckets(ask: Caller) -> None:
    answer = ask.anonymously("GET", "/")
    assert (answer.code, answer.text("EC")) == ("AccessDenied", "0003-00001201")


def test_buckets_of_other_accounts_are_not_listed(ask: Caller) -> None:
    bucket = ask.service.storage.bucket("gamma")
    assert bucket is not None
    ask.service.storage.put_bucket(bucket._replace(owner="2000000000000002"))
    assert read(ask).texts("Buckets/Bucket/Name") == NAMES[:-1]


@pytest.mark.parametrize(
    ("group", "names"),
    [("rg-1", ["gamma"]), ("rg-default", NAMES[:-1]), ("rg-other", []), ("", NAMES)],
)
def test_buckets_are_filtered_by_resource_group(ask: Caller, group: str, names: list[str]) -> None:
    root = "BucketResourceGroupConfiguration"
    ask("PUT", "/gamma?resourceGroup", f"<{root}><ResourceGroupId>rg-1</ResourceGroupId></{root}>")
    page = ask("GET", "/", x_oss_resource_group_id=group)
    assert page.texts("Buckets/Bucket/Name") == names


def test_bucket_has_the_elements_of_the_service_in_order(ask: Caller) -> None:
    """S-04: no ResourceGroupId unless asked for."""
    root = etree.fromstring(ask("GET", "/").body)
    assert [node.tag for node in root] == ["Owner", "Buckets"]
    assert [node.tag for node in root[1][0]] == [
        "Comment",
        "CreationDate",
        "ExtranetEndpoint",
        "IntranetEndpoint",
        "Location",
        "Name",
        "Region",
        "StorageClass",
    ]
    asked = ask("GET", "/", x_oss_resource_group_id="")
    assert asked.text("Buckets/Bucket/ResourceGroupId") == "rg-default"


def test_list_of_regions_has_the_region_of_the_endpoint_only(ask: Caller) -> None:
    """P-90"""
    ask("PUT", "/", Host="frankfurt.oss-eu-central-1.aliyuncs.com")
    names = "Buckets/Bucket/Name"
    assert "frankfurt" in ask("GET", "/").texts(names)
    assert ask("GET", "/?regionList").texts(names) == NAMES
    there = ask("GET", "/?regionList", Host="oss-eu-central-1.aliyuncs.com")
    assert there.texts(names) == ["frankfurt"]
