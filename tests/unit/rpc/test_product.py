"""Which hosts and requests belong to a service."""

from __future__ import annotations

import pytest
from oss_emulator.kms import KMS
from oss_emulator.protocol.message import Request
from oss_emulator.rpc.product import Product
from oss_emulator.sts import STS

V3 = {"x-acs-action": "AssumeRole", "x-acs-version": "2015-04-01"}


@pytest.mark.parametrize(
    ("host", "expected", "region"),
    [
        ("sts.aliyuncs.com", STS, ""),
        ("sts.cn-hangzhou.aliyuncs.com", STS, "cn-hangzhou"),
        ("sts-vpc.cn-hangzhou.aliyuncs.com", STS, "cn-hangzhou"),
        ("kms.us-west-1.aliyuncs.com", KMS, "us-west-1"),
        ("kms-vpc.cn-shanghai-finance-1.aliyuncs.com", KMS, "cn-shanghai-finance-1"),
        ("sts.oss-cn-hangzhou.aliyuncs.com", None, ""),
        ("kms.oss-cn-hangzhou.aliyuncs.com", None, ""),
        ("kst-1.cryptoservice.kms.aliyuncs.com", None, ""),
        ("oss-cn-hangzhou.aliyuncs.com", None, ""),
        ("sts.aliyuncs.com.example.com", None, ""),
    ],
)
def test_host_names_a_service_and_its_region(
    host: str, expected: Product | None, region: str
) -> None:
    for product in (STS, KMS):
        assert product.is_host(host) is (product is expected)
        assert product.region(host) == (region if product is expected else "")


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/_emulator/sts", {}, STS),
        ("/_emulator/sts/", {}, STS),
        ("/_emulator/sts/x", {}, None),
        ("/_emulator/kms", {}, KMS),
        ("/?Action=GetCallerIdentity&Version=2015-04-01", {}, STS),
        ("/?Action=Encrypt&Version=2016-01-20", {}, KMS),
        ("/bucket?Action=GetCallerIdentity&Version=2015-04-01", {}, None),
        ("/?Action=GetCallerIdentity", {}, None),
        ("/?Version=2015-04-01", {}, None),
        ("/", V3, STS),
        ("/", {**V3, "x-acs-version": "2016-01-20"}, KMS),
        ("/", {**V3, "x-acs-version": "2014-05-26"}, None),
        ("/?acl", {}, None),
        ("/", {}, None),
    ],
)
def test_request_to_the_own_endpoint_names_a_service(
    target: str, headers: dict[str, str], expected: Product | None
) -> None:
    request = Request.parse("GET", target, headers.items(), 0.0)
    for product in (STS, KMS):
        assert product.is_at_endpoint(request) is (product is expected)
