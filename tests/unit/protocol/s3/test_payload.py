"""What the head of an S3 request says about its body, which must agree with it (P-74)."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1, sha256
from zlib import crc32

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.s3.payload import Framing, Payload

CONTENT = b"hello world"
SUMS = {
    "crc32": b64encode(crc32(CONTENT).to_bytes(4, "big")).decode(),
    "crc32c": "yZRlqg==",
    "sha1": b64encode(sha1(CONTENT).digest()).decode(),  # noqa: S324
    "sha256": b64encode(sha256(CONTENT).digest()).decode(),
}


def parse(headers: dict[str, str], *, strict: bool = False) -> Payload:
    return Payload.parse(Request.parse("PUT", "/a", headers.items(), 0), strict=strict)


def read(payload: Payload, body: bytes) -> bytes:
    reader = payload.reader()
    content = b"".join(reader.feed(body[place : place + 3]) for place in range(0, len(body), 3))
    reader.finish()
    return content


def framed(trailer: str) -> bytes:
    return b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(CONTENT), CONTENT, trailer.encode())


def announced(**headers: str) -> dict[str, str]:
    return {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": Framing.UNSIGNED_WITH_TRAILERS,
        "x-amz-decoded-content-length": str(len(CONTENT)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


@pytest.mark.parametrize("declared", ["", "UNSIGNED-PAYLOAD", sha256(CONTENT).hexdigest()])
def test_plain_body_is_unchanged(declared: str) -> None:
    assert read(parse({"x-amz-content-sha256": declared}), CONTENT) == CONTENT


def test_body_with_another_hash_is_refused() -> None:
    with pytest.raises(OSSError, match="XAmzContentSHA256Mismatch"):
        read(parse({"x-amz-content-sha256": sha256(b"").hexdigest()}), CONTENT)


@pytest.mark.parametrize("name", SUMS)
def test_checksum_of_a_header_must_agree(name: str) -> None:
    assert read(parse({f"x-amz-checksum-{name}": SUMS[name]}), CONTENT) == CONTENT
    with pytest.raises(OSSError, match=f"BadDigest: The {name.upper()}"):
        read(parse({f"x-amz-checksum-{name}": SUMS[name]}), CONTENT + b"!")


@pytest.mark.parametrize("name", SUMS)
def test_checksum_of_a_trailer_must_agree(name: str) -> None:
    payload = parse(announced(x_amz_trailer=f"x-amz-checksum-{name}"))
    assert read(payload, framed(f"x-amz-checksum-{name}:{SUMS[name]}")) == CONTENT
    with pytest.raises(OSSError, match=f"BadDigest: The {name.upper()}"):
        read(payload, framed(f"x-amz-checksum-{name}:AAAA"))


def test_announced_checksum_must_arrive() -> None:
    payload = parse(announced(x_amz_trailer="x-amz-checksum-crc32"))
    with pytest.raises(OSSError, match="announced but did not arrive"):
        read(payload, framed("x-amz-other:1"))


def test_checksum_that_cannot_be_calculated_is_not_checked() -> None:
    payload = parse(announced(x_amz_trailer="x-amz-checksum-crc64nvme"))
    assert read(payload, framed("x-amz-checksum-crc64nvme:AAAAAAAAAAA=")) == CONTENT


@pytest.mark.parametrize("size", ["5", "12"])
def test_content_must_have_the_announced_size(size: str) -> None:
    payload = parse(announced(x_amz_decoded_content_length=size))
    with pytest.raises(OSSError, match=r"IncompleteBody: The chunks have \d+ bytes"):
        read(payload, framed("a:b"))


@pytest.mark.parametrize("size", ["", "-1", "1e3", "٣"])
def test_chunks_need_the_size_of_their_content(size: str) -> None:
    with pytest.raises(OSSError, match="MissingContentLength"):
        parse(announced(x_amz_decoded_content_length=size))


@pytest.mark.parametrize("declared", ["UNSIGNED-PAYLOAD", "", sha256(CONTENT).hexdigest()])
def test_chunks_that_the_hash_does_not_announce_are_refused(declared: str) -> None:
    """The page of EC 0017-00000804"""
    with pytest.raises(OSSError, match="aws-chunked encoding is not supported") as caught:
        parse(announced(x_amz_content_sha256=declared))
    assert caught.value.ec == "0017-00000804"


def test_chunks_are_recognised_in_any_case() -> None:
    """Codings have no case (RFC 9110, 8.4.1)."""
    with pytest.raises(OSSError, match="aws-chunked encoding is not supported"):
        parse({"content-encoding": "AWS-Chunked"})


@pytest.mark.parametrize("framing", Framing)
def test_strict_mode_refuses_trailers(framing: Framing) -> None:
    """Issues of several clients: OSS takes signed chunks without trailers only."""
    headers = announced(x_amz_content_sha256=framing)
    assert parse(headers).framing is framing
    if framing is Framing.SIGNED:
        assert parse(headers, strict=True).framing is framing
        return
    with pytest.raises(OSSError, match="aws-chunked encoding is not supported"):
        parse(headers, strict=True)


def test_framing_that_is_not_understood_is_refused_by_name() -> None:
    declared = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
    with pytest.raises(OSSError, match=f"NotImplemented: The payload {declared}"):
        parse({"x-amz-content-sha256": declared})


@pytest.mark.parametrize("declared", ["abc", "A" * 64, "g" * 64])
def test_malformed_hash_is_refused(declared: str) -> None:
    with pytest.raises(OSSError, match="InvalidArgument") as caught:
        parse({"x-amz-content-sha256": declared})
    assert caught.value.ec == "0002-00000427"
