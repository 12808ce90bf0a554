"""Whether the objects of a bucket can have retention periods (PutBucketObjectWormConfiguration).

Elements: models.bucket_object_worm_configuration of SDK V2 for Python, and the page of the call.
A bucket never loses the configuration; putting it again replaces the default period (P-64).
"""

from typing import Final

from oss_emulator.documents import schema, worm
from oss_emulator.documents.document import Document, Documents, PutContext
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.xml import DocumentError

_SCHEMA: Final = schema.parse("""
ObjectWormConfiguration
  ObjectWormEnabled Enabled
  Rule?
    DefaultRetention
      Mode GOVERNANCE|COMPLIANCE
      Days? 1..36500
      Years? 1..100
""")


def _validate(node: xml.Node, context: PutContext) -> xml.Value:
    """Check the period and the bucket.

    The page says that the call fails for a bucket without versioning or with a retention policy,
    but not with which code; that of PutObjectRetention is assumed.
    """
    retention = node.first("Rule/DefaultRetention")
    if retention is not None and len(retention.all("Days") + retention.all("Years")) != 1:
        raise DocumentError("A DefaultRetention must have either Days or Years.")
    bucket = context.bucket
    if bucket is None or bucket.versioning != "Enabled":
        raise OSSError(ErrorCase.OBJECT_WORM_NEEDS_VERSIONING)
    policy = worm.policy(bucket.documents)
    if policy is not None and policy.is_in_force(context.now):
        raise OSSError(ErrorCase.OBJECT_WORM_EXCLUDED)
    return node.content


DOCUMENT: Final = Document(
    "BucketObjectWormConfiguration",
    "objectWorm",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_OBJECT_WORM,
    validate=_validate,
    deletable=False,
    enforced=True,
)

_DAYS_OF_A_YEAR: Final = 365


def is_enabled(documents: Documents) -> bool:
    """Return whether the objects of a bucket can be retained."""
    return DOCUMENT.subresource in documents


def default(documents: Documents) -> tuple[str, int] | None:
    """Return the mode and the seconds for which new objects are retained; None for no default."""
    node = DOCUMENT.find(documents)
    rule = None if node is None else node.first("Rule/DefaultRetention")
    if rule is None:
        return None
    days = int(rule.text("Days") or 0) + int(rule.text("Years") or 0) * _DAYS_OF_A_YEAR
    return rule.text("Mode"), days * worm.DAY


def check_enabled(context: PutContext) -> None:
    """Raise `InvalidRequest` unless the objects of the bucket can be retained."""
    if context.bucket is None or not is_enabled(context.bucket.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_NOT_ENABLED)
