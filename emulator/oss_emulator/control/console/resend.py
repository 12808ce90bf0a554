"""Sends a request of the journal again."""

from typing import Final, NamedTuple

from oss_referer import Signing

from oss_emulator.control.api.route import ApiError, ApiRequest
from oss_emulator.control.journal import Journal, JournalEntry
from oss_emulator.operations.admission import Refused
from oss_emulator.operations.operation import Takes
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol import signature
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.protocol.signature import presigning

EXPIRES: Final = 3600
"""Seconds for which a newly signed URL is valid."""


def is_possible(entry: JournalEntry) -> bool:
    """Return whether a request can be sent again; not if the journal lacks a part of it."""
    is_lacking = entry.request.headers.get("content-length", "0") != "0"
    is_lacking |= "transfer-encoding" in entry.request.headers
    is_lacking |= entry.is_shortened
    return (
        bool(entry.bucket) and entry.admission.operation.takes is Takes.NOTHING and not is_lacking
    )


def changes(entry: JournalEntry) -> bool:
    """Return whether a request may change something, so that the page asks before a resend."""
    return entry.method not in READS


class Resent(NamedTuple):
    """A request that was sent again."""

    entry: JournalEntry
    signed_anew: bool


async def send_again(asked: ApiRequest, entry: JournalEntry) -> Resent:
    """Send a request again unchanged, as a new entry of the journal. Raises `ApiError`.

    An expired signed URL is signed again with the first key of the owner.
    """
    if not is_possible(entry):
        raise ApiError(
            409,
            "The journal keeps no bodies and no long headers, so this request cannot be sent "
            "again.",
        )
    service, now = asked.controls.service, asked.controls.clock.now()
    request = entry.request._replace(received=now)
    signed_anew = _is_expired(service, entry, request)
    if signed_anew:
        request = sign_anew(service, entry, request)
    return Resent(await asked.send(request), signed_anew)


def find_again(journal: Journal, entry: JournalEntry, rules: bytes | None) -> JournalEntry | None:
    """Find the last later request that equals this request and met these rules."""
    wanted = _describe(entry)
    later = reversed(journal.entries(since=entry.number))
    return next((one for one in later if one.rules == rules and _describe(one) == wanted), None)


def _describe(entry: JournalEntry) -> tuple[str | None, ...]:
    request = entry.request
    target = request.target if entry.signed is Signing.NONE else entry.operation
    referer = request.headers.get("referer")
    return (entry.method, entry.bucket, entry.key, target, referer, entry.signed)


def _is_expired(service: Service, entry: JournalEntry, request: Request) -> bool:
    if entry.signed is not Signing.URL or entry.admission.request.original is not None:
        return False
    result = service.admit(request)
    return isinstance(result, Refused) and says_expired(result.error.code, result.error.message)


def says_expired(code: str, message: str) -> bool:
    """Return whether an error says that a signed URL has expired."""
    expired = ErrorCase.REQUEST_EXPIRED.value
    return (code, message) == (expired.code, expired.message)


def sign_anew(service: Service, entry: JournalEntry, request: Request) -> Request:
    """Return the request with a URL that the owner's first key signs for one hour."""
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
