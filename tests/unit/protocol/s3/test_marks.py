"""The marks of an S3 request (P-70)."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.s3 import headers as marks

MARKED = [
    ("/a", {"authorization": "AWS4-HMAC-SHA256 Credential=..."}),
    ("/a", {"authorization": "AWS id:signature"}),
    ("/a?X-Amz-Algorithm=AWS4-HMAC-SHA256", {}),
    ("/a?X-Amz-Signature=abc", {}),
    ("/a?AWSAccessKeyId=id", {}),
    ("/a", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}),
    ("/a", {"x-amz-date": "20130524T000000Z"}),
    ("/a", {"x-amz-decoded-content-length": "5"}),
    ("/a", {"x-oss-s3-compat": "true"}),
    ("/a", {"content-encoding": "gzip,aws-chunked"}),
    ("/a", {"content-encoding": "AWS-Chunked"}),
]
UNMARKED = [
    ("/a", {}),
    ("/a", {"authorization": "OSS id:signature"}),
    ("/a", {"authorization": "OSS4-HMAC-SHA256 Credential=..."}),
    ("/a?OSSAccessKeyId=id&Expires=1&Signature=s", {}),
    ("/a?x-oss-signature-version=OSS4-HMAC-SHA256", {}),
    ("/a", {"x-amzn-trace-id": "Root=1", "x-amz-cf-id": "of a proxy"}),
    ("/a", {"content-encoding": "gzip"}),
    ("/a", {"content-encoding": "not-aws-chunked"}),
]


@pytest.mark.parametrize(("target", "headers"), MARKED)
def test_signature_or_framing_of_aws_marks_a_request(target: str, headers: dict[str, str]) -> None:
    assert marks.is_marked(Request.parse("PUT", target, headers.items(), 0))


@pytest.mark.parametrize(("target", "headers"), UNMARKED)
def test_other_requests_are_not_marked(target: str, headers: dict[str, str]) -> None:
    assert not marks.is_marked(Request.parse("PUT", target, headers.items(), 0))
