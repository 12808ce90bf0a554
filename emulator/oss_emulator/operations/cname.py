"""Custom domains of a bucket: tokens that prove who owns a domain, and the domains bound to it."""

from base64 import b64decode
from hashlib import sha1
from random import getrandbits
from typing import Final

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.schema import parse_schema
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import DocumentError, Node
from oss_emulator.storage.base import Storage

_DOMAINS: Final = "cname/"

_TOKENS: Final = "cname-token/"

TOKEN_LIFE: Final = 72 * 60 * 60
"""Seconds for which a token is valid (CreateCnameToken)."""

_RESERVED: Final = (".test", ".localhost", ".example", ".invalid")
"""Reserved domains (RFC 2606) need no proof of ownership; others cannot be verified here."""

_SCHEMA: Final = parse_schema("""
BucketCnameConfiguration
  Cname
    Domain name
    Status? text
    IsWildCard? boolean
    CertificateConfiguration?
      CertId? text:63 ~0018-00000206
      Certificate? text
      PrivateKey? text
      PreviousCertId? text
      Force? boolean
      DeleteCertificate? boolean
""")


def _parse(call: Call) -> tuple[str, Node]:
    """Parse the domain and the element Cname of a request; raises `DocumentError`."""
    cname = _SCHEMA.parse(call.body.read()).all("Cname")[0]
    wanted = cname.first("CertificateConfiguration")
    if wanted is not None:
        if wanted.text("DeleteCertificate") == "true" and len([*wanted]) > 1:
            raise DocumentError("DeleteCertificate must be the only element.", "0018-00000107")
        if wanted.text("PrivateKey") and not wanted.text("Certificate"):
            raise DocumentError("A PrivateKey requires a Certificate.", "0018-00000210")
    return cname.text("Domain").lower(), cname


def bucket_of(domain: str, storage: Storage) -> str | None:
    """Find the bucket that a domain is bound to; None for an unbound domain."""
    name = _DOMAINS + domain
    found = (bucket.name for bucket in storage.buckets() if name in bucket.documents)
    return next(found, None)


def _certificate(cname: Node, present: bytes | None, now: float) -> xml.Value:
    wanted = cname.first("CertificateConfiguration")
    if wanted is not None and wanted.text("DeleteCertificate") == "true":
        return None
    if wanted is None or not (wanted.text("CertId") or wanted.text("Certificate")):
        node = None if present is None else xml.parse(present, "Cname").first("Certificate")
        return None if node is None else node.content
    fingerprint = _fingerprint(wanted.text("Certificate"))
    return [
        ("Type", "CAS" if wanted.text("CertId") else "Upload"),
        ("CertId", wanted.text("CertId") or f"{getrandbits(64):x}"),
        ("Status", "Enabled"),
        ("CreationDate", dates.format_http(now)),
        ("Fingerprint", fingerprint or None),
    ]


def _fingerprint(certificate: str) -> str:
    """Compute the SHA-1 of a PEM certificate; "" for an empty one. Raises `InvalidArgument`."""
    _, begins, rest = certificate.partition("-----BEGIN CERTIFICATE-----")
    if not certificate:
        return ""
    try:
        encoded = b64decode("".join(rest.partition("-----END")[0].split()), validate=True)
    except ValueError:
        encoded = b""
    if not begins or not encoded:
        message = "The certificate must be in PEM format."
        raise headers.invalid_argument("Certificate", certificate[:64], message)
    return sha1(encoded, usedforsecurity=False).digest().hex(":").upper()


@answers("POST /bucket?cname&comp=token", "CreateCnameToken", kept=True)
def create_cname_token(call: Call) -> Response:
    """Create the token for a DNS record of the domain.

    Raises `InvalidArgument` for a domain of the service or one bound to the bucket.
    """
    domain, _ = _parse(call)
    if domain.endswith(".aliyuncs.com"):
        message = "The domain is reserved."
        raise headers.invalid_argument("Domain", domain, message, ec="0018-00000401")
    if _DOMAINS + domain in call.documents:
        message = "The domain is already bound to the bucket."
        raise headers.invalid_argument("Domain", domain, message, ec="0018-00000302")
    content = [
        ("Bucket", call.bucket.name),
        ("Cname", domain),
        ("Token", f"{getrandbits(128):032x}"),
        ("ExpireTime", dates.format_http(call.request.received + TOKEN_LIFE)),
    ]
    token = xml.format("CnameToken", content)
    call.keep(_TOKENS + domain, token)
    return xml.reply(token)


@answers("GET /bucket?cname&comp=token", "GetCnameToken", kept=True)
def get_cname_token(call: Call) -> Response:
    """Return the token of a domain; raises `CnameTokenNotFound`."""
    domain = call.request.query["cname"]
    missing = OSSError(ErrorCase.NO_SUCH_CNAME_TOKEN, Bucket=call.bucket.name, Cname=domain)
    return xml.reply(call.document(_TOKENS + domain.lower(), missing))


@answers("POST /bucket?cname&comp=add", "PutCname")
def put_cname(call: Call) -> Response:
    """Bind a domain or change its certificate.

    Raises `NeedVerifyDomainOwnership`, and `CnameDenied` for a domain of another bucket.
    """
    domain, wanted = _parse(call)
    if not domain.endswith(_RESERVED):
        raise OSSError(ErrorCase.UNVERIFIED_DOMAIN, Cname=domain)
    if bucket_of(domain, call.storage) not in (None, call.bucket.name):
        raise OSSError(ErrorCase.FOREIGN_CNAME, Cname=domain)
    name = _DOMAINS + domain
    now = call.request.received
    content = [
        ("Domain", domain),
        ("LastModified", dates.format_iso(now)),
        ("Status", "Enabled"),
        ("IsWildCard", wanted.text("IsWildCard") or None),
        ("Certificate", _certificate(wanted, call.documents.get(name), now)),
    ]
    call.keep(name, xml.format("Cname", content))
    return Response()


@answers("GET /bucket?cname", "ListCname")
def list_cname(call: Call) -> Response:
    """List the domains bound to a bucket."""
    cnames = call.documents_below(_DOMAINS).values()
    return xml.respond(
        "ListCnameResult",
        ("Bucket", call.bucket.name),
        ("Owner", call.bucket.owner),
        *(("Cname", xml.parse(document, "Cname").content) for document in cnames),
    )


@answers("POST /bucket?cname&comp=delete", "DeleteCname")
def delete_cname(call: Call) -> Response:
    """Release a domain; also succeeds if the domain is not bound."""
    call.keep(_DOMAINS + _parse(call)[0], None)
    return Response()
