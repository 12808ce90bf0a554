"""Buckets: create, describe and delete them, and keep versions of their objects."""

from typing import Final

from oss_referer.browser.changes import PUBLIC_ACCESS_BLOCKED

from oss_emulator.access.authorize import BucketAcl
from oss_emulator.operations import (
    configurations,
    live_channel,
    redundancy,
    replication,
    tagging,
    worm,
)
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.schema import parse_schema
from oss_emulator.protocol import dates, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import REDUNDANCY_TYPES, STORAGE_CLASSES, invalid_argument
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import Bucket

MAX_BUCKETS: Final = 100
"""Maximum number of buckets of an account in a region (PutBucket)."""


def _new_bucket(
    call: Call, storage_class: str | None = None, redundancy: str | None = None
) -> Bucket:
    """Make the bucket that a call creates; raises `TooManyBuckets`."""
    mine = (bucket for bucket in call.storage.buckets() if bucket.owner == call.caller.id)
    owned = sum(bucket.region == call.region for bucket in mine)
    if owned >= MAX_BUCKETS:
        raise OSSError(ErrorCase.TOO_MANY_BUCKETS)
    return Bucket(
        call.target.bucket,
        call.caller.id,
        call.request.received,
        call.region,
        storage_class=storage_class or "Standard",
        redundancy=redundancy or "LRS",
        documents=_documents(call),
    )


def _documents(call: Call) -> dict[str, bytes]:
    """Return the documents of a new bucket: from its headers, and its access block (P-45)."""
    request = call.request.headers
    group, tags = request.get(configurations.GROUP), request.get(tagging.HEADER)
    blocked = call.changes.follow(PUBLIC_ACCESS_BLOCKED)
    stored = {
        configurations.encryption: configurations.format_encryption(request),
        configurations.resource_group: configurations.format_group(group) if group else None,
        tagging.bucket_tags: tagging.format_header(tags) if tags else None,
        configurations.PUBLIC_ACCESS_BLOCK: configurations.BLOCKED if blocked else None,
    }
    return {document.subresource: text for document, text in stored.items() if text is not None}


@answers("PUT /bucket", "PutBucket", needs_bucket=False)
def put_bucket(call: Call) -> Response:
    """Create a bucket; if the owner repeats the call with an ACL, change the ACL.

    Raises `InvalidArgument`, `TooManyBuckets`, `BucketAlreadyExists`.
    """
    name = call.target.bucket
    acl = _acl(call)
    storage_class, asked = _configuration(call)
    present = call.record or _new_bucket(call, storage_class, asked)
    if present.owner != call.caller.id:
        raise OSSError(ErrorCase.BUCKET_ALREADY_EXISTS, BucketName=name)
    _check_acl(call, acl, present)
    if storage_class not in (None, present.storage_class):
        raise _cannot_change(name, "Cannot modify existing bucket's storage class.")
    if asked not in (None, redundancy.redundancy_of(present, call.request.received)):
        raise _cannot_change(name, "Bucket already exists CAN'T modify data redundancy type.")
    call.storage.put_bucket(present._replace(acl=acl or present.acl))
    return Response(200, {"Location": f"/{name}"})


def _acl(call: Call) -> str | None:
    """Return the ACL that a request sets, None for none; raises `InvalidArgument`."""
    acl = call.request.headers.get("x-oss-acl")
    if acl is not None and acl not in set(BucketAcl):
        raise invalid_argument("x-oss-acl", acl, code=ErrorCase.INVALID_BUCKET_ACL)
    return acl


def _check_acl(call: Call, acl: str | None, bucket: Bucket) -> None:
    public = acl is not None and BucketAcl(acl).public
    configurations.check_public(call, ErrorCase.PUBLIC_BUCKET_ACL, public=public, bucket=bucket)


@answers("PUT /bucket?acl", "PutBucketAcl", needs_bucket=False)
def put_bucket_acl(call: Call) -> Response:
    """Set the ACL if the header is sent; create the bucket if it is missing (P-47).

    Raises `InvalidArgument`, `AccessDenied` for a public ACL where public access is blocked, and
    `TooManyBuckets`.
    """
    bucket = call.record or _new_bucket(call)
    acl = _acl(call)
    _check_acl(call, acl, bucket)
    call.storage.put_bucket(bucket._replace(acl=acl or bucket.acl))
    return Response(200, {"Location": f"/{bucket.name}"})


