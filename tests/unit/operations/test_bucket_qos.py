"""Limits of bandwidth and requests, and resource pools."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.unit.operations.service import Caller

QOS = "<QoSConfiguration>%s</QoSConfiguration>"


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"TotalUploadBandwidth": 5, "ExtranetUploadBandwidth": 6}, "ExtranetUploadBandwidth"),
        ({"TotalUploadBandwidth": 10, "IntranetUploadBandwidth": 10, "TotalQps": 9}, ""),
    ],
)
def test_limits_above_those_of_the_account_are_refused(
    ask: Caller, limits: dict[str, int], named: str
) -> None:
    """tests/unit/documents/test_qos.py covers each limit."""
    body = QOS % "".join(f"<{name}>{value}</{name}>" for name, value in limits.items())
    answer = ask("PUT", "/bucket?qosInfo", body)
    assert (answer.text("ArgumentName") if answer.body else "") == named
    got = ask("GET", "/bucket?qosInfo")
    for name, value in limits.items():
        assert got.text(name) == (str(value) if not named else None)


def test_account_has_limits(ask: Caller) -> None:
    got = ask("GET", "/?qosInfo")
    assert etree.fromstring(got.body).tag == "QoSConfiguration"  # P-58
    assert (got.text("Region"), got.text("TotalUploadBandwidth")) == ("cn-hangzhou", "10")
    assert got.text("TotalQps") == "-1"


def test_bucket_without_limits_of_its_own_gets_404(ask: Caller) -> None:
    """P-90"""
    ask("PUT", "/bucket?qosInfo", QOS % "<TotalQps>5</TotalQps>")
    assert ask("GET", "/bucket?qosInfo").text("TotalQps") == "5"
    assert ask("DELETE", "/bucket?qosInfo").status == 204
    answer = ask("GET", "/bucket?qosInfo")
    assert (answer.status, answer.code) == (404, "NoSuchBucketQosInfo")


def test_requester_has_its_own_limits(ask: Caller) -> None:
    target = "/bucket?requesterQosInfo&qosRequester=%s"
    assert ask("PUT", target % "1", QOS % "<TotalQps>7</TotalQps>").status == 200
    got = ask("GET", target % "1")
    assert (got.text("Requester"), got.text("QoSConfiguration/TotalQps")) == ("1", "7")
    assert ask("GET", target % "2").text("QoSConfiguration/TotalQps") == "-1"
    assert ask("DELETE", target % "1").status == 204
    assert ask("GET", target % "1").text("QoSConfiguration/TotalQps") == "-1"


def test_requesters_with_limits_are_listed_page_by_page(ask: Caller) -> None:
    for requester in "312":
        ask("PUT", f"/bucket?requesterQosInfo&qosRequester={requester}", QOS % "")
    first = ask("GET", "/bucket?requesterQosInfo&max-keys=2")
    assert (first.text("IsTruncated"), first.text("NextContinuationToken")) == ("true", "2")
    rest = ask("GET", "/bucket?requesterQosInfo&max-keys=2&continuation-token=2")
    assert (rest.text("IsTruncated"), rest.text("RequesterQoSInfo/Requester")) == ("false", "3")


@pytest.mark.parametrize(
    ("method", "refinement"),
    [
        ("GET", "resourcePoolInfo"),
        ("GET", "resourcePoolBuckets"),
        ("GET", "requesterQosInfo"),
        ("GET", "requesterQosInfo&qosRequester=1"),
        ("PUT", "requesterQosInfo&qosRequester=1"),
        ("DELETE", "requesterQosInfo&qosRequester=1"),
    ],
)
def test_there_are_no_resource_pools(ask: Caller, method: str, refinement: str) -> None:
    assert ask("GET", "/?resourcePool").text("ResourcePool") is None
    answer = ask(method, f"/?resourcePool=p&{refinement}")
    assert (answer.status, answer.code) == (404, "NoSuchResourcePool")
