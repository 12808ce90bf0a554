"""Hotlink protection: PutBucketReferer and GetBucketReferer."""

from functools import lru_cache
from typing import Final

from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from oss_emulator.documents import referer
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Response


@answers(f"PUT /bucket?{referer.SUBRESOURCE}", "PutBucketReferer")
def put_bucket_referer(call: Call) -> Response:
    """Replace all rules (R-30); raises what `documents.referer.parse` raises."""
    document = call.body.read()
    referer.parse(document, call.environment.assumptions)
    before = call.documents.get(referer.SUBRESOURCE)
    document = _share(document) if len(document) <= _SHARED else document
    call.keep(referer.SUBRESOURCE, document)
    call.environment.note_rules(call.admission, before, document)
    return Response()


@lru_cache(64)
def _share(document: bytes) -> bytes:
    """Return the same bytes object for equal documents, to save memory.

    The journal stores the document of each request, and tests put the same rules many times.
    """
    return document


_SHARED: Final = 64 * 1024
"""Maximum size of a shared document in bytes."""


@answers(f"GET /bucket?{referer.SUBRESOURCE}", "GetBucketReferer")
def get_bucket_referer(call: Call) -> Response:
    """Return the rules; before the first put, the default rules of R-15."""
    document = call.documents.get(referer.SUBRESOURCE)
    configuration = RefererConfiguration() if document is None else referer.parse_stored(document)
    return xml.reply(referer_xml.format(configuration))
