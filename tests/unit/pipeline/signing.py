"""Requests that are signed in every dialect, version and place, and changes to them."""

from __future__ import annotations

import hmac
import random
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote, unquote

from oss_emulator.protocol.message import Request
from oss_emulator.protocol.parameters import KNOWN
from oss_emulator.protocol.s3 import signature as s3
from oss_emulator.protocol.signature import SignedIn, Version, parse, v1, v2, v4

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION
from tests.unit.operations.test_subresources import HEADERS as OF_OSS

# --- The parts that a signature does not cover, for each dialect and version


class Dialect(StrEnum):
    """The service whose documents define a signature."""

    OSS = "oss"
    S3 = "s3"


class UnsignedParts(NamedTuple):
    """The parts of a request that may change after it was signed."""

    parameters: frozenset[str]
    headers: frozenset[str]
    """Names in lower case. A header that the signature lists is signed nevertheless."""


_HEADERS = frozenset(
    """
    accept accept-encoding access-control-request-headers access-control-request-method
    cache-control connection content-disposition content-encoding content-language content-length
    encoding-type expect expires if-match if-modified-since if-none-match if-unmodified-since origin
    range referer sec-fetch-dest sec-fetch-mode sec-fetch-site transfer-encoding
    upgrade-insecure-requests user-agent x-oss-emulator-explain
    """.split()
)
"""The headers that no version of OSS or S3 requires to be signed, and that of this server."""

UNSIGNED_PARTS = {
    # P-10 to P-12
    (Dialect.OSS, Version.V1): UnsignedParts(
        frozenset(name for name, row in KNOWN.items() if not row.signed)
        - {"Expires", "OSSAccessKeyId", "Signature"},
        _HEADERS | {"host"},  # the bucket is signed instead
    ),
    (Dialect.OSS, Version.V2): UnsignedParts(frozenset(), _HEADERS | {"host"}),  # P-13
    # P-14: the region is signed; the documents have no other hash than UNSIGNED-PAYLOAD.
    (Dialect.OSS, Version.V4): UnsignedParts(frozenset(), _HEADERS | {"host"}),
    # P-73
    (Dialect.S3, Version.V2): UnsignedParts(
        s3.UNSIGNED_BY_V2, _HEADERS | {"host", "x-oss-s3-compat"}
    ),
    # P-73: SDKs leave the type to the user of a URL, and several blanks in a value count as one.
    (Dialect.S3, Version.V4): UnsignedParts(
        frozenset(), _HEADERS | {"content-md5", "content-type", "x-oss-s3-compat"}
    ),
}

# --- Requests that are signed in every dialect, version and place, as a client sends them

NOW = 1700000000.0
"""When every request is signed, in seconds since the epoch."""
MOMENT = datetime.fromtimestamp(NOW, UTC)
ISO, HTTP = MOMENT.strftime("%Y%m%dT%H%M%SZ"), MOMENT.strftime("%a, %d %b %Y %H:%M:%S GMT")
EXPIRES = str(int(NOW) + 60)
SCOPE = f"{ACCESS_KEY_ID}/{ISO[:8]}/{REGION}"

Fields = tuple[tuple[str, str], ...]


class Sent(NamedTuple):
    """A request as it is sent: its head, and its body."""

    method: str
    target: str
    headers: Fields
    body: bytes = b""

    def request(self) -> Request:
        """Return the request as it arrives: HTTP ignores blanks around a value."""
        headers = [(name, value.strip(" ")) for name, value in self.headers]
        return Request.parse(self.method, self.target, headers, NOW)

    def adding(self, query: str = "", *headers: tuple[str, str]) -> Sent:
        """Return the request with more parameters and headers at its end."""
        joint = "&" if "?" in self.target else "?"
        target = f"{self.target}{joint}{query}" if query else self.target
        return self._replace(target=target, headers=(*self.headers, *headers))


