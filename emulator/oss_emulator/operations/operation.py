"""An operation of the OSS API, and the decorator that declares one."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final, TypeAlias

from oss_emulator.access.authorize import Permission
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


class Resource(StrEnum):
    """What an operation acts on."""

    SERVICE = "service"
    BUCKET = "bucket"
    OBJECT = "object"
    VECTORS = "vectors"
    """Vector buckets, which have their own endpoints and clients; not emulated."""
    TABLES = "tables"
    """Table buckets, with their own endpoints and clients; not emulated."""


class Takes(Enum):
    """The body an operation reads. GET and HEAD never read one (P-05)."""

    NOTHING = "nothing"
    DOCUMENT = "document"
    OBJECT = "object"
    FORM = "form"
    """A form: fields with the credentials and the object's key, then the file."""


class Status(Enum):
    """Whether an operation has an effect."""

    ENFORCED = "enforced"
    KEPT = "kept"
    """A document is validated, stored and returned, but has no other effect."""


ON_VERSION: Final = frozenset(
    """
    GetObject HeadObject GetObjectMeta DeleteObject GetSymlink GetObjectACL PutObjectACL
    GetObjectTagging PutObjectTagging DeleteObjectTagging GetObjectRetention PutObjectRetention
    GetObjectLegalHold PutObjectLegalHold RestoreObject CleanRestoredObject SealAppendObject
    """.split()
)
"""The operations that act on the version that `versionId` names (A-11).

Operations and permission checks use this table and the next two to read `versionId` and the
headers below, so that both always see the same version and tags.
"""

DESCRIBES: Final = frozenset(
    "PutObject CopyObject AppendObject InitiateMultipartUpload PutSymlink".split()
)
"""The operations whose headers set tags (A-12), retention and legal hold (P-64) of an object."""

BYPASSES: Final = frozenset("DeleteObject DeleteMultipleObjects PutObjectRetention".split())
"""The operations on which `x-oss-bypass-governance-retention` has an effect (P-64)."""


OperationHandler: TypeAlias = Callable[..., Response]
"""A function from a `Call` to a `Response`.

`Call` is not in this type, because its module imports this one; a test checks that each function
has a parameter of this type.
"""

Gather: TypeAlias = Callable[..., Any]
"""Returns the `Work` that makes the body of an operation for a `Call`, or None.

The work takes time proportional to the size, so the server runs it in a pool.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """One operation of the OSS API and the function that answers it. Compared by identity."""

    name: str
    method: str
    resource: Resource
    subresource: str = ""
    """The query parameter that selects the operation, "" for none.

    It may need a value (`x-oss-process=csv/select`), and further required parameters may follow:
    `inventory&inventoryId`, `cname&comp=token`.
    """
    permission: Permission = Permission.OWN
    takes: Takes = Takes.NOTHING
    header: str = ""
    """The request header whose presence selects the operation, "" for none."""
    action: str
    """The RAM action that the caller needs."""
    status: Status = Status.ENFORCED
    needs_bucket: bool = True
    """Whether a missing bucket is reported before any other error (P-18)."""
    handler: OperationHandler
    gather: Gather | None = None
    """Makes the body from the storage, as the body of the request (if any) says."""
    on_version: bool = False
    """Whether it acts on the version that the request names."""
    describes: bool = False
    """Whether its headers set the tags, retention and legal hold of an object."""
    bypasses: bool = False
    """Whether it may bypass a retention period in GOVERNANCE mode."""
    needs_md5: bool = False
    """Whether it is refused without `Content-MD5` (P-76)."""
    path: str = ""
    """The path of an operation on `VECTORS` or `TABLES`; parts in capitals stand for any text."""
    refusal: ErrorCase | None = None
    """The error for an operation that is not emulated; None if it is emulated."""

    @property
    def emulated(self) -> bool:
        """Whether it is an operation that the emulator performs."""
        return self.handler is not _answer_nothing


RESOURCES: Final = {
    "/": Resource.SERVICE,
    "/bucket": Resource.BUCKET,
    "/bucket/key": Resource.OBJECT,
}

_PERMISSIONS: Final = {
    "oss:GetObject": Permission.READ,
    "oss:PostProcessTask": Permission.READ,
    "oss:PutObject": Permission.WRITE,
    "oss:DeleteObject": Permission.WRITE,
    "oss:AbortMultipartUpload": Permission.WRITE,
    "oss:OptionObject": Permission.NONE,
}
"""The permission that an ACL must grant for an action; other actions are for the owner only."""


def answers(
    request: str,
    name: str,
    *,
    action: str = "",
    takes: Takes | None = None,
    header: str = "",
    needs_bucket: bool = True,
    gather: Gather | None = None,
    needs_md5: bool = False,
    kept: bool = False,
) -> Callable[[OperationHandler], Operation]:
    """Declare that a function answers a request such as `PUT /bucket?inventory&inventoryId`.

    PUT and POST read a document unless `takes` says otherwise; the default action is `oss:NAME`.
    What the operation stores has no effect if it is `kept`.
    """
    method, _, target = request.partition(" ")
    path, _, subresource = target.partition("?")
    if takes is None:
        takes = Takes.DOCUMENT if method in ("PUT", "POST") else Takes.NOTHING
    action = action or f"oss:{name}"
    return lambda handler: Operation(
        name=name,
        method=method,
        resource=RESOURCES[path],
        subresource=subresource,
        permission=_PERMISSIONS.get(action, Permission.OWN),
        takes=takes,
        header=header,
        action=action,
        status=Status.KEPT if kept else Status.ENFORCED,
        needs_bucket=needs_bucket,
        handler=handler,
        gather=gather,
        on_version=name in ON_VERSION,
        describes=name in DESCRIBES,
        bypasses=name in BYPASSES,
        needs_md5=needs_md5,
    )


def _answer_nothing(call: object) -> Response:
    raise AssertionError("a request without an operation is refused")


NO_OPERATION: Final = Operation(
    name="", method="", resource=Resource.SERVICE, action="", handler=_answer_nothing
)
"""The operation of a request that is not routed yet, or was refused before routing."""


def refused(
    name: str,
    method: str,
    resource: Resource,
    subresource: str,
    refusal: ErrorCase = ErrorCase.NOT_IMPLEMENTED,
    path: str = "",
) -> Operation:
    """Make an operation that is not emulated (P-40).

    The answer 501 does not need a bucket; for other answers the bucket must exist (P-18).
    """
    return Operation(
        name=name,
        method=method,
        resource=resource,
        subresource=subresource,
        action="",
        needs_bucket=refusal is not ErrorCase.NOT_IMPLEMENTED,
        handler=_answer_nothing,
        path=path,
        refusal=refusal,
    )


UNKNOWN: Final = refused("", "", Resource.SERVICE, "")
"""The operation of a request that matches no known operation."""


def not_implemented(asked: str, method: str, subresource: str) -> OSSError:
    """Make the error that names what is not emulated (P-40)."""
    message = f"{asked} is not emulated; docs/operations.md lists what is."
    return OSSError(ErrorCase.NOT_IMPLEMENTED, message, Method=method, SubResource=subresource)
