"""oss2 without a key: what the ACL of a bucket allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oss2
import pytest
from oss2.exceptions import AccessDenied

from tests.client import ANONYMOUS, Live

GIVES = {
    "private": set(),
    "public-read": {"read"},
    "public-read-write": {"read", "write"},
}
"""What each ACL allows everybody; all else is for the owner."""

CALLS: list[tuple[str, str, Callable[[oss2.Bucket], Any]]] = [
    ("get_object", "read", lambda it: it.get_object("a").read() == b"content"),
    ("a range", "read", lambda it: it.get_object("a", byte_range=(0, 2)).read() == b"con"),
    ("head_object", "read", lambda it: it.head_object("a").content_length == 7),
    ("get_object_meta", "read", lambda it: it.get_object_meta("a").content_length == 7),
    ("object_exists", "read", lambda it: not it.object_exists("missing")),
    ("sign_url", "read", lambda it: it.get_object_with_url(it.sign_url("GET", "a", 60)).read()),
    ("put_object", "write", lambda it: it.put_object("b", b"x").status == 200),
    ("in chunks", "write", lambda it: it.put_object("b", iter([b"x", b"y"])).status == 200),
    ("delete_object", "write", lambda it: it.delete_object("a").status == 204),
    ("batch_delete", "write", lambda it: it.batch_delete_objects(["a"]).deleted_keys == ["a"]),
    ("copy_object", "write", lambda it: it.copy_object(it.bucket_name, "a", "b").status == 200),
    ("list_objects", "own", oss2.Bucket.list_objects),
    ("list_objects_v2", "own", oss2.Bucket.list_objects_v2),
    ("get_object_acl", "own", lambda it: it.get_object_acl("a")),
    ("put_object_acl", "own", lambda it: it.put_object_acl("a", "public-read-write")),
    ("get_bucket_acl", "own", oss2.Bucket.get_bucket_acl),
    ("put_bucket_acl", "own", lambda it: it.put_bucket_acl("public-read-write")),
    ("get_bucket_info", "own", oss2.Bucket.get_bucket_info),
    ("get_bucket_location", "own", oss2.Bucket.get_bucket_location),
    ("get_bucket_stat", "own", oss2.Bucket.get_bucket_stat),
    ("create_bucket", "own", oss2.Bucket.create_bucket),
    ("delete_bucket", "own", oss2.Bucket.delete_bucket),
]


@pytest.mark.parametrize("acl", GIVES)
@pytest.mark.parametrize(
    ("needs", "call"), [pytest.param(needs, call, id=name) for name, needs, call in CALLS]
)
def test_anonymous_caller_may_do_what_the_acl_allows_only(
    live: Live,
    make_bucket: Callable[..., str],
    owner: Any,
    session: oss2.Session,
    acl: str,
    needs: str,
    call: Callable[[oss2.Bucket], Any],
) -> None:
    name = make_bucket(acl)
    live.put(f"/{name}/a", b"content")
    anonymous = live.bucket(name, ANONYMOUS, session=session)
    if needs in GIVES[acl]:
        assert call(anonymous)
        return
    with pytest.raises(AccessDenied):
        call(anonymous)
    bucket = live.bucket(name, owner, session=session)
    assert [item.key for item in bucket.list_objects().object_list] == ["a"]
    assert bucket.get_bucket_acl().acl == acl
    assert bucket.get_object_acl("a").acl == "default"


def test_anonymous_caller_may_not_create_a_bucket(live: Live, new_name: str) -> None:
    with pytest.raises(AccessDenied) as caught:
        live.bucket(new_name, ANONYMOUS).create_bucket()
    assert caught.value.ec == "0003-00001201"
