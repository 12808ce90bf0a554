"""The forms in which browsers save the same requests as a HAR."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

HOST = "examplebucket.oss-cn-hangzhou.aliyuncs.com"
PAGE = "https://www.example.com/news/?id=1"
TIME = "2026-12-03T08:00:00.000Z"


class Saved(NamedTuple):
    """A request as a browser knows it."""

    url: str = f"https://{HOST}/photo.jpg"
    referer: str | None = "https://www.example.com/"
    method: str = "GET"
    status: int = 200
    size: int = 100
    cached: bool = False
    headers: Mapping[str, str] = {}
    mime: str = "image/jpeg"


REQUESTS = (
    Saved(PAGE, None, mime="text/html", size=900),
    Saved(),
    Saved(),
    Saved(cached=True, size=0),
    Saved(f"https://{HOST}/lost.jpg", "https://other.example/", status=403, size=300),
    Saved(f"https://{HOST}/a.mp4?Expires=1&OSSAccessKeyId=k&Signature=abcdefgh", status=206),
    Saved(
        f"https://{HOST}/data.json",
        headers={"authorization": "OSS k:abcdefgh", "x-oss-date": "Thu, 03 Dec 2026 08:00:00 GMT"},
    ),
    Saved(f"https://{HOST}/data.json", method="OPTIONS", headers={"origin": "https://www.a.test"}),
    Saved("data:image/png;base64,AAAA", None),
)
"""A page with its objects: of a cache, denied, signed by a URL and by a header."""


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _entry(saved: Saved, names: Mapping[str, str]) -> dict[str, Any]:
    sent = {"Host": saved.url.split("/")[2] if "//" in saved.url else "", **saved.headers}
    if saved.referer is not None:
        sent["Referer"] = saved.referer
    sent = {names.get(name, name): value for name, value in sent.items()}
    return {
        "startedDateTime": TIME,
        "time": 12.5,
        "request": {
            "method": saved.method,
            "url": saved.url,
            "httpVersion": "h2",
            "headers": _pairs(sent),
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": saved.status,
            "statusText": "",
            "httpVersion": "h2",
            "headers": _pairs({} if saved.mime == "text/html" else {"x-oss-request-id": "1"}),
            "cookies": [],
            "content": {"size": saved.size, "mimeType": saved.mime, "text": "BODY"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": saved.size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 2},
    }


def _log(entries: Iterable[dict[str, Any]], pages: list[dict[str, Any]], **more: Any) -> bytes:
    log = {"version": "1.2", **more, "pages": pages, "entries": list(entries)}
    return json.dumps({"log": log}, indent=2).encode()


def chrome(requests: Iterable[Saved] = REQUESTS, *, sanitized: bool = False) -> bytes:
    """What the developer tools save; a sanitized file lacks cookies and Authorization."""
    entries = []
    for saved in requests:
        names = {"Host": ":authority", "Referer": "referer"}
        entry = _entry(saved, names) | {
            "pageref": "page_1",
            "_initiator": {"type": "parser", "url": PAGE, "lineNumber": 3},
            "_priority": "Low",
            "_resourceType": "image",
            "connection": "12",
            "serverIPAddress": "203.0.113.5",
        }
        entry["response"] |= {"_transferSize": saved.size + 90, "_error": None}
        if saved.cached:
            entry["_fromCache"] = "memory"
            entry["response"]["_transferSize"] = 0
        if sanitized:
            kept = [one for one in entry["request"]["headers"] if one["name"] != "authorization"]
            entry["request"]["headers"] = kept
        entries.append(entry)
    page = {"startedDateTime": TIME, "id": "page_1", "title": PAGE, "pageTimings": {"onLoad": 1}}
    return _log(entries, [page], creator={"name": "WebInspector", "version": "537.36"})


def firefox(requests: Iterable[Saved] = REQUESTS) -> bytes:
    entries = []
    for saved in requests:
        entry = _entry(saved, {"authorization": "Authorization"}) | {"pageref": "page_1"}
        if saved.cached:
            entry["cache"] = {"afterRequest": None}
        entries.append(entry)
    page = {"startedDateTime": TIME, "id": "page_1", "title": "News", "pageTimings": {"onLoad": 1}}
    creator = {"name": "Firefox", "version": "146.0"}
    return b"\xef\xbb\xbf" + _log(entries, [page], creator=creator, browser=creator)


def safari(requests: Iterable[Saved] = REQUESTS) -> bytes:
    entries = []
    for saved in requests:
        fetched = "Memory Cache" if saved.cached else "Network Load"
        entries.append(
            _entry(saved, {"Host": ":authority"}) | {"pageref": "page_0", "_fetchType": fetched}
        )
    page = {"startedDateTime": TIME, "id": "page_0", "title": PAGE, "pageTimings": {}}
    return _log(entries, [page], creator={"name": "WebKit Web Inspector", "version": "1.0"})


def by_hand(requests: Iterable[Saved] = REQUESTS) -> bytes:
    """The members that HAR 1.2 requires, entries before pages."""
    entries = []
    for saved in requests:
        entry = _entry(saved, {}) | {"pageref": "p"}
        if saved.cached:
            entry["_fromCache"] = "disk"
        entries.append(entry)
    return json.dumps({"log": {"entries": entries, "pages": [{"id": "p", "title": PAGE}]}}).encode()
