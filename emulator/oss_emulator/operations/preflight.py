"""OptionObject: answers the preflights of browsers."""

from typing import Final

from oss_emulator.documents import cors
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_DOCUMENT: Final = "cors"


def option_object(call: Call) -> Response:
    """Answer a preflight by the bucket's CORS rules; raises `BadRequest`, `AccessDenied`
    for a bucket without rules, and `AccessForbidden` if no rule allows it.

    Signature, ACL and Referer are not checked (R-04): a browser sends the preflight before the
    request that carries them. The object need not exist.
    """
    headers = call.request.headers
    origin = headers.get("origin")
    if not origin:
        raise OSSError(ErrorCase.ORIGIN_REQUIRED)
    method = headers.get("access-control-request-method")
    if not method:
        raise OSSError(ErrorCase.ORIGIN_METHOD_REQUIRED)
    document = call.bucket.documents.get(_DOCUMENT)
    if document is None:
        raise OSSError(ErrorCase.CORS_NOT_ENABLED)  # S-30
    wanted = headers.get("access-control-request-headers", "")
    allowed = cors.parse(document).preflight(origin, method, wanted)
    if allowed is None:
        raise OSSError(ErrorCase.CORS_FORBIDDEN)
    return Response(200, allowed)


option_of_object = answers("OPTIONS /bucket/key", "OptionObject", action="")(option_object)

option_of_bucket = answers("OPTIONS /bucket", "OptionObject", action="")(option_object)
