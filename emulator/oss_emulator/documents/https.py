"""Which TLS versions and ciphers a bucket accepts (PutBucketHttpsConfig)."""

from typing import Final

from oss_emulator.documents.document import Document, PutContext, parse_schema
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.xml import DocumentError

_SCHEMA: Final = parse_schema("""
HttpsConfiguration
  TLS?
    Enable boolean
    TLSVersion* TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3
  CipherSuite?
    Enable boolean
    StrongCipherSuite? boolean
    CustomCipherSuite* name
    TLS13CustomCipherSuite* name
""")


def _validate(node: xml.Node, _: PutContext) -> xml.Value:
    """Remove repeated TLS versions; raises `DocumentError` if TLS is enabled without any."""
    tls = node.first("TLS")
    if tls is None:
        return node.content
    versions = list(dict.fromkeys(version.value for version in tls.all("TLSVersion")))
    if tls.text("Enable") == "true" and not versions:
        raise DocumentError("TLS is enabled without a TLSVersion; name at least one.")
    settled = [("Enable", tls.text("Enable")), *(("TLSVersion", name) for name in versions)]
    rest = [(child.name, child.content) for child in node if child.name != "TLS"]
    return [("TLS", settled), *rest]


DOCUMENT: Final = Document(
    "BucketHttpsConfig",
    "httpsConfig",
    _SCHEMA,
    absent=ErrorCase.NO_SUCH_HTTPS,
    validate=_validate,
    deletable=False,
)
