"""Upload callbacks that requests refer to by name (PutBucketCallbackPolicy)."""

from typing import Final

from oss_emulator.documents import schema
from oss_emulator.documents.document import Document, Documents
from oss_emulator.protocol.errors import ErrorCase, OSSError

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
    absent=ErrorCase.NO_SUCH_CALLBACK_POLICY,
    enforced=True,
)


def find(documents: Documents, name: str) -> tuple[str, str]:
    """Find the `callback` and `callback-var` stored under a name; raises `InvalidArgument`."""
    node = DOCUMENT.find(documents)
    for item in [] if node is None else node.all("PolicyItem"):
        if item.text("PolicyName") == name:
            return item.text("Callback"), item.text("CallbackVar")
    message = "The callback policy does not exist."
    raise OSSError(
        ErrorCase.INVALID_CALLBACK, message, ec="", ArgumentName="callback", ArgumentValue=name
    )
