"""Create, describe and delete buckets."""

from oss_emulator.access.authorize import BucketAcl
from oss_emulator.documents import (
    access_monitor,
    encryption,
    live_channel,
    logging,
    public_access_block,
    redundancy,
    replication,
    resource_group,
    transfer_acceleration,
)
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.shared.buckets import new_bucket
from oss_emulator.protocol import dates, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import REDUNDANCY_TYPES, STORAGE_CLASSES, invalid_argument
from oss_emulator.protocol.message import Response


@answers("PUT /bucket", "PutBucket", needs_bucket=False)
def put_bucket(call: Call) -> Response:
    """Create a bucket; if the owner repeats the call with an ACL, change the ACL.

    Raises `InvalidArgument`, `TooManyBuckets`, `BucketAlreadyExists`.
    """
    name = call.target.bucket
    acl = call.request.headers.get("x-oss-acl")
    if acl is not None and acl not in set(BucketAcl):
        raise invalid_argument("x-oss-acl", acl, code=ErrorCase.INVALID_BUCKET_ACL)
    storage_class, asked = _configuration(call)
    present = call.record or new_bucket(call, storage_class, asked)
    if present.owner != call.caller.id:
        raise OSSError(ErrorCase.BUCKET_ALREADY_EXISTS, BucketName=name)
    if acl is not None:
        public = BucketAcl(acl).public
        permissions.check_public(call, ErrorCase.PUBLIC_BUCKET_ACL, public=public, bucket=present)
    if storage_class not in (None, present.storage_class):
        raise _cannot_change(name, "Cannot modify existing bucket's storage class.")
    if asked not in (None, redundancy.redundancy(present, call.request.received)):
        raise _cannot_change(name, "Bucket already exists CAN'T modify data redundancy type.")
    call.storage.put_bucket(present._replace(acl=acl or present.acl))
    return Response(200, {"Location": f"/{name}"})


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
        logging.DOCUMENT.text(documents, f"LoggingEnabled/Target{name}")
        for name in ("Bucket", "Prefix")
    )
    info: xml.Children = [
        ("AccessMonitor", _state(access_monitor.is_enabled(documents))),
        ("BlockPublicAccess", public_access_block.is_enabled(documents)),
        ("Comment", ""),
        ("CreationDate", dates.format_iso(bucket.created)),
        ("CrossRegionReplication", _state(replication.SUBRESOURCE in documents)),
        ("DataRedundancyType", redundancy.redundancy(bucket, call.request.received)),
        ("ExtranetEndpoint", call.endpoint(bucket.region)),
        ("IntranetEndpoint", call.internal_endpoint(bucket.region)),
        ("Location", f"oss-{bucket.region}"),
        ("Name", bucket.name),
        ("ResourceGroupId", resource_group.of(documents)),
        ("ResourcePoolConfig", ""),  # S-36
        ("StorageClass", bucket.storage_class),
        ("TransferAcceleration", _state(transfer_acceleration.is_enabled(documents))),
        ("Versioning", bucket.versioning or None),
        ("Owner", call.owner(bucket.owner)),
        ("AccessControlList", [("Grant", bucket.acl)]),
        ("ServerSideEncryptionRule", encryption.rule(documents) or [("SSEAlgorithm", "None")]),
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
