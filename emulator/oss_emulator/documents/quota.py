"""How much a bucket may store (PutBucketStorageQuota)."""

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
