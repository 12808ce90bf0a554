"""Hotlink protection of a request: the rules of its bucket and their decision (R-05)."""

from functools import lru_cache

from oss_emulator.documents.referer import SUBRESOURCE, parse
from oss_emulator.operations.call import Call
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.referer import Decision, RefererConfiguration, RefererPolicy, Scope


@lru_cache(1024)
def policy_of(document: bytes | None) -> RefererPolicy:
    """The compiled rules of a bucket; cached by the bytes of the document, so never stale."""
    if document is None:
        return RefererPolicy.compile(RefererConfiguration())
    return RefererPolicy.compile(parse(document))


def decide(call: Call) -> Decision | None:
    """Decide by the rules of the call's bucket; None for a call without a bucket."""
    if call.record is None:
        return None
    return policy_of(call.record.documents.get(SUBRESOURCE)).decide(
        call.request.headers.get("referer"),
        signed=call.signing,
        method=call.request.method,
        scope=Scope.OBJECT if call.key else Scope.BUCKET,
    )


def check(decision: Decision | None, target: str) -> None:
    """Raise `AccessDenied` where the rules of the bucket `target` deny the request (R-35)."""
    if decision is not None and not decision.allowed:
        raise OSSError(Code.REFERER_DENIED, ec=decision.ec, BucketName=target)
