"""The policy of a bucket: JSON that says who may do what."""

from functools import lru_cache
from typing import Final

from oss_emulator.access.policy import Policy, PolicyError, PolicyType
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import check_public
from oss_emulator.operations.document import Documents
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

SUBRESOURCE: Final = "policy"


def parse(document: bytes, kind: PolicyType) -> Policy:
    """Parse a policy that is put; raises `InvalidPolicyDocument`."""
    try:
        return Policy.parse(document, kind)
    except PolicyError as error:
        message, detail = (error.said, str(error)) if error.said else (str(error), None)
        ec = error.problem.value
        raise OSSError(ErrorCase.INVALID_POLICY, message, ec=ec, ErrorDetail=detail) from None


def of(documents: Documents) -> Policy | None:
    """Parse the policy of a bucket; None if there is none. Raises `PolicyError`."""
    return _parse(documents.get(SUBRESOURCE))


@lru_cache(256)
def _parse(document: bytes | None) -> Policy | None:
    if document is None:
        return None
    return Policy.parse(document, PolicyType.BUCKET, "bucket policy")


def reply(document: bytes) -> Response:
    """Answer with a policy as it was put."""
    return Response(200, {"Content-Type": "application/json"}, document)


@answers("PUT /bucket?policy", "PutBucketPolicy")
def put_bucket_policy(call: Call) -> Response:
    """Replace the policy.

    Raises `InvalidPolicyDocument`, and `AccessDenied` for a public policy if public access is
    blocked.
    """
    document = call.body.read()
    public = parse(document, PolicyType.BUCKET).public
    check_public(call, ErrorCase.PUBLIC_POLICY, public=public)
    call.keep(SUBRESOURCE, document)
    return Response()


@answers("GET /bucket?policy", "GetBucketPolicy")
def get_bucket_policy(call: Call) -> Response:
    """Return the policy as it was put; raises `NoSuchBucketPolicy`."""
    missing = OSSError(ErrorCase.NO_SUCH_POLICY, BucketName=call.bucket.name)
    return reply(call.document(SUBRESOURCE, missing))


@answers("DELETE /bucket?policy", "DeleteBucketPolicy")
def delete_bucket_policy(call: Call) -> Response:
    """Remove the policy; answers 204 even if there was none."""
    call.keep(SUBRESOURCE, None)
    return Response(204)


@answers("GET /bucket?policyStatus", "GetBucketPolicyStatus")
def get_bucket_policy_status(call: Call) -> Response:
    """Return whether a statement of the policy grants something to everybody (A-33)."""
    found = of(call.documents)
    return xml.respond("PolicyStatus", ("IsPublic", found is not None and found.public))
