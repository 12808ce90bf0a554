"""Hotlink protection: PutBucketReferer and GetBucketReferer."""

from oss_emulator import referer_xml
from oss_emulator.documents import referer
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Response
from oss_emulator.referer import RefererConfiguration


@answers(f"PUT /bucket?{referer.SUBRESOURCE}", "PutBucketReferer")
def put_bucket_referer(call: Call) -> Response:
    """Replace the rules as a whole (R-30); raises what `documents.referer.parse` does."""
    document = call.body.read()
    referer.parse(document, call.environment.assumptions)
    call.keep(referer.SUBRESOURCE, document)
    return Response()


@answers(f"GET /bucket?{referer.SUBRESOURCE}", "GetBucketReferer")
def get_bucket_referer(call: Call) -> Response:
    """Return the rules; before the first put, the default rules of R-15."""
    document = call.documents.get(referer.SUBRESOURCE)
    configuration = RefererConfiguration() if document is None else referer.parse_stored(document)
    return xml.reply(referer_xml.format(configuration))
