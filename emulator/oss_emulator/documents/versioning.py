"""Whether a bucket keeps versions (PutBucketVersioning). The state is a field of its record."""

from typing import Final

from oss_emulator.documents import schema

SCHEMA: Final = schema.parse("""
VersioningConfiguration
  Status Enabled|Suspended
""")
