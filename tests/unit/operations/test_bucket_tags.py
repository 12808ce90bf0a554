"""DeleteBucketTags: some tags by their keys, or all."""

from __future__ import annotations

from lxml import etree

from tests.unit.operations.service import Caller

TAGS = "<TagSet>%s</TagSet>"
TAG = "<Tag><Key>%s</Key><Value>%s</Value></Tag>"


def test_tags_are_deleted_by_key(ask: Caller) -> None:
    tags = "".join(TAG % (key, "v") for key in ("a", "b", "c"))
    ask("PUT", "/bucket?tagging", f"<Tagging>{TAGS % tags}</Tagging>")

    def keys() -> list[str | None]:
        tagging = etree.fromstring(ask("GET", "/bucket?tagging").body)
        return [key.text for key in tagging.iter("Key")]

    assert ask("DELETE", "/bucket?tagging=a,c,other").status == 204
    assert keys() == ["b"]
    assert ask("DELETE", "/bucket?tagging").status == 204
    assert keys() == []


def test_deletion_without_tags_succeeds(ask: Caller) -> None:
    assert ask("DELETE", "/bucket?tagging=a").status == 204
    assert b"<Key>" not in ask("GET", "/bucket?tagging").body
