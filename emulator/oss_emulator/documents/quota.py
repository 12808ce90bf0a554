"""How much a bucket may store (PutBucketStorageQuota, and PutBucketStorageCapacity of old)."""

from typing import Final

from oss_emulator.documents.document import Document, parse_schema

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
    "BucketStorageCapacity", "qos", _CAPACITY, absent=(("StorageCapacity", -1),), deletable=False
)