class Scheme(NamedTuple):
    """A dialect, a version and a place of signatures."""

    dialect: Dialect
    version: Version
    place: SignedIn

    def __str__(self) -> str:
        return f"{self.dialect} {self.version.name} {self.place}"

    def sign(self, sent: Sent) -> Sent:
        """Sign a request whose bucket is in its path."""
        draft = _add(sent, *_DRAFTS[self], mark="0" * 64)
        made = _calculate(self, draft.request())
        return _add(sent, *_DRAFTS[self], mark=made)


def _add(sent: Sent, query: str, headers: Fields, *, mark: str) -> Sent:
    named = {name.lower() for name, _ in (*sent.headers, *headers)} - {"authorization"}
    names = ";".join(sorted(named))
    found = [(name, value.replace("MARK", mark).replace("NAMES", names)) for name, value in headers]
    encoded = query.replace("MARK", _encode(mark)).replace("NAMES", _encode(names))
    return sent.adding(encoded, *found)


def _calculate(scheme: Scheme, request: Request) -> str:
    bucket, _, key = unquote(request.path[1:]).partition("/")
    if scheme.dialect is Dialect.OSS:
        claim = parse(request)
        assert claim is not None
        return _CALCULATE[scheme.version](claim, request, bucket, key, ACCESS_KEY_SECRET).signature
    claim = s3.parse(request)
    assert claim is not None
    if scheme.version is Version.V2:
        text = s3.string_to_sign_v2(claim, request, bucket, key)
        return b64encode(hmac.digest(ACCESS_KEY_SECRET.encode(), text, "sha1")).decode()
    text = s3.string_to_sign(claim, s3.canonical_request(claim, request))
    return v4.sign(s3.signing_key(ACCESS_KEY_SECRET, claim.day, claim.region), text)


_CALCULATE = {Version.V1: v1.calculate, Version.V2: v2.calculate, Version.V4: v4.calculate}


def _encode(text: str) -> str:
    return quote(text, safe="")


_V4_OF_OSS = _encode(f"{SCOPE}/oss/aliyun_v4_request")
_V4_OF_S3 = _encode(f"{SCOPE}/s3/aws4_request")

