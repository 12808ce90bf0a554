"""DescribeRegions."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller


def test_all_regions_are_described(ask: Caller) -> None:
    found = ask("GET", "/?regions").texts("RegionInfo/Region")
    assert "oss-cn-hangzhou" in found
    assert len(found) == len(set(found)) > 10


def test_one_region_is_described(ask: Caller) -> None:
    answer = ask("GET", "/?regions=oss-cn-beijing")
    shown = {
        "Region": "oss-cn-beijing",
        "InternetEndpoint": "oss-cn-beijing.aliyuncs.com",
        "InternalEndpoint": "oss-cn-beijing-internal.aliyuncs.com",
        "AccelerateEndpoint": "oss-accelerate.aliyuncs.com",
    }
    assert {name: answer.text(f"RegionInfo/{name}") for name in shown} == shown
    assert len(answer.texts("RegionInfo")) == 1


@pytest.mark.parametrize("region", ["cn-beijing", "oss-cn-nowhere"])
def test_unknown_region_gets_404(ask: Caller, region: str) -> None:
    answer = ask("GET", f"/?regions={region}")
    assert (answer.status, answer.code) == (404, "NoSuchRegion")
    assert answer.text("Region") == region
