"""AppendObject through oss2."""

from __future__ import annotations

import oss2


def crc(body: bytes) -> int:
    sums = oss2.utils.Crc64()
    sums.update(body)
    return int(sums.crc)


def test_append_adds_to_the_end_and_keeps_the_first_metadata(bucket: oss2.Bucket) -> None:
    """P-32: the CRC covers all bytes so far; the first call sets the metadata."""
    first = bucket.append_object("a", 0, b"one", headers={"x-oss-meta-a": "1"})
    assert (first.next_position, first.crc) == (3, crc(b"one"))
    second = bucket.append_object("a", 3, b"two", headers={"x-oss-meta-a": "2"})
    assert (second.next_position, second.crc) == (6, crc(b"onetwo"))
    assert second.etag != first.etag
    got = bucket.get_object("a")
    assert got.read() == b"onetwo"
    assert got.object_type == "Appendable"
    assert got.etag == second.etag
    assert got.headers["x-oss-next-append-position"] == "6"
    assert got.headers["x-oss-meta-a"] == "1"
    assert bucket.get_object("a", byte_range=(2, 3)).read() == b"et"
