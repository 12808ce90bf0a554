"""The tags of objects through oss2."""

from __future__ import annotations

import oss2
from oss2.models import Tagging, TaggingRule


def tagging(tags: dict[str, str]) -> Tagging:
    rule = TaggingRule()
    for key, value in tags.items():
        rule.add(key, value)
    return Tagging(rule)


def tags_of(bucket: oss2.Bucket, key: str, **params: str) -> dict[str, str]:
    found: dict[str, str] = bucket.get_object_tagging(key, params=params).tag_set.tagging_rule
    return found


def test_tags_are_replaced_and_deleted_as_a_whole(bucket: oss2.Bucket) -> None:
    """Last-Modified stays (PutObjectTagging); GET and HEAD count the tags."""
    bucket.put_object("a", b"1", headers={"x-oss-tagging": "k=v&k2"})
    assert tags_of(bucket, "a") == {"k": "v", "k2": ""}
    before = bucket.head_object("a")
    assert before.headers["x-oss-tagging-count"] == "2"
    bucket.put_object_tagging("a", tagging({"中 +": "文/:"}))
    assert tags_of(bucket, "a") == {"中 +": "文/:"}
    after = bucket.get_object("a")
    assert after.headers["x-oss-tagging-count"] == "1"
    assert after.last_modified == before.last_modified
    bucket.delete_object_tagging("a")
    assert tags_of(bucket, "a") == {}
    assert "x-oss-tagging-count" not in bucket.head_object("a").headers
