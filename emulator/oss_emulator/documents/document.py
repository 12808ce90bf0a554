"""What a configuration document is: its name, schema, checks and default answer.

A document is kept by an account, a bucket or one version of an object. Each has a file here, which
also says what the document means. `operations.bucket_documents` makes its Put, Get and Delete.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from oss_emulator.documents.schema import Element
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import Code
from oss_emulator.protocol.xml import Children, Node
from oss_emulator.storage import Bucket, Object, Storage

Documents: TypeAlias = Mapping[str, bytes]
"""The documents that a holder keeps, by name."""


class Holder(Enum):
    """What keeps a document."""

    ACCOUNT = "account"
    BUCKET = "bucket"
    OBJECT = "object"
    """One version of an object."""


@dataclass(frozen=True, slots=True)
class PutContext:
    """What a check may ask beside the document that is put."""

    headers: Mapping[str, str]
    now: float
    storage: Storage
    bucket: Bucket | None = None
    """None for a document of an account."""
    item: Object | None = None
    """The version of a document of an object, else None."""


Settle: TypeAlias = Callable[[Node, PutContext], xml.Value]


def keep_content(node: Node, _: PutContext) -> xml.Value:
    """Keep a document as its schema allows it."""
    return node.content


@dataclass(frozen=True, slots=True)
class Document:
    """One configuration, as its operations need it."""

    name: str
    """The operations are named Put, Get and Delete followed by this."""
    subresource: str
    """The query parameter of its operations, and the name under which it is kept."""
    schema: Element
    absent: Code | Children
    """What GET answers before anything was put: an error or a content."""
    settle: Settle = keep_content
    """Checks what no schema can say; returns the content to keep."""
    deletable: bool = True
    holder: Holder = Holder.BUCKET
    enforced: bool = False
    """Whether the emulator acts on it; a document that is only kept has no effect."""
    action: str = ""
    """The RAM actions are named Put, Get and Delete followed by this; like `name` by default."""

    def normalize(self, document: bytes, context: PutContext) -> bytes:
        """Check a document and bring it into the service's form.

        Raises `DocumentError`, `InvalidArgument` and the errors of the document's own checks.
        """
        content = self.settle(self.schema.parse(document), context)
        return xml.format(self.schema.name, content)

    def format(self, content: Children) -> bytes:
        """Write a content as a document to keep."""
        return xml.format(self.schema.name, content)

    def find(self, documents: Documents) -> Node | None:
        """Return the document that is kept, None before one was put."""
        document = documents.get(self.subresource)
        return None if document is None else xml.parse(document, self.schema.name)
