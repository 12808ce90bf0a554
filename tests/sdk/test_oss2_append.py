"""Objects that grow: AppendObject and SealAppendObject, through oss2 and by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oss2
import pytest

from tests.http.client import check_error
from tests.http.live import Signed


def crc(body: bytes) -> int:
    sums = oss2.utils.Crc64()
    sums.update(body)
    return int(sums.crc)


@pytest.fixture
def append(signed: Signed, name: str) -> Callable[..., Any]:
    """Sends `POST ?append` with a position as it is given."""

    def send(position: str | None, body: bytes = b"x", operation: str = "append") -> Any:
        query = {operation: ""} if position is None else {operation: "", "position": position}
        return signed.request("POST", name, "a", query, body=body)

    return send


def test_bytes_are_put_at_the_end(bucket: oss2.Bucket) -> None:
    """P-32: the CRC is that of all bytes so far; the first call settles the metadata."""
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


def test_nothing_may_be_appended(bucket: oss2.Bucket) -> None:
    bucket.append_object("a", 0, b"")
    assert bucket.append_object("a", 0, b"").next_position == 0
    assert bucket.append_object("a", 0, b"1").next_position == 1


@pytest.mark.parametrize("there", [False, True])
def test_the_position_must_be_the_length(
    bucket: oss2.Bucket, append: Callable[..., Any], there: bool
) -> None:
    """P-38: the answer tells where to go on."""
    if there:
        bucket.append_object("a", 0, b"12345")
    answer = append("3")
    message = "Position is not equal to file length"
    check_error(answer, 409, "PositionNotEqualToLength", message, "0026-00000016")
    assert answer.headers["x-oss-next-append-position"] == ("5" if there else "0")


@pytest.mark.parametrize(
    ("position", "ec"),
    [
        (None, "0016-00000501"),
        ("", "0016-00000501"),
        ("-1", "0016-00000502"),
        ("x", "0016-00000502"),
    ],
)
@pytest.mark.parametrize("operation", ["append", "seal"])
def test_the_position_must_be_a_number(
    bucket: oss2.Bucket, append: Callable[..., Any], position: str | None, ec: str, operation: str
) -> None:
    bucket.append_object("a", 0, b"1")
    answer = append(position, operation=operation)
    check_error(answer, 400, "MissingArgument", "Missing Some Required Arguments.", ec)


@pytest.mark.parametrize("operation", ["append", "seal"])
def test_only_appendable_objects_grow(
    bucket: oss2.Bucket, append: Callable[..., Any], operation: str
) -> None:
    bucket.put_object("a", b"1")
    answer = append("1", operation=operation)
    message = "The object is not appendable"
    check_error(answer, 409, "ObjectNotAppendable", message, "0026-00000017")


def test_a_sealed_object_grows_no_more(bucket: oss2.Bucket, append: Callable[..., Any]) -> None:
    """The time of the first call stays (SealAppendObject)."""
    bucket.append_object("a", 0, b"123")
    assert append("2", operation="seal").code == "PositionNotEqualToLength"
    sealed = append("3", b"", "seal")
    again = append("3", b"", "seal")
    time = sealed.headers["x-oss-sealed-time"]
    assert sealed.status == again.status == 200
    assert again.headers["x-oss-sealed-time"] == time
    assert bucket.head_object("a").headers["x-oss-sealed-time"] == time
    assert append("3").code == "ObjectNotAppendable"
    assert bucket.get_object("a").read() == b"123"


def test_a_missing_object_cannot_be_sealed(append: Callable[..., Any]) -> None:
    assert append("0", b"", "seal").code == "NoSuchKey"


def test_versions_do_not_come_of_appending(bucket: oss2.Bucket, append: Callable[..., Any]) -> None:
    """Its one version is named null; a put or a deletion makes it an old one (AppendObject)."""
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    for position in (0, 1):
        result = bucket.append_object("a", position, b"1")
        assert result.headers["x-oss-version-id"] == "null"
    assert [found.versionid for found in bucket.list_object_versions().versions] == ["null"]
    bucket.delete_object("a")
    assert append("2").code == "ObjectNotAppendable"
    assert bucket.get_object("a", params={"versionId": "null"}).read() == b"11"


def test_metadata_changes_by_a_copy_onto_itself(bucket: oss2.Bucket, name: str) -> None:
    """Elsewhere the copy is a normal object (AppendObject, CopyObject)."""
    bucket.append_object("a", 0, b"1")
    bucket.update_object_meta("a", {"x-oss-meta-a": "new"})
    assert bucket.append_object("a", 1, b"2").next_position == 2
    assert bucket.head_object("a").headers["x-oss-meta-a"] == "new"
    bucket.copy_object(name, "a", "b")
    assert bucket.head_object("b").object_type == "Normal"
