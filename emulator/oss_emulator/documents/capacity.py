"""How much a bucket may store, in the older form (PutBucketStorageCapacity)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document

_SCHEMA: Final = schema.parse("""
BucketUserQos
  StorageCapacity -1..
""")

DOCUMENT: Final = Document(
    "BucketStorageCapacity", "qos", _SCHEMA, absent=(("StorageCapacity", -1),), deletable=False
)
