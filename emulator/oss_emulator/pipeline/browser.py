"""Web pages in a browser on this machine: what they may not change, and where they run.

The service does none of this. It does not know the keys of its users, while every web page may
know the emulator's default key; and its endpoints have no pages of their own to protect.
"""

from typing import Final

from oss_emulator.documents import cors
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
    """Refuse a change that a page of another origin could send unasked. The service allows it.

    Browsers send GET, HEAD and POST for any page without a preflight, and only POST changes
    something. Pages of other origins may send forms (PostObject), and what the bucket's CORS rules
    allow to their origin.
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
    document = None if bucket is None else bucket.documents.get(cors.DOCUMENT.subresource)
    sender = request.headers.get("origin")
    if document is None or sender is None:
        return False
    return any(rule.allows(sender, request.method) for rule in cors.parse(document).rules)


def sandbox(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Deny a document the origin of the endpoint (an addition of the emulator).

    At the endpoint's own hosts an HTML object would have the origin of `/_emulator/` and of all
    buckets. The header is on all answers to browsers, but works only where they show a document:
    otherwise an answer to `fetch` could come from the browser's cache as a document without it.
    """
    request = admission.request
    if not origin.is_from_browser(request) or not service.addresses.is_endpoint(request.host):
        return response
    return response._replace(headers={**response.headers, "Content-Security-Policy": SANDBOX})
