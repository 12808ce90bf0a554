"""How much a bucket may store (PutBucketStorageQuota, and PutBucketStorageCapacity of old)."""

from typing import Final

from oss_emulator.documents.document import Document, Documents, parse_schema
from oss_emulator.protocol import xml

DOCUMENT: Final = Document(
    "BucketStorageQuota",
    "quota",
    parse_schema("""
QuotaConfiguration
  StorageQuota -1..
  Mode? text
"""),
    absent=(("StorageQuota", -1),),
)


_CAPACITY: Final = parse_schema("""
BucketUserQos
  StorageCapacity -1..
""")

CAPACITY: Final = Document(
    "BucketStorageCapacity",
    "qos",
    _CAPACITY,
    absent=(("StorageCapacity", -1),),
    deletable=False,
    enforced=True,
)


def capacity(documents: Documents) -> int | None:
    """Return the bytes that a bucket may store (PutBucketStorageCapacity); None for no limit."""
    document = documents.get(CAPACITY.subresource)
    if document is None:
        return None
    found = int(xml.parse(document, _CAPACITY.name).text("StorageCapacity"))
    return None if found < 0 else found
