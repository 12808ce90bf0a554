"""The resource group of a bucket (PutBucketResourceGroup).

The emulator does not know the groups of an account, only the form of their ids.
"""

import re
from typing import Final

from oss_emulator.documents.document import Document, Documents, PutContext, parse_schema
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError

DEFAULT: Final = "rg-default"
"""The group of a bucket that was not assigned to another group."""

HEADER: Final = "x-oss-resource-group-id"

# The suite of Go V2 expects rg-not-exist to be refused, and ids of the service have one hyphen.
_ID: Final = re.compile(r"rg-[0-9A-Za-z]+")

_SCHEMA: Final = parse_schema("""
BucketResourceGroupConfiguration
  ResourceGroupId text
""")


def _validate(node: xml.Node, _: PutContext) -> xml.Value:
    # An empty id returns the bucket to the default group (SDK V2's suite).
    return _content(node.text("ResourceGroupId") or DEFAULT)


DOCUMENT: Final = Document(
    "BucketResourceGroup",
    "resourceGroup",
    _SCHEMA,
    absent=(("ResourceGroupId", DEFAULT),),
    validate=_validate,
    deletable=False,
    enforced=True,
)


def of(documents: Documents) -> str:
    return DOCUMENT.text(documents, "ResourceGroupId") or DEFAULT


def format(group: str) -> bytes:
    """Format the document of a bucket in a group; raises `ResourceGroupIdPreCheckError`."""
    return DOCUMENT.format(_content(group))


def _content(group: str) -> xml.Children:
    if not _ID.fullmatch(group):
        ec = None if group.startswith("rg-") else "0039-00000002"
        raise OSSError(ErrorCase.INVALID_RESOURCE_GROUP, ec=ec)
    return [("ResourceGroupId", group)]
