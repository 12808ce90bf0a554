"""Upload callbacks that requests refer to by name (PutBucketCallbackPolicy)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document
from oss_emulator.protocol.errors import Code

_SCHEMA: Final = schema.parse("""
BucketCallbackPolicy
  PolicyItem*
    PolicyName? name
    Callback? text
    CallbackVar? text
""")

DOCUMENT: Final = Document(
    "BucketCallbackPolicy",
    "policy&comp=callback",
    _SCHEMA,
    absent=Code.NO_SUCH_CALLBACK_POLICY,
    enforced=True,
)
