"""Multipart uploads through oss2, also with parts that are kept in files."""

from __future__ import annotations

import random
from collections.abc import Iterable
from hashlib import md5
from typing import Any

import oss2
import pytest
from oss2.models import PartInfo

KIB = 1024
PART = 100 * KIB
"""The smallest part but the last (CompleteMultipartUpload)."""


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - test data


def crc(body: bytes) -> int:
    sums = oss2.utils.Crc64()
    sums.update(body)
    return int(sums.crc)


def upload(
    bucket: oss2.Bucket, key: str, bodies: Iterable[bytes], **options: Any
) -> tuple[str, list[PartInfo]]:
    """Begin an upload and put its parts, from number 1 on."""
    upload_id = bucket.init_multipart_upload(key, **options).upload_id
    parts = [
        PartInfo(number, bucket.upload_part(key, upload_id, number, body).etag)
        for number, body in enumerate(bodies, 1)
    ]
    return upload_id, parts


@pytest.mark.parametrize("sizes", [[0], [1], [PART, 0], [PART, 1], [PART + 5, 5 * KIB * KIB, 7]])
def test_parts_become_the_object(bucket: oss2.Bucket, sizes: list[int]) -> None:
    """P-32: the ETag ends with the number of parts, the CRC is that of the whole object."""
    bodies = [noise(size, seed) for seed, size in enumerate(sizes)]
    headers = {"Content-Type": "text/plain", "x-oss-meta-a": "b", "x-oss-tagging": "k=v"}
    upload_id, parts = upload(bucket, "a", bodies, headers=headers)
    assert not bucket.object_exists("a")
    done = bucket.complete_multipart_upload("a", upload_id, parts)
    assert done.crc == crc(b"".join(bodies))
    etags = "".join(part.etag for part in parts)  # P-41
    digest = md5(etags.encode(), usedforsecurity=False).hexdigest().upper()
    assert done.etag == f"{digest}-{len(sizes)}"
    got = bucket.get_object("a")
    assert got.read() == b"".join(bodies)
    assert got.etag == done.etag
    assert got.object_type == "Multipart"
    assert got.content_type == "text/plain"
    assert got.headers["x-oss-meta-a"] == "b"
    assert got.headers["x-oss-tagging-count"] == "1"


def test_part_is_copied_across_parts_in_files(bucket: oss2.Bucket, name: str) -> None:
    bodies = [noise(5 * KIB * KIB, 1), noise(5 * KIB * KIB, 2)]
    bucket.complete_multipart_upload("source", *upload(bucket, "source", bodies))
    upload_id = bucket.init_multipart_upload("a").upload_id
    span = (5 * KIB * KIB - 2000, 5 * KIB * KIB + 1999)
    part = bucket.upload_part_copy(name, "source", span, "a", upload_id, 1)
    bucket.complete_multipart_upload("a", upload_id, [PartInfo(1, part.etag)])
    assert bucket.get_object("a").read() == b"".join(bodies)[span[0] : span[1] + 1]
