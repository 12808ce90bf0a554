"""Translates documents of S3 to OSS and back (P-72).

Most answers differ only in the name space and the names of storage classes. The name space is that
of "Amazon S3 REST API"; errors have none.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from xml.sax.saxutils import escape

from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.s3.headers import oss_storage_class, storage_class
from oss_emulator.protocol.xml import Children, DocumentError, Node

NAME_SPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"

_SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_EVERYBODY: Final = "http://acs.amazonaws.com/groups/global/AllUsers"

_ROOT: Final = re.compile(rb"<([A-Za-z]+)>")
_CLASS: Final = re.compile(rb"<StorageClass>([A-Za-z]+)</StorageClass>")

_GRANTS: Final = {"public-read": ("READ",), "public-read-write": ("READ", "WRITE")}
"""The permissions that each ACL grants to everybody; the owner may do everything."""


def from_oss(operation: str, document: bytes) -> bytes:
    """Translate the answer of an operation of OSS to the document of S3."""
    if operation in _FROM_OSS:
        document = _FROM_OSS[operation](document)
    document = _CLASS.sub(_rename_class, document)
    return _ROOT.sub(rb'<\1 xmlns="%s">' % NAME_SPACE.encode(), document, count=1)


def _rename_class(match: re.Match[bytes]) -> bytes:
    return b"<StorageClass>%s</StorageClass>" % storage_class(match[1].decode()).encode()


def _acl(document: bytes) -> bytes:
    node = xml.parse(document, "AccessControlPolicy")
    ident, name = (escape(node.text(f"Owner/{child}")) for child in ("ID", "DisplayName"))
    owner = f"<ID>{ident}</ID><DisplayName>{name}</DisplayName>"
    public = _GRANTS.get(node.text("AccessControlList/Grant"), ())
    grants = [_grant("CanonicalUser", owner, "FULL_CONTROL")]
    grants += [_grant("Group", f"<URI>{_EVERYBODY}</URI>", permission) for permission in public]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<AccessControlPolicy><Owner>{owner}</Owner>"
        f"<AccessControlList>{''.join(grants)}</AccessControlList></AccessControlPolicy>\n"
    ).encode()


def _grant(kind: str, grantee: str, permission: str) -> str:
    return (
        f'<Grant><Grantee xmlns:xsi="{_SCHEMA_INSTANCE}" xsi:type="{kind}">{grantee}</Grantee>'
        f"<Permission>{permission}</Permission></Grant>"
    )


def _refuse_grants(document: bytes) -> bytes:
    message = (
        "Grants of S3 have no counterpart in OSS; send the header x-amz-acl with private, "
        "public-read or public-read-write."
    )
    raise OSSError(ErrorCase.NOT_IMPLEMENTED, message)


# Lifecycle rules: S3 has a filter where OSS has a prefix and tags.

_KEPT: Final = ("ID", "Status", "Expiration")
_MOVES: Final = {
    "Transition": ("Days", "StorageClass"),
    "NoncurrentVersionTransition": ("NoncurrentDays", "StorageClass"),
}
_SIZES: Final = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


def _lifecycle(turn: Callable[[Node], Children], document: bytes) -> bytes:
    node = xml.parse(document, "LifecycleConfiguration")
    rules = [("Rule", turn(rule)) for rule in node.all("Rule")]
    return xml.format("LifecycleConfiguration", rules)


def _rule_to_oss(rule: Node) -> Children:
    found: list[tuple[str, xml.Value]] = []
    sizes: list[tuple[str, xml.Value]] = []
    conditions = (*rule, *_filtered(rule))
    if not any(child.name == "Prefix" for child in conditions):
        found.append(("Prefix", ""))  # OSS requires it
    for child in conditions:
        if child.name in ("Prefix", "Tag", *_KEPT):
            found.append((child.name, child.content))
        elif child.name in _SIZES:
            sizes.append((child.name, child.content))
        elif child.name in _MOVES:
            found.append((child.name, _move_to_oss(child)))
        elif child.name == "AbortIncompleteMultipartUpload":
            found.append(("AbortMultipartUpload", [("Days", child.text("DaysAfterInitiation"))]))
        elif child.name == "NoncurrentVersionExpiration":
            raise DocumentError(f"OSS has no {child.name} for S3; leave it out.", "0014-00000003")
        elif child.name != "Filter":
            raise _refuse_element("Rule", child.name)
    return [*found, ("Filter", sizes)] if sizes else found


def _filtered(rule: Node) -> list[Node]:
    """Return the conditions in the filter of a rule, including those in `And`."""
    conditions = [*(rule.first("Filter") or ())]
    return [inner for child in conditions for inner in (child if child.name == "And" else [child])]


def _move_to_oss(move: Node) -> Children:
    for child in move:
        if child.name not in _MOVES[move.name]:
            raise _refuse_element(move.name, child.name)
    ec = "0014-00000009" if move.name == "Transition" else None
    return [
        (
            name,
            oss_storage_class(move.text(name), ec) if name == "StorageClass" else move.text(name),
        )
        for name in _MOVES[move.name]
    ]


def _rule_from_oss(rule: Node) -> Children:
    conditions: list[tuple[str, xml.Value]] = [("Prefix", rule.text("Prefix"))]
    conditions += [("Tag", tag.content) for tag in rule.all("Tag")]
    conditions += [(child.name, child.content) for child in _filtered(rule)]
    found: list[tuple[str, xml.Value]] = []
    for child in rule:
        if child.name == "AbortMultipartUpload":
            days = [("DaysAfterInitiation", child.text("Days"))]
            found.append(("AbortIncompleteMultipartUpload", days))
        elif child.name not in ("Prefix", "Tag", "Filter"):
            found.append((child.name, child.content))
    together = conditions if len(conditions) == 1 else [("And", conditions)]
    return [*found, ("Filter", together)]


def _refuse_element(parent: str, name: str) -> OSSError:
    message = f"The element {name} of {parent} has no counterpart in OSS; leave it out."
    return OSSError(ErrorCase.NOT_IMPLEMENTED, message)


_FROM_OSS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    # In quiet mode OSS answers with nothing, S3 with an empty list.
    "DeleteMultipleObjects": lambda document: document or xml.format("DeleteResult", []),
    "GetBucketAcl": _acl,
    "GetBucketLifecycle": partial(_lifecycle, _rule_from_oss),
    "GetObjectACL": _acl,
    # OSS leaves the marker of a list without parts empty, S3 writes 0 (P-58).
    "ListParts": lambda document: document.replace(
        b"<NextPartNumberMarker></", b"<NextPartNumberMarker>0</"
    ),
}

TO_OSS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "PutBucketAcl": _refuse_grants,
    "PutBucketLifecycle": partial(_lifecycle, _rule_to_oss),
    "PutObjectACL": _refuse_grants,
}
"""The functions that translate the request documents of S3, by the operation of OSS.

They raise `DocumentError`, and `NotImplemented` for what has no counterpart in OSS.
"""

ANSWERS: Final = _FROM_OSS.keys() | frozenset(
    """
    CompleteMultipartUpload CopyObject GetBucketLocation GetBucketLogging InitiateMultipartUpload
    ListBuckets ListObjects ListObjectsV2 UploadPartCopy
    """.split()
)
"""The operations of OSS that answer with a document."""
