"""Upload callbacks that requests refer to by name (PutBucketCallbackPolicy)."""

from typing import Final

from oss_emulator.documents.document import Document, Documents, parse_schema
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.headers import invalid_argument

DOCUMENT: Final = Document(
    "BucketCallbackPolicy",
    "policy&comp=callback",
    parse_schema("""
BucketCallbackPolicy
  PolicyItem*
    PolicyName? name
    Callback? text
    CallbackVar? text
"""),
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
    raise invalid_argument("callback", name, message, ErrorCase.INVALID_CALLBACK)
