"""The policy of a bucket: JSON that says who may do what there."""

from oss_emulator.access import Policy, PolicyError, PolicyType
from oss_emulator.documents.bucket_info import POLICY
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Takes, operation
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response


@operation("PutBucketPolicy", "PUT", Resource.BUCKET, POLICY, takes=Takes.DOCUMENT)
def put_bucket_policy(call: Call) -> Response:
    """Replace the policy.

    Raises `InvalidPolicyDocument`, and `AccessDenied` for a public one where that is blocked.
    """
    document = call.body.read()
    try:
        policy = Policy.parse(document, PolicyType.BUCKET)
    except PolicyError as error:
        raise OSSError(Code.INVALID_POLICY, str(error), ec=error.problem.value) from None
    permissions.check_public(call, Code.PUBLIC_POLICY, public=policy.public)
    call.keep(POLICY, document)
    return Response()


@operation("GetBucketPolicy", "GET", Resource.BUCKET, POLICY)
def get_bucket_policy(call: Call) -> Response:
    """The policy as it was put; raises `NoSuchBucketPolicy`."""
    document = call.documents.get(POLICY)
    if document is None:
        raise OSSError(Code.NO_SUCH_POLICY, BucketName=call.bucket.name)
    return Response(200, {"Content-Type": "application/json"}, document)


@operation("DeleteBucketPolicy", "DELETE", Resource.BUCKET, POLICY)
def delete_bucket_policy(call: Call) -> Response:
    """Remove the policy; 204 whether there was one or not."""
    call.keep(POLICY, None)
    return Response(204)


@operation("GetBucketPolicyStatus", "GET", Resource.BUCKET, "policyStatus")
def get_bucket_policy_status(call: Call) -> Response:
    """Whether a statement of the policy lets everybody in (A-33)."""
    policy = permissions.bucket_policy(call.documents.get(POLICY))
    return xml.answer("PolicyStatus", [("IsPublic", policy is not None and policy.public)])
