"""What the service's own host names do to objects: what is sent, and what the journal says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from oss_emulator.control.journal import Journal
from oss_emulator.documents import transfer_acceleration
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.pipeline.default_domain import find_rule_at_endpoint
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Response

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.unit.pipeline.service import (
    PAGE,
    REDIRECT,
    SETTINGS,
    accelerate,
    ask,
    put,
    serve,
    serve_as_of,
    visited,
)

NOW = date(2026, 1, 1)
PUBLIC = "public-bucket.oss-cn-hangzhou.aliyuncs.com"
ACCELERATED = "public-bucket.oss-accelerate.aliyuncs.com"
SENT = "the service sends this as a download at its public endpoint"


def admit(
    service: Service, target: str, method: str = "GET", host: str = "localhost"
) -> Admission | Refused:
    return service.admit(ask(method, target, {"Referer": PAGE}, host))


def told(service: Service, target: str, method: str = "GET", signer: str = "") -> str | None:
    """Return what the journal says of a visit to the public bucket."""
    if signer:
        auth = SIGNERS[signer](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
        path, fields = sign(auth, "header", method, "public-bucket", target)
        admission = service.admit(ask(method, path, {"Referer": PAGE, **dict(fields)}))
    else:
        admission = admit(service, f"/public-bucket/{target}", method)
    assert isinstance(admission, Admission)
    entry = Journal().record(admission, service.perform(admission), 7, 0.1)
    found: str | None = entry.to_dict()["default_domain"]
    return found


def show(service: Service, key: str, kind: str) -> None:
    put(service, f"/public-bucket/{key}", b"content", {"Content-Type": kind})


def created(service: Service, day: datetime) -> None:
    """Let the public bucket be as old as this."""
    bucket = service.storage.bucket("public-bucket")
    assert bucket is not None
    service.storage.put_bucket(bucket._replace(created=day.timestamp()))


# --- What the journal says


@pytest.mark.parametrize(
    ("key", "kind", "said"),
    [
        ("a.png", "image/png", f"{SENT} (D-03)"),
        ("a.html", "text/html", f"{SENT} (D-01)"),
        ("page", "text/html", f"{SENT} (D-01)"),
        ("a.apk", "application/zip", "the service refuses this at its public endpoint (D-07)"),
        ("a.txt", "text/plain", None),
    ],
)
def test_entry_says_what_a_new_bucket_gets(key: str, kind: str, said: str | None) -> None:
    service = serve()
    show(service, key, kind)
    assert told(service, key) == told(service, key, "HEAD") == said


def test_entry_of_another_request_says_nothing() -> None:
    service = serve()
    show(service, "a.html", "text/html")
    assert told(service, "a.html", signer="v4") is None
    assert told(service, "a.html?objectMeta", "HEAD") is None
    admission = admit(service, "/public-bucket/a.html")
    assert isinstance(admission, Admission)
    answer = service.perform(admission)
    assert find_rule_at_endpoint(admission, answer) is not None
    assert find_rule_at_endpoint(admission, answer._replace(status=304)) is None


# --- What is sent


def get(
    service: Service, key: str, headers: dict[str, str] | None = None, host: str = PUBLIC
) -> Response:
    return service.handle(ask("GET", f"/{key}", {"Referer": PAGE, **(headers or {})}, host))


def test_download_has_three_headers_more() -> None:
    """D-01"""
    service = serve_as_of(NOW)
    show(service, "a.html", "text/html")
    forced = get(service, "a.html")
    plain = service.handle(ask("GET", "/public-bucket/a.html", {"Referer": PAGE}))
    assert {
        name: forced.headers[name] for name in forced.headers.keys() - plain.headers.keys()
    } == {
        "x-oss-force-download": "true",
        "Content-Disposition": "attachment",
        "x-oss-ec": "0048-00000001",
    }


def test_part_of_an_object_is_a_download_and_its_absence_is_not() -> None:
    service = serve_as_of(NOW)
    show(service, "a.html", "text/html")
    part = get(service, "a.html", {"Range": "bytes=0-2"})
    assert (part.status, part.headers.get("x-oss-ec")) == (206, "0048-00000001")
    since = {"If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"}
    for key, headers, status in (("a.html", since, 304), ("none.html", {}, 404)):
        other = get(service, key, headers)
        assert other.status == status
        assert "x-oss-force-download" not in other.headers


def test_what_shows_no_object_is_no_download() -> None:
    service = serve_as_of(NOW)
    owner = service.accounts.owner
    for target in ("/a.html?acl", "/a.html?objectMeta", "/?prefix=a.html"):
        show(service, "a.html", "text/html")
        answer = service.handle(ask("GET", target, {}, PUBLIC), caller=owner)
        assert answer.status == 200
        assert "x-oss-force-download" not in answer.headers


@pytest.mark.parametrize(
    "host",
    [
        "public-bucket.oss-cn-hangzhou-internal.aliyuncs.com",
        "public-bucket.oss-cn-hangzhou.localhost",
        "img.example.com",
    ],
)
def test_other_host_names_show_images(host: str) -> None:
    """D-03"""
    service = serve(replace(SETTINGS, as_of=NOW, cname={"img.example.com": "public-bucket"}))
    assert visited(service, "a.png", "image/png", host) == (200, "")


def test_old_bucket_shows_images() -> None:
    """D-03, D-06"""
    service = serve_as_of(NOW)
    created(service, datetime(2019, 9, 1, tzinfo=UTC))
    assert visited(service, "a.png", "image/png") == (200, "")


def test_images_of_newer_regions_are_not_those_of_the_others() -> None:
    """D-03, D-06"""
    service = serve_as_of(date(2025, 12, 1), region="cn-fuzhou")
    assert visited(service, "a.png", "image/png") == (200, "")


@pytest.mark.parametrize("key", ["a.css", "a.js", "a.pdf", "a.mp4"])
def test_other_contents_of_old_accounts_are_shown(key: str) -> None:
    """D-05"""
    assert visited(serve_as_of(NOW), key) == (200, "")


def test_acceleration_counts_from_when_it_was_enabled() -> None:
    """D-04"""
    service = serve_as_of(date(2020, 11, 17))
    accelerate(service)
    assert visited(service, "a.txt", "text/plain", ACCELERATED) == (200, "0048-00000106")
    bucket = service.storage.bucket("public-bucket")
    assert bucket is not None
    old = {**bucket.documents, transfer_acceleration.SINCE: b"1600000000.0"}
    service.storage.put_bucket(bucket._replace(documents=old))
    assert visited(service, "a.txt", "text/plain", ACCELERATED) == (200, "")


# --- What is refused


def test_app_is_refused_and_a_page_is_not() -> None:
    """D-07"""
    service = serve_as_of(NOW)
    refused = admit(service, "/a.apk", host=PUBLIC)
    assert isinstance(refused, Refused)
    assert (refused.error.code, refused.error.ec) == ("ApkDownloadForbidden", "0048-00000200")
    for target, method in (("/a.html", "GET"), ("/a.apk?acl", "GET"), ("/a.apk", "PUT")):
        other = admit(service, target, method, PUBLIC)
        assert isinstance(other, Admission) or other.error.code == "AccessDenied"


def test_authorization_header_passes() -> None:
    """D-07"""
    service = serve_as_of(NOW)
    put(service, "/private-bucket/a.apk", b"content")
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "GET", "private-bucket", "a.apk")
    assert isinstance(
        service.admit(ask("GET", target, {"Referer": PAGE, **dict(fields)})), Admission
    )


@pytest.mark.parametrize(
    ("target", "host", "year", "is_refused"),
    [
        ("/old/a", PUBLIC, 2026, True),
        ("/old/a", PUBLIC, 2019, False),
        ("/old/a", ACCELERATED, 2026, False),
        ("/public-bucket/old/a", "localhost", 2026, False),
    ],
)
def test_redirect_of_a_website_is_refused_at_public_endpoints(
    target: str, host: str, year: int, is_refused: bool
) -> None:
    """D-08"""
    service = serve_as_of(NOW)
    put(service, "/public-bucket?website", REDIRECT)
    created(service, datetime(year, 1, 1, tzinfo=UTC))
    answer = service.handle(ask("GET", target, {"Referer": PAGE}, host))
    code = answer.headers.get("x-oss-ec")
    assert ((answer.status, code) == (400, "0048-00000300")) is is_refused


def test_page_of_a_website_is_no_redirect() -> None:
    service = serve_as_of(NOW)
    put(service, "/public-bucket?website", REDIRECT)
    show(service, "index.html", "text/plain")
    answer = service.handle(ask("GET", "/", {"Referer": PAGE}, PUBLIC))
    assert (answer.status, answer.body) == (200, b"content")
