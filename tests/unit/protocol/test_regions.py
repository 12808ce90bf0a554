"""The list of regions."""

from oss_emulator.protocol.address import REGIONS, location


def test_regions_are_listed_once() -> None:
    assert "cn-hangzhou" in REGIONS
    assert len(set(REGIONS)) == len(REGIONS)
    assert not any(region.startswith("oss-") for region in REGIONS)


def test_region_is_formatted_as_location() -> None:
    assert location("cn-hangzhou") == "oss-cn-hangzhou"
