"""Whether public access is blocked for a bucket or for all buckets of an account.

PutBucketPublicAccessBlock, PutPublicAccessBlock.
"""

from dataclasses import replace
from typing import Final

from oss_emulator.documents.document import Document, Documents, Holder, parse_schema

OF_ACCOUNT: Final = Document(
    "PublicAccessBlock",
    "publicAccessBlock",
    parse_schema("""
PublicAccessBlockConfiguration
  BlockPublicAccess boolean
"""),
    absent=(("BlockPublicAccess", False),),
    holder=Holder.ACCOUNT,
    enforced=True,
)

OF_BUCKET: Final = replace(OF_ACCOUNT, name="BucketPublicAccessBlock", holder=Holder.BUCKET)

ENABLED: Final = OF_BUCKET.format((("BlockPublicAccess", True),))
"""The document that blocks public access."""


def is_enabled(documents: Documents) -> bool:
    return OF_BUCKET.text(documents, "BlockPublicAccess") == "true"
