"""The retention policy of a bucket: initiate, complete, extend, abort and read it."""

from random import getrandbits

from oss_emulator.documents import object_worm, worm
from oss_emulator.documents.document import Element
from oss_emulator.documents.worm import RetentionPolicy
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


@answers(f"POST /bucket?{worm.SUBRESOURCE}", "InitiateBucketWorm")
def initiate_bucket_worm(call: Call) -> Response:
    """Create a policy that must be locked within a day.

    Raises `WORMConfigurationAlreadyExists`, and `InvalidRequest` in a bucket with object retention.
    """
    days = _days(call, worm.INITIATE)
    if object_worm.is_enabled(call.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_EXCLUDES)
    if _in_force(call) is not None:
        raise OSSError(ErrorCase.WORM_ALREADY_EXISTS)
    policy = RetentionPolicy(f"{getrandbits(128):032X}", days, call.request.received)
    _keep(call, policy)
    return Response(200, {"x-oss-worm-id": policy.id})


@answers("POST /bucket?wormId", "CompleteBucketWorm", takes=Takes.NOTHING)
def complete_bucket_worm(call: Call) -> Response:
    """Lock the policy permanently; raises `NoSuchWORMConfiguration`, `WORMConfigurationLocked`."""
    policy = _named(call)
    if policy.locked:
        raise OSSError(ErrorCase.WORM_LOCKED)
    _keep(call, policy._replace(locked=True))
    return Response()


@answers("POST /bucket?wormId&wormExtend", "ExtendBucketWorm")
def extend_bucket_worm(call: Call) -> Response:
    """Extend a locked policy; raises `InvalidWORMConfiguration`."""
    days = _days(call, worm.EXTEND)
    policy = _named(call)
    if not policy.locked or days <= policy.days:
        raise OSSError(ErrorCase.INVALID_WORM)
    _keep(call, policy._replace(days=days))
    return Response()


@answers(f"DELETE /bucket?{worm.SUBRESOURCE}", "AbortBucketWorm")
def abort_bucket_worm(call: Call) -> Response:
    """Delete a policy that is not locked; raises `WORMConfigurationLocked`."""
    policy = _in_force(call)
    if policy is not None and policy.locked:
        raise OSSError(ErrorCase.WORM_LOCKED)
    call.keep(worm.SUBRESOURCE, None)
    return Response(204)


@answers(f"GET /bucket?{worm.SUBRESOURCE}", "GetBucketWorm")
def get_bucket_worm(call: Call) -> Response:
    """Return the policy; raises `NoSuchWORMConfiguration`."""
    policy = _in_force(call)
    if policy is None:
        raise OSSError(ErrorCase.NO_SUCH_WORM, BucketName=call.bucket.name)
    return xml.reply(worm.format(policy))


def _in_force(call: Call) -> RetentionPolicy | None:
    policy = worm.policy(call.documents)
    return policy if policy is not None and policy.is_in_force(call.request.received) else None


def _named(call: Call) -> RetentionPolicy:
    policy = _in_force(call)
    if policy is None:
        raise OSSError(ErrorCase.NO_SUCH_WORM, BucketName=call.bucket.name)
    if policy.id != call.request.query["wormId"]:
        raise OSSError(ErrorCase.NO_SUCH_WORM_ID, BucketName=call.bucket.name)
    return policy


def _days(call: Call, schema: Element) -> int:
    return int(schema.parse(call.body.read()).text("RetentionPeriodInDays"))


def _keep(call: Call, policy: RetentionPolicy) -> None:
    call.keep(worm.SUBRESOURCE, worm.format(policy))
