"""The regions of the service, as a file beside this one lists them (Regions and endpoints)."""

from importlib.resources import files
from typing import Final

REGIONS: Final = tuple(files(__package__).joinpath("regions.txt").read_text("ascii").split())


def location(region: str) -> str:
    """The name of a region as a location of buckets."""
    return f"oss-{region}"
