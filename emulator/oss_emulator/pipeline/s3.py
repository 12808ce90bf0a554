"""The front for S3: translates a request to OSS before it is routed, and its answer to S3.

The request of S3 stays in `Request.original`, because the signature covers it and the journal
records it. In between, only `check_page`, `authenticate` and `find_payload` read it.
"""

from collections.abc import Mapping
from typing import Final

from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import Body
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Request, Response, parse_query
from oss_emulator.protocol.s3 import documents, form, headers, operations, signature
from oss_emulator.protocol.signature.canonical import BLANKS, given_twice

_NAME: Final = "x-id"
"""The parameter with which some SDKs name the operation."""


def mark(admission: Admission, service: Deployment) -> None:
    """Mark a request that speaks S3, by its signature, its headers or its host (P-70)."""
    request = admission.request
    if headers.is_marked(request) or service.addresses.speaks_s3(request.host):
        admission.request = request._replace(original=request)


def translate(admission: Admission, service: Deployment) -> None:
    """Translate a marked request to OSS; the result keeps the original.

    Raises `InvalidArgument`, and `NotImplemented` for an operation or a header unknown to OSS.
    """
    original, target = admission.request.original, admission.target
    if original is None:
        return
    operations.check_supported(original.method, target, original.query)
    rest, hoisted = _split(original.query_string)
    fields = headers.to_oss({**hoisted, **original.headers}, of_object=bool(target.key))
    admission.request = admission.request._replace(
        query_string=rest, query=parse_query(rest), headers=fields
    )


def form_to_oss(request: Request, original: Form) -> tuple[Request, Form]:
    """Translate a form with fields of S3 to OSS, and mark its request; raises `OSSError`."""
    if not form.is_marked(original):
        return request, original
    return request._replace(original=request.original or request), form.translate(original)


def translate_body(body: Body, admission: Admission, service: Deployment) -> Body:
    """Translate the document of an S3 request to OSS; raises `DocumentError` and `OSSError`."""
    turn = documents.TO_OSS.get(admission.operation.name)
    if admission.request.original is None or turn is None or not body.size:
        return body
    return Body.of(turn(body.read()))


def translate_back(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Translate the answer to S3, if the request came over S3."""
    if admission.request.original is None:
        return response
    operation = "" if failed else admission.operation.name
    fields = {**headers.from_oss(response.headers), "x-amz-request-id": admission.request_id}
    body = response.body
    if operation in documents.ANSWERS and isinstance(body, bytes) and response.status == 200:
        body = documents.from_oss(operation, body)
        fields["Content-Type"] = "application/xml"
    return response._replace(headers=fields, body=body)


def _split(query_string: str) -> tuple[str, Mapping[str, str]]:
    """Return the query without the parameters of S3, and the headers that S3 moved into the query.

    Raises `InvalidArgument` for a header that occurs twice; case does not matter.
    """
    rest, hoisted = [], {}
    for part in filter(None, query_string.split("&")):
        ((name, value),) = parse_query(part).items()
        header = name.lower()
        if name in signature.PARAMETERS or name == _NAME:
            continue
        if not header.startswith(headers.PREFIX):
            rest.append(part)
        elif header in hoisted:
            raise given_twice(header)
        else:
            hoisted[header] = value.strip(BLANKS)  # as in a header
    return "&".join(rest), hoisted
