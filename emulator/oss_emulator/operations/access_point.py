"""Operations on access points. None can be created, so each raises `NoSuchAccessPoint`."""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Operation, Resource, Status, Takes, operation
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response

_NAME = "x-oss-access-point-name"


def _no_access_point(call: Call) -> Response:
    """Raise `NoSuchAccessPoint`."""
    raise OSSError(Code.NO_SUCH_ACCESS_POINT, AccessPointName=call.request.query[_NAME])


OPERATIONS: tuple[Operation, ...] = tuple(
    operation(
        f"{verb}AccessPointPublicAccessBlock",
        verb.upper(),
        Resource.BUCKET,
        f"publicAccessBlock&{_NAME}",
        takes=Takes.DOCUMENT if verb == "Put" else Takes.NOTHING,
        status=Status.KEPT,
    )(_no_access_point)
    for verb in ("Put", "Get", "Delete")
)
