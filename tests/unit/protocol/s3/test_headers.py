"""The headers of S3 as those of OSS, and back (P-72)."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.s3 import headers

TO_OSS = {
    ("x-amz-meta-a", "1"): {"x-oss-meta-a": "1"},
    ("x-amz-acl", "private"): {"x-oss-object-acl": "private"},
    ("x-amz-storage-class", "STANDARD"): {"x-oss-storage-class": "Standard"},
    ("x-amz-storage-class", "STANDARD_IA"): {"x-oss-storage-class": "IA"},
    ("x-amz-storage-class", "GLACIER"): {"x-oss-storage-class": "Archive"},
    ("x-amz-copy-source", "b/k%20?versionId=1"): {"x-oss-copy-source": "/b/k%20?versionId=1"},
    ("x-amz-copy-source", "/b/k"): {"x-oss-copy-source": "/b/k"},
    ("x-amz-copy-source-range", "bytes=0-1"): {"x-oss-copy-source-range": "bytes=0-1"},
    ("x-amz-copy-source-if-match", "e"): {"x-oss-copy-source-if-match": "e"},
    ("x-amz-metadata-directive", "REPLACE"): {"x-oss-metadata-directive": "REPLACE"},
    ("x-amz-server-side-encryption", "AES256"): {"x-oss-server-side-encryption": "AES256"},
    ("x-amz-server-side-encryption", "aws:kms"): {"x-oss-server-side-encryption": "KMS"},
    ("x-amz-request-payer", "requester"): {"x-oss-request-payer": "requester"},
    ("x-amz-date", "now"): {},
    ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"): {},
    ("x-amz-checksum-crc32", "AAAAAA=="): {},
    ("x-amz-sdk-checksum-algorithm", "CRC32"): {},
    ("x-oss-forbid-overwrite", "true"): {"x-oss-forbid-overwrite": "true"},
    ("content-type", "text/plain"): {"content-type": "text/plain"},
    ("content-encoding", "aws-chunked"): {},
    ("content-encoding", "aws-chunked,gzip"): {"content-encoding": "gzip"},
    ("content-encoding", "gzip, aws-chunked"): {"content-encoding": "gzip"},
    ("content-encoding", "AWS-Chunked"): {},
    ("content-encoding", "GZIP, Aws-Chunked"): {"content-encoding": "GZIP"},
    ("content-encoding", "gzip"): {"content-encoding": "gzip"},
}

FROM_OSS = {
    ("x-oss-meta-a", "1"): ("x-amz-meta-a", "1"),
    ("x-oss-storage-class", "IA"): ("x-amz-storage-class", "STANDARD_IA"),
    ("x-oss-storage-class", "ColdArchive"): ("x-amz-storage-class", "ColdArchive"),
    ("x-oss-server-side-encryption", "KMS"): ("x-amz-server-side-encryption", "aws:kms"),
    ("x-oss-version-id", "null"): ("x-amz-version-id", "null"),
    ("x-oss-hash-crc64ecma", "1"): ("x-oss-hash-crc64ecma", "1"),
    ("ETag", '"A"'): ("ETag", '"A"'),
}


@pytest.mark.parametrize("header", TO_OSS)
def test_header_of_a_request_becomes_one_of_oss(header: tuple[str, str]) -> None:
    assert headers.to_oss(dict([header]), of_object=True) == TO_OSS[header]


@pytest.mark.parametrize("header", FROM_OSS)
def test_header_of_an_answer_becomes_one_of_s3(header: tuple[str, str]) -> None:
    assert headers.from_oss(dict([header])) == dict([FROM_OSS[header]])


def test_acl_of_a_bucket_has_its_own_header() -> None:
    assert headers.to_oss({"x-amz-acl": "private"}, of_object=False) == {"x-oss-acl": "private"}


def test_length_is_that_of_the_content() -> None:
    sent = {
        "content-length": "66824",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "66560",
    }
    assert headers.to_oss(sent, of_object=True) == {"content-length": "66560"}


@pytest.mark.parametrize("length", ["3", "-3", "abc", ""])
def test_length_of_the_content_does_not_count_for_a_body_without_chunks(length: str) -> None:
    sent = {"content-length": "5", "x-amz-decoded-content-length": length}
    assert headers.to_oss(sent, of_object=True) == {"content-length": "5"}


@pytest.mark.parametrize(
    "name",
    [
        "x-amz-tagging",
        "x-amz-grant-read",
        "x-amz-expected-bucket-owner",
        "x-amz-object-lock-mode",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-website-redirect-location",
        "x-amz-write-offset-bytes",
    ],
)
def test_header_that_is_not_understood_is_refused_by_name(name: str) -> None:
    with pytest.raises(OSSError, match=f"NotImplemented: The header {name}") as caught:
        headers.to_oss({name: "a"}, of_object=True)
    assert caught.value.status == 501


@pytest.mark.parametrize("name", ["DEEP_ARCHIVE", "GLACIER_IR", "Standard", ""])
def test_storage_class_without_a_counterpart_is_refused(name: str) -> None:
    with pytest.raises(OSSError, match="use STANDARD, STANDARD_IA or GLACIER"):
        headers.to_oss({"x-amz-storage-class": name}, of_object=True)
