"""Whether a bucket keeps versions (PutBucketVersioning). The state is a field of its record."""

from typing import Final

from oss_emulator.documents.document import parse_schema

SCHEMA: Final = parse_schema("""
VersioningConfiguration
  Status Enabled|Suspended
""")
