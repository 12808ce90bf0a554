"""Addresses: the style, the endpoint's region, transfer acceleration, proxies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator.pipeline.admission import Refused
from oss_emulator.protocol.message import Request

from tests.unit.pipeline.service import PAGE, SETTINGS, ask, put, serve

OSS = "oss-cn-hangzhou.aliyuncs.com"
ELSEWHERE = "oss-cn-beijing.aliyuncs.com"
ACCELERATE = "oss-accelerate.aliyuncs.com"
ACCELERATED = (
    b"<TransferAccelerationConfiguration><Enabled>true</Enabled>"
    b"</TransferAccelerationConfiguration>"
)


def code_of(request: Request, *, strict: bool, accelerated: bool = False) -> str:
    """Return the code of the error that an anonymous request gets, or "" if it is admitted."""
    service = serve(replace(SETTINGS, strict_addressing=strict))
    if accelerated:
        put(service, "/public-bucket?transferAcceleration", ACCELERATED)
    outcome = service.admit(request)
    return outcome.error.code if isinstance(outcome, Refused) else ""


@pytest.mark.parametrize(
    ("host", "target", "lenient", "strict"),
    [
        (f"public-bucket.{OSS}", "/a", "", ""),
        (OSS, "/public-bucket/a", "", "SecondLevelDomainForbidden"),
        ("localhost", "/public-bucket/a", "", "SecondLevelDomainForbidden"),
        (OSS, "/no-bucket/a", "NoSuchBucket", "SecondLevelDomainForbidden"),
        (f"public-bucket.{ELSEWHERE}", "/a", "AccessDenied", "AccessDenied"),
        (f"no-bucket.{ELSEWHERE}", "/a", "NoSuchBucket", "NoSuchBucket"),
        (f"public-bucket.{ACCELERATE}", "/a", "", "TransferAccelerationDisabled"),
        ("not a host", "/a", "BadRequest", "BadRequest"),
        ("nobody.test", "/a", "NoSuchBucket", "NoSuchBucket"),
    ],
)
def test_bucket_is_reached_by_its_addresses(
    host: str, target: str, lenient: str, strict: str
) -> None:
    """P-06"""
    request = ask("GET", target, {"Referer": PAGE}, host)
    assert code_of(request, strict=False) == lenient
    assert code_of(request, strict=True) == strict


def test_accelerated_bucket_is_reached_by_the_accelerate_endpoint() -> None:
    request = ask("GET", "/a", {"Referer": PAGE}, f"public-bucket.{ACCELERATE}")
    assert code_of(request, strict=True, accelerated=True) == ""


def test_bucket_cannot_be_created_at_the_endpoint_of_another_region() -> None:
    request = ask("PUT", "/", host=f"new-bucket.{ELSEWHERE}")
    assert code_of(request, strict=False) == "InvalidLocationConstraint"


@pytest.mark.parametrize(
    ("host", "code"), [(f"public-bucket.{OSS}", ""), ("elsewhere.test", "ProxyForbidden")]
)
def test_proxy_answers_only_for_its_own_hosts(host: str, code: str) -> None:
    request = ask("GET", f"http://{host}/a", {"Referer": PAGE})
    assert code_of(request, strict=False) == code
