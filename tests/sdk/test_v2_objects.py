"""Operations on objects through SDK V2."""

from __future__ import annotations

from typing import Any

import alibabacloud_oss_v2 as oss
import oss2
import pytest
from alibabacloud_oss_v2.exceptions import ServiceError

from tests.sdk.v2 import Ask

KIB = 1024


class Caller:
    """Calls operations by name in one bucket."""

    def __init__(self, ask: Ask, bucket: str) -> None:
        self._ask, self.bucket = ask, bucket

    def __call__(self, name: str, key: str | None = None, **fields: Any) -> Any:
        """`InitiateMultipartUpload` is sent as an `InitiateMultipartUploadRequest`."""
        return self._ask(self._request(name, key, fields))

    def read(self, key: str, **fields: Any) -> bytes:
        """The bytes of an object."""
        return self._ask.read(self._request("GetObject", key, fields))

    def fails(self, name: str, key: str | None = None, **fields: Any) -> ServiceError:
        """The service's error of a call that must fail."""
        return self._ask.fails(self._request(name, key, fields))

    def _request(self, name: str, key: str | None, fields: dict[str, Any]) -> Any:
        place = {"bucket": self.bucket} if key is None else {"bucket": self.bucket, "key": key}
        return getattr(oss, f"{name}Request")(**place, **fields)


@pytest.fixture
def call(ask: Ask, name: str) -> Caller:
    return Caller(ask, name)


def crc(body: bytes) -> str:
    sums = oss2.utils.Crc64()
    sums.update(body)
    return str(sums.crc)


def version_on(call: Caller) -> None:
    configuration = oss.VersioningConfiguration(status="Enabled")
    call("PutBucketVersioning", versioning_configuration=configuration)


# --- multipart


def upload(call: Caller, key: str, *bodies: bytes) -> tuple[str, list[oss.UploadPart]]:
    upload_id = call("InitiateMultipartUpload", key).upload_id
    parts = [
        oss.UploadPart(
            part_number=number,
            etag=call("UploadPart", key, upload_id=upload_id, part_number=number, body=body).etag,
        )
        for number, body in enumerate(bodies, 1)
    ]
    return upload_id, parts


def complete(call: Caller, key: str, upload_id: str, parts: list[oss.UploadPart]) -> Any:
    listed = oss.CompleteMultipartUpload(parts=parts)
    return call(
        "CompleteMultipartUpload", key, upload_id=upload_id, complete_multipart_upload=listed
    )


def test_upload_is_completed_with_the_checksum_of_the_whole(call: Caller) -> None:
    """The client compares the CRC of the whole, combined from the parts, with its own."""
    bodies = [b"a" * 100 * KIB, b"end"]
    upload_id, parts = upload(call, "dir/a b", *bodies)
    listed = call("ListParts", "dir/a b", upload_id=upload_id)
    assert [(part.part_number, part.size) for part in listed.parts] == [(1, 100 * KIB), (2, 3)]
    assert [part.hash_crc64 for part in listed.parts] == [crc(body) for body in bodies]
    assert (listed.key, listed.next_part_number_marker) == ("dir/a b", 2)
    done = complete(call, "dir/a b", upload_id, parts)
    assert (done.bucket, done.key) == (call.bucket, "dir/a b")
    assert done.location.endswith(f"/{call.bucket}/dir/a%20b")
    assert done.hash_crc64 == crc(b"".join(bodies))
    head = call("HeadObject", "dir/a b")
    assert (head.object_type, head.etag) == ("Multipart", done.etag)
    assert head.content_length == 100 * KIB + 3
    assert call.read("dir/a b") == b"".join(bodies)


def test_part_is_copied_from_a_range(call: Caller) -> None:
    call("PutObject", "source", body=b"0123456789")
    upload_id, _ = upload(call, "a")
    part = call(
        "UploadPartCopy",
        "a",
        upload_id=upload_id,
        part_number=1,
        source_key="source",
        source_range="bytes=2-4",
    )
    parts = [oss.UploadPart(part_number=1, etag=part.etag)]
    complete(call, "a", upload_id, parts)
    assert call.read("a") == b"234"


def test_uploads_are_listed_and_aborted(call: Caller) -> None:
    ids = [upload(call, key)[0] for key in ("a", "b/1", "b/2")]
    page = call("ListMultipartUploads", delimiter="/", max_uploads=1)
    assert [found.upload_id for found in page.uploads] == ids[:1]
    assert (page.is_truncated, page.next_key_marker) == (True, "a")
    assert page.next_upload_id_marker == ids[0]
    assert call("ListMultipartUploads", key_marker="a").uploads[0].key == "b/1"
    for key, upload_id in zip(("a", "b/1", "b/2"), ids, strict=True):
        assert call("AbortMultipartUpload", key, upload_id=upload_id).status_code == 204
    assert not call("ListMultipartUploads").uploads


# --- objects that grow


def test_bytes_are_appended_and_sealed(call: Caller) -> None:
    first = call("AppendObject", "a", position=0, body=b"one")
    assert (first.next_position, first.hash_crc64) == (3, crc(b"one"))
    second = call("AppendObject", "a", position=3, body=b"two", init_hash_crc64=first.hash_crc64)
    assert (second.next_position, second.hash_crc64) == (6, crc(b"onetwo"))
    error = call.fails("AppendObject", "a", position=3, body=b"x")
    assert (error.status_code, error.code) == (409, "PositionNotEqualToLength")
    assert error.headers["x-oss-next-append-position"] == "6"
    sealed = call("SealAppendObject", "a", position="6")
    head = call("HeadObject", "a")
    assert head.sealed_time == sealed.sealed_time
    assert head.next_append_position == 6
    assert call.fails("AppendObject", "a", position=6, body=b"x").code == "ObjectNotAppendable"
    assert call.read("a") == b"onetwo"