@answers("GET /bucket?acl", "GetBucketAcl")
def get_bucket_acl(call: Call) -> Response:
    return xml.respond(
        "AccessControlPolicy",
        ("Owner", call.owner(call.bucket.owner)),
        ("AccessControlList", [("Grant", call.bucket.acl)]),
    )


def _configuration(call: Call) -> tuple[str | None, str | None]:
    """Read the storage class and redundancy of a CreateBucketConfiguration; None if not given."""
    data = call.body.read()
    if not data.strip():
        return None, None
    node = xml.parse(data, "CreateBucketConfiguration")
    location = node.text("LocationConstraint")
    if location not in ("", call.region, f"oss-{call.region}"):
        raise OSSError(ErrorCase.INVALID_LOCATION, LocationConstraint=location)
    storage_class = node.text("StorageClass") or None
    if storage_class not in (None, *STORAGE_CLASSES):
        code = ErrorCase.INVALID_STORAGE_CLASS
        raise invalid_argument("StorageClass", storage_class, code=code)
    asked = node.text("DataRedundancyType") or None
    if asked not in (None, *REDUNDANCY_TYPES):
        message = f"Redundancy type {asked!r} is unknown; use {listed(REDUNDANCY_TYPES)}."
        raise invalid_argument("DataRedundancyType", asked, message)
    return storage_class, asked


def _cannot_change(name: str, message: str) -> OSSError:
    return OSSError(ErrorCase.BUCKET_ALREADY_EXISTS, message, BucketName=name)


@answers("HEAD /bucket", "HeadBucket", action="oss:GetBucketInfo")
def head_bucket(call: Call) -> Response:
    """Check that a bucket exists and that the caller may use it."""
    return Response(200, {"x-oss-bucket-region": call.bucket.region})


@answers("DELETE /bucket", "DeleteBucket")
def delete_bucket(call: Call) -> Response:
    """Delete a bucket.

    Raises `BucketNotEmpty` if it has objects, uploads or live channels (P-63), and `AccessDenied`
    while a transition is processing (P-85).
    """
    bucket, storage = call.bucket, call.storage
    stages = {task.stage(call.request.received) for task in redundancy.of(bucket)}
    if redundancy.TransitionStatus.PROCESSING in stages:
        raise OSSError(ErrorCase.BUCKET_IN_TRANSITION, BucketName=bucket.name)
    if any(True for kept in (storage.versions, storage.uploads) for _ in kept(bucket.name)):
        raise OSSError(ErrorCase.BUCKET_NOT_EMPTY, BucketName=bucket.name)
    if live_channel.count(bucket.documents):
        raise OSSError(ErrorCase.BUCKET_HAS_LIVE_CHANNELS, BucketName=bucket.name)
    call.storage.delete_bucket(bucket.name)
    return Response(204)


@answers("GET /bucket?bucketInfo", "GetBucketInfo")
def get_bucket_info(call: Call) -> Response:
    """Describe a bucket: the plain elements by name, then those with children (S-37)."""
    bucket = call.bucket
    documents = bucket.documents
    log_bucket, log_prefix = (
        configurations.logging.text(documents, f"LoggingEnabled/Target{name}")
        for name in ("Bucket", "Prefix")
    )
    info: xml.Children = [
        ("AccessMonitor", _state(configurations.access_monitor.is_enabled(documents))),
        ("BlockPublicAccess", configurations.PUBLIC_ACCESS_BLOCK.is_enabled(documents)),
        ("Comment", ""),
        ("CreationDate", dates.format_iso(bucket.created)),
        ("CrossRegionReplication", _state(replication.SUBRESOURCE in documents)),
        ("DataRedundancyType", redundancy.redundancy_of(bucket, call.request.received)),
        ("ExtranetEndpoint", call.endpoint(bucket.region)),
        ("IntranetEndpoint", call.internal_endpoint(bucket.region)),
        ("Location", f"oss-{bucket.region}"),
        ("Name", bucket.name),
        ("ResourceGroupId", configurations.group_of(documents)),
        ("ResourcePoolConfig", ""),  # S-36
        ("StorageClass", bucket.storage_class),
        (
            "TransferAcceleration",
            _state(configurations.TRANSFER_ACCELERATION.is_enabled(documents)),
        ),
        ("Versioning", bucket.versioning or None),
        ("Owner", call.owner(bucket.owner)),
        ("AccessControlList", [("Grant", bucket.acl)]),
        (
            "ServerSideEncryptionRule",
            configurations.encryption_rule(documents) or [("SSEAlgorithm", "None")],
        ),
        ("BucketPolicy", [("LogBucket", log_bucket), ("LogPrefix", log_prefix)]),
    ]
    return xml.respond("BucketInfo", ("Bucket", info))


