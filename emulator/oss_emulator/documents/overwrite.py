"""Which objects of a bucket must not be overwritten (PutBucketOverwriteConfig)."""

from typing import Final

from oss_emulator.documents.document import Document, parse_schema

DOCUMENT: Final = Document(
    "BucketOverwriteConfig",
    "overwriteConfig",
    parse_schema("""
OverwriteConfiguration
  Rule{1,100}
    ID? name
    Action forbid
    Prefix? text
    Suffix? text
    Principals?
      Principal* name
"""),
    absent=(),
)
