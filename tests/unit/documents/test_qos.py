"""Limits of bandwidth and requests: defaults, and the largest limits of a bucket."""

from __future__ import annotations

import pytest
from oss_emulator.documents import qos
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import OSSError


def document(**limits: int) -> bytes:
    elements = "".join(f"<{name}>{value}</{name}>" for name, value in limits.items())
    return f"<QoSConfiguration>{elements}</QoSConfiguration>".encode()


def test_without_a_document_nothing_is_limited() -> None:
    limits = qos.limits(None)
    assert isinstance(limits, list)
    assert len(limits) == 9
    assert {value for _, value in limits} == {"-1"}


def test_account_has_10_gigabits_up_and_down() -> None:
    limited = {name: value for name, value in qos.account_limits() if value != qos.NO_LIMIT}
    assert limited == {"TotalUploadBandwidth": 10, "TotalDownloadBandwidth": 10}


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"TotalUploadBandwidth": 11}, "TotalUploadBandwidth"),
        ({"IntranetUploadBandwidth": 11}, "IntranetUploadBandwidth"),
        ({"TotalUploadBandwidth": 5, "ExtranetUploadBandwidth": 6}, "ExtranetUploadBandwidth"),
        ({"TotalQps": 5, "IntranetQps": 6}, "IntranetQps"),
        ({"TotalDownloadBandwidth": -2}, "TotalDownloadBandwidth"),
    ],
)
def test_bucket_cannot_have_more_than_its_account(limits: dict[str, int], named: str) -> None:
    with pytest.raises(OSSError) as caught:
        qos.format_bucket(document(**limits))
    assert caught.value.details["ArgumentName"] == named


@pytest.mark.parametrize(
    "limits",
    [
        {"TotalUploadBandwidth": 10, "IntranetUploadBandwidth": 10, "TotalQps": 9},
        {"IntranetQps": 1_000_000},
        {},
    ],
)
def test_bucket_keeps_its_limits(limits: dict[str, int]) -> None:
    kept = xml.parse(qos.format_bucket(document(**limits)), qos.ROOT)
    found = {child.name: int(child.value) for child in kept if child.value != "-1"}
    assert found == limits


def test_requester_may_have_any_limit() -> None:
    kept = xml.parse(qos.format(document(TotalUploadBandwidth=1000)), qos.ROOT)
    assert kept.text("TotalUploadBandwidth") == "1000"
