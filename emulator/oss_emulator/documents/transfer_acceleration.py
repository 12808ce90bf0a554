"""Whether accelerate endpoints serve a bucket (PutBucketTransferAcceleration)."""

from typing import Final

from oss_emulator.documents.document import Document, Documents, parse_schema
from oss_emulator.protocol.errors import ErrorCase

DOCUMENT: Final = Document(
    "BucketTransferAcceleration",
    "transferAcceleration",
    parse_schema("""
TransferAccelerationConfiguration
  Enabled boolean
"""),
    absent=ErrorCase.NO_SUCH_ACCELERATION,
    dated=True,
    enforced=True,
)


SINCE: Final = f"{DOCUMENT.subresource}/since"
"""The name of the document that says when acceleration was enabled."""


def enabled_since(documents: Documents) -> float | None:
    """Return when acceleration was enabled, in seconds since the epoch; None if it is unknown."""
    return float(documents[SINCE]) if SINCE in documents else None


def is_enabled(documents: Documents) -> bool:
    return DOCUMENT.text(documents, "Enabled") == "true"
