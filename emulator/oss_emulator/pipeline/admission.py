"""The results of admission: a call to perform, or a request to answer with an error.

Every request creates one of them, so they are named tuples: creating a frozen dataclass takes four
times as long.
"""

from typing import NamedTuple

from oss_emulator.access import ANONYMOUS, Identity
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Operation
from oss_emulator.protocol.address import SERVICE, Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form_policy import ANY_SIZE, Sizes
from oss_emulator.protocol.message import AccessDecision, Request
from oss_emulator.protocol.s3.payload import Payload
from oss_emulator.referer import Decision, Signing
from oss_emulator.storage import Bucket


class Refused(NamedTuple):
    """A request to answer with an error, and the results of the steps before it."""

    request: Request
    request_id: str
    error: OSSError
    target: Target = SERVICE
    operation: Operation | None = None
    """None if the request was refused before its operation was found."""
    record: Bucket | None = None
    signing: Signing = Signing.NONE
    """Where the request carries a signature, valid or not."""
    access_key_id: str = ""
    """The id of the access key in the request, known or not."""
    caller: Identity = ANONYMOUS
    """The signer; anonymous unless the signature was verified."""
    decision: Decision | None = None
    """The decision by the Referer rules; None if the request was refused before it."""
    access: AccessDecision | None = None
    """The last decision on permissions; None if the request was refused before it."""

    @property
    def traffic_limit(self) -> int | None:
        """None: errors are sent without a limit."""
        return None


class Admitted(NamedTuple):
    """A call to perform once its body has arrived."""

    call: Call
    decision: Decision | None = None
    """The decision by the Referer rules; None if they do not apply."""
    access: AccessDecision | None = None
    """The decision on permissions; None if nothing was checked."""
    traffic_limit: int | None = None
    """Bits per second for the body and the response (x-oss-traffic-limit); None for no limit."""
    sizes: Sizes = ANY_SIZE
    """The sizes that the file of a form may have."""
    payload: Payload | None = None
    """How S3 sends the body; None for a request of OSS."""

    @property
    def request(self) -> Request:
        """The request of the call."""
        return self.call.request

    @property
    def request_id(self) -> str:
        return self.call.request_id

    def refuse(self, error: OSSError) -> Refused:
        """Refuse this call because its body or its operation failed."""
        # The error may be kept for a while, and its traceback would keep the body in memory.
        error.__context__ = error.__cause__ = error.__traceback__ = None
        call = self.call
        return Refused(
            call.request,
            call.request_id,
            error,
            call.target,
            call.operation,
            call.record,
            call.signing,
            call.access_key_id,
            call.caller,
            self.decision,
            error.access or self.access,
        )
