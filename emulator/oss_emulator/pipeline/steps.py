"""The order of the steps of a request: find, check, allow and perform it, complete its answer.

Each step is a function in the module of its subject. It writes its results into the admission; if
it fails, it raises an `OSSError`, which becomes the answer. `RequestRunner` runs the steps of
`ServerStep`, and `Service` runs the lists. `shortcuts.py` leaves out steps that would do nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final, Protocol, TypeAlias

from oss_emulator.access.authorize import Permission
from oss_emulator.operations import website as pages
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import Takes
from oss_emulator.pipeline import (
    addressing,
    authentication,
    browser,
    bucket,
    default_domain,
    images,
    referer,
    routing,
    s3,
    website,
)
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol import checksums, headers
from oss_emulator.protocol.address import Target, check_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import TRAFFIC_LIMIT

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

Check: TypeAlias = Callable[[Admission, Deployment], None]
"""A step that needs no body."""

Perform: TypeAlias = Callable[[Any, Admission, Deployment], Any]
"""A step that gets the result of the previous step: a body, or at the end the response."""


class Complete(Protocol):
    """A step that adds something to an answer; `failed` says whether the request was refused."""

    def __call__(
        self, response: Response, admission: Admission, service: Deployment, *, failed: bool
    ) -> Response: ...


class ServerStep(Enum):
    """What the server does for a request once its head has arrived, in this order."""

    ADMIT = "admit"
    """The lists `FIND`, `CHECK` and `ALLOW`."""
    FAULT = "fault"
    """The delay or the error that a test has planned."""
    BODY = "body"
    """Read the body. The fields of a form pass `ALLOW` before its file is read."""
    GATHER = "gather"
    """Make another body from the storage: pixels, rows, the bytes of a copied part."""
    EXECUTE = "execute"
    """The lists `PERFORM` and `COMPLETE`, in the thread that the storage needs."""
    FETCH = "fetch"
    """Begin the task that fetches a URL (PutAsyncFetchTask)."""
    CALLBACK = "callback"
    """Call an application server, whose answer becomes the answer to the upload (Callback)."""


def find_limit(admission: Admission, service: Deployment) -> None:
    """Find the speed that the request asks for (x-oss-traffic-limit)."""
    request = admission.request
    named = TRAFFIC_LIMIT in request.headers or TRAFFIC_LIMIT in request.query
    if named or admission.form is not None:
        admission.traffic_limit = admission.requested_limit(lenient=service.settings.lenient)


def take_fields(form: Form, admission: Admission) -> None:
    """Read the key of a form from its fields; translate the fields if they are those of S3."""
    admission.request, form = s3.form_to_oss(admission.request, form)
    if not form.key:
        raise OSSError(ErrorCase.OBJECT_NAME_EMPTY)
    check_key(form.key)
    admission.target, admission.form = Target(admission.target.bucket, form.key), form


def check_body(body: Body, admission: Admission, service: Deployment) -> Body:
    """Check the digest of the body, and the size of a form's file."""
    operation = admission.operation
    if operation.takes is Takes.FORM:
        admission.sizes.check(body.size)
    elif operation.takes is not Takes.NOTHING and operation.gather is None:
        request = admission.request
        sent = request.headers.get("content-md5")
        # AWS SDKs do not send it: over S3, only `strict_s3` requires it (P-76).
        may_lack = request.original is not None and not service.settings.strict_s3
        if sent is None and operation.needs_md5 and not may_lack:
            raise OSSError(ErrorCase.MD5_MISSING)
        checksums.check_md5(sent, body.md5)
    return body


def run_operation(body: Body, admission: Admission, service: Deployment) -> Response:
    """Run the operation, or answer with the page of a website."""
    call = Call(admission, service.environment, body)
    if admission.visit is not None:
        return pages.serve(call, admission.visit)
    operation = admission.operation
    headers.refuse_encryption(admission.request.headers, operation.name)
    if admission.request.method in READS:
        return operation.handler(call)
    with service.storage.transaction():
        # The bucket may have been changed or deleted while the body arrived.
        record = bucket.find_bucket(service.storage, admission.target.bucket, operation)
        if record is not admission.record:
            call = call._replace(admission=replace(admission, record=record))
        return operation.handler(call)


FIND: Final[tuple[Check, ...]] = (
    s3.mark,
    addressing.find_address,
    s3.translate,
    addressing.resolve_alias,
    routing.find_operation,
    bucket.find_record,
)
"""Find the bucket, the key and the operation."""

CHECK: Final[tuple[Check, ...]] = (
    addressing.check_endpoint,
    addressing.check_domain,
    browser.check_page,
)
"""Check the endpoint, and the page that sent the request."""

ALLOW: Final[tuple[Check, ...]] = (
    authentication.authenticate,
    authentication.check_version,
    authentication.find_payload,
    website.find_page,
    images.find_style,
    referer.check_referer,
    authentication.authorize,
    images.check_original,
    find_limit,
)
"""Identify the caller, and check whether the caller may do this."""

PERFORM: Final[tuple[Perform, ...]] = (
    referer.check_late,
    check_body,
    s3.translate_body,
    run_operation,
)
"""Make the response from the body."""

COMPLETE: Final[tuple[Complete, ...]] = (
    default_domain.apply,
    bucket.add_headers,
    s3.translate_back,
    browser.sandbox,
)
"""Add headers to every answer, including the answer to a refused request."""


def checks_of(admission: Admission, service: Deployment) -> tuple[Check, ...]:
    """Return the checks that a request passes now: for most requests, `CHECK` and `ALLOW`."""
    if admission.operation.refusal is not None:
        known = () if admission.trusted else (authentication.authenticate,)
        return (*known, routing.refuse)
    if admission.trusted:  # a given caller may do everything
        return (*CHECK, images.find_style) if admission.form is None else ()
    allow = ALLOW if service.hotlinks.precedes_acl else _ALLOW_BY_ACL_FIRST
    if admission.form is not None:  # its fields have arrived
        return allow
    if admission.operation.takes is Takes.FORM:  # its fields have its key and its signature
        return CHECK
    if admission.operation.permission is Permission.NONE:  # a preflight
        return (*CHECK, referer.check_referer)
    return (*CHECK, *allow)


_SWAPPED: Final[Mapping[Check, Check]] = {
    referer.check_referer: authentication.authorize,
    authentication.authorize: referer.check_referer,
}
_ALLOW_BY_ACL_FIRST: Final = tuple(_SWAPPED.get(step, step) for step in ALLOW)
"""The order if the service checks the Referer rules after the permissions (R-05)."""
