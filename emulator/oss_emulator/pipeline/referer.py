"""Hotlink protection of a request: the rules of its bucket and their decision (R-05)."""

from functools import lru_cache

from oss_emulator.documents.referer import SUBRESOURCE, parse_kept
from oss_emulator.operations.call import Call
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.referer import Assumptions, Decision, RefererConfiguration, RefererPolicy, Scope
from oss_emulator.referer.assumptions import CheckOrder


class HotlinkProtection:
    """The compiled rules of buckets, as one set of assumptions reads them."""

    def __init__(self, assumptions: Assumptions) -> None:
        self._assumptions = assumptions
        self._compile_cached = lru_cache(1024)(self._compile)
        self.precedes_acl = assumptions.check_order is CheckOrder.BEFORE_ACL
        """Whether a request is checked before its permissions are."""

    def policy_of(self, document: bytes | None) -> RefererPolicy:
        """Compile the rules of a bucket; cached by the bytes of the document, so never stale."""
        return self._compile_cached(document)

    def decide(self, call: Call) -> Decision | None:
        """Decide by the rules of the call's bucket; None for a call that needs no decision.

        Those are a call without a bucket, and one for a missing object if that is reported first
        (R-05).
        """
        if call.record is None:
            return None
        if self._assumptions.check_order is CheckOrder.AFTER_OBJECT and _lacks_object(call):
            return None
        return self.policy_of(call.record.documents.get(SUBRESOURCE)).decide(
            call.request.headers.get("referer"),
            *call.request.further_referers,
            signed=call.signing,
            method=call.request.method,
            scope=Scope.OBJECT if call.key else Scope.BUCKET,
        )

    def _compile(self, document: bytes | None) -> RefererPolicy:
        rules = RefererConfiguration() if document is None else parse_kept(document)
        return RefererPolicy.compile(rules, self._assumptions)


def check(decision: Decision | None, target: str) -> None:
    """Raise `AccessDenied` if the rules of the bucket `target` deny the request (R-35)."""
    if decision is not None and not decision.allowed:
        raise OSSError(ErrorCase.REFERER_DENIED, ec=decision.ec, BucketName=target)


def _lacks_object(call: Call) -> bool:
    """Whether a request reads an object that does not exist."""
    if not call.key or call.request.method not in ("GET", "HEAD"):
        return False
    version = call.request.query.get("versionId") or None
    found = call.storage.object(call.target.bucket, call.key, version)
    return found is None or found.delete_marker
