"""What a signature leaves open: for each dialect and version, what its documents do not sign.

All else that an operation, a front or an enforcement step reads is signed, or the request is
refused. `tests/unit/pipeline/test_signed.py` changes, adds and repeats parts of signed requests.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.parameters import KNOWN
from oss_emulator.protocol.signature.claim import Version


class Dialect(StrEnum):
    """Whose documents say how a request is signed."""

    OSS = "oss"
    S3 = "s3"


class UnsignedParts(NamedTuple):
    """What may differ from the request that was signed."""

    parameters: frozenset[str]
    headers: frozenset[str]
    """In lower case. A header that the signature names is signed all the same."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HEADERS: Final = _names("""
    accept accept-encoding access-control-request-headers access-control-request-method
    cache-control connection content-disposition content-encoding content-language content-length
    encoding-type expect expires if-match if-modified-since if-none-match if-unmodified-since origin
    range referer sec-fetch-dest sec-fetch-mode sec-fetch-site transfer-encoding
    upgrade-insecure-requests user-agent x-oss-emulator-explain
""")
"""The headers that no version of OSS or S3 demands to be signed, and the one of this server."""

_LISTS_OF_S3: Final = _names("""
    continuation-token delimiter encoding-type fetch-owner list-type marker max-keys max-parts
    part-number-marker prefix start-after
""")
"""The parameters of S3 that are not sub-resources, so version 2 does not sign them."""

UNSIGNED_PARTS: Final[Mapping[tuple[Dialect, Version], UnsignedParts]] = {
    # P-10 to P-12
    (Dialect.OSS, Version.V1): UnsignedParts(
        frozenset(name for name, row in KNOWN.items() if not row.signed)
        - {"Expires", "OSSAccessKeyId", "Signature"},
        _HEADERS | {"host"},  # the bucket is signed instead
    ),
    (Dialect.OSS, Version.V2): UnsignedParts(frozenset(), _HEADERS | {"host"}),  # P-13
    # P-14: the region is signed, and the documents have no hash but UNSIGNED-PAYLOAD.
    (Dialect.OSS, Version.V4): UnsignedParts(frozenset(), _HEADERS | {"host"}),
    # P-73
    (Dialect.S3, Version.V2): UnsignedParts(_LISTS_OF_S3, _HEADERS | {"host", "x-oss-s3-compat"}),
    # P-73: SDKs leave the type to whoever uses a URL, and several blanks in a value count as one.
    (Dialect.S3, Version.V4): UnsignedParts(
        frozenset(), _HEADERS | {"content-md5", "content-type", "x-oss-s3-compat"}
    ),
}


def check_once(request: Request, signed: tuple[str, ...], prefixes: tuple[str, ...]) -> None:
    """Raise `InvalidArgument` if a header that is signed was sent more than once.

    One of its values would be signed, and another one might be used. `prefixes` are those of the
    headers that are always signed.
    """
    for name in request.repeated:
        if name in signed or name.startswith(prefixes):
            raise given_twice(name)


def check_readable(text: str, names: Iterable[str], is_signed: Callable[[str], bool]) -> None:
    """Raise `InvalidArgument` if a text of signed parameters reads like others than `names`.

    Versions 1 and 2 do not encode them: a value that contains `&acl` is signed like `acl`.
    """
    found = [name for name, _, _ in (part.partition("=") for part in text.split("&"))]
    if sorted(names) != [name for name in found if is_signed(name)]:
        message = f"The signature of {text!r} would be that of other parameters as well."
        raise OSSError(ErrorCase.INVALID_ARGUMENT, message, ArgumentName=found[0])


def given_twice(name: str) -> OSSError:
    """Make the error for a name that is signed and was given twice, perhaps in two spellings."""
    message = f"The signature covers {name}, which must be given only once."
    return OSSError(ErrorCase.GIVEN_TWICE, message, ArgumentName=name)
