"""Whether a version of an object is under legal hold (PutObjectLegalHold, P-64).

Elements: models.object_worm of SDK V2 for Python.
"""

from typing import Final

from oss_emulator.documents import object_worm, schema
from oss_emulator.documents.document import Document, Documents, Holder, PutContext
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase

_SCHEMA: Final = schema.parse("""
LegalHold
  Status ON|OFF
""")


def _validate(node: xml.Node, context: PutContext) -> xml.Value:
    object_worm.check_enabled(context)
    return node.content


DOCUMENT: Final = Document(
    "ObjectLegalHold",
    "legalHold",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_OBJECT_LEGAL_HOLD,
    validate=_validate,
    deletable=False,
    holder=Holder.OBJECT,
    enforced=True,
)


def is_on(documents: Documents) -> bool:
    """Return whether a version is under legal hold."""
    node = DOCUMENT.find(documents)
    return node is not None and node.text("Status") == "ON"


def format(status: str) -> bytes:
    """Format the document that is stored with a version; the status is `ON` or `OFF`."""
    return DOCUMENT.format([("Status", status)])
