"""Whether Archive objects are read without a restore (PutBucketArchiveDirectRead)."""

from typing import Final

from oss_emulator.documents.document import Document, Documents, parse_schema

DOCUMENT: Final = Document(
    "BucketArchiveDirectRead",
    "bucketArchiveDirectRead",
    parse_schema("""
ArchiveDirectReadConfiguration
  Enabled boolean
"""),
    absent=(("Enabled", False),),
    deletable=False,
    enforced=True,
)


def is_enabled(documents: Documents) -> bool:
    return DOCUMENT.text(documents, "Enabled") == "true"
