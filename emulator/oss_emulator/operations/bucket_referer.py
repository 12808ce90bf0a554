"""Hotlink protection: PutBucketReferer and GetBucketReferer."""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Takes, operation
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.referer import FormatProblem, RefererConfiguration, RefererFormatError, codec

SUBRESOURCE = "referer"


def read(document: bytes) -> RefererConfiguration:
    """A configuration that was sent or kept; raises `MalformedXML` (R-33)."""
    try:
        return codec.parse(document)
    except RefererFormatError as error:
        code = Code.MALFORMED_XML
        if error.problem is FormatProblem.MISSING_ALLOW_EMPTY_REFERER:
            code = Code.ALLOW_EMPTY_REFERER_REQUIRED
        raise OSSError(code, ErrorDetail=str(error)) from None


@operation("PutBucketReferer", "PUT", Resource.BUCKET, SUBRESOURCE, takes=Takes.DOCUMENT)
def put_bucket_referer(call: Call) -> Response:
    """Replace the rules as a whole (R-30); raises `MalformedXML` (R-33)."""
    document = call.body.read()
    read(document)
    documents = {**call.bucket.documents, SUBRESOURCE: document}
    call.storage.put_bucket(call.bucket._replace(documents=documents))
    return Response()


@operation("GetBucketReferer", "GET", Resource.BUCKET, SUBRESOURCE)
def get_bucket_referer(call: Call) -> Response:
    """The rules; those of R-15 where none were put."""
    document = call.bucket.documents.get(SUBRESOURCE)
    configuration = RefererConfiguration() if document is None else read(document)
    return xml.reply(codec.format(configuration))
