"""The regions of the service, listed in the file `regions.txt` (Regions and endpoints)."""

from pathlib import Path
from typing import Final

REGIONS: Final = tuple(Path(__file__).with_name("regions.txt").read_text("ascii").split())

CLOSED: Final = ("ap-south-1", "ap-southeast-2")
"""Regions that the service has closed, Mumbai and Sydney; programs and tests still name them."""


def is_region(name: str) -> bool:
    """Return whether the service has or had a region of this name."""
    return name in REGIONS or name in CLOSED


def is_mainland(region: str) -> bool:
    """Return whether a region is in mainland China."""
    return region.startswith("cn-") and region != "cn-hongkong"


def location(region: str) -> str:
    """Format a region as the location of a bucket: `oss-cn-hangzhou`."""
    return f"oss-{region}"
