"""Hotlink protection of a request: the rules of its bucket and their decision (R-05)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from oss_referer import Assumptions, Decision, RefererConfiguration, RefererPolicy, Scope, Signing
from oss_referer.engine.assumptions import CheckOrder, ProcessingOrder, SourceOfCopy
from oss_referer.engine.decision import RequestKind, classify

from oss_emulator.operations.access_point import bucket_of
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import Body
from oss_emulator.operations.operation import Operation
from oss_emulator.operations.referer import SUBRESOURCE, parse_stored
from oss_emulator.pipeline import images
from oss_emulator.protocol import conditions
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.storage.base import Bucket, Storage

if TYPE_CHECKING:
    from oss_emulator.pipeline.deployment import Deployment


class HotlinkProtection:
    """The compiled rules of buckets, under one set of assumptions."""

    def __init__(self, assumptions: Assumptions) -> None:
        self._assumptions = assumptions
        self.policy_of = lru_cache(1024)(self._compile)
        """Compiles the rules of a bucket; cached by the bytes of the document, so never stale."""
        self._policy_of_bucket: Callable[[Bucket], RefererPolicy] = lambda bucket: self.policy_of(
            bucket.documents.get(SUBRESOURCE)
        )
        self.precedes_acl = assumptions.check_order is CheckOrder.BEFORE_ACL
        """Whether the rules are checked before the permissions (R-05)."""
        self._processes_first = assumptions.processing_order is ProcessingOrder.AFTER
        self._looks_for_objects = assumptions.check_order is CheckOrder.AFTER_OBJECT

    def decide(self, admission: Admission, storage: Storage) -> Decision | None:
        """Decide by the rules of the request's bucket; None if the request needs no decision.

        A request without a bucket needs none, nor does one for a missing object if the service
        reports that first (R-05).
        """
        bucket, request = admission.record, admission.request
        if bucket is None:
            return None
        if self._looks_for_objects and _lacks_object(admission, storage):
            return None
        scope = Scope.OBJECT if admission.target.key else Scope.BUCKET
        kind = _classify(admission.claimed.signing, request.method, scope)
        policy = bucket.once(self._policy_of_bucket)
        return policy.decide_on(kind, request.headers.get("referer"), request.further_referers)

    def decide_on_copy(self, admission: Admission, storage: Storage) -> tuple[str, Decision | None]:
        """Decide on a copy by the rules of its source as well (R-45), after `decide`.

        Returns the bucket whose rules decided, and its decision. If the rules of the source would
        deny the copy, the decision depends on an assumption, which it names.
        """
        target, decision = admission.target.bucket, admission.decision
        source = self._decide_on_source(admission, storage)
        if decision is None or source is None or source[1].allowed:
            return target, decision
        chosen = self._assumptions.copy_source
        if chosen is SourceOfCopy.CHECKED:
            target, decision = source
        return target, decision._replace(variants=(*decision.variants, ("copy_source", chosen)))

    def decides_late(self, operation: Operation) -> bool:
        """Whether a denial waits until the image of an operation is processed (R-39)."""
        return self._processes_first and images.is_processing(operation)

    def _decide_on_source(
        self, admission: Admission, storage: Storage
    ) -> tuple[str, Decision] | None:
        """Decide by the rules of a copy's source; None if they do not matter."""
        request = admission.request
        if admission.claimed.signing is Signing.HEADER:
            return None
        try:
            source = conditions.parse_copy_source(request.headers[conditions.COPY_SOURCE])
        except OSSError:
            return None  # the operation refuses the header later
        name = bucket_of(storage, source.bucket)
        bucket = storage.bucket(name)
        if bucket is None:
            return None
        if self._looks_for_objects:
            found = storage.object(name, source.key, source.version_id)
            if found is None or found.delete_marker:
                return None
        policy = bucket.once(self._policy_of_bucket)
        referer, further = request.headers.get("referer"), request.further_referers
        return name, policy.decide_on(RequestKind.SOURCE_OF_COPY, referer, further)

    def _compile(self, document: bytes | None) -> RefererPolicy:
        rules = RefererConfiguration() if document is None else parse_stored(document)
        return RefererPolicy.compile(rules, self._assumptions)


_classify = lru_cache(256)(classify)  # called for every request


def check_referer(admission: Admission, service: Deployment) -> None:
    """Hotlink protection: decide by the bucket's rules, and refuse what they deny.

    A copy is decided by the rules of its source as well, unless its own bucket denies it (R-45).
    """
    hotlinks, storage, bucket = service.hotlinks, service.storage, admission.target.bucket
    admission.decision = decision = hotlinks.decide(admission, storage)
    if decision is not None and not decision.allowed:
        if not hotlinks.decides_late(admission.operation):
            raise _denied(decision, bucket)
    elif admission.operation.header == conditions.COPY_SOURCE:
        bucket, admission.decision = hotlinks.decide_on_copy(admission, storage)
        if admission.decision is not None and not admission.decision.allowed:
            raise _denied(admission.decision, bucket)


def check_late(body: Body, admission: Admission, service: Deployment) -> Body:
    """Refuse a denied request after its image was processed (R-39)."""
    decision = admission.decision
    if decision is not None and not decision.allowed:
        raise _denied(decision, admission.target.bucket)
    return body


def _denied(decision: Decision, bucket: str) -> OSSError:
    """Make the error for a request that the rules of a bucket deny (R-35)."""
    return OSSError(ErrorCase.REFERER_DENIED, ec=decision.ec, BucketName=bucket)


def _lacks_object(admission: Admission, storage: Storage) -> bool:
    target, request = admission.target, admission.request
    if not target.key or request.method not in ("GET", "HEAD"):
        return False
    version = request.query.get("versionId") or None
    found = storage.object(target.bucket, target.key, version)
    return found is None or found.delete_marker
