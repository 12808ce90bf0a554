"""The bucket, the key and the region that a request names."""

from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oss_emulator.protocol.address import REGIONS, Addresses, Target, location
from oss_emulator.protocol.errors import OSSError
from oss_referer.sources.account import is_bucket_name

from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")


# --- The bucket and key that a host and a path address (P-01 … P-03, P-06)

ADDRESSES = Addresses(
    "cn-hangzhou",
    ["OSS.example.test."],
    {"IMG.example.com": "examplebucket"},
    {"bound.test": "boundbucket"}.get,
)


@rows("host", *CASES["bucket_is_in_the_path_at_service_hosts"])
def test_bucket_is_in_the_path_at_service_hosts(host: str) -> None:
    assert ADDRESSES.locate(host, "/examplebucket/a/b") == Target("examplebucket", "a/b")
    assert ADDRESSES.locate(host, "/examplebucket/") == Target("examplebucket")
    assert ADDRESSES.locate(host, "/examplebucket") == Target("examplebucket")
    assert ADDRESSES.locate(host, "/") == Target()
    assert ADDRESSES.is_endpoint(host)


@rows("domain", *CASES["bucket_is_in_the_name_of_virtual_hosts"])
def test_bucket_is_in_the_name_of_virtual_hosts(domain: str) -> None:
    host = f"examplebucket.{domain}"
    assert ADDRESSES.locate(host, "/a/b") == Target("examplebucket", "a/b")
    assert ADDRESSES.locate(host, "/") == Target("examplebucket")
    assert not ADDRESSES.is_endpoint(host)


@rows("host", "img.example.com", "IMG.Example.COM.", "img.example.com:8080")
def test_configured_domain_leads_to_its_bucket(host: str) -> None:
    assert ADDRESSES.locate(host, "/a/b") == Target("examplebucket", "a/b")
    assert ADDRESSES.locate(host, "/") == Target("examplebucket")
    assert not ADDRESSES.is_endpoint(host)


def test_bound_domain_leads_to_its_bucket_until_it_is_unbound() -> None:
    domains = {"bound.test": "boundbucket"}
    addresses = Addresses("cn-hangzhou", bound=domains.get)
    assert addresses.locate("Bound.test:9000", "/a") == Target("boundbucket", "a")
    domains["bound.test"] = "otherbucket"
    assert addresses.locate("Bound.test:9000", "/a") == Target("otherbucket", "a")
    domains.clear()
    with pytest.raises(OSSError, match="NoSuchBucket"):
        addresses.locate("Bound.test:9000", "/a")


@rows("region", "cn-hangzhou", "cn-beijing")
@rows("endpoint", *CASES["endpoint_names_its_region"])
def test_endpoint_names_its_region(endpoint: str, region: str) -> None:
    endpoint = endpoint.format(r=region)
    assert ADDRESSES.locate(endpoint, "/b/a") == Target("b", "a", region)
    assert ADDRESSES.locate(f"b{'.' * (endpoint[0] != '.')}{endpoint}", "/a") == Target(
        "b", "a", region
    )
    assert ADDRESSES.is_endpoint(endpoint)
    assert not ADDRESSES.is_endpoint(f"b.{endpoint}")


def test_endpoint_without_a_region_is_that_of_hangzhou() -> None:
    """P-91: aliyungo lists the buckets there, and ossutil names it as an example."""
    assert ADDRESSES.is_endpoint("oss.aliyuncs.com")
    assert ADDRESSES.locate("oss.aliyuncs.com:443", "/b/a") == Target("b", "a", "cn-hangzhou")
    found = ADDRESSES.locate("examplebucket.oss.aliyuncs.com", "/a")
    assert found == Target("examplebucket", "a", "cn-hangzhou")
    assert ADDRESSES.locate("cn-beijing.oss.aliyuncs.com", "/b/a").region == "cn-beijing"


@rows("host", "vpc100-oss-cn-beijing.aliyuncs.com", "vpc100-oss-cn-beijing-internal.aliyuncs.com")
def test_older_endpoint_of_a_vpc_is_that_of_its_region(host: str) -> None:
    assert ADDRESSES.is_endpoint(host)
    assert ADDRESSES.locate(f"b.{host}", "/a") == Target("b", "a", "cn-beijing")


def test_lenient_service_takes_a_key_in_overlong_utf8() -> None:
    """P-92: the suite of ossutil stores this one, and signs its bytes."""
    lenient = Addresses("cn-hangzhou", bound={"bound.test": "b"}.get, lenient=True)
    for host, path in (
        ("localhost", "/b/%C0%AE%2Fa"),
        ("b.localhost", "/%C0%AE%2Fa"),
        ("bound.test", "/%C0%AE%2Fa"),
    ):
        found = lenient.locate(host, path)
        assert (found.bucket, found.key) == ("b", "\ufffd\ufffd/a")
        assert found.signed_key == "\udcc0\udcae/a"
        with pytest.raises(OSSError, match="InvalidArgument"):
            ADDRESSES.locate(host, path)
    assert lenient.locate("localhost", "/b/a+%20b") == Target("b", "a  b")
    with pytest.raises(OSSError, match="InvalidObjectName"):
        lenient.locate("localhost", f"/b/{'%C0%AE' * 171}")