# --- links, tags, archives, copies


def test_link_is_followed_to_its_target(call: Caller) -> None:
    call("PutObject", "target", body=b"content", metadata={"a": "target"})
    call("PutSymlink", "link", symlink_target="target", metadata={"a": "link"})
    link = call("GetSymlink", "link")
    assert (link.target, link.metadata["a"]) == ("target", "link")
    head = call("HeadObject", "link")
    assert (head.object_type, head.metadata["a"]) == ("Symlink", "link")
    assert head.content_length == 7
    assert call.read("link") == b"content"
    call("DeleteObject", "target")
    error = call.fails("GetObject", "link")
    assert (error.status_code, error.code) == (404, "SymlinkTargetNotExist")


def tags(**found: str) -> oss.Tagging:
    listed = [oss.Tag(key=key, value=value) for key, value in found.items()]
    return oss.Tagging(tag_set=oss.TagSet(tags=listed))


def test_tags_are_set_and_deleted(call: Caller) -> None:
    call("PutObject", "a", body=b"1", tagging="k=v")
    assert call("HeadObject", "a").tagging_count == 1
    call("PutObjectTagging", "a", tagging=tags(k="w", l="x"))
    found = call("GetObjectTagging", "a").tag_set.tags
    assert [(tag.key, tag.value) for tag in found] == [("k", "w"), ("l", "x")]
    assert call.fails("PutObjectTagging", "a", tagging=tags(k="%")).code == "InvalidTag"
    many = "&".join(f"k{number}" for number in range(11))
    assert call.fails("PutObject", "b", body=b"1", tagging=many).code == "BadRequest"  # P-54
    assert call("DeleteObjectTagging", "a").status_code == 204
    assert not call("GetObjectTagging", "a").tag_set.tags


def test_archive_is_restored(call: Caller) -> None:
    call("PutObject", "a", body=b"1", storage_class="ColdArchive")
    assert call.fails("GetObject", "a").code == "InvalidObjectState"
    wish = oss.RestoreRequest(days=1, tier="Expedited")
    begun = call("RestoreObject", "a", restore_request=wish)
    assert (begun.status_code, begun.restore_priority) == (202, "Expedited")
    assert call("HeadObject", "a").restore == 'ongoing-request="true"'
    again = call.fails("RestoreObject", "a", restore_request=wish)
    assert (again.status_code, again.code) == (409, "RestoreAlreadyInProgress")
    assert again.ec  # P-58


def test_copy_has_the_metadata_tags_class_and_acl_of_its_request(call: Caller) -> None:
    put = {"metadata": {"a": "1"}, "tagging": "k=v", "content_type": "text/plain"}
    call("PutObject", "source", body=b"1", **put)
    call("CopyObject", "plain", source_key="source")
    head = call("HeadObject", "plain")
    assert (head.metadata["a"], head.content_type, head.tagging_count) == ("1", "text/plain", 1)
    call(
        "CopyObject",
        "other",
        source_key="source",
        metadata_directive="REPLACE",
        metadata={"b": "2"},
        tagging_directive="Replace",
        tagging="x=y&z",
        storage_class="IA",
        acl="public-read",
        server_side_encryption="AES256",
    )
    head = call("HeadObject", "other")
    assert (dict(head.metadata), head.tagging_count) == ({"b": "2"}, 2)
    assert (head.storage_class, head.server_side_encryption) == ("IA", "AES256")
    assert call("GetObjectAcl", "other").acl == "public-read"


# --- versions


def test_each_call_takes_a_version(call: Caller) -> None:
    version_on(call)
    old = call("PutObject", "a", body=b"old", tagging="k=old").version_id
    new = call("PutObject", "a", body=b"newer").version_id
    assert call.read("a", version_id=old) == b"old"
    assert call("HeadObject", "a", version_id=old).content_length == 3
    meta = call("GetObjectMeta", "a", version_id=old)
    assert (meta.content_length, meta.version_id) == (3, old)
    tagged = call("GetObjectTagging", "a", version_id=old)
    assert (tagged.version_id, tagged.tag_set.tags[0].value) == (old, "old")
    call("PutObjectAcl", "a", version_id=old, acl="public-read")
    assert call("GetObjectAcl", "a", version_id=old).acl == "public-read"
    assert call("GetObjectAcl", "a").acl == "default"
    copied = call("CopyObject", "b", source_key="a", source_version_id=old)
    assert copied.source_version_id == old
    assert call.read("b") == b"old"
    deleted = call("DeleteObject", "a")
    assert deleted.delete_marker
    assert call.fails("GetObject", "a").code == "NoSuchKey"
    marker = call.fails("GetObject", "a", version_id=deleted.version_id)
    assert (marker.status_code, marker.code) == (405, "MethodNotAllowed")
    absent = old[:-1] + ("0" if old[-1] != "0" else "1")
    for version_id, code in ((absent, "NoSuchVersion"), ("none", "InvalidArgument")):
        assert call.fails("GetObject", "a", version_id=version_id).code == code
    assert call.read("a", version_id=new) == b"newer"
