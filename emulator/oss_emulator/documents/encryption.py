"""How new objects of a bucket are encrypted by default (PutBucketEncryption)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from oss_emulator.documents.document import Document, Documents, PutContext, parse_schema
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError

_SCHEMA: Final = parse_schema("""
ServerSideEncryptionRule
  ApplyServerSideEncryptionByDefault
    SSEAlgorithm name
    KMSMasterKeyID? name
    KMSDataEncryption? name
""")
_RULE: Final = "ApplyServerSideEncryptionByDefault"

_HEADERS: Final = {
    "SSEAlgorithm": headers.ENCRYPTION,
    "KMSMasterKeyID": "x-oss-server-side-encryption-key-id",
    "KMSDataEncryption": "x-oss-server-side-data-encryption",
}


def _validate(node: xml.Node, _: PutContext) -> xml.Value:
    (rule,) = node
    algorithm = rule.text("SSEAlgorithm")
    if algorithm not in headers.ENCRYPTIONS:
        raise OSSError(ErrorCase.INVALID_ENCRYPTION, ec="0005-00000003")
    if algorithm != "KMS":
        if rule.first("KMSMasterKeyID") is not None:
            raise OSSError(ErrorCase.KEY_WITHOUT_KMS)
        # Without KMS, KMSDataEncryption has no meaning and is not returned (oss2's suite).
        return [(rule.name, [("SSEAlgorithm", algorithm)])]
    headers.text("KMSMasterKeyID", rule.text("KMSMasterKeyID"))  # sent in headers of answers
    if rule.text("KMSDataEncryption", "SM4") != "SM4":
        raise OSSError(ErrorCase.INVALID_DATA_ENCRYPTION, ec="0005-00000203")
    return node.content


DOCUMENT: Final = Document(
    "BucketEncryption",
    "encryption",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_ENCRYPTION,
    validate=_validate,
    enforced=True,
)


def rule(documents: Documents) -> tuple[tuple[str, str], ...]:
    """Return the elements of the default rule; empty without a default."""
    return _parse(documents.get(DOCUMENT.subresource))


def headers_for(documents: Documents) -> dict[str, str]:
    """Return the headers of an object that is encrypted by default; empty without a default."""
    found = rule(documents)
    return headers.encryption({_HEADERS[name]: value for name, value in found}) if found else {}


def format(request: Mapping[str, str]) -> bytes | None:
    """Format the document for the encryption headers of PutBucket; None without such headers.

    Raises the errors of `headers.encryption`.
    """
    if not headers.encryption(request):
        return None
    found = [(name, request[header]) for name, header in _HEADERS.items() if header in request]
    return DOCUMENT.format([(_RULE, found)])


@lru_cache(1024)
def _parse(document: bytes | None) -> tuple[tuple[str, str], ...]:
    node = None if document is None else xml.parse(document, _SCHEMA.name).first(_RULE)
    return () if node is None else tuple((child.name, child.value) for child in node)
