"""`/_emulator/resend`: send a request of the journal again, and see the new verdict beside it."""

from collections.abc import Mapping
from typing import Any, Final

from oss_referer import Signing

from oss_emulator.control.api.route import ApiError, ApiRequest, Route
from oss_emulator.control.console import entries, page
from oss_emulator.control.journal import JournalEntry
from oss_emulator.operations.admission import Refused
from oss_emulator.operations.operation import Takes
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol import signature
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.message import Request, Response, parse_query
from oss_emulator.protocol.signature import presigning

EXPIRES: Final = 3600
"""Seconds for which a URL that is signed anew is valid."""


def is_possible(entry: JournalEntry) -> bool:
    """Return whether a request can be sent again: the journal does not keep bodies."""
    has_body = entry.request.headers.get("content-length", "0") != "0"
    has_body |= "transfer-encoding" in entry.request.headers
    return bool(entry.bucket) and entry.admission.operation.takes is Takes.NOTHING and not has_body


def changes(entry: JournalEntry) -> bool:
    """Return whether a request may change something, so that sending it again needs a thought."""
    return entry.method not in READS


async def resend_request(asked: ApiRequest) -> Response:
    """Send a request again as it came; the answer is a new entry of the journal.

    A signed URL that is no longer valid is signed anew with the first key of the owner.
    """
    entry = entries.find(asked)
    if not is_possible(entry):
        raise ApiError(409, "The journal keeps no bodies, so this request cannot be sent again.")
    service, now = asked.controls.service, asked.controls.clock.now()
    request = entry.request._replace(received=now)
    signed_anew = _is_expired(service, entry, request)
    if signed_anew:
        request = sign_anew(service, entry, request)
    new = await asked.send(request)
    values: Mapping[str, Any] = {
        "number": new.number,
        "signed_anew": signed_anew,
        "before": entry.to_dict(),
        "after": new.to_dict(),
    }
    shown = {"rows": [entries.summarize(one) for one in (entry, new)]}
    return page.show(asked, "resent", values, **shown)


def _is_expired(service: Service, entry: JournalEntry, request: Request) -> bool:
    if entry.signed is not Signing.URL or entry.admission.request.original is not None:
        return False
    result = service.admit(request)
    expired = ErrorCase.REQUEST_EXPIRED.value
    return isinstance(result, Refused) and (
        (result.error.code, result.error.message) == (expired.code, expired.message)
    )


def sign_anew(service: Service, entry: JournalEntry, request: Request) -> Request:
    """Return a request to a URL that the owner's first key signs for an hour from now."""
    signer, target = service.accounts.first, entry.admission.target
    query = presigning.sign_url(
        request.method,
        entry.admission.named_bucket,
        target.key,
        {name: text for name, text in request.query.items() if name not in signature.PARAMETERS},
        access_key_id=signer.id,
        secret=signer.secret,
        region=service.region_of(target.bucket),
        now=request.received,
        expires=EXPIRES,
        headers=request.headers.items(),
    )
    return request._replace(query_string=query, query=parse_query(query))


ROUTES = (Route("POST", "resend/{number}", resend_request),)
