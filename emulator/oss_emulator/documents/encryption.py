"""The default encryption of a bucket, as its objects and GetBucketInfo show it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from oss_emulator.protocol import headers, xml

SUBRESOURCE: Final = "encryption"
ROOT: Final = "ServerSideEncryptionRule"
RULE: Final = "ApplyServerSideEncryptionByDefault"

_HEADERS: Final = {
    "SSEAlgorithm": headers.ENCRYPTION,
    "KMSMasterKeyID": "x-oss-server-side-encryption-key-id",
    "KMSDataEncryption": "x-oss-server-side-data-encryption",
}


@lru_cache(1024)
def read(document: bytes | None) -> tuple[tuple[str, str], ...]:
    """The elements of the rule a bucket keeps, none where it has no default."""
    rule = None if document is None else xml.parse(document, ROOT).first(RULE)
    return () if rule is None else tuple((child.name, child.value) for child in rule)


def describe(document: bytes | None) -> dict[str, str]:
    """The headers of an object that is encrypted by default."""
    return headers.encryption({_HEADERS[name]: value for name, value in read(document)})


def write(request: Mapping[str, str]) -> bytes | None:
    """The rule that the headers of PutBucket ask for; None where they ask for none.

    Raises what `headers.encryption` raises.
    """
    if not headers.encryption(request):
        return None
    rule = [(name, request[header]) for name, header in _HEADERS.items() if header in request]
    return xml.format(ROOT, [(RULE, rule)])
