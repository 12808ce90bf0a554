"""The tags of buckets: valid tags, and their kept form."""

from __future__ import annotations

import pytest
from oss_emulator.documents.tagging import DOCUMENT, format, format_header, tags
from oss_emulator.protocol.errors import OSSError

from tests.unit.documents.putting import check_refused, put

TAGS = "<TagSet>%s</TagSet>"
TAG = "<Tag><Key>%s</Key><Value>%s</Value></Tag>"


def many(element: str, number: int) -> str:
    return "".join(element.replace("%d", str(place)) for place in range(number))


# Content, the code of the error, and the element or text it names.
REFUSED = [
    (TAGS % (TAG % ("", "v")), "InvalidTag", ""),
    (TAGS % (TAG % ("k" * 65, "v")), "InvalidTag", ""),
    (TAGS % (TAG % ("k", "v" * 129)), "InvalidTag", ""),
    (TAGS % (TAG % ("https://k", "v")), "InvalidTag", ""),
    (TAGS % (TAG % ("k", "v") * 2), "RepeatedTags", ""),
    (TAGS % many(TAG % ("k%d", "v"), 21), "TooManyTags", ""),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


def test_bucket_without_tags_has_none() -> None:
    assert tags({}) == {}
    assert tags({"tagging": put(DOCUMENT, "<TagSet></TagSet>")}) == {}


def test_kept_tags_are_read_back() -> None:
    kept = put(DOCUMENT, TAGS % (TAG % ("a", "1") + TAG % ("b", "")))
    assert tags({"tagging": kept}) == {"a": "1", "b": ""}
    assert tags({"tagging": format([("a", "1"), ("b", "")])}) == {"a": "1", "b": ""}


def test_header_gives_the_tags_of_a_new_bucket() -> None:
    assert tags({"tagging": format_header("k1=v1&k%202=%E5%80%BC&k3")}) == {
        "k1": "v1",
        "k 2": "值",
        "k3": "",
    }


@pytest.mark.parametrize(
    ("header", "code"),
    [("a=1&a=2", "InvalidArgument"), ("%FF=1", "InvalidArgument"), ("Aliyun1=v", "InvalidTag")],
)
def test_bad_header_is_refused(header: str, code: str) -> None:
    with pytest.raises(OSSError) as caught:
        format_header(header)
    assert caught.value.code == code
