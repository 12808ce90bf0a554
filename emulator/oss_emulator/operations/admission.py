"""What is known about a request: one value, from the first step of the pipeline to the journal.

Only the steps of `pipeline/` may fill an admission, one after another; a test searches for other
assignments. The values in it are immutable. It is not frozen, for speed: replacing a `NamedTuple`
in each of eight steps takes 7 µs per request, assigning to these attributes 0.3 µs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from oss_referer import Decision, Signing

from oss_emulator.access.identity import ANONYMOUS, Identity
from oss_emulator.operations.operation import NO_OPERATION, Operation
from oss_emulator.protocol.address import SERVICE, Target
from oss_emulator.protocol.errors import MAX_REPEATED, OSSError, shorten
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.form_policy import ANY_SIZE, Sizes
from oss_emulator.protocol.message import AccessRecord, Request
from oss_emulator.protocol.parameters import TRAFFIC_LIMIT, traffic_limit
from oss_emulator.protocol.s3.payload import Payload
from oss_emulator.protocol.signature import Claim
from oss_emulator.storage.base import Bucket

if TYPE_CHECKING:
    from oss_emulator.operations.access_point import AccessPoint
    from oss_emulator.operations.website import PageRequest


class Claimed(NamedTuple):
    """The signature of a request before it is verified."""

    signing: Signing = Signing.NONE
    access_key_id: str = ""
    claim: Claim | None = None
    """None for a request without a signature, and if signatures are not verified."""


UNSIGNED: Final = Claimed()


@dataclass(slots=True)
class Admission:
    """A request, and what the steps have found about it so far."""

    request: Request
    """The request that the steps process; for S3, the OSS request converted from it."""
    request_id: str
    caller: Identity = ANONYMOUS
    """The signer; anonymous unless the signature was verified."""
    trusted: bool = False
    """Whether the caller is preset and may do everything, as for seeds and the console."""
    target: Target = SERVICE
    region: str = ""
    """The region of the endpoint; of the bucket if the endpoint has no region."""
    access_point: AccessPoint | None = None
    """The access point whose alias the request names instead of the bucket (P-84)."""
    operation: Operation = NO_OPERATION
    """`NO_OPERATION` until the request is routed."""
    record: Bucket | None = None
    """The bucket that the request names; None if it names none or a missing one."""
    claimed: Claimed = UNSIGNED
    """The signature of the request, valid or not."""
    payload: Payload | None = None
    """How an S3 request sends the body; None for an OSS request."""
    visit: PageRequest | None = None
    """The page of a website that an anonymous visitor requests; None for any other request."""
    style: str = ""
    """The style that follows a separator in the path, "" for none."""
    form: Form | None = None
    """The fields of a form that precede its file; None for any other request."""
    sizes: Sizes = ANY_SIZE
    """The sizes that the file of a form may have."""
    decision: Decision | None = None
    """The decision by the Referer rules; None if they do not apply or were not checked."""
    access: AccessRecord | None = None
    """The decision on permissions; None if nothing was checked."""
    traffic_limit: int | None = None
    """Bits per second for the body and the response (x-oss-traffic-limit); None for no limit."""

    @property
    def known(self) -> Admission:
        """The admission itself; `Refused` has the same attribute, so both are read alike."""
        return self

    @property
    def original(self) -> Request:
        """The request as received; for S3, the request before its conversion."""
        return self.request.original or self.request

    def requested_limit(self, *, lenient: bool = False) -> int | None:
        """Parse the limit of the request or its form, in bit/s; raises `InvalidArgument`."""
        if self.form is not None:
            return traffic_limit(self.form.fields.get(TRAFFIC_LIMIT), None, lenient=lenient)
        headers, query = self.request.headers, self.request.query
        return traffic_limit(headers.get(TRAFFIC_LIMIT), query.get(TRAFFIC_LIMIT), lenient=lenient)

    @property
    def named_bucket(self) -> str:
        """The bucket's name in the request and its signature; it may be an alias."""
        return self.target.bucket if self.access_point is None else self.access_point.alias


class Refused(NamedTuple):
    """A request to answer with an error, and what was known about it when it failed."""

    known: Admission
    error: OSSError


_LONGEST: Final = 3 * MAX_REPEATED
"""Characters of the longest detail, which repeats bytes in hex (`StringToSignBytes`)."""


def refuse(admission: Admission, error: OSSError) -> Refused:
    """Refuse a request because a step, its body or its operation failed.

    If the error is a denial of permission, it becomes the decision of the admission.
    """
    # The journal may store the error, and its traceback would keep the body in memory.
    error.__context__ = error.__cause__ = error.__traceback__ = None
    error.message = shorten(error.message, MAX_REPEATED)
    error.details = {
        name: shorten(value, _LONGEST) if isinstance(value, str) else value
        for name, value in error.details.items()
    }
    if error.access is not None:
        admission = replace(admission, access=error.access)
    return Refused(admission, error)
