"""Upload forms, written and signed like those of browsers and of the SDK samples."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION, Answer, Client

BOUNDARY = "9431149156168"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class File:
    """The file in a form."""

    content: bytes = b"content"
    name: str | None = "photo.jpg"
    type: str | None = "image/jpeg"

    @property
    def part(self) -> bytes:
        filename = "" if self.name is None else f'; filename="{self.name}"'
        head = f'Content-Disposition: form-data; name="file"{filename}\r\n'
        if self.type is not None:
            head += f"Content-Type: {self.type}\r\n"
        return head.encode() + b"\r\n" + self.content


def field(name: str, value: str) -> bytes:
    """Return the part for a field."""
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode(
        errors="surrogateescape"
    )


def write(parts: Iterable[bytes], boundary: str = BOUNDARY) -> bytes:
    """Return a body with these parts."""
    delimiter = f"--{boundary}\r\n".encode()
    return b"".join(delimiter + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def form(fields: Fields, file: File = File(), after: Fields = ()) -> bytes:
    """Return a form with fields, one file, and further fields after it."""
    return write([*(field(*pair) for pair in fields), file.part, *(field(*pair) for pair in after)])


def post(
    client: Client, bucket: str, body: bytes, *headers: tuple[str, str], host: str = ""
) -> Answer:
    """Send a form to a bucket; use path style unless a host is given."""
    fields = [("Content-Type", TYPE), *headers]
    if host:
        return client.request("POST", "/", [("Host", host), *fields], body)
    return client.request("POST", f"/{bucket}/", fields, body)


def iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))


def policy(conditions: Sequence[Any], *, lasts: float = 600) -> str:
    """Return the value of the field `policy`."""
    document = {"expiration": iso(time.time() + lasts), "conditions": list(conditions)}
    return encode(json.dumps(document, ensure_ascii=False))


def encode(text: str) -> str:
    return b64encode(text.encode()).decode()


def sign_v1(policy: str, key: str = ACCESS_KEY_ID, secret: str = ACCESS_KEY_SECRET) -> Fields:
    """Sign with base64(hmac-sha1(policy)) (PostObject, appendix)."""
    digest = hmac.new(secret.encode(), policy.encode(), hashlib.sha1).digest()
    signature = b64encode(digest).decode()
    return [("OSSAccessKeyId", key), ("policy", policy), ("Signature", signature)]


def sign_s3(policy: str) -> Fields:
    """Sign with version 2 of AWS, whose signature is the same (P-75)."""
    return [("AWSAccessKeyId", ACCESS_KEY_ID), *sign_v1(policy)[1:]]


def sign_v4(
    policy: str,
    *,
    now: float | None = None,
    region: str = REGION,
    secret: str = ACCESS_KEY_SECRET,
    product: str = "oss",
) -> Fields:
    """Sign like the SDK V2 sample post_object.py."""
    moment = time.gmtime(time.time() if now is None else now)
    day, date = time.strftime("%Y%m%d", moment), time.strftime("%Y%m%dT%H%M%SZ", moment)
    key = b"aliyun_v4" + secret.encode()
    for part in (day, region, product, "aliyun_v4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return [
        ("policy", policy),
        ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
        ("x-oss-credential", f"{ACCESS_KEY_ID}/{day}/{region}/{product}/aliyun_v4_request"),
        ("x-oss-date", date),
        ("x-oss-signature", hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()),
    ]
