"""Symbolic links through oss2."""

from __future__ import annotations

from hashlib import md5

import oss2
import pytest

TARGETS = ["target", "dir/a b", "中文/x", "100%", "a+b&c=d?e"]


@pytest.mark.parametrize("target", TARGETS)
def test_link_is_read_as_its_target_with_its_own_metadata(bucket: oss2.Bucket, target: str) -> None:
    """P-36"""
    bucket.put_object(target, b"content", headers={"x-oss-meta-a": "target"})
    bucket.put_symlink(target, "link", headers={"x-oss-meta-a": "link"})
    got = bucket.get_object("link")
    assert got.read() == b"content"
    etag = md5(b"content", usedforsecurity=False).hexdigest().upper()
    for result in (got, bucket.head_object("link")):
        assert result.etag == etag
        assert result.content_length == 7
        assert result.object_type == "Symlink"
        assert result.headers["x-oss-meta-a"] == "link"
        assert result.server_crc == bucket.head_object(target).server_crc
    assert bucket.get_object("link", byte_range=(1, 2)).read() == b"on"
    link = bucket.get_symlink("link")
    assert link.target_key == target
    assert link.headers["x-oss-meta-a"] == "link"
    assert bucket.get_object_meta("link").content_length == 0
