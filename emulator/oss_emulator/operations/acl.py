"""The ACLs of buckets and objects; PutBucketAcl creates a missing bucket."""

from oss_emulator.access.authorize import BucketAcl
from oss_emulator.operations.bucket import new_bucket
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import check_public
from oss_emulator.operations.operation import answers
from oss_emulator.operations.versions import find, version_header
from oss_emulator.operations.writing import OBJECT_ACL, object_acl
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response


@answers("PUT /bucket?acl", "PutBucketAcl", needs_bucket=False)
def put_bucket_acl(call: Call) -> Response:
    """Set the ACL if the header is sent; create the bucket if it is missing (P-47).

    Raises `InvalidArgument`, `AccessDenied` for a public ACL where public access is blocked, and
    `TooManyBuckets`.
    """
    bucket = call.record or new_bucket(call)
    acl = call.request.headers.get("x-oss-acl")
    if acl is not None:
        if acl not in set(BucketAcl):
            raise invalid_argument("x-oss-acl", acl, code=ErrorCase.INVALID_BUCKET_ACL)
        public = BucketAcl(acl).public
        check_public(call, ErrorCase.PUBLIC_BUCKET_ACL, public=public, bucket=bucket)
        bucket = bucket._replace(acl=acl)
    call.storage.put_bucket(bucket)
    return Response(200, {"Location": f"/{bucket.name}"})


@answers("GET /bucket?acl", "GetBucketAcl")
def get_bucket_acl(call: Call) -> Response:
    return xml.respond(
        "AccessControlPolicy",
        ("Owner", call.owner(call.bucket.owner)),
        ("AccessControlList", [("Grant", call.bucket.acl)]),
    )


@answers("PUT /bucket/key?acl", "PutObjectACL", action="oss:PutObjectAcl")
def put_object_acl(call: Call) -> Response:
    """Set the ACL of an object; with `default` the bucket's ACL applies.

    Raises `MissingArgument` without the header (P-58), `InvalidArgument`, `NoSuchKey`.
    """
    if not call.request.headers.get(OBJECT_ACL):
        raise OSSError(ErrorCase.OBJECT_ACL_MISSING)
    acl, found = object_acl(call), find(call)
    call.storage.replace_object(call.bucket.name, found._replace(acl=acl))
    return Response(200, version_header(call, found))


@answers("GET /bucket/key?acl", "GetObjectACL", action="oss:GetObjectAcl")
def get_object_acl(call: Call) -> Response:
    found = find(call)
    return xml.respond(
        "AccessControlPolicy",
        ("Owner", call.owner(found.owner)),
        ("AccessControlList", [("Grant", found.acl)]),
        headers=version_header(call, found),
    )
