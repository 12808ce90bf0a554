"""How much a bucket may store (PutBucketStorageQuota, and PutBucketStorageCapacity of old)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document

DOCUMENT: Final = Document(
    "BucketStorageQuota",
    "quota",
    schema.parse("""
QuotaConfiguration
  StorageQuota -1..
  Mode? text
"""),
    absent=(("StorageQuota", -1),),
)


_CAPACITY: Final = schema.parse("""
BucketUserQos
  StorageCapacity -1..
""")

CAPACITY: Final = Document(
    "BucketStorageCapacity", "qos", _CAPACITY, absent=(("StorageCapacity", -1),), deletable=False
)
