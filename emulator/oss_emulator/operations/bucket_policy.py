"""The policy of a bucket: put, read and delete it."""

from oss_emulator.access.policy import PolicyType
from oss_emulator.documents import policy
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


@answers(f"PUT /bucket?{policy.SUBRESOURCE}", "PutBucketPolicy")
def put_bucket_policy(call: Call) -> Response:
    """Replace the policy.

    Raises `InvalidPolicyDocument`, and `AccessDenied` for a public policy if public access is
    blocked.
    """
    document = call.body.read()
    public = policy.parse(document, PolicyType.BUCKET).public
    permissions.check_public(call, ErrorCase.PUBLIC_POLICY, public=public)
    call.keep(policy.SUBRESOURCE, document)
    return Response()


@answers(f"GET /bucket?{policy.SUBRESOURCE}", "GetBucketPolicy")
def get_bucket_policy(call: Call) -> Response:
    """Return the policy as it was put; raises `NoSuchBucketPolicy`."""
    missing = OSSError(ErrorCase.NO_SUCH_POLICY, BucketName=call.bucket.name)
    document = call.document(policy.SUBRESOURCE, missing)
    return Response(200, {"Content-Type": "application/json"}, document)


@answers(f"DELETE /bucket?{policy.SUBRESOURCE}", "DeleteBucketPolicy")
def delete_bucket_policy(call: Call) -> Response:
    """Remove the policy; answers 204 even if there was none."""
    call.keep(policy.SUBRESOURCE, None)
    return Response(204)


@answers("GET /bucket?policyStatus", "GetBucketPolicyStatus")
def get_bucket_policy_status(call: Call) -> Response:
    """Return whether a statement of the policy grants something to everybody (A-33)."""
    found = policy.of(call.documents)
    return xml.respond("PolicyStatus", ("IsPublic", found is not None and found.public))
