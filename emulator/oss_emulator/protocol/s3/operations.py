"""The operations of S3: those that OSS answers, and the names of all others (P-71)."""

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
    """Parse lines of name, method, resource and sub-resource."""
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
"""The operations of OSS that answer them."""

_OTHERS: Final = _parse("""
    DeleteBucketLifecycle          DELETE bucket lifecycle
    ListObjectVersions             GET    bucket versions
    ListMultipartUploads           GET    bucket uploads
    GetBucketVersioning            GET    bucket versioning
    PutBucketVersioning            PUT    bucket versioning
    GetBucketTagging               GET    bucket tagging
    PutBucketTagging               PUT    bucket tagging
    DeleteBucketTagging            DELETE bucket tagging
    GetBucketCors                  GET    bucket cors
    PutBucketCors                  PUT    bucket cors
    DeleteBucketCors               DELETE bucket cors
    GetBucketPolicy                GET    bucket policy
    PutBucketPolicy                PUT    bucket policy
    DeleteBucketPolicy             DELETE bucket policy
    GetBucketPolicyStatus          GET    bucket policyStatus
    GetBucketWebsite               GET    bucket website
    PutBucketWebsite               PUT    bucket website
    DeleteBucketWebsite            DELETE bucket website
    GetBucketEncryption            GET    bucket encryption
    PutBucketEncryption            PUT    bucket encryption
    DeleteBucketEncryption         DELETE bucket encryption
    GetBucketReplication           GET    bucket replication
    PutBucketReplication           PUT    bucket replication
    DeleteBucketReplication        DELETE bucket replication
    GetBucketRequestPayment        GET    bucket requestPayment
    PutBucketRequestPayment        PUT    bucket requestPayment
    GetBucketAccelerateConfiguration GET  bucket accelerate
    PutBucketAccelerateConfiguration PUT  bucket accelerate
    GetBucketNotificationConfiguration GET bucket notification
    PutBucketNotificationConfiguration PUT bucket notification
    GetBucketOwnershipControls     GET    bucket ownershipControls
    PutBucketOwnershipControls     PUT    bucket ownershipControls
    DeleteBucketOwnershipControls  DELETE bucket ownershipControls
    GetPublicAccessBlock           GET    bucket publicAccessBlock
    PutPublicAccessBlock           PUT    bucket publicAccessBlock
    DeletePublicAccessBlock        DELETE bucket publicAccessBlock
    GetObjectLockConfiguration     GET    bucket object-lock
    PutObjectLockConfiguration     PUT    bucket object-lock
    GetBucketInventoryConfiguration GET   bucket inventory
    PutBucketInventoryConfiguration PUT   bucket inventory
    DeleteBucketInventoryConfiguration DELETE bucket inventory
    GetBucketAnalyticsConfiguration GET   bucket analytics
    PutBucketAnalyticsConfiguration PUT   bucket analytics
    GetBucketMetricsConfiguration  GET    bucket metrics
    PutBucketMetricsConfiguration  PUT    bucket metrics
    GetBucketIntelligentTieringConfiguration GET bucket intelligent-tiering
    PutBucketIntelligentTieringConfiguration PUT bucket intelligent-tiering
    CreateSession                  GET    bucket session
    GetObjectTagging               GET    object tagging
    PutObjectTagging               PUT    object tagging
    DeleteObjectTagging            DELETE object tagging
    GetObjectAttributes            GET    object attributes
    GetObjectRetention             GET    object retention
    PutObjectRetention             PUT    object retention
    GetObjectLegalHold             GET    object legal-hold
    PutObjectLegalHold             PUT    object legal-hold
    GetObjectTorrent               GET    object torrent
    RestoreObject                  POST   object restore
    SelectObjectContent            POST   object select
    RenameObject                   PUT    object renameObject
""")

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
    """Raise `NotImplemented`, which names the operation, unless OSS answers it over S3."""
    resource = "object" if target.key else "bucket" if target.bucket else "service"
    subresource = next((name for name in query if name in _SUBRESOURCES), "")
    if _PART in query and "uploadId" not in query:
        raise refuse(f"{method} of a single part of the object", method, _PART)
    if (method, resource, subresource) in _ANSWERED:
        return
    asked = f"{method} ?{subresource}" if subresource else method
    name = _NAMES.get((method, resource, subresource), f"{asked} of the {resource}")
    raise refuse(name, method, subresource)


def refuse(name: str, method: str, subresource: str) -> OSSError:
    """Make the error for an operation, by its name, that OSS does not answer over S3."""
    message = (
        f"{name} is not an operation that OSS answers over the S3 protocol; docs/s3.md lists those."
    )
    return OSSError(ErrorCase.NOT_IMPLEMENTED, message, Method=method, SubResource=subresource)