# What each scheme adds to a query and to the headers; MARK stands for the signature, and NAMES for
# the names of all headers.
_DRAFTS: dict[Scheme, tuple[str, Fields]] = {
    Scheme(Dialect.OSS, Version.V1, SignedIn.HEADER): (
        "",
        (("Date", HTTP), ("Authorization", f"OSS {ACCESS_KEY_ID}:MARK")),
    ),
    Scheme(Dialect.OSS, Version.V1, SignedIn.URL): (
        f"OSSAccessKeyId={ACCESS_KEY_ID}&Expires={EXPIRES}&Signature=MARK",
        (),
    ),
    Scheme(Dialect.OSS, Version.V2, SignedIn.HEADER): (
        "",
        (("Date", HTTP), ("Authorization", f"OSS2 AccessKeyId:{ACCESS_KEY_ID},Signature:MARK")),
    ),
    Scheme(Dialect.OSS, Version.V2, SignedIn.URL): (
        f"x-oss-signature-version=OSS2&x-oss-access-key-id={ACCESS_KEY_ID}"
        f"&x-oss-expires={EXPIRES}&x-oss-signature=MARK",
        (),
    ),
    Scheme(Dialect.OSS, Version.V4, SignedIn.HEADER): (
        "",
        (
            ("x-oss-date", ISO),
            ("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
            (
                "Authorization",
                f"OSS4-HMAC-SHA256 Credential={SCOPE}/oss/aliyun_v4_request,Signature=MARK",
            ),
        ),
    ),
    Scheme(Dialect.OSS, Version.V4, SignedIn.URL): (
        f"x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential={_V4_OF_OSS}"
        f"&x-oss-date={ISO}&x-oss-expires=60&x-oss-signature=MARK",
        (),
    ),
    Scheme(Dialect.S3, Version.V2, SignedIn.HEADER): (
        "",
        (("Date", HTTP), ("Authorization", f"AWS {ACCESS_KEY_ID}:MARK")),
    ),
    Scheme(Dialect.S3, Version.V2, SignedIn.URL): (
        f"AWSAccessKeyId={ACCESS_KEY_ID}&Expires={EXPIRES}&Signature=MARK",
        (),
    ),
    Scheme(Dialect.S3, Version.V4, SignedIn.HEADER): (
        "",
        (
            ("x-amz-date", ISO),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            (
                "Authorization",
                f"AWS4-HMAC-SHA256 Credential={SCOPE}/s3/aws4_request,"
                "SignedHeaders=NAMES,Signature=MARK",
            ),
        ),
    ),
    Scheme(Dialect.S3, Version.V4, SignedIn.URL): (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={_V4_OF_S3}&X-Amz-Date={ISO}"
        "&X-Amz-Expires=60&X-Amz-SignedHeaders=NAMES&X-Amz-Signature=MARK",
        (),
    ),
}

SCHEMES = list(_DRAFTS)


# --- Changes to signed requests: parts that are added, omitted, repeated, encoded again or moved
# They change neither the parts in `UNSIGNED_PARTS` nor the body.

_OF_S3 = """
    x-amz-acl x-amz-copy-source x-amz-copy-source-range x-amz-date x-amz-meta-a x-amz-meta-b
    x-amz-metadata-directive x-amz-request-payer x-amz-security-token x-amz-storage-class
    x-amz-server-side-encryption x-amz-content-sha256 x-amz-decoded-content-length x-amz-tagging
""".split()
_OTHERS = """
    authorization cache-control content-disposition content-encoding content-language content-md5
    content-type date expires host if-match if-none-match origin range referer security-token
    user-agent
""".split()
PARAMETERS = [*KNOWN, *OF_OSS, *_OF_S3, "X-Amz-Acl", "X-Amz-Expires", "AWSAccessKeyId", "a", ""]
HEADERS = [*OF_OSS, *_OF_S3, *_OTHERS]
_VALUES = """
    1 null private public-read-write Standard IA STANDARD_IA /private/secret /bucket/a secret true
    image/info text/y 819200 bytes=0-0 REPLACE UNSIGNED-PAYLOAD eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9hLyJ9
"""
VALUES = ["", *_VALUES.split()]
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")

Alteration = Callable[[Sent, UnsignedParts, random.Random], Sent]


def alter(sent: Sent, scheme: Scheme, chance: random.Random) -> Sent:
    """Change one to three parts of a signed request."""
    free = UNSIGNED_PARTS[scheme.dialect, scheme.version]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        sent = chance.choice(_ALTERATIONS)(sent, free, chance)
    return sent


def _split(sent: Sent) -> tuple[str, list[str]]:
    path, _, query = sent.target.partition("?")
    return path, query.split("&") if query else []


def _join(sent: Sent, path: str, parts: list[str]) -> Sent:
    return sent._replace(target=f"{path}?{'&'.join(parts)}" if parts else path)


def _encode_one(text: str, chance: random.Random) -> str:
    """Percent-encode one character of a text."""
    at = chance.randrange(len(text)) if text else 0
    return f"{text[:at]}%{ord(text[at]):02x}{text[at + 1 :]}" if text else ""


def _names_free(sent: Sent, free: UnsignedParts) -> bool:
    return any(part.partition("=")[0] in free.parameters for part in _split(sent)[1])


def _add_parameter(sent: Sent, free: UnsignedParts, chance: random.Random) -> Sent:
    path, parts = _split(sent)
    name = chance.choice([name for name in PARAMETERS if name not in free.parameters])
    if chance.random() < 0.3:
        name = _encode_one(name, chance)
    value = chance.choice(VALUES)
    part = f"{name}={value}" if value or chance.random() < 0.5 else name
    parts.insert(chance.randint(0, len(parts)), part)
    return _join(sent, path, parts)


def _change_parameter(sent: Sent, free: UnsignedParts, chance: random.Random) -> Sent:
    """Leave out, repeat, rename, encode, split or change one parameter."""
    path, parts = _split(sent)
    at = chance.randrange(len(parts)) if parts else 0
    if not parts or parts[at].partition("=")[0] in free.parameters:
        return _add_parameter(sent, free, chance)
    name, _, value = parts[at].partition("=")
    match chance.randrange(6):
        case 0:
            del parts[at]
        case 1:
            again = _encode_one(name, chance) if chance.random() < 0.5 else name
            parts.insert(chance.randint(0, len(parts)), f"{again}={chance.choice(VALUES)}")
        case 2:
            parts[at] = f"{chance.choice((name.upper(), name.lower(), name.title()))}={value}"
        case 3:
            parts[at] = f"{_encode_one(name, chance)}={value}"
        case 4:
            parts[at] = f"{name}={_encode_one(value, chance)}"
        case _:
            parts[at] = f"{name}={value}{chance.choice(('x', '%20', '%0A', '&acl', '%26acl'))}"
    return _join(sent, path, parts)


def _move_parameters(sent: Sent, free: UnsignedParts, chance: random.Random) -> Sent:
    path, parts = _split(sent)
    chance.shuffle(parts)
    return _join(sent, path, parts)


def _change_target(sent: Sent, free: UnsignedParts, chance: random.Random) -> Sent:
    """Encode or decode one character of the path or the query, or change the path."""
    target = sent.target
    encoded = list(_ENCODED.finditer(target))
    if encoded and chance.random() < 0.5:
        found = chance.choice(encoded)
        decoded = chr(int(found[0][1:], 16))
        new = decoded if decoded.isprintable() and decoded not in "# " else "+"
        return sent._replace(target=target[: found.start()] + new + target[found.end() :])
    if chance.random() < 0.6 and len(target) > 1:
        at = chance.randrange(1, len(target))
        if target[at] in "&=" and _names_free(sent, free):
            return sent  # it would change a parameter that is not signed
        new = f"%{ord(target[at]):02X}"
        return sent._replace(target=target[:at] + new + target[at + 1 :])
    path, parts = _split(sent)
    changes = ["/", "a", "+", "%2B", "%00", "/../secret", "%3Facl", "//"]
    if not _names_free(sent, free):
        changes.append("?acl")
    at = chance.randint(1, len(path))
    return _join(sent, path[:at] + chance.choice(changes) + path[at:], parts)


def _add_header(sent: Sent, free: UnsignedParts, chance: random.Random) -> Sent:
    name = chance.choice([name for name in HEADERS if name not in free.headers])
    if chance.random() < 0.2:
        name = name.title()
    headers = list(sent.headers)
    headers.insert(chance.randint(0, len(headers)), (name, chance.choice(VALUES)))
    return sent._replace(headers=tuple(headers))


def _change_header(sent: Sent, free: UnsignedParts, chance: random.Random) -> Sent:
    """Leave out, repeat or change one header."""
    headers = list(sent.headers)
    at = chance.randrange(len(headers)) if headers else 0
    if not headers or headers[at][0].lower() in free.headers:
        return _add_header(sent, free, chance)
    name, value = headers[at]
    match chance.randrange(3):
        case 0:
            del headers[at]
        case 1:
            headers.insert(chance.randint(0, len(headers)), (name, chance.choice(VALUES)))
        case _:
            blanks = () if free is UNSIGNED_PARTS[Dialect.S3, Version.V4] else (" x", "  ")
            more = ("x", ",x", "\u3000", "\xa0x", *blanks)
            headers[at] = (name, value + chance.choice(more))
    return sent._replace(headers=tuple(headers))


def _change_method(sent: Sent, free: UnsignedParts, chance: random.Random) -> Sent:
    return sent._replace(method=chance.choice(("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")))


_ALTERATIONS: tuple[Alteration, ...] = (
    _add_parameter,
    _add_parameter,
    _change_parameter,
    _change_parameter,
    _move_parameters,
    _change_target,
    _change_target,
    _add_header,
    _add_header,
    _change_header,
    _change_method,
)
