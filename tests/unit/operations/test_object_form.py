"""PostObject: the fields of a form, and the answers."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Answer, Caller

BOUNDARY = "9431149156168"


def post(ask: Caller, *fields: tuple[str, str], file_type: str = "", **headers: str) -> Answer:
    """Post a form with the file `content`."""
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields]
    described = f'name="file"; filename="a.jpg"{file_type and f"{chr(13)}{chr(10)}"}'
    parts.append(f"{described}{file_type and f'Content-Type: {file_type}'}\r\n\r\ncontent")
    body = "".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    return ask("POST", "/bucket", f"{body}--{BOUNDARY}--\r\n", content_type=content_type, **headers)


def test_form_puts_its_file_with_its_fields(ask: Caller) -> None:
    fields = [("key", "dir/${filename}"), ("x-oss-meta-a", "1"), ("Cache-Control", "no-cache")]
    answer = post(ask, *fields, file_type="image/jpeg")
    assert (answer.status, answer.body) == (204, b"")
    got = ask("GET", "/bucket/dir/a.jpg")
    assert (got.body, got.headers["Content-Type"]) == (b"content", "image/jpeg")
    assert (got.headers["x-oss-meta-a"], got.headers["Cache-Control"]) == ("1", "no-cache")
    assert got.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("status", ["", "204", "200", "999"])
def test_success_status_is_200_or_204(ask: Caller, status: str) -> None:
    answer = post(ask, ("key", "a"), ("success_action_status", status))
    assert (answer.status, answer.body) == (200 if status == "200" else 204, b"")


def test_success_status_201_describes_the_object(ask: Caller) -> None:
    answer = post(ask, ("key", "dir/a b"), ("success_action_status", "201"))
    assert answer.status == 201
    location = "http://localhost/bucket/dir/a%20b"
    found = [answer.text(name) for name in ("Bucket", "Key", "Location", "ETag")]
    assert found == ["bucket", "dir/a b", location, answer.headers["ETag"]]
    assert answer.headers["Location"] == location


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.example/", "http://a.example/?bucket=bucket&key=a&etag="),
        ("https://a.example/?x=1#part", "https://a.example/?x=1&bucket=bucket&key=a&etag="),
        ("ftp://a.example/", None),
        ("/relative", None),
    ],
)
def test_redirect_names_the_object(ask: Caller, url: str, expected: str | None) -> None:
    answer = post(ask, ("key", "a"), ("success_action_redirect", url))
    assert answer.status == (303 if expected else 204)
    assert answer.headers.get("Location", "").startswith(expected or "")


def test_content_type_field_overrides_that_of_the_file(ask: Caller) -> None:
    fields = [("key", "a"), ("Content-Type", "text/html"), ("x-oss-content-type", "text/css")]
    for count, expected in ((3, "text/css"), (2, "image/jpeg")):
        post(ask, *fields[:count], file_type="image/jpeg")
        assert ask("HEAD", "/bucket/a").headers["Content-Type"] == expected
    post(ask, *fields[:2])
    assert ask("HEAD", "/bucket/a").headers["Content-Type"] == "text/html"


def test_headers_other_than_the_acl_are_ignored(ask: Caller) -> None:
    """A field overrides the header for the ACL (PostObject)."""
    headers = {"x_oss_object_acl": "public-read", "x_oss_meta_a": "header"}
    post(ask, ("key", "a"), ("x-oss-tagging", "k=v"), **headers)
    assert ask("GET", "/bucket/a?acl").text("AccessControlList/Grant") == "public-read"
    head = ask("HEAD", "/bucket/a").headers
    assert "x-oss-meta-a" not in head
    assert "x-oss-tagging-count" not in head
    post(ask, ("key", "a"), ("x-oss-object-acl", "private"), **headers)
    assert ask("GET", "/bucket/a?acl").text("AccessControlList/Grant") == "private"


def test_empty_key_gets_400(ask: Caller) -> None:
    answer = post(ask, ("key", ""))
    assert (answer.status, answer.code) == (400, "InvalidObjectName")
    assert answer.text("EC") == "0016-00000001"
