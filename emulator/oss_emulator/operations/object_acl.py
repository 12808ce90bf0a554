"""The ACL of an object."""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.shared.objects import find, version_header
from oss_emulator.operations.shared.writing import OBJECT_ACL, object_acl
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


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
