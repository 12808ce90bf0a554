"""The policy of a bucket: JSON that says who may do what (PutBucketPolicy)."""

from functools import lru_cache
from typing import Final

from oss_emulator.access.policy import Policy, PolicyError, PolicyType
from oss_emulator.documents.document import Documents
from oss_emulator.protocol.errors import ErrorCase, OSSError

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
