"""Whether a bucket records when its objects were last read (PutBucketAccessMonitor)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document, Documents

_SCHEMA: Final = schema.parse("""
AccessMonitorConfiguration
  Status Enabled|Disabled
  AllowCopy? boolean
""")

DOCUMENT: Final = Document(
    "BucketAccessMonitor",
    "accessmonitor",
    _SCHEMA,
    absent=(("Status", "Disabled"),),
    deletable=False,
)


def is_enabled(documents: Documents) -> bool:
    """Whether the last access of each object is shown."""
    node = DOCUMENT.find(documents)
    return node is not None and node.text("Status") == "Enabled"
