"""Requests that are signed in every dialect, version and place, as a client sends them."""

from __future__ import annotations

import hmac
from base64 import b64encode
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, unquote

from oss_emulator.protocol.message import Request
from oss_emulator.protocol.s3 import signature as s3
from oss_emulator.protocol.signature import Place, Version, parse, v1, v2, v4
from oss_emulator.protocol.signature.unsigned import Dialect

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION

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
        """Return it as it arrives: HTTP takes no notice of blanks around a value."""
        headers = [(name, value.strip(" ")) for name, value in self.headers]
        return Request.parse(self.method, self.target, headers, NOW)

    def adding(self, query: str = "", *headers: tuple[str, str]) -> Sent:
        """Return it with more parameters and headers at its end."""
        joint = "&" if "?" in self.target else "?"
        target = f"{self.target}{joint}{query}" if query else self.target
        return self._replace(target=target, headers=(*self.headers, *headers))


class Scheme(NamedTuple):
    """A dialect, a version and a place of signatures."""

    dialect: Dialect
    version: Version
    place: Place

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
    return s3.sign(s3.signing_key(ACCESS_KEY_SECRET, claim.day, claim.region), text)


_CALCULATE = {Version.V1: v1.calculate, Version.V2: v2.calculate, Version.V4: v4.calculate}


def _encode(text: str) -> str:
    return quote(text, safe="")


_V4_OF_OSS = _encode(f"{SCOPE}/oss/aliyun_v4_request")
_V4_OF_S3 = _encode(f"{SCOPE}/s3/aws4_request")

# What each scheme adds to a query and to the headers; MARK stands for the signature, and NAMES for
# the names of all headers.
_DRAFTS: dict[Scheme, tuple[str, Fields]] = {
    Scheme(Dialect.OSS, Version.V1, Place.HEADER): (
        "",
        (("Date", HTTP), ("Authorization", f"OSS {ACCESS_KEY_ID}:MARK")),
    ),
    Scheme(Dialect.OSS, Version.V1, Place.URL): (
        f"OSSAccessKeyId={ACCESS_KEY_ID}&Expires={EXPIRES}&Signature=MARK",
        (),
    ),
    Scheme(Dialect.OSS, Version.V2, Place.HEADER): (
        "",
        (("Date", HTTP), ("Authorization", f"OSS2 AccessKeyId:{ACCESS_KEY_ID},Signature:MARK")),
    ),
    Scheme(Dialect.OSS, Version.V2, Place.URL): (
        f"x-oss-signature-version=OSS2&x-oss-access-key-id={ACCESS_KEY_ID}"
        f"&x-oss-expires={EXPIRES}&x-oss-signature=MARK",
        (),
    ),
    Scheme(Dialect.OSS, Version.V4, Place.HEADER): (
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
    Scheme(Dialect.OSS, Version.V4, Place.URL): (
        f"x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential={_V4_OF_OSS}"
        f"&x-oss-date={ISO}&x-oss-expires=60&x-oss-signature=MARK",
        (),
    ),
    Scheme(Dialect.S3, Version.V2, Place.HEADER): (
        "",
        (("Date", HTTP), ("Authorization", f"AWS {ACCESS_KEY_ID}:MARK")),
    ),
    Scheme(Dialect.S3, Version.V2, Place.URL): (
        f"AWSAccessKeyId={ACCESS_KEY_ID}&Expires={EXPIRES}&Signature=MARK",
        (),
    ),
    Scheme(Dialect.S3, Version.V4, Place.HEADER): (
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
    Scheme(Dialect.S3, Version.V4, Place.URL): (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={_V4_OF_S3}&X-Amz-Date={ISO}"
        "&X-Amz-Expires=60&X-Amz-SignedHeaders=NAMES&X-Amz-Signature=MARK",
        (),
    ),
}

SCHEMES = list(_DRAFTS)
