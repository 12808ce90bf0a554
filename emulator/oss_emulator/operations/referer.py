"""Hotlink protection of a bucket: its rules. `pipeline/referer.py` enforces them."""

from functools import lru_cache
from typing import Final

from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.sources import referer_xml
from oss_referer.sources.referer_xml import FormatProblem, RefererFormatError

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

SUBRESOURCE: Final = "referer"

_CODES: Final = {
    FormatProblem.MISSING_ALLOW_EMPTY_REFERER: ErrorCase.ALLOW_EMPTY_REFERER_REQUIRED,
    FormatProblem.WRONG_ALLOW_EMPTY_REFERER: ErrorCase.ALLOW_EMPTY_REFERER_INVALID,
    FormatProblem.MISSING_REFERER_LIST: ErrorCase.REFERER_LIST_REQUIRED,
    FormatProblem.CONTRADICTION: ErrorCase.TRUNCATE_PATH_CONTRADICTED,
}
"""The problems with their own EC (R-33), and the contradiction that may be refused (R-27)."""


def parse(document: bytes, assumptions: Assumptions = DEFAULT) -> RefererConfiguration:
    """Parse a configuration that was sent.

    Raises `MalformedXML` or `InvalidArgument` (R-33), and `InlineDataTooLarge` (R-42).
    """
    configuration = _parse(document, assumptions)
    if (size := configuration.size) > MAX_SIZE:
        detail = f"The entries have {size:,} bytes; the limit is {MAX_SIZE:,}."
        raise OSSError(ErrorCase.REFERER_LISTS_TOO_LARGE, ErrorDetail=detail)
    return configuration


def parse_stored(document: bytes) -> RefererConfiguration:
    """Parse a configuration that was accepted before, of any size and under any assumptions."""
    return _parse(document, referer_xml.STORED)


def _parse(document: bytes, assumptions: Assumptions) -> RefererConfiguration:
    try:
        return referer_xml.parse(document, assumptions)
    except RefererFormatError as error:
        code = _CODES.get(error.problem, ErrorCase.MALFORMED_REFERER)
        raise OSSError(code, ErrorDetail=str(error)) from None


@answers(f"PUT /bucket?{SUBRESOURCE}", "PutBucketReferer")
def put_bucket_referer(call: Call) -> Response:
    """Replace all rules (R-30); raises what `parse` raises."""
    document = call.body.read()
    parse(document, call.environment.assumptions)
    before = call.documents.get(SUBRESOURCE)
    document = _share(document) if len(document) <= _SHARED else document
    call.keep(SUBRESOURCE, document)
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


@answers(f"GET /bucket?{SUBRESOURCE}", "GetBucketReferer")
def get_bucket_referer(call: Call) -> Response:
    """Return the rules; before the first put, the default rules of R-15."""
    document = call.documents.get(SUBRESOURCE)
    configuration = RefererConfiguration() if document is None else parse_stored(document)
    return xml.reply(referer_xml.format(configuration))
