"""Resource groups: the ids they have. Which groups an account has nobody here knows."""

import re
from typing import Final

from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import Code, OSSError

DEFAULT: Final = "rg-default"
"""The group of a bucket for which none was named."""

HEADER: Final = "x-oss-resource-group-id"
SUBRESOURCE: Final = "resourceGroup"
ROOT: Final = "BucketResourceGroupConfiguration"

_ID: Final = re.compile(r"rg-[0-9A-Za-z-]+")


def check(group: str) -> str:
    """The id, if it can be one; raises `ResourceGroupIdPreCheckError`."""
    if not _ID.fullmatch(group):
        raise OSSError(Code.INVALID_RESOURCE_GROUP)
    return group


def write(group: str) -> bytes:
    """The configuration of a bucket in that group; raises `ResourceGroupIdPreCheckError`."""
    return xml.format(ROOT, [("ResourceGroupId", check(group))])


def read(document: bytes | None) -> str:
    """The group of a bucket with that configuration."""
    return DEFAULT if document is None else xml.parse(document, ROOT).text("ResourceGroupId")
