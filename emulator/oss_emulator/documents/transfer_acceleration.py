"""Whether accelerate endpoints serve a bucket (PutBucketTransferAcceleration)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document, Documents
from oss_emulator.protocol.errors import ErrorCase

_SCHEMA: Final = schema.parse("""
TransferAccelerationConfiguration
  Enabled boolean
""")

DOCUMENT: Final = Document(
    "BucketTransferAcceleration",
    "transferAcceleration",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_ACCELERATION,
    deletable=False,
    enforced=True,
)


def is_enabled(documents: Documents) -> bool:
    """Return whether accelerate endpoints serve the bucket."""
    node = DOCUMENT.find(documents)
    return node is not None and node.text("Enabled") == "true"
