"""How much a bucket may store (PutBucketStorageQuota)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document

_SCHEMA: Final = schema.parse("""
QuotaConfiguration
  StorageQuota -1..
  Mode? text
""")

DOCUMENT: Final = Document("BucketStorageQuota", "quota", _SCHEMA, absent=(("StorageQuota", -1),))
