"""What is known of a request: one value, from the first step of the pipeline to the journal.

The steps of `pipeline/` fill an admission, one after another, and only they may: a test looks for
other assignments. Everything in it is immutable. It is not frozen itself, because every request
makes one: replacing a `NamedTuple` at each of eight steps takes 7 µs, filling this one 0.3 µs.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from oss_referer import Decision, Signing

from oss_emulator.access.identity import ANONYMOUS, Identity
from oss_emulator.documents.access_point import AccessPoint
from oss_emulator.documents.website import Visit
from oss_emulator.operations.operation import NO_OPERATION, Operation
from oss_emulator.protocol.address import SERVICE, Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.form_policy import ANY_SIZE, Sizes
from oss_emulator.protocol.message import AccessRecord, Request
from oss_emulator.protocol.parameters import TRAFFIC_LIMIT, traffic_limit
from oss_emulator.protocol.s3.payload import Payload
from oss_emulator.protocol.signature import Claim
from oss_emulator.storage.base import Bucket


class Claimed(NamedTuple):
    """The signature that a request carries, not verified yet."""

    signing: Signing = Signing.NONE
    access_key_id: str = ""
    claim: Claim | None = None
    """None for a request without a signature, and where signatures are not verified."""


UNSIGNED: Final = Claimed()


@dataclass(slots=True)
class Admission:
    """A request, and what the steps have found out about it so far."""

    request: Request
    """The request that the steps see: over S3, the request of OSS that was made from it."""
    request_id: str
    caller: Identity = ANONYMOUS
    """The signer; anonymous unless the signature was verified."""
    trusted: bool = False
    """Whether the caller was given and may do everything, as in seeds and on the console."""
    target: Target = SERVICE
    region: str = ""
    """The region of the endpoint or, if that names none, of the bucket."""
    access_point: AccessPoint | None = None
    """The access point whose alias the request names, in place of its bucket (P-84)."""
    operation: Operation = NO_OPERATION
    """`NO_OPERATION` until the request is routed."""
    record: Bucket | None = None
    """The bucket that the request names; None if it names none or a missing one."""
    claimed: Claimed = UNSIGNED
    """What the request carries as its signature, valid or not."""
    payload: Payload | None = None
    """How S3 sends the body; None for a request of OSS."""
    visit: Visit | None = None
    """The page of a website that an anonymous visitor asks for; None for any other request."""
    style: str = ""
    """The style that follows a separator in the path, "" for none."""
    form: Form | None = None
    """The fields of a form that precede its file; None for any other request."""
    sizes: Sizes = ANY_SIZE
    """The sizes that the file of a form may have."""
    decision: Decision | None = None
    """The decision by the Referer rules; None if they do not apply, or were not reached."""
    access: AccessRecord | None = None
    """The decision on permissions; None if nothing was checked."""
    traffic_limit: int | None = None
    """Bits per second for the body and the response (x-oss-traffic-limit); None for no limit."""

    @property
    def known(self) -> "Admission":
        """What is known of the request: this. `Refused` has it too, so both are read alike."""
        return self

    @property
    def original(self) -> Request:
        """The request as it came: over S3, not the one that was made from it."""
        return self.request.original or self.request

    def requested_limit(self, *, lenient: bool = False) -> int | None:
        """Parse the limit of the request or its form, in bit/s; raises `InvalidArgument`."""
        if self.form is not None:
            return traffic_limit(self.form.fields.get(TRAFFIC_LIMIT), None, lenient=lenient)
        headers, query = self.request.headers, self.request.query
        return traffic_limit(headers.get(TRAFFIC_LIMIT), query.get(TRAFFIC_LIMIT), lenient=lenient)

    @property
    def named_bucket(self) -> str:
        """The name that stands for the bucket in the request, and in its signature."""
        return self.target.bucket if self.access_point is None else self.access_point.alias


class Refused(NamedTuple):
    """A request to answer with an error, and what was known of it when it failed."""

    known: Admission
    error: OSSError


def refuse(admission: Admission, error: OSSError) -> Refused:
    """Refuse a request because a step, its body or its operation failed.

    If the error is a denial of permission, it becomes the decision of the admission.
    """
    # The journal may remember the error, and its traceback would keep the body in memory.
    error.__context__ = error.__cause__ = error.__traceback__ = None
    if error.access is not None:
        admission = replace(admission, access=error.access)
    return Refused(admission, error)
