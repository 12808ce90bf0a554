"""Configuration documents: name, schema, checks and default answer.

A document belongs to an account, a bucket or one version of an object. Each kind of document has a
file in this package, which also defines its meaning. `operations.bucket_documents` makes its Put,
Get and Delete.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from oss_emulator.documents.schema import Element
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.xml import Children, Node
from oss_emulator.storage import Bucket, Object, Storage

Documents: TypeAlias = Mapping[str, bytes]
"""The stored documents by name."""


class Holder(Enum):
    """What a document can belong to."""

    ACCOUNT = "account"
    BUCKET = "bucket"
    OBJECT = "object"
    """One version of an object."""


@dataclass(frozen=True, slots=True)
class PutContext:
    """What a check may use besides the document that is put."""

    headers: Mapping[str, str]
    now: float
    storage: Storage
    bucket: Bucket | None = None
    """The bucket; None for a document of an account."""
    item: Object | None = None
    """The object version; None for a document of a bucket or an account."""


Validate: TypeAlias = Callable[[Node, PutContext], xml.Value]


def keep_content(node: Node, _: PutContext) -> xml.Value:
    """Accept a document as its schema has normalized it."""
    return node.content


@dataclass(frozen=True, slots=True)
class Document:
    """One kind of configuration, as its operations need it."""

    name: str
    """The name of its operations, after Put, Get or Delete."""
    subresource: str
    """The query parameter of its operations, and its name among the stored documents."""
    schema: Element
    absent: ErrorCase | Children
    """What Get answers before the first Put: an error or a content."""
    validate: Validate = keep_content
    """Checks what the schema cannot express; returns the content to store."""
    deletable: bool = True
    holder: Holder = Holder.BUCKET
    enforced: bool = False
    """Whether the emulator acts on it; a document that is only stored has no effect."""
    action: str = ""
    """The name of its RAM actions, after Put, Get or Delete; by default `name`."""
    dated: bool = False
    """Whether the time of the last Put is stored beside it, as `SUBRESOURCE/since`."""

    def normalize(self, document: bytes, context: PutContext) -> bytes:
        """Check a document and convert it to the service's form.

        Raises `DocumentError`, `InvalidArgument` and the errors of the document's own checks.
        """
        content = self.validate(self.schema.parse(document), context)
        return xml.format(self.schema.name, content)

    def format(self, content: Children) -> bytes:
        """Format a content as a document to store."""
        return xml.format(self.schema.name, content)

    def find(self, documents: Documents) -> Node | None:
        """Return the stored document; None before the first Put."""
        document = documents.get(self.subresource)
        return None if document is None else xml.parse(document, self.schema.name)
