"""Protects the emulator from web pages in browsers on this machine.

The service has no such protection and needs none: web pages do not know the keys of its users,
and its endpoints have no console. But every page may know the emulator's default key.
"""

from typing import Final

from oss_emulator.operations import cors
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.operation import Takes
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol import origin
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import AccessRecord, Request, Response
from oss_emulator.storage.base import Bucket

SANDBOX: Final = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"
"""The policy for documents at the endpoint: without `allow-same-origin` they have no origin."""

REASON: Final = "a page of another origin sent this without a preflight"


def check_page(admission: Admission, service: Deployment) -> None:
    """Refuse a change that a page of another origin can send without a preflight.

    Browsers send GET, HEAD and POST for any page without a preflight, and of these only POST
    changes something. Pages of other origins may send forms (PostObject), and requests that the
    bucket's CORS rules allow to their origin.
    """
    request, operation = admission.original, admission.operation
    if request.method != "POST" or operation.takes is Takes.FORM or not origin.is_foreign(request):
        return
    if origin.is_preflighted(request) or _allows(admission.record, request):
        return
    sender = request.headers.get("origin", "unknown")
    access = AccessRecord(False, REASON, operation.action, "")
    raise OSSError(ErrorCase.CROSS_ORIGIN, access=access, Origin=sender)


def _allows(bucket: Bucket | None, request: Request) -> bool:
    document = None if bucket is None else bucket.documents.get(cors.cors.subresource)
    sender = request.headers.get("origin")
    if document is None or sender is None:
        return False
    return any(rule.allows(sender, request.method) for rule in cors.parse(document).rules)


def sandbox(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Deny a document the origin of the endpoint (an addition of the emulator).

    At the endpoint's own hosts an HTML object would have the origin of `/_emulator/` and of all
    buckets. The header affects only documents. All answers to browsers have it, because a browser
    may cache the answer to a `fetch` and later show it as a document.
    """
    request = admission.request
    if not origin.is_from_browser(request) or not service.addresses.is_endpoint(request.host):
        return response
    return response._replace(headers={**response.headers, "Content-Security-Policy": SANDBOX})
