"""Requests with claims of every form, as text."""

from urllib.parse import quote

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import Claim, parse

DATE, ISO, DAY, NOW = "Wed, 28 Dec 2022 10:27:41 GMT", "20221228T102741Z", "20221228", 1672223261.0
SCOPE = f"{DAY}/cn-hangzhou/oss/aliyun_v4_request"
V4 = f"OSS4-HMAC-SHA256 Credential=ak/{SCOPE},Signature=abc"
"""A header of version 4."""


def request(
    authorization: str | None = None, query: str = "", date: str | None = DATE, **headers: str
) -> Request:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if authorization is not None:
        fields.append(("Authorization", authorization))
    if date is not None:
        fields.append(("Date", date))
    return Request.parse("GET", f"/b/k?{query}", fields, NOW)


def claimed(request: Request) -> Claim:
    claim = parse(request)
    assert claim is not None
    return claim


def refusal(request: Request) -> OSSError:
    with pytest.raises(OSSError) as caught:
        parse(request)
    return caught.value


def url(**changes: str | None) -> str:
    """The query of a V4 URL; None takes a parameter out of it."""
    parameters: dict[str, str | None] = {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"ak/{SCOPE}",
        "x-oss-date": ISO,
        "x-oss-expires": "60",
        "x-oss-signature": "abc",
        **{f"x-oss-{name.replace('_', '-')}": value for name, value in changes.items()},
    }
    return "&".join(
        f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value is not None
    )