def _state(enabled: bool) -> str:
    return "Enabled" if enabled else "Disabled"


@answers("GET /bucket?location", "GetBucketLocation")
def get_bucket_location(call: Call) -> Response:
    return xml.reply(xml.format("LocationConstraint", f"oss-{call.bucket.region}"))


_LEAST = 64 * 1024
"""Minimum billed bytes of an object in every class except Standard."""


@answers("GET /bucket?stat", "GetBucketStat")
def get_bucket_stat(call: Call) -> Response:
    """Count the objects (with all versions), parts and bytes of a bucket by storage class.

    The counts are current. For an empty bucket the time is 0, as if nothing was counted (P-55).
    """
    items = list(call.storage.versions(call.bucket.name))
    uploads = list(call.storage.uploads(call.bucket.name))
    objects = [(item.storage_class, item.size) for item in items if not item.delete_marker]
    parts = [
        (upload.draft.storage_class, part.size)
        for upload in uploads
        for part in call.storage.parts(call.bucket.name, upload.id)
    ]
    stat: xml.Children = [
        ("Storage", sum(size for _, size in objects)),
        ("ObjectCount", len(objects)),
        ("MultipartUploadCount", len(uploads)),
        ("LiveChannelCount", live_channel.count(call.documents)),
        ("MultipartPartCount", len(parts)),
        ("MultipartPartStorage", sum(size for _, size in parts)),
        ("DeleteMarkerCount", len(items) - len(objects)),
        ("LastModifiedTime", int(call.request.received) if items or uploads else 0),
    ]
    by_class = [element for name in STORAGE_CLASSES for element in _stat_of(name, objects, parts)]
    return xml.respond("BucketStat", *stat, *by_class)


def _stat_of(
    storage_class: str, objects: list[tuple[str, int]], parts: list[tuple[str, int]]
) -> xml.Children:
    """Make the elements of one storage class; `objects` and `parts` are pairs of class and size."""
    name = "InfrequentAccess" if storage_class == "IA" else storage_class
    least = 0 if storage_class == "Standard" else _LEAST
    sizes = [size for found, size in objects if found == storage_class]
    part_sizes = [size for found, size in parts if found == storage_class]
    real = [(f"{name}RealStorage", sum(sizes))] if least else []
    return [
        (f"{name}Storage", sum(max(size, least) for size in sizes)),
        *real,
        (f"{name}ObjectCount", len(sizes)),
        (f"{name}MultipartPartCount", len(part_sizes)),
        (f"{name}MultipartPartStorage", sum(part_sizes)),
    ]


_VERSIONING: Final = parse_schema("""
VersioningConfiguration !0012-00000004 <0012-00000002
  Status Enabled|Suspended ?0012-00000004 *0012-00000004 !0012-00000004
""")


@answers("PUT /bucket?versioning", "PutBucketVersioning")
def put_bucket_versioning(call: Call) -> Response:
    """Enable or suspend versioning; existing versions stay.

    Raises `MalformedXML`, and `InvalidRequest` if object retention needs the versions (P-64).
    """
    status = _VERSIONING.parse(call.body.read()).text("Status")
    if status != "Enabled" and worm.is_enabled(call.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_NEEDS_VERSIONING)
    call.storage.put_bucket(call.bucket._replace(versioning=status))
    return Response()


@answers("GET /bucket?versioning", "GetBucketVersioning")
def get_bucket_versioning(call: Call) -> Response:
    """Return the state; it has no Status before versioning was first set."""
    return xml.respond(_VERSIONING.name, ("Status", call.bucket.versioning or None))
