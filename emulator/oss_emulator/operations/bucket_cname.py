"""Domains of one's own: tokens that prove them, and which of them are bound to a bucket."""

from base64 import b64decode
from hashlib import sha1
from random import getrandbits

from oss_emulator.documents import schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Status, Takes, operation
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import Node
from oss_emulator.storage import Storage

_ROOT = "BucketCnameConfiguration"
_DOMAINS = "cname/"
_TOKENS = "cname-token/"
_TOKEN_LIFE = 72 * 60 * 60
"""Seconds in which a token can be used (CreateCnameToken)."""

_RESERVED = (".test", ".localhost", ".example", ".invalid")
"""Nobody can own these (RFC 2606), so nobody has to prove it; other domains are never proven."""


@operation(
    "CreateCnameToken",
    "POST",
    Resource.BUCKET,
    "cname&comp=token",
    takes=Takes.DOCUMENT,
    status=Status.KEPT,
)
def create_cname_token(call: Call) -> Response:
    """Make the token that a DNS record of the domain is to hold."""
    domain = _configuration(call).text("Domain").lower()
    token = xml.format(
        "CnameToken",
        [
            ("Bucket", call.bucket.name),
            ("Cname", domain),
            ("Token", f"{getrandbits(128):032x}"),
            ("ExpireTime", dates.format_http(call.request.received + _TOKEN_LIFE)),
        ],
    )
    call.keep(_TOKENS + domain, token)
    return xml.reply(token)


@operation("GetCnameToken", "GET", Resource.BUCKET, "cname&comp=token", status=Status.KEPT)
def get_cname_token(call: Call) -> Response:
    """The token of a domain; raises `CnameTokenNotFound`."""
    token = call.documents.get(_TOKENS + call.request.query["cname"].lower())
    if token is None:
        raise OSSError(Code.NO_SUCH_CNAME_TOKEN, BucketName=call.bucket.name)
    return xml.reply(token)


@operation(
    "PutCname",
    "POST",
    Resource.BUCKET,
    "cname&comp=add",
    takes=Takes.DOCUMENT,
)
def put_cname(call: Call) -> Response:
    """Bind a domain or change its certificate.

    Raises `NeedVerifyDomainOwnership`, and `CnameDenied` for a domain of another bucket.
    """
    cname = _configuration(call)
    domain = cname.text("Domain").lower()
    if not domain.endswith(_RESERVED):
        raise OSSError(Code.UNVERIFIED_DOMAIN, Cname=domain)
    name = _DOMAINS + domain
    others = (bucket for bucket in call.storage.buckets() if bucket.name != call.bucket.name)
    if any(name in bucket.documents for bucket in others):
        raise OSSError(Code.FOREIGN_CNAME, Cname=domain)
    content = [
        ("Domain", domain),
        ("LastModified", dates.format_iso(call.request.received)),
        ("Status", "Enabled"),
        ("IsWildCard", cname.text("IsWildCard") or None),
        ("Certificate", _certificate(call, cname, call.documents.get(name))),
    ]
    call.keep(name, xml.format("Cname", content))
    return Response()


@operation("ListCname", "GET", Resource.BUCKET, "cname")
def list_cname(call: Call) -> Response:
    """All domains bound to a bucket."""
    cnames = call.documents_below(_DOMAINS).values()
    return xml.answer(
        "ListCnameResult",
        [
            ("Bucket", call.bucket.name),
            ("Owner", call.bucket.owner),
            *(("Cname", xml.parse(cname, "Cname").content) for cname in cnames),
        ],
    )


@operation(
    "DeleteCname",
    "POST",
    Resource.BUCKET,
    "cname&comp=delete",
    takes=Takes.DOCUMENT,
)
def delete_cname(call: Call) -> Response:
    """Release a domain, whether it was bound or not."""
    call.keep(_DOMAINS + _configuration(call).text("Domain").lower(), None)
    return Response()


def bucket_of(domain: str, storage: Storage) -> str | None:
    """The bucket that a domain is bound to."""
    name = _DOMAINS + domain
    found = (bucket.name for bucket in storage.buckets() if name in bucket.documents)
    return next(found, None)


def _configuration(call: Call) -> Node:
    """The Cname element of the document."""
    content = schema.read(call.body.read(), _ROOT)
    return xml.parse(xml.format(_ROOT, content), _ROOT).all("Cname")[0]


def _certificate(call: Call, cname: Node, present: bytes | None) -> xml.Value:
    """What is told of a domain's certificate; None where it has none."""
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
        ("CreationDate", dates.format_http(call.request.received)),
        ("Fingerprint", fingerprint or None),
    ]


def _fingerprint(certificate: str) -> str:
    """The SHA-1 of a PEM certificate, "" where none is given; raises `InvalidArgument`."""
    _, begins, rest = certificate.partition("-----BEGIN CERTIFICATE-----")
    if not certificate:
        return ""
    try:
        encoded = b64decode("".join(rest.partition("-----END")[0].split()), validate=True)
    except ValueError:
        encoded = b""
    if not begins or not encoded:
        message = "The certificate is not in the PEM form."
        raise headers.invalid_argument("Certificate", certificate[:64], message)
    return sha1(encoded, usedforsecurity=False).digest().hex(":").upper()
