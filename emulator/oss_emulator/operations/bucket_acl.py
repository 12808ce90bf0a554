"""The ACL of a bucket; PutBucketAcl creates a missing bucket."""

from oss_emulator.access.authorize import BucketAcl
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.shared.buckets import new_bucket
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase
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
        permissions.check_public(call, ErrorCase.PUBLIC_BUCKET_ACL, public=public, bucket=bucket)
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
