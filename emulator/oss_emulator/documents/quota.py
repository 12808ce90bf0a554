"""How much a bucket may store (PutBucketStorageQuota and the older PutBucketStorageCapacity)."""

from typing import Final

from oss_emulator.documents.document import Document, Documents, parse_schema

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

CAPACITY: Final = Document(
    "BucketStorageCapacity",
    "qos",
    parse_schema("""
BucketUserQos
  StorageCapacity -1..
"""),
    absent=(("StorageCapacity", -1),),
    deletable=False,
    enforced=True,
)


def capacity(documents: Documents) -> int | None:
    """Return the bytes that a bucket may store (PutBucketStorageCapacity); None for no limit."""
    found = int(CAPACITY.text(documents, "StorageCapacity") or -1)
    return None if found < 0 else found