def test_lenient_service_refuses_a_key_in_gbk() -> None:
    """P-92: the suite of PHP expects this key to be refused."""
    lenient = Addresses("cn-hangzhou", lenient=True)
    with pytest.raises(OSSError, match="InvalidArgument"):
        lenient.locate("localhost", f"/b/{quote('中文测试'.encode('gbk'))}")


@rows(("endpoint", "region"), *CASES["s3_endpoint_does_not_name_a_bucket"])
def test_s3_endpoint_does_not_name_a_bucket(endpoint: str, region: str) -> None:
    """P-59"""
    addresses = Addresses("cn-hangzhou", s3_hosts=["objects.test"])
    assert addresses.locate(endpoint, "/b/a") == Target("b", "a", region)
    assert addresses.locate(f"b.{endpoint}", "/a") == Target("b", "a", region)
    assert addresses.is_endpoint(endpoint)
    assert not addresses.is_endpoint(f"b.{endpoint}")
    assert addresses.speaks_s3(endpoint)
    assert addresses.speaks_s3(f"b.{endpoint}")
    assert addresses.serves(endpoint)


@rows("host", *CASES["other_hosts_do_not_speak_s3_by_themselves"])
def test_other_hosts_do_not_speak_s3_by_themselves(host: str) -> None:
    """P-70"""
    assert not ADDRESSES.speaks_s3(host)


def test_bucket_may_end_with_s3() -> None:
    found = ADDRESSES.locate("my-s3.oss-cn-hangzhou.aliyuncs.com", "/a")
    assert found == Target("my-s3", "a", "cn-hangzhou")


@rows(
    "host",
    "a b",
    "a..b",
    ".a",
    "..oss-cn-hangzhou.aliyuncs.com",
    "a/b",
    "user@a",
    "a:b",
    "a:-1",
    "a:65536",
    "a:80:80",
    ":80",
    "::1",
    "[::1",
    "[::1]x",
    "[::g]",
    "[]",
    "[1.2.3.4]x",
    "a%20b",
    "[v6",
    "café.test",
    "a\x00",
    "\udcff",
    "*",
    "a" * 254,
)
def test_invalid_hosts_are_refused(host: str) -> None:  # RFC 9110, 7.2
    with pytest.raises(OSSError, match="BadRequest") as caught:
        ADDRESSES.locate(host, "/x")
    assert caught.value.status == 400
    assert "is invalid; send a name or address" in str(caught.value.details["ErrorDetail"])
    assert not ADDRESSES.is_endpoint(host)


@rows(("host", "served"), *CASES["proxy_serves_hosts_of_the_service_and_of_this_machine"])
def test_proxy_serves_hosts_of_the_service_and_of_this_machine(host: str, served: bool) -> None:
    assert ADDRESSES.serves(host) is served


def test_unknown_host_is_named_in_the_error() -> None:
    with pytest.raises(OSSError, match=r"www\.example\.org .* --domain") as caught:
        ADDRESSES.locate("www.example.org", "/x")
    assert caught.value.code == "NoSuchBucket"
    assert not ADDRESSES.is_endpoint("www.example.org")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_every_key_is_kept(key: str) -> None:
    for safe in ("", "/"):
        path = f"/examplebucket/{quote(key, safe=safe)}"
        assert ADDRESSES.locate("127.0.0.1", path).key == key


@rows(("raw", "key"), *CASES["paths_are_decoded_once_and_not_normalized"])
def test_paths_are_decoded_once_and_not_normalized(raw: str, key: str) -> None:  # P-03
    assert ADDRESSES.locate("127.0.0.1", f"/examplebucket/{raw}").key == key


@rows(
    ("raw", "code", "ec"),
    ("%FF", "InvalidArgument", "0016-00000004"),  # P-58
    ("\udcff", "InvalidArgument", "0016-00000004"),
    ("a" * 1024, "InvalidObjectName", "0016-00000003"),
    (quote("中" * 342), "InvalidObjectName", "0016-00000003"),
)
def test_invalid_keys_are_refused(raw: str, code: str, ec: str) -> None:
    with pytest.raises(OSSError) as caught:
        ADDRESSES.locate("127.0.0.1", f"/examplebucket/{raw}")
    assert (caught.value.code, caught.value.ec) == (code, ec)


def test_longest_key_is_accepted() -> None:
    assert len(ADDRESSES.locate("127.0.0.1", "/b/" + "a" * 1023).key) == 1023


@rows("name", "abc", "a-1", "0" * 63)
def test_valid_bucket_names_are_accepted(name: str) -> None:
    assert is_bucket_name(name)


@rows("name", "", "ab", "a" * 64, "-abc", "abc-", "Abc", "a_b", "a.b", "abc\n", "中文名", "ａｂｃ")
def test_invalid_bucket_names_are_refused(name: str) -> None:
    assert not is_bucket_name(name)


# --- The list of regions


def test_regions_are_listed_once() -> None:
    assert "cn-hangzhou" in REGIONS
    assert len(set(REGIONS)) == len(REGIONS)
    assert not any(region.startswith("oss-") for region in REGIONS)


def test_region_is_formatted_as_location() -> None:
    assert location("cn-hangzhou") == "oss-cn-hangzhou"
