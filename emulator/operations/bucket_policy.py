"""The policy of a bucket: JSON that is validated and kept."""

import json
from typing import Any

from emulator.dispatch import Call, Resource, Status, Takes, operation
from emulator.protocol import xml
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import Response

SUBRESOURCE = "policy"
MAX_POLICY = 16 * 1024
"""Bytes of the largest policy (Bucket Policy overview)."""


@operation(
    "PutBucketPolicy", "PUT", Resource.BUCKET, SUBRESOURCE, takes=Takes.DOCUMENT, status=Status.KEPT
)
def put_bucket_policy(call: Call) -> Response:
    """Replace the policy; raises `InvalidPolicyDocument`."""
    document = call.body.read()
    _statements(document)
    call.keep(SUBRESOURCE, document)
    return Response()


@operation("GetBucketPolicy", "GET", Resource.BUCKET, SUBRESOURCE, status=Status.KEPT)
def get_bucket_policy(call: Call) -> Response:
    """The policy as it was put; raises `NoSuchBucketPolicy`."""
    document = call.documents.get(SUBRESOURCE)
    if document is None:
        raise OSSError(Code.NO_SUCH_POLICY, BucketName=call.bucket.name)
    return Response(200, {"Content-Type": "application/json"}, document)


@operation("DeleteBucketPolicy", "DELETE", Resource.BUCKET, SUBRESOURCE, status=Status.KEPT)
def delete_bucket_policy(call: Call) -> Response:
    """Remove the policy; 204 whether there was one or not."""
    call.keep(SUBRESOURCE, None)
    return Response(204)


@operation("GetBucketPolicyStatus", "GET", Resource.BUCKET, "policyStatus", status=Status.KEPT)
def get_bucket_policy_status(call: Call) -> Response:
    """Whether the policy lets everybody in: an unconditional statement allows any principal.

    A statement that names no principal is about every one (SDK V2's suite).
    """
    document = call.documents.get(SUBRESOURCE)
    statements = [] if document is None else _statements(document)
    public = any(
        statement["Effect"] == "Allow"
        and "*" in _texts(statement.get("Principal", "*"))
        and not statement.get("Condition")
        for statement in statements
    )
    return xml.answer("PolicyStatus", [("IsPublic", public)])


def _statements(document: bytes) -> list[dict[str, Any]]:
    """The statements of a policy whose form is right; raises `InvalidPolicyDocument`."""
    if len(document) > MAX_POLICY:
        raise _invalid(f"The policy has {len(document)} bytes; {MAX_POLICY} are allowed.")
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"The policy is no JSON: {error}.") from None
    if not isinstance(policy, dict):
        raise _invalid("The policy is no JSON object.")
    if policy.get("Version") != "1":
        raise OSSError(Code.INVALID_POLICY_VERSION)
    statements = policy.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise _invalid("The policy has no list of statements.")
    for statement in statements:
        _check_statement(statement)
    return statements


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict):
        raise _invalid("A statement is no JSON object.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _invalid("The Effect of a statement is Allow or Deny.")
    for name, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if not _texts(statement.get(name, statement.get(other, []))):
            raise _invalid(f"A statement has no {name}.")
    for name in ("Principal", "NotPrincipal"):
        if name in statement and not _texts(statement[name]):
            raise _invalid(f"The {name} of a statement names nobody.")
    if not isinstance(statement.get("Condition", {}), dict):
        raise _invalid("The Condition of a statement is no JSON object.")


def _texts(value: Any) -> list[str]:
    """A text or a list of texts as a list, empty where it is neither."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        return []
    return values


def _invalid(message: str) -> OSSError:
    return OSSError(Code.INVALID_POLICY, message)
