"""OptionObject: answers the preflight requests of browsers."""

from dataclasses import replace

from oss_emulator.documents import cors
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, answers
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


@answers("OPTIONS /bucket/key", "OptionObject")
def option_object(call: Call) -> Response:
    """Answer a preflight by the bucket's CORS rules.

    Raises `BadRequest`, and `AccessForbidden` if the bucket has no rule that allows it.

    Signature, ACL and Referer are not checked (R-04), because they belong to the request that
    follows a preflight. The object need not exist.
    """
    headers = call.request.headers
    origin = headers.get("origin")
    if not origin:
        raise OSSError(ErrorCase.ORIGIN_REQUIRED)
    method = headers.get("access-control-request-method")
    if not method:
        raise OSSError(ErrorCase.ORIGIN_METHOD_REQUIRED)
    document = call.bucket.documents.get(cors.DOCUMENT.subresource)
    if document is None:
        raise OSSError(ErrorCase.CORS_NOT_ENABLED)  # S-30
    wanted = headers.get("access-control-request-headers", "")
    allowed = cors.parse(document).preflight(origin, method, wanted)
    if allowed is None:
        raise OSSError(ErrorCase.CORS_FORBIDDEN)
    return Response(200, allowed)


option_of_bucket = replace(option_object, resource=Resource.BUCKET)
