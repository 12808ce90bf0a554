"""Hotlink protection of a bucket (PutBucketReferer). The brick `referer` says what it means."""

from typing import Final

from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.referer import FormatProblem, RefererConfiguration, RefererFormatError, codec

SUBRESOURCE: Final = "referer"


def parse(document: bytes) -> RefererConfiguration:
    """Read a configuration that was sent or kept; raises `MalformedXML` (R-33)."""
    try:
        return codec.parse(document)
    except RefererFormatError as error:
        code = Code.MALFORMED_XML
        if error.problem is FormatProblem.MISSING_ALLOW_EMPTY_REFERER:
            code = Code.ALLOW_EMPTY_REFERER_REQUIRED
        raise OSSError(code, ErrorDetail=str(error)) from None
