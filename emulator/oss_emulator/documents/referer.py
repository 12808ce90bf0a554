"""Hotlink protection of a bucket (PutBucketReferer). The package `referer` enforces it."""

from typing import Final

from oss_emulator import referer_xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.referer import Assumptions, RefererConfiguration
from oss_emulator.referer.assumptions import DEFAULT
from oss_emulator.referer_xml import FormatProblem, RefererFormatError

SUBRESOURCE: Final = "referer"

_CODES: Final = {
    FormatProblem.MISSING_ALLOW_EMPTY_REFERER: ErrorCase.ALLOW_EMPTY_REFERER_REQUIRED,
    FormatProblem.WRONG_ALLOW_EMPTY_REFERER: ErrorCase.ALLOW_EMPTY_REFERER_INVALID,
    FormatProblem.MISSING_REFERER_LIST: ErrorCase.REFERER_LIST_REQUIRED,
    FormatProblem.CONTRADICTION: ErrorCase.TRUNCATE_PATH_CONTRADICTED,
}
"""The problems with an EC of their own (R-33), and the one that may be refused (R-27)."""


def parse(document: bytes, assumptions: Assumptions = DEFAULT) -> RefererConfiguration:
    """Parse a configuration that was sent; raises `MalformedXML` or `InvalidArgument` (R-33)."""
    try:
        return referer_xml.parse(document, assumptions)
    except RefererFormatError as error:
        code = _CODES.get(error.problem, ErrorCase.MALFORMED_REFERER)
        raise OSSError(code, ErrorDetail=str(error)) from None


def parse_kept(document: bytes) -> RefererConfiguration:
    """Parse a configuration that was accepted before, under any assumptions."""
    return parse(document, referer_xml.KEPT)
