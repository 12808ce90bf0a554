"""Whether a version of an object is under legal hold (PutObjectLegalHold).

Elements: models.object_worm of SDK V2 for Python. A hold is kept and not enforced.
"""

from typing import Final

from oss_emulator.documents import object_worm, schema
from oss_emulator.documents.document import Document, Holder, PutContext
from oss_emulator.protocol import xml

_SCHEMA: Final = schema.parse("""
LegalHold
  Status ON|OFF
""")


def _settle(node: xml.Node, context: PutContext) -> xml.Value:
    object_worm.check_enabled(context)
    return node.content


DOCUMENT: Final = Document(
    "ObjectLegalHold",
    "legalHold",
    _SCHEMA,
    absent=(("Status", "OFF"),),
    settle=_settle,
    deletable=False,
    holder=Holder.OBJECT,
)
