"""What admission comes to: a call that may be performed, or a refusal with what was known by then.

Every request makes one of them, so they are named tuples: a frozen dataclass takes four times as
long to make.
"""

from typing import NamedTuple

from oss_emulator.access import ANONYMOUS, Identity
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Operation
from oss_emulator.protocol.address import SERVICE, Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form_policy import Sizes
from oss_emulator.protocol.message import AccessDecision, Request
from oss_emulator.referer import Decision, Signing
from oss_emulator.storage import Bucket


class Refused(NamedTuple):
    """A request that is answered with an error, and what had been settled before it."""

    request: Request
    request_id: str
    error: OSSError
    target: Target = SERVICE
    operation: Operation | None = None
    """None where the request was refused before its operation was found."""
    record: Bucket | None = None
    signing: Signing = Signing.NONE
    """Where the request carries a signature, be it valid or not."""
    access_key_id: str = ""
    """The key that the request names, be it known or not."""
    caller: Identity = ANONYMOUS
    """Who signed it, once that was verified."""
    decision: Decision | None = None
    """The decision by the Referer rules, None where it did not come to that."""
    access: AccessDecision | None = None
    """The last decision on permissions, None where it did not come to that."""

    @property
    def traffic_limit(self) -> int | None:
        """Errors are sent without a limit."""
        return None


class Admitted(NamedTuple):
    """A call that may be performed once its body is there."""

    call: Call
    decision: Decision | None = None
    """The decision by the Referer rules; None for what they do not apply to."""
    access: AccessDecision | None = None
    """The decision on permissions; None where nothing was checked."""
    traffic_limit: int | None = None
    """Bits a second for body and answer (x-oss-traffic-limit), None for no limit."""
    sizes: Sizes = Sizes()
    """How large the file of a form may be."""

    @property
    def request(self) -> Request:
        """The request that came."""
        return self.call.request

    @property
    def request_id(self) -> str:
        return self.call.request_id

    def refuse(self, error: OSSError) -> Refused:
        """The refusal of this call, where its body or its operation fails."""
        # An answer may be kept for a while; where the error was raised would keep the body as well.
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
