"""The saved rules of a bucket: their entity tag, and how other rules replace them."""

from hashlib import sha256
from typing import Final
from urllib.parse import quote

from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from oss_emulator.control.api.referer import find_document
from oss_emulator.control.api.route import ApiRequest, Refusal
from oss_emulator.operations.admission import Refused
from oss_emulator.operations.call import Body
from oss_emulator.protocol.message import Request

CONFLICT: Final = (
    "Meanwhile the bucket got other rules, which were not replaced; look at them first."
)


def tag(document: bytes | None) -> str:
    """Return the entity tag of a document; a bucket without rules has one too."""
    return f'"{sha256(document or b"").hexdigest()[:16]}"'


def etag_of(asked: ApiRequest, bucket: str) -> str:
    """Return the entity tag of the rules that a bucket has now; raises `Refusal`."""
    return tag(find_document(asked, bucket))


async def replace(
    asked: ApiRequest, bucket: str, rules: RefererConfiguration, seen: str | None
) -> bytes:
    """Put rules to a bucket, as PutBucketReferer does, and return their document.

    If rules are `seen`, by their entity tag, no other ones are replaced. Raises `Refusal` and
    `OSSError`.
    """
    try:
        document = referer_xml.format(rules)
    except ValueError as error:
        raise Refusal(400, f"An entry cannot be written as XML: {error}.") from None
    fields = [("Host", "localhost"), ("Content-Length", str(len(document)))]
    target = f"/{quote(bucket, safe='')}?referer"
    request = Request.parse("PUT", target, fields, asked.controls.clock.now())
    service = asked.controls.service

    def write() -> None:
        with service.storage.transaction():  # nobody writes between the check and the change
            if seen is not None and seen != etag_of(asked, bucket):
                raise Refusal(409, CONFLICT)
            outcome = service.admit(request, service.accounts.owner)
            if isinstance(outcome, Refused):
                raise outcome.error
            service.perform(outcome, Body.of(document))

    await asked.change(write)
    return document
