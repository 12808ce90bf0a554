"""Hotlink protection of a bucket (PutBucketReferer). `pipeline/referer.py` enforces it."""

from typing import Final

from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.sources import referer_xml
from oss_referer.sources.referer_xml import FormatProblem, RefererFormatError

from oss_emulator.protocol.errors import ErrorCase, OSSError

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
