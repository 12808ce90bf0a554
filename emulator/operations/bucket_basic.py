"""Buckets: create, look at, delete."""

from collections import Counter
from dataclasses import replace

from emulator.access import BucketAcl
from emulator.dispatch import Call, Resource, Takes, operation
from emulator.protocol import bucket_info, dates, encryption, resource_group, xml
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.headers import REDUNDANCY_TYPES, STORAGE_CLASSES, invalid_argument
from emulator.protocol.message import Response
from emulator.storage import Bucket

MAX_BUCKETS = 100
"""Buckets one account may have in a region (PutBucket)."""


@operation("PutBucket", "PUT", Resource.BUCKET, takes=Takes.DOCUMENT, needs_bucket=False)
def put_bucket(call: Call) -> Response:
    """Create a bucket; for its owner doing so again changes the ACL where one is sent."""
    name = call.target.bucket
    acl = call.request.headers.get("x-oss-acl")
    if acl is not None and acl not in set(BucketAcl):
        raise invalid_argument("x-oss-acl", acl, code=Code.INVALID_BUCKET_ACL)
    storage_class, redundancy = _configuration(call)
    present = call.record
    if present is None:
        owned = sum(bucket.owner == call.caller.id for bucket in call.storage.buckets())
        if owned >= MAX_BUCKETS:
            raise OSSError(Code.TOO_MANY_BUCKETS)
        present = Bucket(
            name,
            call.caller.id,
            call.request.received,
            call.region,
            storage_class=storage_class or "Standard",
            redundancy=redundancy or "LRS",
            documents=_documents(call),
        )
    elif present.owner != call.caller.id:
        raise OSSError(Code.BUCKET_ALREADY_EXISTS, BucketName=name)
    if storage_class not in (None, present.storage_class):
        raise _cannot_change(name, "Cannot modify existing bucket's storage class.")
    if redundancy not in (None, present.redundancy):
        raise _cannot_change(name, "Bucket already exists CAN'T modify data redundancy type.")
    call.storage.put_bucket(replace(present, acl=acl or present.acl))
    return Response(200, {"Location": f"/{name}"})


def _documents(call: Call) -> dict[str, bytes]:
    """The configurations that the headers of PutBucket give a new bucket."""
    request = call.request.headers
    group = request.get(resource_group.HEADER)
    kept = {
        encryption.SUBRESOURCE: encryption.write(request),
        resource_group.SUBRESOURCE: resource_group.write(group) if group else None,
    }
    return {name: document for name, document in kept.items() if document is not None}


def _configuration(call: Call) -> tuple[str | None, str | None]:
    """Storage class and redundancy of a CreateBucketConfiguration, None where not given."""
    data = call.body.read()
    if not data.strip():
        return None, None
    node = xml.parse(data, "CreateBucketConfiguration")
    location = node.text("LocationConstraint")
    if location not in ("", call.region, f"oss-{call.region}"):
        raise OSSError(Code.INVALID_LOCATION, LocationConstraint=location)
    storage_class = node.text("StorageClass") or None
    if storage_class not in (None, *STORAGE_CLASSES):
        raise invalid_argument(
            "StorageClass", storage_class, "No such bucket storage class exists."
        )
    redundancy = node.text("DataRedundancyType") or None
    if redundancy not in (None, *REDUNDANCY_TYPES):
        raise invalid_argument("DataRedundancyType", redundancy, "No such redundancy type exists.")
    return storage_class, redundancy


def _cannot_change(name: str, message: str) -> OSSError:
    return OSSError(Code.BUCKET_ALREADY_EXISTS, message, BucketName=name)


@operation("HeadBucket", "HEAD", Resource.BUCKET, action="oss:GetBucketInfo")
def head_bucket(call: Call) -> Response:
    """Whether a bucket is there and the caller's."""
    return Response(200, {"x-oss-bucket-region": call.bucket.region})


@operation("DeleteBucket", "DELETE", Resource.BUCKET)
def delete_bucket(call: Call) -> Response:
    """Delete an empty bucket; raises `BucketNotEmpty`."""
    bucket = call.bucket
    storage = call.storage
    if any(True for kept in (storage.versions, storage.uploads) for _ in kept(bucket.name)):
        raise OSSError(Code.BUCKET_NOT_EMPTY, BucketName=bucket.name)
    call.storage.delete_bucket(bucket.name)
    return Response(204)


@operation("GetBucketInfo", "GET", Resource.BUCKET, "bucketInfo")
def get_bucket_info(call: Call) -> Response:
    """All that is known of a bucket itself."""
    bucket = call.bucket
    documents = bucket.documents
    info: xml.Children = [
        *bucket_info.state(documents),
        ("Comment", ""),
        ("CreationDate", dates.format_iso(bucket.created)),
        ("DataRedundancyType", bucket.redundancy),
        ("ExtranetEndpoint", call.endpoint),
        ("IntranetEndpoint", call.internal_endpoint),
        ("Location", f"oss-{bucket.region}"),
        ("Name", bucket.name),
        ("ResourceGroupId", resource_group.read(documents.get(resource_group.SUBRESOURCE))),
        ("StorageClass", bucket.storage_class),
        ("Versioning", bucket.versioning or None),
        ("Owner", xml.owner(bucket.owner)),
        ("AccessControlList", [("Grant", bucket.acl)]),
        ("ServerSideEncryptionRule", bucket_info.encryption_rule(documents)),
        ("BucketPolicy", bucket_info.log_target(documents)),
    ]
    return xml.answer("BucketInfo", [("Bucket", info)])


@operation("GetBucketLocation", "GET", Resource.BUCKET, "location")
def get_bucket_location(call: Call) -> Response:
    """The region of a bucket."""
    return xml.answer("LocationConstraint", f"oss-{call.bucket.region}")


# GetBucketStat: the elements of each storage class.
_STAT = {
    "Standard": "Standard",
    "IA": "InfrequentAccess",
    "Archive": "Archive",
    "ColdArchive": "ColdArchive",
    "DeepColdArchive": "DeepColdArchive",
}


@operation("GetBucketStat", "GET", Resource.BUCKET, "stat")
def get_bucket_stat(call: Call) -> Response:
    """How many objects and bytes a bucket holds, by storage class."""
    count: Counter[str] = Counter()
    size: Counter[str] = Counter()
    markers = 0
    for item in call.storage.versions(call.bucket.name):
        if item.delete_marker:
            markers += 1
            continue
        count[item.storage_class] += 1
        size[item.storage_class] += item.size
    stat: list[tuple[str, xml.Value]] = [
        ("Storage", size.total()),
        ("ObjectCount", count.total()),
        ("MultipartUploadCount", sum(1 for _ in call.storage.uploads(call.bucket.name))),
        ("LiveChannelCount", 0),
        ("LastModifiedTime", int(call.request.received)),
    ]
    for storage_class, name in _STAT.items():
        stat.append((f"{name}Storage", size[storage_class]))
        if name != "Standard":
            stat.append((f"{name}RealStorage", size[storage_class]))
        stat.append((f"{name}ObjectCount", count[storage_class]))
    stat.append(("MultipartPartCount", 0))
    stat.append(("DeleteMarkerCount", markers))
    return xml.answer("BucketStat", stat)
