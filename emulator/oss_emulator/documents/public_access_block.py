"""Whether public access is blocked for a bucket or for all buckets of an account.

PutBucketPublicAccessBlock, PutPublicAccessBlock.
"""

from dataclasses import replace
from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document, Documents, Holder

_SCHEMA: Final = schema.parse("""
PublicAccessBlockConfiguration
  BlockPublicAccess boolean
""")

OF_BUCKET: Final = Document(
    "BucketPublicAccessBlock",
    "publicAccessBlock",
    _SCHEMA,
    absent=(("BlockPublicAccess", False),),
    enforced=True,
)

ENABLED: Final = OF_BUCKET.format((("BlockPublicAccess", True),))
"""The document that blocks public access."""

OF_ACCOUNT: Final = replace(OF_BUCKET, name="PublicAccessBlock", holder=Holder.ACCOUNT)


def is_enabled(documents: Documents) -> bool:
    """Return whether a bucket or an account blocks public access."""
    node = OF_BUCKET.find(documents)
    return node is not None and node.text("BlockPublicAccess") == "true"
