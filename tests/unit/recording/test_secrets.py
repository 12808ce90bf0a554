"""Secrets of requests, found however they were sent."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

import pytest
from oss_emulator.recording.exchange import Exchange, ExchangedBody
from oss_emulator.recording.secrets import Secrets

KEY, SECRET = "LTAI5tExampleKeyId", "0123456789abcdefghijKLMNOPQRST"


def exchange(target: str = "/", body: bytes = b"", **headers: str) -> Exchange:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Exchange(
        "GET",
        "b.oss-cn-hangzhou.aliyuncs.com",
        target,
        headers=fields,
        content=ExchangedBody(len(body), body),
        status=200,
        answer_headers=[],
        answer_content=ExchangedBody(),
    )


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="OSSAccessKeyId"\r\n\r\n'
    + KEY.encode()
    + b"\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    "seen",
    [
        exchange(authorization=f"OSS {KEY}:c2lnbmF0dXJl"),
        exchange(authorization=f"OSS4-HMAC-SHA256 Credential={KEY}/20261128/cn/oss/x,Signature=ab"),
        exchange(authorization=f"OSS2 AccessKeyId:{KEY},Signature:abc"),
        exchange(f"/key?OSSAccessKeyId={KEY}&Signature=c2ln&Expires=1"),
        exchange(f"/key?x-oss-credential={KEY}%2F20261128%2Fcn%2Foss%2Fx"),
        exchange(referer=f"https://a.example/?OSSAccessKeyId={KEY}"),
        exchange(body=FORM),
    ],
)
def test_key_of_a_request_is_learnt(seen: Exchange) -> None:
    secrets = Secrets()
    assert not secrets.is_in(KEY)
    secrets.learn(seen)
    assert secrets.is_in(f"before {KEY} after")


@pytest.mark.parametrize("name", ["x-oss-security-token", "X-Amz-Security-Token"])
def test_token_of_a_header_is_learnt(name: str) -> None:
    secrets = Secrets()
    fields = [(name, "CAISexampletoken")]
    secrets.learn(replace(exchange(), headers=fields))
    assert secrets.is_in("CAISexampletoken")


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "percent": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "twice percent": lambda text: quote(quote("=" + text, safe=""), safe=""),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 within": lambda text: b64encode(f"u:{text}:p".encode()).decode().rstrip("="),
    "urlsafe base64": lambda text: urlsafe_b64encode(f"?{text}?".encode()).decode(),
    "base64 of percent": lambda text: b64encode(quote(f"a b{text}").encode()).decode(),
    "hex": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_secret_is_found_under_encodings(encoding: str) -> None:
    text = ENCODINGS[encoding](SECRET)
    secrets = Secrets([SECRET])
    assert secrets.is_in(text)
    assert secrets.is_in(f"https://a.example/?x={text}&y=1")
    assert not secrets.is_in(ENCODINGS[encoding]("another-text-of-this-length-30"))


def test_short_value_is_no_secret() -> None:
    assert not Secrets(["abc"]).is_in("abc")


def test_variable_that_is_called_like_a_secret_is_learnt() -> None:
    secrets = Secrets()
    secrets.learn_variables(
        {"ALICLOUD_SECRET_KEY": SECRET, "PAGE": "x" * 30, "KIND_TOKEN": "short"}
    )
    assert secrets.is_in(SECRET)
    assert not secrets.is_in("x" * 30)
    assert not secrets.is_in("short")
