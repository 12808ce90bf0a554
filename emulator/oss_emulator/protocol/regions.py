"""The regions of the service, as a file beside this one lists them (Regions and endpoints)."""

from pathlib import Path
from typing import Final

REGIONS: Final = tuple(Path(__file__).with_name("regions.txt").read_text("ascii").split())


def location(region: str) -> str:
    """The name of a region as a location of buckets."""
    return f"oss-{region}"
