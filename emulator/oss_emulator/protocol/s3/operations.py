"""The operations of S3: those that OSS answers, and the names of the others (P-71)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import ErrorCase, OSSError


class S3Operation(NamedTuple):
    """An operation of S3, by its name in the S3 API reference."""

    name: str
    method: str
    resource: str
    """`service`, `bucket` or `object`."""
    subresource: str
    """The query parameter that selects it, "" for none."""


def _parse(table: str) -> tuple[S3Operation, ...]:
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(S3Operation(*row[:3], *row[3:] or [""]) for row in rows)


SUPPORTED: Final = _parse("""
    ListBuckets              GET    service
    CreateBucket             PUT    bucket
    HeadBucket               HEAD   bucket
    DeleteBucket             DELETE bucket
    ListObjects              GET    bucket
    ListObjectsV2            GET    bucket  list-type
    GetBucketAcl             GET    bucket  acl
    PutBucketAcl             PUT    bucket  acl
    GetBucketLifecycle       GET    bucket  lifecycle
    PutBucketLifecycle       PUT    bucket  lifecycle
    GetBucketLocation        GET    bucket  location
    GetBucketLogging         GET    bucket  logging
    PutBucketLogging         PUT    bucket  logging
    DeleteObjects            POST   bucket  delete
    PostObject               POST   bucket
    OptionsBucket            OPTIONS bucket
    GetObject                GET    object
    HeadObject               HEAD   object
    PutObject                PUT    object
    DeleteObject             DELETE object
    OptionsObject            OPTIONS object
    GetObjectAcl             GET    object  acl
    PutObjectAcl             PUT    object  acl
    CreateMultipartUpload    POST   object  uploads
    UploadPart               PUT    object  uploadId
    ListParts                GET    object  uploadId
    CompleteMultipartUpload  POST   object  uploadId
    AbortMultipartUpload     DELETE object  uploadId
""")
"""The operations of "Compatibility with Amazon S3" (CopyObject and UploadPartCopy are PutObject and
UploadPart with a header), ListBuckets, which clients need, and preflights, which browsers send."""

OF_OSS: Final = frozenset(
    """
    AbortMultipartUpload CompleteMultipartUpload CopyObject DeleteBucket DeleteMultipleObjects
    DeleteObject GetBucketAcl GetBucketLifecycle GetBucketLocation GetBucketLogging GetObject
    GetObjectACL HeadBucket HeadObject InitiateMultipartUpload ListBuckets ListObjects ListObjectsV2
    ListParts OptionObject PostObject PutBucket PutBucketAcl PutBucketLifecycle PutBucketLogging
    PutObject PutObjectACL UploadPart UploadPartCopy
""".split()
)
"""The operations of OSS that answer those of S3."""

_CONFIGURATIONS: Final = """
    BucketLifecycle bucket lifecycle Delete
    BucketVersioning bucket versioning Get Put
    BucketTagging bucket tagging Get Put Delete
    BucketCors bucket cors Get Put Delete
    BucketPolicy bucket policy Get Put Delete
    BucketPolicyStatus bucket policyStatus Get
    BucketWebsite bucket website Get Put Delete
    BucketEncryption bucket encryption Get Put Delete
    BucketReplication bucket replication Get Put Delete
    BucketRequestPayment bucket requestPayment Get Put
    BucketAccelerateConfiguration bucket accelerate Get Put
    BucketNotificationConfiguration bucket notification Get Put
    BucketOwnershipControls bucket ownershipControls Get Put Delete
    PublicAccessBlock bucket publicAccessBlock Get Put Delete
    ObjectLockConfiguration bucket object-lock Get Put
    BucketInventoryConfiguration bucket inventory Get Put Delete
    BucketAnalyticsConfiguration bucket analytics Get Put
    BucketMetricsConfiguration bucket metrics Get Put
    BucketIntelligentTieringConfiguration bucket intelligent-tiering Get Put
    ObjectTagging object tagging Get Put Delete
    ObjectAttributes object attributes Get
    ObjectRetention object retention Get Put
    ObjectLegalHold object legal-hold Get Put
    ObjectTorrent object torrent Get
"""
"""One configuration per line: its name, resource, sub-resource, and the verbs of its operations."""

_OTHERS: Final = (
    *_parse("""
        ListObjectVersions GET bucket versions
        ListMultipartUploads GET bucket uploads
        CreateSession GET bucket session
        RestoreObject POST object restore
        SelectObjectContent POST object select
        RenameObject PUT object renameObject
    """),
    *(
        S3Operation(verb + noun, verb.upper(), resource, subresource)
        for noun, resource, subresource, *verbs in map(
            str.split, _CONFIGURATIONS.strip().splitlines()
        )
        for verb in verbs
    ),
)

_NAMES: Final = {
    (method, resource, subresource): name
    for name, method, resource, subresource in (*SUPPORTED, *_OTHERS)
}
_ANSWERED: Final = frozenset(operation[1:] for operation in SUPPORTED)
_SUBRESOURCES: Final = frozenset(
    operation.subresource for operation in (*SUPPORTED, *_OTHERS) if operation.subresource
)
_PART: Final = "partNumber"


def check_supported(method: str, target: Target, query: Mapping[str, str]) -> None:
    """Raise `NotImplemented` with the name of the operation unless OSS answers it over S3."""
    resource = "object" if target.key else "bucket" if target.bucket else "service"
    subresource = next((name for name in query if name in _SUBRESOURCES), "")
    if _PART in query and "uploadId" not in query:
        raise unsupported(f"{method} of a single part of the object", method, _PART)
    if (method, resource, subresource) in _ANSWERED:
        return
    asked = f"{method} ?{subresource}" if subresource else method
    name = _NAMES.get((method, resource, subresource), f"{asked} of the {resource}")
    raise unsupported(name, method, subresource)


def unsupported(name: str, method: str, subresource: str) -> OSSError:
    """Make the error for an operation that OSS does not answer over S3."""
    message = (
        f"{name} is not available over the S3 protocol; docs/s3.md lists the operations that are."
    )
    return OSSError(ErrorCase.NOT_IMPLEMENTED, message, Method=method, SubResource=subresource)
