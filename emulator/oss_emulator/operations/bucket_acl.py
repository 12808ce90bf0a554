"""The ACL of a bucket."""

from oss_emulator.access import BucketAcl
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Takes, operation
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import Code
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response


@operation("PutBucketAcl", "PUT", Resource.BUCKET, "acl", takes=Takes.DOCUMENT)
def put_bucket_acl(call: Call) -> Response:
    """Set the ACL; without the header nothing changes (PutBucketAcl).

    Raises `InvalidArgument`, and `AccessDenied` for a public ACL where public access is blocked.
    """
    acl = call.request.headers.get("x-oss-acl")
    if acl is not None:
        if acl not in set(BucketAcl):
            raise invalid_argument("x-oss-acl", acl, code=Code.INVALID_BUCKET_ACL)
        permissions.check_public(call, Code.PUBLIC_BUCKET_ACL, public=BucketAcl(acl).public)
        call.storage.put_bucket(call.bucket._replace(acl=acl))
    return Response()


@operation("GetBucketAcl", "GET", Resource.BUCKET, "acl")
def get_bucket_acl(call: Call) -> Response:
    """Answer the owner and the ACL of a bucket."""
    return xml.answer(
        "AccessControlPolicy",
        [
            ("Owner", call.owner(call.bucket.owner)),
            ("AccessControlList", [("Grant", call.bucket.acl)]),
        ],
    )
