"""Which objects of a bucket must not be overwritten (PutBucketOverwriteConfig)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document

_SCHEMA: Final = schema.parse("""
OverwriteConfiguration
  Rule{1,100}
    ID? name
    Action forbid
    Prefix? text
    Suffix? text
    Principals?
      Principal* name
""")

DOCUMENT: Final = Document("BucketOverwriteConfig", "overwriteConfig", _SCHEMA, absent=())
